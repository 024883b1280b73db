//! What a token is bound to: a key (RFC 9449) or a certificate (RFC 8705). It is nobody's who does
//! not prove that he has that.

use countersign_core::{ClientCertificate, RequestInfo};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// As it is stored, and as tokens say it (`cnf`, RFC 7800).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Binding {
    /// The thumbprint of a key (RFC 9449 6.1).
    #[serde(rename = "jkt")]
    Key(String),
    /// The hash of a certificate (RFC 8705 3.1).
    #[serde(rename = "x5t#S256")]
    Certificate(String),
}

impl Binding {
    /// The claim `cnf`.
    pub(crate) fn claim(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Whether a request proves it, with the key of its proof if it has one.
    pub(crate) fn is_proved(&self, key: Option<&str>, request: &RequestInfo) -> bool {
        match self {
            Binding::Key(bound) => key == Some(bound),
            Binding::Certificate(bound) => certificate(request).as_ref() == Some(bound),
        }
    }

    pub(crate) const fn is_key(&self) -> bool {
        matches!(self, Binding::Key(_))
    }

    /// What identifies who holds it.
    pub(crate) fn text(&self) -> &str {
        match self {
            Binding::Key(bound) | Binding::Certificate(bound) => bound,
        }
    }
}

/// The hash of the certificate that a request came with.
pub(crate) fn certificate(request: &RequestInfo) -> Option<String> {
    request.client_certificate.as_ref().map(ClientCertificate::thumbprint)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Data {
        sub: String,
        #[serde(flatten)]
        binding: Option<Binding>,
    }

    #[test]
    fn bindings_are_stored_as_before_there_were_two() {
        let data = |binding| Data { sub: "s".into(), binding };
        for (binding, stored) in [
            (None, json!({"sub": "s"})),
            (Some(Binding::Key("k".into())), json!({"sub": "s", "jkt": "k"})),
            (Some(Binding::Certificate("c".into())), json!({"sub": "s", "x5t#S256": "c"})),
        ] {
            assert_eq!(serde_json::to_value(data(binding.clone())).unwrap(), stored);
            assert_eq!(serde_json::from_value::<Data>(stored).unwrap(), data(binding));
        }
        assert_eq!(Binding::Certificate("c".into()).claim(), json!({"x5t#S256": "c"}));
    }
}
