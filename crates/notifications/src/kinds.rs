//! Transports, rules, and mappings for the bodies and headers of webhooks.

use countersign_core::{Call, RenderContext};
use countersign_model::{
    Choice, ChoiceValue as _, Draft, Entry, FieldErrors, Kind, ObjectId, Problem, Ref, Secret,
    SecretUrl, directory,
};
use countersign_policy::Mapping;
use countersign_policy::expression::Expression;
use serde_json::{Map, Value};

/// How a transport carries notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Mode {
    #[choice(value = "local", label = "authentik inbuilt notifications")]
    Local,
    #[choice(value = "webhook", label = "Generic Webhook")]
    Webhook,
    #[choice(value = "webhook_slack", label = "Slack Webhook (Slack/Discord)")]
    WebhookSlack,
    #[choice(value = "email", label = "Email")]
    Email,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Severity {
    #[choice(value = "notice", label = "Notice")]
    Notice,
    #[choice(value = "warning", label = "Warning")]
    Warning,
    #[choice(value = "alert", label = "Alert")]
    Alert,
}

/// A way notifications take: shown here, sent by mail, or posted to another server.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "events/transports", model = "authentik_events.notificationtransport", schema = "NotificationTransport",
    title = "Notification Transport", space = "transport", lookup = "uuid", ordering = "name", columns = "name, mode", check = Self::check
)]
pub struct NotificationTransport {
    #[field(
        label = "Name",
        unique = "Notification Transport with this name already exists.",
        search,
        filter
    )]
    pub name: String,
    #[field(label = "Mode", default = Mode::Local, search, filter)]
    pub mode: Mode,
    #[field(
        label = "Webhook URL",
        help = "Where webhooks post to. Networks of your own must be allowed by the setting outbound.allow.",
        default
    )]
    pub webhook_url: SecretUrl,
    #[field(label = "Webhook Body Mapping", help = "Returns what is posted. Without one the notification itself is.", on_delete = SetNull)]
    pub webhook_mapping_body: Option<Ref<NotificationWebhookMapping>>,
    #[field(label = "Webhook Header Mapping", help = "Returns a dictionary of headers.", on_delete = SetNull)]
    pub webhook_mapping_headers: Option<Ref<NotificationWebhookMapping>>,
    #[field(
        label = "Send once",
        help = "Sends each notification once, instead of once for each member of the group.",
        default = false,
        filter
    )]
    pub send_once: bool,
}

impl NotificationTransport {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if matches!(self.mode, Mode::Webhook | Mode::WebhookSlack) && self.webhook_url.is_empty() {
            errors.add("webhook_url", Problem::new("invalid", "Webhook URL may not be empty."));
        }
    }
}

/// Tells a group of events that any of its policies passes.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "events/rules",
    model = "authentik_events.notificationrule",
    schema = "NotificationRule",
    title = "Notification Rule",
    space = "rule",
    bindable,
    lookup = "pbm_uuid",
    ordering = "name",
    columns = "name, severity, group: Sent to group"
)]
pub struct NotificationRule {
    #[field(
        label = "Name",
        unique = "Notification Rule with this name already exists.",
        search,
        filter
    )]
    pub name: String,
    #[field(
        label = "Transports",
        help = "The ways notifications take. Without one nothing is sent.",
        default
    )]
    pub transports: Vec<Ref<NotificationTransport>>,
    #[field(label = "Severity", help = "How much its notifications matter.", default = Severity::Notice, search, filter)]
    pub severity: Severity,
    #[field(label = "Group", help = "Whose members are told. Without one nobody is.", on_delete = SetNull)]
    pub group: Option<Ref<directory::Group>>,
}

/// Makes the body or the headers of a webhook.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Mapping,
    path = "propertymappings/notification",
    model = "authentik_events.notificationwebhookmapping",
    title = "Webhook Mapping",
    component = "ak-property-mapping-notification-form",
    check = Self::check
)]
pub struct NotificationWebhookMapping {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Expression", widget = Expression,
        help = "Knows notification (body, severity, event, user) and request.user; for text messages with codes device, token and stage."
    )]
    pub expression: Expression,
}

impl Mapping for NotificationWebhookMapping {
    fn name(&self) -> &str {
        &self.name
    }

    fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl NotificationWebhookMapping {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if let Err(error) = self.expression.program() {
            errors.add("expression", Problem::new("invalid", error.to_string()));
        }
    }
}

/// Lists can be narrowed by the address, as the original's.
pub(crate) fn has_address(call: &Call, entry: &Entry) -> bool {
    let wanted = call.query.get("webhook_url").filter(|wanted| !wanted.is_empty());
    wanted.is_none_or(|wanted| {
        entry
            .cast::<NotificationTransport>()
            .is_some_and(|transport| *transport.webhook_url == Secret::new(wanted))
    })
}

pub(crate) fn mode_in_words(
    entry: &Entry,
    _render: &RenderContext<'_>,
    map: &mut Map<String, Value>,
) {
    let Some(transport) = entry.cast::<NotificationTransport>() else { return };
    let label = Mode::CHOICES
        .iter()
        .find(|choice| choice.value == transport.mode.value())
        .map_or("", |choice| choice.label);
    map.insert("mode_verbose".to_owned(), label.into());
}

pub(crate) fn group_object(
    entry: &Entry,
    render: &RenderContext<'_>,
    map: &mut Map<String, Value>,
) {
    let Some(rule) = entry.cast::<NotificationRule>() else { return };
    let group = rule.group.and_then(|group| render.rows.get(&group.id())).cloned();
    map.insert("group_obj".to_owned(), group.unwrap_or_default());
}
