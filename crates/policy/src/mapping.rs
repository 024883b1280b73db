//! Property mappings: what a value is made from for somebody, as the claims of a scope. Each kind is
//! in the crate that asks for its values.

use countersign_model::Fields;
use serde_json::Value;

use crate::expression::{Expression, ExpressionError, MappingContext};
use crate::measure;

/// What all property mappings have: the fields of `propertymappings/all/`.
#[derive(Debug, Clone, Fields)]
#[kind(
    members = dyn Mapping,
    path = "propertymappings/all",
    model = "authentik_core.propertymapping",
    schema = "PropertyMapping",
    title = "PropertyMapping",
    space = "mapping",
    lookup = "pm_uuid",
    ordering = "name"
)]
struct Common {
    #[field(filter, filter_null)]
    managed: Option<String>,
    #[field(unique = "Property Mapping with this name already exists.", search, filter)]
    name: String,
    expression: Expression,
}

/// A property mapping.
pub trait Mapping: Send + Sync {
    fn name(&self) -> &str;
    fn expression(&self) -> &Expression;

    /// Its value.
    ///
    /// # Errors
    /// An expression without statements, or a failure while running.
    fn evaluate(&self, context: &MappingContext<'_>) -> Result<Value, ExpressionError> {
        measure::mapping(self.name(), || self.expression().program()?.map(context))
    }
}
