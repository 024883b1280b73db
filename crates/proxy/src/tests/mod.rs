mod attacks;
mod forward;
mod fuzz;
mod property;
mod provider;
mod table;
mod world;

use std::sync::Arc;

use countersign_model::{Entropy, Fields as _, Input, Mode};
use countersign_outbound::Trust;
use countersign_store::SystemEntropy;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use serde_json::{Value, json};

use crate::ProxyProvider;
use crate::answer::{Answer, answer};
use crate::asked::{Asked, Front, Misread};
use crate::identity::{Granted, NAMES};
use crate::site::Site;

/// A provider with these settings beside those that it needs.
fn settings(name: &str, with: Value) -> ProxyProvider {
    let mut map = json!({
        "name": name, "authorization_flow": "00000000-0000-0000-0000-00000000000b",
        "invalidation_flow": "00000000-0000-0000-0000-00000000000b", "mode": "forward_single",
        "client_id": format!("{name}-client-id"),
    });
    let Value::Object(with) = with else { panic!("object") };
    map.as_object_mut().unwrap().extend(with);
    let entropy: &dyn Entropy = &SystemEntropy;
    let input =
        Input { map: map.as_object().unwrap(), mode: Mode::Create, entropy, privileged: true };
    ProxyProvider::parse(&input, None).unwrap_or_else(|errors| panic!("{}", errors.to_json()))
}

fn site(name: &str, with: Value) -> Site {
    let (slug, scopes) = (name.to_owned(), "openid ak_proxy".to_owned());
    let settings = settings(name, with).settings(slug, scopes, Trust::Machine(None));
    Site::new(settings, None).unwrap()
}

/// The application at `https://app.test`, where `/public` is open.
fn app() -> Site {
    site("wiki", json!({"external_host": "https://app.test", "skip_path_regex": "^/public"}))
}

fn uma() -> Granted {
    let claims = json!({
        "iss": "https://id.test/application/o/wiki/", "sub": "hashed", "preferred_username": "uma",
        "email": "uma@example.test", "name": "Uma Märtin", "groups": ["Staff", "Writers"],
        "entitlements": ["edit"], "ak_proxy": {"user_attributes": {}, "is_superuser": false},
    });
    let Value::Object(claims) = claims else { panic!("object") };
    Granted { claims, token: "to.k.en".into(), username: "uma".into(), by_header: false }
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    headers
}

fn read(front: Front, path: &str, pairs: &[(&str, &str)]) -> Result<Asked, Misread> {
    let uri: Uri = path.parse().unwrap();
    Asked::read(front, &uri, &headers(pairs))
}

/// What nginx is told about a request to an address, by somebody who is not known.
fn unknown_at(url: &str) -> Answer {
    let asked = read(Front::Nginx, "/", &[("x-original-url", url)]).unwrap();
    answer(&asked, &app(), None)
}

/// What an answer that lets a request through says in one header, which it says once.
fn said(answer: &Answer, name: &str) -> String {
    let Answer::Allow(headers) = answer else { panic!("{answer:?}") };
    let values: Vec<_> = headers.get_all(name).iter().collect();
    assert_eq!(values.len(), 1, "{name}");
    String::from_utf8(values[0].as_bytes().to_vec()).unwrap()
}

/// Every identity header is there, once, and says nothing.
fn tells_nobody(answer: &Answer) -> bool {
    NAMES.iter().all(|name| said(answer, name).is_empty())
}
