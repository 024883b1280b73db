//! How clients prove themselves: secrets of before, nonces of proofs.

use axum::http::{Method, StatusCode};
use countersign_model::{Key, Ref, Secret};
use countersign_store::{Actor, StoreError, Tx};
use serde_json::{Value, json};

use super::world::{NOW, Reply, World, request, seconds};
use crate::client::{AuthMethod, SecurityProfile};
use crate::jose::{self, SigningKey};
use crate::kinds::OAuth2Provider;
use crate::wire::client_auth::JWT_BEARER;
use crate::wire::dpop::tests::Holder;

const TOKEN: &str = "/application/o/token/";
const USERINFO: &str = "/application/o/userinfo/";

async fn set(world: &World, change: impl Fn(&mut OAuth2Provider) + Send + 'static) {
    let work = move |tx: &mut Tx<'_>| {
        let reference: Ref<OAuth2Provider> = Ref::new(Key::Int(1));
        let mut provider = tx.graph().get(reference).unwrap().clone();
        change(&mut provider);
        tx.draft().put(1, provider);
        Ok::<_, StoreError>(())
    };
    world.cx.store.write(Actor::system(), "test", work).await.unwrap();
}

async fn as_machine(world: &World, extra: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
    let mut form = vec![("grant_type", "client_credentials"), ("scope", "openid")];
    form.extend_from_slice(extra);
    world.post(TOKEN, &form, headers).await
}

fn error(reply: &Reply) -> String {
    reply.json()["error"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_former_secret_is_good_for_the_overlap_and_no_longer() {
    let world = World::with(|p| p.secret_rotation_overlap = seconds("hours=1")).await;
    let knows = async |secret: &str| {
        let form = [("client_id", "cid"), ("client_secret", secret)];
        as_machine(&world, &form, &[]).await.status == StatusCode::OK
    };
    let rotate = async |secret: &'static str| {
        set(&world, move |provider| provider.client_secret = Secret::new(secret)).await;
    };
    assert!(knows("s3cret").await && !knows("second").await);
    rotate("second").await;
    assert!(knows("second").await && knows("s3cret").await && !knows("other").await);
    assert!(!knows("").await);
    assert_eq!(world.events().await.iter().filter(|event| *event == "secret_rotate").count(), 1);
    world.later(1_800);
    rotate("third").await;
    assert!(knows("third").await && knows("second").await && knows("s3cret").await);
    world.later(1_800);
    assert!(knows("third").await && knows("second").await && !knows("s3cret").await);
    // Whoever fears that a former one was stolen ends all of them.
    set(&world, |provider| provider.secret_rotation_overlap = seconds("seconds=0")).await;
    assert!(knows("third").await && !knows("second").await);
    set(&world, |provider| provider.secret_rotation_overlap = seconds("hours=1")).await;
    assert!(!knows("second").await, "it does not come back");
    rotate("fourth").await;
    set(&world, |provider| provider.name = "another name".to_owned()).await;
    assert!(knows("third").await, "other edits change nothing");
    let kept = world.sql(|sql| sql.query("SELECT secret FROM former_client_secret", &[])).await;
    let sealed: String = kept[0].get(0).unwrap();
    assert!(!sealed.contains("third"), "{sealed}");
}

#[tokio::test]
async fn a_shorter_overlap_is_one_for_the_former_secrets_that_are_there() {
    let world = World::with(|p| p.secret_rotation_overlap = seconds("days=30")).await;
    let knows = async |secret: &str| {
        let form = [("client_id", "cid"), ("client_secret", secret)];
        as_machine(&world, &form, &[]).await.status == StatusCode::OK
    };
    set(&world, |provider| provider.client_secret = Secret::new("second")).await;
    set(&world, |provider| provider.secret_rotation_overlap = seconds("minutes=10")).await;
    world.later(599);
    assert!(knows("s3cret").await);
    // A longer one gives no time back.
    set(&world, |provider| provider.secret_rotation_overlap = seconds("days=30")).await;
    world.later(1);
    assert!(!knows("s3cret").await && knows("second").await);
}

#[tokio::test]
async fn without_an_overlap_a_former_secret_ends_at_once() {
    let world = World::new().await;
    set(&world, |provider| provider.client_secret = Secret::new("second")).await;
    let form = [("client_id", "cid"), ("client_secret", "s3cret")];
    assert_eq!(error(&as_machine(&world, &form, &[]).await), "invalid_grant");
    let none = world.sql(|sql| sql.query("SELECT 1 FROM former_client_secret", &[])).await;
    assert!(none.is_empty());
}

#[tokio::test]
async fn what_is_signed_with_a_former_secret_counts_as_long() {
    let world = World::with(|provider| {
        provider.token_endpoint_auth_method = Some(AuthMethod::ClientSecretJwt);
        provider.secret_rotation_overlap = seconds("hours=1");
    })
    .await;
    set(&world, |provider| provider.client_secret = Secret::new("second")).await;
    let ask = async |secret: &str, id: &str| {
        let claims = json!({"iss": "cid", "sub": "cid", "aud": "http://id.example.test/application/o/impl/", "exp": NOW + 3_600, "jti": id});
        let key = SigningKey::from_secret(secret).unwrap();
        let signed = jose::sign(claims.as_object().unwrap(), &key).unwrap();
        let form = [("client_assertion_type", JWT_BEARER), ("client_assertion", signed.as_str())];
        as_machine(&world, &form, &[]).await.status == StatusCode::OK
    };
    assert!(ask("second", "a").await && ask("s3cret", "b").await && !ask("other", "c").await);
    world.later(3_599);
    assert!(ask("s3cret", "d").await);
    world.later(1);
    assert!(!ask("s3cret", "e").await);
}

/// RFC 9449 8 and 9.
#[tokio::test]
async fn a_strict_profile_gives_nonces_that_proofs_have_to_hold() {
    let world = World::with(|p| p.security_profile = SecurityProfile::Strict).await;
    let holder = Holder::new();
    let (mut number, mut now) = (0, NOW);
    let mut proof = |method: &str, path: &str, now: i64, more: Value| {
        number += 1;
        let mut claims = json!({"jti": number.to_string(), "htm": method, "htu": format!("http://id.example.test{path}"), "iat": now});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        holder.proof(&claims)
    };
    let secret = [("client_id", "cid"), ("client_secret", "s3cret")];
    let ask = async |proof: String| as_machine(&world, &secret, &[("dpop", &proof)]).await;

    let first = ask(proof("POST", TOKEN, now, json!({}))).await;
    assert_eq!((first.status, error(&first).as_str()), (StatusCode::BAD_REQUEST, "use_dpop_nonce"));
    let nonce = first.header("dpop-nonce").to_owned();
    assert!(nonce.len() > 20, "{nonce}");
    let made_up = ask(proof("POST", TOKEN, now, json!({"nonce": "made-up"}))).await;
    assert_eq!(error(&made_up), "use_dpop_nonce");
    let good = ask(proof("POST", TOKEN, now, json!({"nonce": nonce}))).await;
    assert_eq!((good.status, good.header("dpop-nonce")), (StatusCode::OK, nonce.as_str()));
    let access = good.json()["access_token"].as_str().unwrap().to_owned();

    let hash = {
        use base64::Engine as _;
        let hash = countersign_store::sha256(&access);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
    };
    let told = async |proof: String| {
        let bearer = format!("DPoP {access}");
        let headers = [("authorization", bearer.as_str()), ("dpop", proof.as_str())];
        world.send(request(Method::GET, USERINFO, &headers, "")).await
    };
    let refused = told(proof("GET", USERINFO, now, json!({"ath": hash}))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(
        refused.header("www-authenticate").contains(r#"error="use_dpop_nonce""#),
        "{refused:?}"
    );
    assert_eq!(refused.header("dpop-nonce"), nonce);
    let good = told(proof("GET", USERINFO, now, json!({"ath": hash, "nonce": nonce}))).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.text);

    // It is good in the next stretch of time, too, and no longer.
    world.later(120);
    now += 120;
    let next = ask(proof("POST", TOKEN, now, json!({"nonce": nonce}))).await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.text);
    assert_ne!(next.header("dpop-nonce"), nonce, "the next one comes in time");
    world.later(120);
    now += 120;
    let late = ask(proof("POST", TOKEN, now, json!({"nonce": nonce}))).await;
    assert_eq!(error(&late), "use_dpop_nonce");
    assert_eq!(
        ask(proof("POST", TOKEN, now, json!({"nonce": late.header("dpop-nonce")}))).await.status,
        StatusCode::OK
    );
    // Who sends no proof is given none.
    assert_eq!(as_machine(&world, &secret, &[]).await.header("dpop-nonce"), "");
}
