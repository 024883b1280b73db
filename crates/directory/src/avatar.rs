//! Avatars: by the modes of the system settings, of which the first that has a picture counts. The
//! server fetches nothing: what is elsewhere, the browser of whoever looks at it asks for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{Context, Identity};
use countersign_store::sha256;
use md5::{Digest as _, Md5};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::settings::SystemSettings;

const NOBODY: &str = "/static/dist/assets/images/user_default.png";
const ATTRIBUTES: &str = "attributes.";

/// The avatar of an account.
pub fn of(cx: &Context, user: &Identity) -> String {
    let modes = SystemSettings::of(&cx.snapshot()).avatars;
    by_modes(&modes, user).unwrap_or_else(|| cx.url(NOBODY))
}

fn by_modes(modes: &str, user: &Identity) -> Option<String> {
    let mut modes = modes.split(',').map(str::trim);
    modes.find_map(|mode| match mode {
        "none" => Some(None),
        "initials" => Some(Some(initials(&user.name, &user.username))),
        "gravatar" if user.email.is_empty() => None,
        // Its own picture of nobody where it has none of that address.
        "gravatar" => Some(Some(format!(
            "https://www.gravatar.com/avatar/{}?size=158&rating=g&default=mp",
            hex::encode(sha256(&user.email.to_lowercase()))
        ))),
        mode if mode.starts_with(ATTRIBUTES) => {
            let mut path = mode.trim_start_matches(ATTRIBUTES).split('.');
            let found = path.try_fold(&user.attributes, |of, name| of.get(name));
            found
                .and_then(Value::as_str)
                .filter(|picture| is_picture(picture))
                .map(|it| Some(it.to_owned()))
        }
        mode if mode.contains("://") => Some(Some(filled(mode, user))),
        _ => None,
    })?
}

/// An address of the web, of this server, or a picture itself.
fn is_picture(text: &str) -> bool {
    let begins =
        |start: &str| text.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start));
    begins("https://") || begins("http://") || begins("data:image/") || text.starts_with('/')
}

fn filled(template: &str, user: &Identity) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let upn = user.attributes.get("upn").and_then(Value::as_str).unwrap_or_default();
    template
        .replace("%(username)s", &encoded(&user.username))
        .replace("%(mail_hash)s", &hex::encode(Md5::digest(user.email.to_lowercase())))
        .replace("%(upn)s", &encoded(upn))
}

/// A data URI of a small SVG with the initials of a name.
pub fn initials(name: &str, fallback: &str) -> String {
    let source = if name.trim().is_empty() { fallback } else { name };
    let mut words = source.split_whitespace();
    let first = words.next().and_then(|w| w.chars().next());
    let last = words.next_back().and_then(|w| w.chars().next());
    let letters: String = [first, last]
        .into_iter()
        .flatten()
        .flat_map(char::to_uppercase)
        .filter(|c| c.is_alphanumeric())
        .collect();
    let hue =
        source.bytes().fold(0u32, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b))) % 360;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\" viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" fill=\"hsl({hue},35%,34%)\"/>\
         <text x=\"32\" y=\"33\" fill=\"#fff\" font-family=\"system-ui,sans-serif\" font-size=\"26\" text-anchor=\"middle\" dominant-baseline=\"middle\">{letters}</text></svg>"
    );
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg))
}

#[cfg(test)]
mod tests {
    use countersign_model::Timestamp;
    use serde_json::json;

    use super::*;

    fn user(email: &str) -> Identity {
        Identity {
            pk: 1,
            uuid: uuid::Uuid::nil(),
            username: "uma b".to_owned(),
            name: "Uma".to_owned(),
            email: email.to_owned(),
            is_active: true,
            user_type: "internal".to_owned(),
            path: "users".to_owned(),
            attributes: json!({
                "a": {"picture": "https://pictures.example.org/1"}, "upn": "u/b",
                "script": "javascript:alert(1)",
            }),
            date_joined: Timestamp(0),
            last_login: None,
            password_change_date: Timestamp(0),
            has_usable_password: true,
            principal: None,
            groups: Vec::new(),
        }
    }

    #[test]
    fn the_first_mode_that_has_a_picture_counts() {
        let user = user("Uma@Example.org");
        for (modes, expected) in [
            ("attributes.a.picture,initials", "https://pictures.example.org/1"),
            ("attributes.nothing, initials", "data:image/svg+xml;base64,"),
            ("attributes.script,initials", "data:image/svg+xml;base64,"),
            ("gravatar,initials", "https://www.gravatar.com/avatar/"),
            (
                "https://x.example.org/%(username)s/%(mail_hash)s/%(upn)s",
                "https://x.example.org/uma%20b/",
            ),
        ] {
            let found = by_modes(modes, &user).unwrap();
            assert!(found.starts_with(expected), "{modes}: {found}");
        }
        assert!(by_modes("https://x/%(upn)s", &user).unwrap().ends_with("/u%2Fb"));
        assert_eq!(by_modes("none,initials", &user), None);
        assert_eq!(by_modes("nonsense", &user), None);
        let nobody = Identity { email: String::new(), ..user };
        assert!(by_modes("gravatar,initials", &nobody).unwrap().starts_with("data:"));
    }

    #[test]
    fn hashes_are_those_that_gravatar_and_others_document() {
        let user = user("MyEmailAddress@example.com");
        let found = by_modes("https://x/%(mail_hash)s", &user).unwrap();
        assert_eq!(found, "https://x/0bc83cb571cd1c50ba6f3e8a78ef1346");
        let found = by_modes("gravatar", &user).unwrap();
        assert!(
            found.contains("84059b07d4be67b806386c0aad8070a23f18836bbaae342275dc0a83414c32ee"),
            "{found}"
        );
    }
}
