//! What outposts of the original ask: which providers there are, and what somebody may see.

use std::sync::Arc;

use axum::response::Response;
use countersign_catalogue::outposts::{Attached, asked_access, outpost_list};
use countersign_core::{Access, ApiError, Call, Operation, json, with};
use countersign_flow::{Flow, Flows};
use countersign_model::{ChoiceValue as _, FieldValue as _, Fields as _, Key, Ref};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::binds::may_search;
use crate::provider::{LdapProvider, application};

pub(crate) fn operations(flows: &Flows) -> Vec<Operation> {
    vec![
        outpost_list(
            "ldap",
            LdapProvider::META,
            "LDAPOutpostConfig",
            application,
            Arc::new(|call, attached| {
                Box::pin(std::future::ready(Ok(configured(&call, &attached))))
            }),
        ),
        Operation::new(
            Method::GET,
            "outposts/ldap/{id}/check_access/",
            "outposts_ldap_access_check",
            Access::authenticated(),
            with(flows, check_access),
        )
        .summary("Whether the caller may bind, and whom a search may find")
        .parameter("app_slug", json!({"type": "string"}))
        .response("LDAPCheckAccess"),
    ]
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "LDAPOutpostConfig",
            object_schema(&[
                ("pk", "integer"),
                ("name", "string"),
                ("base_dn?", "string"),
                ("bind_flow_slug", "string"),
                ("unbind_flow_slug", "string?"),
                ("application_slug", "string"),
                ("certificate?", "uuid?"),
                ("tls_server_name?", "string"),
                ("uid_start_number?", "integer"),
                ("gid_start_number?", "integer"),
                ("search_mode?", "string"),
                ("bind_mode?", "string"),
                ("mfa_support?", "boolean"),
            ]),
        ),
        (
            "LDAPCheckAccess",
            object_schema(&[
                ("has_search_permission?", "boolean"),
                ("access", "#PolicyTestResult"),
            ]),
        ),
        ("LDAPProvider", object_schema(&[("outpost_set", "[string]")])),
    ]
}

/// A provider with all that an outpost answers for it by.
fn configured(call: &Call, Attached { entry, application }: &Attached) -> Value {
    let Some(provider) = entry.cast::<LdapProvider>() else { return Value::Null };
    let slug = |flow: Ref<Flow>| call.snapshot.get(flow).map(|flow| flow.slug.to_string());
    json!({
        "pk": entry.id.key.to_json(),
        "name": provider.name,
        "base_dn": provider.base_dn,
        "bind_flow_slug": slug(provider.authorization_flow),
        "unbind_flow_slug": provider.invalidation_flow.0.and_then(slug),
        "application_slug": &*application.slug,
        "certificate": provider.certificate.to_json(),
        "tls_server_name": provider.tls_server_name,
        "uid_start_number": provider.uid_start_number,
        "gid_start_number": provider.gid_start_number,
        "search_mode": provider.search_mode.value(),
        "bind_mode": provider.bind_mode.value(),
        "mfa_support": provider.mfa_support,
    })
}

/// An outpost asks with the session of whoever it has just signed in.
async fn check_access(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let not_found = || ApiError::not_found("LDAPProvider");
    let id = call.param("id").parse::<i64>().map(Key::Int).map_err(|_| not_found())?;
    let reference = Ref::<LdapProvider>::new(id);
    call.snapshot.get(reference).ok_or_else(not_found)?;
    let (_, decision) = asked_access(flows.over(&call.cx).policies(), &call).await?;
    let may_search = may_search(call.user()?, &call.snapshot, reference);
    let answer = json!({"has_search_permission": may_search, "access": decision.answer()});
    Ok(json(StatusCode::OK, &answer))
}
