//! Applications: what people open, by way of a provider.

use std::sync::Arc;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, Call, Identity, Operation, Permission, RenderContext, json, with,
};
use countersign_events::Chart;
use countersign_model::{
    Change, Choice, Draft, Entry, FieldErrors, FieldValue as _, Fields as _, JsonMap, Kind,
    LinkUrl, ObjectId, Picture, Problem, Ref, Slug, Snapshot, Target,
};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::access::{ApplicationAccess, Decision};
use crate::media::{Folder, uploaded};
use crate::provider::{Provider, embedded};

/// How the results of several bindings combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PolicyEngineMode {
    #[choice(value = "all", label = "All policies must match to grant access")]
    All,
    #[choice(value = "any", label = "Any policy must match to grant access")]
    Any,
}

/// An application people sign in to. Bind policies, groups or users to say who may open it; without
/// any, everybody may.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "core/applications",
    model = "authentik_core.application",
    schema = "Application",
    title = "Application",
    lookup = "slug",
    ordering = "name",
    form = "name slug provider meta_launch_url open_in_new_tab meta_icon group policy_engine_mode",
    fold("UI settings", "Address, icon and words in the library"),
    fold("Access settings", "Any policy that passes opens it"),
    aside(
        "Who may open it",
        "Everybody who can sign in, until you bind a policy, a group or a person to the application."
    ),
    columns = "name, group, provider, provider_type: Provider Type",
    bindable,
    check = Application::check
)]
pub struct Application {
    /// Application's display Name.
    #[field(label = "Name", search, filter)]
    pub name: String,
    /// Part of the application’s addresses at this server. Changing it later breaks the
    /// application’s settings.
    #[field(
        label = "Slug",
        unique = "Application with this slug already exists.",
        max_length = 50,
        search,
        filter
    )]
    pub slug: Slug,
    /// Heading under which the application appears in the library.
    #[field(label = "Group", default, group = "UI settings", search, filter)]
    pub group: String,
    /// How the application signs people in.
    #[field(label = "Provider", on_delete = SetNull, choose(query = "application__isnull=true"))]
    pub provider: Option<Ref<dyn Provider>>,
    /// Select backchannel providers which augment the functionality of the main provider.
    #[field(
        label = "Backchannel Providers",
        default,
        group = "Access settings",
        choose(query = "backchannel=true")
    )]
    pub backchannel_providers: Vec<Ref<dyn Provider>>,
    /// Configure how the results of several bindings combine.
    #[field(
        label = "Policy engine mode",
        group = "Access settings",
        default = PolicyEngineMode::Any
    )]
    pub policy_engine_mode: PolicyEngineMode,
    /// What opens from the library. Empty: taken from the provider.
    #[field(label = "Launch URL", default, group = "UI settings", search, filter)]
    pub meta_launch_url: LinkUrl,
    /// If checked, the launch URL will open in a new browser tab or window from the user's
    /// application library.
    #[field(label = "Open in new tab", default, group = "UI settings")]
    pub open_in_new_tab: bool,
    #[field(label = "Publisher", default, group = "UI settings", search, filter)]
    pub meta_publisher: String,
    #[field(label = "Description", default, group = "UI settings", search, filter)]
    pub meta_description: String,
    #[field(
        label = "Icon",
        help = "A file, or the address of a picture, as https://example.org/icon.svg.",
        group = "UI settings",
        action = "set_icon_url",
        read_only,
        blank
    )]
    pub meta_icon: Option<Picture>,
}

/// Words that stand in addresses of this server where others have the slug of an application. An
/// application of that name would be hidden behind them. The original has fixed words there, too
/// (`token`, `device`): they hide no more of an application here than there, and may be slugs.
pub const RESERVED: [&str; 4] = ["bc-authorize", "end-session", "par", "register"];

/// No application gets such a slug; one that has it keeps it.
///
/// # Errors
/// A slug is among the reserved.
pub(crate) fn keep_addresses(
    before: &Snapshot,
    after: &Snapshot,
    changes: &[Change],
) -> Result<(), FieldErrors> {
    let slug = |snapshot: &Snapshot, id: ObjectId| {
        let entry = snapshot.entry(id)?;
        entry.cast::<Application>().map(|application| application.slug.to_string())
    };
    let mut errors = FieldErrors::new();
    for change in changes.iter().filter(|change| change.id.space == Application::SPACE) {
        let Some(is) = slug(after, change.id) else { continue };
        if RESERVED.contains(&is.as_str()) && slug(before, change.id).as_ref() != Some(&is) {
            let text = format!(
                "This server has addresses of its own below /application/o/{is}/. Choose another slug."
            );
            errors.add("slug", Problem::new("invalid", text));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

impl Application {
    fn check(&self, draft: &Draft, id: ObjectId, errors: &mut FieldErrors) {
        let Some(provider) = self.provider else { return };
        let taken = draft
            .referrers(provider.id())
            .any(|(by, field)| by != id && by.space == id.space && field == "provider");
        if taken {
            errors.add(
                "provider",
                Problem::new("unique", "Application with this provider already exists."),
            );
        }
        if self.backchannel_providers.contains(&provider) {
            errors.add(
                "backchannel_providers",
                Problem::new("invalid", "The provider cannot be its own backchannel provider."),
            );
        }
    }

    /// Where the application opens for a user: its own address, or its provider's, which may be a
    /// path of this server.
    pub fn launch_url(&self, snapshot: &Snapshot, user: Option<&Identity>) -> Option<String> {
        let own = (!self.meta_launch_url.is_empty()).then(|| self.meta_launch_url.to_string());
        let provider = || snapshot.member(self.provider?)?.facet::<dyn Provider>();
        let of_provider = || {
            let provider = provider()?;
            provider.launch_url().or_else(|| provider.launch_path(&self.slug))
        };
        let address = own.or_else(of_provider)?;
        let Some(user) = user else { return Some(address) };
        let filled = address
            .replace("%(username)s", &user.username)
            .replace("%(email)s", &user.email)
            .replace("%(name)s", &user.name);
        Some(filled)
    }
}

/// Something a user may have in an application, as a role there.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "core/application_entitlements",
    model = "authentik_core.applicationentitlement",
    schema = "ApplicationEntitlement",
    title = "Application Entitlement",
    space = "entitlement",
    bindable,
    lookup = "pbm_uuid",
    ordering = "name",
    unique_together = "app,name"
)]
pub struct Entitlement {
    #[field(label = "Name", search, filter)]
    pub name: String,
    #[field(label = "App", filter)]
    pub app: Ref<Application>,
    #[field(label = "Attributes", default)]
    pub attributes: JsonMap,
}

pub(crate) fn compute(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let Some(application) = entry.cast::<Application>() else { return };
    let launch = application.launch_url(render.snapshot, render.caller.user.as_deref());
    let launch = launch.map(|at| if at.starts_with('/') { render.cx.url(&at) } else { at });
    map.insert(
        "provider_obj".to_owned(),
        application.provider.map(|provider| embedded(provider, render)).unwrap_or_default(),
    );
    map.insert(
        "backchannel_providers_obj".to_owned(),
        application.backchannel_providers.iter().map(|p| embedded(*p, render)).collect(),
    );
    map.insert("launch_url".to_owned(), launch.map(Value::from).unwrap_or_default());
}

/// Who may view applications can ask for all of those.
pub(crate) fn asks_for_all(call: &Call) -> bool {
    call.query.flag("superuser_full_list") == Some(true)
}

/// Everybody sees the applications they may open.
pub(crate) async fn visible(
    access: Arc<dyn ApplicationAccess>,
    call: Call,
    entries: Vec<Arc<Entry>>,
) -> Result<Vec<Arc<Entry>>, ApiError> {
    let user = call.user()?.clone();
    let manages = call.rights().hold(Permission::VIEW_USER_APPLICATIONS);
    let user = match call
        .query
        .get("for_user")
        .filter(|_| manages)
        .and_then(|pk| pk.parse::<i64>().ok())
    {
        Some(pk) => Arc::new(
            call.cx
                .store
                .read(move |sql| countersign_accounts::identity(sql, pk))
                .await?
                .ok_or_else(no_such_user)?,
        ),
        None => user,
    };
    let references = entries.iter().map(|e| Ref::new(e.id.key)).collect();
    let decisions = decide(&*access, &call, user, references).await?;
    let only_launchable = call.query.flag("only_with_launch_url") == Some(true);
    let launchable = |entry: &Entry| {
        let hidden =
            |a: &Application| !a.meta_launch_url.is_empty() && !a.meta_launch_url.leads_somewhere();
        entry
            .cast::<Application>()
            .is_some_and(|a| !hidden(a) && a.launch_url(&call.snapshot, None).is_some())
    };
    let allowed = entries
        .into_iter()
        .zip(decisions)
        .filter(|(_, decision)| decision.passing)
        .map(|(entry, _)| entry);
    Ok(allowed.filter(|entry| !only_launchable || launchable(entry)).collect())
}

/// What lists can be narrowed by beyond fields.
pub(crate) const PARAMETERS: &[(&str, &str)] = &[
    ("for_user", "integer"),
    ("only_with_launch_url", "boolean"),
    ("superuser_full_list", "boolean"),
];

pub(crate) fn operations(access: &Arc<dyn ApplicationAccess>) -> Vec<Operation> {
    let change = || Access::on(Permission::change(Application::META));
    vec![
        Operation::new(
            Method::POST,
            "core/applications/{slug}/set_icon_url/",
            "core_applications_set_icon_url_create",
            change(),
            set_icon_url,
        )
        .request("FilePathRequest")
        .response(json!({})),
        Operation::new(
            Method::POST,
            "core/applications/{slug}/set_icon/",
            "core_applications_set_icon_create",
            change(),
            set_icon,
        )
        .form("FileUploadRequest")
        .response(json!({}))
        .refuses_empty(&["400"]),
        Operation::new(
            Method::GET,
            "core/applications/{slug}/check_access/",
            "core_applications_check_access_retrieve",
            Access::authenticated(),
            with(access, check_access),
        )
        .parameter("for_user", json!({"type": "integer"}))
        .response("PolicyTestResult"),
        Operation::new(
            Method::GET,
            "core/applications/{slug}/metrics/",
            "core_applications_metrics_list",
            Access::on(Permission::view(Application::META)),
            metrics,
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/Coordinate"}})),
    ]
}

async fn decide(
    access: &dyn ApplicationAccess,
    call: &Call,
    user: Arc<Identity>,
    applications: Vec<Ref<Application>>,
) -> Result<Vec<Decision>, ApiError> {
    access.decide(call.cx.clone(), user, call.request.clone(), applications).await
}

async fn check_access(
    access: Arc<dyn ApplicationAccess>,
    call: Call,
) -> Result<Response, ApiError> {
    let found = call.snapshot.find::<Application>("slug", call.param("slug"));
    let (reference, _) = found.ok_or_else(|| ApiError::not_found("Application"))?;
    let mut user = call.user()?.clone();
    if let Some(pk) = call
        .query
        .get("for_user")
        .filter(|_| call.rights().hold(Permission::VIEW_USER_APPLICATIONS))
    {
        let pk: i64 = pk.parse().map_err(|_| ApiError::object("for_user must be numerical"))?;
        let found = call.cx.store.read(move |sql| countersign_accounts::identity(sql, pk)).await?;
        user = Arc::new(found.ok_or_else(no_such_user)?);
    }
    let decision = decide(&*access, &call, user, vec![reference]).await?.pop();
    let decision = decision.ok_or_else(|| ApiError::not_found("Application"))?;
    Ok(json(StatusCode::OK, &decision.answer()))
}

/// Sign-ins to the application over the last week, in points of eight hours.
async fn metrics(call: Call) -> Result<Response, ApiError> {
    let pk = call.entry()?.id.key.uuid().map(|u| u.simple().to_string()).unwrap_or_default();
    let conditions = " AND action = 'authorize_application' AND authorized_application = $3";
    Ok(json(StatusCode::OK, &Chart::WEEK.count(&call.cx, conditions, vec![pk.into()]).await?))
}

fn no_such_user() -> ApiError {
    ApiError::Body(StatusCode::BAD_REQUEST, json!({"for_user": "User not found"}))
}

/// Sets the icon to what [`Picture`] takes; `clear` takes it away.
async fn set_icon_url(call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let cleared = body.get("clear").and_then(Value::as_bool) == Some(true);
    let url = body
        .get("url")
        .filter(|url| !cleared && url.as_str().is_some_and(|url| !url.trim().is_empty()));
    if url.is_none() && !cleared {
        return Err(ApiError::Empty(StatusCode::BAD_REQUEST));
    }
    put_icon(&call, url.map(picture).transpose()?).await
}

/// A picture as the body of a call names it by `url`.
///
/// # Errors
/// What is no picture.
pub fn picture(url: &Value) -> Result<Picture, ApiError> {
    let icon = Application::META.field("meta_icon");
    let parsed =
        icon.map_or_else(|| Err(Problem::required().into()), |field| Picture::parse(url, field));
    parsed.map_err(|node| {
        let mut errors = FieldErrors::new();
        errors.set("url", node);
        errors.into()
    })
}

/// Sets the icon to a file, or takes it away.
async fn set_icon(call: Call) -> Result<Response, ApiError> {
    put_icon(&call, uploaded(&call, Folder::ApplicationIcons).await?).await
}

async fn put_icon(call: &Call, icon: Option<Picture>) -> Result<Response, ApiError> {
    let reference = Ref::<Application>::new(call.entry()?.id.key);
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        let application = tx.graph().get(reference).cloned();
        let application = application.ok_or_else(|| ApiError::not_found("Application"))?;
        tx.draft().put(reference.key(), Application { meta_icon: icon.clone(), ..application });
        Ok::<_, ApiError>(())
    };
    call.cx.store.write(call.actor(), "application icon set", write).await?;
    Ok(json(StatusCode::OK, &json!({})))
}

/// The application a provider is attached to.
pub fn of_provider(snapshot: &Snapshot, provider: i64) -> Option<(Ref<Application>, &Application)> {
    naming(snapshot, provider, "provider")
}

/// The application that a provider is one of the backchannel providers of.
pub fn of_backchannel(
    snapshot: &Snapshot,
    provider: i64,
) -> Option<(Ref<Application>, &Application)> {
    naming(snapshot, provider, "backchannel_providers")
}

/// The application that names a provider in that field.
fn naming<'a>(
    snapshot: &'a Snapshot,
    provider: i64,
    field: &str,
) -> Option<(Ref<Application>, &'a Application)> {
    let id = ObjectId::new(<dyn Provider>::SPACE, countersign_model::Key::Int(provider));
    let mut all = snapshot.referrers_in(id, Application::SPACE);
    let (by, _) = all.find(|(_, named)| *named == field)?;
    let reference = Ref::new(by.key);
    snapshot.get::<Application>(reference).map(|a| (reference, a))
}
