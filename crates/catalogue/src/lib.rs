//! What every protocol shares: applications, brands, certificates. A protocol's provider is
//! attached to an application here and knows nothing of other protocols.

pub mod access;
pub mod application;
pub mod brand;
pub mod certificate;
pub mod client_certificate;
mod discovery;
pub mod doctor;
mod expiry;
mod key_ring;
pub mod media;
pub mod outposts;
mod provider;
pub mod sign_out;
mod transaction;

use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::{Job, KindResource, Module, Service, Start, TableResource};
use countersign_outbound::Outbound;
use countersign_rest::object_schema;
use serde_json::{Value, json};

pub use access::{ApplicationAccess, Decision};
pub use application::{Application, Entitlement};
pub use brand::Brand;
pub use certificate::CertificateKeyPair;
pub use key_ring::KeyRing;
pub use provider::{Copied, Fact, FactLine, Line, Provider, Sheet, Snippet, Variable, displaces};

/// The catalogue's part of the program. `access` says who may open an application; `certificates`
/// is a folder in which others keep some; by `outbound` applications are notified.
pub fn module(
    access: &Arc<dyn ApplicationAccess>,
    certificates: Option<PathBuf>,
    outbound: Arc<Outbound>,
) -> Module {
    let visible = access.clone();
    let mut operations = application::operations(access);
    operations.extend([transaction::operation(), provider::operation(), doctor::operation()]);
    operations.extend(brand::operations());
    operations.extend(certificate::operations());
    Module {
        name: "catalogue",
        kinds: vec![
            KindResource::of::<Application>().computed(application::compute).visible(
                application::PARAMETERS,
                application::asks_for_all,
                move |call, entries| application::visible(visible.clone(), call, entries),
            ),
            KindResource::of::<Entitlement>().key_name("pbm_uuid"),
            KindResource::of::<Brand>().key_name("brand_uuid").display(brand::print),
            KindResource::of::<CertificateKeyPair>().computed(certificate::compute).narrowed(
                &[("has_key", "boolean"), ("include_details", "boolean")],
                certificate::narrow,
            ),
        ],
        rules: vec![application::keep_addresses],
        families: vec![provider::family()],
        routes: vec![media::route()],
        operations,
        start: vec![Start::new("self-signed certificate", certificate::ensure_default)],
        tables: vec![TableResource::plain::<sign_out::Participant>()],
        services: vec![Service::new("session_ends", sign_out::follow).on_workers()],
        jobs: vec![
            Job::of(sign_out::Notify(outbound)),
            Job::every(
                "certificate_discovery",
                3600,
                "Discover, import and update certificates from the filesystem",
                move |cx, run| discovery::run(cx, certificates.clone(), run),
            ),
            Job::every(
                "certificate_expiry",
                3600,
                "Warn of certificates that end soon",
                expiry::run,
            ),
        ],
        schemas: [schemas(), provider::schemas(), doctor::schemas()].concat(),
        ..Module::default()
    }
}

/// What the API's document says of answers beyond the declared fields.
fn schemas() -> Vec<(&'static str, Value)> {
    let assigned = ["assigned_application", "assigned_backchannel_application"]
        .map(|p| [format!("{p}_slug"), format!("{p}_name")]);
    let provider: Vec<_> =
        assigned.iter().flatten().map(|name| (name.as_str(), "string")).collect();
    vec![
        (
            "Application",
            object_schema(&[
                ("provider_obj", "#Provider"),
                ("backchannel_providers_obj", "[#Provider]"),
                ("launch_url", "string?"),
            ]),
        ),
        ("Provider", object_schema(&provider)),
        (
            "PolicyTestResult",
            object_schema(&[
                ("passing", "boolean"),
                ("messages", "[string]"),
                ("log_messages", "[#LogEvent]"),
            ]),
        ),
        (
            "CertificateKeyPair",
            object_schema(&[
                ("fingerprint_sha256", "string?"),
                ("fingerprint_sha1", "string?"),
                ("cert_expiry", "time?"),
                ("cert_subject", "string?"),
                ("private_key_available", "boolean"),
                ("private_key_type", "string?"),
                ("certificate_download_url", "string"),
                ("private_key_download_url", "string"),
            ]),
        ),
        ("CertificateData", object_schema(&[("data", "string")])),
        (
            "CertificateGenerationRequest",
            object_schema(&[
                ("common_name", "string"),
                ("subject_alt_name?", "string"),
                ("validity_days", "integer"),
                ("alg?", "#AlgEnum"),
            ]),
        ),
        ("AlgEnum", json!({"type": "string", "enum": ["rsa", "ecdsa"]})),
        (
            "CurrentBrand",
            object_schema(&[
                ("matched_domain", "string"),
                ("branding_title", "string"),
                ("branding_logo", "string"),
                ("branding_favicon", "string"),
                ("branding_custom_css", "string"),
                ("ui_footer_links", "[#FooterLink]"),
                ("ui_theme", "#UiThemeEnum"),
                ("flow_authentication?", "string"),
                ("flow_invalidation?", "string"),
                ("flow_recovery?", "string"),
                ("flow_unenrollment?", "string"),
                ("flow_user_settings?", "string"),
                ("flow_device_code?", "string"),
                ("default_locale", "string"),
            ]),
        ),
        ("FooterLink", object_schema(&[("href", "string?"), ("name", "string")])),
        ("UiThemeEnum", json!({"type": "string", "enum": ["automatic", "light", "dark"]})),
        ("FilePathRequest", object_schema(&[("url", "string")])),
        ("FileUploadRequest", object_schema(&[("file?", "file"), ("clear?", "boolean")])),
        ("ProviderModelEnum", json!({"type": "string", "enum": provider::MODELS})),
        (
            "TransactionApplicationRequest",
            object_schema(&[
                ("app", "#ApplicationRequest"),
                ("provider_model", "#ProviderModelEnum"),
                ("provider", "map"),
                ("policy_bindings?", "[map]"),
            ]),
        ),
        (
            "TransactionApplicationResponse",
            object_schema(&[("applied", "boolean"), ("logs", "[string]")]),
        ),
    ]
}
