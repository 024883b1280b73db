//! What an application learns of a person: one attribute of an assertion.

use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};
use countersign_policy::Mapping;
use countersign_policy::expression::{Expression, ExpressionError};

/// Gives an attribute of a SAML assertion its values.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Mapping,
    path = "propertymappings/provider/saml",
    model = "authentik_providers_saml.samlpropertymapping",
    title = "SAML Provider Property Mapping",
    component = "ak-property-mapping-provider-saml-form",
    ordering = "saml_name,name",
    check = SAMLPropertyMapping::check
)]
pub struct SAMLPropertyMapping {
    /// A name that a tool finds its own objects by; set on those the program brings itself.
    #[field(label = "Managed by authentik", hide, unique, filter, filter_null)]
    pub managed: Option<String>,
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "SAML Attribute Name",
        help = "What the application knows the attribute by, often an address or an OID.",
        filter,
        search
    )]
    pub saml_name: String,
    #[field(
        label = "Friendly Name",
        help = "A name of the attribute for people. Few applications look at it.",
        filter
    )]
    pub friendly_name: Option<String>,
    #[field(
        label = "Expression", widget = Expression,
        help = "Returns the value, a list of values, or None to leave the attribute out."
    )]
    pub expression: Expression,
}

impl Mapping for SAMLPropertyMapping {
    fn name(&self) -> &str {
        &self.name
    }

    fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl SAMLPropertyMapping {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        // Comments alone are a mapping, too: one that says nothing.
        if let Err(error) = self.expression.program()
            && error != ExpressionError::Empty
        {
            errors.add("expression", Problem::new("invalid", error.to_string()));
        }
    }
}
