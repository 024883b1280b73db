//! Texts with a form of their own: parsed once, carried as their own type.

use std::ops::Deref;

use serde_json::Value;

use crate::errors::{ErrorNode, Problem};
use crate::field::{FieldMeta, FieldValue, Shape, bounded, text};
use crate::secret::{SealError, Sealer, Secret};

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $shape:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
        pub struct $name(String);

        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        /// For constants in declarations; outside input goes through `parse`.
        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name(text.to_owned())
            }
        }
        impl FieldValue for $name {
            fn shape() -> Shape {
                Shape::$shape
            }
            fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
                let check: fn(&Value, &FieldMeta) -> Result<String, ErrorNode> = $check;
                check(value, meta).map($name)
            }
            fn load(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
                let as_it_is = || value.as_str().map(|text| $name(text.to_owned()));
                Self::parse(value, meta).or_else(|error| as_it_is().ok_or(error))
            }
            fn to_json(&self) -> Value {
                Value::from(self.0.clone())
            }
        }
    };
}

text_type! {
    /// Letters, digits, `-` and `_`, at most 50 unless the field says otherwise.
    Slug, Slug, |value, meta| {
        let slug = text_or(value, meta, NOT_A_SLUG)?;
        if slug.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            Ok(slug)
        } else {
            Err(Problem::new("invalid", NOT_A_SLUG).into())
        }
    }
}

text_type! {
    /// An `http` or `https` address with a host.
    WebUrl, Url, |value, meta| {
        address_of(value, meta, &["http", "https"])
    }
}

text_type! {
    /// An address that people open: of the web, of files, or `blank://blank`, the original's way to
    /// say that there is none.
    LinkUrl, Url, |value, meta| {
        address_of(value, meta, &["http", "https", "ftp", "ftps", "blank"])
    }
}

impl LinkUrl {
    /// Whether a browser finds something there.
    pub fn leads_somewhere(&self) -> bool {
        !self.0.is_empty() && !self.has_scheme("blank")
    }

    /// Whether it is an address of the web.
    pub fn is_web(&self) -> bool {
        self.has_scheme("http") || self.has_scheme("https")
    }

    fn has_scheme(&self, wanted: &str) -> bool {
        self.0.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(wanted))
    }
}

text_type! {
    /// A picture: an address, a path or the name of a file of this server, `fa://` of an icon font,
    /// or a small picture itself.
    Picture, Text, |value, meta| {
        let picture = text_or(value, meta, NOT_A_URL)?;
        let valid = picture.len() <= LARGEST_PICTURE
            && !picture.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>\\".contains(c))
            && match scheme_of(&picture).as_deref() {
                None => true,
                Some("http" | "https" | "fa") => picture.contains("://"),
                Some("data") => PICTURES.iter().any(|kind| picture.get(5..).is_some_and(|rest| rest.starts_with(kind))),
                Some(_) => false,
            };
        if valid { Ok(picture) } else { Err(Problem::new("invalid", NOT_A_URL).into()) }
    }
}

/// A [`WebUrl`] that gives a right to whoever knows it, as a webhook's: masked and sealed as
/// secrets are. Those of older versions rest in clear until they are written again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretUrl(Secret);

impl Deref for SecretUrl {
    type Target = Secret;
    fn deref(&self) -> &Secret {
        &self.0
    }
}

impl FieldValue for SecretUrl {
    fn shape() -> Shape {
        Shape::Secret
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        WebUrl::parse(value, meta).map(|url| SecretUrl(Secret::new(&*url)))
    }
    fn to_json(&self) -> Value {
        self.0.to_json()
    }
    fn to_stored(&self, sealer: &dyn Sealer) -> Value {
        self.0.to_stored(sealer)
    }
    fn unseal(value: &Value, sealer: &dyn Sealer) -> Result<Value, SealError> {
        let in_clear = value.as_str().is_some_and(|text| text.is_empty() || text.contains("://"));
        if in_clear { Ok(value.clone()) } else { Secret::unseal(value, sealer) }
    }
}

text_type! {
    /// An e-mail address: one `@`, a local part and a domain.
    EmailAddress, Email, |value, meta| {
        let address = text_or(value, meta, NOT_AN_ADDRESS)?;
        let valid = address.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && local.len() <= 64 && !domain.is_empty() && domain.len() <= 253
                && !domain.starts_with(['.', '-']) && !domain.ends_with(['.', '-']) && !domain.contains("..")
                && domain.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
                && (domain.contains('.') || domain.eq_ignore_ascii_case("localhost"))
                && !local.contains('@') && !local.chars().any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
        });
        if address.is_empty() || valid { Ok(address) } else { Err(Problem::new("invalid", NOT_AN_ADDRESS).into()) }
    }
}

text_type! {
    /// Source text, without blank space around it, as the original stores it.
    Code, Code, |value, meta| text(value, meta)
}

text_type! {
    /// A whole document of source text, kept to the letter: who wrote it compares it with the file
    /// it came from, which ends in a line feed.
    Verbatim, Code, |value, meta| untrimmed(value, meta)
}

text_type! {
    /// Text of several lines, kept to the letter.
    Multiline, Multiline, |value, meta| untrimmed(value, meta)
}

/// As many bytes; a picture that is written into its address is read with every list.
const LARGEST_PICTURE: usize = 8 * 1024;
/// Formats that a browser shows as a picture and as nothing else.
const PICTURES: [&str; 6] =
    ["image/png;", "image/jpeg;", "image/gif;", "image/webp;", "image/x-icon;", "image/svg+xml"];

/// The scheme of an address, in small letters (RFC 3986, 3.1: its case does not matter); paths and
/// names have none.
fn scheme_of(address: &str) -> Option<String> {
    let (scheme, _) = address.split_once(':')?;
    (!scheme.contains(['/', '?', '#'])).then(|| scheme.to_ascii_lowercase())
}

/// An address with one of these schemes and a host, or nothing.
fn address_of(value: &Value, meta: &FieldMeta, schemes: &[&str]) -> Result<String, ErrorNode> {
    let address = text_or(value, meta, NOT_A_URL)?;
    let rest = address
        .split_once("://")
        .filter(|(scheme, _)| schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)))
        .map(|(_, rest)| rest);
    let host = rest.map(|r| r.split(['/', '?', '#']).next().unwrap_or_default());
    let valid = host.is_some_and(|h| !h.is_empty())
        && !address.contains(|c: char| c.is_whitespace() || c.is_control());
    if address.is_empty() || valid {
        Ok(address)
    } else {
        Err(Problem::new("invalid", NOT_A_URL).into())
    }
}

const NOT_A_SLUG: &str =
    "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.";
const NOT_A_URL: &str = "Enter a valid URL.";
const NOT_AN_ADDRESS: &str = "Enter a valid email address.";

/// A text; what is none at all is told in the words of the form it should have.
fn text_or(value: &Value, meta: &FieldMeta, sentence: &'static str) -> Result<String, ErrorNode> {
    match value {
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(Problem::new("invalid", sentence).into())
        }
        _ => text(value, meta),
    }
}

fn untrimmed(value: &Value, meta: &FieldMeta) -> Result<String, ErrorNode> {
    match value {
        Value::String(s) if s.trim().is_empty() => bounded(String::new(), meta),
        Value::String(s) => bounded(s.clone(), meta),
        other => text(other, meta),
    }
}
