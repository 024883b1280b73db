//! What can be said of a file without a database: whether its models and fields exist.

use std::sync::Arc;

use countersign_core::Rows;
use countersign_model::{KindMeta, Registry};
use serde_json::Value as Json;

use crate::{
    apply::{META_MODEL, Spot},
    format::{Document, Value, ValueKind},
};

/// Something about an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The entry.
    pub spot: Spot,
    /// Whether applying would fail because of it.
    pub error: bool,
    /// What.
    pub text: String,
}

/// Fields that exist in blueprints without being fields of the API.
const ONLY_HERE: &[(&str, &[&str])] =
    &[("authentik_core.application", &["icon"]), ("authentik_flows.flow", &["background"])];

/// Looks at every entry whose model is written out. Unknown attributes are told and not errors:
/// files for other versions carry some, and applying ignores them.
pub fn findings(
    document: &Document,
    registry: &Registry,
    tables: &[Arc<dyn Rows>],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in &document.entries {
        let ValueKind::Plain(Json::String(model)) = &entry.model.kind else { continue };
        let model = model.to_ascii_lowercase();
        if model == META_MODEL {
            continue;
        }
        let mut tell = |error: bool, at: &Value, text: String| {
            let mut spot = Spot::of(document, entry);
            spot.at = at.at;
            spot.model.clone_from(&model);
            findings.push(Finding { spot, error, text });
        };
        let kind = registry.kind(&model).map(|kind| kind.meta);
        let table = tables.iter().find(|table| table.kind().model == model);
        let columns = table.map(|table| table.fields()).unwrap_or_default();
        let imported = table.map_or(&[] as &[&str], |table| table.imported());
        if kind.is_none() && table.is_none() {
            tell(true, &entry.model, "there is no such model that blueprints can fill".to_owned());
            continue;
        }
        for (name, value) in &entry.identifiers {
            let field = name.split("__").next().unwrap_or(name);
            if !known(field, kind, &columns, &model) && !matches!(field, "pk" | "id") {
                tell(true, value, format!("identifiers.{name}: the model has no such field"));
            }
        }
        for (name, value) in &entry.attrs {
            if !known(name, kind, &columns, &model) && !imported.contains(&name.as_str()) {
                tell(
                    false,
                    value,
                    format!("attrs.{name}: the model has no such field; it is ignored"),
                );
            }
        }
        if entry.identifiers.is_empty() {
            tell(
                true,
                &entry.model,
                "identifiers: at least one is needed to find the object".to_owned(),
            );
        }
    }
    findings
}

fn known(name: &str, kind: Option<&KindMeta>, columns: &[String], model: &str) -> bool {
    kind.is_some_and(|meta| meta.field(name).is_some() || meta.lookup == name)
        || columns.iter().any(|column| column == name)
        || ONLY_HERE.iter().any(|(of, fields)| *of == model && fields.contains(&name))
}
