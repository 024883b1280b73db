//! What outposts of the original ask: which providers there are, and what somebody may see.

use axum::response::Response;
use countersign_catalogue::Application;
use countersign_core::{Access, ApiError, Call, Operation, Page, Permission, envelope, json, with};
use countersign_flow::{Flow, Flows};
use countersign_model::{ChoiceValue as _, FieldValue as _, Fields as _, Key, Ref, Target as _};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::binds::may_search;
use crate::provider::{LdapProvider, application};

/// The most that one page holds.
const MOST: usize = 1_000;

pub(crate) fn operations(flows: &Flows) -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "outposts/ldap/",
            "outposts_ldap_list",
            Access::on(Permission::view(LdapProvider::META)),
            list,
        )
        .summary("The providers that outposts answer for")
        .pages_of("LDAPOutpostConfig")
        .parameter("name", json!({"type": "string"}))
        .parameter("search", json!({"type": "string"})),
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

/// Providers that have an application.
async fn list(call: Call) -> Result<Response, ApiError> {
    let page = Page::read(&call.query, MOST)?;
    let fits = |provider: &LdapProvider| {
        let name = call.query.get("name").filter(|name| !name.is_empty());
        let search = call.query.get("search").unwrap_or_default().to_lowercase();
        name.is_none_or(|name| provider.name == name)
            && provider.name.to_lowercase().contains(&search)
    };
    let mut all: Vec<_> = call
        .snapshot
        .entries(LdapProvider::SPACE)
        .filter(|entry| call.reach.has(entry))
        .filter_map(|entry| Some((entry.id, entry.cast::<LdapProvider>()?)))
        .filter(|(_, provider)| fits(provider))
        .filter_map(|(id, provider)| {
            let (_, application) = application(Ref::new(id.key), &call.snapshot)?;
            Some((id, provider, application))
        })
        .collect();
    all.sort_by(|(_, a, _), (_, b, _)| a.name.cmp(&b.name));
    page.check(all.len())?;
    let slug = |flow: Ref<Flow>| call.snapshot.get(flow).map(|flow| flow.slug.to_string());
    let shown = |(id, provider, application): &(_, &LdapProvider, &Application)| {
        let id: &countersign_model::ObjectId = id;
        json!({
            "pk": id.key.to_json(),
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
    };
    let count = all.len();
    let results = all.iter().skip(page.offset()).take(page.size).map(shown).collect();
    Ok(json(StatusCode::OK, &envelope(page, count, results)))
}

/// An outpost asks with the session of whoever it has just signed in.
async fn check_access(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let not_found = || ApiError::not_found("LDAPProvider");
    let id = call.param("id").parse::<i64>().map(Key::Int).map_err(|_| not_found())?;
    let reference = Ref::<LdapProvider>::new(id);
    call.snapshot.get(reference).ok_or_else(not_found)?;
    let slug = call.query.get("app_slug").unwrap_or_default();
    let named = call.snapshot.find::<Application>("slug", slug);
    let (application, _) = named.ok_or_else(|| ApiError::not_found("Application"))?;
    let (cx, user) = (flows.over(&call.cx), call.user()?);
    let policies = cx.policies();
    let decision = policies.application(&cx, &call.request, user, application, None).await?;
    let access = json!({
        "passing": decision.passing, "messages": decision.messages, "log_messages": [],
    });
    let has_search_permission = may_search(user, &call.snapshot, reference);
    let answer = json!({"has_search_permission": has_search_permission, "access": access});
    Ok(json(StatusCode::OK, &answer))
}
