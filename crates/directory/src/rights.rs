//! `countersign/rights/`: what an account may do, model by model, so that an interface offers what
//! can be used. The rights are asked again when it is.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Held, Operation, Permission, json};
use countersign_rest::{object_schema, sees_account};
use countersign_store::Sql;
use http::{Method, StatusCode};
use serde_json::{Value, json as value};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "countersign/rights/",
            "countersign_rights_retrieve",
            Access::authenticated(),
            rights,
        )
        .summary("What the caller may do, or an account that it may view.")
        .parameter("user", value!({"type": "integer"}))
        .response("Rights"),
    ]
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let of_model = object_schema(&[("title", "string"), ("all", "[string]"), ("some", "[string]")]);
    let models = value!({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/RightsOfModel"}});
    let rights = value!({
        "type": "object",
        "required": ["user", "everything", "models"],
        "properties": {"user": {"type": "integer"}, "everything": {"type": "boolean"}, "models": models},
    });
    vec![("RightsOfModel", of_model), ("Rights", rights)]
}

/// What is held on all objects of a model, and what on some.
#[derive(Default, Clone)]
struct OfModel {
    all: BTreeSet<&'static str>,
    some: BTreeSet<&'static str>,
}

async fn rights(call: Call) -> Result<Response, ApiError> {
    let user = match call.query.get("user").filter(|text| !text.is_empty()) {
        None => call.user()?.clone(),
        Some(text) => {
            let missing = || ApiError::not_found("User");
            let pk: i64 = text.parse().map_err(|_| missing())?;
            if !sees_account(&call, pk).await? {
                return Err(missing());
            }
            let read = move |sql: &mut Sql<'_>| countersign_accounts::identity(sql, pk);
            call.cx.store.read(read).await?.ok_or_else(missing)?.into()
        }
    };
    let (pk, snapshot) = (user.pk, call.snapshot.clone());
    let read = move |sql: &mut Sql<'_>| countersign_accounts::held(sql, &user, &snapshot);
    let held = call.cx.store.read(read).await?;
    let models: Value = by_model(&call, &held)
        .into_iter()
        .map(|(model, of)| {
            let title = call.cx.declared(model).map_or("", |declared| declared.meta().title);
            let some: Vec<&str> = of.some.difference(&of.all).copied().collect();
            (model.to_owned(), value!({"title": title, "all": of.all, "some": some}))
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    let answer = value!({"user": pk, "everything": held.everything, "models": models});
    Ok(json(StatusCode::OK, &answer))
}

/// What is held, by model. What is held on a family is held on its members, and what is held on
/// members on some of the family.
fn by_model(call: &Call, held: &Held) -> BTreeMap<&'static str, OfModel> {
    let mut found: BTreeMap<&'static str, OfModel> = BTreeMap::new();
    for permission in &held.global {
        found.entry(permission.model()).or_default().all.insert(permission.verb());
    }
    let objects = held.objects.iter().map(|(permission, _)| *permission);
    let rows = held.rows.iter().map(|(permission, _)| *permission);
    for permission in objects.chain(rows).collect::<BTreeSet<Permission>>() {
        found.entry(permission.model()).or_default().some.insert(permission.verb());
    }
    let own = found.clone();
    for kind in call.cx.registry().kinds() {
        let Some(family) = kind.meta.family else { continue };
        if let Some(of) = own.get(family.model) {
            let member = found.entry(kind.meta.model).or_default();
            member.all.extend(of.all.iter().filter(|verb| **verb != "add"));
            member.some.extend(&of.some);
        }
        if let Some(of) = own.get(kind.meta.model) {
            let of_family = found.entry(family.model).or_default();
            of_family.some.extend(of.all.iter().chain(&of.some));
        }
    }
    found
}
