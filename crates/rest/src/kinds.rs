//! The generic resource over kinds: create, read, change, delete, list, from the declaration alone.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use countersign_model::{
    Entry, FieldMeta, Key, Kind, KindDef, KindMeta, Mode, ObjectId, Problem, Snapshot, SortKey,
    Space,
};
use countersign_store::StoreError;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::call::{Call, Query};
use crate::error::ApiError;
use crate::history::dated;
use crate::identity::Caller;
use crate::module::{Access, Operation};
use crate::page::{Page, envelope};
use crate::references::with_missing;
use crate::request::RequestInfo;
use crate::response::{json, no_content};
use crate::values::{Filter, plain, search};
use crate::{BoxFuture, Context};
use crate::{openapi, secrets, single, used_by};

/// What a computed field is made from, besides its object.
pub struct RenderContext<'a> {
    pub cx: &'a Context,
    pub snapshot: &'a Snapshot,
    pub caller: &'a Caller,
    pub request: &'a RequestInfo,
    pub query: &'a Query,
    /// Users and groups that the objects of this answer name.
    pub rows: &'a HashMap<ObjectId, Value>,
}

type Compute = fn(&Entry, &RenderContext<'_>, &mut Map<String, Value>);
/// How the original prints an object, as where others use it.
pub type Display = fn(&Entry) -> String;
/// The texts an object is searched by.
type Searched = fn(&Entry, &Snapshot) -> Vec<String>;
/// Whether an object stays in the list that a call asks for.
type Narrow = fn(&Call, &Entry) -> bool;
type Admit = fn(Call, Map<String, Value>) -> BoxFuture<Result<(), ApiError>>;
/// Whether a caller sees every object of the kind.
type SeesAll = fn(&Call) -> bool;
type Visible = fn(Call, Vec<Arc<Entry>>) -> BoxFuture<Result<Vec<Arc<Entry>>, ApiError>>;

/// A kind with its API.
#[derive(Clone)]
pub struct KindResource {
    pub def: KindDef,
    pub(crate) key_name: &'static str,
    pub(crate) computed: Vec<Compute>,
    visible: Option<(SeesAll, Visible)>,
    admit: Option<Admit>,
    single: Option<single::Rights>,
    pub(crate) display: Option<Display>,
    parameters: &'static [(&'static str, &'static str)],
    narrow: Option<Narrow>,
    searched: Option<Searched>,
    dated: bool,
}

impl KindResource {
    pub fn of<T: Kind>() -> KindResource {
        KindResource {
            def: KindDef::of::<T>(),
            key_name: "pk",
            computed: Vec::new(),
            visible: None,
            admit: None,
            single: None,
            display: None,
            parameters: &[],
            narrow: None,
            searched: None,
            dated: false,
        }
    }

    /// There is one object, read and changed at the kind's path itself.
    #[must_use]
    pub fn single(mut self, view: Access, change: Access) -> KindResource {
        self.single = Some(single::Rights { view, change });
        self
    }

    #[must_use]
    pub fn def(mut self, change: impl FnOnce(KindDef) -> KindDef) -> KindResource {
        self.def = change(self.def);
        self
    }

    /// The name the key has in answers, where it is not `pk`.
    #[must_use]
    pub const fn key_name(mut self, name: &'static str) -> KindResource {
        self.key_name = name;
        self
    }

    /// Adds read-only fields made from the object and its surroundings.
    #[must_use]
    pub fn computed(mut self, compute: Compute) -> KindResource {
        self.computed.push(compute);
        self
    }

    /// What lists can be narrowed by beyond fields: for the document, with the types of
    /// [`crate::object_schema`], and what stays.
    #[must_use]
    pub const fn narrowed(
        mut self,
        parameters: &'static [(&'static str, &'static str)],
        filter: Narrow,
    ) -> KindResource {
        self.parameters = parameters;
        self.narrow = Some(filter);
        self
    }

    /// What lists are searched by where it is not a text of the object itself.
    #[must_use]
    pub const fn searched(mut self, searched: Searched) -> KindResource {
        self.searched = Some(searched);
        self
    }

    /// Lists can be narrowed by when objects were made and last changed.
    #[must_use]
    pub const fn dated(mut self) -> KindResource {
        self.dated = true;
        self
    }

    #[must_use]
    pub const fn display(mut self, display: Display) -> KindResource {
        self.display = Some(display);
        self
    }

    /// Lists and items are for any signed-in account, which sees what `visible` leaves it unless it
    /// sees all. Queries have parameters that say so.
    #[must_use]
    pub const fn visible(
        mut self,
        parameters: &'static [(&'static str, &'static str)],
        sees_all: SeesAll,
        visible: Visible,
    ) -> KindResource {
        self.parameters = parameters;
        self.visible = Some((sees_all, visible));
        self
    }

    /// Bodies of creations and changes are looked at by this function first, which may ask the
    /// world outside.
    #[must_use]
    pub const fn admit(mut self, admit: Admit) -> KindResource {
        self.admit = Some(admit);
        self
    }

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
        one(&Call { snapshot, ..call.clone() }, StatusCode::OK, entry, None).await
    }

    pub const fn meta(&self) -> &'static KindMeta {
        self.def.meta
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        let meta = self.def.meta;
        if let Some(rights) = &self.single {
            return single::operations(&self.def, rights);
        }
        let (list, item) =
            (format!("{}/", meta.path), format!("{}/{{{}}}/", meta.path, meta.lookup));
        let id = |verb: &str| format!("{}_{verb}", meta.path.replace(['/', '-'], "_"));
        let access = |verb: &str| Access::permission(meta.app(), verb, meta.model_name());
        let view = if self.visible.is_some() { Access::Authenticated } else { access("view") };
        let schema = meta.schema;
        let this = Arc::new(self.clone());
        let with = |run: fn(Arc<KindResource>, Call) -> BoxFuture<Result<Response, ApiError>>| {
            let this = this.clone();
            move |call: Call| run(this.clone(), call)
        };
        let patched = format!("Patched{schema}Request");
        let request = format!("{schema}Request");
        let dates: &[(&str, &str)] = if self.dated { &dated::PARAMETERS } else { &[] };
        let all = vec![
            openapi::filters(meta)
                .chain(
                    self.parameters
                        .iter()
                        .chain(dates)
                        .map(|(name, kind)| (*name, openapi::property(kind))),
                )
                .fold(
                    Operation::new(
                        Method::GET,
                        &list,
                        id("list"),
                        view.clone(),
                        with(|k, c| Box::pin(async move { k.list(c).await })),
                    )
                    .response(format!("Paginated{schema}List")),
                    |operation, (name, schema)| operation.parameter(name, schema),
                ),
            Operation::new(
                Method::POST,
                &list,
                id("create"),
                access("add"),
                with(|k, c| Box::pin(async move { k.create(c).await })),
            )
            .request(request.clone())
            .response(schema),
            Operation::new(
                Method::GET,
                &item,
                id("retrieve"),
                view.clone(),
                with(|k, c| Box::pin(async move { k.retrieve(c).await })),
            )
            .response(schema),
            Operation::new(
                Method::PUT,
                &item,
                id("update"),
                access("change"),
                with(|k, c| Box::pin(async move { k.update(c, Mode::Replace).await })),
            )
            .request(request)
            .response(schema),
            Operation::new(
                Method::PATCH,
                &item,
                id("partial_update"),
                access("change"),
                with(|k, c| Box::pin(async move { k.update(c, Mode::Patch).await })),
            )
            .request(patched)
            .response(schema),
            Operation::new(
                Method::DELETE,
                &item,
                id("destroy"),
                access("delete"),
                with(|k, c| Box::pin(async move { k.destroy(c).await })),
            ),
            Operation::new(
                Method::GET,
                format!("{item}used_by/"),
                id("used_by_list"),
                access("view"),
                with(|k, c| Box::pin(async move { k.used_by(c).await })),
            )
            .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
        ];
        let secret = meta.fields.iter().any(|field| field.is_secret() && !field.write_only);
        let masking = |operation: Operation| match secret
            && operation.response.is_some()
            && !operation.id.ends_with("used_by_list")
        {
            true => operation.parameter("secrets", json!({"type": "string", "enum": ["masked"]})),
            false => operation,
        };
        all.into_iter().map(|operation| masking(operation.of(meta))).collect()
    }

    async fn list(&self, call: Call) -> Result<Response, ApiError> {
        let meta = self.def.meta;
        let visible =
            self.visible.filter(|(sees_all, _)| !sees_all(&call)).map(|(_, visible)| visible);
        if self.narrow.is_none() && !self.dated && visible.is_none() && wants_all(&call, meta)? {
            // The objects of other pages are not touched, however many they are.
            let (page, count) =
                (Page::read(&call.query, usize::MAX)?, call.snapshot.count_of(meta));
            page.check(count)?;
            let part =
                call.snapshot.in_order(meta).skip(page.offset()).take(page.size).cloned().collect();
            return Ok(json(
                StatusCode::OK,
                &envelope(page, count, render_all(&call, part).await?),
            ));
        }
        let mut entries: Vec<_> = call
            .snapshot
            .in_order(meta)
            .filter(|entry| self.narrow.is_none_or(|narrow| narrow(&call, entry)))
            .cloned()
            .collect();
        if self.dated {
            entries = dated::narrow(&call, entries).await?;
        }
        list(&call, meta, Listed { entries, ordered: true, searched: self.searched }, visible, None)
            .await
    }

    async fn retrieve(&self, call: Call) -> Result<Response, ApiError> {
        let mut entry = Some(find(&call, self.def.meta)?);
        if let Some((_, visible)) = self.visible.filter(|(sees_all, _)| !sees_all(&call)) {
            entry = visible(call.clone(), entry.into_iter().collect()).await?.pop();
        }
        let entry = entry.ok_or_else(|| ApiError::not_found(self.def.meta.schema))?;
        one(&call, StatusCode::OK, entry, None).await
    }

    async fn create(&self, call: Call) -> Result<Response, ApiError> {
        let (meta, body, def) = (self.def.meta, call.object()?, self.def.clone());
        if let Some(admit) = self.admit {
            admit(call.clone(), body.clone()).await?;
        }
        let moved = call.clone();
        let id = call
            .cx
            .store
            .write(call.actor(), format!("created over the API: {}", meta.title), move |tx| {
                let parsed = def.parse(&moved.input(&body, Mode::Create), None);
                let object =
                    parsed.map_err(|errors| with_missing(errors, meta, &body, tx.graph()))?;
                let fresh = tx.entropy().uuid();
                let id =
                    ObjectId::new(meta.space, tx.graph().next_key(meta.key, meta.space, fresh));
                let object = def.stamped(object, tx.now());
                tx.draft().put_object(id, object);
                Ok::<_, ApiError>(id)
            })
            .await?;
        let snapshot = call.cx.snapshot();
        let entry = snapshot.entry(id).cloned().ok_or_else(|| ApiError::not_found(meta.schema))?;
        one(&Call { snapshot, ..call }, StatusCode::CREATED, entry, None).await
    }

    async fn update(&self, call: Call, mode: Mode) -> Result<Response, ApiError> {
        let (meta, body, def) = (self.def.meta, call.object()?, self.def.clone());
        let (id, wanted) = (find(&call, meta)?.id, if_match(&call));
        if let Some(admit) = self.admit {
            admit(call.clone(), body.clone()).await?;
        }
        let moved = call.clone();
        call.cx
            .store
            .write(call.actor(), format!("changed over the API: {}", meta.title), move |tx| {
                let base = tx
                    .graph()
                    .entry(id)
                    .cloned()
                    .ok_or_else(|| ApiError::not_found(meta.schema))?;
                if wanted.as_ref().is_some_and(|w| *w != etag(&base)) {
                    return Err(ApiError::detail(
                        StatusCode::PRECONDITION_FAILED,
                        "The object has changed since it was read: read it again.",
                    ));
                }
                let parsed = def.parse(&moved.input(&body, mode), Some(&*base.object));
                let object =
                    parsed.map_err(|errors| with_missing(errors, meta, &body, tx.graph()))?;
                let object = def.stamped(object, tx.now());
                tx.draft().put_object(id, object);
                Ok(())
            })
            .await?;
        let snapshot = call.cx.snapshot();
        let entry = snapshot.entry(id).cloned().ok_or_else(|| ApiError::not_found(meta.schema))?;
        one(&Call { snapshot, ..call }, StatusCode::OK, entry, None).await
    }

    async fn destroy(&self, call: Call) -> Result<Response, ApiError> {
        destroy(&call, find(&call, self.def.meta)?.id, self.def.meta.schema).await
    }

    async fn used_by(&self, call: Call) -> Result<Response, ApiError> {
        let id = find(&call, self.def.meta)?.id;
        Ok(json(StatusCode::OK, &used_by::of_object(&call.cx, &call.snapshot, id)))
    }
}

/// A family: what its members' answers carry in addition, and its `all/` resource.
pub struct FamilyResource {
    pub space: Space,
    /// As `stages/all`.
    pub path: &'static str,
    /// Name of the component of the members' common fields.
    pub schema: &'static str,
    /// As people and "not found" call it.
    pub title: &'static str,
    pub app: &'static str,
    pub model_name: &'static str,
    /// Key in item paths, as `stage_uuid` or `slug`.
    pub lookup: &'static str,
    pub computed: Vec<Compute>,
    /// The fields that all members have, computed ones included: what the `all/` resource answers.
    pub shared: &'static [&'static str],
    /// Filters of the `all/` list beyond plain fields.
    pub filter: Narrow,
    /// Those and the plain fields, for the document, with the types of [`crate::object_schema`].
    pub parameters: &'static [(&'static str, &'static str)],
    /// How the original prints members; their name where this is not set.
    pub display: Option<Display>,
}

impl FamilyResource {
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let (space, title, lookup) = (self.space, self.title, self.lookup);
        let (list_path, item) =
            (format!("{}/", self.path), format!("{}/{{{}}}/", self.path, self.lookup));
        let id = |verb: &str| format!("{}_{verb}", self.path.replace('/', "_"));
        let access = |verb: &str| Access::permission(self.app, verb, self.model_name);
        let (filter, shared) = (self.filter, self.shared);
        let find = move |call: &Call| find_in(call, space, lookup, title);
        vec![
            self.parameters.iter().fold(
                Operation::new(
                    Method::GET,
                    &list_path,
                    id("list"),
                    access("view"),
                    move |call: Call| async move {
                        let entries: Vec<_> = call
                            .snapshot
                            .entries(space)
                            .filter(|e| filter(&call, e))
                            .cloned()
                            .collect();
                        let meta = entries.first().map(|e| e.meta());
                        match meta {
                            Some(meta) => {
                                list(
                                    &call,
                                    meta,
                                    Listed { entries, ordered: false, searched: None },
                                    None,
                                    Some(shared),
                                )
                                .await
                            }
                            None => {
                                let page = Page::read(&call.query, usize::MAX)?;
                                page.check(0)?;
                                Ok(json(StatusCode::OK, &envelope(page, 0, Vec::new())))
                            }
                        }
                    },
                )
                .response(format!("Paginated{}List", self.schema)),
                |operation, (name, kind)| operation.parameter(name, openapi::property(kind)),
            ),
            Operation::new(
                Method::GET,
                &item,
                id("retrieve"),
                access("view"),
                move |call: Call| async move {
                    let entry = find(&call)?;
                    one(&call, StatusCode::OK, entry, Some(shared)).await
                },
            )
            .response(self.schema),
            Operation::new(
                Method::DELETE,
                &item,
                id("destroy"),
                access("delete"),
                move |call: Call| async move {
                    let entry = find(&call)?;
                    destroy(&call, entry.id, title).await
                },
            ),
            Operation::new(
                Method::GET,
                format!("{item}used_by/"),
                id("used_by_list"),
                access("view"),
                move |call: Call| async move {
                    let entry = find(&call)?;
                    Ok(json(
                        StatusCode::OK,
                        &used_by::of_object(&call.cx, &call.snapshot, entry.id),
                    ))
                },
            )
            .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
            Operation::new(
                Method::GET,
                format!("{}/types/", self.path),
                id("types_list"),
                access("view"),
                move |call: Call| async move {
                    let types: Value = call
                        .cx
                        .registry()
                        .family(space)
                        .filter(|k| k.meta.creatable)
                        .map(|k| type_create(k.meta))
                        .collect();
                    Ok(json(StatusCode::OK, &types))
                },
            )
            .response(
                json!({"type": "array", "items": {"$ref": "#/components/schemas/TypeCreate"}}),
            ),
        ]
    }
}

fn type_create(meta: &KindMeta) -> Value {
    json!({
        "name": meta.title, "description": meta.description, "component": meta.component, "model_name": meta.model_name(),
        "icon_url": null, "requires_enterprise": false,
    })
}

fn find(call: &Call, meta: &'static KindMeta) -> Result<Arc<Entry>, ApiError> {
    let entry = find_in(call, meta.space, meta.lookup, meta.schema)?;
    if entry.meta().model == meta.model { Ok(entry) } else { Err(ApiError::not_found(meta.schema)) }
}

fn find_in(
    call: &Call,
    space: Space,
    lookup: &'static str,
    title: &str,
) -> Result<Arc<Entry>, ApiError> {
    let text = call.param(lookup);
    if lookup == "slug" {
        return call
            .snapshot
            .lookup(space, "slug", text)
            .cloned()
            .ok_or_else(|| ApiError::not_found(title));
    }
    let key_type = call
        .cx
        .registry()
        .family(space)
        .next()
        .map_or(countersign_model::KeyType::Uuid, |k| k.meta.key);
    let key = Key::parse(text, key_type)
        .ok_or_else(|| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
    call.snapshot
        .entry(ObjectId::new(space, key))
        .cloned()
        .ok_or_else(|| ApiError::not_found(title))
}

async fn destroy(call: &Call, id: ObjectId, title: &'static str) -> Result<Response, ApiError> {
    let wanted = if_match(call);
    call.cx
        .store
        .write(call.actor(), format!("deleted over the API: {title}"), move |tx| {
            let base = tx.graph().entry(id).cloned().ok_or_else(|| ApiError::not_found(title))?;
            if wanted.as_ref().is_some_and(|w| *w != etag(&base)) {
                return Err(ApiError::detail(
                    StatusCode::PRECONDITION_FAILED,
                    "The object has changed since it was read: read it again.",
                ));
            }
            tx.draft().delete(id).map_err(ApiError::from)
        })
        .await?;
    Ok(no_content())
}

/// The fields an answer keeps; `None` keeps all.
type Shared = Option<&'static [&'static str]>;

/// What a list is made from.
struct Listed {
    entries: Vec<Arc<Entry>>,
    /// They stand in the order of their kind.
    ordered: bool,
    searched: Option<Searched>,
}

async fn list(
    call: &Call,
    meta: &'static KindMeta,
    listed: Listed,
    visible: Option<Visible>,
    shared: Shared,
) -> Result<Response, ApiError> {
    let (filters, needle) = (filters(call, meta)?, call.query.get("search").unwrap_or_default());
    let wanted_key = asked_key(call, meta)?;
    let Listed { mut entries, ordered, searched } = listed;
    let found = |entry: &Entry| match searched {
        Some(texts) if !needle.is_empty() => search(needle, &texts(entry, &call.snapshot)),
        _ => found(needle, entry),
    };
    entries.retain(|entry| {
        wanted_key.is_none_or(|key| entry.id.key == key)
            && filters.iter().all(|f| f.fits(entry))
            && found(entry)
    });
    let order = ordering(call.query.get("ordering").unwrap_or_default(), meta);
    if !(ordered && order.iter().copied().eq(meta.ordered_by())) {
        sort(&mut entries, &order);
    }
    if let Some(visible) = visible {
        entries = visible(call.clone(), entries).await?;
    }
    let page = Page::read(&call.query, usize::MAX)?;
    page.check(entries.len())?;
    let part: Vec<Arc<Entry>> =
        entries.iter().skip(page.offset()).take(page.size).cloned().collect();
    let results = keep(render_all(call, part).await?, shared);
    Ok(json(StatusCode::OK, &envelope(page, entries.len(), results)))
}

/// Whether a list is asked for as a whole, in its own order.
fn wants_all(call: &Call, meta: &'static KindMeta) -> Result<bool, ApiError> {
    let searched = call.query.get("search").is_some_and(|needle| !needle.is_empty());
    let order = ordering(call.query.get("ordering").unwrap_or_default(), meta);
    Ok(!searched
        && filters(call, meta)?.is_empty()
        && asked_key(call, meta)?.is_none()
        && order.into_iter().eq(meta.ordered_by()))
}

fn filters<'a>(call: &'a Call, meta: &'static KindMeta) -> Result<Vec<Filter<'a>>, ApiError> {
    let mut filters: Vec<Filter<'a>> = Vec::new();
    for (name, value) in call.query.iter().filter(|(_, v)| !v.is_empty()) {
        let (field, lookup) = name.split_once("__").unwrap_or((name, ""));
        let Some(field) = meta.field(field).filter(|f| !f.is_secret()) else { continue };
        match filters.iter_mut().find(|f| f.field.name == field.name && f.lookup == lookup) {
            Some(filter) => filter.wanted.push(value),
            None => filters.push(Filter { field, lookup, wanted: vec![value] }),
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
fn found(needle: &str, entry: &Entry) -> bool {
    if needle.is_empty() {
        return true;
    }
    let marked = |f: &&FieldMeta| {
        f.search || ["name", "slug", "title", "domain", "identifier"].contains(&f.name)
    };
    let texts: Vec<String> = entry
        .meta()
        .fields
        .iter()
        .filter(marked)
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
        keys = meta.ordering.split(',').filter(|n| !n.is_empty()).collect();
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

fn keep(rendered: Vec<Value>, shared: Shared) -> Vec<Value> {
    let Some(names) = shared else { return rendered };
    let trim = |value| match value {
        Value::Object(map) => Value::Object(
            map.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect(),
        ),
        other => other,
    };
    rendered.into_iter().map(trim).collect()
}

async fn one(
    call: &Call,
    status: StatusCode,
    entry: Arc<Entry>,
    shared: Shared,
) -> Result<Response, ApiError> {
    let tag = etag(&entry);
    let mut rendered = keep(render_all(call, vec![entry]).await?, shared);
    let mut response = json(status, &rendered.pop().unwrap_or_default());
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

fn etag(entry: &Entry) -> String {
    format!("\"{}\"", entry.revision)
}

fn if_match(call: &Call) -> Option<String> {
    let value = call.headers.get(header::IF_MATCH)?.to_str().ok()?;
    (value != "*").then(|| value.to_owned())
}

/// Renders objects, with the users and groups they name read in one go.
async fn render_all(call: &Call, entries: Vec<Arc<Entry>>) -> Result<Vec<Value>, ApiError> {
    let mut named: Vec<ObjectId> = Vec::new();
    for entry in &entries {
        entry.object.visit_refs(&mut |_, id| named.push(id));
    }
    let renderers: Vec<_> = call.cx.modules().iter().flat_map(|m| m.rows.iter().copied()).collect();
    named.retain(|id| renderers.iter().any(|(space, _)| *space == id.space));
    named.sort_unstable();
    named.dedup();
    let rows = if named.is_empty() {
        HashMap::new()
    } else {
        let cx = call.cx.clone();
        call.cx
            .store
            .read(move |sql| {
                let mut rows = HashMap::new();
                for (space, render) in renderers {
                    let of_space: Vec<ObjectId> =
                        named.iter().filter(|id| id.space == space).copied().collect();
                    rows.extend(render(sql, &cx, &of_space)?);
                }
                Ok::<_, StoreError>(rows)
            })
            .await?
    };
    let render = RenderContext {
        cx: &call.cx,
        snapshot: &call.snapshot,
        caller: &call.caller,
        request: &call.request,
        query: &call.query,
        rows: &rows,
    };
    Ok(entries.iter().map(|entry| render.object(entry)).collect())
}

impl RenderContext<'_> {
    /// An object as the API answers it, computed fields included.
    pub fn object(&self, entry: &Entry) -> Value {
        let meta = entry.meta();
        let resource = self
            .cx
            .modules()
            .iter()
            .flat_map(|m| m.kinds.iter())
            .find(|k| k.def.meta.model == meta.model);
        let mut map = Map::new();
        map.insert(resource.map_or("pk", |r| r.key_name).to_owned(), entry.id.key.to_json());
        map.extend(secrets::answered(meta, entry.object.values(), self.caller, self.query));
        if !meta.component.is_empty() {
            map.insert("component".to_owned(), meta.component.into());
            map.insert("verbose_name".to_owned(), meta.title.into());
            map.insert("verbose_name_plural".to_owned(), meta.plural.into());
            map.insert("meta_model_name".to_owned(), meta.model.into());
        }
        let families = self
            .cx
            .modules()
            .iter()
            .flat_map(|m| m.families.iter())
            .filter(|f| f.space == meta.space);
        for compute in families
            .flat_map(|f| f.computed.iter())
            .chain(resource.into_iter().flat_map(|r| r.computed.iter()))
        {
            compute(entry, self, &mut map);
        }
        Value::Object(map)
    }
}
