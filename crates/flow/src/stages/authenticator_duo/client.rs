//! Requests to Duo's Auth API and Admin API (duo.com/docs/authapi, adminapi).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_model::Timestamp;
use countersign_outbound::{Outbound, OutboundError, Request};
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Which application of Duo asks.
pub(super) struct Keys<'a> {
    pub(super) host: &'a str,
    pub(super) integration: &'a str,
    pub(super) secret: &'a str,
}

/// Why Duo has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DuoError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("Duo has refused the request with status {status}: {text}")]
    Refused { status: u16, text: String },
    #[error("Duo's answer is not as it is documented")]
    Answer,
}

impl DuoError {
    /// Whether the same may be answered later.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, DuoError::Outbound(error) if error.may_pass())
    }
}

/// Duo keeps to RFC 3986: everything but these is escaped.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn quoted(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// The parameters as they are sent and signed: sorted by name, escaped.
fn canonical(parameters: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> =
        parameters.iter().map(|(name, value)| (quoted(name), quoted(value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// As RFC 2822 writes dates.
fn date(now: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // "2026-01-02T03:04:05.000006Z"
    let text = now.iso();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let day = usize::try_from(now.seconds().div_euclid(86_400).rem_euclid(7)).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().unwrap_or(1).saturating_sub(1);
    let name = |names: &[&'static str], at: usize| names.get(at).copied().unwrap_or_default();
    format!(
        "{}, {} {} {} {} -0000",
        name(&DAYS, day),
        part(8, 10),
        name(&MONTHS, month),
        part(0, 4),
        part(11, 19)
    )
}

impl Keys<'_> {
    /// The header `Authorization`: the integration key, and the HMAC (SHA-512) over date, method,
    /// host, path and parameters, a line each.
    fn authorization(&self, date: &str, method: &Method, path: &str, parameters: &str) -> String {
        let host = self.host.to_lowercase();
        let signed = format!("{date}\n{method}\n{host}\n{path}\n{parameters}");
        let key = hmac::Key::new(hmac::HMAC_SHA512, self.secret.as_bytes());
        let signature = hex::encode(hmac::sign(&key, signed.as_bytes()).as_ref());
        format!("Basic {}", STANDARD.encode(format!("{}:{signature}", self.integration)))
    }

    /// What Duo answers, without what is around it.
    pub(super) async fn ask(
        &self,
        outbound: &Outbound,
        now: Timestamp,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, DuoError> {
        let parameters = canonical(parameters);
        let date = date(now);
        let authorization = self.authorization(&date, &method, path, &parameters);
        let url = format!("https://{}{path}", self.host);
        let request = if method == Method::GET && !parameters.is_empty() {
            Request::get(format!("{url}?{parameters}"))
        } else if method == Method::GET {
            Request::get(url)
        } else {
            Request::new(method, url, parameters.into_bytes())
                .header("Content-Type", "application/x-www-form-urlencoded")?
        };
        let request = request.header("Date", &date)?.header("Authorization", &authorization)?;
        let answer = outbound.send(request).await?;
        let mut said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if said.get("stat").and_then(Value::as_str) == Some("OK") {
            return said.get_mut("response").map(Value::take).ok_or(DuoError::Answer);
        }
        let text = |name| said.get(name).and_then(Value::as_str).unwrap_or_default();
        let text = format!("{} {}", text("message"), text("message_detail"));
        let text: String = text.trim().chars().take(200).collect();
        Err(DuoError::Refused { status: answer.status.as_u16(), text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_mails() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 -0000"),
            (1_345_570_158, "Tue, 21 Aug 2012 17:29:18 -0000"),
            (1_795_801_565, "Fri, 27 Nov 2026 17:46:05 -0000"),
        ] {
            assert_eq!(date(Timestamp::from_seconds(seconds)), text);
        }
    }

    #[test]
    fn parameters_are_sorted_and_escaped_as_duo_does() {
        for (parameters, text) in [
            (&[][..], ""),
            (
                &[("username", "root"), ("realname", "First Last")],
                "realname=First%20Last&username=root",
            ),
            (&[("b", "a&b=c~d-e._/+*"), ("a", "ä")], "a=%C3%A4&b=a%26b%3Dc~d-e._%2F%2B%2A"),
        ] {
            assert_eq!(canonical(parameters), text);
        }
    }
}
