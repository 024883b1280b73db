//! An entry as mappings know it, and what of it names it for good.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_ldap::Dn;
use countersign_ldap::client::Entry;
use countersign_sources::LONGEST_IDENTIFIER;
use countersign_store::sha256;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::schema::{Schema, Syntax};

/// Larger values are left out, as pictures in print quality: mappings have 64 MiB.
const LARGEST: usize = 256 * 1024;

/// What every object of a directory is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its value of the uniqueness field.
    pub(crate) identifier: String,
    pub(crate) dn: String,
    /// The same for every way to write the name.
    pub(crate) dn_key: String,
}

/// An entry that cannot be copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unnamed {
    #[error(
        "Uniqueness field not found/not set in attributes: {0}. Choose one that all entries have."
    )]
    Missing(String),
    #[error("Its value of {0} is too long.")]
    TooLong(String),
    #[error("Its distinguished name cannot be read.")]
    Dn,
}

impl Named {
    pub(crate) fn of(entry: &Entry, field: &str) -> Result<Named, Unnamed> {
        let dn_key = dn_key(&entry.dn).ok_or(Unnamed::Dn)?;
        let mut all = entry.attributes.iter().filter(|(name, _)| name.eq_ignore_ascii_case(field));
        let value = all.find_map(|(name, values)| Some(text(name, values.first()?)));
        let identifier = value.filter(|value| !value.trim().is_empty());
        let identifier = identifier.ok_or_else(|| Unnamed::Missing(field.to_owned()))?;
        if identifier.len() > LONGEST_IDENTIFIER {
            return Err(Unnamed::TooLong(field.to_owned()));
        }
        Ok(Named { identifier, dn: entry.dn.clone(), dn_key })
    }
}

/// What a name is looked up by; `None` when it is none.
pub(crate) fn dn_key(dn: &str) -> Option<String> {
    let dn = Dn::parse(dn)?;
    (!dn.is_empty()).then(|| hex::encode(sha256(&dn.key())))
}

/// The attributes as mappings know them: a value alone where there can be one only, else a list.
pub(crate) fn attributes(entry: &Entry, schema: &Schema) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, values) in &entry.attributes {
        let known = schema.attribute(name);
        let mut values = values
            .iter()
            .filter(|value| value.len() <= LARGEST)
            .map(|value| typed(text(name, value), known.syntax));
        let value = if known.single {
            values.next().unwrap_or_default()
        } else {
            Value::Array(values.collect())
        };
        all.insert(name.clone(), value);
    }
    all
}

fn typed(text: String, syntax: Syntax) -> Value {
    let typed = match syntax {
        Syntax::Integer => text.parse::<i64>().ok().map(Value::from),
        Syntax::Boolean => match text.as_str() {
            "TRUE" => Some(true.into()),
            "FALSE" => Some(false.into()),
            _ => None,
        },
        Syntax::Text => None,
    };
    typed.unwrap_or(Value::String(text))
}

/// A value as a text: those of Active Directory that are bytes as people write them, others in
/// base64.
fn text(name: &str, value: &[u8]) -> String {
    let special = match name.to_ascii_lowercase().as_str() {
        "objectsid" => sid(value),
        "objectguid" => guid(value),
        _ => None,
    };
    special.unwrap_or_else(|| match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => STANDARD.encode(value),
    })
}

/// `S-1-5-21-...` (MS-DTYP, 2.4.2.1).
fn sid(value: &[u8]) -> Option<String> {
    let [1, count, authority @ ..] = value else { return None };
    let (authority, parts) = authority.split_at_checked(6)?;
    if parts.len() != usize::from(*count) * 4 {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let parts = parts.as_chunks::<4>().0.iter();
    let parts: String = parts.map(|part| format!("-{}", u32::from_le_bytes(*part))).collect();
    Some(format!("S-1-{authority}{parts}"))
}

/// `{12345678-...}`, as the original's library writes it.
fn guid(value: &[u8]) -> Option<String> {
    let bytes = <[u8; 16]>::try_from(value).ok()?;
    Some(format!("{{{}}}", Uuid::from_bytes_le(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(attributes: &[(&str, &[&[u8]])]) -> Entry {
        let attributes = attributes
            .iter()
            .map(|(name, values)| {
                ((*name).to_owned(), values.iter().map(|value| value.to_vec()).collect())
            })
            .collect();
        Entry { dn: "CN=Alice,dc=example".to_owned(), attributes }
    }

    #[test]
    fn entries_are_known_by_what_is_theirs_for_good() {
        let sid: &[u8] = &[
            1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xf4, 1, 0, 0,
        ];
        let found = Named::of(&entry(&[("objectSid", &[sid])]), "objectsid").unwrap();
        assert_eq!(found.identifier, "S-1-5-21-1-2-3-500");
        let other = Entry { dn: "cn=alice , DC=EXAMPLE".to_owned(), ..Entry::default() };
        assert_eq!(Some(found.dn_key), dn_key(&other.dn));
        let guid: &[u8] = &[0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let found = Named::of(&entry(&[("objectGUID", &[guid])]), "objectGUID").unwrap();
        assert_eq!(found.identifier, "{12345678-0000-0000-0000-000000000001}");
        assert!(matches!(Named::of(&entry(&[]), "uid"), Err(Unnamed::Missing(_))));
        assert!(matches!(Named::of(&entry(&[("uid", &[b" "])]), "uid"), Err(Unnamed::Missing(_))));
        let long = "x".repeat(2000);
        let long = entry(&[("uid", &[long.as_bytes()])]);
        assert!(matches!(Named::of(&long, "uid"), Err(Unnamed::TooLong(_))));
        let nameless = Entry { dn: "nonsense".to_owned(), ..Entry::default() };
        assert_eq!(Named::of(&nameless, "uid"), Err(Unnamed::Dn));
    }

    #[test]
    fn bytes_that_are_no_text_are_base64() {
        let shown = attributes(
            &entry(&[("photo", &[&[0xff, 0xfe]]), ("cn", &[b"a", b"b"])]),
            &Schema::default(),
        );
        assert_eq!(Value::Object(shown), json!({"photo": ["//4="], "cn": ["a", "b"]}));
    }
}
