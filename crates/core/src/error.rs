//! Errors of the API, in the original's shapes.

use axum::response::{IntoResponse, Response};
use countersign_model::{EditError, FieldErrors, Problem};
use countersign_store::{StoreError, log_failure};
use http::StatusCode;
use serde_json::{Value, json};
use thiserror::Error;

use crate::response::json;

#[derive(Debug, Error)]
pub enum ApiError {
    /// 400 with sentences per field.
    #[error("{}", .0.to_json())]
    Fields(FieldErrors),
    /// `{"detail": ...}` with a status and, sometimes, a code.
    #[error("{text}")]
    Detail { status: StatusCode, text: String, code: Option<&'static str> },
    /// A body of its own shape.
    #[error("{0}")]
    Body(StatusCode, Value),
    /// 429: so many seconds until the next one.
    #[error("too many requests")]
    Throttled(u64),
    /// A status alone, as a few operations of the original answer.
    #[error("{0}")]
    Empty(StatusCode),
    #[error(transparent)]
    Store(StoreError),
}

impl ApiError {
    pub fn detail(status: StatusCode, text: impl Into<String>) -> ApiError {
        ApiError::Detail { status, text: text.into(), code: None }
    }

    pub fn forbidden(text: &str) -> ApiError {
        ApiError::detail(StatusCode::FORBIDDEN, text)
    }

    pub fn no_credentials() -> ApiError {
        ApiError::forbidden("Authentication credentials were not provided.")
    }

    pub fn no_permission() -> ApiError {
        ApiError::forbidden("You do not have permission to perform this action.")
    }

    /// `model` as people call it: "No Group matches the given query."
    pub fn not_found(model: &str) -> ApiError {
        ApiError::detail(StatusCode::NOT_FOUND, format!("No {model} matches the given query."))
    }

    pub fn field(name: &str, problem: Problem) -> ApiError {
        ApiError::Fields(FieldErrors::one(name, problem))
    }

    /// 400 under `non_field_errors`.
    pub fn object(text: impl Into<String>) -> ApiError {
        ApiError::Fields(FieldErrors::object(Problem::new("invalid", text)))
    }

    /// Something the program does not do yet; listed in the compatibility notes.
    pub fn not_implemented(what: &str) -> ApiError {
        ApiError::detail(
            StatusCode::NOT_IMPLEMENTED,
            format!("{what} is not available in this version."),
        )
    }
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> ApiError {
        ApiError::Fields(errors)
    }
}

impl From<EditError> for ApiError {
    fn from(error: EditError) -> ApiError {
        match error {
            EditError::Invalid { errors, .. } => ApiError::Fields(errors),
            other @ (EditError::Protected { .. } | EditError::Awaited { .. }) => {
                ApiError::object(other.to_string())
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        match error {
            StoreError::Edit(edit) => edit.into(),
            StoreError::Refused(errors) => ApiError::Fields(errors),
            // `table.column`: the column is the field, but for the folded spelling of names.
            StoreError::Conflict { index } => {
                let column = index
                    .split(',')
                    .next()
                    .and_then(|i| i.rsplit('.').next())
                    .unwrap_or_default()
                    .trim_end_matches("_fold")
                    .to_owned();
                ApiError::field(&column, Problem::unique())
            }
            StoreError::Denied(why) => ApiError::forbidden(why),
            StoreError::Characters(_) => ApiError::object("Null characters are not allowed."),
            other => ApiError::Store(other),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            ApiError::Fields(errors) => json(StatusCode::BAD_REQUEST, &errors.to_json()),
            ApiError::Detail { status, text, code: None } => json(status, &json!({"detail": text})),
            ApiError::Detail { status, text, code: Some(code) } => {
                json(status, &json!({"detail": text, "code": code}))
            }
            ApiError::Body(status, body) => json(status, &body),
            ApiError::Empty(status) => status.into_response(),
            ApiError::Throttled(seconds) => {
                let unit = if seconds == 1 { "second" } else { "seconds" };
                let text =
                    format!("Request was throttled. Expected available in {seconds} {unit}.");
                let mut answer = json(StatusCode::TOO_MANY_REQUESTS, &json!({"detail": text}));
                answer
                    .headers_mut()
                    .insert(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
                answer
            }
            ApiError::Store(error) => {
                log_failure(&error, error.is_passing(), "");
                let (status, text) = match error {
                    StoreError::Closed => {
                        (StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down.")
                    }
                    StoreError::Full => {
                        (StatusCode::INSUFFICIENT_STORAGE, "The disk is full; nothing was changed.")
                    }
                    error if error.is_passing() => (
                        StatusCode::SERVICE_UNAVAILABLE,
                        "The database does not answer for the moment. Try again in a few seconds.",
                    ),
                    _ => (
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "An internal error occurred; nothing was changed.",
                    ),
                };
                let mut answer = json(status, &json!({"detail": text}));
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    answer
                        .headers_mut()
                        .insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("5"));
                }
                answer
            }
        }
    }
}
