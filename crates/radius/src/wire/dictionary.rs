//! Attributes by their names, and their values as octets.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use countersign_model::Cidr;
use serde_json::Value;
use thiserror::Error;

use super::Attribute;

/// Vendor-Specific (RFC 2865 section 5.26).
const VENDOR_SPECIFIC: u8 = 26;

/// How a value is written (RFC 2865 section 5, RFC 8044).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Octets,
    Integer,
    Short,
    Byte,
    Signed,
    Integer64,
    Ipv4,
    Ipv6,
    Ipv6Prefix,
    InterfaceId,
}

impl Form {
    fn named(name: &str) -> Option<Form> {
        Some(match name {
            "string" => Form::Text,
            "octets" => Form::Octets,
            "integer" | "date" => Form::Integer,
            "short" => Form::Short,
            "byte" => Form::Byte,
            "signed" => Form::Signed,
            "integer64" => Form::Integer64,
            "ipaddr" => Form::Ipv4,
            "ipv6addr" => Form::Ipv6,
            "ipv6prefix" => Form::Ipv6Prefix,
            "ifid" => Form::InterfaceId,
            _ => return None,
        })
    }
}

/// What an attribute is.
#[derive(Debug, Clone, PartialEq)]
struct Definition {
    vendor: Option<u32>,
    number: u8,
    form: Form,
    /// It has a tag (RFC 2868 section 3).
    tagged: bool,
    /// Names of its values.
    values: Vec<(&'static str, u32)>,
}

/// Why an attribute cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Wrong {
    #[error("There is no attribute {0:?}. define_attribute() adds one.")]
    Unknown(String),
    #[error("{value} is no value of {name}.")]
    Value { name: String, value: String },
    #[error("The value of {0} is longer than a packet can carry: 253 octets, 247 of a vendor.")]
    Long(String),
    #[error("{0:?} is no type of attributes, as string, integer, ipaddr or octets.")]
    Type(String),
    #[error(
        "The number of {0} has to be between 1 and 255, and that of its vendor fit into 32 bits."
    )]
    Number(String),
}

/// The attributes that are known by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dictionary {
    /// Those that a mapping has defined.
    own: HashMap<String, Definition>,
}

static KNOWN: LazyLock<HashMap<&'static str, Definition>> =
    LazyLock::new(|| read(include_str!("dictionary.txt")));

/// Names of attributes begin a line, names of values are indented below theirs.
fn read(text: &'static str) -> HashMap<&'static str, Definition> {
    let (mut known, mut vendor, mut last) = (HashMap::<_, Definition>::new(), None, "");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&'static str> = line.split_whitespace().collect();
        match *words {
            ["vendor", _, number] => vendor = number.parse().ok(),
            [value, number] => {
                let number = number.parse().ok();
                if let (Some(number), Some(of)) = (number, known.get_mut(last)) {
                    of.values.push((value, number));
                }
            }
            [name, number, form, ref tag @ ..] => {
                if let (Ok(number), Some(form)) = (number.parse(), Form::named(form)) {
                    let tagged = !tag.is_empty();
                    let values = Vec::new();
                    known.insert(name, Definition { vendor, number, form, tagged, values });
                    last = name;
                }
            }
            _ => {}
        }
    }
    known
}

impl Dictionary {
    /// Adds `<vendor>-<name>`, as the original's `define_attribute`.
    ///
    /// # Errors
    /// When there can be none like that.
    pub(crate) fn define(
        &mut self,
        (vendor, vendor_name): (i64, &str),
        (number, name): (i64, &str),
        form: &str,
    ) -> Result<(), Wrong> {
        let name = format!("{vendor_name}-{name}");
        let form = Form::named(form).ok_or_else(|| Wrong::Type(form.to_owned()))?;
        let numbers = u32::try_from(vendor).ok().zip(u8::try_from(number).ok().filter(|n| *n > 0));
        let (vendor, number) = numbers.ok_or_else(|| Wrong::Number(name.clone()))?;
        let vendor = Some(vendor);
        let definition = Definition { vendor, number, form, tagged: false, values: Vec::new() };
        self.own.insert(name, definition);
        Ok(())
    }

    /// An attribute with this value. A name may have a tag behind a colon, as `Tunnel-Type:1`.
    ///
    /// # Errors
    /// When it is not known, or the value does not fit.
    pub(crate) fn attribute(&self, name: &str, value: &Value) -> Result<Attribute, Wrong> {
        let (plain, tag) = match name.rsplit_once(':') {
            Some((plain, tag)) => (plain, tag.parse().ok().filter(|tag| (1..=0x1f).contains(tag))),
            None => (name, None),
        };
        let known = self.own.get(plain).or_else(|| KNOWN.get(plain));
        let known = known.filter(|known| plain == name || known.tagged && tag.is_some());
        let known = known.ok_or_else(|| Wrong::Unknown(name.to_owned()))?;
        let wrong = || {
            let value: String = value.to_string().chars().take(100).collect();
            Wrong::Value { name: name.to_owned(), value }
        };
        let mut octets = known.octets(value).ok_or_else(wrong)?;
        match (known.form, tag) {
            // The tag takes the place of the first octet (RFC 2868 section 3.1).
            (Form::Integer, tag) if known.tagged => {
                let first = octets.first_mut().filter(|first| **first == 0).ok_or_else(wrong)?;
                *first = tag.unwrap_or(0);
            }
            (_, Some(tag)) => octets.insert(0, tag),
            (_, None) => {}
        }
        let long = || Wrong::Long(name.to_owned());
        let Some(vendor) = known.vendor else {
            return Attribute::new(known.number, octets).ok_or_else(long);
        };
        let length = u8::try_from(octets.len() + 2).map_err(|_| long())?;
        let mut whole = vendor.to_be_bytes().to_vec();
        whole.extend([known.number, length]);
        whole.extend(octets);
        Attribute::new(VENDOR_SPECIFIC, whole).ok_or_else(long)
    }
}

impl Definition {
    fn octets(&self, value: &Value) -> Option<Vec<u8>> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let text = text.as_str();
        Some(match self.form {
            Form::Text => text.as_bytes().to_vec(),
            // As pyrad reads them.
            Form::Octets => match text.strip_prefix("0x") {
                Some(digits) => hex::decode(digits).ok()?,
                None => text.as_bytes().to_vec(),
            },
            Form::Integer => self.number_of(text)?.to_be_bytes().to_vec(),
            Form::Short => text.parse::<u16>().ok()?.to_be_bytes().to_vec(),
            Form::Byte => vec![text.parse::<u8>().ok()?],
            Form::Signed => text.parse::<i32>().ok()?.to_be_bytes().to_vec(),
            Form::Integer64 => text.parse::<u64>().ok()?.to_be_bytes().to_vec(),
            Form::Ipv4 => text.parse::<Ipv4Addr>().ok()?.octets().to_vec(),
            Form::Ipv6 => text.parse::<Ipv6Addr>().ok()?.octets().to_vec(),
            Form::Ipv6Prefix => prefix(text)?,
            Form::InterfaceId => {
                let parts: Vec<&str> = text.split(':').collect();
                let numbers = parts.iter().map(|part| u16::from_str_radix(part, 16).ok());
                let numbers = numbers.collect::<Option<Vec<u16>>>().filter(|all| all.len() == 4)?;
                numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
            }
        })
    }

    fn number_of(&self, text: &str) -> Option<u32> {
        let named = self.values.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
        named.or_else(|| text.parse().ok())
    }
}

/// RFC 3162 section 2.3: no more octets than the prefix has, and no bits behind it.
fn prefix(text: &str) -> Option<Vec<u8>> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (Ipv6Addr, u8) = (address.parse().ok()?, bits.parse().ok()?);
    Cidr::parse(text).filter(|network| network.contains(IpAddr::V6(address)))?;
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    let octets = (address.to_bits() & mask).to_be_bytes();
    let mut whole = vec![0, bits];
    whole.extend(octets.iter().take(usize::from(bits.div_ceil(8))));
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn octets(name: &str, value: impl Into<Value>) -> Result<(u8, String), Wrong> {
        let attribute = Dictionary::default().attribute(name, &value.into())?;
        Ok((attribute.kind, hex::encode(attribute.value())))
    }

    #[test]
    fn values_are_written_as_their_types_say() {
        for (name, value, kind, wanted) in [
            ("Reply-Message", json!("Hi"), 18, "4869"),
            ("Reply-Message", json!(7), 18, "37"),
            ("Class", json!("0x00ff"), 25, "00ff"),
            ("Class", json!("admins"), 25, "61646d696e73"),
            ("Session-Timeout", json!(3600), 27, "00000e10"),
            ("Session-Timeout", json!("3600"), 27, "00000e10"),
            ("Service-Type", json!("Framed-User"), 6, "00000002"),
            ("Service-Type", json!(6), 6, "00000006"),
            ("Framed-IP-Address", json!("192.0.2.7"), 8, "c0000207"),
            ("Framed-IPv6-Address", json!("2001:db8::7"), 168, "20010db8000000000000000000000007"),
            ("Framed-IPv6-Prefix", json!("2001:db8::/32"), 97, "002020010db8"),
            ("Framed-IPv6-Prefix", json!("::/0"), 97, "0000"),
            ("Framed-Interface-Id", json!("0:0:0:7"), 96, "0000000000000007"),
            ("Event-Timestamp", json!(1), 55, "00000001"),
            // A VLAN, as access points take it (RFC 3580 section 3.31).
            ("Tunnel-Type", json!("VLAN"), 64, "0000000d"),
            ("Tunnel-Medium-Type:1", json!("IEEE-802"), 65, "01000006"),
            ("Tunnel-Private-Group-Id", json!("42"), 81, "3432"),
            ("Tunnel-Private-Group-Id:1", json!(42), 81, "013432"),
            (
                "Cisco-AVPair",
                json!("shell:priv-lvl=15"),
                26,
                "0000000901137368656c6c3a707269762d6c766c3d3135",
            ),
            ("Aruba-User-Vlan", json!(5), 26, "000039e7020600000005"),
        ] {
            assert_eq!(octets(name, value), Ok((kind, wanted.to_owned())), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        for (name, value) in [
            ("Session-Timeout", json!("soon")),
            ("Session-Timeout", json!(-1)),
            ("Session-Timeout", json!(4_294_967_296_u64)),
            ("Framed-IP-Address", json!("2001:db8::7")),
            ("Framed-IPv6-Prefix", json!("2001:db8::/129")),
            ("Class", json!("0xabc")),
            ("Class", json!("0xé1")),
            ("Reply-Message", json!(null)),
            ("Reply-Message", json!({"a": 1})),
            ("Tunnel-Type", json!(0x0100_0000)),
        ] {
            assert!(
                matches!(octets(name, value.clone()), Err(Wrong::Value { .. })),
                "{name} {value}"
            );
        }
        for name in
            ["", "Nope", "Reply-Message:1", "Tunnel-Type:", "Tunnel-Type:0", "Tunnel-Type:32"]
        {
            assert_eq!(octets(name, "x"), Err(Wrong::Unknown(name.to_owned())));
        }
        assert!(octets("Reply-Message", "x".repeat(253)).is_ok());
        assert_eq!(
            octets("Reply-Message", "x".repeat(254)),
            Err(Wrong::Long("Reply-Message".into()))
        );
        assert!(octets("Cisco-AVPair", "x".repeat(247)).is_ok());
        assert_eq!(
            octets("Cisco-AVPair", "x".repeat(248)),
            Err(Wrong::Long("Cisco-AVPair".into()))
        );
    }

    #[test]
    fn mappings_define_what_is_not_here() {
        let mut dictionary = Dictionary::default();
        dictionary.define((4242, "Acme"), (7, "Role"), "string").unwrap();
        let attribute = dictionary.attribute("Acme-Role", &json!("a")).unwrap();
        assert_eq!(hex::encode(attribute.value()), "00001092070361");
        let mut refused =
            |vendor, number, form| dictionary.define((vendor, "Acme"), (number, "X"), form);
        assert!(matches!(refused(1, 0, "string"), Err(Wrong::Number(_))));
        assert!(matches!(refused(1, 256, "string"), Err(Wrong::Number(_))));
        assert!(matches!(refused(-1, 1, "string"), Err(Wrong::Number(_))));
        assert!(matches!(refused(1, 1, "text"), Err(Wrong::Type(_))));
    }

    #[test]
    fn every_line_of_the_dictionary_is_read() {
        let text = include_str!("dictionary.txt");
        let lines = || text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let attributes = lines().filter(|line| !line.starts_with([' ', 'v'])).count();
        let values = lines().filter(|line| line.starts_with(' ')).count();
        assert_eq!(KNOWN.len(), attributes, "each name once");
        assert_eq!(KNOWN.values().map(|known| known.values.len()).sum::<usize>(), values);
        for name in ["User-Password", "Message-Authenticator", "Proxy-State"] {
            assert!(!KNOWN.contains_key(name), "{name} is the protocol's own");
        }
    }
}
