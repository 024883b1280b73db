//! The path below which a server is reached, and the addresses that follow from it.

use serde::Serialize;

/// The path that everything is served below, as `/auth`; empty at the root. Inside, everything is
/// at `/`: what leaves, be it in a page, a redirect or JSON, is an address of [`BasePath::url`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BasePath(String);

impl BasePath {
    /// From `/auth/`, or `/` for the root.
    pub fn new(path: &str) -> BasePath {
        BasePath(path.trim_end_matches('/').to_owned())
    }

    /// Without a slash at its end: `/auth`, or an empty text for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address as a browser has to ask for it. Addresses of other servers stay as they are, and
    /// so do those that are below the path already: nothing inside begins as it does.
    pub fn url(&self, address: &str) -> String {
        let own = address.starts_with('/') && !address.starts_with("//");
        match self.inside(address) {
            None if own => format!("{}{address}", self.0),
            _ => address.to_owned(),
        }
    }

    /// What an address that a browser asks for is called inside.
    pub fn inside<'a>(&self, address: &'a str) -> Option<&'a str> {
        address.strip_prefix(&self.0).filter(|rest| rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ours_move_and_others_stay() {
        let base = BasePath::new("/auth/");
        for (address, url) in [
            ("/if/user/#/settings", "/auth/if/user/#/settings"),
            ("/", "/auth/"),
            ("/auth/if/user/", "/auth/if/user/"),
            ("/authority/", "/auth/authority/"),
            ("//x.org/", "//x.org/"),
            ("https://x.org/", "https://x.org/"),
            ("#top", "#top"),
            ("", ""),
        ] {
            assert_eq!(base.url(address), url);
            assert_eq!(BasePath::new("/").url(address), address);
        }
        assert_eq!(base.inside("/auth/x"), Some("/x"));
        assert_eq!(base.inside("/authority/x"), None);
        assert_eq!(BasePath::new("/").inside("/x"), Some("/x"));
    }
}
