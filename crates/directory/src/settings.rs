//! `admin/settings/`: what administrators decide for the whole installation while it runs.

use countersign_core::{KindResource, Permission};
use countersign_model::{
    Duration, ErrorNode, FieldErrors, FieldMeta, FieldValue, Kind, Problem, Shape, Snapshot, Space,
};
use serde_json::Value;

/// Where the settings stand in the configuration.
const SPACE: Space = Space("tenant");

/// Settings of the whole installation.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "admin/settings",
    model = "authentik_tenants.tenant",
    schema = "Settings",
    title = "Tenant",
    space = "tenant",
    hidden
)]
pub struct SystemSettings {
    /// How avatars are made: a comma-separated list of modes, of which the first that has a picture
    /// counts. `initials` are drawn here, `none` is the picture of nobody, `attributes.path` takes
    /// an attribute of the account, an address may hold `%(username)s`, `%(mail_hash)s` (MD5 of the
    /// e-mail address in lower case) and `%(upn)s`, and `gravatar` has browsers ask gravatar.com.
    #[field(label = "Avatars", default = SystemSettings::default().avatars)]
    pub avatars: String,
    /// Users may change their name.
    #[field(label = "Default user change name", default = SystemSettings::default().default_user_change_name)]
    pub default_user_change_name: bool,
    /// Users may change their e-mail address.
    #[field(label = "Default user change email", default = SystemSettings::default().default_user_change_email)]
    pub default_user_change_email: bool,
    /// Users may change their username.
    #[field(label = "Default user change username", default = SystemSettings::default().default_user_change_username)]
    pub default_user_change_username: bool,
    /// Events are deleted after this time. (Format: weeks=3;days=2;hours=3,seconds=2).
    #[field(label = "Event retention", default = SystemSettings::default().event_retention)]
    pub event_retention: Duration,
    /// Reputation cannot decrease lower than this value. Zero or negative.
    #[field(label = "Reputation lower limit", max = 0, default = SystemSettings::default().reputation_lower_limit)]
    pub reputation_lower_limit: i64,
    /// Reputation cannot increase higher than this value. Zero or positive.
    #[field(label = "Reputation upper limit", min = 0, default = SystemSettings::default().reputation_upper_limit)]
    pub reputation_upper_limit: i64,
    /// Links below the pages, each with `name` and `href`.
    #[field(label = "Footer links", default = SystemSettings::default().footer_links)]
    pub footer_links: FooterLinks,
    /// When an account is deleted, the events it caused are deleted too.
    #[field(label = "GDPR compliance", default = SystemSettings::default().gdpr_compliance)]
    pub gdpr_compliance: bool,
    /// Administrators may act as other users.
    #[field(label = "Impersonation", default = SystemSettings::default().impersonation)]
    pub impersonation: bool,
    /// Whoever acts as another user must say why.
    #[field(label = "Impersonation require reason", default = SystemSettings::default().impersonation_require_reason)]
    pub impersonation_require_reason: bool,
    /// How long tokens live when nothing else is said.
    #[field(label = "Default token duration", default = SystemSettings::default().default_token_duration)]
    pub default_token_duration: Duration,
    /// Letters of keys made here.
    #[field(label = "Default token length", min = 1, default = SystemSettings::default().default_token_length)]
    pub default_token_length: i64,
}

impl Default for SystemSettings {
    fn default() -> SystemSettings {
        SystemSettings {
            avatars: "initials".to_owned(),
            default_user_change_name: true,
            default_user_change_email: false,
            default_user_change_username: false,
            event_retention: Duration::from("days=365"),
            reputation_lower_limit: -5,
            reputation_upper_limit: 5,
            footer_links: FooterLinks(Vec::new()),
            gdpr_compliance: true,
            impersonation: true,
            impersonation_require_reason: true,
            default_token_duration: Duration::from("minutes=30"),
            default_token_length: 60,
        }
    }
}

/// Links below the pages: objects with a `name` and, unless they are only text, an `href`. What
/// else they hold stays.
#[derive(Debug, Clone, PartialEq)]
pub struct FooterLinks(Vec<Value>);

impl FooterLinks {
    pub fn links(&self) -> &[Value] {
        &self.0
    }
}

impl FieldValue for FooterLinks {
    fn shape() -> Shape {
        Shape::Json
    }
    fn parse(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let links = match value {
            Value::Array(links) => links,
            Value::Null => return Err(Problem::null().into()),
            _ => {
                return Err(Problem::new(
                    "not_a_list",
                    "Expected a list of links, each with a name and an href.",
                )
                .into());
            }
        };
        let errors: Vec<FieldErrors> = links.iter().map(link_errors).collect();
        if errors.iter().all(FieldErrors::is_empty) {
            Ok(FooterLinks(links.clone()))
        } else {
            Err(ErrorNode::Items(errors))
        }
    }
    fn to_json(&self) -> Value {
        Value::Array(self.0.clone())
    }
}

fn link_errors(link: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    match link.get("name").map(Value::as_str) {
        None => errors.add("name", Problem::required()),
        Some(None) => errors.add("name", Problem::new("invalid", "Not a valid string.")),
        Some(Some(name)) if name.trim().is_empty() => errors.add("name", Problem::blank()),
        Some(Some(_)) => {}
    }
    let safe = |href: &str| {
        let scheme = href
            .split_once(':')
            .map(|(scheme, _)| scheme)
            .filter(|scheme| !scheme.contains(['/', '?', '#']))
            .map(str::to_ascii_lowercase);
        !href.contains(char::is_control)
            && scheme
                .is_none_or(|scheme| ["http", "https", "mailto", "tel"].contains(&scheme.as_str()))
    };
    match link.get("href") {
        None | Some(Value::Null) => {}
        Some(Value::String(href)) if safe(href) => {}
        Some(_) => errors.add("href", Problem::new("invalid", "Enter a valid URL.")),
    }
    errors
}

impl SystemSettings {
    /// What was decided, or the defaults.
    pub fn of(snapshot: &Snapshot) -> SystemSettings {
        snapshot
            .entries(SPACE)
            .find_map(|entry| entry.cast::<SystemSettings>())
            .cloned()
            .unwrap_or_default()
    }

    /// Letters of a new key: short ones could be guessed.
    pub(crate) fn key_length(&self) -> usize {
        usize::try_from(self.default_token_length).unwrap_or_default().clamp(20, 1000)
    }
}

pub(crate) fn resource() -> KindResource {
    KindResource::of::<SystemSettings>()
        .single(Permission::VIEW_SYSTEM_SETTINGS, Permission::EDIT_SYSTEM_SETTINGS)
}
