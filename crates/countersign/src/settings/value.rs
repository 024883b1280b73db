//! The types a setting can have, and how each is read from text.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use countersign_catalogue::media::Addressing;
use countersign_model::{Cidr, Secret};
use countersign_oauth2::Registrants;
use countersign_outbound::Resolved;
use countersign_store::SslMode;

/// Something a setting's text can mean.
pub trait Place: Sized {
    /// What belongs here, for error messages and documentation.
    const WANTED: &'static str;
    /// Whether the value must never be shown.
    const SECRET: bool = false;
    /// What stands in while the start is being refused.
    fn stand_in() -> Self;
    /// Reads the text.
    fn read(text: &str) -> Option<Self>;
}

impl Place for String {
    const WANTED: &'static str = "text";
    fn stand_in() -> Self {
        String::new()
    }
    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl<T: Place> Place for Option<T> {
    const WANTED: &'static str = T::WANTED;
    const SECRET: bool = T::SECRET;
    fn stand_in() -> Self {
        None
    }
    fn read(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::read(text).map(Some) }
    }
}

impl Place for Secret {
    const WANTED: &'static str = "a secret";
    const SECRET: bool = true;
    fn stand_in() -> Self {
        Secret::default()
    }
    fn read(text: &str) -> Option<Self> {
        Some(Secret::new(text))
    }
}

impl Place for bool {
    const WANTED: &'static str = "true or false";
    fn stand_in() -> Self {
        false
    }
    fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }
}

macro_rules! whole_numbers {
    ($($number:ty: $wanted:literal),*) => {$(
        impl Place for $number {
            const WANTED: &'static str = $wanted;
            fn stand_in() -> Self {
                0
            }
            fn read(text: &str) -> Option<Self> {
                text.trim().parse().ok()
            }
        }
    )*};
}
whole_numbers!(u16: "a number from 0 to 65535", u32: "a whole number", u64: "a whole number");

impl Place for SocketAddr {
    const WANTED: &'static str = "an address with a port, such as 0.0.0.0:9000 or [::]:9000";
    fn stand_in() -> Self {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    }
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(port) = text.strip_prefix(':') {
            return Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port.parse().ok()?)));
        }
        if let Some(port) = text.strip_prefix("localhost:") {
            return Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)));
        }
        text.parse().ok()
    }
}

impl Place for PathBuf {
    const WANTED: &'static str = "a path";
    fn stand_in() -> Self {
        PathBuf::new()
    }
    fn read(text: &str) -> Option<Self> {
        (!text.trim().is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Everything.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What happens.
    Info,
    /// What should not happen.
    Warning,
    /// What must not happen.
    Error,
}

impl Place for Level {
    const WANTED: &'static str = "one of trace, debug, info, warning, error";
    fn stand_in() -> Self {
        Level::Info
    }
    fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "trace" => Some(Level::Trace),
            "debug" => Some(Level::Debug),
            "info" => Some(Level::Info),
            "warning" | "warn" => Some(Level::Warning),
            "error" | "critical" => Some(Level::Error),
            _ => None,
        }
    }
}

/// Where uploaded files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploads {
    /// In a folder.
    File,
    /// In a bucket of a service that speaks S3.
    S3,
}

impl Place for Addressing {
    const WANTED: &'static str = "one of auto, path, virtual";
    fn stand_in() -> Self {
        Addressing::Auto
    }
    fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Some(Addressing::Auto),
            "path" => Some(Addressing::Path),
            "virtual" => Some(Addressing::Virtual),
            _ => None,
        }
    }
}

impl Place for Uploads {
    const WANTED: &'static str = "one of file, s3";
    fn stand_in() -> Self {
        Uploads::File
    }
    fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "file" => Some(Uploads::File),
            "s3" => Some(Uploads::S3),
            _ => None,
        }
    }
}

impl Place for Registrants {
    const WANTED: &'static str = "one of off, token, open";
    fn stand_in() -> Self {
        Registrants::Nobody
    }
    fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "off" | "" => Some(Registrants::Nobody),
            "token" => Some(Registrants::Token),
            "open" => Some(Registrants::Anybody),
            _ => None,
        }
    }
}

/// Hosts, with `*.` before a domain for all below it; schemes of apps end in a colon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(pub Vec<String>);

impl Place for Hosts {
    const WANTED: &'static str = "hosts, as app.example.org,*.example.net,com.example.app:";
    fn stand_in() -> Self {
        Hosts::default()
    }
    fn read(text: &str) -> Option<Self> {
        let hosts = text.split(',').map(str::trim).filter(|host| !host.is_empty());
        let hosts: Vec<String> = hosts.map(str::to_ascii_lowercase).collect();
        let sign = |sign: char| sign.is_ascii_alphanumeric() || "-.:[]+".contains(sign);
        let good = |host: &String| {
            let name = host.strip_prefix("*.").unwrap_or(host);
            !name.is_empty() && name.chars().all(sign)
        };
        hosts.iter().all(good).then_some(Hosts(hosts))
    }
}

impl Place for SslMode {
    const WANTED: &'static str = "one of disable, allow, prefer, require, verify-ca, verify-full";
    fn stand_in() -> Self {
        SslMode::default()
    }
    fn read(text: &str) -> Option<Self> {
        match text.trim() {
            "disable" => Some(SslMode::Disable),
            "allow" => Some(SslMode::Allow),
            "prefer" => Some(SslMode::Prefer),
            "require" => Some(SslMode::Require),
            "verify-ca" => Some(SslMode::VerifyCa),
            "verify-full" => Some(SslMode::VerifyFull),
            _ => None,
        }
    }
}

/// Whether certificates of servers are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked(pub bool);

impl Place for Checked {
    const WANTED: &'static str = "one of none, optional, required";
    fn stand_in() -> Self {
        Checked(true)
    }
    fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "none" => Some(Checked(false)),
            // To whoever connects both mean the same: a server always shows a certificate.
            "optional" | "required" => Some(Checked(true)),
            _ => None,
        }
    }
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node(pub String, pub u16);

impl Place for Vec<Node> {
    const WANTED: &'static str =
        "hosts with their ports separated by commas, such as redis-1:26379,redis-2:26379";
    fn stand_in() -> Self {
        Vec::new()
    }
    fn read(text: &str) -> Option<Self> {
        let node = |part: &str| {
            let (host, port) = part.trim().rsplit_once(':')?;
            let host =
                host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            let legal = !host.is_empty() && !host.contains(['/', '@', ' ']);
            Some(Node(legal.then(|| host.to_owned())?, port.parse().ok()?))
        };
        text.split(',').filter(|part| !part.trim().is_empty()).map(node).collect()
    }
}

/// Scheme, host and port of this server's public address, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

impl Place for Origin {
    const WANTED: &'static str = "an address such as https://id.example.org, without a path";
    fn stand_in() -> Self {
        Origin(String::new())
    }
    fn read(text: &str) -> Option<Self> {
        let url = url::Url::parse(text.trim()).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        plain.then(|| Origin(url.origin().ascii_serialization()))
    }
}

impl Place for Vec<Cidr> {
    const WANTED: &'static str =
        "networks separated by commas, such as 10.0.0.0/8,fd00::/8, or none";
    fn stand_in() -> Self {
        Vec::new()
    }
    fn read(text: &str) -> Option<Self> {
        if text.trim().eq_ignore_ascii_case("none") {
            return Some(Vec::new());
        }
        text.split(',').filter(|part| !part.trim().is_empty()).map(Cidr::parse).collect()
    }
}

impl Place for Vec<Resolved> {
    const WANTED: &'static str =
        "hosts with their addresses, separated by commas, such as api.example.org=10.1.2.3:443";
    fn stand_in() -> Self {
        Vec::new()
    }
    fn read(text: &str) -> Option<Self> {
        text.split(',').filter(|part| !part.trim().is_empty()).map(Resolved::parse).collect()
    }
}

/// A length of time in seconds, written as the original writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub i64);

impl Place for Period {
    const WANTED: &'static str =
        "a length of time, as hours=24 or days=1;hours=12, of at least a minute";
    fn stand_in() -> Self {
        Period(86_400)
    }
    fn read(text: &str) -> Option<Self> {
        let seconds = countersign_model::Duration::parse(text.trim()).ok()?.seconds();
        (seconds >= 60).then_some(Period(seconds))
    }
}

/// A length of time in seconds that may be without limit, which is 0 and the empty text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub i64);

impl Place for Limit {
    const WANTED: &'static str =
        "a length of time, as hours=2 or days=1;hours=12, of at least a minute; 0 sets no limit";
    fn stand_in() -> Self {
        Limit(0)
    }
    fn read(text: &str) -> Option<Self> {
        if matches!(text.trim(), "" | "0") {
            return Some(Limit(0));
        }
        Period::read(text).map(|Period(seconds)| Limit(seconds))
    }
}

/// Whom to tell of something: an address to write to, or a page (RFC 9116, 2.5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact(pub String);

impl Place for Contact {
    const WANTED: &'static str = "an e-mail address, or an address that begins with https://";
    fn stand_in() -> Self {
        Contact(String::new())
    }
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let written = if text.contains('@') && !text.contains(':') {
            format!("mailto:{text}")
        } else {
            text.to_owned()
        };
        let url = url::Url::parse(&written).ok()?;
        let known = match url.scheme() {
            "mailto" => url.path().contains('@'),
            "https" => url.host().is_some(),
            _ => false,
        };
        known.then(|| Contact(url.into()))
    }
}

/// Where a collector listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector(String);

impl Collector {
    /// Where traces go: the path of the standard is added unless it is there.
    pub fn of_traces(&self) -> String {
        let base = self.0.trim_end_matches('/');
        if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") }
    }
}

impl Place for Collector {
    const WANTED: &'static str = "an address such as http://collector:4318";
    fn stand_in() -> Self {
        Collector(String::new())
    }
    fn read(text: &str) -> Option<Self> {
        let url = url::Url::parse(text.trim()).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.query().is_none()
            && url.fragment().is_none();
        plain.then(|| Collector(url.into()))
    }
}

/// A part of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl Place for Share {
    const WANTED: &'static str = "a number from 0 to 1, as 0.1 for a tenth";
    fn stand_in() -> Self {
        Share(0.0)
    }
    fn read(text: &str) -> Option<Self> {
        text.trim().parse().ok().filter(|share| (0.0..=1.0).contains(share)).map(Share)
    }
}

/// So many in a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub seconds: u32,
}

impl Place for Rate {
    const WANTED: &'static str =
        "a number per second, minute, hour or day, as 20/hour; 0/second sets no limit";
    fn stand_in() -> Self {
        Rate { count: 0, seconds: 1 }
    }
    fn read(text: &str) -> Option<Self> {
        let (count, period) = text.trim().split_once('/')?;
        // As in the original, the first letter says it.
        let seconds = match period.trim().chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        Some(Rate { count: count.trim().parse().ok()?, seconds })
    }
}
