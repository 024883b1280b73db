//! Scope mappings: what a scope reveals about a person.

use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};
use countersign_policy::Mapping;
use countersign_policy::expression::{Expression, ExpressionError};

/// Turns a scope an application asks for into claims about the person who signs in.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Mapping,
    path = "propertymappings/provider/scope",
    model = "authentik_providers_oauth2.scopemapping",
    title = "Scope Mapping",
    component = "ak-property-mapping-provider-scope-form",
    ordering = "scope_name,name",
    check = ScopeMapping::check
)]
pub struct ScopeMapping {
    /// A name that a tool finds its own objects by; set on those the program brings itself.
    #[field(label = "Managed by authentik", hide, unique, filter, filter_null)]
    pub managed: Option<String>,
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Scope name", help = "What the application asks for.", filter, search)]
    pub scope_name: String,
    #[field(
        label = "Description",
        help = "What people read when they are asked for consent.",
        default = ""
    )]
    pub description: String,
    #[field(label = "Expression", widget = Expression, help = "Returns the claims as a dictionary.")]
    pub expression: Expression,
}

impl Mapping for ScopeMapping {
    fn name(&self) -> &str {
        &self.name
    }

    fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl ScopeMapping {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.scope_name.contains(char::is_whitespace) {
            errors.add("scope_name", Problem::new("invalid", "Value must not contain spaces."));
        }
        // Comments alone are a mapping too: one that says nothing.
        if let Err(error) = self.expression.program()
            && error != ExpressionError::Empty
        {
            errors.add("expression", Problem::new("invalid", error.to_string()));
        }
    }
}
