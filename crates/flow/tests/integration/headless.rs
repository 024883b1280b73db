//! Protocols that sign people in without a browser.

use countersign_catalogue::Application;
use countersign_flow::headless::{self, Client, Login, Outcome, Refusal};
use countersign_flow::{Flow, FlowError};
use countersign_model::{Key, Ref};
use serde_json::{Value, json};
use totp_rs::Builder;

use crate::world::{Browser, PASSWORD, World, executor};

const DEFAULT: &str = "default-authentication-flow";

/// A protocol of this server that serves one application.
struct Protocol<'a> {
    world: &'a World,
    flow: String,
    application: Ref<Application>,
    client: Client,
}

impl<'a> Protocol<'a> {
    async fn new(world: &'a World, admin: &mut Browser<'_>) -> Protocol<'a> {
        let body = json!({"name": "Wi-Fi", "slug": "wi-fi"});
        let key: uuid::Uuid =
            admin.create("core/applications", body).await.as_str().unwrap().parse().unwrap();
        Protocol {
            world,
            flow: DEFAULT.to_owned(),
            application: Ref::new(Key::Uuid(key)),
            client: Client::Own([192, 0, 2, 7].into()),
        }
    }

    async fn try_with(&self, username: &str, given: &str) -> Result<Outcome, FlowError> {
        let snapshot = self.world.cx.snapshot();
        let (flow, _) = snapshot.find::<Flow>("slug", &self.flow).unwrap();
        let (password, code) = headless::split_code(given, true);
        let login = Login {
            protocol: "radius",
            flow,
            application: self.application,
            client: self.client.clone(),
            username: username.to_owned(),
            password,
            code,
        };
        headless::sign_in(&self.world.flows.over(&self.world.cx), login).await
    }

    async fn admitted(&self, username: &str, given: &str) -> Box<headless::SignedIn> {
        match self.try_with(username, given).await.unwrap() {
            Outcome::Admitted(signed_in) => signed_in,
            other => panic!("{other:?}"),
        }
    }

    async fn refused(&self, username: &str, given: &str) -> Refusal {
        match self.try_with(username, given).await.unwrap() {
            Outcome::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

async fn events(world: &World, what: &str) -> i64 {
    world.count(&format!("SELECT COUNT(*) FROM event WHERE {what}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_signs_in_by_the_flow_and_leaves_what_a_sign_in_leaves() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let protocol = Protocol::new(&world, &mut admin).await;
    let sessions = "SELECT COUNT(*) FROM session WHERE last_ip = '192.0.2.7'";

    let signed_in = protocol.admitted("akadmin", PASSWORD).await;
    assert_eq!(signed_in.user.username, "akadmin");
    assert_eq!(signed_in.proved.auth_method, "password");
    assert_eq!(world.count(sessions).await, 1, "the flow's user login stage begins one");
    assert!(signed_in.session.ends(&world.cx).await.unwrap().is_some());
    let login = "action = 'login' AND client_ip = '192.0.2.7' AND context LIKE '%radius%'";
    assert_eq!(events(&world, login).await, 1);
    world.execute("DELETE FROM session WHERE last_ip = '192.0.2.7'").await;
    assert_eq!(signed_in.session.ends(&world.cx).await.unwrap(), None);
    // Who opens no address says nothing of where this server is.
    let fact = world.cx.store.read(|sql| sql.fact("address of this server")).await;
    let fact: Result<_, countersign_store::StoreError> = fact;
    assert_eq!(fact.unwrap().as_deref(), Some("http://id.example.test"));

    assert_eq!(
        protocol.refused("akadmin", "wrong").await,
        Refusal::Wrong("Invalid password".to_owned())
    );
    assert_eq!(
        protocol.refused("nobody", PASSWORD).await,
        Refusal::Wrong("Invalid password".to_owned())
    );
    let failed = "action = 'login_failed' AND context LIKE '%\"application_slug\":\"wi-fi\"%'";
    assert_eq!(events(&world, failed).await, 2);
    assert_eq!(events(&world, "context LIKE '%Throwaway-Pw%'").await, 0);
    assert_eq!(world.count(sessions).await, 0);

    // Deactivated people are not let in.
    world.execute("UPDATE users SET is_active = 0 WHERE username = 'akadmin'").await;
    assert!(matches!(protocol.refused("akadmin", PASSWORD).await, Refusal::Wrong(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_behind_the_password_is_the_second_factor() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let protocol = Protocol::new(&world, &mut admin).await;
    let setup = executor("default-authenticator-totp-setup");
    let shown = admin.challenge(&setup).await;
    let url = shown["config_url"].as_str().unwrap();
    let secret = url.split("secret=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let code = || {
        world.clock.advance(30);
        let secret = totp_rs::Secret::try_from_base32(&secret).unwrap();
        let now = u64::try_from(world.cx.clock.now().seconds()).unwrap();
        Builder::new().with_secret(secret).build().unwrap().generate(now).to_string()
    };
    let end = admin.answer(&setup, json!({"code": code()})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");

    assert_eq!(protocol.refused("akadmin", PASSWORD).await, Refusal::NoCode);
    let right = format!("{PASSWORD};{}", code());
    let signed_in = protocol.admitted("akadmin", &right).await;
    assert_eq!(signed_in.proved.auth_method_args["mfa_devices"][0]["model_name"], "totpdevice");
    assert!(
        matches!(protocol.refused("akadmin", &right).await, Refusal::Wrong(_)),
        "a code counts once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flow_and_the_application_say_who_gets_in() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let mut protocol = Protocol::new(&world, &mut admin).await;
    let application = Value::from(protocol.application.key().to_string());

    let binding =
        admin.policy("closed", "ak_message(\"Not on Sundays.\")\nreturn False", &application).await;
    match protocol.try_with("akadmin", PASSWORD).await.unwrap() {
        Outcome::Denied { user, messages } => {
            assert_eq!(
                (&*user.username, messages),
                ("akadmin", vec!["Not on Sundays.".to_owned()])
            );
        }
        other => panic!("{other:?}"),
    }
    let left = world.count("SELECT COUNT(*) FROM session WHERE last_ip = '192.0.2.7'").await;
    assert_eq!(left, 0, "a session that nobody may use is none");
    let path = format!("policies/bindings/{}", binding.as_str().unwrap());
    admin.change(&path, json!({"enabled": false})).await;
    protocol.admitted("akadmin", PASSWORD).await;

    // A flow for protocols alone; browsers are not let into it.
    let name = json!({"name": "name", "user_fields": ["username"]});
    let name = admin.create("stages/identification", name).await;
    let password = json!({"name": "pw", "backends": ["authentik.core.auth.InbuiltBackend"]});
    let password = admin.create("stages/password", password).await;
    let login = admin
        .create("stages/user_login", json!({"name": "in", "remember_me_offset": "hours=1"}))
        .await;
    let prompt =
        admin.create("stages/consent", json!({"name": "ask", "mode": "always_require"})).await;
    let only = json!({"designation": "authentication", "authentication": "require_outpost"});
    admin.flow("machines", only.clone(), &[&name, &password, &login]).await;
    admin.flow("asks", only.clone(), &[&name, &password, &prompt, &login]).await;
    admin.flow("ends", only, &[&name, &password]).await;
    let shown = world.browser().challenge(&executor("machines")).await;
    assert_eq!(shown["component"], "ak-stage-access-denied");
    protocol.flow = "machines".to_owned();
    protocol.admitted("akadmin", PASSWORD).await;
    protocol.flow = "asks".to_owned();
    let refusal = protocol.refused("akadmin", PASSWORD).await;
    assert_eq!(refusal, Refusal::Page { component: "ak-stage-consent" });
    assert_eq!(refusal.reason(), "flow_error");
    protocol.flow = "ends".to_owned();
    assert_eq!(protocol.refused("akadmin", PASSWORD).await, Refusal::NoSession);

    // Policies see that it is no browser, as with the original's outposts.
    let (flow, bindings) = admin
        .flow("told", json!({"designation": "authentication"}), &[&name, &password, &login])
        .await;
    let says = "return context['outpost']['instance']['type'] == 'radius' and ak_client_ip == ip_address('192.0.2.7')";
    admin.policy("is radius", says, &flow).await;
    assert_eq!(bindings.len(), 3);
    protocol.flow = "told".to_owned();
    protocol.admitted("akadmin", PASSWORD).await;
    protocol.client = Client::Own([192, 0, 2, 8].into());
    assert!(matches!(protocol.refused("akadmin", PASSWORD).await, Refusal::Denied(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_gateway_one_person_s_failures_do_not_stop_the_others() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let mut protocol = Protocol::new(&world, &mut admin).await;
    let device = |device: &str| Client::Gateway {
        address: [192, 0, 2, 9].into(),
        device: Some(device.to_owned()),
    };
    protocol.client = device("02-00-00-00-00-01");
    // More than an address may have wrong over all accounts.
    for at in 0..25 {
        let refusal = protocol.refused(&format!("nobody-{at}"), "wrong").await;
        let too_many = matches!(refusal, Refusal::TooMany { .. });
        assert_eq!(too_many, at >= 20, "{at}: {refusal:?}");
    }
    assert!(matches!(protocol.refused("akadmin", PASSWORD).await, Refusal::TooMany { .. }));
    protocol.client = device("02-00-00-00-00-02");
    protocol.admitted("akadmin", PASSWORD).await;
    // An account waits at every device, but not for long, and what is not looked at is no event.
    let before = events(&world, "action = 'login_failed'").await;
    let mut looked_at = 0;
    while !matches!(protocol.refused("akadmin", "wrong").await, Refusal::TooMany { .. }) {
        looked_at += 1;
    }
    assert!((3..10).contains(&looked_at), "{looked_at}");
    assert_eq!(events(&world, "action = 'login_failed'").await - before, looked_at);
    world.clock.advance(60);
    protocol.client = device("02-00-00-00-00-03");
    protocol.admitted("akadmin", PASSWORD).await;
}
