//! The settings of an outpost: a map with the original's keys. It is kept as it was sent; what is
//! not in it has its default, and what is not known is for somebody else.

use countersign_model::{
    Duration, ErrorNode, FieldMeta, FieldValue, JsonMap, Problem, Shape, python_type,
};
use serde_json::{Map, Value, json};

/// What a setting may hold, in the words of the original's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Boolean,
    Text,
    TextOrNull,
    Number,
    Map,
    MapOrNull,
    List,
}

impl Holds {
    const fn name(self) -> &'static str {
        match self {
            Holds::Boolean => "bool",
            Holds::Text => "str",
            Holds::TextOrNull => "str | None",
            Holds::Number => "int",
            Holds::Map => "dict",
            Holds::MapOrNull => "dict | None",
            Holds::List => "list",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Holds::Boolean => value.is_boolean(),
            Holds::Text => value.is_string(),
            Holds::TextOrNull => value.is_string() || value.is_null(),
            Holds::Number => value.is_i64(),
            Holds::Map => value.is_object(),
            Holds::MapOrNull => value.is_object() || value.is_null(),
            Holds::List => value.is_array(),
        }
    }
}

/// Every setting with what it may hold, in the original's order.
const SETTINGS: [(&str, Holds); 21] = [
    ("authentik_host", Holds::Text),
    ("authentik_host_insecure", Holds::Boolean),
    ("authentik_host_browser", Holds::Text),
    ("log_level", Holds::Text),
    ("object_naming_template", Holds::Text),
    ("refresh_interval", Holds::Text),
    ("container_image", Holds::TextOrNull),
    ("docker_network", Holds::TextOrNull),
    ("docker_map_ports", Holds::Boolean),
    ("docker_labels", Holds::MapOrNull),
    ("kubernetes_replicas", Holds::Number),
    ("kubernetes_namespace", Holds::Text),
    ("kubernetes_ingress_annotations", Holds::Map),
    ("kubernetes_ingress_secret_name", Holds::Text),
    ("kubernetes_ingress_class_name", Holds::TextOrNull),
    ("kubernetes_httproute_annotations", Holds::Map),
    ("kubernetes_httproute_parent_refs", Holds::List),
    ("kubernetes_service_type", Holds::Text),
    ("kubernetes_disabled_components", Holds::List),
    ("kubernetes_image_pull_secrets", Holds::List),
    ("kubernetes_json_patches", Holds::MapOrNull),
];

const REFRESH: &str = "minutes=5";
const NAMES: &str = "ak-outpost-%(name)s";

/// Every setting with its default. `host` is the address of this server.
pub(crate) fn defaults(host: &str) -> Value {
    json!({
        "authentik_host": host,
        "authentik_host_insecure": false,
        "authentik_host_browser": "",
        "log_level": "info",
        "object_naming_template": NAMES,
        "refresh_interval": REFRESH,
        "container_image": null,
        "docker_network": null,
        "docker_map_ports": true,
        "docker_labels": null,
        "kubernetes_replicas": 1,
        "kubernetes_namespace": "default",
        "kubernetes_ingress_annotations": {},
        "kubernetes_ingress_secret_name": "authentik-outpost-tls",
        "kubernetes_ingress_class_name": null,
        "kubernetes_httproute_annotations": {},
        "kubernetes_httproute_parent_refs": [],
        "kubernetes_service_type": "ClusterIP",
        "kubernetes_disabled_components": [],
        "kubernetes_image_pull_secrets": [],
        "kubernetes_json_patches": null,
    })
}

/// What the form of a new outpost begins with.
pub(crate) fn start() -> Value {
    json!({"authentik_host": "", "log_level": "info", "refresh_interval": REFRESH})
}

/// The settings of one outpost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config(JsonMap);

impl Config {
    pub(crate) fn new(settings: Map<String, Value>) -> Config {
        Config(JsonMap(settings))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The address of this server for the outpost; `None` where it is not said.
    pub(crate) fn host(&self) -> Option<&str> {
        self.text("authentik_host")
    }

    /// The address of this server for browsers, where that is another.
    pub(crate) fn browser_host(&self) -> Option<&str> {
        self.text("authentik_host_browser")
    }

    /// Whether the certificate of this server is not looked at.
    pub(crate) fn insecure(&self) -> bool {
        self.0.0.get("authentik_host_insecure").and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn image(&self) -> Option<&str> {
        self.text("container_image")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.text("kubernetes_namespace").unwrap_or("default")
    }

    pub(crate) fn replicas(&self) -> i64 {
        self.0.0.get("kubernetes_replicas").and_then(Value::as_i64).unwrap_or(1)
    }

    /// What containers and objects of a cluster are called.
    pub(crate) fn object_name(&self, name: &str, uuid: &str) -> String {
        let template = self.text("object_naming_template").unwrap_or(NAMES);
        template.replace("%(name)s", name).replace("%(uuid)s", uuid)
    }

    /// Seconds after which an outpost reads everything again.
    pub(crate) fn refresh_seconds(&self) -> i64 {
        let given = self.text("refresh_interval").unwrap_or(REFRESH);
        Duration::parse(given).map_or(300, |interval| interval.seconds())
    }
}

/// As Python writes a value in a text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        other => other.to_string(),
    }
}

fn wrong(text: String) -> ErrorNode {
    Problem::new("invalid", text).into()
}

impl FieldValue for Config {
    fn shape() -> Shape {
        Shape::Map
    }

    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let settings = JsonMap::parse(value, meta)?;
        for (name, holds) in SETTINGS {
            let Some(value) = settings.0.get(name).filter(|value| !holds.fits(value)) else {
                continue;
            };
            return Err(wrong(format!(
                "Failed to validate config: wrong value type for field \"{name}\" - should be \"{}\" instead of value \"{}\" of type \"{}\"",
                holds.name(),
                shown(value),
                python_type(value)
            )));
        }
        if let Some(interval) = settings.0.get("refresh_interval").and_then(Value::as_str) {
            Duration::parse(interval).map_err(|error| wrong(error.to_string()))?;
        }
        Ok(Config(settings))
    }

    /// Settings that an older version let through stay as they are.
    fn load(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        JsonMap::load(value, meta).map(Config)
    }

    fn to_json(&self) -> Value {
        self.0.to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: Value) -> Option<String> {
        let error = Config::parse(&value, &FieldMeta::TEXT).err()?;
        Some(format!("{error:?}"))
    }

    #[test]
    fn every_default_is_a_value_that_is_taken() {
        let defaults = defaults("https://id.example.org/");
        assert_eq!(refusal(defaults.clone()), None);
        let names: Vec<&str> =
            defaults.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, SETTINGS.map(|(name, _)| name));
    }

    #[test]
    fn settings_are_refused_in_the_words_of_the_original() {
        let text =
            refusal(json!({"authentik_host_insecure": "x", "log_level": 3})).unwrap_or_default();
        assert!(text.contains(r#"Failed to validate config: wrong value type for field \"authentik_host_insecure\" - should be \"bool\" instead of value \"x\" of type \"str\""#), "{text}");
        for value in [
            json!(""),
            json!({"refresh_interval": "often"}),
            json!({"docker_labels": []}),
            json!({"kubernetes_replicas": "2"}),
            json!({"authentik_host": null}),
        ] {
            assert!(refusal(value.clone()).is_some(), "{value}");
        }
        assert_eq!(refusal(json!({"zzz": 1, "docker_labels": null})), None);
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let config = Config::new(Map::new());
        assert_eq!((config.refresh_seconds(), config.replicas(), config.host()), (300, 1, None));
        assert_eq!(config.object_name("edge", "u"), "ak-outpost-edge");
    }
}
