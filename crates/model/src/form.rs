//! How the interface shows a kind: what `#[kind(..)]` and `#[field(..)]` declare about forms and
//! lists, and the JSON that carries it.

use serde_json::{Map, Value, json};

use crate::field::{Choose, FieldMeta, Shape};
use crate::key::{KeyType, Space};
use crate::kind::KindMeta;
use crate::table::TableMeta;

/// What `#[kind(..)]` declares about forms and lists.
#[derive(Debug)]
pub struct Interface {
    /// `form = "name slug"`: the fields that come first in the form, in this order.
    pub order: &'static [&'static str],
    /// `fold("Title", "What is in it")`: parts of the form that are closed at first. Fields are in
    /// one by `group = "Title"`; a group that is no fold is open.
    pub folds: &'static [(&'static str, &'static str)],
    /// `aside("Title", "Text")`: said beside the form of a new object.
    pub aside: Option<(&'static str, &'static str)>,
    /// `named = "slug name"`: what names an object where one is chosen; its label when empty.
    pub named: &'static [&'static str],
    /// `columns = "slug: Identifier, title"`: what lists show, each a field or a part of answers,
    /// with its heading (the field's label when there is none).
    pub columns: &'static [(&'static str, Option<&'static str>)],
    /// `section = "System"`: where the navigation leads to the kind's list; for kinds that the
    /// interface has no pages of its own for.
    pub section: Option<&'static str>,
}

/// A kind as the API serves it.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    /// What was declared.
    pub meta: &'static KindMeta,
    /// What answers call the key, as `pk`.
    pub pk: &'static str,
    /// Where its objects are rows.
    pub table: Option<&'static TableMeta>,
}

/// Finds what a reference names: a kind of that space, of one model where it says so.
pub type Targets<'a> = &'a dyn Fn(Space, Option<&'static str>) -> Option<Served>;

impl Served {
    /// The kind as the interface sees it.
    pub fn form(&self, targets: Targets<'_>) -> Value {
        let Served { meta, pk, .. } = *self;
        let shown = &meta.interface;
        let lookup = if ["slug", "identifier"].contains(&meta.lookup) { meta.lookup } else { pk };
        json!({
            "model": meta.model, "path": meta.path, "title": meta.title, "plural": meta.plural,
            "component": meta.component, "space": meta.space.0, "key": key_name(meta.key),
            "pk": pk, "lookup": lookup, "label": meta.label, "description": meta.description,
            "creatable": meta.creatable, "section": shown.section, "ordering": meta.ordering,
            "aside": shown.aside.map(|(title, text)| json!({"title": title, "text": text})),
            "folds": folds(meta), "columns": self.columns(),
            "fields": in_order(meta).iter().map(|f| field_form(f, targets)).collect::<Value>(),
        })
    }

    fn columns(&self) -> Value {
        let column = |&(name, label): &(&'static str, Option<&'static str>)| {
            let label = label.or_else(|| self.meta.field(name).map(|field| field.label));
            json!({"name": name, "label": label, "sort": self.is_ordered_by(name)})
        };
        self.meta.interface.columns.iter().map(column).collect()
    }

    fn is_ordered_by(&self, name: &str) -> bool {
        match self.table {
            Some(table) => table.columns.iter().any(|column| column.listed.contains(&name)),
            None => self.meta.field(name).is_some_and(|field| (field.shape)().is_plain()),
        }
    }
}

/// The fields of a form in the order in which it has them.
fn in_order(meta: &'static KindMeta) -> Vec<&'static FieldMeta> {
    let order = meta.interface.order;
    let mut fields: Vec<&FieldMeta> = meta.fields.iter().collect();
    fields.sort_by_key(|f| order.iter().position(|name| *name == f.name).unwrap_or(order.len()));
    fields
}

/// The parts of a form besides its first: those declared, then the other groups of fields.
fn folds(meta: &KindMeta) -> Value {
    let declared = meta.interface.folds;
    let mut all: Vec<(&str, &str, bool)> = declared.iter().map(|(t, s)| (*t, *s, false)).collect();
    for title in meta.fields.iter().filter_map(|field| field.group) {
        if all.iter().all(|(known, ..)| *known != title) {
            all.push((title, "", true));
        }
    }
    let fold = |(title, summary, open)| json!({"title": title, "summary": summary, "open": open});
    all.into_iter().map(fold).collect()
}

fn field_form(field: &FieldMeta, targets: Targets<'_>) -> Value {
    let shape = (field.shape)();
    let nullable = matches!(shape, Shape::Nullable(_));
    json!({
        "name": field.name, "label": field.label, "help": field.help, "group": field.group,
        "required": field.required, "default": (field.default)(), "start": (field.start)(),
        "write_only": field.write_only, "read_only": field.read_only, "hidden": field.hidden,
        "nullable": nullable, "max_length": field.max_length, "min": field.min, "max": field.max,
        "placeholder": field.placeholder, "widget": field.widget, "action": field.action,
        "choose": field.choose.as_ref().map(choose_form),
        "show_if": field.show_if.map(|(f, v)| json!({"field": f, "value": v})),
        "shape": named_by_choice(shape_form(&shape, targets), field.choose.as_ref()),
    })
}

/// What is chosen from a collection that no kind has is known by what the field says.
fn named_by_choice(mut shape: Value, choose: Option<&Choose>) -> Value {
    let Some(Choose { path: Some(_), key: Some(key), named: Some(named), .. }) = choose else {
        return shape;
    };
    let place = if shape.get("item").is_some() { "/item/target" } else { "/target" };
    if let Some(Value::Object(target)) = shape.pointer_mut(place) {
        target.insert("pk".to_owned(), (*key).into());
        target.insert("named".to_owned(), json!([named]));
    }
    shape
}

fn choose_form(choose: &Choose) -> Value {
    let query: Map<String, Value> =
        choose.query.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let prefer = choose.prefer.map(|(field, values)| json!({"field": field, "values": values}));
    json!({"path": choose.path, "query": query, "prefer": prefer, "only": choose.only})
}

fn shape_form(shape: &Shape, targets: Targets<'_>) -> Value {
    let named = |name: &str| json!({"type": name});
    match shape {
        Shape::Text | Shape::Uuid => named("text"),
        Shape::Multiline => named("multiline"),
        Shape::Code => named("code"),
        Shape::Slug => named("slug"),
        Shape::Url => named("url"),
        Shape::Email => named("email"),
        Shape::Duration => named("duration"),
        Shape::Secret | Shape::SecretJson => named("secret"),
        Shape::Boolean => named("boolean"),
        Shape::Integer => named("integer"),
        Shape::Float => named("float"),
        Shape::Time => named("time"),
        Shape::Map | Shape::Json => named("map"),
        Shape::Choice(choices) => {
            let choice = |c: &crate::ChoiceMeta| json!({"value": c.value, "label": c.label, "offered": c.offered});
            json!({"type": "choice", "choices": choices.iter().map(choice).collect::<Value>()})
        }
        Shape::Reference { space, model, key } => {
            let target = targets(*space, *model);
            let path = target.map_or("", |target| target.meta.path);
            json!({"type": "reference", "target": {
                "space": space.0, "path": path, "model": model, "key": key_name(*key),
                "pk": target.map_or("pk", |target| target.pk), "named": named_by(target)}})
        }
        Shape::Nullable(inner) => shape_form(inner, targets),
        Shape::List(item) => json!({"type": "list", "item": shape_form(item, targets)}),
        Shape::Object(fields) => {
            json!({"type": "object", "fields": fields.iter().map(|f| field_form(f, targets)).collect::<Value>()})
        }
    }
}

/// Which fields name an object to a person.
fn named_by(target: Option<Served>) -> Vec<&'static str> {
    let Some(Served { meta, .. }) = target else { return vec!["name"] };
    match meta.interface.named {
        [] => vec![meta.label.unwrap_or("name")],
        named => named.to_vec(),
    }
}

const fn key_name(key: KeyType) -> &'static str {
    match key {
        KeyType::Int => "int",
        KeyType::Uuid => "uuid",
    }
}
