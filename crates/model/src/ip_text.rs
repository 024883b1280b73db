//! Addresses as values of fields.

use std::net::IpAddr;
use std::ops::Deref;

use serde_json::Value;

use crate::errors::{ErrorNode, Problem};
use crate::field::{FieldMeta, FieldValue, Shape};

/// An IPv4 or IPv6 address in its shortest form, or an empty text where the field may be blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpText(String);

impl Deref for IpText {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl FieldValue for IpText {
    fn shape() -> Shape {
        Shape::Text
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let text = String::parse(value, meta)?;
        if text.is_empty() {
            return Ok(IpText(text));
        }
        // One form of an address, as that of events: IPv4 is never written as IPv6.
        match text.trim().parse::<IpAddr>() {
            Ok(address) => Ok(IpText(address.to_canonical().to_string())),
            Err(_) => Err(Problem::new("invalid", "Enter a valid IPv4 or IPv6 address.").into()),
        }
    }
    /// What an older version let through stays: it is no address of anybody.
    fn load(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        match value {
            Value::String(text) => Ok(IpText(text.clone())),
            other => Self::parse(other, meta),
        }
    }
    fn to_json(&self) -> Value {
        Value::from(self.0.clone())
    }
}
