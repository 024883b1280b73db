//! Addresses as front ends forward them. They are taken apart and never put together anew: what is
//! decided about is what the application will see, letter by letter.

use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// By its name, or by that of the websockets that begin with it.
    pub fn read(name: &str) -> Option<Scheme> {
        match name.to_ascii_lowercase().as_str() {
            "http" | "ws" => Some(Scheme::Http),
            "https" | "wss" => Some(Scheme::Https),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// A host with its port, as addresses are compared by: in small letters, without the port that goes
/// without saying.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host(String);

impl Host {
    /// `None` for what is no host.
    pub fn read(text: &str) -> Option<Host> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        if text.is_empty() || text.len() > 255 || !text.bytes().all(legal) {
            return None;
        }
        let host = text.to_ascii_lowercase();
        let (name, port) = split_port(&host);
        let is_name = match name.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
            None => !name.is_empty() && !name.contains([':', '[', ']']),
        };
        let is_numbered = port.is_none_or(|port| port.parse::<u16>().is_ok());
        let bare = if matches!(port, Some("80" | "443")) { name } else { host.as_str() };
        (is_name && is_numbered).then(|| Host(bare.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without a port.
    pub fn name(&self) -> &str {
        split_port(&self.0).0
    }

    /// Whether it is that very name, at whichever port.
    pub fn is_named(&self, name: &str) -> bool {
        !name.is_empty() && self.name().eq_ignore_ascii_case(name)
    }

    /// Whether it is that domain, or below it. Whole labels only: `evil-example.org` is not of
    /// `example.org`.
    pub fn is_within(&self, domain: &str) -> bool {
        let domain = domain.trim_start_matches('.').to_ascii_lowercase();
        let rest = self.name().strip_suffix(domain.as_str());
        !domain.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// An address of IPv6 is in brackets and has colons of its own.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

/// A path with its query, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub path: String,
    pub query: Option<String>,
}

impl Target {
    /// `None` for what no server should make sense of: control characters, blanks, a fragment, a
    /// percent sign that encodes nothing, no slash at the beginning.
    pub fn read(text: &str) -> Option<Target> {
        let sound = text.starts_with('/')
            && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '#');
        if !sound {
            return None;
        }
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (text, None),
        };
        encodes_well(path).then(|| Target { path: path.to_owned(), query })
    }

    /// The path decoded, where every server reads it in the same way. `None` where one may decode
    /// it once more, take a part of it away, or go up by it: such a path is not what it looks like.
    pub fn plain_path(&self) -> Option<String> {
        let raw = self.path.to_ascii_lowercase();
        if raw.contains("%2f") || raw.contains("%5c") {
            return None;
        }
        let path = percent_decode_str(&self.path).decode_utf8().ok()?;
        let odd = |c: char| c.is_control() || matches!(c, '%' | '\\' | '?' | '#');
        // Of `..;x`, servers for Java make `..`.
        let walks = |segment: &str| {
            matches!(segment.split(';').next().unwrap_or_default().trim(), "." | "..")
        };
        let plain = !path.contains(odd) && !path.contains("//") && !path.split('/').any(walks);
        plain.then(|| path.into_owned())
    }

    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        self.query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

fn encodes_well(path: &str) -> bool {
    path.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes();
        digits.next().is_some_and(|b| b.is_ascii_hexdigit())
            && digits.next().is_some_and(|b| b.is_ascii_hexdigit())
    })
}

/// A whole address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub scheme: Scheme,
    pub host: Host,
    pub target: Target,
}

impl Address {
    /// `None` for what is no address of the web, or hides a host behind a user name.
    pub fn read(text: &str) -> Option<Address> {
        let (scheme, rest) = text.split_once("://")?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (host, target) = rest.split_at_checked(end)?;
        let target = if target.is_empty() {
            Target { path: "/".to_owned(), query: None }
        } else if target.starts_with('?') {
            Target::read(&format!("/{target}"))?
        } else {
            Target::read(target)?
        };
        let scheme = Scheme::read(scheme).filter(|s| scheme.eq_ignore_ascii_case(s.as_str()))?;
        Some(Address { scheme, host: Host::read(host)?, target })
    }

    /// `https://host`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.host.as_str())
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.host.as_str(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_in_one_form() {
        let host = |text| Host::read(text).map(|host| host.0);
        assert_eq!(host("App.Example.ORG:443").as_deref(), Some("app.example.org"));
        assert_eq!(host("app.example.org:80").as_deref(), Some("app.example.org"));
        assert_eq!(host("app.example.org:8443").as_deref(), Some("app.example.org:8443"));
        assert_eq!(host("[2001:db8::1]:9000").as_deref(), Some("[2001:db8::1]:9000"));
        // Of several ports the last one would be taken for the port that goes without saying.
        for wrong in [
            "",
            ":443",
            "a b",
            "a,b",
            "user@host",
            "host:",
            "host:x",
            "host:99999",
            "a/b",
            "host:1:80",
            "2001:db8::1",
            "::1",
            "a[b]",
            "[::1",
            "[a]",
            "[]:80",
            "[::1]x",
        ] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
        for (text, domain, within) in [
            ("app.example.org", "example.org", true),
            ("app.example.org:8443", ".example.org", true),
            ("EXAMPLE.org", "Example.org", true),
            ("evil-example.org", "example.org", false),
            ("example.org.evil.test", "example.org", false),
            ("example.org", "", false),
            ("example.org", ".", false),
        ] {
            assert_eq!(Host::read(text).unwrap().is_within(domain), within, "{text} {domain}");
        }
    }

    #[test]
    fn addresses_are_taken_apart_and_no_letter_is_changed() {
        let address = Address::read("https://App.example.org/a/%7Eb/../c?x=/y&z").unwrap();
        assert_eq!(address.to_string(), "https://app.example.org/a/%7Eb/../c?x=/y&z");
        assert_eq!(Address::read("http://h").unwrap().to_string(), "http://h/");
        assert_eq!(Address::read("http://h?a=b").unwrap().to_string(), "http://h/?a=b");
        for wrong in [
            "",
            "/path",
            "//host/path",
            "ftp://host/",
            "wss://host/",
            "javascript://host/%0aalert(1)",
            "https://user@host/",
            "https://host\\@evil.test/",
            "https:/host/",
            "https:///path",
            "https://host/a b",
            "https://host/a\u{7f}",
            "https://host/%",
            "https://host/%zz",
            "https://host/%2",
            "https://host/#fragment",
            "https://host/a\nb",
        ] {
            assert_eq!(Address::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_path_is_plain_where_every_server_reads_it_in_the_same_way() {
        let plain = |path: &str| Target::read(path).and_then(|target| target.plain_path());
        assert_eq!(plain("/public/a.b/c;d=1").as_deref(), Some("/public/a.b/c;d=1"));
        assert_eq!(plain("/%70ublic/%C3%A4?x=..").as_deref(), Some("/public/ä"));
        assert_eq!(plain("/public/...").as_deref(), Some("/public/..."));
        for odd in [
            "/public/../admin",
            "/public/./x",
            "/public/..",
            "/public/%2e%2e/admin",
            "/public/%2E./admin",
            "/public/..;/admin",
            "/public/..%3b/admin",
            "/public/.. /admin",
            "/public/..%20/admin",
            "/public%2f..%2fadmin",
            "/public%2Fx",
            "/public\\..\\admin",
            "/public%5c..%5cadmin",
            "/public/%252e%252e/admin",
            "/public%3f/admin",
            "/public%23/admin",
            "/public//admin",
            "/public/%00",
            "/public/%0d%0a",
            "/%ff",
        ] {
            assert_eq!(plain(odd), None, "{odd}");
        }
    }
}
