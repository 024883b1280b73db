//! Nobody takes the place of what he may not change: the addresses, names and networks by which
//! the application of another provider is found.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::tables::World;

type Case = (&'static str, Value, Vec<(&'static str, Value)>, Value);

/// Of each kind: what root's provider has, what a delegate's may not have, by the field that is
/// refused, and what it may.
fn cases() -> Vec<Case> {
    let saml = |acs: &str, issuer: &str, audience: &str| json!({"acs_url": acs, "issuer": issuer, "audience": audience});
    let proxy = |host: &str| json!({"mode": "forward_single", "external_host": host});
    let domain = |host: &str, domain: &str| json!({"mode": "forward_domain", "external_host": host, "cookie_domain": domain});
    vec![
        (
            "saml",
            saml("https://app.test/acs", "idp", "app"),
            vec![
                ("acs_url", saml("https://APP.test:443/acs/?x", "idp", "mine")),
                ("audience", saml("https://mine.test/acs", "idp", "app")),
                ("audience", saml("https://mine.test/acs", "idp", "")),
                (
                    "sls_soap_url",
                    json!({"acs_url": "https://mine.test/acs", "audience": "mine", "sls_soap_url": "https://app.test/acs"}),
                ),
            ],
            saml("https://mine.test/acs", "idp", "mine"),
        ),
        // Nobody knows what the application of a provider without an audience takes for its own.
        (
            "saml",
            saml("https://bare.test/acs", "bare", ""),
            vec![("issuer", saml("https://bare.mine.test/acs", "bare", "of-bare"))],
            saml("https://bare.mine.test/acs", "bare-mine", "of-bare"),
        ),
        (
            "proxy",
            domain("https://sso.test.example", "test.example"),
            vec![
                ("external_host", proxy("https://wiki.Test.example")),
                ("external_host", proxy("https://sso.test.example:8443")),
                ("external_host", domain("https://x.a.test.example", "a.test.example")),
            ],
            proxy("https://wiki.test.example.org"),
        ),
        (
            "ldap",
            json!({"base_dn": "dc=ldap,dc=test", "tls_server_name": "ldap.test"}),
            vec![
                ("base_dn", json!({"base_dn": "DC=ldap, DC=Test"})),
                ("base_dn", json!({"base_dn": "ou=users,dc=ldap,dc=test"})),
                ("tls_server_name", json!({"base_dn": "dc=m", "tls_server_name": "LDAP.test"})),
            ],
            json!({"base_dn": "dc=test"}),
        ),
        (
            "oauth2",
            json!({"redirect_uris": [], "client_id": "deep", "resources": ["https://deep.test/"]}),
            vec![
                ("resources", json!({"redirect_uris": [], "resources": ["https://DEEP.test"]})),
                ("client_id", json!({"redirect_uris": [], "client_id": "https://deep.test/"})),
            ],
            json!({"redirect_uris": [], "resources": ["https://mine.test/"]}),
        ),
        (
            "radius",
            json!({"client_networks": "10.0.0.0/8, fd00::/8"}),
            vec![
                ("client_networks", json!({"client_networks": "192.0.2.0/24, 10.1.2.3"})),
                ("client_networks", json!({"client_networks": "fd00::/8"})),
            ],
            json!({"client_networks": "192.0.2.0/24"}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_the_place_of_a_provider_that_he_may_not_change() {
    let world = World::new().await;
    world.start().await;
    let ada = world.person("ada").await;
    let flow = async |designation: &str| {
        let path = format!("flows/instances/?designation={designation}");
        world.get("root", &path).await["results"][0]["pk"].clone()
    };
    let flows = json!({
        "authorization_flow": flow("authorization").await,
        "invalidation_flow": flow("invalidation").await,
    });
    let body = |name: String, settings: &Value| {
        let mut body = flows.clone();
        body["name"] = name.into();
        body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        body
    };
    let may = async |model: &str, verb: &str, object: Option<&Value>| {
        let (app, name) = model.split_once('.').unwrap();
        let mut given = json!({"permissions": [format!("{app}.{verb}_{name}")]});
        if let Some(object) = object {
            given["model"] = model.into();
            given["object_pk"] = object.to_string().into();
        }
        let path = format!("rbac/permissions/assigned_by_users/{ada}/assign/");
        let (status, answer) = world.call("root", Method::POST, &path, given).await;
        assert!(status.is_success(), "{model} {verb}: {answer}");
    };
    may("authentik_flows.flow", "view", None).await;
    for (number, (kind, theirs, refused, allowed)) in cases().into_iter().enumerate() {
        let (model, path) =
            (format!("authentik_providers_{kind}.{kind}provider"), format!("providers/{kind}/"));
        let made = async |who: &str, name: String, settings: &Value| {
            world.call(who, Method::POST, &path, body(name, settings)).await
        };
        let (status, theirs) = made("root", format!("{kind} {number} of root"), &theirs).await;
        assert_eq!(status, StatusCode::CREATED, "{theirs}");
        may(&model, "add", None).await;
        may(&model, "view", None).await;
        for (field, settings) in &refused {
            let (status, answer) = made("ada", format!("{kind} refused"), settings).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{kind} {settings}: {answer}");
            let text = answer[field][0].as_str().unwrap_or_default();
            assert!(text.contains("which you may not change"), "{kind} {settings}: {answer}");
        }
        let (status, own) = made("ada", format!("{kind} {number} of ada"), &allowed).await;
        assert_eq!(status, StatusCode::CREATED, "{kind}: {own}");
        // Nor by an edit of the own one.
        may(&model, "change", Some(&own["pk"])).await;
        let own_path = format!("{path}{}/", own["pk"]);
        for (field, settings) in &refused {
            let (status, answer) =
                world.call("ada", Method::PATCH, &own_path, settings.clone()).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{kind} {settings}: {answer}");
            assert!(answer.get(field).is_some(), "{kind} {settings}: {answer}");
        }
        // Whoever may change both decides what either has.
        may(&model, "change", Some(&theirs["pk"])).await;
        for (_, settings) in &refused {
            let (status, answer) =
                world.call("ada", Method::PATCH, &own_path, settings.clone()).await;
            assert_eq!(status, StatusCode::OK, "{kind} {settings}: {answer}");
        }
    }
}

/// What signs in at an application goes to its host: also before it has a provider that could be in
/// the way, and whichever protocol that one speaks.
#[tokio::test(flavor = "multi_thread")]
async fn a_saml_provider_delivers_to_no_host_of_an_application_of_others() {
    let world = World::new().await;
    world.start().await;
    let ada = world.person("ada").await;
    let flow = world.get("root", "flows/instances/?designation=authorization").await;
    let flow = flow["results"][0]["pk"].clone();
    let call = async |who: &str, method, path: &str, body: Value| {
        world.call(who, method, path, body).await
    };
    let made = async |path: &str, mut body: Value| {
        if path.starts_with("providers/") {
            let object = body.as_object_mut().unwrap();
            object.insert("authorization_flow".to_owned(), flow.clone());
            object.insert("invalidation_flow".to_owned(), flow.clone());
        }
        let (status, answer) = call("root", Method::POST, path, body).await;
        assert_eq!(status, StatusCode::CREATED, "{path}: {answer}");
        answer["pk"].clone()
    };
    let portal =
        json!({"name": "Portal", "slug": "portal", "meta_launch_url": "https://portal.test/start"});
    made("core/applications/", portal).await;
    let uri = json!({"matching_mode": "strict", "url": "https://oauth.test/cb"});
    made("providers/oauth2/", json!({"name": "OAuth", "redirect_uris": [uri]})).await;
    let proxied = json!({"name": "Proxied", "mode": "forward_single", "external_host": "https://proxied.test"});
    made("providers/proxy/", proxied).await;
    let acs =
        json!({"name": "SAML", "acs_url": "https://saml.test/acs", "issuer": "x", "audience": "x"});
    made("providers/saml/", acs).await;
    let own = json!({"name": "Own", "acs_url": "https://own.test/acs", "audience": "own"});
    let own = made("providers/saml/", own).await;
    let opens = json!({"name": "Own", "slug": "own", "provider": own, "meta_launch_url": "https://new.own.test/"});
    made("core/applications/", opens).await;
    for verb in ["view", "change"] {
        let given = json!({
            "permissions": [format!("authentik_providers_saml.{verb}_samlprovider")],
            "model": "authentik_providers_saml.samlprovider",
            "object_pk": own.to_string(),
        });
        let path = format!("rbac/permissions/assigned_by_users/{ada}/assign/");
        let (status, answer) = call("root", Method::POST, &path, given).await;
        assert!(status.is_success(), "{answer}");
    }
    let path = format!("providers/saml/{own}/");
    for host in ["PORTAL.test", "portal.test:8443", "oauth.test", "proxied.test", "saml.test"] {
        for field in ["acs_url", "sls_url", "sls_soap_url"] {
            let edit = json!({field: format!("https://{host}/saml/of/ada")});
            let (status, answer) = call("ada", Method::PATCH, &path, edit).await;
            let text = answer[field][0].as_str().unwrap_or_default();
            assert_eq!(status, StatusCode::BAD_REQUEST, "{host} {field}: {answer}");
            assert!(text.contains("which you may not change"), "{host} {field}: {answer}");
        }
    }
    // Its own application's, and what nobody else is at.
    for host in ["new.own.test", "portal.test.example", "elsewhere.test"] {
        let edit = json!({"acs_url": format!("https://{host}/acs")});
        let (status, answer) = call("ada", Method::PATCH, &path, edit).await;
        assert_eq!(status, StatusCode::OK, "{host}: {answer}");
    }
}

/// An outpost answers for its providers, and reads their secrets.
#[tokio::test(flavor = "multi_thread")]
async fn an_outpost_takes_only_providers_that_its_maker_may_change() {
    let world = World::new().await;
    world.start().await;
    let ada = world.person("ada").await;
    let flow = world.get("root", "flows/instances/?designation=authorization").await;
    let flow = flow["results"][0]["pk"].clone();
    let provider = json!({"name": "wifi", "authorization_flow": flow, "invalidation_flow": flow});
    let made = world.call("root", Method::POST, "providers/radius/", provider).await.1;
    let number = made["pk"].clone();
    let may = async |permission: &str, model: Option<&str>| {
        let mut given = json!({"permissions": [permission]});
        if let Some(model) = model {
            given["model"] = model.into();
            given["object_pk"] = number.to_string().into();
        }
        let path = format!("rbac/permissions/assigned_by_users/{ada}/assign/");
        let (status, answer) = world.call("root", Method::POST, &path, given).await;
        assert!(status.is_success(), "{permission}: {answer}");
    };
    for permission in [
        "authentik_outposts.add_outpost",
        "authentik_outposts.view_outpost",
        "authentik_providers_radius.view_radiusprovider",
        "authentik_events.add_event",
    ] {
        may(permission, None).await;
    }
    let outpost = json!({"name": "edge", "type": "radius", "providers": [number], "config": {}});
    let make =
        async || world.call("ada", Method::POST, "outposts/instances/", outpost.clone()).await;
    let (status, answer) = make().await;
    assert_eq!(
        (status, answer.get("providers").is_some()),
        (StatusCode::BAD_REQUEST, true),
        "{answer}"
    );
    let change = "authentik_providers_radius.change_radiusprovider";
    may(change, Some("authentik_providers_radius.radiusprovider")).await;
    let (status, answer) = make().await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
}
