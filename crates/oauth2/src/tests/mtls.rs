//! Clients that prove themselves by a certificate, and tokens that are bound to one (RFC 8705).

use axum::http::{Method, StatusCode};
use countersign_catalogue::CertificateKeyPair;
use countersign_core::ClientCertificate;
use countersign_model::{JsonMap, Key, Ref};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::world::{CALLBACK, NOW, Reply, World, request};
use crate::client::{AuthMethod, ClientType};
use crate::kinds::OAuth2Provider;
use crate::wire::client_auth::JWT_BEARER;
use crate::wire::dpop::tests::Holder;

const TOKEN: &str = "/application/o/token/";
const USERINFO: &str = "/application/o/userinfo/";

/// The certificate of the small installation, which is an authority here.
fn authority() -> Ref<CertificateKeyPair> {
    Ref::new(Key::Uuid(Uuid::from_u128(10)))
}

fn certificate(name: &str, by: Option<&CertificateKeyPair>) -> ClientCertificate {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let made = match by {
        None => params.self_signed(&key),
        Some(pair) => {
            let signs = KeyPair::from_pem(pair.key_data.expose()).unwrap();
            let issuer = Issuer::from_ca_cert_pem(&pair.certificate_data, signs).unwrap();
            params.signed_by(&key, &issuer)
        }
    };
    ClientCertificate::of_chain([made.unwrap().der().to_vec()]).unwrap()
}

async fn post(
    world: &World,
    path: &str,
    form: &[(&str, &str)],
    shown: Option<&ClientCertificate>,
) -> Reply {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let mut request = request(Method::POST, path, &headers, &body);
    request.extensions_mut().extend(extension(shown));
    world.send(request).await
}

fn extension(shown: Option<&ClientCertificate>) -> axum::http::Extensions {
    let mut extensions = axum::http::Extensions::new();
    if let Some(shown) = shown {
        extensions.insert(shown.clone());
    }
    extensions
}

async fn as_machine(world: &World, shown: Option<&ClientCertificate>) -> Reply {
    let form = [("grant_type", "client_credentials"), ("client_id", "cid"), ("scope", "openid")];
    post(world, TOKEN, &form, shown).await
}

async fn told(world: &World, token: &str, shown: Option<&ClientCertificate>) -> StatusCode {
    let bearer = format!("Bearer {token}");
    let mut request = request(Method::GET, USERINFO, &[("authorization", &bearer)], "");
    request.extensions_mut().extend(extension(shown));
    world.send(request).await.status
}

fn error(reply: &Reply) -> String {
    reply.json()["error"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_client_proves_itself_by_a_certificate_that_its_authority_vouches_for() {
    let world = World::with(|provider| {
        provider.token_endpoint_auth_method = Some(AuthMethod::TlsClientAuth);
        provider.tls_client_auth_subject_dn = "CN=app".to_owned();
        provider.tls_client_auth_authorities = vec![authority()];
    })
    .await;
    let snapshot = world.cx.snapshot();
    let pair = snapshot.get(authority()).unwrap();
    let good = as_machine(&world, Some(&certificate("app", Some(pair)))).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.text);
    assert_eq!(good.json()["token_type"], "Bearer");
    for (shown, why) in [
        (None, "none"),
        (Some(certificate("app", None)), "anybody makes one with this subject"),
        (Some(certificate("other", Some(pair))), "another client's"),
        (Some(certificate("App", Some(pair))), "another name"),
    ] {
        let refused = as_machine(&world, shown.as_ref()).await;
        assert_eq!(error(&refused), "invalid_client", "{why}");
    }
    // Its secret opens nothing any more.
    let secret =
        [("grant_type", "client_credentials"), ("client_id", "cid"), ("client_secret", "s3cret")];
    assert_eq!(error(&post(&world, TOKEN, &secret, None).await), "invalid_client");
    let document = world.get("/application/o/impl/.well-known/openid-configuration").await.json();
    assert_eq!(document["token_endpoint_auth_methods_supported"], json!(["tls_client_auth"]));
}

fn with_own_certificate(provider: &mut OAuth2Provider, own: &ClientCertificate) {
    use base64::Engine as _;
    let mut jwk = Holder::new().jwk();
    jwk["x5c"] = json!([base64::engine::general_purpose::STANDARD.encode(own.der())]);
    provider.jwks = JsonMap(Map::from_iter([("keys".to_owned(), json!([jwk]))]));
    provider.token_endpoint_auth_method = Some(AuthMethod::SelfSignedTlsClientAuth);
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_certificate_opens_nothing_without_it() {
    let own = certificate("app", None);
    let shown = own.clone();
    let world = World::with(move |provider| {
        with_own_certificate(provider, &shown);
        provider.tls_client_certificate_bound_access_tokens = true;
    })
    .await;
    let thief = certificate("app", None);
    assert_eq!(error(&as_machine(&world, Some(&thief)).await), "invalid_client");
    let tokens = as_machine(&world, Some(&own)).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
    let tokens = tokens.json();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(tokens["token_type"], "Bearer");
    let claims = crate::jose::Signed::parse(access).unwrap().claims().unwrap();
    assert_eq!(claims["cnf"], json!({"x5t#S256": own.thumbprint()}));

    assert_eq!(told(&world, access, Some(&own)).await, StatusCode::OK);
    assert_eq!(told(&world, access, Some(&thief)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(told(&world, access, None).await, StatusCode::UNAUTHORIZED);
    let facts = post(
        &world,
        "/application/o/introspect/",
        &[("client_id", "cid"), ("token", access)],
        Some(&own),
    )
    .await;
    assert_eq!(facts.json()["cnf"], json!({"x5t#S256": own.thumbprint()}));
    // Nor in the place of its account, where another provider trusts this one.
    let elsewhere = [
        ("grant_type", "client_credentials"),
        ("client_id", "other"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", access),
    ];
    assert_eq!(error(&post(&world, TOKEN, &elsewhere, Some(&own)).await), "invalid_grant");
}

#[tokio::test]
async fn tokens_of_a_public_client_are_bound_to_the_certificate_it_comes_with() {
    let world = World::with(|provider| {
        provider.client_type = ClientType::Public;
        provider.tls_client_certificate_bound_access_tokens = true;
    })
    .await;
    let (own, thief) = (certificate("app", None), certificate("app", None));
    let redeem = async |code: &str, shown: Option<&ClientCertificate>| {
        world.code(code, "openid offline_access", None).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "cid"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        post(&world, TOKEN, &form, shown).await
    };
    assert_eq!(
        error(&redeem("c1", None).await),
        "invalid_request",
        "nothing that is bound to nothing"
    );
    let tokens = redeem("c2", Some(&own)).await.json();
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    assert_eq!(told(&world, &token("access_token"), Some(&own)).await, StatusCode::OK);
    let refresh = async |shown: Option<&ClientCertificate>| {
        let refresh = token("refresh_token");
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "cid"),
            ("refresh_token", refresh.as_str()),
        ];
        post(&world, TOKEN, &form, shown).await
    };
    assert_eq!(error(&refresh(Some(&thief)).await), "invalid_grant");
    let next: Value = refresh(Some(&own)).await.json();
    let access = next["access_token"].as_str().unwrap_or_else(|| panic!("{next}"));
    assert_eq!(told(&world, access, Some(&thief)).await, StatusCode::UNAUTHORIZED);
    // Anybody has a key: a proof of one is none of the certificate (RFC 9449).
    let holder = Holder::new();
    let with_key = async |code: &'static str, shown: Option<&ClientCertificate>| {
        world.code(code, "openid", None).await;
        let claims = json!({"jti": code, "htm": "POST", "htu": format!("http://id.example.test{TOKEN}"), "iat": NOW});
        let proof = holder.proof(&claims);
        let form = format!(
            "grant_type=authorization_code&client_id=cid&code={code}&redirect_uri={CALLBACK}"
        );
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("dpop", proof.as_str())];
        let mut request = request(Method::POST, TOKEN, &headers, &form);
        request.extensions_mut().extend(extension(shown));
        world.send(request).await
    };
    assert_eq!(error(&with_key("c3", None).await), "invalid_request");
    let both = with_key("c4", Some(&own)).await.json();
    let access = both["access_token"].as_str().unwrap_or_else(|| panic!("{both}"));
    let claims = crate::jose::Signed::parse(access).unwrap().claims().unwrap();
    assert_eq!(claims["cnf"], json!({"x5t#S256": own.thumbprint()}));
    assert_eq!(both["token_type"], "Bearer");
    let implicit = format!(
        "/application/o/authorize/?client_id=cid&redirect_uri={CALLBACK}&response_type=id_token%20token&nonce=n&scope=openid"
    );
    let refused = world.get(&implicit).await;
    assert!(refused.header("location").contains("error="), "{refused:?}");
}
