//! The names that an expression finds, for whoever writes one: what the editor of the interface
//! offers. `prepare` of `countersign-python` decides what may be named; a test keeps both together.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, json};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::json;

/// A name, how it is used, and what it is, in a sentence.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Name {
    pub(crate) name: &'static str,
    /// The call, or nothing for a value.
    pub(crate) signature: &'static str,
    pub(crate) text: &'static str,
    /// Kinds whose expressions have it; all of them where none is named.
    #[serde(skip)]
    places: &'static [&'static str],
}

const POLICY: &str = "authentik_policies_expression.expressionpolicy";
const PROMPT: &str = "authentik_stages_prompt.prompt";
const SCOPE: &str = "authentik_providers_oauth2.scopemapping";
const RADIUS: &str = "authentik_providers_radius.radiusproviderpropertymapping";
const WEBHOOK: &str = "authentik_events.notificationwebhookmapping";

const fn value(name: &'static str, text: &'static str) -> Name {
    Name { name, signature: "", text, places: &[] }
}

const fn call(name: &'static str, signature: &'static str, text: &'static str) -> Name {
    Name { name, signature, text, places: &[] }
}

impl Name {
    const fn at(self, places: &'static [&'static str]) -> Name {
        Name { places, ..self }
    }

    fn is_at(&self, model: &str) -> bool {
        self.places.is_empty() || self.places.contains(&model)
    }
}

pub(crate) const NAMES: &[Name] = &[
    value("request", "What is asked: `.user`, `.context`, `.http_request`, `.obj`."),
    value("user", "The account: `.username`, `.name`, `.email`, `.attributes`, `.ak_groups`."),
    value("context", "What is known beside the account, a dictionary."),
    value("http_request", "The browser's request where there is one: its headers `User-Agent` and `Host`."),
    value("ak_client_ip", "The visitor's address.").at(&[POLICY]),
    value("ak_is_sso_flow", "True where another provider has signed the person in.").at(&[POLICY]),
    call("ak_message", "ak_message(text)", "Says this to the person if the policy refuses.").at(&[POLICY]),
    value("prompt_context", "The answers of the page so far, by field key.").at(&[PROMPT]),
    value("provider", "What the token is for: `provider.application`.").at(&[SCOPE]),
    value("notification", "`.body`, `.severity`, `.event`, `.user`.").at(&[WEBHOOK]),
    value("packet", "The answer: `packet[\"Reply-Message\"] = ...`, a list for several values.").at(&[RADIUS]),
    call(
        "define_attribute",
        "define_attribute(vendor_code, vendor_name, attribute_name, attribute_code, attribute_type)",
        "Makes an attribute of a vendor known, so that `packet` can have it.",
    )
    .at(&[RADIUS]),
    call("ak_is_group_member", "ak_is_group_member(user, name=\"...\")", "True if the account is in that group."),
    call("ak_user_by", "ak_user_by(username=\"...\")", "The account with these fields, or `None`."),
    call(
        "ak_user_has_authenticator",
        "ak_user_has_authenticator(user, device_type=None)",
        "True if the account has a second factor; `device_type` narrows it: static, totp, webauthn, duo, sms, email.",
    ),
    call("ak_call_policy", "ak_call_policy(name, **context)", "The result of another policy: `.passing`, `.messages`."),
    call("ak_create_event", "ak_create_event(action, **fields)", "Writes an event of your own to the log."),
    value("ak_logger", "Writes to the server's log: `ak_logger.info(\"...\")`."),
    call("regex_match", "regex_match(text, pattern)", "True if the pattern is found in the text."),
    call("regex_replace", "regex_replace(text, pattern, with)", "The text with what the pattern finds replaced."),
    call("list_flatten", "list_flatten(value)", "The first item of a list, `None` of an empty one; anything else as it is."),
    call("slugify", "slugify(text)", "The text as a slug."),
    call("ip_address", "ip_address(text)", "An address, to be compared with networks."),
    call("ip_network", "ip_network(text)", "A network: `ak_client_ip in ip_network(\"192.0.2.0/24\")`."),
    call("resolve_dns", "resolve_dns(host, ip_version=None)", "The addresses of a host."),
    call("reverse_dns", "reverse_dns(address)", "Gives back the address in this version."),
    value("requests", "Asks other servers: `requests.get(url)`; public addresses only."),
    value("SkipObject", "Raise it to leave out the object that is mapped."),
];

pub(crate) fn operation() -> Operation {
    Operation::new(
        Method::GET,
        "countersign/expressions/names/",
        "countersign_expressions_names_list",
        Access::authenticated(),
        names,
    )
    .summary("The names that an expression of a kind finds")
    .parameter("model", json!({"type": "string", "description": "The kind, as `app.model`."}))
    .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/ExpressionName"}}))
}

async fn names(call: Call) -> Result<Response, ApiError> {
    let model = call.query.get("model").unwrap_or_default();
    let found: Vec<&Name> = NAMES.iter().filter(|name| name.is_at(model)).collect();
    Ok(json(StatusCode::OK, &serde_json::to_value(found).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{ExpressionError, parse};

    #[test]
    fn every_name_that_is_offered_may_be_used() {
        for Name { name, .. } in NAMES {
            let read = parse(&format!("found = {name}\nreturn found"));
            assert!(!matches!(read, Err(ExpressionError::Syntax(_))), "{name}: {read:?}");
        }
    }

    #[test]
    fn a_place_has_its_own_names_and_the_common_ones() {
        let at = |model: &str| -> Vec<&str> {
            NAMES.iter().filter(|name| name.is_at(model)).map(|name| name.name).collect()
        };
        assert!(at(POLICY).contains(&"ak_message") && at(POLICY).contains(&"slugify"));
        assert!(!at(SCOPE).contains(&"ak_message") && at(PROMPT).contains(&"prompt_context"));
    }
}
