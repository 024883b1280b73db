//! The generic resource over declared tables: the same lists, filters and pages as kinds have, with
//! SQL behind them. A page of rows takes the same number of statements however many they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use countersign_accounts::{give_initial, may_change};
use countersign_core::{
    Access, ApiError, Call, Declared, Operation, Page, Permission, Reach, Record, TableResource,
    envelope, find_all, json, no_content, remove, save,
};
use countersign_model::{
    ColumnKind, ColumnMeta, FieldErrors, Key, KindMeta, Mode, ObjectId, Problem, Shape, TableMeta,
};
use countersign_store::{self as store, Sql, SqlValue, StoreError, Tx};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::objects::{as_read, tagged};
use crate::openapi::property;
use crate::values::words;
use crate::{effective, used_by};

/// The most rows one page of a table holds.
const MOST: usize = 1000;

/// What a large table knows of itself without being gone over.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    /// One expression with all that is searched in lower case, where an index has it.
    pub searched: &'static str,
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

/// SQL that rows must meet, with `?` for each value; the row is `t`.
pub type Condition = (String, Vec<SqlValue>);

/// A table that the API serves, beyond what its declaration says.
pub trait Resource: Record {
    /// What lists can be narrowed by beyond columns, as [`crate::object_schema`] names types.
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[];
    /// For a table of any size.
    const INDEX: Option<Index> = None;

    /// Conditions beyond plain columns.
    ///
    /// # Errors
    /// 400 for a value that makes no sense.
    fn conditions(_call: &Call) -> Result<Vec<Condition>, ApiError> {
        Ok(Vec::new())
    }

    /// A page of rows as the API answers them. What they need of other tables is read for all of
    /// them at once.
    ///
    /// # Errors
    /// When the engine fails.
    fn answers(_sql: &mut Sql<'_>, rows: &[Self], _call: &Call) -> Result<Vec<Value>, StoreError> {
        Ok(rows.iter().map(|row| Value::Object(plain(row))).collect())
    }

    /// What only the API asks: what this caller may write, and what it need not say.
    ///
    /// # Errors
    /// What is refused.
    fn admit(
        &mut self,
        _tx: &mut Tx<'_>,
        _call: &Call,
        _before: Option<&Self>,
    ) -> Result<(), ApiError> {
        Ok(())
    }

    /// What only the API asks before a row is deleted.
    ///
    /// # Errors
    /// What is refused.
    fn admit_removal(&self, _tx: &mut Tx<'_>, _call: &Call) -> Result<(), ApiError> {
        Ok(())
    }
}

/// The key and the declared fields of a row.
pub fn plain<T: Record>(row: &T) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert(T::TABLE.pk.to_owned(), key_json(&row.key()));
    answer.extend(row.to_map());
    answer
}

fn key_json(key: &SqlValue) -> Value {
    match key {
        SqlValue::Int(number) => Value::from(*number),
        SqlValue::Bytes(bytes) => {
            Uuid::from_slice(bytes).map_or(Value::Null, |uuid| uuid.to_string().into())
        }
        SqlValue::Text(text) => Value::from(text.as_str()),
        SqlValue::Null => Value::Null,
    }
}

/// What rows must meet to be at one of their table's paths, by what is configured.
pub type Among = Arc<dyn Fn(&Call) -> Condition + Send + Sync>;

/// A path below which rows are served, and which.
#[derive(Clone)]
struct Mount {
    path: &'static str,
    /// The caller's own rows alone.
    own: bool,
    offered: &'static [&'static str],
    among: Option<Among>,
}

/// A declared table with its part of the API.
pub fn table<T: Resource>() -> TableResource {
    let all = Mount { path: T::META.path, own: false, offered: T::TABLE.operations, among: None };
    let own = T::TABLE.own.map(|path| Mount {
        path,
        own: true,
        offered: T::TABLE.own_operations,
        among: None,
    });
    let operations = [Some(all), own].into_iter().flatten().flat_map(operations::<T>).collect();
    TableResource::served::<T>(operations)
}

/// Some rows of a table at a further path: those that meet a condition. What is made there has to
/// meet it, too.
pub fn part_of_table<T: Resource>(
    path: &'static str,
    offered: &'static [&'static str],
    among: Among,
) -> Vec<Operation> {
    operations::<T>(Mount { path, own: false, offered, among: Some(among) })
}

fn operations<T: Resource>(mount: Mount) -> Vec<Operation> {
    let (meta, table) = (T::META, T::TABLE);
    let access = |operation: &str| match operation {
        // Whatever somebody makes here is their own.
        "create" if mount.own || table.everybody && mount.among.is_none() => {
            Access::authenticated()
        }
        "create" => Access::global(Permission::add(meta)),
        name => {
            let permission = match name {
                "update" | "partial_update" => Permission::change(meta),
                "destroy" => Permission::delete(meta),
                _ => Permission::view(meta),
            };
            if mount.own { Access::own(permission) } else { Access::on(permission) }
        }
    };
    let (list_path, item) =
        (format!("{}/", mount.path), format!("{}/{{{}}}/", mount.path, meta.lookup));
    let schema = meta.schema;
    let (request, patch) = (format!("{schema}Request"), format!("Patched{schema}Request"));
    let all = mount.offered.iter().map(|name| {
        let id = format!("{}_{name}", mount.path.replace(['/', '-'], "_"));
        let (list_path, item, access) = (list_path.clone(), item.clone(), access(name));
        let among = mount.among.clone();
        match *name {
            "list" => parameters::<T>().fold(
                Operation::new(Method::GET, list_path, id, access, move |call| {
                    list::<T>(call, among.clone())
                })
                .pages_of(schema),
                |operation, (name, schema)| operation.parameter(name, schema),
            ),
            "create" => Operation::new(Method::POST, list_path, id, access, move |call| {
                create::<T>(call, among.clone())
            })
            .request(request.clone())
            .response(schema),
            "update" => Operation::new(Method::PUT, item, id, access, move |call| {
                change::<T>(call, Mode::Replace, among.clone())
            })
            .request(request.clone())
            .response(schema),
            "partial_update" => Operation::new(Method::PATCH, item, id, access, move |call| {
                change::<T>(call, Mode::Patch, among.clone())
            })
            .request(patch.clone())
            .response(schema),
            "destroy" => Operation::new(Method::DELETE, item, id, access, move |call| {
                destroy::<T>(call, among.clone())
            }),
            "used_by" => Operation::new(
                Method::GET,
                format!("{item}used_by/"),
                format!("{id}_list"),
                access,
                move |call: Call| {
                    let among = among.clone();
                    async move {
                        let key = call.row()?;
                        is_here::<T>(&call, among.as_ref(), key).await?;
                        let key = ObjectId::new(meta.space, key);
                        let users = used_by::of_row(&call, T::TABLE, key).await?;
                        Ok(json(StatusCode::OK, &users))
                    }
                },
            )
            .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
            _ => Operation::new(Method::GET, item, id, access, move |call: Call| {
                let among = among.clone();
                async move {
                    let key = call.row()?;
                    is_here::<T>(&call, among.as_ref(), key).await?;
                    answer_row::<T>(call, StatusCode::OK, key.into()).await
                }
            })
            .response(schema),
        }
    });
    all.map(|operation| operation.of(meta)).collect()
}

/// A row that is not among those of the path is not there.
async fn is_here<T: Resource>(
    call: &Call,
    among: Option<&Among>,
    key: Key,
) -> Result<(), ApiError> {
    let Some(condition) = among.map(|among| among(call)) else { return Ok(()) };
    let here = call.cx.store.read(move |sql| meets::<T>(sql, condition, key.into())).await?;
    if here { Ok(()) } else { Err(ApiError::not_found(T::TABLE.class)) }
}

fn meets<T: Resource>(
    sql: &mut Sql<'_>,
    (text, values): Condition,
    key: SqlValue,
) -> Result<bool, StoreError> {
    let Some(column) = T::TABLE.key() else { return Ok(false) };
    let mut conditions = Conditions::default();
    conditions.push(&format!("t.{} = ?", column.sql), vec![key]);
    conditions.push(&text, values);
    let statement = format!("SELECT 1 FROM {} t{}", T::TABLE.name, conditions.text());
    Ok(sql.query_one(&statement, &conditions.values)?.is_some())
}

/// The query parameters of lists, for the document.
fn parameters<T: Resource>() -> impl Iterator<Item = (&'static str, Value)> {
    let kind = |kind: ColumnKind| match kind {
        ColumnKind::Bool => "boolean",
        ColumnKind::Int => "integer",
        ColumnKind::Time => "time",
        ColumnKind::Uuid => "uuid",
        ColumnKind::Text | ColumnKind::Bytes | ColumnKind::Json => "string",
    };
    let columns = listed(T::TABLE).into_iter().filter(|column| column.filter);
    let columns = columns.map(move |column| (column.name, property(kind(column.kind))));
    columns.chain(T::PARAMETERS.iter().map(|(name, kind)| (*name, property(kind))))
}

/// A column as lists see it.
struct Listed {
    name: &'static str,
    sql: String,
    kind: ColumnKind,
    filter: bool,
    search: bool,
}

fn listed(table: &'static TableMeta) -> Vec<Listed> {
    let mut all = Vec::new();
    for (number, column) in table.columns.iter().enumerate() {
        let own = column.listed.iter().enumerate().map(|(place, name)| Listed {
            name,
            sql: format!("t.{}", column.sql),
            kind: column.kind,
            filter: column.filter && place == 0,
            search: column.search && place == 0,
        });
        all.extend(own);
        all.extend(column.through.map(|(name, other)| Listed {
            name,
            sql: format!("r{number}.{other}"),
            kind: ColumnKind::Text,
            filter: true,
            search: true,
        }));
    }
    all
}

/// The table as `t`, and what lists look at of the rows it names.
fn from(table: &TableMeta) -> String {
    let mut from = format!("{} t", table.name);
    for (number, column) in table.columns.iter().enumerate() {
        if let (Some(other), Some(_)) = (column.belongs_to, column.through) {
            let (name, key, own) = (other.table, other.column, column.sql);
            from.push_str(&format!(" JOIN {name} r{number} ON r{number}.{key} = t.{own}"));
        }
    }
    from
}

/// The rows that a caller reaches: the one condition that every list and look-up begins with.
fn reached(reach: &Reach, table: &TableMeta) -> Conditions {
    let mut conditions = Conditions::default();
    if let Some(only_if) = table.only_if {
        conditions.push(only_if, Vec::new());
    }
    if let Some((text, values)) = reach.condition(table) {
        conditions.push(&text, values);
    }
    conditions
}

async fn create<T: Resource>(call: Call, among: Option<Among>) -> Result<Response, ApiError> {
    let body = call.object()?;
    let moved = call.clone();
    let condition = among.map(|among| among(&call));
    let write = move |tx: &mut Tx<'_>| {
        let mut row = T::parse(&moved.input(&body, Mode::Create), None)?;
        row.admit(tx, &moved, None)?;
        may_touch(tx, &row)?;
        let key = save(tx, row, None)?.key();
        if let Some(condition) = &condition
            && !meets::<T>(tx, condition.clone(), key.clone())?
        {
            return Err(ApiError::object("This belongs at another path."));
        }
        if let (Some(creator), Some(made)) = (&moved.caller.user, as_key(&key)) {
            give_initial(tx, creator, T::META, ObjectId::new(T::META.space, made), true)?;
        }
        Ok::<_, ApiError>(key)
    };
    let key = call.cx.store.write(call.actor(), reason(T::META, "created"), write).await?;
    answer_row::<T>(call, StatusCode::CREATED, key).await
}

async fn change<T: Resource>(
    call: Call,
    mode: Mode,
    among: Option<Among>,
) -> Result<Response, ApiError> {
    is_here::<T>(&call, among.as_ref(), call.row()?).await?;
    let key = SqlValue::from(call.row()?);
    let body = call.object()?;
    let (moved, wanted) = (call.clone(), key.clone());
    let write = move |tx: &mut Tx<'_>| {
        let found = countersign_core::find(tx, wanted.clone())?;
        let before: T = found.ok_or_else(|| ApiError::not_found(T::TABLE.class))?;
        as_read(&moved, &tag(&before))?;
        let mut row = T::parse(&moved.input(&body, mode), Some(&before))?;
        row.admit(tx, &moved, Some(&before))?;
        may_touch(tx, &before)?;
        may_touch(tx, &row)?;
        save(tx, row, Some(&before)).map(|_| ())
    };
    call.cx.store.write(call.actor(), reason(T::META, "changed"), write).await?;
    answer_row::<T>(call, StatusCode::OK, key).await
}

async fn destroy<T: Resource>(call: Call, among: Option<Among>) -> Result<Response, ApiError> {
    let key = call.row()?;
    is_here::<T>(&call, among.as_ref(), key).await?;
    let moved = call.clone();
    let write = move |tx: &mut Tx<'_>| {
        let Some(row) = countersign_core::find::<T>(tx, key)? else { return Ok(()) };
        as_read(&moved, &tag(&row))?;
        row.admit_removal(tx, &moved)?;
        may_touch(tx, &row)?;
        remove(tx, &row)
    };
    call.cx.store.write(call.actor(), reason(T::META, "deleted"), write).await?;
    Ok(no_content())
}

/// The rows of these keys as their resource answers them.
fn answers<T: Resource>(
    sql: &mut Sql<'_>,
    keys: &[SqlValue],
    call: &Call,
) -> Result<Vec<Value>, StoreError> {
    let rows = find_all::<T>(sql, keys)?;
    let mut answers = T::answers(sql, &rows, call)?;
    let keys: Vec<SqlValue> = rows.iter().map(store::Table::key).collect();
    effective::add_to_rows(sql, call, (T::TABLE, T::META), &keys, &mut answers)?;
    Ok(answers)
}

fn as_key(value: &SqlValue) -> Option<Key> {
    match value {
        SqlValue::Int(number) => Some(Key::Int(*number)),
        SqlValue::Bytes(bytes) => Uuid::from_slice(bytes).ok().map(Key::Uuid),
        SqlValue::Text(_) | SqlValue::Null => None,
    }
}

/// What belongs to somebody who holds more than the caller is not the caller's to change.
fn may_touch<T: Resource>(tx: &mut Tx<'_>, row: &T) -> Result<(), ApiError> {
    let owner = T::TABLE.columns.iter().position(|column| column.owner);
    match owner.and_then(|at| row.values().into_iter().nth(at)) {
        Some(SqlValue::Int(owner)) => may_change(tx, owner),
        _ => Ok(()),
    }
}

/// What a row is known by while nobody edits it: its fields, without what no edit sets, as the last
/// sign-in.
fn tag<T: Resource>(row: &T) -> String {
    let mut fields = row.to_map();
    let local = T::TABLE.columns.iter().filter(|c| T::TABLE.local.contains(&c.name));
    local.for_each(|column| {
        fields.remove(column.name);
    });
    let digest = store::sha256(&Value::Object(fields).to_string());
    format!("\"{}\"", hex::encode(digest.get(..16).unwrap_or_default()))
}

fn reason(meta: &KindMeta, what: &str) -> String {
    format!("{} {what}", meta.title.to_lowercase())
}

/// A row as its resource answers it.
///
/// # Errors
/// 404 when it is gone.
pub async fn answer_row<T: Resource>(
    call: Call,
    status: StatusCode,
    key: SqlValue,
) -> Result<Response, ApiError> {
    let moved = call.clone();
    let read = move |sql: &mut Sql<'_>| {
        let row = countersign_core::find::<T>(sql, key.clone())?;
        Ok::<_, StoreError>((row.map(|row| tag(&row)), answers::<T>(sql, &[key], &moved)?.pop()))
    };
    let found = match call.cx.store.read(read).await? {
        (Some(tag), Some(row)) => Some((tag, row)),
        _ => None,
    };
    let (tag, row) = found.ok_or_else(|| ApiError::not_found(T::TABLE.class))?;
    Ok(tagged(json(status, &row), &tag))
}

/// Whether a caller holds a permission on any row whatever.
pub(crate) async fn reaches_some(
    call: &Call,
    table: &'static TableMeta,
    reach: &Reach,
) -> Result<bool, ApiError> {
    if !reach.is_nothing() {
        return Ok(true);
    }
    let Some((_, text, values)) = reach.grants(table) else { return Ok(false) };
    let mut conditions = Conditions::default();
    conditions.push(&text, values);
    let statement = format!("SELECT 1 FROM role_grant{} LIMIT 1", conditions.text());
    let found =
        call.cx.store.read(move |sql| sql.query_one(&statement, &conditions.values)).await?;
    Ok(found.is_some())
}

/// Whether the caller may view an account, as everybody may the own one.
///
/// # Errors
/// When the engine fails.
pub async fn sees_account(call: &Call, pk: i64) -> Result<bool, ApiError> {
    let Some(Declared::Table(table, meta)) = call.cx.declared("authentik_core.user") else {
        return Ok(false);
    };
    if call.caller.pk() == Some(pk) {
        return Ok(true);
    }
    let (rights, keys) = (call.caller.clone(), [Key::Int(pk)]);
    let reach = rights.rights(&call.snapshot).reach(Permission::view(meta), Some(table));
    let seen = call.cx.store.read(move |sql| reached_of(sql, table, &reach, &keys)).await?;
    Ok(!seen.is_empty())
}

/// What rows are called, of those that the caller may view.
///
/// # Errors
/// When the engine fails.
pub async fn called(
    call: &Call,
    table: &'static TableMeta,
    meta: &'static KindMeta,
    keys: &[Key],
) -> Result<BTreeMap<Key, String>, ApiError> {
    let Some(key) = table.key() else { return Ok(BTreeMap::new()) };
    let values: Vec<SqlValue> = keys.iter().map(|key| (*key).into()).collect();
    let (among, of) = store::one_of(&format!("t.{}", key.sql), 0, &values);
    let mut conditions = Conditions::after(of.len());
    if let Some((text, values)) =
        call.rights().reach(Permission::view(meta), Some(table)).condition(table)
    {
        conditions.push(&text, values);
    }
    let statement = format!(
        "SELECT t.{}, {} FROM {} t WHERE {among}{}",
        key.sql,
        table.display_sql(),
        table.name,
        conditions.and()
    );
    let values = [of, conditions.into_values()].concat();
    let rows = call.cx.store.read(move |sql| sql.query(&statement, &values)).await?;
    let named = |row: &store::Row| {
        let key = row.get(0).map(Key::Int).or_else(|_| row.get(0).map(Key::Uuid))?;
        Ok::<_, StoreError>((key, row.get(1)?))
    };
    Ok(rows.iter().map(named).collect::<Result<_, _>>()?)
}

/// Of the rows with these keys, those that are reached.
pub(crate) fn reached_of(
    sql: &mut Sql<'_>,
    table: &TableMeta,
    reach: &Reach,
    keys: &[Key],
) -> Result<Vec<Key>, StoreError> {
    let Some(key) = table.key() else { return Ok(Vec::new()) };
    let values: Vec<SqlValue> = keys.iter().map(|key| (*key).into()).collect();
    let (among, of) = store::one_of(&format!("t.{}", key.sql), 0, &values);
    let mut conditions = Conditions::after(of.len());
    if let Some((text, values)) = reach.condition(table) {
        conditions.push(&text, values);
    }
    let statement =
        format!("SELECT t.{} FROM {} t WHERE {among}{}", key.sql, table.name, conditions.and());
    let rows = sql.query(&statement, &[of, conditions.into_values()].concat())?;
    rows.iter().map(|row| row.get(0).map(Key::Int).or_else(|_| row.get(0).map(Key::Uuid))).collect()
}

/// The key of the row an item path names, when it is among those reached.
pub(crate) async fn find(
    call: &Call,
    table: &'static TableMeta,
    meta: &'static KindMeta,
    reach: &Reach,
) -> Result<Option<Key>, ApiError> {
    let key = table.key().ok_or_else(|| ApiError::not_found(table.class))?;
    let column = table.column(meta.lookup).filter(|column| !column.key).unwrap_or(key);
    let value = parse(call.param(meta.lookup), column.kind)
        .ok_or_else(|| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
    let mut conditions = reached(reach, table);
    conditions.push(&format!("t.{} = ?", column.sql), vec![value]);
    let statement = format!("SELECT t.{} FROM {} t{}", key.sql, table.name, conditions.text());
    let found =
        call.cx.store.read(move |sql| sql.query_one(&statement, &conditions.values)).await?;
    let key = found.map(|row| row.get(0).map(Key::Int).or_else(|_| row.get(0).map(Key::Uuid)));
    Ok(key.transpose()?)
}

fn key_of(row: &store::Row) -> Result<SqlValue, StoreError> {
    row.get::<i64>(0).map(SqlValue::from).or_else(|_| row.get::<Vec<u8>>(0).map(SqlValue::from))
}

async fn list<T: Resource>(call: Call, among: Option<Among>) -> Result<Response, ApiError> {
    let (table, columns, index) = (T::TABLE, listed(T::TABLE), T::INDEX);
    let key = table.key().ok_or_else(|| ApiError::not_found(table.class))?;
    let mut conditions = reached(&call.reach, table);
    let here = among.map(|among| among(&call));
    for (text, values) in T::conditions(&call)?.into_iter().chain(here) {
        conditions.push(&text, values);
    }
    for column in columns.iter().filter(|column| column.filter) {
        let Some(text) = call.query.get(column.name).filter(|t| !t.is_empty()) else { continue };
        let value = match (parse(text, column.kind), column.kind) {
            (Some(value), _) => value,
            (None, ColumnKind::Bool) => continue,
            (None, kind) => return Err(wrong(column.name, kind)),
        };
        one_of_choices(T::META, column.name, text)?;
        conditions.push(&format!("{} = ?", column.sql), vec![value]);
    }
    let narrowed_otherwise = !conditions.parts.is_empty();
    let searched: Vec<&Listed> = columns.iter().filter(|column| column.search).collect();
    let words: Vec<String> = words(call.query.get("search").unwrap_or_default()).take(16).collect();
    for word in &words {
        if let Some(index) = index {
            let text = format!("instr({}, ?) > 0", index.searched);
            conditions.push(&text, vec![SqlValue::from(word.as_str())]);
            continue;
        }
        let pattern =
            format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let text = |column: &&Listed| match column.kind {
            ColumnKind::Text => format!("LOWER({}) LIKE ? ESCAPE '\\'", column.sql),
            // PostgreSQL has no small letters of a number.
            _ => format!("LOWER(CAST({} AS TEXT)) LIKE ? ESCAPE '\\'", column.sql),
        };
        let any: Vec<String> = searched.iter().map(text).collect();
        if !any.is_empty() {
            conditions.push(
                &format!("({})", any.join(" OR ")),
                searched.iter().map(|_| SqlValue::from(pattern.as_str())).collect(),
            );
        }
    }
    let page = Page::read(&call.query, MOST)?;
    let order = order::<T>(&call, key, &columns);
    let (from, key) = (from(table), format!("t.{}", key.sql));
    let moved = call.clone();
    let (count, rows) = call
        .cx
        .store
        .browse(move |sql| {
            let mut conditions = conditions.clone();
            let known = match index {
                Some(index) if words.is_empty() && !narrowed_otherwise => Some((index.count)(sql)?),
                Some(index) if !words.is_empty() => match (index.narrow)(sql, &words)? {
                    Narrowed::Few(keys) => {
                        conditions.one_of(&key, &keys);
                        None
                    }
                    Narrowed::Many(about) => (!narrowed_otherwise).then_some(about),
                    Narrowed::Unknown => None,
                },
                _ => None,
            };
            let filter = conditions.text();
            let keys = format!(
                "SELECT {key} FROM {from}{filter} ORDER BY {order} LIMIT {} OFFSET {}",
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
            Ok::<_, StoreError>((count, answers::<T>(sql, &keys, &moved)?))
        })
        .await?;
    page.check(count)?;
    Ok(json(StatusCode::OK, &envelope(page, count, rows)))
}

/// By what rows are ordered. Texts are compared without regard to case, except in tables of any
/// size, where an index gives the order.
fn order<T: Resource>(call: &Call, key: &ColumnMeta, columns: &[Listed]) -> String {
    let (meta, key) = (T::META, format!("t.{}", key.sql));
    let part = |name: &str| -> Option<String> {
        let (name, down) = name.strip_prefix('-').map_or((name, ""), |name| (name, " DESC"));
        if name == "pk" {
            return Some(format!("{key}{down}"));
        }
        let column = columns.iter().find(|column| column.name == name)?;
        let sql = &column.sql;
        Some(if T::INDEX.is_none() && column.kind == ColumnKind::Text {
            format!("LOWER({sql}){down}, {sql}{down}")
        } else {
            format!("{sql}{down}")
        })
    };
    let asked = call.query.get("ordering").unwrap_or_default();
    let mut parts: Vec<String> = asked.split(',').filter_map(|n| part(n.trim())).collect();
    if parts.is_empty() {
        parts = meta.ordering.iter().copied().filter_map(part).collect();
    }
    // The key last: pages must not overlap when values are equal.
    parts.push(key.clone());
    parts.join(", ")
}

fn one_of_choices(meta: &KindMeta, name: &str, text: &str) -> Result<(), ApiError> {
    match meta.field(name).map(|field| (field.shape)()) {
        Some(Shape::Choice(choices)) if choices.iter().all(|choice| choice.value != text) => {
            Err(ApiError::field(name, no_choice(text)))
        }
        _ => Ok(()),
    }
}

/// What is said of a filter's value that is none of a field's choices.
pub fn no_choice(text: &str) -> Problem {
    let text = format!("Select a valid choice. {text} is not one of the available choices.");
    Problem::new("invalid_choice", text)
}

fn parse(text: &str, kind: ColumnKind) -> Option<SqlValue> {
    Some(match kind {
        ColumnKind::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => true.into(),
            "false" | "0" => false.into(),
            _ => return None,
        },
        ColumnKind::Int => text.parse::<i64>().ok()?.into(),
        ColumnKind::Text | ColumnKind::Bytes | ColumnKind::Json => text.into(),
        ColumnKind::Time => countersign_model::Timestamp::parse(text)?.into(),
        ColumnKind::Uuid => Uuid::parse_str(text).ok()?.into(),
    })
}

fn wrong(name: &str, kind: ColumnKind) -> ApiError {
    let sentence = match kind {
        ColumnKind::Uuid => "Enter a valid UUID.".to_owned(),
        ColumnKind::Time => "Enter a valid date/time.".to_owned(),
        _ => "Enter a number.".to_owned(),
    };
    FieldErrors::one(name, Problem::new("invalid", sentence)).into()
}

/// A WHERE clause in the making: `?` in each part becomes the next numbered parameter.
#[derive(Clone, Default)]
pub(crate) struct Conditions {
    /// Parameters that the statement has before.
    before: usize,
    parts: Vec<String>,
    values: Vec<SqlValue>,
}

impl Conditions {
    /// Behind so many other parameters.
    pub(crate) fn after(before: usize) -> Conditions {
        Conditions { before, ..Conditions::default() }
    }

    pub(crate) fn push(&mut self, text: &str, values: Vec<SqlValue>) {
        self.parts.push(store::numbered(text, self.before + self.values.len()));
        self.values.extend(values);
    }

    fn one_of(&mut self, column: &str, keys: &[i64]) {
        let keys: Vec<SqlValue> = keys.iter().map(|key| SqlValue::Int(*key)).collect();
        let (text, values) = store::one_of(column, self.values.len(), &keys);
        self.parts.push(text);
        self.values.extend(values);
    }

    /// To go on behind other conditions.
    pub(crate) fn and(&self) -> String {
        self.parts.iter().map(|part| format!(" AND {part}")).collect()
    }

    pub(crate) fn into_values(self) -> Vec<SqlValue> {
        self.values
    }

    fn text(&self) -> String {
        if self.parts.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.parts.join(" AND "))
        }
    }
}
