//! What an administrator may save.

use countersign_model::{EditError, Fields, Input, Key, Mode, Ref};
use countersign_store::{Actor, StoreError, SystemEntropy};
use serde_json::{Map, Value, json};

use super::world::{World, encryption_certificate};
use crate::kinds::{OAuth2Provider, ScopeMapping};
use crate::wire::redirect::{MatchingMode, Registered};
use countersign_catalogue::Provider as _;

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("object") };
    map
}

/// Saves the provider with these fields over what it has, or tells why not.
async fn save(world: &World, change: Value) -> Result<(), Value> {
    let change = object(change);
    let work = move |tx: &mut countersign_store::Tx<'_>| {
        let reference: Ref<OAuth2Provider> = Ref::new(Key::Int(1));
        let base = tx.graph().get(reference).unwrap().clone();
        let input =
            Input { map: &change, mode: Mode::Patch, entropy: &SystemEntropy, privileged: false };
        let provider = OAuth2Provider::parse(&input, Some(&base)).unwrap();
        tx.draft().put(1, provider);
        Ok::<_, StoreError>(())
    };
    world.cx.store.write(Actor::system(), "test", work).await.map_err(|error| match error {
        StoreError::Edit(EditError::Invalid { errors, .. }) => errors.to_json(),
        other => panic!("{other}"),
    })
}

#[tokio::test]
async fn what_could_not_work_is_refused_by_field() {
    let world = World::new().await;
    let regex = |url: &str| json!({"redirect_uris": [{"matching_mode": "regex", "url": url}]});
    let strict = |url: &str| json!({"redirect_uris": [{"matching_mode": "strict", "url": url}]});
    assert_eq!(
        save(&world, regex("**")).await,
        Err(json!({"redirect_uris": ["Invalid Regex Pattern: **"]}))
    );
    assert_eq!(
        save(&world, regex("(?=x)y")).await,
        Err(json!({"redirect_uris": ["Invalid Regex Pattern: (?=x)y"]}))
    );
    assert!(
        save(&world, strict("javascript:alert(1)"))
            .await
            .unwrap_err()
            .get("redirect_uris")
            .is_some()
    );
    assert!(
        save(&world, json!({"client_secret": ""}))
            .await
            .unwrap_err()
            .get("client_secret")
            .is_some()
    );
    assert!(
        save(&world, json!({"encryption_key": world_signing_key()}))
            .await
            .unwrap_err()
            .get("encryption_key")
            .is_some()
    );
    assert_eq!(save(&world, json!({"client_secret": "", "client_type": "public", "signing_key": encryption_certificate()})).await, Ok(()));
    assert_eq!(save(&world, strict("com.example.app:/cb")).await, Ok(()));
    assert_eq!(save(&world, json!({"secret_rotation_overlap": "days=30"})).await, Ok(()));
    for (change, field) in [
        (json!({"secret_rotation_overlap": "days=30;seconds=1"}), "secret_rotation_overlap"),
        (
            json!({"dpop_required": true, "tls_client_certificate_bound_access_tokens": true}),
            "tls_client_certificate_bound_access_tokens",
        ),
    ] {
        let refused = save(&world, change.clone()).await.unwrap_err();
        assert!(refused.get(field).is_some(), "{change}: {refused}");
    }
}

/// What others deliver to a host that fits a pattern would be delivered to this application.
#[tokio::test]
async fn an_application_is_at_the_hosts_of_its_addresses_and_patterns() {
    let world = World::with(|provider| {
        let pattern = r"https://app\.victim\.test/.*".to_owned();
        provider
            .redirect_uris
            .push(Registered { matching_mode: MatchingMode::Regex, url: pattern });
    })
    .await;
    let snapshot = world.cx.snapshot();
    let provider = snapshot.get(Ref::<OAuth2Provider>::new(Key::Int(1))).unwrap();
    assert_eq!(provider.addresses(), [super::world::CALLBACK]);
    assert!(provider.is_at_by_pattern("app.victim.test"));
    assert!(!provider.is_at_by_pattern("app.example.test"));
}

/// The certificate of the world with an elliptic key: good for signing, not for encryption.
fn world_signing_key() -> Value {
    json!(uuid::Uuid::from_u128(10))
}

#[test]
fn a_public_client_of_before_goes_on_without_pkce() {
    for (client_type, expected) in [("public", Some(&json!(false))), ("confidential", None)] {
        let mut stored = object(json!({"client_type": client_type}));
        for step in crate::kinds::PROVIDER_UPGRADES {
            step(&mut stored);
        }
        assert_eq!(stored.get("pkce_required"), expected, "{client_type}");
    }
}

#[tokio::test]
async fn generated_credentials_have_the_originals_lengths() {
    let map = object(
        json!({"name": "n", "authorization_flow": uuid::Uuid::nil(), "invalidation_flow": uuid::Uuid::nil(), "redirect_uris": []}),
    );
    let input = Input { map: &map, mode: Mode::Create, entropy: &SystemEntropy, privileged: false };
    let provider = OAuth2Provider::parse(&input, None).unwrap();
    assert_eq!((provider.client_id.len(), provider.client_secret.expose().len()), (40, 128));
    assert_eq!(provider.access_token_validity.as_str(), "hours=1");
    let empty = Map::new();
    let input = Input { map: &empty, ..input };
    let errors = OAuth2Provider::parse(&input, None).unwrap_err().to_json();
    let mut missing: Vec<&String> = errors.as_object().unwrap().keys().collect();
    missing.sort();
    assert_eq!(missing, ["authorization_flow", "invalidation_flow", "name", "redirect_uris"]);
}

#[tokio::test]
async fn an_application_opens_at_the_server_of_its_first_strict_address() {
    let world = World::new().await;
    let launch = || {
        let snapshot = world.cx.snapshot();
        let reference: Ref<OAuth2Provider> = Ref::new(Key::Int(1));
        snapshot.get(reference).unwrap().launch_url()
    };
    assert_eq!(launch().as_deref(), Some("https://app.example.test"));
    let list = json!([{"matching_mode": "regex", "url": "https://.*"}, {"matching_mode": "strict", "url": "http://localhost:5000/callback"}]);
    save(&world, json!({"redirect_uris": list})).await.unwrap();
    assert_eq!(launch().as_deref(), Some("http://localhost:5000"));
    save(
        &world,
        json!({"redirect_uris": [{"matching_mode": "strict", "url": "com.example.app:/cb"}]}),
    )
    .await
    .unwrap();
    assert_eq!(launch(), None);
}

#[test]
fn scope_names_are_one_word() {
    let map = object(json!({"name": "n", "scope_name": "a b", "expression": "return {}"}));
    let input = Input { map: &map, mode: Mode::Create, entropy: &SystemEntropy, privileged: false };
    let mapping = ScopeMapping::parse(&input, None).unwrap();
    let mut draft = countersign_model::Draft::new(&countersign_model::Snapshot::default());
    draft.put(uuid::Uuid::nil(), mapping);
    let error = draft.finish(&mut |_| true).unwrap_err();
    assert!(error.to_string().contains("Value must not contain spaces."), "{error}");
}

#[tokio::test]
async fn standards_that_need_each_other_are_set_together() {
    let world = World::new().await;
    let key = json!({"keys": [crate::wire::dpop::tests::Holder::new().jwk()]});
    for (change, field) in [
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), "token_endpoint_auth_method"),
        (json!({"request_object_signing_alg": "ES256"}), "request_object_signing_alg"),
        (json!({"jwks": {"keys": []}}), "jwks"),
        (json!({"jwks": key, "jwks_uri": "https://app.test/jwks"}), "jwks"),
        (
            json!({"client_type": "public", "token_endpoint_auth_method": "client_secret_post"}),
            "token_endpoint_auth_method",
        ),
        (json!({"grant_types": []}), "grant_types"),
        (json!({"resources": ["api"]}), "resources"),
        (json!({"resources": ["https://api.test/#x"]}), "resources"),
        (json!({"security_profile": "strict", "pkce_required": false}), "pkce_required"),
        (
            json!({"security_profile": "strict", "redirect_uris": [{"matching_mode": "regex", "url": "https://a/.*"}]}),
            "redirect_uris",
        ),
        (json!({"security_profile": "fapi2"}), "token_endpoint_auth_method"),
        (json!({"security_profile": "fapi2", "client_type": "public"}), "client_type"),
        (json!({"security_profile": "fapi2", "signing_key": null}), "signing_key"),
        (
            json!({"security_profile": "fapi2", "redirect_uris": [{"matching_mode": "strict", "url": "http://a/"}]}),
            "redirect_uris",
        ),
    ] {
        let errors = save(&world, change.clone()).await.unwrap_err();
        assert!(errors.get(field).is_some(), "{change}: {errors}");
    }
    let fapi = json!({
        "security_profile": "fapi2", "jwks": key, "token_endpoint_auth_method": "private_key_jwt",
        "request_object_signing_alg": "PS256",
    });
    assert_eq!(save(&world, fapi).await, Ok(()));
}
