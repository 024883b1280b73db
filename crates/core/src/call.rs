//! One call of an operation, as its handler sees it.

use std::sync::Arc;

use axum::body::Bytes;
use countersign_model::{Entry, FieldErrors, Input, Key, Mode, Problem, Snapshot, python_type};
use countersign_store::Actor;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use crate::access::{Reach, Rights};
use crate::context::Context;
use crate::error::ApiError;
use crate::form;
use crate::identity::{Caller, Identity};
use crate::request::RequestInfo;

/// The query string, in order, decoded.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Query {
        Query(
            form_urlencoded::parse(text.as_bytes())
                .map(|(k, v)| (k.into_owned(), v.into_owned()))
                .collect(),
        )
    }

    /// The last value of a parameter, as the original reads it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// `true`/`false` in the forms browsers and clients send.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        }
    }
}

/// Seconds within which an edit made by this call must be confirmed, when the caller wants that.
///
/// # Errors
/// A number that cannot be meant: whoever trusts in an edit being undone must not be mistaken.
pub fn confirm_within(headers: &HeaderMap, query: &Query) -> Result<Option<i64>, ApiError> {
    let header = headers
        .get("x-countersign-confirm-within")
        .map(|value| value.to_str().unwrap_or_default().to_owned());
    let Some(given) = header.or_else(|| query.get("confirm_within").map(str::to_owned)) else {
        return Ok(None);
    };
    let seconds = given.trim().parse::<i64>().ok().filter(|seconds| (5..=86_400).contains(seconds));
    let wrong = || {
        ApiError::detail(
            StatusCode::BAD_REQUEST,
            "X-Countersign-Confirm-Within takes seconds, from 5 to 86400. Nothing was changed.",
        )
    };
    seconds.map(Some).ok_or_else(wrong)
}

/// The object that a path names, which its caller may see and has the permission on.
#[derive(Debug, Clone)]
pub enum Named {
    /// Of the configuration.
    Object(Arc<Entry>),
    /// A row of a table, by its key.
    Row(Key),
}

/// One call. Cheap to clone.
#[derive(Clone)]
pub struct Call {
    pub cx: Context,
    pub caller: Caller,
    pub request: RequestInfo,
    /// Of the configuration, for the whole call.
    pub snapshot: Arc<Snapshot>,
    pub query: Query,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    /// The parts of the path that the operation names.
    pub params: Vec<(String, String)>,
    /// The object that the path names, where the operation needs a permission on it.
    pub named: Option<Named>,
    /// The objects on which the caller holds what the operation needs.
    pub reach: Reach,
}

/// What a form with a file wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upload {
    /// What is there goes away.
    Clear,
    /// This takes its place; `name` is what the client calls it.
    File { name: String, content: Bytes },
}

impl Call {
    /// A part of the path, as `slug` in `flows/instances/{slug}/`.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v)
    }

    /// What the caller may do, by the configuration of this call.
    pub fn rights(&self) -> Rights<'_> {
        self.caller.rights(&self.snapshot)
    }

    /// The object of the configuration that the path names.
    ///
    /// # Errors
    /// 404 when it names none.
    pub fn entry(&self) -> Result<&Arc<Entry>, ApiError> {
        match &self.named {
            Some(Named::Object(entry)) => Ok(entry),
            _ => Err(ApiError::detail(StatusCode::NOT_FOUND, "Not found.")),
        }
    }

    /// The key of the row that the path names.
    ///
    /// # Errors
    /// 404 when it names none.
    pub fn row(&self) -> Result<Key, ApiError> {
        match &self.named {
            Some(Named::Row(key)) => Ok(*key),
            _ => Err(ApiError::detail(StatusCode::NOT_FOUND, "Not found.")),
        }
    }

    /// As [`row`](Self::row), of a table whose rows are numbered.
    ///
    /// # Errors
    /// 404 when it names none.
    pub fn row_number(&self) -> Result<i64, ApiError> {
        let number = self.row()?.int();
        number.ok_or_else(|| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))
    }

    /// The signed-in account; operations that are not public always have one.
    ///
    /// # Errors
    /// 403 when there is none.
    pub fn user(&self) -> Result<&Arc<Identity>, ApiError> {
        self.caller.user.as_ref().ok_or_else(ApiError::no_credentials)
    }

    /// Refuses who acts as somebody else, in these words: what would outlive the acting, or is for
    /// its owner alone.
    ///
    /// # Errors
    /// 403.
    pub fn as_oneself(&self, refusal: &str) -> Result<(), ApiError> {
        if self.caller.original.is_none() { Ok(()) } else { Err(ApiError::forbidden(refusal)) }
    }

    pub fn actor(&self) -> Actor {
        let confirm_within = confirm_within(&self.headers, &self.query).ok().flatten();
        Actor { confirm_within, bounded: true, ..self.cx.actor(&self.caller, &self.request) }
    }

    /// The body as a JSON object; an empty body counts as `{}`.
    ///
    /// # Errors
    /// 415 for another media type, 400 for broken JSON or anything but an object.
    pub fn object(&self) -> Result<Map<String, Value>, ApiError> {
        match self.json()? {
            Value::Object(map) => Ok(map),
            other => {
                let text = format!(
                    "Invalid data. Expected a dictionary, but got {}.",
                    python_type(&other)
                );
                Err(FieldErrors::object(Problem::new("invalid", text)).into())
            }
        }
    }

    /// The body as any JSON.
    ///
    /// # Errors
    /// 415 for another media type, 400 for broken JSON.
    pub fn json(&self) -> Result<Value, ApiError> {
        if self.bytes.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        let media = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        if !media
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("application/json")
        {
            return Err(ApiError::detail(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("Unsupported media type \"{media}\" in request."),
            ));
        }
        serde_json::from_slice(&self.bytes).map_err(|e| {
            let what = if e.is_eof() { "unexpected end of data" } else { "unexpected character" };
            let (line, column) = (e.line(), e.column());
            ApiError::detail(
                StatusCode::BAD_REQUEST,
                format!(
                    "JSON parse error - {what}: line {line} column {column} (char {})",
                    column.saturating_sub(1)
                ),
            )
        })
    }

    /// A file of a body that is a form.
    ///
    /// # Errors
    /// 415 for another media type.
    pub async fn form_file(&self, name: &str) -> Result<Option<Bytes>, ApiError> {
        let part = self
            .form()
            .await?
            .into_iter()
            .find(|part| part.name == name && part.file_name.is_some());
        Ok(part.map(|part| part.content))
    }

    /// A text of a body that is a form.
    ///
    /// # Errors
    /// 415 for another media type.
    pub async fn form_text(&self, name: &str) -> Result<Option<String>, ApiError> {
        let mut parts = self.form().await?.into_iter();
        let part = parts.find(|part| part.name == name && part.file_name.is_none());
        Ok(part.map(|part| String::from_utf8_lossy(&part.content).into_owned()))
    }

    async fn form(&self) -> Result<Vec<form::Part>, ApiError> {
        // Without a body there is nothing of a wrong type.
        if self.bytes.is_empty() {
            return Ok(Vec::new());
        }
        let media = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let wrong = || {
            ApiError::detail(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("Unsupported media type \"{media}\" in request."),
            )
        };
        form::parts(media, self.bytes.clone()).await.ok_or_else(wrong)
    }

    /// A form that puts a file somewhere, or takes it away with `clear`.
    ///
    /// # Errors
    /// 400 for neither, 415 for another media type.
    pub async fn upload(&self) -> Result<Upload, ApiError> {
        let form = self.form().await?;
        let clears =
            |part: &form::Part| part.name == "clear" && part.content.eq_ignore_ascii_case(b"true");
        if form.iter().any(clears) {
            return Ok(Upload::Clear);
        }
        form.into_iter()
            .filter(|part| part.name == "file")
            .find_map(|part| Some(Upload::File { name: part.file_name?, content: part.content }))
            .ok_or(ApiError::Empty(StatusCode::BAD_REQUEST))
    }

    /// The body as input for the fields of a kind or table.
    pub fn input<'a>(&'a self, map: &'a Map<String, Value>, mode: Mode) -> Input<'a> {
        Input { map, mode, entropy: &*self.cx.entropy, privileged: false }
    }
}
