//! The queries that expressions make of accounts, groups, flows and devices: which fields they may
//! look at, and how they are answered. Accounts and groups are one statement for each time that a
//! query is asked for its rows ([`sql`]); flows and the devices of an account are few, and looked
//! through ([`rows`]).

mod rows;
mod sql;

use countersign_accounts::identities;
use countersign_authenticators::DeviceClass;
use countersign_core::Context;
use countersign_store::{Sql, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::host::HostError;
use sql::{Column, GROUP, USER};

pub(crate) use rows::{account, group};

/// A query gives no more rows.
const MOST: usize = 1000;
/// As many are looked through where a condition is about an attribute.
const LOOKED_THROUGH: usize = 20_000;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    pub model: Model,
    pub base: Base,
    pub conditions: Vec<Condition>,
    /// Field names, with `-` for the reverse.
    pub order: Vec<String>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    User,
    Group,
    Flow,
    /// Devices of a class.
    Static,
    Totp,
    Webauthn,
    Duo,
}

/// Whose rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    All,
    /// The groups an account was put into.
    GroupsOf(i64),
    /// And those above them.
    AllGroupsOf(i64),
    /// The members of a group.
    UsersOf(Uuid),
}

/// `field__lookup=value`, each of them, or none of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub excludes: bool,
    pub fields: Map<String, Value>,
}

impl Model {
    fn columns(self) -> &'static [Column] {
        match self {
            Model::User => &USER,
            Model::Group => &GROUP,
            // Their conditions are no SQL.
            _ => &[],
        }
    }

    /// What rows have that SQL is not asked for.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Model::User | Model::Group => &["attributes"],
            Model::Flow => {
                &["pk", "flow_uuid", "name", "slug", "title", "designation", "authentication"]
            }
            _ => &["pk", "id", "user", "name", "confirmed", "created", "last_updated", "last_used"],
        }
    }

    fn class(self) -> Option<DeviceClass> {
        match self {
            Model::Static => Some(DeviceClass::Static),
            Model::Totp => Some(DeviceClass::Totp),
            Model::Webauthn => Some(DeviceClass::Webauthn),
            Model::Duo => Some(DeviceClass::Duo),
            Model::User | Model::Group | Model::Flow => None,
        }
    }

    fn column(self, name: &str) -> Option<&'static Column> {
        self.columns().iter().find(|column| column.name == name)
    }

    /// Whether rows have a field of that name.
    pub(crate) fn has(self, name: &str) -> bool {
        self.fields().contains(&name) || self.column(name).is_some()
    }

    pub(crate) fn unknown(self, name: &str) -> HostError {
        let mut fields: Vec<&str> = self.columns().iter().map(|column| column.name).collect();
        fields.extend(self.fields());
        if self == Model::User {
            fields.push("ak_groups");
        }
        HostError::raised(
            "LookupError",
            format!(
                "Cannot resolve keyword '{name}' into field. Choices are: {}",
                fields.join(", ")
            ),
        )
    }
}

impl Query {
    /// What it looks for, in the words of people.
    pub(crate) fn for_people(&self) -> String {
        let what = match self.model {
            Model::User => "accounts",
            Model::Group => "groups",
            Model::Flow => "flows",
            Model::Static | Model::Totp | Model::Webauthn | Model::Duo => "second factors",
        };
        let whose = match &self.base {
            Base::All => String::new(),
            Base::GroupsOf(pk) | Base::AllGroupsOf(pk) => format!(" of the account {pk}"),
            Base::UsersOf(group) => format!(" in the group {group}"),
        };
        let mut text = format!("{what}{whose}");
        for (at, condition) in self.conditions.iter().enumerate() {
            let joined = if at == 0 { " with" } else { " and" };
            let not = if condition.excludes { " not" } else { "" };
            let fields: Vec<String> =
                condition.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
            text += &format!("{joined}{not} {}", fields.join(", "));
        }
        text
    }

    /// Reads what the prelude sends: model, base, steps.
    ///
    /// # Errors
    /// Another form, or a model that queries are not made of.
    pub fn read(model: &str, base: &Value, steps: &Value) -> Result<Query, HostError> {
        let wrong = || HostError::raised("TypeError", "this query is not understood");
        let model = match model {
            "user" => Model::User,
            "group" => Model::Group,
            "flow" => Model::Flow,
            "static" => Model::Static,
            "totp" => Model::Totp,
            "webauthn" => Model::Webauthn,
            "duo" => Model::Duo,
            other => {
                return Err(HostError::raised(
                    "NotImplementedError",
                    format!("expressions can't look for objects of the kind {other}"),
                ));
            }
        };
        let whose = base.get(1);
        let number = || whose.and_then(Value::as_i64).ok_or_else(wrong);
        let base = match base.get(0).and_then(Value::as_str) {
            Some("all") => Base::All,
            // Nobody is in no group.
            Some("none") => Base::GroupsOf(0),
            Some("user") => Base::GroupsOf(number()?),
            Some("user_all") => Base::AllGroupsOf(number()?),
            Some("group") => {
                let text = whose.and_then(Value::as_str);
                let uuid = text.and_then(|text| Uuid::parse_str(text).ok());
                Base::UsersOf(uuid.ok_or_else(wrong)?)
            }
            _ => return Err(wrong()),
        };
        let fits = match base {
            Base::All => true,
            Base::GroupsOf(_) | Base::AllGroupsOf(_) => model == Model::Group,
            Base::UsersOf(_) => model == Model::User,
        };
        if !fits {
            return Err(wrong());
        }
        let mut query =
            Query { model, base, conditions: Vec::new(), order: Vec::new(), limit: None };
        for step in steps.as_array().ok_or_else(wrong)? {
            let value = step.get(1).cloned().unwrap_or_default();
            match step.get(0).and_then(Value::as_str) {
                Some("all") => {}
                Some(kind @ ("filter" | "exclude")) => {
                    let Value::Object(fields) = value else { return Err(wrong()) };
                    query.conditions.push(Condition { excludes: kind == "exclude", fields });
                }
                Some("order_by") => {
                    let names = value.as_array().ok_or_else(wrong)?;
                    query.order = names
                        .iter()
                        .map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong))
                        .collect::<Result<_, _>>()?;
                }
                Some("limit") => {
                    query.limit = value.as_u64().and_then(|most| usize::try_from(most).ok());
                }
                _ => return Err(wrong()),
            }
        }
        Ok(query)
    }

    /// The rows, as expressions see them.
    ///
    /// # Errors
    /// A field or lookup that is not known, too many rows, or the engine.
    pub async fn rows(&self, cx: &Context) -> Result<Vec<Map<String, Value>>, HostError> {
        let mut found = match self.model {
            Model::User | Model::Group => self.rows_in_tables(cx).await?,
            _ => self.rows_in_memory(cx).await?,
        };
        let most = self.limit.unwrap_or(usize::MAX);
        if found.len() > MOST && most > MOST {
            return Err(too_many(MOST));
        }
        found.truncate(most);
        Ok(found)
    }

    /// How many rows there are, without a bound on their number.
    ///
    /// # Errors
    /// As [`Query::rows`].
    pub async fn count(&self, cx: &Context) -> Result<usize, HostError> {
        if !self.is_sql_alone() {
            return Ok(self.rows(cx).await?.len());
        }
        let statement = self.counting()?;
        let count = cx.store.read(move |sql| {
            let row = sql.query_one(&statement.text, &statement.values)?;
            row.map_or(Ok(0), |row| row.get::<i64>(0))
        });
        let count = usize::try_from(count.await?).unwrap_or(0);
        Ok(count.min(self.limit.unwrap_or(usize::MAX)))
    }

    async fn rows_in_tables(&self, cx: &Context) -> Result<Vec<Map<String, Value>>, HostError> {
        let (statement, on_rows) = self.statement()?;
        let model = self.model;
        let read = move |sql: &mut Sql<'_>| {
            let rows = sql.query(&statement.text, &statement.values)?;
            let keys = rows.iter();
            Ok::<_, StoreError>(match model {
                Model::User => {
                    let pks = keys.map(|row| row.get::<i64>(0)).collect::<Result<Vec<_>, _>>()?;
                    Found::Users(identities(sql, &pks)?)
                }
                _ => Found::Groups(
                    keys.map(|row| {
                        Ok(GroupRow {
                            pk: row.get(0)?,
                            name: row.get(1)?,
                            is_superuser: row.get(2)?,
                            attributes: row.get(3)?,
                            parent: row.get(4)?,
                        })
                    })
                    .collect::<Result<_, StoreError>>()?,
                ),
            })
        };
        let mut found = cx.store.read(read).await?.rows(cx);
        if !on_rows.is_empty() && found.len() >= LOOKED_THROUGH {
            return Err(too_many(LOOKED_THROUGH));
        }
        found.retain(|row| on_rows.iter().all(|condition| condition.hold(row)));
        Ok(found)
    }
}

fn too_many(most: usize) -> HostError {
    HostError::raised("MemoryError", format!("a query gave more than {most} rows"))
}

/// What comes of a statement.
enum Found {
    Users(Vec<countersign_core::Identity>),
    Groups(Vec<GroupRow>),
}

struct GroupRow {
    pk: Uuid,
    name: String,
    is_superuser: bool,
    attributes: Value,
    parent: Option<Uuid>,
}

impl Found {
    fn rows(self, cx: &Context) -> Vec<Map<String, Value>> {
        let rows: Vec<Value> = match self {
            Found::Users(users) => {
                let row = |user: &countersign_core::Identity| {
                    let avatar = countersign_directory::avatar(cx, user);
                    Value::Object(account(user, cx.uid(user.pk), avatar))
                };
                users.iter().map(row).collect()
            }
            Found::Groups(groups) => groups
                .into_iter()
                .map(|it| group(it.pk, &it.name, it.is_superuser, &it.attributes, it.parent))
                .collect(),
        };
        rows.into_iter()
            .filter_map(|row| match row {
                Value::Object(row) => Some(row),
                _ => None,
            })
            .collect()
    }
}
