//! Uploads in a bucket of a service that speaks S3. Files are private there: browsers are sent to
//! signed links.

use std::sync::Arc;

use countersign_core::{BoxFuture, Bucket};
use countersign_model::{Secret, Timestamp};
use countersign_outbound::{Outbound, Request};
use http::Method;
use url::Url;

use super::sigv4::{Signed, Signer, encode, hash, stamp};

/// A link is good for so many seconds.
const LASTS: u32 = 3600;
/// Links stay the same for so long, so that browsers keep what they got.
pub(super) const STEADY: i64 = 600;

/// How a bucket is named in addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// In the host for Amazon, in the path where an endpoint is named.
    Auto,
    /// In the path.
    Path,
    /// In the host.
    Virtual,
}

/// A bucket, as settings name it.
#[derive(Debug, Clone)]
pub struct BucketSettings {
    /// Its name.
    pub name: String,
    /// Where it is, in the service's words.
    pub region: Option<String>,
    /// The service, where it is not Amazon's: `https://minio.example.org:9000`.
    pub endpoint: Option<String>,
    /// HTTPS, where the endpoint does not say.
    pub use_ssl: bool,
    /// Who asks.
    pub access_key: String,
    /// By which requests are signed.
    pub secret_key: Secret,
    /// Of keys that were lent for a while.
    pub security_token: Option<Secret>,
    /// The host of links, perhaps with the bucket as path.
    pub custom_domain: Option<String>,
    /// Links at that host are HTTPS.
    pub secure_urls: bool,
    /// How the bucket is named.
    pub addressing: Addressing,
}

/// Where files of a bucket are: scheme, host with port, and the path before their names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Base {
    scheme: String,
    host: String,
    path: String,
}

impl Base {
    fn read(text: &str, https: bool) -> Option<Base> {
        let scheme = if https { "https" } else { "http" };
        let whole = text.contains("://");
        let text = if whole { text.to_owned() } else { format!("{scheme}://{text}") };
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = url.host_str()?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let plain = url.username().is_empty() && url.query().is_none() && url.fragment().is_none();
        let path = url.path().trim_end_matches('/').to_owned();
        plain.then(|| Base { scheme: url.scheme().to_owned(), host, path })
    }

    fn path(&self, key: &str) -> String {
        format!("{}/{key}", self.path)
    }

    fn address(&self, path: &str) -> String {
        format!("{}://{}{}", self.scheme, self.host, encode(path, true))
    }
}

/// A bucket of a service that speaks S3.
#[derive(Clone)]
pub struct S3 {
    outbound: Arc<Outbound>,
    signer: Signer,
    /// Where files are put.
    service: Base,
    /// Where browsers get them.
    public: Base,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.service.address(&self.service.path))
    }
}

impl BucketSettings {
    /// # Errors
    /// The setting that cannot be used, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        bases(self).map(drop)
    }
}

impl S3 {
    /// # Errors
    /// The setting that cannot be used, and why.
    pub fn new(
        settings: &BucketSettings,
        outbound: Arc<Outbound>,
    ) -> Result<S3, (&'static str, &'static str)> {
        let (service, public) = bases(settings)?;
        let region = settings.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        let signer = Signer {
            access_key: settings.access_key.clone(),
            secret_key: settings.secret_key.clone(),
            token: settings.security_token.clone(),
            region,
        };
        Ok(S3 { outbound, signer, service, public })
    }

    fn put_request(
        &self,
        key: &str,
        media_type: &str,
        content: Vec<u8>,
        now: Timestamp,
    ) -> Result<Request, String> {
        let path = self.service.path(key);
        let hash = hash(&content);
        let mut headers = vec![
            ("host", self.service.host.clone()),
            ("x-amz-content-sha256", hash.clone()),
            ("x-amz-date", stamp(now)),
        ];
        if let Some(token) = &self.signer.token {
            headers.push(("x-amz-security-token", token.expose().to_owned()));
        }
        let signed =
            Signed { method: "PUT", path: &path, query: &[], headers: &headers, hash: &hash };
        let authorization = self.signer.authorization(&signed, now);
        headers.extend([("authorization", authorization), ("content-type", media_type.to_owned())]);
        let request = Request::new(Method::PUT, self.service.address(&path), content);
        headers
            .iter()
            .filter(|(name, _)| *name != "host")
            .try_fold(request, |request, (name, value)| {
                request.header(name, value).map_err(|error| error.to_string())
            })
    }
}

impl Bucket for S3 {
    fn put(
        &self,
        key: String,
        media_type: &'static str,
        content: Vec<u8>,
        now: Timestamp,
    ) -> BoxFuture<Result<(), String>> {
        let request = self.put_request(&key, media_type, content, now);
        let outbound = self.outbound.clone();
        Box::pin(async move {
            let answer = outbound.send(request?).await.map_err(|error| error.to_string())?;
            if answer.status.is_success() {
                return Ok(());
            }
            Err(format!("it answered {} {}", answer.status.as_u16(), code(&answer.body)))
        })
    }

    fn address(&self, key: &str, now: Timestamp) -> String {
        let path = self.public.path(key);
        let since = Timestamp::from_seconds(now.seconds().div_euclid(STEADY) * STEADY);
        let query = self.signer.query(&self.public.host, &path, since, LASTS);
        format!("{}?{query}", self.public.address(&path))
    }
}

/// The service's own word for what is wrong, as `AccessDenied`.
fn code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = code.map_or("", |(code, _)| code);
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

/// Where files are put, and where browsers get them.
fn bases(settings: &BucketSettings) -> Result<(Base, Base), (&'static str, &'static str)> {
    let name = &settings.name;
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    if name.is_empty() || !name.chars().all(letters) {
        return Err(("storage.media.s3.bucket_name", "this is no name of a bucket"));
    }
    let amazon = match settings.region.as_deref() {
        Some(region) => format!("s3.{region}.amazonaws.com"),
        None => "s3.amazonaws.com".to_owned(),
    };
    let endpoint = settings.endpoint.as_deref().unwrap_or(&amazon);
    let mut service = Base::read(endpoint, settings.use_ssl)
        .ok_or(("storage.media.s3.endpoint", "this is no address of a service"))?;
    let in_host = match settings.addressing {
        // No certificate is good for a name with dots below Amazon's.
        Addressing::Auto => settings.endpoint.is_none() && !name.contains('.'),
        Addressing::Path => false,
        Addressing::Virtual => true,
    };
    if in_host {
        service.host = format!("{name}.{}", service.host);
    } else {
        service.path = format!("{}/{name}", service.path);
    }
    let public = match &settings.custom_domain {
        Some(domain) => Base::read(domain, settings.secure_urls)
            .ok_or(("storage.media.s3.custom_domain", "this is no host, nor a host with a path"))?,
        None => service.clone(),
    };
    Ok((service, public))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> BucketSettings {
        BucketSettings {
            name: "media".to_owned(),
            region: Some("eu-central-1".to_owned()),
            endpoint: None,
            use_ssl: true,
            access_key: "key".to_owned(),
            secret_key: Secret::new("secret"),
            security_token: None,
            custom_domain: None,
            secure_urls: true,
            addressing: Addressing::Auto,
        }
    }

    #[test]
    fn a_bucket_is_named_in_the_host_or_in_the_path() {
        let at = |change: fn(&mut BucketSettings)| {
            let mut settings = settings();
            change(&mut settings);
            let (service, public) = bases(&settings).unwrap();
            [service, public].map(|base| base.address(&base.path("media/public/a b.png")))
        };
        let amazon = "https://media.s3.eu-central-1.amazonaws.com/media/public/a%20b.png";
        assert_eq!(at(|_| {}), [amazon, amazon]);
        assert_eq!(
            at(|settings| settings.name = "a.b".to_owned())[0],
            "https://s3.eu-central-1.amazonaws.com/a.b/media/public/a%20b.png"
        );
        assert_eq!(
            at(|settings| settings.endpoint = Some("http://minio:9000/".to_owned()))[0],
            "http://minio:9000/media/media/public/a%20b.png"
        );
        assert_eq!(
            at(|settings| {
                settings.endpoint = Some("minio:443".to_owned());
                settings.addressing = Addressing::Virtual;
            })[0],
            "https://media.minio/media/public/a%20b.png"
        );
        assert_eq!(
            at(|settings| settings.custom_domain = Some("cdn.example.org/media".to_owned()))[1],
            "https://cdn.example.org/media/media/public/a%20b.png"
        );
        assert_eq!(
            at(|settings| {
                settings.custom_domain = Some("cdn.example.org".to_owned());
                settings.secure_urls = false;
            })[1],
            "http://cdn.example.org/media/public/a%20b.png"
        );
        let wrong = |change: fn(&mut BucketSettings)| {
            let mut settings = settings();
            change(&mut settings);
            bases(&settings).unwrap_err().0
        };
        assert_eq!(
            wrong(|settings| settings.name = "a/b".to_owned()),
            "storage.media.s3.bucket_name"
        );
        assert_eq!(
            wrong(|settings| settings.endpoint = Some("ftp://x".to_owned())),
            "storage.media.s3.endpoint"
        );
        assert_eq!(
            wrong(|settings| settings.custom_domain = Some("a?b".to_owned())),
            "storage.media.s3.custom_domain"
        );
    }

    #[test]
    fn a_link_stays_the_same_for_minutes_and_shows_no_key() {
        let outbound = Arc::new(Outbound::new(countersign_outbound::Rules::default()));
        let bucket = S3::new(&settings(), outbound).unwrap();
        let at =
            |second: i64| bucket.address("a.png", Timestamp::from_seconds(1_800_000_000 + second));
        assert_eq!(at(0), at(STEADY - 1));
        assert_ne!(at(0), at(STEADY));
        assert!(!at(0).contains("secret") && !format!("{bucket:?}").contains("secret"));
    }

    #[test]
    fn what_a_service_says_is_one_word() {
        assert_eq!(code(b"<Error><Code>NoSuchBucket</Code></Error>"), "NoSuchBucket");
        assert_eq!(code(b"<Code>a b\n<c></Code>"), "abc");
        assert_eq!(code(b"\xff"), "");
    }
}
