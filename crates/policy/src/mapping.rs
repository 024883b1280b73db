//! Property mappings: what a value is made from for somebody, as the claims of a scope. Each kind is
//! in the crate that asks for its values.

use countersign_model::Fields;
use serde_json::Value;

use crate::expression::{Expression, ExpressionError};
use crate::host::BoxFuture;
use crate::measure;
use crate::request::PolicyRequest;

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
    fn evaluate<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Value, ExpressionError>> {
        Box::pin(measure::mapping(self.name(), async {
            let request = PolicyRequest { name: self.name(), ..*request };
            self.expression().program()?.map(&request).await
        }))
    }
}

/// The values of many mappings for one request, in their order.
pub async fn evaluate_all(
    mappings: &[&dyn Mapping],
    request: &PolicyRequest<'_>,
) -> Vec<Result<Value, ExpressionError>> {
    let mut values = Vec::with_capacity(mappings.len());
    for mapping in mappings {
        values.push(mapping.evaluate(request).await);
    }
    values
}
