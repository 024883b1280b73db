//! Operations over all sources beside those of any family: icons, and what people connect.

use std::sync::Arc;

use axum::response::Response;
use countersign_catalogue::application::picture;
use countersign_catalogue::doctor::failures;
use countersign_catalogue::media::{Folder, uploaded};
use countersign_core::{
    Access, ApiError, Call, FamilyResource, Operation, Permission, RenderContext, json, with,
};
use countersign_model::{Entry, Family, Input, Kind, Mode, Picture, Target as _};
use countersign_policy::{Engine, Occasion, PolicyRequest, Subject, engine};
use countersign_rest::{Among, Condition, object_schema, part_of_table};
use countersign_store::{SqlValue, Tx};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::connection::{GroupSourceConnection, UserSourceConnection};
use crate::source::{self, Source, icon};

pub(crate) fn family() -> FamilyResource {
    FamilyResource::of::<dyn Source>().computed(compute).narrowed(
        &[("pbm_uuid", "uuid")],
        |call, entry| {
            let asked = call.query.get("pbm_uuid").filter(|text| !text.is_empty());
            asked.is_none_or(|text| {
                let uuid = uuid::Uuid::parse_str(text).ok();
                uuid.is_some() && uuid == entry.id.key.uuid()
            })
        },
    )
}

/// The picture: the one that somebody chose, else that of its sort.
fn compute(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let shown = source::of(entry).and_then(icon);
    map.insert("icon".to_owned(), shown.map(|at| render.cx.url(&at)).into());
}

pub(crate) fn operations(policies: &Engine) -> Vec<Operation> {
    let change = || Access::on(Permission::change(<dyn Source as Family>::META));
    vec![
        Operation::new(
            Method::POST,
            "sources/all/{slug}/set_icon/",
            "sources_all_set_icon_create",
            change(),
            |call: Call| async move {
                let icon = uploaded(&call, Folder::SourceIcons).await?;
                put_icon(&call, icon).await
            },
        )
        .form("FileUploadRequest")
        .response(json!({}))
        .refuses_empty(&["400"]),
        Operation::new(
            Method::POST,
            "sources/all/{slug}/set_icon_url/",
            "sources_all_set_icon_url_create",
            change(),
            set_icon_url,
        )
        .request("FilePathRequest")
        .response(json!({})),
        Operation::new(
            Method::GET,
            "sources/all/user_settings/",
            "sources_all_user_settings_list",
            Access::authenticated(),
            with(policies, user_settings),
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UserSetting"}})),
        Operation::new(
            Method::GET,
            "countersign/sources/{slug}/failures/",
            "countersign_sources_failures_list",
            Access::on(Permission::view(<dyn Source as Family>::META)),
            |call: Call| async move {
                let entry = call.entry()?;
                let path = format!("{}/{}", entry.meta().path, call.param("slug"));
                Ok(json(StatusCode::OK, &failures(&call.cx, entry.id, &path).await?))
            },
        )
        .summary("Exchanges with a source that failed in the last week: why, and what to change.")
        .response(
            json!({"type": "array", "items": {"$ref": "#/components/schemas/ExchangeFailure"}}),
        ),
    ]
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let connection = || object_schema(&[("source_obj", "#Source")]);
    vec![
        ("Source", object_schema(&[("icon", "string?")])),
        (
            "UserSourceConnection",
            object_schema(&[("source_obj", "#Source"), ("from_directory", "boolean")]),
        ),
        ("GroupSourceConnection", connection()),
    ]
}

/// Sets the icon to what a picture's address may be; `clear` takes it away.
async fn set_icon_url(call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let cleared = body.get("clear").and_then(Value::as_bool) == Some(true);
    let url = body
        .get("url")
        .filter(|url| !cleared && url.as_str().is_some_and(|url| !url.trim().is_empty()));
    if url.is_none() && !cleared {
        return Err(ApiError::Empty(StatusCode::BAD_REQUEST));
    }
    put_icon(&call, url.map(picture).transpose()?).await
}

async fn put_icon(call: &Call, icon: Option<Picture>) -> Result<Response, ApiError> {
    let (id, model) = (call.entry()?.id, call.entry()?.meta().model);
    let kind = call.cx.registry().kind(model).cloned();
    let kind = kind.ok_or_else(|| ApiError::not_found("Source"))?;
    let icon = icon.map_or(Value::Null, |icon| icon.to_string().into());
    let body = Map::from_iter([("icon".to_owned(), icon)]);
    let write = move |tx: &mut Tx<'_>| {
        let base = tx.graph().entry(id).cloned().ok_or_else(|| ApiError::not_found("Source"))?;
        let input =
            Input { map: &body, mode: Mode::Patch, entropy: tx.entropy(), privileged: true };
        let object = kind.parse(&input, Some(&*base.object))?;
        tx.draft().put_object(id, object);
        Ok::<_, ApiError>(())
    };
    call.cx.store.write(call.actor(), "source icon set", write).await?;
    Ok(json(StatusCode::OK, &json!({})))
}

/// The sources that the caller may connect, by name: those whose policies let them.
async fn user_settings(policies: Engine, call: Call) -> Result<Response, ApiError> {
    let user = call.user()?.clone();
    let subject = Subject::of(&user, call.cx.uid(user.pk));
    let host = policies.host(&call.cx, Some(&call.request));
    let mut listed = Vec::new();
    for entry in call.snapshot.entries(<dyn Source>::SPACE) {
        let Some(source) = source::of(entry).filter(|source| source.shared().enabled) else {
            continue;
        };
        let Some(path) = source.login_path() else { continue };
        let shared = source.shared();
        let asked = PolicyRequest {
            snapshot: &call.snapshot,
            clock: &*call.cx.clock,
            host: &host,
            user: Some(&subject),
            occasion: Occasion::Application(None),
            target: None,
            name: "",
        };
        let own = entry.id.key.uuid().unwrap_or_default();
        if !engine::decide(&asked, own, shared.policy_engine_mode).await?.passing {
            continue;
        }
        let mut setting = json!({
            "object_uid": shared.slug,
            "component": source.settings_component(),
            "title": shared.name,
            "configure_url": call.cx.url(&path),
        });
        if let (Some(icon), Value::Object(map)) = (icon(source), &mut setting) {
            map.insert("icon_url".to_owned(), call.cx.url(&icon).into());
        }
        listed.push((shared.name.to_lowercase(), setting));
    }
    listed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let listed: Vec<Value> = listed.into_iter().map(|(_, setting)| setting).collect();
    Ok(json(StatusCode::OK, &Value::Array(listed)))
}

/// The connections of one kind of sources at addresses of their own, as
/// `sources/user_connections/saml` and `sources/group_connections/saml`.
#[must_use]
pub fn connections<S: Kind>(users: &'static str, groups: &'static str) -> Vec<Operation> {
    const ALL: &[&str] =
        &["list", "create", "retrieve", "update", "partial_update", "destroy", "used_by"];
    let among: Among = Arc::new(|call| of_kind(call, S::META.model));
    let mut operations = part_of_table::<UserSourceConnection>(users, ALL, among.clone());
    operations.extend(part_of_table::<GroupSourceConnection>(groups, ALL, among));
    operations
}

/// The rows whose source is of a kind.
fn of_kind(call: &Call, model: &str) -> Condition {
    let all = call.snapshot.entries(<dyn Source>::SPACE);
    let keys: Vec<SqlValue> =
        all.filter(|entry| entry.meta().model == model).map(|entry| entry.id.key.into()).collect();
    if keys.is_empty() {
        return ("1 = 0".to_owned(), Vec::new());
    }
    (format!("t.source IN ({})", vec!["?"; keys.len()].join(", ")), keys)
}
