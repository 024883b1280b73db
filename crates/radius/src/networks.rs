//! Where the clients of a provider are: networks, behind each other with commas between, as the
//! original has them.

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;

use countersign_model::{Cidr, ErrorNode, FieldMeta, FieldValue, Problem, Shape};
use serde_json::Value;

/// As many networks as one provider has.
const MOST: usize = 1_000;

/// Networks, with the text that named them.
#[derive(Clone, Default)]
pub struct Networks {
    source: String,
    all: Vec<Cidr>,
}

impl Networks {
    fn read(source: &str) -> Result<Networks, Problem> {
        let parts = source.split(',').map(str::trim).filter(|part| !part.is_empty());
        let wrong = |part: &str| {
            let text = format!(
                "{part} is no network. Write networks as 192.0.2.0/24, with commas between them."
            );
            Problem::new("invalid", text)
        };
        let all: Vec<Cidr> = parts
            .map(|part| Cidr::parse(part).ok_or_else(|| wrong(part)))
            .collect::<Result<_, _>>()?;
        if all.is_empty() {
            return Err(Problem::blank());
        }
        if all.len() > MOST {
            return Err(Problem::new(
                "max_length",
                format!("These are more than {MOST} networks."),
            ));
        }
        Ok(Networks { source: source.to_owned(), all })
    }

    /// How many bits the smallest network has in which the address lies.
    pub(crate) fn nearest(&self, address: IpAddr) -> Option<u8> {
        let holding = self.all.iter().filter(|network| network.contains(address));
        holding.map(Cidr::bits).max()
    }

    /// Whether a network of these lies within one of the others, or is one of them.
    pub(crate) fn is_nearer_than(&self, others: &Networks) -> bool {
        self.all.iter().any(|own| others.all.iter().any(|other| own.is_within(other)))
    }
}

impl Deref for Networks {
    type Target = str;
    fn deref(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.source, f)
    }
}

/// For constants in declarations; outside input goes through `parse`.
impl From<&str> for Networks {
    fn from(source: &str) -> Networks {
        Networks::read(source).unwrap_or_default()
    }
}

impl FieldValue for Networks {
    fn shape() -> Shape {
        String::shape()
    }

    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let source = String::parse(value, meta)?;
        Ok(Networks::read(&source)?)
    }

    /// What cannot be read was not saved here: it lets nobody in.
    fn load(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let source = String::load(value, meta)?;
        Ok(Networks::read(&source).unwrap_or(Networks { source, all: Vec::new() }))
    }

    fn to_json(&self) -> Value {
        self.source.to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_whole_or_not_at_all() {
        let near = |networks: &str, address: &str| {
            Networks::read(networks).unwrap().nearest(address.parse().unwrap())
        };
        assert_eq!(near("0.0.0.0/0, ::/0", "192.0.2.7"), Some(0));
        assert_eq!(near("0.0.0.0/0, ::/0", "2001:db8::7"), Some(0));
        assert_eq!(near("0.0.0.0/0,192.0.2.0/24,192.0.0.0/8", "192.0.2.7"), Some(24));
        assert_eq!(near("192.0.2.7", "192.0.2.7"), Some(32));
        assert_eq!(near("192.0.2.7", "192.0.2.8"), None);
        assert_eq!(near(" 10.0.0.0/8 , ", "10.1.2.3"), Some(8));
        for wrong in ["", " , ", "ten", "10.0.0.0/33", "10.0.0.0/8 192.0.2.0/24", "10.0.0.0/8;"] {
            assert!(Networks::read(wrong).is_err(), "{wrong}");
        }
    }
}
