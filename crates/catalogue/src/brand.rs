//! Brands: how the pages of one domain look, and which flows they lead to.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, brand_for, json};
use countersign_directory::SystemSettings;
use countersign_model::{
    Draft, Entry, FieldErrors, FieldValue as _, JsonMap, Kind, ObjectId, Problem, Ref, Snapshot,
    Verbatim, family,
};
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::application::Application;
use crate::certificate::CertificateKeyPair;

/// How the pages of a domain look, and which flows they lead to.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "core/brands",
    model = "authentik_brands.brand",
    schema = "Brand",
    title = "Brand",
    lookup = "brand_uuid",
    label = "domain",
    ordering = "domain",
    form = "domain default branding_title branding_logo branding_favicon branding_default_flow_background",
    fold("Branding settings", "Logo, background, own style"),
    fold("External user settings", "Where external people land"),
    fold("Default flows", "Which flow does what"),
    fold("Other global settings", "Certificate and attributes"),
    columns = "domain, branding_title: Brand name, default: Default?",
    check = Brand::check
)]
pub struct Brand {
    /// The brand is used for this host name and everything below it.
    #[field(label = "Domain", unique, search, filter)]
    pub domain: String,
    /// Use this brand for each domain that doesn't have a dedicated brand.
    #[field(label = "Default", default, filter)]
    pub default: bool,
    /// Branding shown in page title and several other places.
    #[field(label = "Title", default = "authentik", search, filter)]
    pub branding_title: String,
    /// Icon shown in sidebar/header and flow executor.
    #[field(
        label = "Logo",
        default = "/static/dist/assets/icons/icon_left_brand.svg",
        group = "Branding settings",
        filter
    )]
    pub branding_logo: String,
    /// Icon shown in the browser tab.
    #[field(
        label = "Favicon",
        default = "/static/dist/assets/icons/icon.png",
        group = "Branding settings",
        filter
    )]
    pub branding_favicon: String,
    /// Custom CSS to apply to pages when this brand is active.
    #[field(label = "Custom CSS", default, group = "Branding settings")]
    pub branding_custom_css: Verbatim,
    /// Default background used during flow execution. Can be overridden per flow.
    #[field(
        label = "Default flow background",
        default = "/static/dist/assets/images/flow_background.jpg",
        group = "Branding settings",
        filter
    )]
    pub branding_default_flow_background: String,
    /// Flow used to authenticate users. If left empty, the first applicable flow sorted by the slug
    /// is used.
    #[field(
        label = "Authentication flow",
        group = "Default flows",
        choose(query = "designation=authentication"),
        on_delete = SetNull,
        filter
    )]
    pub flow_authentication: Option<Ref<family::Flow>>,
    /// Flow used to logout. If left empty, the first applicable flow sorted by the slug is used.
    #[field(
        label = "Invalidation flow",
        group = "Default flows",
        choose(query = "designation=invalidation"),
        on_delete = SetNull,
        filter
    )]
    pub flow_invalidation: Option<Ref<family::Flow>>,
    /// Recovery flow. If left empty, the first applicable flow sorted by the slug is used.
    #[field(
        label = "Recovery flow",
        group = "Default flows",
        choose(query = "designation=recovery"),
        on_delete = SetNull,
        filter
    )]
    pub flow_recovery: Option<Ref<family::Flow>>,
    /// If set, users are able to unenroll themselves using this flow. If no flow is set, option is
    /// not shown.
    #[field(
        label = "Unenrollment flow",
        group = "Default flows",
        choose(query = "designation=unenrollment"),
        on_delete = SetNull,
        filter
    )]
    pub flow_unenrollment: Option<Ref<family::Flow>>,
    /// If set, users are able to configure details of their profile.
    #[field(
        label = "User settings flow",
        group = "Default flows",
        choose(query = "designation=stage_configuration"),
        on_delete = SetNull,
        filter
    )]
    pub flow_user_settings: Option<Ref<family::Flow>>,
    /// If set, the OAuth Device Code profile can be used, and the selected flow will be used to
    /// enter the code.
    #[field(
        label = "Device code flow",
        group = "Default flows",
        choose(query = "designation=stage_configuration"),
        on_delete = SetNull,
        filter
    )]
    pub flow_device_code: Option<Ref<family::Flow>>,
    /// When configured, external users will automatically be redirected to this application when
    /// not attempting to access a different application.
    #[field(label = "Default application", group = "External user settings", on_delete = SetNull)]
    pub default_application: Option<Ref<Application>>,
    /// Web Certificate used by the server for this domain.
    #[field(
        label = "Web Certificate",
        group = "Other global settings",
        choose(query = "has_key=true"),
        on_delete = SetNull,
        needs = "key_data",
        filter
    )]
    pub web_certificate: Option<Ref<CertificateKeyPair>>,
    /// Set custom attributes.
    #[field(label = "Attributes", default, group = "Other global settings")]
    pub attributes: JsonMap,
}

impl Brand {
    fn check(&self, draft: &Draft, id: ObjectId, errors: &mut FieldErrors) {
        if self.default
            && draft.list::<Brand>().any(|(other, brand)| other.id() != id && brand.default)
        {
            errors.add(
                "default",
                Problem::new("invalid", "Only a single brand can be set as default."),
            );
        }
    }

    /// The brand of a host: the longest matching domain, else the default one.
    pub fn for_host<'a>(snapshot: &'a Snapshot, host: &str) -> Option<&'a Brand> {
        let id = brand_for(snapshot, host)?;
        snapshot.get(Ref::<Brand>::new(id.key))
    }
}

pub(crate) fn print(entry: &Entry) -> String {
    match entry.cast::<Brand>() {
        Some(brand) if !brand.default => format!("Brand {}", brand.domain),
        _ => "Default brand".to_owned(),
    }
}

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "core/brands/current/",
            "core_brands_current_retrieve",
            Access::public(),
            current,
        )
        .response("CurrentBrand"),
    ]
}

/// Reads one of a brand's flows.
type PickFlow = fn(&Brand) -> Option<Ref<family::Flow>>;

async fn current(call: Call) -> Result<Response, ApiError> {
    let brand = Brand::for_host(&call.snapshot, &call.request.host);
    let text = |pick: fn(&Brand) -> &str, fallback: &str| brand.map_or(fallback, pick).to_owned();
    let mut map = Map::new();
    map.insert("matched_domain".to_owned(), text(|b| &b.domain, "fallback").into());
    map.insert("branding_title".to_owned(), text(|b| &b.branding_title, "authentik").into());
    map.insert(
        "branding_logo".to_owned(),
        call.cx
            .url(&text(|b| &b.branding_logo, "/static/dist/assets/icons/icon_left_brand.svg"))
            .into(),
    );
    map.insert(
        "branding_favicon".to_owned(),
        call.cx.url(&text(|b| &b.branding_favicon, "/static/dist/assets/icons/icon.png")).into(),
    );
    map.insert("branding_custom_css".to_owned(), text(|b| &b.branding_custom_css, "").into());
    map.insert(
        "ui_footer_links".to_owned(),
        SystemSettings::of(&call.snapshot).footer_links.to_json(),
    );
    map.insert("ui_theme".to_owned(), "automatic".into());
    let flows: [(&str, PickFlow); 6] = [
        ("flow_authentication", |b| b.flow_authentication),
        ("flow_invalidation", |b| b.flow_invalidation),
        ("flow_recovery", |b| b.flow_recovery),
        ("flow_unenrollment", |b| b.flow_unenrollment),
        ("flow_user_settings", |b| b.flow_user_settings),
        ("flow_device_code", |b| b.flow_device_code),
    ];
    for (name, pick) in flows {
        let slug = brand
            .and_then(pick)
            .and_then(|f| call.snapshot.entry(f.id()))
            .and_then(|e| e.object.values().get("slug").cloned());
        if let Some(Value::String(slug)) = slug {
            map.insert(name.to_owned(), slug.into());
        }
    }
    let locale = brand
        .and_then(|b| b.attributes.0.get("settings")?.get("locale").cloned())
        .unwrap_or_else(|| "".into());
    map.insert("default_locale".to_owned(), locale);
    Ok(json(StatusCode::OK, &Value::Object(map)))
}
