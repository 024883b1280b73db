//! Rows as expressions see them, and conditions that SQL is not asked for.

use std::sync::Arc;

use countersign_authenticators::Held;
use countersign_core::Context;
use countersign_model::{Entry, Snapshot, Timestamp};
use countersign_store::Sql;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::sql::split;
use super::{Model, Query};
use crate::host::HostError;
use crate::subject::Subject;
use crate::write::FLOW;

/// A condition on rows, which SQL is not asked for.
pub(super) struct OnRows {
    excludes: bool,
    comparisons: Vec<Comparison>,
}

struct Comparison {
    path: Vec<String>,
    lookup: String,
    value: Value,
}

impl Query {
    /// Flows, and devices: of one account where that is asked for, else the first thousand.
    pub(super) async fn rows_in_memory(
        &self,
        cx: &Context,
    ) -> Result<Vec<Map<String, Value>>, HostError> {
        let mut rows = match self.model.class() {
            None => flows(&cx.snapshot()),
            Some(class) => {
                let mut whose = self.conditions.iter().filter(|condition| !condition.excludes);
                let whose = whose.find_map(|it| it.fields.get("user")?.as_i64());
                let held = move |sql: &mut Sql<'_>| countersign_authenticators::held_by(sql, whose);
                let held = cx.store.look_up(held).await?;
                held.iter().filter(|device| device.def.class == class).map(device).collect()
            }
        };
        for name in self.order.iter().rev() {
            let (field, reverse) = match name.strip_prefix('-') {
                Some(field) => (field, true),
                None => (name.as_str(), false),
            };
            if !self.model.has(field) {
                return Err(self.model.unknown(field));
            }
            let key = |row: &Map<String, Value>| row.get(field).map(Value::to_string);
            rows.sort_by(|a, b| if reverse { key(b).cmp(&key(a)) } else { key(a).cmp(&key(b)) });
        }
        let fields =
            self.conditions.iter().map(|it| OnRows::of(self.model, it.excludes, &it.fields));
        let conditions = fields.collect::<Result<Vec<_>, _>>()?;
        rows.retain(|row| conditions.iter().all(|condition| condition.hold(row)));
        Ok(rows)
    }
}

impl OnRows {
    /// # Errors
    /// A field that rows of the model do not have.
    pub(super) fn of<'f>(
        model: Model,
        excludes: bool,
        fields: impl IntoIterator<Item = (&'f String, &'f Value)>,
    ) -> Result<OnRows, HostError> {
        let mut comparisons = Vec::new();
        for (name, value) in fields {
            let (field, lookup) = split(name);
            // A device names its owner's key in three ways.
            let field = match field {
                "user_id" | "user__id" | "user__pk" => "user",
                other => other,
            };
            let path: Vec<String> = field.split("__").map(str::to_owned).collect();
            let first = path.first().map_or("", String::as_str);
            if !model.has(first) {
                return Err(model.unknown(first));
            }
            comparisons.push(Comparison { path, lookup: lookup.to_owned(), value: value.clone() });
        }
        Ok(OnRows { excludes, comparisons })
    }

    pub(super) fn hold(&self, row: &Map<String, Value>) -> bool {
        self.comparisons.iter().all(|comparison| comparison.holds(row)) != self.excludes
    }
}

impl Comparison {
    fn holds(&self, row: &Map<String, Value>) -> bool {
        let (first, rest) = self.path.split_first().map_or(("", &[][..]), |(a, b)| (a.as_str(), b));
        let found = rest.iter().fold(row.get(first), |found, part| found?.get(part));
        let texts = || Some((found?.as_str()?, self.value.as_str()?));
        let folded = || texts().map(|(a, b)| (a.to_lowercase(), b.to_lowercase()));
        match self.lookup.as_str() {
            "isnull" => found.is_none_or(Value::is_null) == (self.value == Value::Bool(true)),
            "in" => {
                self.value.as_array().is_some_and(|list| found.is_some_and(|it| list.contains(it)))
            }
            "contains" => match found {
                Some(Value::Array(list)) => match &self.value {
                    Value::Array(wanted) => wanted.iter().all(|each| list.contains(each)),
                    one => list.contains(one),
                },
                _ => texts().is_some_and(|(text, part)| text.contains(part)),
            },
            "icontains" => folded().is_some_and(|(text, part)| text.contains(&part)),
            "iexact" => folded().is_some_and(|(text, whole)| text == whole),
            "startswith" => texts().is_some_and(|(text, part)| text.starts_with(part)),
            "istartswith" => folded().is_some_and(|(text, part)| text.starts_with(&part)),
            "endswith" => texts().is_some_and(|(text, part)| text.ends_with(part)),
            "iendswith" => folded().is_some_and(|(text, part)| text.ends_with(&part)),
            "gt" | "gte" | "lt" | "lte" => {
                let numbers = found.and_then(Value::as_f64).zip(self.value.as_f64());
                let order = match numbers {
                    Some((a, b)) => a.partial_cmp(&b),
                    None => texts().map(|(a, b)| a.cmp(b)),
                };
                order.is_some_and(|order| match self.lookup.as_str() {
                    "gt" => order.is_gt(),
                    "gte" => order.is_ge(),
                    "lt" => order.is_lt(),
                    _ => order.is_le(),
                })
            }
            _ => found == Some(&self.value),
        }
    }
}

/// A group as expressions see one.
pub(crate) fn group(
    pk: Uuid,
    name: &str,
    is_superuser: bool,
    attributes: &Value,
    parent: Option<Uuid>,
) -> Value {
    json!({
        "pk": pk.to_string(), "group_uuid": pk.to_string(), "name": name,
        "is_superuser": is_superuser, "attributes": attributes,
        "parent": parent.map(|parent| parent.to_string()),
    })
}

fn flows(snapshot: &Snapshot) -> Vec<Map<String, Value>> {
    let row = |entry: &Arc<Entry>| {
        let mut values = entry.object.values();
        values.retain(|name, _| Model::Flow.has(name));
        values.insert("pk".to_owned(), entry.id.key.to_json());
        values.insert("flow_uuid".to_owned(), entry.id.key.to_json());
        values
    };
    snapshot.entries(FLOW).map(row).collect()
}

fn device(held: &Held) -> Map<String, Value> {
    let fields = json!({
        "pk": held.id, "id": held.id, "user": held.user, "name": held.name,
        "confirmed": held.confirmed, "created": held.created.iso(),
        "last_updated": held.last_updated.iso(), "last_used": held.last_used.map(Timestamp::iso),
    });
    fields.as_object().cloned().unwrap_or_default()
}

/// All that expressions may read of an account.
#[must_use]
pub(crate) fn account(
    user: &countersign_core::Identity,
    uid: String,
    avatar: String,
) -> Map<String, Value> {
    let mut fields = match Subject::of(user, uid).to_json() {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let more = json!({
        "date_joined": user.date_joined.iso(),
        "last_login": user.last_login.map(Timestamp::iso),
        "password_change_date": user.password_change_date.iso(),
        "avatar": avatar,
    });
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    fields
}
