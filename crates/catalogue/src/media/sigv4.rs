//! AWS Signature Version 4, as services that speak S3 ask for it ("Authenticating Requests" of the
//! S3 API reference). Pure: what is signed and when comes in.

use countersign_model::{Secret, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// The hash that stands for a body nobody knows beforehand.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Whose signature it is.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) access_key: String,
    pub(super) secret_key: Secret,
    /// Of keys that were lent for a while.
    pub(super) token: Option<Secret>,
    pub(super) region: String,
}

/// A request as far as it is signed. Names of headers are lower case; `query` and `path` are not
/// encoded yet.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, String)],
    pub(super) headers: &'a [(&'a str, String)],
    /// The body's, in hex.
    pub(super) hash: &'a str,
}

/// Letters that stand for themselves; `/` parts the names of a path.
pub(super) fn encode(text: &str, path: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b'/' if path => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The hash of a body, as headers name it.
pub(super) fn hash(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

/// `20261127T224300Z`
pub(super) fn stamp(at: Timestamp) -> String {
    Timestamp::from_seconds(at.seconds()).iso().replace(['-', ':'], "")
}

impl Signer {
    /// The keys' own words in a query: who signed, for when and where.
    pub(super) fn credential(&self, at: Timestamp) -> String {
        format!("{}/{}", self.access_key, self.scope(at))
    }

    fn scope(&self, at: Timestamp) -> String {
        let stamp = stamp(at);
        format!("{}/{}/s3/aws4_request", stamp.get(..8).unwrap_or_default(), self.region)
    }

    /// The value of the header `Authorization`.
    pub(super) fn authorization(&self, request: &Signed<'_>, at: Timestamp) -> String {
        format!(
            "{ALGORITHM} Credential={},SignedHeaders={},Signature={}",
            self.credential(at),
            names(request),
            self.signature(request, at)
        )
    }

    /// A query that lets whoever has it get the file for some seconds.
    pub(super) fn query(&self, host: &str, path: &str, at: Timestamp, seconds: u32) -> String {
        let mut query = vec![
            ("X-Amz-Algorithm", ALGORITHM.to_owned()),
            ("X-Amz-Credential", self.credential(at)),
            ("X-Amz-Date", stamp(at)),
            ("X-Amz-Expires", seconds.to_string()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ];
        if let Some(token) = &self.token {
            query.push(("X-Amz-Security-Token", token.expose().to_owned()));
        }
        let headers = [("host", host.to_owned())];
        let request =
            Signed { method: "GET", path, query: &query, headers: &headers, hash: UNSIGNED };
        format!("{}&X-Amz-Signature={}", encoded(&query), self.signature(&request, at))
    }

    fn signature(&self, request: &Signed<'_>, at: Timestamp) -> String {
        let to_sign = format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            stamp(at),
            self.scope(at),
            hash(canonical(request).as_bytes())
        );
        let first = format!("AWS4{}", self.secret_key.expose());
        let scope = self.scope(at);
        let key = scope.split('/').fold(first.into_bytes(), |key, part| keyed(&key, part));
        hex::encode(keyed(&key, &to_sign))
    }
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    // Keys of any length are taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn encoded(query: &[(&str, String)]) -> String {
    let mut pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name, false), encode(value, false)))
        .collect();
    pairs.sort();
    pairs.join("&")
}

fn names(request: &Signed<'_>) -> String {
    let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.join(";")
}

fn canonical(request: &Signed<'_>) -> String {
    let mut headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    headers.sort();
    format!(
        "{}\n{}\n{}\n{}\n{}\n{}",
        request.method,
        encode(request.path, true),
        encoded(request.query),
        headers.concat(),
        names(request),
        request.hash
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys and the time of the examples that AWS publishes.
    fn examples() -> (Signer, Timestamp) {
        let signer = Signer {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            token: None,
            region: "us-east-1".to_owned(),
        };
        (signer, Timestamp::parse("2013-05-24T00:00:00Z").unwrap())
    }

    #[test]
    fn signatures_are_those_that_aws_publishes() {
        let (signer, at) = examples();
        let host = ("host", "examplebucket.s3.amazonaws.com".to_owned());
        let date = ("x-amz-date", "20130524T000000Z".to_owned());
        let of = |content: &[u8]| ("x-amz-content-sha256", hash(content));
        let put = [
            host.clone(),
            date.clone(),
            of(b"Welcome to Amazon S3."),
            ("date", "Fri, 24 May 2013 00:00:00 GMT".to_owned()),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY".to_owned()),
        ];
        let get = [host.clone(), date.clone(), of(b""), ("range", "bytes=0-9".to_owned())];
        let plain = [host, date, of(b"")];
        let lifecycle = [("lifecycle", String::new())];
        let list = [("prefix", "J".to_owned()), ("max-keys", "2".to_owned())];
        for (method, path, query, headers, signature) in [
            (
                "GET",
                "/test.txt",
                &[][..],
                &get[..],
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                "PUT",
                "/test$file.text",
                &[],
                &put,
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (
                "GET",
                "/",
                &lifecycle,
                &plain,
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "GET",
                "/",
                &list,
                &plain,
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let payload = headers.iter().find(|(name, _)| *name == "x-amz-content-sha256").unwrap();
            let request = Signed { method, path, query, headers, hash: &payload.1 };
            assert_eq!(signer.signature(&request, at), signature, "{method} {path}");
            assert!(signer.authorization(&request, at).starts_with(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
            ));
        }
    }

    #[test]
    fn a_link_is_the_one_that_aws_publishes() {
        let (signer, at) = examples();
        let query = signer.query("examplebucket.s3.amazonaws.com", "/test.txt", at, 86400);
        assert_eq!(
            query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
        let lent = Signer { token: Some(Secret::new("a/b")), ..signer };
        assert!(lent.query("h", "/", at, 1).contains("&X-Amz-Security-Token=a%2Fb&"));
    }
}
