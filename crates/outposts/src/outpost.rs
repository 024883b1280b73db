//! The object: which providers a program elsewhere answers for, and by which settings.

use countersign_catalogue::Provider;
use countersign_core::{ApiError, Call, RenderContext};
use countersign_model::{
    Choice, Draft, Entry, FieldErrors, Kind, ObjectId, Problem, Ref, Snapshot,
};
use countersign_rest::rendered_member;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::config::{Config, start};
use crate::connection::ServiceConnection;

/// What marks the outpost that runs inside this server.
pub(crate) const EMBEDDED: &str = "goauthentik.io/outposts/embedded";
pub(crate) const EMBEDDED_NAME: &str = "authentik Embedded Outpost";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum OutpostType {
    #[choice(label = "Proxy")]
    Proxy,
    #[choice(label = "LDAP")]
    Ldap,
    #[choice(label = "RADIUS")]
    Radius,
    /// Not available yet.
    #[choice(label = "Remote access", internal)]
    Rac,
}

impl OutpostType {
    /// The kind of provider that such an outpost answers for.
    const fn provider(self) -> &'static str {
        match self {
            OutpostType::Proxy => "authentik_providers_proxy.proxyprovider",
            OutpostType::Ldap => "authentik_providers_ldap.ldapprovider",
            OutpostType::Radius => "authentik_providers_radius.radiusprovider",
            OutpostType::Rac => "authentik_providers_rac.racprovider",
        }
    }

    /// Whether it shows the certificates of its providers to whom it answers.
    pub(crate) const fn has_certificates(self) -> bool {
        matches!(self, OutpostType::Proxy | OutpostType::Ldap)
    }
}

/// A program beside your applications that signs people in for them: as a reverse proxy, by LDAP
/// or by RADIUS. You start it yourself; its page has the text for Docker, Kubernetes and systemd.
#[derive(Debug, Clone, Kind)]
#[kind(
    also = dyn countersign_core::Principal,
    path = "outposts/instances",
    model = "authentik_outposts.outpost",
    schema = "Outpost",
    title = "Outpost",
    space = "outpost",
    lookup = "uuid",
    label = "name",
    ordering = "name",
    form = "name type providers config",
    fold("Advanced", "The connection that it is managed by elsewhere"),
    columns = "name, type, providers",
    aside(
        "What happens next",
        "You start the outpost where your applications are: its page has the text for Docker, Kubernetes and systemd, and says when it was last seen."
    ),
    check = Outpost::check
)]
pub struct Outpost {
    #[field(label = "Name", unique = "Outpost with this name already exists.", search)]
    pub name: String,
    #[field(label = "Type", widget = Radio)]
    pub r#type: OutpostType,
    #[field(
        label = "Providers",
        help = "Those it answers for, all of its type. Each needs an application.",
        choose(path = "providers/all")
    )]
    pub providers: Vec<Ref<dyn Provider>>,
    #[field(
        label = "Service connection",
        help = "Kept for tools that manage outposts. This server starts no containers.",
        group = "Advanced"
    )]
    pub service_connection: Option<Ref<dyn ServiceConnection>>,
    #[field(
        label = "Configuration",
        help = "authentik_host is the address at which the outpost reaches this server.",
        start = start()
    )]
    pub config: Config,
    #[field(label = "Managed by authentik", hide, read_only)]
    pub managed: Option<String>,
}

impl Outpost {
    /// Whether it runs inside this server.
    pub(crate) fn is_embedded(&self) -> bool {
        self.managed.as_deref() == Some(EMBEDDED)
    }

    fn check(&self, draft: &Draft, _: ObjectId, errors: &mut FieldErrors) {
        let mut wrong =
            |field: &str, text: String| errors.add(field, Problem::new("invalid", text));
        if self.r#type == OutpostType::Rac {
            wrong("type", NO_RAC.to_owned() + " is not available in this version.");
        }
        if self.is_embedded() {
            if self.name != EMBEDDED_NAME {
                wrong("name", "Embedded outpost's name cannot be changed".to_owned());
            }
            if self.r#type != OutpostType::Proxy {
                wrong("type", "The embedded outpost is a proxy.".to_owned());
            }
        } else if self.providers.is_empty() {
            wrong("providers", "This list may not be empty.".to_owned());
        }
        let kinds =
            self.providers.iter().filter_map(|provider| Some(draft.member(*provider)?.meta()));
        if let Some(other) = kinds.into_iter().find(|kind| kind.model != self.r#type.provider()) {
            let own = countersign_model::ChoiceValue::value(self.r#type);
            let text = format!("Outpost type {own} can't be used with {} providers.", other.schema);
            wrong("providers", text);
        }
    }
}

const NO_RAC: &str = "An outpost for remote access";

/// Refuses what this version does not have, in the words of whatever else it does not have.
pub(crate) async fn admit(_: Call, body: Map<String, Value>) -> Result<(), ApiError> {
    if body.get("type").and_then(Value::as_str) == Some("rac") {
        return Err(ApiError::not_implemented(NO_RAC));
    }
    Ok(())
}

/// The identifier of the token that it signs in by.
pub(crate) fn token_identifier(outpost: Uuid) -> String {
    format!("ak-outpost-{outpost}-api")
}

pub(crate) fn print(entry: &Entry) -> String {
    format!("Outpost {}", entry.label().unwrap_or_default())
}

/// What answers say beyond the declared fields.
pub(crate) fn compute(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let (Some(outpost), Some(uuid)) = (entry.cast::<Outpost>(), entry.id.key.uuid()) else {
        return;
    };
    let whole = |id: ObjectId| Some(rendered_member(render, render.snapshot.entry(id)?));
    let providers = outpost.providers.iter().filter_map(|provider| whole(provider.id()));
    map.insert("providers_obj".to_owned(), providers.collect());
    let connection = outpost.service_connection.and_then(|connection| whole(connection.id()));
    map.insert("service_connection_obj".to_owned(), connection.unwrap_or_default());
    map.insert("refresh_interval_s".to_owned(), outpost.config.refresh_seconds().into());
    map.insert("token_identifier".to_owned(), token_identifier(uuid).into());
}

/// What lists can be narrowed by.
pub(crate) const PARAMETERS: [(&str, &str); 8] = [
    ("managed__icontains", "string"),
    ("managed__iexact", "string"),
    ("name__icontains", "string"),
    ("name__iexact", "string"),
    ("providers__isnull", "boolean"),
    ("providers_by_pk", "[integer]"),
    ("service_connection__name__icontains", "string"),
    ("service_connection__name__iexact", "string"),
];

pub(crate) fn narrow(call: &Call, entry: &Entry) -> bool {
    let Some(outpost) = entry.cast::<Outpost>() else { return false };
    let connection = connection_name(outpost, &call.snapshot);
    let texts = [
        ("name", Some(outpost.name.as_str())),
        ("managed", outpost.managed.as_deref()),
        ("service_connection__name", connection.as_deref()),
    ];
    let fits = |name: &str, compare: fn(&str, &str) -> bool, text: Option<&str>| {
        let wanted = call.query.get(name).filter(|wanted| !wanted.is_empty());
        wanted.is_none_or(|wanted| {
            text.is_some_and(|text| compare(&text.to_lowercase(), &wanted.to_lowercase()))
        })
    };
    let by_text = texts.iter().all(|(name, text)| {
        fits(&format!("{name}__iexact"), |text, wanted| text == wanted, *text)
            && fits(&format!("{name}__icontains"), |text, wanted| text.contains(wanted), *text)
    });
    let wanted: Vec<&str> =
        call.query.all("providers_by_pk").filter(|wanted| !wanted.is_empty()).collect();
    let is_wanted = |provider: &Ref<dyn Provider>| {
        wanted.iter().any(|wanted| *wanted == provider.key().to_string())
    };
    let none = call.query.flag("providers__isnull");
    by_text
        && none.is_none_or(|none| none == outpost.providers.is_empty())
        && (wanted.is_empty() || outpost.providers.iter().any(is_wanted))
}

fn connection_name(outpost: &Outpost, snapshot: &Snapshot) -> Option<String> {
    let entry = snapshot.member(outpost.service_connection?)?;
    Some(entry.object.value("name")?.as_str()?.to_owned())
}
