//! What becomes of what a directory says of a person or a group.

use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};
use countersign_policy::Mapping;
use countersign_policy::expression::{Expression, ExpressionError};

/// Turns attributes of an entry into properties of an account or a group.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Mapping,
    path = "propertymappings/source/ldap",
    model = "authentik_sources_ldap.ldapsourcepropertymapping",
    title = "LDAP Source Property Mapping",
    component = "ak-property-mapping-source-ldap-form",
    check = LDAPSourcePropertyMapping::check
)]
pub struct LDAPSourcePropertyMapping {
    /// A name that a tool finds its own objects by; set on those the program brings itself.
    #[field(label = "Managed by authentik", hide, unique, filter, filter_null)]
    pub managed: Option<String>,
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Expression",
        help = "Returns a dictionary of properties. Knows ldap (the attributes of the entry), dn (its name) and source."
    )]
    pub expression: Expression,
}

impl Mapping for LDAPSourcePropertyMapping {
    fn name(&self) -> &str {
        &self.name
    }

    fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl LDAPSourcePropertyMapping {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if let Err(error) = self.expression.program()
            && error != ExpressionError::Empty
        {
            errors.add("expression", Problem::new("invalid", error.to_string()));
        }
    }
}
