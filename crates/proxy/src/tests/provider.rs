//! What can be saved can be run.

use countersign_model::{Draft, EditError, FieldErrors, ObjectId, Snapshot, Target as _};
use serde_json::{Value, json};

use super::settings;
use crate::ProxyProvider;

/// What is said of a provider beside another one.
fn problems(with: Value) -> Value {
    let mut draft = Draft::new(&Snapshot::default());
    draft.put(1, settings("other", json!({"external_host": "https://other.test"})));
    let own = settings("own", with);
    let mut errors = FieldErrors::new();
    own.check(&draft, ObjectId::new(ProxyProvider::SPACE, 2.into()), &mut errors);
    errors.to_json()
}

#[test]
fn what_cannot_be_run_is_not_saved() {
    let invalid = |field: &str, text: &str| json!({field: [text]});
    let host = "https://app.test";
    for (with, expected) in [
        (json!({"external_host": host}), json!({})),
        (json!({"external_host": "https://app.test:8443/wiki/"}), json!({})),
        (
            json!({"external_host": host, "mode": "proxy"}),
            invalid(
                "internal_host",
                "Internal host cannot be empty when forward auth is disabled.",
            ),
        ),
        (
            json!({"external_host": host, "mode": "proxy", "internal_host": "http://10.0.0.1"}),
            json!({}),
        ),
        (
            json!({"external_host": host, "basic_auth_enabled": true, "basic_auth_user_attribute": "u"}),
            invalid(
                "basic_auth_enabled",
                "User and password attributes must be set when basic auth is enabled.",
            ),
        ),
        (
            json!({"external_host": "https://a@app.test"}),
            invalid("external_host", "Enter a valid URL."),
        ),
        (
            json!({"external_host": "http://OTHER.test:80/x"}),
            invalid("external_host", "The provider \"other\" answers for this host."),
        ),
        (
            json!({"external_host": host, "mode": "forward_domain"}),
            invalid("cookie_domain", "At domain level a domain is needed, as company.example."),
        ),
        (
            json!({"external_host": host, "mode": "forward_domain", "cookie_domain": ".test"}),
            json!({}),
        ),
        (
            json!({"external_host": host, "cookie_domain": "example.test"}),
            invalid(
                "cookie_domain",
                "The external host is not within this domain: browsers would refuse the cookie.",
            ),
        ),
        (
            json!({"external_host": host, "cookie_domain": "test; Path=/x"}),
            invalid("cookie_domain", "Enter a domain, as company.example."),
        ),
    ] {
        assert_eq!(problems(with.clone()), expected, "{with}");
    }
}

#[test]
fn expressions_that_cannot_be_compiled_are_not_saved() {
    let wrong = std::panic::catch_unwind(|| {
        settings("own", json!({"external_host": "https://app.test", "skip_path_regex": "^/a\n(b"}))
    });
    let text = wrong.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(*text, "{\"skip_path_regex\":[\"This is no regular expression: (b\"]}");
}

#[test]
fn a_client_id_is_one_clients() {
    let mut draft = Draft::new(&Snapshot::default());
    let named = |name: &str, host: &str| {
        settings(name, json!({"external_host": format!("https://{host}"), "client_id": "same"}))
    };
    draft.put(1, named("one", "one.test"));
    draft.put(2, named("two", "two.test"));
    let Err(EditError::Invalid { errors, .. }) = draft.finish(&mut |_| true) else {
        panic!("two clients of one id")
    };
    assert!(errors.to_json().get("client_id").is_some(), "{}", errors.to_json());
}
