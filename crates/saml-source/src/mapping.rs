//! What becomes of what an identity provider says of a person or a group.

use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};
use countersign_policy::Mapping;
use countersign_policy::expression::{Expression, ExpressionError};

/// Turns what a SAML identity provider says into properties of an account or a group.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Mapping,
    path = "propertymappings/source/saml",
    model = "authentik_sources_saml.samlsourcepropertymapping",
    title = "SAML Source Property Mapping",
    component = "ak-property-mapping-source-saml-form",
    check = SAMLSourcePropertyMapping::check
)]
pub struct SAMLSourcePropertyMapping {
    /// A name that a tool finds its own objects by; set on those the program brings itself.
    #[field(label = "Managed by authentik", hide, unique, filter, filter_null)]
    pub managed: Option<String>,
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Expression",
        help = "Returns a dictionary of properties. Knows properties (what the source says so far), name_id, root (the response) and, for groups, group_id."
    )]
    pub expression: Expression,
}

impl Mapping for SAMLSourcePropertyMapping {
    fn name(&self) -> &str {
        &self.name
    }

    fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl SAMLSourcePropertyMapping {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if let Err(error) = self.expression.program()
            && error != ExpressionError::Empty
        {
            errors.add("expression", Problem::new("invalid", error.to_string()));
        }
    }
}
