//! Certificates with their keys: for signing, for encryption, for TLS.

use axum::response::Response;
use countersign_core::{
    Access, ApiError, Call, Context, Operation, Permission, RenderContext, json,
};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{
    Code, Draft, Entry, FieldErrors, Fields, Kind, ObjectId, Problem, Ref, Secret, Snapshot,
    Timestamp,
};
use countersign_store::{Actor, StoreError};
use http::{HeaderValue, Method, StatusCode, header};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    RsaKeySize,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value, json};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The certificate made at the first start; providers sign with it unless told otherwise.
pub const SELF_SIGNED: &str = "authentik Self-signed Certificate";

/// A certificate, with or without its private key.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "crypto/certificatekeypairs",
    model = "authentik_crypto.certificatekeypair",
    schema = "CertificateKeyPair",
    title = "Certificate-Key Pair",
    lookup = "kp_uuid",
    ordering = "name",
    columns = "name, private_key_available: Private key available?, cert_expiry: Expiry date",
    check = CertificateKeyPair::check
)]
pub struct CertificateKeyPair {
    #[field(label = "Name", unique, search, filter)]
    pub name: String,
    /// In PEM form.
    #[field(label = "Certificate", write_only)]
    pub certificate_data: Code,
    /// In PEM form. Needed for signing; kept sealed.
    #[field(label = "Private Key", write_only, default)]
    pub key_data: Secret,
    #[field(label = "Managed by authentik", read_only, filter)]
    pub managed: Option<String>,
}

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    pub der: Vec<u8>,
    pub expires: Timestamp,
    pub subject: String,
}

impl CertificateKeyPair {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.details().is_none() {
            errors.add("certificate_data", Problem::new("invalid", "Unable to load certificate."));
        }
        if !self.key_data.is_empty() && self.key().is_none() {
            errors.add(
                "key_data",
                Problem::new("invalid", "Unable to load private key (possibly encrypted?)."),
            );
        }
    }

    pub fn details(&self) -> Option<Details> {
        let der =
            rustls_pki_types::CertificateDer::from_pem_slice(self.certificate_data.as_bytes())
                .ok()?
                .to_vec();
        let (_, parsed) = X509Certificate::from_der(&der).ok()?;
        let expires = Timestamp::from_seconds(parsed.validity().not_after.timestamp());
        // RFC 4514: most specific first.
        let mut parts: Vec<String> = parsed
            .subject()
            .iter_attributes()
            .map(|a| {
                format!(
                    "{}={}",
                    short_name(&a.attr_type().to_id_string()),
                    a.as_str().unwrap_or_default()
                )
            })
            .collect();
        parts.reverse();
        let subject = parts.join(",");
        Some(Details { der, expires, subject })
    }

    pub fn key(&self) -> Option<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(self.key_data.expose().as_bytes()).ok()
    }

    /// `rsa`, `ec` or `ed25519`; `None` without a key.
    pub fn key_type(&self) -> Option<&'static str> {
        let key = KeyPair::try_from(&self.key()?).ok()?;
        Some(if key.is_compatible(&PKCS_RSA_SHA256) {
            "rsa"
        } else if key.is_compatible(&rcgen::PKCS_ED25519) {
            "ed25519"
        } else {
            "ec"
        })
    }
}

pub(crate) fn short_name(oid: &str) -> &str {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        other => other,
    }
}

pub(crate) fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":")
}

/// `has_key`: only with its private key. As the original's, `false` asks for nothing.
pub(crate) fn narrow(call: &Call, entry: &Entry) -> bool {
    let has = || entry.cast::<CertificateKeyPair>().is_some_and(|pair| !pair.key_data.is_empty());
    call.query.flag("has_key") != Some(true) || has()
}

pub(crate) fn compute(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let Some(pair) = entry.cast::<CertificateKeyPair>() else { return };
    let detailed = render.query.flag("include_details") != Some(false);
    let details = pair.details().filter(|_| detailed);
    let digest = |algorithm: &'static aws_lc_rs::digest::Algorithm| {
        details
            .as_ref()
            .map(|d| Value::from(colons(aws_lc_rs::digest::digest(algorithm, &d.der).as_ref())))
            .unwrap_or_default()
    };
    let managed = map.remove("managed").unwrap_or_default();
    map.insert("fingerprint_sha256".to_owned(), digest(&aws_lc_rs::digest::SHA256));
    map.insert("fingerprint_sha1".to_owned(), digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY));
    map.insert(
        "cert_expiry".to_owned(),
        details.as_ref().map(|d| Value::from(d.expires.iso())).unwrap_or_default(),
    );
    map.insert(
        "cert_subject".to_owned(),
        details.as_ref().map(|d| Value::from(d.subject.clone())).unwrap_or_default(),
    );
    map.insert("private_key_available".to_owned(), (!pair.key_data.is_empty()).into());
    map.insert(
        "private_key_type".to_owned(),
        pair.key_type().filter(|_| detailed).map(Value::from).unwrap_or_default(),
    );
    let base = render.cx.url(&format!("/api/v3/crypto/certificatekeypairs/{}", entry.id.key));
    map.insert(
        "certificate_download_url".to_owned(),
        format!("{base}/view_certificate/?download").into(),
    );
    map.insert(
        "private_key_download_url".to_owned(),
        format!("{base}/view_private_key/?download").into(),
    );
    map.insert("managed".to_owned(), managed);
}

/// Which key a made certificate gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    Rsa,
    Ecdsa,
}

/// Makes a self-signed certificate. RSA keys take a moment: not for the async threads.
///
/// # Errors
/// The crypto library's text.
pub fn generate(
    name: &str,
    alternative_names: &[String],
    days: i64,
    algorithm: KeyAlgorithm,
    now: Timestamp,
) -> Result<CertificateKeyPair, String> {
    let text = |e: rcgen::Error| e.to_string();
    let key = match algorithm {
        KeyAlgorithm::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        KeyAlgorithm::Ecdsa => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
    }
    .map_err(text)?;
    let mut params = CertificateParams::new(alternative_names.to_vec()).map_err(text)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject.push(DnType::OrganizationName, "authentik");
    subject.push(DnType::OrganizationalUnitName, "Self-signed");
    params.distinguished_name = subject;
    let at = |t: Timestamp| time_of(t).ok_or_else(|| "a date beyond all calendars".to_owned());
    // A day back: clocks of others may be behind ours.
    params.not_before = at(now.plus_seconds(-86_400))?;
    params.not_after = at(now.plus_seconds(days.saturating_mul(86_400)))?;
    let certificate = params.self_signed(&key).map_err(text)?;
    Ok(CertificateKeyPair {
        name: name.to_owned(),
        certificate_data: Code::from(certificate.pem().as_str()),
        key_data: Secret::new(key.serialize_pem()),
        managed: None,
    })
}

/// rcgen's own form of times.
fn time_of(t: Timestamp) -> Option<time::OffsetDateTime> {
    time::OffsetDateTime::from_unix_timestamp(t.seconds()).ok()
}

pub(crate) async fn ensure_default(cx: Context) -> Result<(), String> {
    if cx.snapshot().find::<CertificateKeyPair>("name", SELF_SIGNED).is_some() {
        return Ok(());
    }
    let now = cx.clock.now();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = tokio::task::spawn_blocking(move || {
        generate(SELF_SIGNED, &names, 365, KeyAlgorithm::Rsa, now)
    })
    .await
    .map_err(|e| e.to_string())??;
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        if tx.graph().find::<CertificateKeyPair>("name", SELF_SIGNED).is_none() {
            let key = tx.entropy().uuid();
            tx.draft().put(key, made.clone());
        }
        Ok::<_, StoreError>(())
    };
    cx.store
        .write(Actor::system(), "self-signed certificate made", write)
        .await
        .map_err(|e| e.to_string())
}

/// The certificate TLS serves for a host: the brand's, else the self-signed one.
pub fn for_host<'a>(snapshot: &'a Snapshot, host: &str) -> Option<&'a CertificateKeyPair> {
    let of_brand = crate::Brand::for_host(snapshot, host)
        .and_then(|b| b.web_certificate)
        .and_then(|c| snapshot.get(c));
    of_brand
        .or_else(|| snapshot.find::<CertificateKeyPair>("name", SELF_SIGNED).map(|(_, pair)| pair))
}

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::POST,
            "crypto/certificatekeypairs/generate/",
            "crypto_certificatekeypairs_generate_create",
            Access::global(Permission::add(CertificateKeyPair::META)),
            generate_action,
        )
        .request("CertificateGenerationRequest")
        .response("CertificateKeyPair"),
        Operation::new(
            Method::GET,
            "crypto/certificatekeypairs/{kp_uuid}/view_certificate/",
            "crypto_certificatekeypairs_view_certificate_retrieve",
            Access::on(Permission::VIEW_CERTIFICATE),
            |call: Call| view(call, "certificate"),
        )
        .response("CertificateData"),
        Operation::new(
            Method::GET,
            "crypto/certificatekeypairs/{kp_uuid}/view_private_key/",
            "crypto_certificatekeypairs_view_private_key_retrieve",
            Access::on(Permission::VIEW_CERTIFICATE_KEY),
            |call: Call| view(call, "private_key"),
        )
        .response("CertificateData"),
    ]
}

async fn generate_action(call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let mut errors = FieldErrors::new();
    let name = body
        .get("common_name")
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .unwrap_or_default()
        .to_owned();
    if name.is_empty() {
        errors.add("common_name", Problem::required());
    } else if call.snapshot.find::<CertificateKeyPair>("name", &name).is_some() {
        errors.add("common_name", Problem::unique());
    }
    let days = body
        .get("validity_days")
        .and_then(|d| d.as_i64().or_else(|| d.as_str().and_then(|s| s.parse().ok())));
    if days.is_none() {
        errors.add("validity_days", Problem::required());
    }
    let algorithm = match body
        .get("alg")
        .map(|alg| alg.as_str().map_or_else(|| alg.to_string(), str::to_owned))
        .as_deref()
    {
        None | Some("" | "rsa") => KeyAlgorithm::Rsa,
        Some("ecdsa") => KeyAlgorithm::Ecdsa,
        Some(other) => {
            errors.add("alg", Problem::choice(other));
            KeyAlgorithm::Rsa
        }
    };
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let names: Vec<String> = body
        .get("subject_alt_name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .split(',')
        .map(|n| n.trim().to_owned())
        .filter(|n| !n.is_empty())
        .collect();
    let (now, days) = (call.cx.clock.now(), days.unwrap_or(365).clamp(-36_500, 36_500));
    let made =
        tokio::task::spawn_blocking(move || generate(&name, &names, days, algorithm, now)).await;
    let made = made.map_err(|e| ApiError::object(e.to_string()))?.map_err(ApiError::object)?;
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        let key = tx.entropy().uuid();
        Ok::<_, ApiError>(tx.draft().put(key, made.clone()))
    };
    let reference: Ref<CertificateKeyPair> =
        call.cx.store.write(call.actor(), "certificate generated", write).await?;
    let snapshot = call.cx.snapshot();
    let entry =
        snapshot.entry(reference.id()).ok_or_else(|| ApiError::not_found("CertificateKeyPair"))?;
    let rows = std::collections::HashMap::new();
    let render = RenderContext {
        cx: &call.cx,
        snapshot: &snapshot,
        caller: &call.caller,
        request: &call.request,
        query: &call.query,
        rows: &rows,
    };
    Ok(json(StatusCode::OK, &countersign_rest::rendered(&render, entry)))
}

async fn view(call: Call, part: &'static str) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("CertificateKeyPair");
    let key =
        countersign_model::Key::parse(call.param("kp_uuid"), countersign_model::KeyType::Uuid)
            .ok_or_else(missing)?;
    let pair = call.snapshot.get(Ref::<CertificateKeyPair>::new(key)).ok_or_else(missing)?.clone();
    let reference =
        model_reference("authentik_crypto", "certificatekeypair", &key.to_string(), &pair.name);
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        emit(
            tx,
            Event::new(
                "secret_view",
                "authentik.crypto.api",
                json!({"secret": reference, "type": part}),
            ),
        )
        .map(|_| ())
    };
    call.cx.store.write(call.actor(), "certificate viewed", write).await?;
    let data = if part == "certificate" {
        pair.certificate_data.to_string()
    } else {
        pair.key_data.expose().to_owned()
    };
    if call.query.get("download").is_none() {
        return Ok(json(StatusCode::OK, &json!({"data": data})));
    }
    let mut response = Response::new(data.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-pem-file"));
    let safe: String = pair
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " -_.".contains(c) { c } else { '_' })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{safe}_{part}.pem\""))
    {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
