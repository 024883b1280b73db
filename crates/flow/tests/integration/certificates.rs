//! Who signs in by a certificate, and who does not.

use countersign_core::ClientCertificate;
use http::StatusCode;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber,
};
use serde_json::{Value, json};

use crate::world::{Browser, World, executor};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let (key, mut params) = (KeyPair::generate().unwrap(), plain());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Of Ada, changed in one way.
    fn issues(&self, change: impl FnOnce(&mut CertificateParams)) -> ClientCertificate {
        let mut params = ada();
        change(&mut params);
        let signed = params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap();
        ClientCertificate::of_chain([signed.der().to_vec()]).unwrap()
    }

    /// A list that takes the certificate with this number back.
    fn list(&self, serial: u64) -> String {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: rcgen::date_time_ymd(2025, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2025, 1, 1),
            next_update: rcgen::date_time_ymd(2025, 2, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

fn plain() -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2090, 1, 1);
    params
}

fn mail(address: &str) -> SanType {
    SanType::Rfc822Name(address.try_into().unwrap())
}

/// What a company's authority gives its people.
fn ada() -> CertificateParams {
    let mut params = plain();
    params.distinguished_name.push(DnType::OrganizationName, "Company, Inc.");
    params.distinguished_name.push(DnType::CommonName, "ada");
    params.subject_alt_names = vec![mail("ada@example.org")];
    params.serial_number = Some(SerialNumber::from(7));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

/// A world with Ada and Bob, and a flow that asks for a certificate and signs in.
struct Scene<'a> {
    world: &'a World,
    admin: Browser<'a>,
    stage: Value,
    company: Authority,
}

impl<'a> Scene<'a> {
    async fn new(world: &'a World) -> Scene<'a> {
        let mut admin = world.administrator().await;
        for name in ["ada", "bob"] {
            let body =
                json!({"username": name, "name": name, "email": format!("{name}@example.org")});
            admin.create("core/users", body).await;
            world.set_password(name, "Their-Own-Pw-1").await;
        }
        let company = Authority::new("company");
        let pair = json!({"name": "company", "certificate_data": company.pem});
        let pair = admin.create("crypto/certificatekeypairs", pair).await;
        let stage = json!({"name": "certificate", "mode": "required", "certificate_authorities": [pair], "cert_attribute": "email", "user_attribute": "email"});
        let stage = admin.create("stages/mtls", stage).await;
        let login = admin.create("stages/user_login", json!({"name": "in"})).await;
        let fields = json!({"designation": "authentication"});
        admin.flow("card", fields, &[&stage, &login]).await;
        Scene { world, admin, stage, company }
    }

    async fn set(&mut self, fields: Value) {
        let path = format!("stages/mtls/{}", self.stage.as_str().unwrap());
        self.admin.change(&path, fields).await;
    }

    /// Who is signed in by this certificate, or the refusal.
    async fn shows(&self, certificate: Option<ClientCertificate>) -> Result<String, String> {
        let mut browser = self.world.browser();
        browser.certificate = certificate;
        let end = browser.challenge(&executor("card")).await;
        match end["component"].as_str() {
            Some("xak-flow-redirect") => Ok(who(&mut browser).await),
            _ => Err(end["error_message"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

async fn who(browser: &mut Browser<'_>) -> String {
    let me = browser.get("/api/v3/core/users/me/").await;
    if me.status != StatusCode::OK {
        return "nobody".to_owned();
    }
    me.json()["user"]["username"].as_str().unwrap().to_owned()
}

const MISSING: &str = "Certificate required but no certificate was given.";
const NOBODY: &str = "No user found for certificate.";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_signs_its_owner_in() {
    let world = World::set_up().await;
    let mut scene = Scene::new(&world).await;
    let own = |scene: &Scene<'_>| Some(scene.company.issues(|_| {}));
    assert_eq!(scene.shows(own(&scene)).await, Ok("ada".to_owned()));
    // By each attribute, whatever the letters' case.
    let dn = r"CN=ada,O=Company\, Inc.";
    scene.admin.create("core/users", json!({"username": dn, "name": "x"})).await;
    for (certificate, account, expected) in
        [("common_name", "username", "ada"), ("email", "email", "ada"), ("subject", "username", dn)]
    {
        scene.set(json!({"cert_attribute": certificate, "user_attribute": account})).await;
        let shown = scene.shows(own(&scene)).await;
        assert_eq!(shown.as_deref(), Ok(expected), "{certificate} {account}");
    }
    scene.set(json!({"cert_attribute": "email", "user_attribute": "email"})).await;
    let loud =
        scene.company.issues(|params| params.subject_alt_names = vec![mail("ADA@Example.Org")]);
    assert_eq!(scene.shows(Some(loud)).await, Ok("ada".to_owned()));
    // As older authorities write it: within the subject.
    let older = scene.company.issues(|params| {
        params.subject_alt_names.clear();
        let address = DnValue::Ia5String("ada@example.org".try_into().unwrap());
        let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
        params.distinguished_name.push(email, address);
    });
    assert_eq!(scene.shows(Some(older)).await, Ok("ada".to_owned()));
    // What the session keeps of it.
    let sessions = scene.world.count("SELECT COUNT(*) FROM session WHERE data LIKE '%\"auth_method\":\"mtls\"%' AND data LIKE '%\"serial_number\":\"7\"%'");
    assert_eq!(sessions.await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_certificate_counts() {
    let world = World::set_up().await;
    let mut scene = Scene::new(&world).await;
    let stranger = Authority::new("company");
    let company = &scene.company;
    let hostile: Vec<(&str, Option<ClientCertificate>)> = vec![
        ("none", None),
        ("of an authority of the same name", Some(stranger.issues(|_| {}))),
        ("expired", Some(company.issues(|of| of.not_after = rcgen::date_time_ymd(2021, 1, 1)))),
        (
            "not valid yet",
            Some(company.issues(|of| of.not_before = rcgen::date_time_ymd(2080, 1, 1))),
        ),
        (
            "of a server",
            Some(company.issues(|of| {
                of.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            })),
        ),
        (
            "for encryption",
            Some(company.issues(|of| of.key_usages = vec![KeyUsagePurpose::KeyEncipherment])),
        ),
        (
            "of an authority",
            Some(company.issues(|of| of.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
        ),
        ("signed by itself", {
            let signed = ada().self_signed(&KeyPair::generate().unwrap()).unwrap();
            ClientCertificate::of_chain([signed.der().to_vec()])
        }),
        ("nonsense", ClientCertificate::of_chain([vec![0x30, 0x03, 1, 2, 3]])),
    ];
    for (what, certificate) in &hostile {
        assert_eq!(scene.shows(certificate.clone()).await, Err(MISSING.to_owned()), "{what}");
    }
    let nobody: Vec<(&str, ClientCertificate)> = vec![
        ("unknown", company.issues(|of| of.subject_alt_names = vec![mail("eve@example.org")])),
        ("of two people", company.issues(|of| of.subject_alt_names.push(mail("bob@example.org")))),
        ("without an address", company.issues(|of| of.subject_alt_names.clear())),
        ("with a pattern", company.issues(|of| of.subject_alt_names = vec![mail("%@example.org")])),
        (
            "with a null",
            company.issues(|of| of.subject_alt_names = vec![mail("ada@example.org\0")]),
        ),
    ];
    for (what, certificate) in &nobody {
        assert_eq!(scene.shows(Some(certificate.clone())).await, Err(NOBODY.to_owned()), "{what}");
    }
    // A second account with the same address: nobody knows whose the certificate is.
    let own = || Some(scene.company.issues(|_| {}));
    let twin = json!({"username": "twin", "name": "x", "email": "Ada@example.org"});
    scene.admin.create("core/users", twin).await;
    assert_eq!(scene.shows(own()).await, Err(NOBODY.to_owned()));
    world.execute("UPDATE users SET is_active = 0 WHERE username = 'twin'").await;
    assert_eq!(scene.shows(own()).await, Ok("ada".to_owned()));
    // A deactivated account is as unknown as one that never was.
    world.execute("UPDATE users SET is_active = 0 WHERE username = 'ada'").await;
    assert_eq!(scene.shows(own()).await, Err(NOBODY.to_owned()));
    world.execute("UPDATE users SET is_active = 1 WHERE username = 'ada'").await;

    // Taken back.
    let other = Authority::new("other").list(7);
    for (lists, expected) in [
        (scene.company.list(8), Ok("ada".to_owned())),
        (scene.company.list(7), Err(MISSING.to_owned())),
        (other.clone(), Err(MISSING.to_owned())),
        (other + &scene.company.list(8), Ok("ada".to_owned())),
        (String::new(), Ok("ada".to_owned())),
    ] {
        let path = format!("stages/mtls/{}", scene.stage.as_str().unwrap());
        scene.admin.change(&path, json!({"revocation_lists": lists})).await;
        assert_eq!(scene.shows(Some(scene.company.issues(|_| {}))).await, expected, "{lists}");
    }
    let path = format!("/api/v3/stages/mtls/{}/", scene.stage.as_str().unwrap());
    for wrong in ["x", &scene.company.pem, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----"]
    {
        let body = json!({"revocation_lists": wrong}).to_string();
        let refused = scene.admin.send(http::Method::PATCH, &path, "application/json", body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(refused.json()["revocation_lists"].is_array(), "{}", refused.text);
    }
    // Without an authority none counts.
    scene.set(json!({"certificate_authorities": []})).await;
    assert_eq!(scene.shows(Some(scene.company.issues(|_| {}))).await, Err(MISSING.to_owned()));
}

/// A certificate is a second word about whoever was named, and takes nobody over.
#[tokio::test(flavor = "multi_thread")]
async fn beside_a_password_it_has_to_be_of_the_same_person() {
    let world = World::set_up().await;
    let mut scene = Scene::new(&world).await;
    let name = scene
        .admin
        .create("stages/identification", json!({"name": "n", "user_fields": ["username"]}))
        .await;
    let password = scene
        .admin
        .create(
            "stages/password",
            json!({"name": "p", "backends": ["authentik.core.auth.InbuiltBackend"]}),
        )
        .await;
    let login = scene.admin.create("stages/user_login", json!({"name": "i"})).await;
    let fields = json!({"designation": "authentication"});
    let stage = scene.stage.clone();
    scene.admin.flow("after", fields.clone(), &[&name, &password, &stage, &login]).await;
    let company = scene.company.issues(|_| {});
    let executor_after = executor("after");
    for (username, expected) in [("ada", None), ("bob", Some(NOBODY))] {
        let mut browser = world.browser();
        browser.certificate = Some(company.clone());
        browser.challenge(&executor_after).await;
        browser.answer(&executor_after, json!({"uid_field": username})).await;
        let end = browser.answer(&executor_after, json!({"password": "Their-Own-Pw-1"})).await;
        assert_eq!(end["error_message"].as_str(), expected, "{username}: {end}");
        assert_eq!(who(&mut browser).await, if expected.is_none() { "ada" } else { "nobody" });
    }
    // Before the name, where it may be missing: it names the person, who is asked for the password
    // alone; without it everything is asked as ever.
    scene.set(json!({"mode": "optional"})).await;
    scene.admin.flow("before", fields, &[&stage, &name, &password, &login]).await;
    let before = executor("before");
    let mut browser = world.browser();
    browser.certificate = Some(company.clone());
    let asked = browser.challenge(&before).await;
    assert_eq!(asked["component"], "ak-stage-password", "{asked}");
    assert_eq!(asked["pending_user"], "ada");
    // The name that is sent with it names nobody else.
    let wrong = json!({"password": "wrong", "uid_field": "bob"});
    assert_eq!(browser.answer(&before, wrong).await["component"], "ak-stage-password");
    let end = browser.answer(&before, json!({"password": "Their-Own-Pw-1"})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert_eq!(who(&mut browser).await, "ada");
    for certificate in [None, Some(Authority::new("company").issues(|_| {}))] {
        let mut browser = world.browser();
        browser.certificate = certificate;
        let asked = browser.challenge(&before).await;
        assert_eq!(asked["component"], "ak-stage-identification", "{asked}");
    }
    // The shipped flow, too, whose policy asks for the password of who has no backend.
    let slug = "default-authentication-flow";
    let flow =
        scene.admin.get(&format!("/api/v3/flows/instances/{slug}/")).await.json()["pk"].clone();
    let first = json!({"target": flow, "stage": stage, "order": 0});
    scene.admin.create("flows/bindings", first).await;
    let mut browser = world.browser();
    browser.certificate = Some(company.clone());
    assert_eq!(browser.challenge(&executor(slug)).await["component"], "ak-stage-password");
    // What the page takes together is taken apart here, too.
    let mut browser = world.browser();
    browser.certificate = Some(company);
    let page = browser.get("/if/flow/before/").await;
    assert!(page.text.contains("name=\"password\""), "{}", page.text);
    assert!(!page.text.contains("name=\"uid_field\""), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_enrols_brings_what_the_certificate_says() {
    let world = World::set_up().await;
    let mut scene = Scene::new(&world).await;
    let field = json!({"name": "u", "field_key": "username", "label": "U", "type": "username", "required": true, "order": 0});
    let field = scene.admin.create("stages/prompt/prompts", field).await;
    let ask = json!({"name": "ask", "fields": [field]});
    let ask = scene.admin.create("stages/prompt/stages", ask).await;
    let write = scene.admin.create("stages/user_write", json!({"name": "w"})).await;
    let stage = scene.stage.clone();
    let fields = json!({"designation": "enrollment"});
    scene.admin.flow("join", fields, &[&stage, &ask, &write]).await;
    let join = executor("join");
    let eve = scene.company.issues(|of| {
        of.distinguished_name.push(DnType::CommonName, "Eve Example");
        of.subject_alt_names = vec![mail("eve@example.org")];
    });
    let mut browser = world.browser();
    assert_eq!(browser.challenge(&join).await["error_message"], MISSING);
    let mut browser = world.browser();
    browser.certificate = Some(eve);
    assert_eq!(browser.challenge(&join).await["component"], "ak-stage-prompt");
    let end = browser.answer(&join, json!({"username": "eve"})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    let made = scene.admin.get("/api/v3/core/users/?username=eve").await.json();
    let made = &made["results"][0];
    assert_eq!(made["email"], "eve@example.org", "{made}");
    assert_eq!(made["name"], "Eve Example", "{made}");
}
