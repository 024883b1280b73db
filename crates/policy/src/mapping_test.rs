//! `propertymappings/all/{pm_uuid}/test/`: a mapping tried out with a user.

use std::io;

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json, with};
use countersign_model::{Family, Key, Problem, Target as _, directory};
use http::{Method, StatusCode};
use serde::Serialize as _;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

use crate::Subject;
use crate::access::Engine;
use crate::mapping::Mapping;
use crate::request::{Occasion, PolicyRequest};

pub(crate) fn operation(policies: &Engine) -> Operation {
    Operation::new(
        Method::POST,
        "propertymappings/all/{pm_uuid}/test/",
        "propertymappings_all_test_create",
        Access::on(Permission::change(<dyn Mapping as Family>::META)),
        with(policies, test),
    )
    .summary("Evaluate a mapping for a user.")
    .parameter("format_result", json!({"type": "boolean"}))
    .parameter("trial", json!({"type": "boolean", "description": "Nothing is changed."}))
    .request("PropertyMappingTestRequest")
    .response("PropertyMappingTestResult")
}

async fn test(policies: Engine, call: Call) -> Result<Response, ApiError> {
    let not_found = || ApiError::not_found("PropertyMapping");
    let mapping = call.entry()?.facet::<dyn Mapping>().ok_or_else(not_found)?;
    let body = call.object()?;
    let user = subject(&call, body.get("user")).await?;
    let context = match body.get("context") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => {
            return Err(ApiError::field(
                "context",
                Problem::new(
                    "invalid",
                    "Value must be a dictionary, and not have any duplicate keys.",
                ),
            ));
        }
    };
    let indented = call.query.flag("format_result").unwrap_or(false);
    let request = PolicyRequest {
        snapshot: &call.snapshot,
        clock: &*call.cx.clock,
        host: &policies.trying(&call),
        user: user.as_ref(),
        occasion: Occasion::Test(&context),
        target: None,
        name: "",
    };
    let (result, successful) = match mapping.evaluate(&request).await {
        Ok(value) => (printed(&value, indented), true),
        Err(error) => (error.settled()?.to_string(), false),
    };
    Ok(json(StatusCode::OK, &json!({"result": result, "successful": successful})))
}

async fn subject(call: &Call, named: Option<&Value>) -> Result<Option<Subject>, ApiError> {
    let Some(named) = named.filter(|named| !named.is_null()) else { return Ok(None) };
    let missing =
        || ApiError::field("user", Problem::missing_reference(named.to_string().trim_matches('"')));
    let pk = Key::from_json(named, directory::User::KEY).and_then(Key::int).ok_or_else(missing)?;
    if !countersign_rest::sees_account(call, pk).await? {
        return Err(missing());
    }
    let user = call
        .cx
        .store
        .read(move |sql| countersign_accounts::identity(sql, pk))
        .await?
        .ok_or_else(missing)?;
    Ok(Some(Subject::of(&user, call.cx.uid(pk))))
}

/// As the original's language writes JSON: on one line with blanks, or indented by four.
fn printed(value: &Value, indented: bool) -> String {
    let mut text = Vec::new();
    let written = if indented {
        value.serialize(&mut Serializer::with_formatter(
            &mut text,
            PrettyFormatter::with_indent(b"    "),
        ))
    } else {
        value.serialize(&mut Serializer::with_formatter(&mut text, Spaced))
    };
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    String::from_utf8_lossy(&text).into_owned()
}

/// `{"a": 1, "b": [2, 3]}`
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_printed_as_the_original_prints_them() {
        let value = json!({"name": "Uma", "groups": ["a", "b"], "none": []});
        assert_eq!(printed(&value, false), r#"{"name": "Uma", "groups": ["a", "b"], "none": []}"#);
        assert_eq!(printed(&json!({"a": [1]}), true), "{\n    \"a\": [\n        1\n    ]\n}");
    }
}
