//! Conditions as SQL.

use countersign_model::Timestamp;
use countersign_store::SqlValue;
use serde_json::Value;
use uuid::Uuid;

use super::rows::OnRows;
use super::{Base, LOOKED_THROUGH, MOST, Model, Query};
use crate::host::HostError;

/// How a column is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Number,
    Flag,
    Uuid,
}

pub(super) struct Column {
    pub(super) name: &'static str,
    sql: &'static str,
    sort: Sort,
}

const fn column(name: &'static str, sql: &'static str, sort: Sort) -> Column {
    Column { name, sql, sort }
}

pub(super) const USER: [Column; 12] = [
    column("pk", "u.id", Sort::Number),
    column("id", "u.id", Sort::Number),
    column("uuid", "u.uuid", Sort::Uuid),
    column("username", "u.username", Sort::Text),
    column("name", "u.name", Sort::Text),
    column("email", "u.email", Sort::Text),
    column("is_active", "u.is_active", Sort::Flag),
    column("type", "u.type", Sort::Text),
    column("path", "u.path", Sort::Text),
    column("date_joined", "u.joined", Sort::Number),
    column("last_login", "u.last_login", Sort::Number),
    column("password_change_date", "u.password_changed", Sort::Number),
];

pub(super) const GROUP: [Column; 4] = [
    column("pk", "g.uuid", Sort::Uuid),
    column("group_uuid", "g.uuid", Sort::Uuid),
    column("name", "g.name", Sort::Text),
    column("is_superuser", "g.is_superuser", Sort::Flag),
];

/// SQL in the making.
#[derive(Default)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) values: Vec<SqlValue>,
}

impl Statement {
    fn value(&mut self, value: impl Into<SqlValue>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }
}

impl Query {
    fn from(&self) -> &'static str {
        if self.model == Model::User { "users u" } else { "user_group g" }
    }

    /// Whether conditions ask for nothing that is inside of a column.
    pub(super) fn is_sql_alone(&self) -> bool {
        let fields = self.conditions.iter().flat_map(|condition| condition.fields.keys());
        matches!(self.model, Model::User | Model::Group) && !fields.into_iter().any(is_inside)
    }

    /// How many rows there are, where SQL alone says.
    ///
    /// # Errors
    /// A field or a lookup that is not known.
    pub(super) fn counting(&self) -> Result<Statement, HostError> {
        let mut statement = Statement::default();
        let (condition, _) = self.condition(&mut statement)?;
        statement.text = format!("SELECT COUNT(*) FROM {} WHERE {condition}", self.from());
        Ok(statement)
    }

    /// The statement, and what its rows must keep to beyond it.
    ///
    /// # Errors
    /// A field or a lookup that is not known.
    pub(super) fn statement(&self) -> Result<(Statement, Vec<OnRows>), HostError> {
        let mut statement = Statement::default();
        let (condition, on_rows) = self.condition(&mut statement)?;
        let columns = match self.model {
            Model::User => "u.id",
            _ => "g.uuid, g.name, g.is_superuser, g.attributes, g.parent",
        };
        let mut order = Vec::new();
        for name in &self.order {
            let (name, direction) = match name.strip_prefix('-') {
                Some(name) => (name, " DESC"),
                None => (name.as_str(), ""),
            };
            let column = self.model.column(name).ok_or_else(|| self.model.unknown(name))?;
            order.push(format!("{}{direction}", column.sql));
        }
        order.push(if self.model == Model::User { "u.id" } else { "g.name" }.to_owned());
        let most = if on_rows.is_empty() {
            self.limit.unwrap_or(MOST + 1).min(MOST + 1)
        } else {
            LOOKED_THROUGH
        };
        statement.text = format!(
            "SELECT {columns} FROM {} WHERE {condition} ORDER BY {} LIMIT {most}",
            self.from(),
            order.join(", ")
        );
        Ok((statement, on_rows))
    }

    fn condition(&self, statement: &mut Statement) -> Result<(String, Vec<OnRows>), HostError> {
        let mut on_rows = Vec::new();
        let mut wheres = vec![self.base(statement)];
        for condition in &self.conditions {
            let inside = condition.fields.iter().any(|(name, _)| is_inside(name));
            if condition.excludes && inside {
                // Of what all hold together, the opposite: no part of it is a condition by itself.
                on_rows.push(OnRows::of(self.model, true, &condition.fields)?);
                continue;
            }
            let mut parts = Vec::new();
            for (name, value) in &condition.fields {
                let (field, lookup) = split(name);
                if is_inside(name) {
                    on_rows.push(OnRows::of(self.model, false, [(name, value)])?);
                    continue;
                }
                let of_groups =
                    field.strip_prefix("ak_groups").or_else(|| field.strip_prefix("groups"));
                if let (Model::User, Some(rest)) = (self.model, of_groups) {
                    let inner = match rest.trim_start_matches("__") {
                        "" => "pk",
                        inner => inner,
                    };
                    let condition = compare(Model::Group, inner, lookup, value, statement)?;
                    parts.push(format!(
                        "u.id IN (SELECT m.user_id FROM membership m JOIN user_group g ON g.uuid = m.group_uuid WHERE {condition})"
                    ));
                    continue;
                }
                parts.push(compare(self.model, field, lookup, value, statement)?);
            }
            if !parts.is_empty() {
                let not = if condition.excludes { "NOT " } else { "" };
                wheres.push(format!("{not}({})", parts.join(" AND ")));
            }
        }
        Ok((wheres.join(" AND "), on_rows))
    }

    fn base(&self, statement: &mut Statement) -> String {
        match &self.base {
            Base::All => "1 = 1".to_owned(),
            Base::GroupsOf(user) => {
                let user = statement.value(*user);
                format!("g.uuid IN (SELECT group_uuid FROM membership WHERE user_id = {user})")
            }
            Base::AllGroupsOf(user) => {
                let user = statement.value(*user);
                format!(
                    "g.uuid IN (WITH RECURSIVE up (uuid, depth) AS (\
                     SELECT group_uuid, 0 FROM membership WHERE user_id = {user} \
                     UNION SELECT p.parent, up.depth + 1 FROM user_group p JOIN up ON p.uuid = up.uuid \
                     WHERE p.parent IS NOT NULL AND up.depth < 20) SELECT uuid FROM up)"
                )
            }
            Base::UsersOf(group) => {
                let group = statement.value(*group);
                format!("u.id IN (SELECT user_id FROM membership WHERE group_uuid = {group})")
            }
        }
    }
}

/// A field that is inside of a column.
fn is_inside(name: &String) -> bool {
    name == "attributes" || name.starts_with("attributes__")
}

/// Names without a lookup are compared as they are.
pub(super) fn split(name: &str) -> (&str, &str) {
    const LOOKUPS: [&str; 15] = [
        "exact",
        "iexact",
        "contains",
        "icontains",
        "startswith",
        "istartswith",
        "endswith",
        "iendswith",
        "in",
        "gt",
        "gte",
        "lt",
        "lte",
        "isnull",
        "not",
    ];
    match name.rsplit_once("__") {
        Some((field, lookup)) if LOOKUPS.contains(&lookup) => (field, lookup),
        _ => (name, "exact"),
    }
}

fn compare(
    model: Model,
    name: &str,
    lookup: &str,
    value: &Value,
    statement: &mut Statement,
) -> Result<String, HostError> {
    let column = model.column(name).ok_or_else(|| model.unknown(name))?;
    let sql = column.sql;
    let wrong = || {
        HostError::raised("ValueError", format!("Field '{name}' can't be compared with {value}"))
    };
    if lookup == "isnull" || value.is_null() {
        let null = value.is_null() || value.as_bool().ok_or_else(wrong)?;
        return Ok(format!("{sql} IS {}NULL", if null { "" } else { "NOT " }));
    }
    let read = |value: &Value| -> Result<SqlValue, HostError> {
        let text = value.as_str();
        Ok(match column.sort {
            Sort::Text => match value {
                Value::String(text) => text.clone().into(),
                Value::Number(number) => number.to_string().into(),
                _ => return Err(wrong()),
            },
            Sort::Number => match text {
                Some(text) => match Timestamp::parse(text) {
                    Some(at) => at.0.into(),
                    None => text.parse::<i64>().map_err(|_| wrong())?.into(),
                },
                None => value.as_i64().ok_or_else(wrong)?.into(),
            },
            Sort::Flag => i64::from(value.as_bool().ok_or_else(wrong)?).into(),
            Sort::Uuid => {
                let uuid = text.and_then(|text| Uuid::parse_str(text).ok());
                uuid.ok_or_else(wrong)?.into()
            }
        })
    };
    if column.sort != Sort::Text && !["exact", "in", "gt", "gte", "lt", "lte"].contains(&lookup) {
        return Err(wrong());
    }
    // Written so that both engines tell letters apart, or do not, as is asked.
    let (base, folded) = match lookup.strip_prefix('i') {
        Some(base) if ["exact", "contains", "startswith", "endswith"].contains(&base) => {
            (base, true)
        }
        _ => (lookup, false),
    };
    let left = if folded { format!("LOWER({sql})") } else { sql.to_owned() };
    let mut text = || -> Result<String, HostError> {
        let text = value.as_str().ok_or_else(wrong)?;
        let text = if folded { text.to_lowercase() } else { text.to_owned() };
        Ok(statement.value(text))
    };
    Ok(match base {
        // Everything contains nothing.
        "contains" | "startswith" | "endswith" if value.as_str() == Some("") => "1 = 1".to_owned(),
        "contains" => {
            let part = text()?;
            format!("REPLACE({left}, {part}, '') <> {left}")
        }
        "startswith" => {
            let part = text()?;
            format!("SUBSTR({left}, 1, LENGTH({part})) = {part}")
        }
        "endswith" => {
            let part = text()?;
            format!("SUBSTR({left}, LENGTH({left}) - LENGTH({part}) + 1) = {part}")
        }
        "exact" if folded => {
            let whole = text()?;
            format!("{left} = {whole}")
        }
        "in" => {
            let list = value.as_array().ok_or_else(wrong)?;
            if list.is_empty() || list.len() > MOST {
                return Ok("1 = 0".to_owned());
            }
            let values = list
                .iter()
                .map(|each| Ok(statement.value(read(each)?)))
                .collect::<Result<Vec<_>, HostError>>()?;
            format!("{sql} IN ({})", values.join(", "))
        }
        "gt" | "gte" | "lt" | "lte" => {
            let sign = match lookup {
                "gt" => ">",
                "gte" => ">=",
                "lt" => "<",
                _ => "<=",
            };
            let value = statement.value(read(value)?);
            format!("{sql} {sign} {value}")
        }
        _ => {
            let value = statement.value(read(value)?);
            format!("{sql} = {value}")
        }
    })
}
