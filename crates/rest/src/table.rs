//! The generic resource over tables: the same lists, filters and pages as kinds have, with SQL
//! behind them.

use axum::response::Response;
use countersign_core::{
    Access, ApiError, BoxFuture, Call, Operation, Page, envelope, json, no_content,
};
use countersign_model::{FieldErrors, KindMeta, Mode, Problem};
use countersign_store::{Sql, SqlValue, StoreError};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::openapi::property;
use crate::values::words;

/// The most rows one page of a table holds.
const MOST: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Bool,
    Int,
    Text,
    Time,
    Uuid,
}

/// A column as lists see it.
#[derive(Debug)]
pub struct Column {
    /// The name in queries, as `username` or `user__username`.
    pub name: &'static str,
    /// The expression, as `u.username`.
    pub sql: &'static str,
    pub kind: ColumnKind,
    pub filter: bool,
    pub search: bool,
}

impl Column {
    pub const fn new(name: &'static str, sql: &'static str, kind: ColumnKind) -> Column {
        Column { name, sql, kind, filter: true, search: false }
    }

    #[must_use]
    pub const fn searched(mut self) -> Column {
        self.search = true;
        self
    }

    /// Only for ordering.
    #[must_use]
    pub const fn unfiltered(mut self) -> Column {
        self.filter = false;
        self
    }
}

/// A table, or a join, as lists see it.
#[derive(Debug)]
pub struct TableMeta {
    /// As `users u`.
    pub from: &'static str,
    /// The key that rows are rendered by, as `u.id`.
    pub key: &'static str,
    /// What the item path names: the same key, or another unique column.
    pub lookup: &'static str,
    pub lookup_kind: ColumnKind,
    pub columns: &'static [Column],
    /// As the `ordering` parameter would be.
    pub order: &'static str,
    /// One expression with all that is searched in lower case, where an index has it; else each
    /// column is looked at.
    pub searched: Option<&'static str>,
    /// For a table of any size.
    pub index: Option<Index>,
}

/// What a large table knows of itself without being gone over.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    /// The number of all rows.
    pub count: fn(&mut Sql<'_>) -> Result<usize, StoreError>,
    /// The rows that may hold all of some words in what is searched.
    pub narrow: fn(&mut Sql<'_>, &[String]) -> Result<Narrowed, StoreError>,
}

/// Rows that may be meant, never fewer than are.
#[derive(Debug, PartialEq, Eq)]
pub enum Narrowed {
    /// These alone.
    Few(Vec<i64>),
    /// About as many.
    Many(usize),
    /// The index cannot say now.
    Unknown,
}

/// Which rows a caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Those whose column (an expression) names this user.
    Owned(&'static str, i64),
}

/// A resource over a table. Lists and lookups are generic; what rows look like and how they change
/// is its own.
pub trait Rows: Send + Sync + Sized + 'static {
    const META: &'static KindMeta;
    const TABLE: &'static TableMeta;
    /// As "not found" calls a row.
    const CLASS: &'static str = Self::META.schema;
    /// Of `list retrieve create update partial_update destroy used_by`, those it has.
    const OPERATIONS: &'static [&'static str];

    /// What lists can be narrowed by beyond columns, as [`object_schema`] names types.
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[];

    /// Who may call; by default holders of the table's permissions.
    fn access(operation: &str) -> Access {
        let verb = match operation {
            "create" => "add",
            "update" | "partial_update" => "change",
            "destroy" => "delete",
            _ => "view",
        };
        Access::permission(Self::META.app(), verb, Self::META.model_name())
    }

    /// The query parameters of lists, for the document.
    fn parameters() -> impl Iterator<Item = (&'static str, Value)> {
        let kind = |column: &Column| match column.kind {
            ColumnKind::Bool => "boolean",
            ColumnKind::Int => "integer",
            ColumnKind::Text => "string",
            ColumnKind::Time => "time",
            ColumnKind::Uuid => "uuid",
        };
        let columns = Self::TABLE
            .columns
            .iter()
            .filter(|column| column.filter)
            .map(move |column| (column.name, property(kind(column))));
        columns.chain(Self::PARAMETERS.iter().map(|(name, kind)| (*name, property(kind))))
    }

    /// Which rows the caller may see at all.
    ///
    /// # Errors
    /// 403 where there is nothing for such a caller.
    fn scope(_call: &Call) -> Result<Scope, ApiError> {
        Ok(Scope::All)
    }

    /// Conditions beyond plain columns: SQL with `?` for each value.
    ///
    /// # Errors
    /// 400 for a value that makes no sense.
    fn conditions(_call: &Call) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
        Ok(Vec::new())
    }

    /// The rows of these keys, in this order.
    ///
    /// # Errors
    /// When the engine fails.
    fn render(sql: &mut Sql<'_>, keys: &[SqlValue], call: &Call) -> Result<Vec<Value>, StoreError>;

    /// Makes a row and gives its key.
    fn create(_call: Call) -> BoxFuture<Result<SqlValue, ApiError>> {
        Box::pin(async { Err(ApiError::not_implemented("Creating these")) })
    }

    fn update(_call: Call, _key: SqlValue, _mode: Mode) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async { Err(ApiError::not_implemented("Changing these")) })
    }

    fn destroy(_call: Call, _key: SqlValue) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async { Err(ApiError::not_implemented("Deleting these")) })
    }

    fn used_by(_call: Call, _key: SqlValue) -> BoxFuture<Result<Value, ApiError>> {
        Box::pin(async { Ok(Value::Array(Vec::new())) })
    }
}

/// The route table of such a resource.
pub fn operations<T: Rows>() -> Vec<Operation> {
    let meta = T::META;
    let (list_path, item) =
        (format!("{}/", meta.path), format!("{}/{{{}}}/", meta.path, meta.lookup));
    let id = |verb: &str| format!("{}_{verb}", meta.path.replace(['/', '-'], "_"));
    let schema = meta.schema;
    let all = T::OPERATIONS.iter().map(|name| match *name {
        "list" => T::parameters().fold(
            Operation::new(Method::GET, &list_path, id("list"), T::access(name), list::<T>)
                .response(format!("Paginated{schema}List")),
            |operation, (name, schema)| operation.parameter(name, schema),
        ),
        "create" => Operation::new(
            Method::POST,
            &list_path,
            id("create"),
            T::access(name),
            |call: Call| async move {
                let key = T::create(call.clone()).await?;
                one::<T>(call, StatusCode::CREATED, key).await
            },
        )
        .request(format!("{schema}Request"))
        .response(schema),
        "update" => {
            Operation::new(Method::PUT, &item, id("update"), T::access(name), |call: Call| {
                change::<T>(call, Mode::Replace)
            })
            .request(format!("{schema}Request"))
            .response(schema)
        }
        "partial_update" => Operation::new(
            Method::PATCH,
            &item,
            id("partial_update"),
            T::access(name),
            |call: Call| change::<T>(call, Mode::Patch),
        )
        .request(format!("Patched{schema}Request"))
        .response(schema),
        "destroy" => Operation::new(
            Method::DELETE,
            &item,
            id("destroy"),
            T::access(name),
            |call: Call| async move {
                let key = find::<T>(&call).await?;
                T::destroy(call, key).await?;
                Ok(no_content())
            },
        ),
        "used_by" => Operation::new(
            Method::GET,
            format!("{item}used_by/"),
            id("used_by_list"),
            T::access(name),
            |call: Call| async move {
                let key = find::<T>(&call).await?;
                Ok(json(StatusCode::OK, &T::used_by(call, key).await?))
            },
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
        _ => Operation::new(
            Method::GET,
            &item,
            id("retrieve"),
            T::access(name),
            |call: Call| async move {
                let key = find::<T>(&call).await?;
                one::<T>(call, StatusCode::OK, key).await
            },
        )
        .response(schema),
    });
    all.map(|operation| operation.of(meta)).collect()
}

async fn change<T: Rows>(call: Call, mode: Mode) -> Result<Response, ApiError> {
    let key = find::<T>(&call).await?;
    T::update(call.clone(), key.clone(), mode).await?;
    one::<T>(call, StatusCode::OK, key).await
}

async fn one<T: Rows>(call: Call, status: StatusCode, key: SqlValue) -> Result<Response, ApiError> {
    let moved = call.clone();
    let mut rows = call.cx.store.read(move |sql| T::render(sql, &[key], &moved)).await?;
    rows.pop().map(|row| json(status, &row)).ok_or_else(|| ApiError::not_found(T::CLASS))
}

/// The key of the row an item path names, when the caller may see it.
async fn find<T: Rows>(call: &Call) -> Result<SqlValue, ApiError> {
    let value = parse(call.param(T::META.lookup), T::TABLE.lookup_kind)
        .ok_or_else(|| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
    let mut conditions = Conditions::default();
    conditions.push(&format!("{} = ?", T::TABLE.lookup), vec![value]);
    conditions.scope(T::scope(call)?);
    let statement = format!("SELECT {} FROM {}{}", T::TABLE.key, T::TABLE.from, conditions.text());
    let found =
        call.cx.store.read(move |sql| sql.query_one(&statement, &conditions.values)).await?;
    let row = found.ok_or_else(|| ApiError::not_found(T::CLASS))?;
    Ok(key_of(&row)?)
}

fn key_of(row: &countersign_store::Row) -> Result<SqlValue, StoreError> {
    row.get::<i64>(0).map(SqlValue::from).or_else(|_| row.get::<Vec<u8>>(0).map(SqlValue::from))
}

async fn list<T: Rows>(call: Call) -> Result<Response, ApiError> {
    let table = T::TABLE;
    let mut conditions = Conditions::default();
    conditions.scope(T::scope(&call)?);
    for (text, values) in T::conditions(&call)? {
        conditions.push(&text, values);
    }
    for column in table.columns.iter().filter(|c| c.filter) {
        let Some(text) = call.query.get(column.name).filter(|t| !t.is_empty()) else { continue };
        let value = match (parse(text, column.kind), column.kind) {
            (Some(value), _) => value,
            (None, ColumnKind::Bool) => continue,
            (None, kind) => return Err(wrong(column.name, kind)),
        };
        conditions.push(&format!("{} = ?", column.sql), vec![value]);
    }
    let narrowed_otherwise = !conditions.parts.is_empty();
    let searched: Vec<&Column> = table.columns.iter().filter(|c| c.search).collect();
    let words: Vec<String> = words(call.query.get("search").unwrap_or_default()).take(16).collect();
    for word in &words {
        if let Some(text) = table.searched {
            conditions.push(&format!("instr({text}, ?) > 0"), vec![SqlValue::from(word.as_str())]);
            continue;
        }
        let pattern =
            format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let any: Vec<String> =
            searched.iter().map(|c| format!("LOWER({}) LIKE ? ESCAPE '\\'", c.sql)).collect();
        if !any.is_empty() {
            conditions.push(
                &format!("({})", any.join(" OR ")),
                searched.iter().map(|_| SqlValue::from(pattern.as_str())).collect(),
            );
        }
    }
    let page = Page::read(&call.query, MOST)?;
    let order = order(&call, table);
    let moved = call.clone();
    let (count, rows) = call
        .cx
        .store
        .browse(move |sql| {
            let mut conditions = conditions.clone();
            let known = match table.index {
                Some(index) if words.is_empty() && !narrowed_otherwise => Some((index.count)(sql)?),
                Some(index) if !words.is_empty() => match (index.narrow)(sql, &words)? {
                    Narrowed::Few(keys) => {
                        conditions.one_of(table.key, &keys);
                        None
                    }
                    Narrowed::Many(about) => (!narrowed_otherwise).then_some(about),
                    Narrowed::Unknown => None,
                },
                _ => None,
            };
            let (from, filter) = (table.from, conditions.text());
            let keys = format!(
                "SELECT {} FROM {from}{filter} ORDER BY {order} LIMIT {} OFFSET {}",
                table.key,
                page.size,
                page.offset()
            );
            let keys = sql
                .query(&keys, &conditions.values)?
                .iter()
                .map(key_of)
                .collect::<Result<Vec<_>, _>>()?;
            // The last page tells the number by itself: a search that finds few is done in one
            // pass.
            let count = match known {
                _ if keys.len() < page.size && (page.number == 1 || !keys.is_empty()) => {
                    page.offset() + keys.len()
                }
                Some(count) => count,
                None => {
                    let count = sql.query_one(
                        &format!("SELECT COUNT(*) FROM {from}{filter}"),
                        &conditions.values,
                    )?;
                    usize::try_from(count.map_or(Ok(0), |row| row.get::<i64>(0))?).unwrap_or(0)
                }
            };
            Ok::<_, StoreError>((count, T::render(sql, &keys, &moved)?))
        })
        .await?;
    page.check(count)?;
    Ok(json(StatusCode::OK, &envelope(page, count, rows)))
}

fn order(call: &Call, table: &TableMeta) -> String {
    let part = |name: &str| -> Option<String> {
        let (name, down) = name.strip_prefix('-').map_or((name, false), |n| (n, true));
        let sql = if name == "pk" {
            table.key
        } else {
            table.columns.iter().find(|c| c.name == name)?.sql
        };
        Some(format!("{sql}{}", if down { " DESC" } else { "" }))
    };
    let asked = call.query.get("ordering").unwrap_or_default();
    let mut parts: Vec<String> = asked.split(',').filter_map(|n| part(n.trim())).collect();
    if parts.is_empty() {
        parts = table.order.split(',').filter_map(part).collect();
    }
    // The key last: pages must not overlap when values are equal.
    parts.push(table.key.to_owned());
    parts.join(", ")
}

fn parse(text: &str, kind: ColumnKind) -> Option<SqlValue> {
    Some(match kind {
        ColumnKind::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => true.into(),
            "false" | "0" => false.into(),
            _ => return None,
        },
        ColumnKind::Int => text.parse::<i64>().ok()?.into(),
        ColumnKind::Text => text.into(),
        ColumnKind::Time => countersign_model::Timestamp::parse(text)?.into(),
        ColumnKind::Uuid => Uuid::parse_str(text).ok()?.into(),
    })
}

fn wrong(name: &str, kind: ColumnKind) -> ApiError {
    let sentence = match kind {
        ColumnKind::Uuid => "Enter a valid UUID.".to_owned(),
        ColumnKind::Time => "Enter a valid date/time.".to_owned(),
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Text => "Enter a number.".to_owned(),
    };
    FieldErrors::one(name, Problem::new("invalid", sentence)).into()
}

/// A WHERE clause in the making: `?` in each part becomes the next numbered parameter.
#[derive(Clone, Default)]
struct Conditions {
    parts: Vec<String>,
    values: Vec<SqlValue>,
}

impl Conditions {
    fn push(&mut self, text: &str, values: Vec<SqlValue>) {
        let mut part = String::new();
        let mut number = self.values.len();
        for letter in text.chars() {
            if letter == '?' {
                number += 1;
                part.push_str(&format!("${number}"));
            } else {
                part.push(letter);
            }
        }
        self.parts.push(part);
        self.values.extend(values);
    }

    /// One value for any number of keys, so that the text stays the same and engines have it
    /// prepared.
    fn one_of(&mut self, column: &str, keys: &[i64]) {
        let keys: Vec<String> = keys.iter().map(i64::to_string).collect();
        let among = format!("{column} IN (SELECT value FROM json_each(CAST(? AS TEXT)))");
        self.push(&among, vec![format!("[{}]", keys.join(",")).into()]);
    }

    fn scope(&mut self, scope: Scope) {
        if let Scope::Owned(column, user) = scope {
            self.push(&format!("{column} = ?"), vec![user.into()]);
        }
    }

    fn text(&self) -> String {
        if self.parts.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.parts.join(" AND "))
        }
    }
}
