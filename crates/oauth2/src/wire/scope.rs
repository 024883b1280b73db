//! Scopes: a set of words, kept in the order they were asked for.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of scope names without blanks or repetitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

pub const OPENID: &str = "openid";
pub const PROFILE: &str = "profile";
pub const EMAIL: &str = "email";
pub const OFFLINE_ACCESS: &str = "offline_access";
pub const API: &str = "goauthentik.io/api";
/// Not a mapping of the shipped set: asks for the `groups` claim alone, which `profile` would give
/// too.
pub const GROUPS: &str = "groups";

/// What clients that know GitHub's dialect ask for, as people are told it, and the mappings of the
/// provider that tell the same: without them nothing of it is given.
pub const GITHUB: [(&str, &str, &[&str]); 4] = [
    ("user", "GitHub Compatibility: Access your User Information", &[PROFILE]),
    ("read:user", "GitHub Compatibility: Access your User Information", &[PROFILE]),
    (USER_EMAIL, "GitHub Compatibility: Access you Email addresses", &[PROFILE, EMAIL]),
    (READ_ORG, "GitHub Compatibility: Access your Groups", &[PROFILE]),
];
/// Opens `/user`.
pub const USER_EMAIL: &str = "user:email";
/// Opens `/user/teams`.
pub const READ_ORG: &str = "read:org";

impl Scopes {
    pub fn parse(text: &str) -> Scopes {
        text.split_whitespace().collect()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|s| s == name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn is_subset(&self, of: &Scopes) -> bool {
        self.iter().all(|s| of.contains(s))
    }

    /// Those of this set the client may have: the names of its mappings, and `groups` where
    /// `profile` is one of them, since `profile` would tell the same and more.
    #[must_use]
    pub fn granted_from(&self, allowed: &Scopes) -> Scopes {
        let may = |s: &&str| allowed.contains(s) || (*s == GROUPS && allowed.contains(PROFILE));
        self.iter().filter(may).collect()
    }

    /// With GitHub's names for what these tell.
    #[must_use]
    pub fn with_github(&self) -> Scopes {
        let told = GITHUB.iter().filter(|(_, _, of)| of.iter().all(|scope| self.contains(scope)));
        self.iter().chain(told.map(|(name, _, _)| *name)).collect()
    }

    #[must_use]
    pub fn without(&self, name: &str) -> Scopes {
        self.iter().filter(|s| *s != name).collect()
    }
}

impl<'a> FromIterator<&'a str> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Scopes {
        let mut list: Vec<String> = Vec::new();
        for name in names {
            if !name.is_empty() && !list.iter().any(|s| s == name) {
                list.push(name.to_owned());
            }
        }
        Scopes(list)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Scopes, D::Error> {
        String::deserialize(d).map(|text| Scopes::parse(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_scopes_are_dropped_and_groups_follows_profile() {
        let allowed = Scopes::parse("openid profile email");
        let asked = Scopes::parse("openid  profile email groups zzz openid");
        assert_eq!(asked.granted_from(&allowed).to_string(), "openid profile email groups");
        assert_eq!(asked.granted_from(&Scopes::parse("openid")).to_string(), "openid");
        assert_eq!(
            Scopes::parse("groups").granted_from(&Scopes::parse("groups")).to_string(),
            "groups"
        );
        assert_eq!(
            Scopes::parse("openid profile").with_github().to_string(),
            "openid profile user read:user read:org"
        );
        assert!(Scopes::parse("openid profile email").with_github().contains(USER_EMAIL));
        assert_eq!(Scopes::parse("openid").with_github().to_string(), "openid");
        assert!(Scopes::parse("a b").is_subset(&Scopes::parse("b c a")));
        assert!(!Scopes::parse("a b").is_subset(&Scopes::parse("a")));
    }
}
