//! What uses an object, and what would happen to it.

use countersign_core::{Call, Permission};
use countersign_model::{ObjectId, OnDelete, Shape, Space, TableMeta};
use countersign_store::{Sql, SqlValue, StoreError};
use serde_json::Value;
use uuid::Uuid;

use crate::table::Conditions;
use crate::values::UsedBy;

/// The `used_by` answer of an object of the graph.
pub(crate) fn of_object(call: &Call, id: ObjectId) -> Value {
    users_of(call, id).iter().map(UsedBy::to_json).collect()
}

/// Objects that name `target` and that the caller may view; bindings name whatever they are bound
/// to by its uuid alone.
fn users_of(call: &Call, target: ObjectId) -> Vec<UsedBy> {
    let (snapshot, rights) = (&call.snapshot, call.rights());
    let as_bindable = ObjectId::new(Space("bindable"), target.key);
    let naming = snapshot.referrers(target).chain(snapshot.referrers(as_bindable));
    naming
        .filter_map(|(by, field)| {
            let entry = snapshot.entry(by).filter(|entry| rights.see(entry.meta(), by))?;
            let meta = entry.meta();
            call.cx.resource(meta).filter(|kind| kind.served)?;
            let field = meta.field(field)?;
            let action = match (field.on_delete, (field.shape)()) {
                (_, Shape::List(_)) => "cascade_many",
                (OnDelete::SetNull, _) => "set_null",
                _ => "cascade",
            };
            // The original keeps the fields that a family shares in a table of the family's own.
            let owner = meta.family.filter(|family| family.field(field.name).is_some());
            let (app, model_name) = owner.map_or((meta.app(), meta.model_name()), |family| {
                (family.app(), family.model_name())
            });
            Some(UsedBy {
                app: app.to_owned(),
                model_name: model_name.to_owned(),
                pk: by.key.to_string(),
                name: call.cx.display(entry),
                action,
            })
        })
        .collect()
}

/// More than people look through is not listed.
const MOST: usize = 1000;

/// The `used_by` answer of a row: objects of the configuration that name it, and rows of declared
/// tables that belong to it.
pub(crate) async fn of_row(
    call: &Call,
    table: &'static TableMeta,
    id: ObjectId,
) -> Result<Value, StoreError> {
    let naming: Vec<Naming> = namings(call, table);
    let rows = call
        .cx
        .store
        .read(move |sql| {
            let mut all = Vec::new();
            for naming in &naming {
                all.extend(naming.rows(sql, id.key.into())?);
            }
            Ok::<_, StoreError>(all)
        })
        .await?;
    let mut all = users_of(call, id);
    all.extend(rows);
    Ok(all.iter().map(UsedBy::to_json).collect())
}

/// Rows of one table that belong to a row of another.
struct Naming {
    app: &'static str,
    model_name: &'static str,
    action: &'static str,
    statement: String,
    /// After the key.
    values: Vec<SqlValue>,
}

fn namings(call: &Call, target: &TableMeta) -> Vec<Naming> {
    let (cx, mut all) = (&call.cx, Vec::new());
    for table in cx.tables().map(|resource| resource.meta) {
        for column in table.columns {
            let Some((other, rule)) =
                column.belongs_to.and_then(|other| Some((other, other.on_delete?)))
            else {
                continue;
            };
            if other.table != target.name {
                continue;
            }
            let linked = table.columns.iter().filter(|_| table.link).find_map(|far| {
                let far_end = far.belongs_to.filter(|_| far.sql != column.sql)?;
                Some((far.sql, cx.tables().find(|t| t.meta.name == far_end.table)?.meta))
            });
            let (shown, from, action) = match (linked, rule) {
                (Some((far, shown)), _) => {
                    let key = shown.key().map_or("", |key| key.sql);
                    let from =
                        format!("{} l JOIN {} t ON t.{key} = l.{far}", table.name, shown.name);
                    (shown, format!("{from} WHERE l.{} = $1", column.sql), "cascade_many")
                }
                (None, rule) => {
                    let action = if rule == OnDelete::SetNull { "set_null" } else { "cascade" };
                    (table, format!("{} t WHERE t.{} = $1", table.name, column.sql), action)
                }
            };
            let (Some(kind), Some(key)) = (shown.kind, shown.key()) else { continue };
            let reach = call.rights().reach(Permission::view(kind), Some(shown));
            let mut conditions = Conditions::after(1);
            if let Some(only_if) = shown.only_if {
                conditions.push(only_if, Vec::new());
            }
            if let Some((text, values)) = reach.condition(shown) {
                conditions.push(&text, values);
            }
            let by = kind.ordering.first().and_then(|by| shown.column(by));
            let by = by.map_or(key.sql, |column| column.sql);
            all.push(Naming {
                app: kind.app(),
                model_name: kind.model_name(),
                action,
                statement: format!(
                    "SELECT t.{}, {} FROM {from}{} ORDER BY t.{by}, t.{} LIMIT {MOST}",
                    key.sql,
                    shown.display_sql(),
                    conditions.and(),
                    key.sql
                ),
                values: conditions.into_values(),
            });
        }
    }
    all
}

impl Naming {
    fn rows(&self, sql: &mut Sql<'_>, key: SqlValue) -> Result<Vec<UsedBy>, StoreError> {
        let values = [vec![key], self.values.clone()].concat();
        let rows = sql.query(&self.statement, &values)?;
        let used = rows.iter().map(|row| {
            let pk = row
                .get::<i64>(0)
                .map(|pk| pk.to_string())
                .or_else(|_| row.get::<Uuid>(0).map(|uuid| uuid.to_string()))?;
            Ok(UsedBy {
                app: self.app.to_owned(),
                model_name: self.model_name.to_owned(),
                pk,
                name: row.get(1)?,
                action: self.action,
            })
        });
        used.collect()
    }
}
