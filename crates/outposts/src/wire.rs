//! What goes over the socket between an outpost and this server: JSON texts
//! `{"instruction": <number>, "args": {..}}`, as the original's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const ACK: u64 = 0;
const HELLO: u64 = 1;
const TRIGGER_UPDATE: u64 = 2;
const PROVIDER_SPECIFIC: u64 = 3;

/// What an outpost says.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// It has read what it was sent; nothing is said to that.
    Ack,
    /// It is there.
    Hello(Hello),
    /// Something else that is acknowledged.
    Other,
}

/// What an outpost says of itself, on connecting and every ten seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    pub version: String,
    #[serde(rename = "buildHash")]
    pub build_hash: String,
    pub uuid: String,
    #[serde(rename = "golangVersion")]
    pub golang_version: String,
    #[serde(rename = "opensslEnabled")]
    pub openssl_enabled: bool,
    #[serde(rename = "opensslVersion")]
    pub openssl_version: String,
    #[serde(rename = "fipsEnabled")]
    pub fips_enabled: bool,
    pub hostname: String,
}

/// What this server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Ack,
    /// Something that the outpost reads is not what it was.
    TriggerUpdate,
    /// A session has ended: the hash of its key, which tokens call `sid`.
    Logout([u8; 32]),
}

impl Hello {
    /// As an outpost says it.
    pub fn text(&self) -> String {
        json!({"instruction": HELLO, "args": self}).to_string()
    }
}

impl Said {
    /// As an outpost hears it; `None` for what does not concern one like ours.
    pub fn read(text: &str) -> Option<Said> {
        let Message { instruction, args } = serde_json::from_str(text).ok()?;
        match instruction {
            ACK => Some(Said::Ack),
            TRIGGER_UPDATE => Some(Said::TriggerUpdate),
            PROVIDER_SPECIFIC => {
                let logout = args.get("sub_type").is_some_and(|kind| kind == "logout");
                let session = args.get("session_id").filter(|_| logout)?.as_str()?;
                Some(Said::Logout(hex::decode(session).ok()?.try_into().ok()?))
            }
            _ => None,
        }
    }

    pub fn text(&self) -> String {
        let (instruction, args) = match self {
            Said::Ack => (ACK, json!({})),
            Said::TriggerUpdate => (TRIGGER_UPDATE, json!({})),
            Said::Logout(session) => (
                PROVIDER_SPECIFIC,
                json!({
                    "type": "event.provider.specific",
                    "sub_type": "logout",
                    "session_id": hex::encode(session),
                }),
            ),
        };
        json!({"instruction": instruction, "args": args}).to_string()
    }
}

#[derive(Deserialize)]
struct Message {
    instruction: u64,
    #[serde(default)]
    args: Map<String, Value>,
}

impl Heard {
    /// `None` for what is no message of the protocol.
    pub fn read(text: &str) -> Option<Heard> {
        let Message { instruction, args } = serde_json::from_str(text).ok()?;
        Some(match instruction {
            ACK => Heard::Ack,
            HELLO => Heard::Hello(serde_json::from_value(Value::Object(args)).ok()?),
            _ => Heard::Other,
        })
    }

    /// What is said to it.
    pub fn reply(&self) -> Option<Said> {
        (*self != Heard::Ack).then_some(Said::Ack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_the_original() {
        let hello = r#"{"instruction":1,"args":{"version":"2025.4.0","buildHash":"","uuid":"u","golangVersion":"go1.24","opensslEnabled":true,"opensslVersion":"OpenSSL 3","fipsEnabled":false,"hostname":"h","active_connections":2}}"#;
        let Some(Heard::Hello(said)) = Heard::read(hello) else { panic!("no hello") };
        assert_eq!(
            (said.version.as_str(), said.hostname.as_str(), said.openssl_enabled),
            ("2025.4.0", "h", true)
        );
        assert_eq!(Heard::Hello(said).reply(), Some(Said::Ack));
        assert_eq!(Said::Ack.text(), r#"{"instruction":0,"args":{}}"#);
        assert_eq!(Said::TriggerUpdate.text(), r#"{"instruction":2,"args":{}}"#);
        assert_eq!(Heard::read(r#"{"instruction":0}"#), Some(Heard::Ack));
        assert_eq!(Heard::Ack.reply(), None);
        let logout = Said::Logout([0xab; 32]).text();
        assert_eq!(
            logout,
            format!(
                r#"{{"instruction":3,"args":{{"type":"event.provider.specific","sub_type":"logout","session_id":"{}"}}}}"#,
                "ab".repeat(32)
            )
        );
    }

    #[test]
    fn an_outpost_hears_what_is_said_and_says_what_is_heard() {
        for said in [Said::Ack, Said::TriggerUpdate, Said::Logout([0xab; 32])] {
            assert_eq!(Said::read(&said.text()), Some(said));
        }
        for other in [
            r#"{"instruction":3,"args":{"sub_type":"logout","session_id":"short"}}"#,
            r#"{"instruction":3,"args":{"sub_type":"other"}}"#,
            r#"{"instruction":9}"#,
            "",
        ] {
            assert_eq!(Said::read(other), None, "{other}");
        }
        let hello = Hello { version: "2025.4.0".to_owned(), ..Hello::default() };
        assert_eq!(Heard::read(&hello.text()), Some(Heard::Hello(hello)));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for text in [
            "",
            "x",
            "[]",
            "{}",
            r#"{"instruction":"1"}"#,
            r#"{"instruction":-1}"#,
            r#"{"instruction":1,"args":{"version":1}}"#,
        ] {
            assert_eq!(Heard::read(text), None, "{text}");
        }
    }
}
