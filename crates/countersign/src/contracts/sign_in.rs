//! How people sign in is chosen, and does not change because something else is deleted.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::tables::World;

/// S1: the brand's flow, which may ask for less, took the place of the one that was deleted.
#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_somebody_signs_in_by_is_not_deleted() {
    let world = World::new().await;
    let call = async |method: Method, path: &str, body: Value| {
        world.call("root", method, path, body).await
    };
    let made = async |path: &str, body: Value| {
        let (status, made) = call(Method::POST, path, body).await;
        assert_eq!(status, StatusCode::CREATED, "{path}: {made}");
        made
    };
    let flow = async |slug: &str, designation: &str| {
        let body = json!({"name": slug, "slug": slug, "title": slug, "designation": designation});
        made("flows/instances/", body).await["pk"].clone()
    };
    let (authorize, end) =
        (flow("authorize", "authorization").await, flow("end", "invalidation").await);
    // The first of its designation is everybody's, and guarded as that.
    flow("a-default", "authentication").await;
    let provider = json!({"name": "wiki", "authorization_flow": authorize, "invalidation_flow": end, "redirect_uris": []});
    let provider = made("providers/oauth2/", provider).await;
    let brand = made("core/brands/", json!({"domain": "other.test"})).await;
    for (path, field, named) in [
        (format!("providers/oauth2/{}/", provider["pk"]), "authentication_flow", "wiki"),
        (
            format!("core/brands/{}/", brand["brand_uuid"].as_str().unwrap()),
            "flow_authentication",
            "other.test",
        ),
    ] {
        let (name, instead) = (format!("strict-{field}"), format!("other-{field}"));
        let strict = flow(&name, "authentication").await;
        let other = flow(&instead, "authentication").await;
        let choose = async |chosen: &Value| {
            let (status, answer) = call(Method::PATCH, &path, json!({field: chosen})).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
        };
        choose(&strict).await;
        let address = format!("flows/instances/{name}/");
        let delete = async || call(Method::DELETE, &address, Value::Null).await;
        let (status, answer) = delete().await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        let text = answer.to_string();
        assert!(text.contains(named) && text.contains("Choose another"), "{text}");
        assert_eq!(world.get("root", &path).await[field], strict);
        choose(&other).await;
        assert_eq!(delete().await.0, StatusCode::NO_CONTENT);
    }
}
