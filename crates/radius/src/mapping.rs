//! Attributes of an answer: mappings, which are asked for somebody who may enter.

use std::sync::Arc;

use crate::provider::RadiusProvider;
use crate::wire::Attribute;
use crate::wire::dictionary::{Dictionary, Wrong};
use countersign_core::{Caller, Identity, RequestInfo};
use countersign_events::Event;
use countersign_flow::FlowContext;
use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};
use countersign_policy::expression::{Expression, ExpressionError};
use countersign_policy::{Mapping, Occasion, PolicyRequest, Subject};
use countersign_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Says what the answer to a sign-in carries: an expression sets attributes of `packet`.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Mapping,
    path = "propertymappings/provider/radius",
    model = "authentik_providers_radius.radiusproviderpropertymapping",
    title = "Radius Provider Property Mapping",
    component = "ak-property-mapping-provider-radius-form",
    check = Self::check
)]
pub struct RadiusProviderPropertyMapping {
    /// A name that a tool finds its own objects by; set on those the program brings itself.
    #[field(label = "Managed by authentik", hide, unique, filter, filter_null)]
    pub managed: Option<String>,
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Expression", widget = Expression,
        help = "Sets attributes, as packet[\"Reply-Message\"] = \"Hello\". What it returns is ignored."
    )]
    pub expression: Expression,
}

impl Mapping for RadiusProviderPropertyMapping {
    fn name(&self) -> &str {
        &self.name
    }

    fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl RadiusProviderPropertyMapping {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if let Err(error) = self.expression.program()
            && error != ExpressionError::Empty
        {
            errors.add("expression", Problem::new("invalid", error.to_string()));
        }
    }
}

/// A packet as expressions leave it, each for the next one.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Sketch {
    items: Map<String, Value>,
    /// What `define_attribute` was called with: number and name of the vendor, name and number of
    /// the attribute, type.
    defined: Vec<(i64, String, String, i64, String)>,
}

impl Sketch {
    fn attributes(&self) -> Result<Vec<Attribute>, Wrong> {
        let mut dictionary = Dictionary::default();
        for (vendor, vendor_name, name, number, form) in &self.defined {
            dictionary.define((*vendor, vendor_name), (*number, name), form)?;
        }
        let one = |(name, value): (&String, &Value)| {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let all = values.iter().map(|value| dictionary.attribute(name, value));
            all.collect::<Result<Vec<_>, _>>()
        };
        let all = self.items.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().flatten().collect())
    }
}

/// A mapping that failed: what the answer should have carried is not known.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) mapping: String,
    error: String,
}

/// What the answer to somebody carries. One mapping that fails makes the whole unknown: an answer
/// without what it said (a VLAN, a filter) would let somebody in further than was meant.
///
/// # Errors
/// When the database is away.
pub(crate) async fn attributes(
    cx: &FlowContext,
    request: &RequestInfo,
    user: &Identity,
    provider: &RadiusProvider,
) -> Result<Result<Vec<Attribute>, Broken>, StoreError> {
    let snapshot = cx.snapshot();
    let own = |reference| snapshot.member(reference)?.cast::<RadiusProviderPropertyMapping>();
    let mut mappings: Vec<_> =
        provider.property_mappings.iter().filter_map(|mapping| own(*mapping)).collect();
    mappings.sort_by(|a, b| a.name.cmp(&b.name));
    if mappings.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let (host, subject) =
        (cx.policies().host(cx, Some(request)), Subject::of(user, cx.uid(user.pk)));
    let (mut sketch, mut all) = (Sketch::default(), Vec::new());
    for mapping in mappings {
        let given = serde_json::to_value(&sketch).unwrap_or_default();
        let asked = PolicyRequest {
            snapshot: &snapshot,
            clock: &*cx.clock,
            host: &host,
            user: Some(&subject),
            occasion: Occasion::Packet(&given),
            target: None,
            name: &mapping.name,
        };
        match mapping.evaluate(&asked).await {
            Ok(value) => match serde_json::from_value(value) {
                Ok(after) => sketch = after,
                Err(error) => return Ok(Err(Broken::new(mapping, &error))),
            },
            // Comments alone say nothing.
            Err(ExpressionError::Empty) => {}
            Err(error) => return Ok(Err(Broken::new(mapping, &error.settled()?))),
        }
        all = match sketch.attributes() {
            Ok(all) => all,
            Err(error) => return Ok(Err(Broken::new(mapping, &error))),
        };
    }
    Ok(Ok(all))
}

impl Broken {
    fn new(mapping: &RadiusProviderPropertyMapping, error: &impl std::fmt::Display) -> Broken {
        Broken { mapping: mapping.name.clone(), error: error.to_string() }
    }

    /// What the answer would have carried is more than fits.
    pub(crate) fn too_much() -> Broken {
        let error = "All attributes together are more than fits into a packet of 4096 octets.";
        Broken { mapping: String::new(), error: error.to_owned() }
    }

    /// Tells administrators.
    pub(crate) async fn report(
        &self,
        cx: &FlowContext,
        request: &RequestInfo,
        user: &Arc<Identity>,
        provider: &RadiusProvider,
    ) {
        let message = format!("Failed to evaluate property-mapping: '{}'", self.mapping);
        let context = json!({
            "message": message, "mapping": self.mapping, "error": self.error,
            "provider": provider.name,
        });
        let caller = Caller { user: Some(user.clone()), ..Caller::nobody() };
        let event = Event::new("configuration_error", "authentik.providers.radius", context);
        event.write(cx, cx.actor(&caller, request)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_what_expressions_have_set() {
        let sketch: Sketch = serde_json::from_value(json!({
            "items": {"Class": ["a", "b"], "Session-Timeout": 60, "Acme-Role": "admin"},
            "defined": [[4242, "Acme", "Role", 7, "string"]],
        }))
        .unwrap();
        let all = sketch.attributes().unwrap();
        let kinds: Vec<u8> = all.iter().map(|attribute| attribute.kind).collect();
        assert_eq!(kinds, [25, 25, 27, 26]);
        assert_eq!((all[0].value(), all[1].value()), (&b"a"[..], &b"b"[..]));
        let unknown: Sketch =
            serde_json::from_value(json!({"items": {"Nope": 1}, "defined": []})).unwrap();
        assert_eq!(unknown.attributes(), Err(Wrong::Unknown("Nope".to_owned())));
    }
}
