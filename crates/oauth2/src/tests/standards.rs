//! What goes beyond the original: clients with keys, pushed and signed requests, signed answers,
//! tokens bound to a key or made for a server.

use axum::http::StatusCode;
use countersign_model::JsonMap;
use countersign_store::Owner;
use serde_json::{Map, Value, json};

use super::world::{CALLBACK, NOW, Reply, World, seconds};
use crate::client::{AuthMethod, ClientType, SecurityProfile};
use crate::jose::{self, ClientAlgorithm, SigningKey};
use crate::kinds::{AccessTokenFormat, OAuth2Provider};
use crate::provider::Provider;
use crate::wire::client_auth::JWT_BEARER;
use crate::wire::dpop::tests::Holder;
use crate::wire::{GrantType, Params};

const ORIGIN: &str = "http://id.example.test";
const ISSUER: &str = "http://id.example.test/application/o/impl/";
const TOKEN: &str = "/application/o/token/";
const PAR: &str = "/application/o/par/";

/// A client that proves itself with a private key.
fn keyed(provider: &mut OAuth2Provider, holder: &Holder) {
    provider.jwks = key_set(holder);
    provider.token_endpoint_auth_method = Some(AuthMethod::PrivateKeyJwt);
}

fn key_set(holder: &Holder) -> JsonMap {
    JsonMap(Map::from_iter([("keys".to_owned(), json!([holder.jwk()]))]))
}

fn assertion(holder: &Holder, id: &str, change: Value) -> String {
    let mut claims = json!({"iss": "cid", "sub": "cid", "aud": ISSUER, "exp": NOW + 60, "jti": id});
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    holder.sign(&json!({"alg": "ES256"}), &claims)
}

async fn as_machine(world: &World, extra: &[(&str, &str)]) -> Reply {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend_from_slice(extra);
    world.post(TOKEN, &form, &[]).await
}

async fn signed_in(world: &World, assertion: &str) -> Reply {
    let proof = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    as_machine(world, &proof).await
}

fn error(reply: &Reply) -> String {
    reply.json()["error"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_client_proves_itself_once_by_what_its_key_signed() {
    let holder = std::sync::Arc::new(Holder::new());
    let key = holder.clone();
    let world = World::with(move |provider| keyed(provider, &key)).await;
    let good = assertion(&holder, "a", json!({}));
    let reply = signed_in(&world, &good).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let again = signed_in(&world, &good).await;
    assert_eq!((again.status, error(&again)), (StatusCode::BAD_REQUEST, "invalid_client".into()));
    for (id, change) in [
        ("b", json!({"iss": "other"})),
        ("c", json!({"aud": "https://evil.test/"})),
        ("d", json!({"exp": NOW - 1})),
        ("e", json!({"exp": NOW + 7_200})),
        ("", json!({})),
    ] {
        let reply = signed_in(&world, &assertion(&holder, id, change.clone())).await;
        assert_eq!(error(&reply), "invalid_client", "{id} {change}");
    }
    let stranger = signed_in(&world, &assertion(&Holder::new(), "f", json!({}))).await;
    assert_eq!(error(&stranger), "invalid_client");
    // Its secret opens nothing any more, in no form.
    let secret = [("client_id", "cid"), ("client_secret", "s3cret")];
    assert_eq!(error(&as_machine(&world, &secret).await), "invalid_client");
    let inactive = world.post("/application/o/introspect/", &secret, &[]).await;
    assert_eq!(inactive.json(), json!({"active": false}));
    // Addresses of this server are names of it, too, and the other endpoints know the key.
    let form = [
        ("token", "x"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", &assertion(&holder, "g", json!({"aud": format!("{ORIGIN}{TOKEN}")}))),
    ];
    assert_eq!(world.post("/application/o/revoke/", &form, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn of_200_that_bring_one_assertion_one_is_served() {
    let holder = std::sync::Arc::new(Holder::new());
    let key = holder.clone();
    let world = World::with(move |provider| keyed(provider, &key)).await;
    let good = assertion(&holder, "a", json!({}));
    let snapshot = world.cx.snapshot();
    let provider = Provider::by_client_id(&snapshot, ["cid"]).unwrap();
    let params =
        Params::from([("client_assertion_type", JWT_BEARER), ("client_assertion", good.as_str())]);
    let credentials = crate::wire::client_auth::Credentials::read(None, &params).unwrap();
    assert_eq!(credentials.ids().last(), Some("cid"));
    let request = countersign_core::RequestInfo::of(
        &super::world::request(axum::http::Method::POST, TOKEN, &[], "").into_parts().0,
    );
    let (mut proven, mut refused) = (0, 0);
    let tries = (0..200).map(|_| world.service.prove(&provider, &credentials, &request));
    for outcome in futures_of(tries).await {
        match outcome {
            Ok(true) => proven += 1,
            Ok(false) | Err(_) => refused += 1,
        }
    }
    assert_eq!((proven, refused), (1, 199));
    let params = Params::from([("a", "b")]);
    let name = world.service.push(&provider, &params, 60, Owner::Program).await.unwrap();
    let takes = futures_of((0..200).map(|_| world.service.take_pushed(&name))).await;
    assert_eq!(takes.into_iter().filter(|taken| *taken).count(), 1);
}

/// Runs them all at once.
async fn futures_of<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(move |cx| {
        for (future, outcome) in &mut running {
            if outcome.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(cx)
            {
                *outcome = Some(done);
            }
        }
        if running.iter().any(|(_, outcome)| outcome.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(
            running.iter_mut().filter_map(|(_, outcome)| outcome.take()).collect(),
        )
    })
    .await
}

#[tokio::test]
async fn a_client_may_sign_with_its_secret() {
    let world = World::with(|provider| {
        provider.token_endpoint_auth_method = Some(AuthMethod::ClientSecretJwt);
    })
    .await;
    let sign = |secret: &str, id: &str| {
        let claims = json!({"iss": "cid", "sub": "cid", "aud": ISSUER, "exp": NOW + 60, "jti": id});
        let key = SigningKey::from_secret(secret).unwrap();
        jose::sign(claims.as_object().unwrap(), &key).unwrap()
    };
    assert_eq!(signed_in(&world, &sign("s3cret", "a")).await.status, StatusCode::OK);
    assert_eq!(error(&signed_in(&world, &sign("s3cret", "a")).await), "invalid_client");
    assert_eq!(error(&signed_in(&world, &sign("wrong", "b")).await), "invalid_client");
}

#[tokio::test]
async fn a_grant_that_the_settings_do_not_name_gives_nothing() {
    let world =
        World::with(|provider| provider.grant_types = vec![GrantType::AuthorizationCode]).await;
    let reply = as_machine(&world, &[("client_id", "cid"), ("client_secret", "s3cret")]).await;
    assert_eq!(error(&reply), "unauthorized_client");
    let tokens = world.tokens("openid offline_access").await;
    assert!(tokens.get("refresh_token").is_none(), "{tokens}");
    let implicit = format!(
        "/application/o/authorize/?client_id=cid&redirect_uri={CALLBACK}&response_type=id_token&nonce=n&scope=openid"
    );
    let refused = world.get(&implicit).await;
    assert!(refused.header("location").contains("#error=unauthorized_client"), "{refused:?}");
    let document = world.get("/application/o/impl/.well-known/openid-configuration").await.json();
    assert_eq!(document["grant_types_supported"], json!(["authorization_code"]));
    assert_eq!(document["response_types_supported"], json!(["code"]));
}

const REQUEST: [(&str, &str); 5] = [
    ("client_id", "cid"),
    ("client_secret", "s3cret"),
    ("redirect_uri", CALLBACK),
    ("response_type", "code"),
    ("prompt", "none"),
];

async fn bring(world: &World, client: &str, uri: &str) -> Reply {
    let query = Params::from([("client_id", client), ("request_uri", uri), ("state", "outside")]);
    world.get(&format!("/application/o/authorize/?{}", query.to_query())).await
}

#[tokio::test]
async fn a_pushed_request_is_the_whole_request_and_good_once() {
    let world = World::with(|provider| provider.par_required = true).await;
    let direct = format!(
        "/application/o/authorize/?client_id=cid&redirect_uri={CALLBACK}&response_type=code"
    );
    let refused = world.get(&direct).await;
    assert!(refused.header("location").contains("error=invalid_request"), "{refused:?}");

    let mut form = REQUEST.to_vec();
    form.push(("state", "inside"));
    let pushed = world.post(PAR, &form, &[]).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.text);
    assert_eq!(pushed.json()["expires_in"], 590);
    let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"));
    assert_eq!(bring(&world, "other", &uri).await.status, StatusCode::BAD_REQUEST);
    let answer = bring(&world, "cid", &uri).await;
    let to = answer.header("location");
    assert!(to.contains("error=login_required") && to.contains("state=inside"), "{to}");
    let again = bring(&world, "cid", &uri).await;
    assert_eq!((again.status, again.header("location")), (StatusCode::BAD_REQUEST, ""));

    let late = world.post(PAR, &form, &[]).await.json();
    world.later(591);
    let late = bring(&world, "cid", late["request_uri"].as_str().unwrap()).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_pushed_request_lives_no_longer_for_being_visited() {
    let world = World::new().await;
    let form: Vec<_> = REQUEST.into_iter().filter(|(name, _)| *name != "prompt").collect();
    let pushed = world.post(PAR, &form, &[]).await.json();
    let uri = pushed["request_uri"].as_str().unwrap();
    for _ in 0..5 {
        world.later(110);
        let visit = bring(&world, "cid", uri).await;
        assert_eq!(visit.status, StatusCode::FOUND, "the person is asked to sign in");
    }
    world.later(50);
    assert_eq!(bring(&world, "cid", uri).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_wrong_with_a_pushed_request_is_said_at_once() {
    let world = World::new().await;
    let change = |name: &'static str, value: &'static str| {
        let mut form: Vec<_> = REQUEST.into_iter().filter(|(n, _)| *n != name).collect();
        form.push((name, value));
        form
    };
    for (form, expected) in [
        (change("client_secret", "wrong"), "invalid_client"),
        (change("client_id", "nobody"), "invalid_client"),
        (change("redirect_uri", "https://evil.test/"), "invalid_request"),
        (change("redirect_uri", ""), "invalid_request"),
        (change("response_type", "zzz"), "unsupported_response_type"),
        (change("request_uri", "urn:x"), "invalid_request"),
        (change("request", "a.b.c"), "request_not_supported"),
        (change("max_age", "x"), "invalid_request"),
    ] {
        let reply = world.post(PAR, &form, &[]).await;
        assert_eq!((reply.status, error(&reply).as_str()), (StatusCode::BAD_REQUEST, expected));
        assert_eq!(reply.header("location"), "");
    }
    let basic = world.post(PAR, &REQUEST, &[("authorization", "Basic Y2lkOndyb25n")]).await;
    assert_eq!(basic.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.get(PAR).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_signed_request_counts_alone() {
    let holder = std::sync::Arc::new(Holder::new());
    let key = holder.clone();
    let world = World::with(move |provider| {
        provider.jwks = key_set(&key);
        provider.request_object_signing_alg = Some(ClientAlgorithm::Es256);
    })
    .await;
    let good = json!({
        "iss": "cid", "aud": ISSUER, "client_id": "cid", "response_type": "code", "exp": NOW + 60,
        "redirect_uri": CALLBACK, "prompt": "none", "state": "inside",
    });
    let ask = async |object: &str| {
        let query = Params::from([
            ("client_id", "cid"),
            ("redirect_uri", CALLBACK),
            ("response_type", "id_token"),
            ("state", "outside"),
            ("request", object),
        ]);
        world.get(&format!("/application/o/authorize/?{}", query.to_query())).await
    };
    let named = ask(&holder.sign(&json!({"alg": "ES256"}), &good)).await;
    let to = named.header("location").to_owned();
    assert!(to.contains("request_uri=urn"), "it waits under a name: {named:?}");
    world.later(120);
    world.later(-120);
    let answer = world.get(&to).await;
    let to = answer.header("location");
    assert!(to.contains("?error=login_required") && to.contains("state=inside"), "{to}");

    let mut late = good.clone();
    late["exp"] = (NOW - 1).into();
    let unsigned = {
        let signed = holder.sign(&json!({"alg": "none"}), &good);
        format!("{}.", signed.rsplit_once('.').unwrap().0)
    };
    for object in [
        holder.sign(&json!({"alg": "ES256"}), &late),
        Holder::new().sign(&json!({"alg": "ES256"}), &good),
        holder.sign(&json!({"alg": "ES384"}), &good),
        unsigned,
        "x".to_owned(),
    ] {
        let refused = ask(&object).await;
        let to = refused.header("location");
        assert!(to.contains("error=invalid_request_object"), "{to}");
    }
    let document = world.get("/application/o/impl/.well-known/openid-configuration").await.json();
    assert_eq!(document["request_parameter_supported"], true);
    assert_eq!(document["request_object_signing_alg_values_supported"], json!(["ES256"]));
}

#[tokio::test]
async fn an_answer_travels_as_one_signed_token_where_the_client_asks_for_it() {
    let world = World::new().await;
    let query = format!(
        "/application/o/authorize/?client_id=cid&redirect_uri={CALLBACK}&response_type=code&state=s&prompt=none&response_mode=jwt"
    );
    let reply = world.get(&query).await;
    let token = reply.header("location").strip_prefix(&format!("{CALLBACK}?response=")).unwrap();
    let provider = Provider::by_client_id(&world.cx.snapshot(), ["cid"]).unwrap();
    let keys = world.service.keys(&provider).await.unwrap();
    let claims = Value::Object(jose::verify(token, &keys.signing).unwrap());
    assert_eq!(claims["error"], "login_required");
    assert_eq!((&claims["state"], &claims["aud"]), (&json!("s"), &json!("cid")));
    assert_eq!((&claims["iss"], &claims["exp"]), (&json!(ISSUER), &json!(NOW + 600)));
}

fn proof(holder: &Holder, id: &str, method: &str, path: &str, token: Option<&str>) -> String {
    use base64::Engine as _;
    let hash = token.map(|token| {
        let hash = countersign_store::sha256(token);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
    });
    let url = format!("{ORIGIN}{path}");
    holder.proof(&json!({"jti": id, "htm": method, "htu": url, "iat": NOW, "ath": hash}))
}

const USERINFO: &str = "/application/o/userinfo/";

#[tokio::test]
async fn a_token_that_is_bound_to_a_key_opens_nothing_without_it() {
    let world = World::with(|provider| {
        provider.client_type = ClientType::Public;
        provider.dpop_required = true;
        provider.refresh_token_grace = seconds("seconds=0");
    })
    .await;
    let (holder, thief) = (Holder::new(), Holder::new());
    let exchange = async |code: &str, proof: Option<&str>| {
        world.code(code, "openid email offline_access", None).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "cid"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        let headers: Vec<_> = proof.into_iter().map(|proof| ("dpop", proof)).collect();
        world.post(TOKEN, &form, &headers).await
    };
    assert_eq!(error(&exchange("c1", None).await), "invalid_dpop_proof");
    assert_eq!(error(&exchange("c2", Some("x")).await), "invalid_dpop_proof");
    let elsewhere = proof(&holder, "a", "POST", PAR, None);
    assert_eq!(error(&exchange("c3", Some(&elsewhere)).await), "invalid_dpop_proof");
    let good = proof(&holder, "a", "POST", TOKEN, None);
    let tokens = exchange("c4", Some(&good)).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
    let tokens = tokens.json();
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(error(&exchange("c5", Some(&good)).await), "invalid_dpop_proof", "used before");
    let access = tokens["access_token"].as_str().unwrap();
    // Nor in the place of a person, where another provider trusts this one.
    let elsewhere = [
        ("client_id", "other"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", access),
    ];
    assert_eq!(error(&as_machine(&world, &elsewhere).await), "invalid_grant");

    let ask = async |scheme: &str, proof: Option<&str>| {
        let header = format!("{scheme} {access}");
        let mut headers = vec![("authorization", header.as_str())];
        headers.extend(proof.map(|proof| ("dpop", proof)));
        world.send(super::world::request(axum::http::Method::GET, USERINFO, &headers, "")).await
    };
    for (scheme, sent) in [
        ("Bearer", None),
        ("Bearer", Some(proof(&holder, "b", "GET", USERINFO, Some(access)))),
        ("DPoP", None),
        ("DPoP", Some(proof(&thief, "b", "GET", USERINFO, Some(access)))),
        ("DPoP", Some(proof(&holder, "b", "POST", USERINFO, Some(access)))),
        ("DPoP", Some(proof(&holder, "b", "GET", USERINFO, Some("other")))),
        ("DPoP", Some(proof(&holder, "b", "GET", USERINFO, None))),
    ] {
        let reply = ask(scheme, sent.as_deref()).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{scheme} {sent:?}");
        assert!(reply.header("www-authenticate").starts_with("DPoP error="), "{reply:?}");
    }
    let good = proof(&holder, "c", "GET", USERINFO, Some(access));
    let told = ask("DPoP", Some(&good)).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    assert_eq!(ask("DPoP", Some(&good)).await.status, StatusCode::UNAUTHORIZED, "used before");

    let introspect = [("client_id", "cid"), ("client_secret", "s3cret"), ("token", access)];
    let facts = world.post("/application/o/introspect/", &introspect, &[]).await.json();
    assert_eq!(facts["cnf"], json!({"jkt": holder.thumbprint()}));
    assert_eq!(facts["token_type"], "DPoP");

    let refresh = async |proof: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "cid"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ];
        world.post(TOKEN, &form, &[("dpop", proof)]).await
    };
    let stolen = refresh(&proof(&thief, "d", "POST", TOKEN, None)).await;
    assert_eq!(error(&stolen), "invalid_grant");
    let next = refresh(&proof(&holder, "d", "POST", TOKEN, None)).await;
    assert_eq!(next.json()["token_type"], "DPoP", "the thief ended nothing: {}", next.text);
}

#[tokio::test]
async fn nothing_changes_for_whoever_sends_no_proof() {
    let world = World::new().await;
    let tokens = world.tokens("openid").await;
    assert_eq!(tokens["token_type"], "Bearer");
    let header = format!("DPoP {}", tokens["access_token"].as_str().unwrap());
    let headers = [("authorization", header.as_str())];
    let reply =
        world.send(super::world::request(axum::http::Method::GET, USERINFO, &headers, "")).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "an unbound token under the other scheme");
}

#[tokio::test]
async fn tokens_are_made_for_the_servers_of_the_settings() {
    let world = World::with(|provider| {
        provider.resources = vec!["https://api.test/".into(), "https://files.test/".into()];
        provider.access_token_format = AccessTokenFormat::Rfc9068;
    })
    .await;
    let ask = async |resources: &[&str]| {
        let mut form = vec![("client_id", "cid"), ("client_secret", "s3cret")];
        form.extend(resources.iter().map(|resource| ("resource", *resource)));
        as_machine(&world, &form).await
    };
    let audience = |reply: &Reply| {
        let token = reply.json()["access_token"].as_str().unwrap().to_owned();
        let signed = jose::Signed::parse(&token).unwrap();
        assert_eq!(signed.header["typ"], "at+jwt");
        signed.claims().unwrap()["aud"].clone()
    };
    assert_eq!(audience(&ask(&[]).await), "cid");
    assert_eq!(audience(&ask(&["https://api.test/"]).await), "https://api.test/");
    let both = ask(&["https://api.test/", "https://files.test/"]).await;
    assert_eq!(audience(&both), json!(["https://api.test/", "https://files.test/"]));
    assert_eq!(error(&ask(&["https://evil.test/"]).await), "invalid_target");
}

#[tokio::test]
async fn the_strict_profile_needs_no_other_switch() {
    let world = World::with(|provider| {
        provider.security_profile = SecurityProfile::Strict;
        provider.pkce_required = None;
    })
    .await;
    let ask = async |extra: &str| {
        let query = format!("client_id=cid&redirect_uri={CALLBACK}{extra}");
        let reply = world.get(&format!("/application/o/authorize/?{query}")).await;
        reply.header("location").to_owned()
    };
    assert!(ask("&response_type=code").await.contains("error=invalid_request"), "no PKCE");
    assert!(ask("&response_type=code+id_token&nonce=n").await.contains("unauthorized_client"));
    let form = [
        ("grant_type", "password"),
        ("client_id", "cid"),
        ("client_secret", "s3cret"),
        ("username", "uma"),
        ("password", "app-password"),
    ];
    assert_eq!(error(&world.post(TOKEN, &form, &[]).await), "unauthorized_client");
    let tokens = world.tokens("openid").await;
    let token = tokens["access_token"].as_str().unwrap();
    let in_address = world.get(&format!("{USERINFO}?access_token={token}")).await;
    assert_eq!(in_address.status, StatusCode::UNAUTHORIZED);
}
