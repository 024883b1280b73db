//! Where a directory is.

use url::Url;

/// A server of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// TLS from the first byte on.
    pub(crate) secure: bool,
    /// Without the brackets of an address of IPv6.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Servers that a directory may have: each that does not answer is waited for.
const MOST_PLACES: usize = 16;

/// What was written is no place of a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPlace {
    #[error(
        "“{0}” is no address of a directory: write ldap://host or ldaps://host, with a port if it is another than 389 or 636."
    )]
    Wrong(String),
    #[error("A directory has no more than {MOST_PLACES} addresses here.")]
    TooMany,
}

impl Place {
    /// Reads addresses with commas in between.
    pub(crate) fn all(text: &str) -> Result<Vec<Place>, NoPlace> {
        let each = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        if each.clone().count() > MOST_PLACES {
            return Err(NoPlace::TooMany);
        }
        let all = each.map(Place::read).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() { Err(NoPlace::Wrong(text.to_owned())) } else { Ok(all) }
    }

    fn read(text: &str) -> Result<Place, NoPlace> {
        let wrong = || NoPlace::Wrong(text.chars().take(100).collect());
        let url = Url::parse(text).map_err(|_| wrong())?;
        let secure = match url.scheme() {
            "ldap" => false,
            "ldaps" => true,
            _ => return Err(wrong()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        // What is behind the host says what to search, which the source does.
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(wrong());
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        Ok(Place { secure, host, port: url.port().unwrap_or(if secure { 636 } else { 389 }) })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "ldaps" } else { "ldap" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{open}{}{close}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_PLACES, NoPlace, Place};

    #[test]
    fn addresses_are_read_or_refused() {
        let shown = |text: &str| {
            Place::all(text).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(
            shown("ldap://DC1.example.org, ldaps://dc2.example.org:3269/").unwrap(),
            ["ldap://dc1.example.org:389", "ldaps://dc2.example.org:3269"]
        );
        assert_eq!(shown("ldaps://[::1]").unwrap(), ["ldaps://[::1]:636"]);
        for wrong in [
            "",
            ",",
            "dc1",
            "http://x",
            "ldapi:///",
            "ldap://",
            "ldap://u:p@x",
            "ldap://x/dc=y",
            "ldap://x?y",
            "ldap://x:99999",
        ] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
        let many = |count: usize| vec!["ldap://x"; count].join(", ");
        assert_eq!(shown(&many(MOST_PLACES)).map(|all| all.len()), Ok(MOST_PLACES));
        assert_eq!(shown(&many(MOST_PLACES + 1)), Err(NoPlace::TooMany));
    }
}
