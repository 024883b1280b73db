//! Objects as lists and answers hold them: found, filtered, ordered, rendered.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use countersign_core::resource::{Searched, Visible};
use countersign_core::{
    ApiError, Call, Context, Page, Permission, RenderContext, Rights, envelope, json, no_content,
    plain,
};
use countersign_model::{Entry, FieldMeta, Key, KindMeta, ObjectId, Problem, SortKey, Space};
use countersign_store::{Sql, StoreError};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use crate::table::reached_of;
use crate::values::{Filter, search};
use crate::{effective, secrets};

/// An object as it is now, answered as its kind's resource does.
///
/// # Errors
/// 404 when it is gone.
pub async fn answer(call: &Call, id: ObjectId) -> Result<Response, ApiError> {
    let snapshot = call.cx.snapshot();
    let entry = snapshot
        .entry(id)
        .cloned()
        .ok_or_else(|| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
    one(&Call { snapshot, ..call.clone() }, StatusCode::OK, entry, rendered).await
}

pub(crate) async fn destroy(
    call: &Call,
    id: ObjectId,
    title: &'static str,
) -> Result<Response, ApiError> {
    let moved = call.clone();
    call.cx
        .store
        .write(call.actor(), format!("deleted over the API: {title}"), move |tx| {
            let base = tx.graph().entry(id).cloned().ok_or_else(|| ApiError::not_found(title))?;
            as_read(&moved, &etag(&base))?;
            tx.draft().delete(id).map_err(ApiError::from)
        })
        .await?;
    Ok(no_content())
}

/// How an object becomes an answer.
pub(crate) type Render = fn(&RenderContext<'_>, &Entry) -> Value;

/// What a list is made from.
pub(crate) struct Listed {
    pub(crate) entries: Vec<Arc<Entry>>,
    /// They stand in the order of their kind.
    pub(crate) ordered: bool,
    pub(crate) searched: Option<Searched>,
}

pub(crate) async fn list(
    call: &Call,
    meta: &'static KindMeta,
    listed: Listed,
    visible: Option<&Visible>,
    render: Render,
) -> Result<Response, ApiError> {
    let (filters, needle) = (filters(call, meta)?, call.query.get("search").unwrap_or_default());
    let wanted_key = asked_key(call, meta)?;
    let Listed { mut entries, ordered, searched } = listed;
    let found = |entry: &Entry| match searched {
        Some(texts) if !needle.is_empty() => search(needle, &texts(entry, &call.snapshot)),
        _ => found(needle, entry, meta),
    };
    entries.retain(|entry| {
        wanted_key.is_none_or(|key| entry.id.key == key)
            && filters.iter().all(|f| f.fits(entry))
            && found(entry)
    });
    let order = ordering(call.query.get("ordering").unwrap_or_default(), meta);
    if !(ordered && order == meta.ordering) {
        sort(&mut entries, &order);
    }
    if let Some(visible) = visible {
        entries = visible(call.clone(), entries).await?;
    }
    let page = Page::read(&call.query, usize::MAX)?;
    page.check(entries.len())?;
    let part: Vec<Arc<Entry>> =
        entries.iter().skip(page.offset()).take(page.size).cloned().collect();
    let results = render_all(call, part, render).await?;
    Ok(json(StatusCode::OK, &envelope(page, entries.len(), results)))
}

/// Whether a list is asked for as a whole, in its own order.
pub(crate) fn wants_all(call: &Call, meta: &'static KindMeta) -> Result<bool, ApiError> {
    let searched = call.query.get("search").is_some_and(|needle| !needle.is_empty());
    let order = ordering(call.query.get("ordering").unwrap_or_default(), meta);
    Ok(!searched
        && filters(call, meta)?.is_empty()
        && asked_key(call, meta)?.is_none()
        && order == meta.ordering)
}

fn filters<'a>(call: &'a Call, meta: &'static KindMeta) -> Result<Vec<Filter<'a>>, ApiError> {
    let mut filters: Vec<Filter<'a>> = Vec::new();
    for (name, value) in call.query.iter().filter(|(_, v)| !v.is_empty()) {
        let (name, null) = name.strip_suffix("__isnull").map_or((name, false), |name| (name, true));
        let asked = |field: &&FieldMeta| if null { field.filter_null } else { field.filter };
        // What a list does not know does not narrow it, as in the original.
        let Some(field) = meta.field(name).filter(asked).filter(|field| !field.is_secret()) else {
            continue;
        };
        match filters.iter_mut().find(|f| f.field.name == field.name && f.null == null) {
            Some(filter) => filter.wanted.push(value),
            None => filters.push(Filter { field, null, wanted: vec![value] }),
        }
    }
    for filter in &filters {
        filter.check()?;
    }
    Ok(filters)
}

/// The key a list is asked for by its name in item paths, as `stage_uuid`.
fn asked_key(call: &Call, meta: &'static KindMeta) -> Result<Option<Key>, ApiError> {
    let Some(text) = call
        .query
        .get(meta.lookup)
        .filter(|text| !text.is_empty() && meta.lookup.ends_with("_uuid"))
    else {
        return Ok(None);
    };
    let key = Key::parse(text, meta.key).ok_or_else(|| {
        ApiError::field(meta.lookup, Problem::new("invalid", "Enter a valid UUID."))
    })?;
    Ok(Some(key))
}

/// Whether an object is one of those searched for. Kinds without a text to search in are not
/// searched, as in the original.
fn found(needle: &str, entry: &Entry, meta: &KindMeta) -> bool {
    if needle.is_empty() {
        return true;
    }
    let texts: Vec<String> = meta
        .fields
        .iter()
        .filter(|field| field.search)
        .filter_map(|f| entry.object.value(f.name))
        .map(|value| plain(&value))
        .collect();
    texts.is_empty() || search(needle, &texts)
}

/// The fields that lists are ordered by, `-` before those that go down.
fn ordering<'a>(asked: &'a str, meta: &'static KindMeta) -> Vec<&'a str> {
    let known = |name: &&str| {
        let name = name.trim_start_matches('-');
        name == "pk" || meta.field(name).is_some_and(|f| !f.is_secret())
    };
    let mut keys: Vec<&str> =
        asked.split(',').map(str::trim).filter(|n| !n.is_empty()).filter(known).collect();
    if keys.is_empty() {
        keys = meta.ordering.to_vec();
    }
    keys
}

/// One of the things a list is ordered by, upwards or downwards.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Up(Option<ObjectId>, SortKey),
    Down(Reverse<(Option<ObjectId>, SortKey)>),
}

fn sort(entries: &mut [Arc<Entry>], order: &[&str]) {
    entries.sort_by_cached_key(|entry| {
        let by = |key: &&str| {
            let (name, down) = key.strip_prefix('-').map_or((*key, false), |name| (name, true));
            let id = (name == "pk").then_some(entry.id);
            let value = SortKey::from(entry.object.value(name));
            if down { By::Down(Reverse((id, value))) } else { By::Up(id, value) }
        };
        (order.iter().map(by).collect::<Vec<By>>(), entry.id)
    });
}

pub(crate) async fn one(
    call: &Call,
    status: StatusCode,
    entry: Arc<Entry>,
    render: Render,
) -> Result<Response, ApiError> {
    let tag = etag(&entry);
    let mut rendered = render_all(call, vec![entry], render).await?;
    Ok(tagged(json(status, &rendered.pop().unwrap_or_default()), &tag))
}

/// An answer that says what it is an answer of, for `If-Match`.
pub(crate) fn tagged(mut response: Response, tag: &str) -> Response {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

pub(crate) fn etag(entry: &Entry) -> String {
    format!("\"{}\"", entry.revision)
}

/// Refuses an edit of what is no longer as the caller read it: `If-Match` names none of its tags
/// (RFC 9110, section 13.1.1).
pub(crate) fn as_read(call: &Call, tag: &str) -> Result<(), ApiError> {
    let Some(wanted) = call.headers.get(header::IF_MATCH) else { return Ok(()) };
    let mut wanted = wanted.to_str().unwrap_or_default().split(',').map(str::trim);
    if wanted.any(|wanted| wanted == "*" || wanted == tag) {
        Ok(())
    } else {
        let text = "The object has changed since it was read: read it again.";
        Err(ApiError::detail(StatusCode::PRECONDITION_FAILED, text))
    }
}

/// Renders objects, with the users and groups they name read in one go, as far as the caller may
/// view those.
pub(crate) async fn render_all(
    call: &Call,
    entries: Vec<Arc<Entry>>,
    render: Render,
) -> Result<Vec<Value>, ApiError> {
    let mut named: Vec<ObjectId> = Vec::new();
    for entry in &entries {
        entry.object.visit_refs(&mut |_, id| named.push(id));
    }
    named.retain(|id| call.cx.row_renderer(id.space).is_some());
    named.sort_unstable();
    named.dedup();
    let rows = if named.is_empty() {
        HashMap::new()
    } else {
        let (cx, rights, snapshot) = (call.cx.clone(), call.caller.clone(), call.snapshot.clone());
        call.cx
            .store
            .read(move |sql| {
                let mut rows = HashMap::new();
                for of_space in named.chunk_by(|a, b| a.space == b.space) {
                    let Some(space) = of_space.first().map(|id| id.space) else { continue };
                    let seen = seen(sql, &cx, rights.rights(&snapshot), space, of_space)?;
                    if let Some(render) = cx.row_renderer(space) {
                        rows.extend(render(sql, &cx, &seen)?);
                    }
                }
                Ok::<_, StoreError>(rows)
            })
            .await?
    };
    let context = RenderContext {
        cx: &call.cx,
        snapshot: &call.snapshot,
        caller: &call.caller,
        request: &call.request,
        query: &call.query,
        rows: &rows,
    };
    Ok(entries.iter().map(|entry| render(&context, entry)).collect())
}

/// Of the rows of a space those that may be viewed.
fn seen(
    sql: &mut Sql<'_>,
    cx: &Context,
    rights: Rights<'_>,
    space: Space,
    rows: &[ObjectId],
) -> Result<Vec<ObjectId>, StoreError> {
    let of_space = cx.tables().map(|table| table.meta);
    let table = of_space.into_iter().find(|table| table.kind.is_some_and(|k| k.space == space));
    let Some((table, kind)) = table.and_then(|table| Some((table, table.kind?))) else {
        return Ok(Vec::new());
    };
    let reach = rights.reach(Permission::view(kind), Some(table));
    if reach.is_all() {
        return Ok(rows.to_vec());
    }
    let keys: Vec<Key> = rows.iter().map(|id| id.key).collect();
    let seen = reached_of(sql, table, &reach, &keys)?;
    Ok(rows.iter().filter(|id| seen.contains(&id.key)).copied().collect())
}

/// An object inside another one that names it: whole for who may view it, else what all members of
/// its family have.
pub fn embedded(context: &RenderContext<'_>, entry: &Entry) -> Value {
    if context.rights().see(entry.meta(), entry.id) {
        rendered(context, entry)
    } else {
        rendered_member(context, entry)
    }
}

/// An object as the API answers it, computed fields included.
pub fn rendered(context: &RenderContext<'_>, entry: &Entry) -> Value {
    let mut map = answered(context, entry, entry.meta());
    for compute in context.cx.resource(entry.meta()).iter().flat_map(|kind| &kind.computed) {
        compute(entry, context, &mut map);
    }
    Value::Object(map)
}

/// Of an object what all members of its family have.
pub fn rendered_member(context: &RenderContext<'_>, entry: &Entry) -> Value {
    let meta = entry.meta();
    Value::Object(answered(context, entry, meta.family.unwrap_or(meta)))
}

/// Key, names and fields of an object, those that `of` declares, and what its family computes.
fn answered(context: &RenderContext<'_>, entry: &Entry, of: &KindMeta) -> Map<String, Value> {
    let meta = entry.meta();
    let key = context.cx.resource(meta).map_or("pk", |kind| kind.key_name);
    let may_change = context.rights().on(Permission::change(meta), entry.id);
    let fields = secrets::answered(meta, entry.object.values(), may_change, context.query);
    let mut map = Map::new();
    map.insert(key.to_owned(), entry.id.key.to_json());
    map.extend(fields.into_iter().filter(|(name, _)| of.field(name).is_some()));
    if !meta.component.is_empty() {
        map.insert("component".to_owned(), meta.component.into());
        map.insert("verbose_name".to_owned(), meta.title.into());
        map.insert("verbose_name_plural".to_owned(), meta.plural.into());
        map.insert("meta_model_name".to_owned(), meta.model.into());
    }
    for compute in context.cx.family(meta).iter().flat_map(|family| &family.computed) {
        compute(entry, context, &mut map);
    }
    if effective::is_asked(context.query) {
        map.insert("effective".to_owned(), effective::on_object(context.rights(), entry));
    }
    map
}
