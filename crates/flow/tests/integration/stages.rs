//! Each stage and each turn a flow can take, over flows made for the purpose.

use crate::world::{Browser, World, executor};
use http::StatusCode;
use serde_json::{Value, json};

async fn admin(world: &World) -> Browser<'_> {
    let mut browser = world.browser();
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    browser
}

async fn stage_named(browser: &mut Browser<'_>, name: &str) -> Value {
    let found = browser.get(&format!("/api/v3/stages/all/?search={name}")).await.json();
    found["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|stage| stage["name"] == name)
        .unwrap_or_else(|| panic!("{found}"))["pk"]
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_lead_out_or_on_into_another_flow() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let out = admin
        .create(
            "stages/redirect",
            json!({"name": "out", "mode": "static", "target_static": "https://example.org/x"}),
        )
        .await;
    admin.flow("leave", json!({}), &[&out]).await;
    assert_eq!(
        world.browser().challenge(&executor("leave")).await,
        json!({"component": "xak-flow-redirect", "to": "https://example.org/x"})
    );
    assert_eq!(world.browser().get("/if/flow/leave/").await.location(), "https://example.org/x");

    let dummy = admin.create("stages/dummy", json!({"name": "arrived"})).await;
    let (second, _) =
        admin.flow("second", json!({"authentication": "require_redirect"}), &[&dummy]).await;
    let on = admin
        .create("stages/redirect", json!({"name": "on", "mode": "flow", "target_flow": second}))
        .await;
    admin.flow("first", json!({}), &[&on]).await;
    assert_eq!(
        world.browser().challenge(&executor("second")).await["component"],
        "ak-stage-access-denied"
    );
    let mut visitor = world.browser();
    // Nothing is kept of a visitor who has not answered: the address says where they come from.
    assert_eq!(visitor.challenge(&executor("first")).await["to"], "/if/flow/second/?via=first");
    let second = "/api/v3/flows/executor/second/?query=via%3Dfirst";
    let arrived = visitor.challenge(second).await;
    assert_eq!(
        (&arrived["component"], &arrived["name"]),
        (&json!("ak-stage-dummy"), &json!("arrived"))
    );
    assert_eq!(visitor.answer(second, json!({})).await["to"], "/");
    for lie in ["second", "leave", "nothing"] {
        let path = format!("/api/v3/flows/executor/second/?query=via%3D{lie}");
        assert_eq!(
            world.browser().challenge(&path).await["component"],
            "ak-stage-access-denied",
            "{lie} does not lead here"
        );
    }
    // The page follows by itself.
    let mut page = world.browser();
    assert_eq!(
        page.get("/if/flow/first/?next=%2Fx%2F").await.location(),
        "/if/flow/second/?next=%2Fx%2F&via=first"
    );
    assert!(
        page.get("/if/flow/second/?next=%2Fx%2F&via=first")
            .await
            .text
            .contains("Stage name: arrived")
    );
    assert_eq!(
        page.post_form("/if/flow/second/?next=%2Fx%2F&via=first", &[]).await.location(),
        "/x/"
    );

    let wrong = admin
        .post_json("/api/v3/stages/redirect/", json!({"name": "nowhere", "mode": "static"}))
        .await;
    assert_eq!(
        wrong.json(),
        json!({"target_static": ["Target URL should be present when mode is Static."]})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stage_tells_administrators_what_broke() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let broken = admin.create("stages/dummy", json!({"name": "broken", "throw_error": true})).await;
    admin.flow("broken", json!({}), &[&broken]).await;
    let shown = world.browser().challenge(&executor("broken")).await;
    assert_eq!(shown["component"], "ak-stage-flow-error");
    assert!(shown.get("error").is_none());
    assert!(
        admin.challenge(&executor("broken")).await["error"]
            .as_str()
            .unwrap()
            .contains("on purpose")
    );
    let page = world.browser().get("/if/flow/broken/").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.text.contains("Something went wrong here") && !page.text.contains("on purpose"));
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_decide_when_the_flow_is_planned_and_when_a_stage_is_reached() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let (one, two, three) = (
        admin.create("stages/dummy", json!({"name": "one"})).await,
        admin.create("stages/dummy", json!({"name": "two"})).await,
        admin.create("stages/dummy", json!({"name": "three"})).await,
    );
    let (_, bindings) = admin.flow("choosy", json!({}), &[&one, &two, &three]).await;
    let binding = |n: usize| bindings[n].as_str().unwrap().to_owned();
    admin
        .change(
            &format!("flows/bindings/{}", binding(0)),
            json!({"evaluate_on_plan": true, "re_evaluate_policies": false}),
        )
        .await;
    admin.policy("never on plan", "return False", &bindings[0]).await;
    admin.policy("never when reached", "return False", &bindings[1]).await;
    let mut visitor = world.browser();
    assert_eq!(visitor.challenge(&executor("choosy")).await["name"], "three");

    // A change counts for plans that run already.
    let mut late = world.browser();
    late.challenge(&executor("choosy")).await;
    admin.policy("nobody", "ak_message('closed today')\nreturn False", &bindings[2]).await;
    assert_eq!(late.challenge(&executor("choosy")).await["to"], "/");

    let (flow, _) = admin.flow("closed", json!({}), &[&one]).await;
    admin.policy("shut", "ak_message('first')\nak_message('second')\nreturn False", &flow).await;
    assert_eq!(visitor.challenge(&executor("closed")).await["error_message"], "first\nsecond");
    admin.change("flows/instances/closed", json!({"denied_action": "continue"})).await;
    assert_eq!(visitor.challenge(&executor("closed")).await["to"], "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deny_stage_may_be_for_some_only() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let deny = admin.create("stages/deny", json!({"name": "no", "deny_message": "Not you"})).await;
    let (_, bindings) = admin.flow("partly", json!({}), &[&deny]).await;
    let groups = admin.get("/api/v3/core/groups/?name=authentik%20Admins").await.json();
    let group = groups["results"][0]["pk"].clone();
    admin
        .create("policies/bindings", json!({"group": group, "target": bindings[0], "order": 0}))
        .await;
    assert_eq!(admin.challenge(&executor("partly")).await["error_message"], "Not you");
    assert_eq!(world.browser().challenge(&executor("partly")).await["to"], "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_may_restart_the_flow() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let (who, password) = (
        stage_named(&mut admin, "default-authentication-identification").await,
        stage_named(&mut admin, "default-authentication-password").await,
    );
    let (_, bindings) =
        admin.flow("again", json!({"designation": "authentication"}), &[&who, &password]).await;
    let binding = bindings[1].as_str().unwrap().to_owned();
    admin
        .change(&format!("flows/bindings/{binding}"), json!({"invalid_response_action": "restart"}))
        .await;
    let mut visitor = world.browser();
    let path = executor("again");
    visitor.challenge(&path).await;
    assert_eq!(
        visitor.answer(&path, json!({"uid_field": "akadmin"})).await["component"],
        "ak-stage-password"
    );
    assert_eq!(
        visitor.answer(&path, json!({"password": "x"})).await["component"],
        "ak-stage-identification"
    );

    admin
        .change(
            &format!("flows/bindings/{binding}"),
            json!({"invalid_response_action": "restart_with_context"}),
        )
        .await;
    visitor.answer(&path, json!({"uid_field": "akadmin"})).await;
    let again = visitor.answer(&path, json!({"password": "x"})).await;
    assert_eq!(again["component"], "ak-stage-identification");
}

#[tokio::test(flavor = "multi_thread")]
async fn identification_hides_or_tells_as_it_is_set() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let honest = admin
        .create(
            "stages/identification",
            json!({"name": "honest", "user_fields": ["username"], "pretend_user_exists": false}),
        )
        .await;
    let password = stage_named(&mut admin, "default-authentication-password").await;
    admin.flow("honest", json!({"designation": "authentication"}), &[&honest, &password]).await;
    let mut visitor = world.browser();
    visitor.challenge(&executor("honest")).await;
    let refused = visitor.answer(&executor("honest"), json!({"uid_field": "nobody"})).await;
    assert_eq!(
        refused["response_errors"]["non_field_errors"][0]["string"],
        "Failed to authenticate."
    );
    assert_eq!(
        visitor.answer(&executor("honest"), json!({"uid_field": "AKADMIN"})).await["component"],
        "ak-stage-password"
    );

    let at_once = admin
        .create("stages/identification", json!({"name": "at once", "user_fields": ["username"], "password_stage": password, "show_matched_user": false}))
        .await;
    let (_, bindings) = admin
        .flow(
            "at-once",
            json!({"designation": "authentication", "title": "Hello %(user)s"}),
            &[&at_once, &password],
        )
        .await;
    admin.policy("not twice", "flow_plan = request.context.get(\"flow_plan\")\nif not flow_plan:\n    return True\nreturn not hasattr(flow_plan.context.get(\"pending_user\"), \"backend\")", &bindings[1]).await;
    let path = executor("at-once");
    let mut visitor = world.browser();
    assert_eq!(visitor.challenge(&path).await["password_fields"], true);
    let wrong = visitor.answer(&path, json!({"uid_field": "akadmin", "password": "x"})).await;
    assert_eq!(
        wrong["response_errors"]["non_field_errors"][0]["string"],
        "Failed to authenticate."
    );
    let end =
        visitor.answer(&path, json!({"uid_field": "akadmin", "password": "Throwaway-Pw-1"})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "the password is not asked twice: {end}");

    let nothing = admin
        .post_json("/api/v3/stages/identification/", json!({"name": "nothing", "user_fields": []}))
        .await;
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn staying_signed_in_is_asked_and_kept() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let login = admin
        .create("stages/user_login", json!({"name": "stay", "remember_me_offset": "days=30", "session_duration": "hours=1", "terminate_other_sessions": true}))
        .await;
    let (who, password) = (
        stage_named(&mut admin, "default-authentication-identification").await,
        stage_named(&mut admin, "default-authentication-password").await,
    );
    admin.flow("stay", json!({"designation": "authentication"}), &[&who, &password, &login]).await;
    let path = executor("stay");
    let mut visitor = world.browser();
    visitor.challenge(&path).await;
    visitor.answer(&path, json!({"uid_field": "akadmin"})).await;
    let asked = visitor.answer(&path, json!({"password": "Throwaway-Pw-1"})).await;
    assert_eq!(
        (&asked["component"], &asked["pending_user"]),
        (&json!("ak-stage-user-login"), &json!("akadmin"))
    );
    assert_eq!(
        visitor.answer(&path, json!({})).await["response_errors"]["remember_me"][0]["code"],
        "required"
    );
    let answer = visitor.post_json(&path, json!({"remember_me": true})).await;
    let cookie = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .find(|cookie| cookie.to_str().unwrap().starts_with("authentik_session="))
        .unwrap();
    assert!(
        cookie.to_str().unwrap().contains(&format!("Max-Age={}", 31 * 86_400 - 86_400 + 3600)),
        "{cookie:?}"
    );
    assert_eq!(visitor.get("/api/v3/core/users/me/").await.status, StatusCode::OK);
    assert_eq!(
        admin.get("/api/v3/core/users/me/").await.status,
        StatusCode::FORBIDDEN,
        "other sessions end"
    );

    // The same as a page: two buttons, two forms.
    let mut page = world.browser();
    page.get("/if/flow/stay/").await;
    page.post_form("/if/flow/stay/", &[("uid_field", "akadmin"), ("password", "Throwaway-Pw-1")])
        .await;
    let asked = page.get("/if/flow/stay/").await;
    assert!(
        asked.text.contains("Stay signed in?")
            && asked.text.contains(">No<")
            && asked.text.contains(">Yes<"),
        "{}",
        asked.text
    );
    assert_eq!(page.post_form("/if/flow/stay/", &[("remember_me", "false")]).await.location(), "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_can_sign_up() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let mut fields = Vec::new();
    for (order, (key, kind, extra)) in [
        ("username", "username", json!({})),
        ("name", "text", json!({})),
        ("email", "email", json!({"required": false})),
        ("password", "password", json!({})),
        (
            "attributes.team",
            "dropdown",
            json!({"placeholder": "return ['red', 'blue']", "placeholder_expression": true}),
        ),
        ("attributes_news_wanted", "checkbox", json!({})),
        ("attributes.origin", "hidden", json!({"initial_value": "sign-up"})),
        ("age", "number", json!({"required": false})),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = json!({"name": format!("up-{key}"), "field_key": key, "label": key, "type": kind, "order": order});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        fields.push(admin.create("stages/prompt/prompts", body).await);
    }
    let group = admin.create("core/groups", json!({"name": "Newcomers"})).await;
    let prompt =
        admin.create("stages/prompt/stages", json!({"name": "up", "fields": fields})).await;
    let write = admin
        .create(
            "stages/user_write",
            json!({"name": "up write", "user_creation_mode": "always_create", "create_users_group": group, "user_path_template": "people"}),
        )
        .await;
    let login = stage_named(&mut admin, "default-authentication-login").await;
    admin.flow("sign-up", json!({"designation": "enrollment"}), &[&prompt, &write, &login]).await;
    let path = executor("sign-up");
    let mut visitor = world.browser();
    let asked = visitor.challenge(&path).await;
    assert_eq!(asked["fields"][4]["choices"], json!(["red", "blue"]));
    assert_eq!(asked["fields"][4]["initial_value"], "red");
    let taken = visitor.answer(&path, json!({"username": "akadmin", "name": "X", "password": "Some-Pw-1-long", "attributes.team": "green", "age": "x"})).await;
    let errors = &taken["response_errors"];
    assert_eq!(errors["username"][0]["string"], "Username is already taken.");
    assert_eq!(errors["attributes.team"][0]["code"], "invalid_choice");
    assert_eq!(errors["age"][0]["string"], "A valid integer is required.");
    let end = visitor
        .answer(&path, json!({"username": "uma", "name": "Uma", "password": "Some-Pw-1-long", "attributes.team": "blue", "attributes_news_wanted": true, "attributes.origin": "forged", "groups": ["x"]}))
        .await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert_eq!(visitor.get("/api/v3/core/users/me/").await.json()["user"]["username"], "uma");
    let user = admin.get("/api/v3/core/users/?username=uma").await.json()["results"][0].clone();
    assert_eq!((&user["type"], &user["path"]), (&json!("external"), &json!("people")));
    assert_eq!(
        user["attributes"],
        json!({"team": "blue", "news": {"wanted": true}, "origin": "sign-up"})
    );
    assert_eq!(user["groups_obj"][0]["name"], "Newcomers");
    world.browser().sign_in("uma", "Some-Pw-1-long").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_s_view_of_a_run() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let (one, two) = (
        admin.create("stages/dummy", json!({"name": "one"})).await,
        admin.create("stages/dummy", json!({"name": "two"})).await,
    );
    admin.flow("watched", json!({}), &[&one, &two]).await;
    let inspector = "/api/v3/flows/inspector/watched/";
    assert_eq!(world.browser().get(inspector).await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.get(inspector).await.status, StatusCode::BAD_REQUEST);
    admin.challenge(&executor("watched")).await;
    let view = admin.get(inspector).await.json();
    assert_eq!(view["current_plan"]["current_stage"]["stage_obj"]["name"], "one");
    assert_eq!(view["current_plan"]["next_planned_stage"]["stage_obj"]["name"], "two");
    admin.answer(&executor("watched"), json!({})).await;
    assert_eq!(admin.get(inspector).await.json()["plans"].as_array().unwrap().len(), 1);
    admin.answer(&executor("watched"), json!({})).await;
    assert_eq!(admin.get(inspector).await.json()["is_completed"], true);
    let link = admin.get("/api/v3/flows/instances/watched/execute/").await.json();
    assert_eq!(link["link"], "http://id.example.test/if/flow/watched/");
    let diagram = admin.get("/api/v3/flows/instances/watched/diagram/").await.json();
    assert!(diagram["diagram"].as_str().unwrap().contains("Stage (Dummy Stage)\none"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_inspected_loads_what_shows_it_for_who_may_inspect() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let one = admin.create("stages/dummy", json!({"name": "one"})).await;
    admin.flow("watched", json!({}), &[&one]).await;
    let (wanted, plain) = ("/if/flow/watched/?inspector", "/if/flow/watched/");
    let at = "data-inspector=\"&#x2f;api&#x2f;v3&#x2f;flows&#x2f;inspector&#x2f;watched&#x2f;\"";
    assert!(admin.get(wanted).await.text.contains(at));
    assert!(!admin.get(plain).await.text.contains("inspector."));
    assert!(!world.browser().get(wanted).await.text.contains("inspector."));
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_are_drawn_as_a_visitor_finds_them_and_nothing_happens() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let bindings = admin.get("/api/v3/flows/bindings/?page_size=100").await.json();
    let flows = admin.get("/api/v3/flows/instances/?page_size=100").await.json();
    let slug_of = |target: &Value| {
        let flows = flows["results"].as_array().unwrap().clone();
        flows.iter().find(|flow| flow["pk"] == *target).unwrap()["slug"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let events = "/api/v3/events/events/?page_size=1";
    let before = admin.get(events).await.json()["pagination"]["count"].clone();
    let mut seen = std::collections::BTreeMap::new();
    for binding in bindings["results"].as_array().unwrap() {
        let slug = slug_of(&binding["target"]);
        let (key, name) = (binding["pk"].as_str().unwrap(), &binding["stage_obj"]["name"]);
        let path = format!("/api/v3/countersign/flows/{slug}/preview/?theme=dark&binding={key}");
        let shown = admin.get(&path).await.json();
        if let Some(html) = shown["html"].as_str() {
            assert!(
                html.contains("<base target=\"_blank\">") && html.contains("data-theme=\"dark\"")
            );
        }
        seen.insert(name.as_str().unwrap().to_owned(), shown);
    }
    let html = |name: &str| seen[name]["html"].as_str().unwrap_or_default().to_owned();
    let who = html("default-authentication-identification");
    assert!(who.contains("name=\"uid_field\"") && who.contains("name=\"password\""), "{who}");
    let password = html("default-authentication-password");
    assert!(password.contains("akadmin") && password.contains("name=\"password\""), "{password}");
    assert_eq!(seen["default-authentication-password"]["example"], false);
    assert_eq!(seen["default-authentication-mfa-validation"]["example"], true);
    // What a prompt begins with is the caller's own, where the flow is for people signed in.
    assert!(html("default-user-settings").contains("akadmin"));
    assert_eq!(admin.get(events).await.json()["pagination"]["count"], before);

    let sign_in = "/api/v3/countersign/flows/default-authentication-flow/preview/?theme=dark";
    let first = admin.get(sign_in).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    assert!(first.json()["html"].as_str().unwrap().contains("name=\"uid_field\""), "the first");

    let mut bound = bindings["results"].as_array().unwrap().iter();
    let of_another = bound.find(|one| slug_of(&one["target"]) != "initial-setup").unwrap();
    let of_another = of_another["pk"].as_str().unwrap();
    let flow = format!("/api/v3/countersign/flows/initial-setup/preview/?binding={of_another}");
    assert_eq!(admin.get(&flow).await.status, StatusCode::NOT_FOUND);
    let nobody = world.browser().get(&flow).await.status;
    assert_eq!(nobody, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_may_stay_on_the_device() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let who = stage_named(&mut admin, "default-authentication-identification").await;
    admin
        .change(
            &format!("stages/identification/{}", who.as_str().unwrap()),
            json!({"enable_remember_me": true}),
        )
        .await;
    let login = "/if/flow/default-authentication-flow/";
    let mut page = world.browser();
    assert!(page.get(login).await.text.contains("Remember me on this device"));
    page.post_form(
        login,
        &[("uid_field", "akadmin"), ("password", "Throwaway-Pw-1"), ("remember", "1")],
    )
    .await;
    page.get(login).await;
    page.get("/flows/-/cancel/").await;
    page.get("/if/flow/default-invalidation-flow/").await;
    let again = page.get(login).await.text;
    assert!(again.contains("value=\"akadmin\"") && again.contains(" checked"), "{again}");
    page.post_form(login, &[("uid_field", "akadmin"), ("password", "Throwaway-Pw-1")]).await;
    assert!(!page.cookies.contains_key("countersign_name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn m8_a_session_tied_to_a_network_that_nobody_knows_stays_where_it_is() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let login = stage_named(&mut admin, "default-authentication-login").await;
    let path = format!("stages/user_login/{}", login.as_str().unwrap());
    for (field, value) in [
        ("network_binding", "bind_asn"),
        ("network_binding", "bind_asn_network_ip"),
        ("geoip_binding", "bind_continent"),
    ] {
        admin
            .change(&path, json!({"network_binding": "no_binding", "geoip_binding": "no_binding"}))
            .await;
        admin.change(&path, json!({field: value})).await;
        let mut tied = self::admin(&world).await;
        assert_eq!(tied.get("/api/v3/core/users/me/").await.status, StatusCode::OK);
        tied.address = Some("203.0.113.9".to_owned());
        let moved = tied.get("/api/v3/core/users/me/").await;
        assert_eq!(moved.status, StatusCode::FORBIDDEN, "{field} {value}: {}", moved.text);
        tied.address = None;
        let back = tied.get("/api/v3/core/users/me/").await;
        assert_eq!(back.status, StatusCode::FORBIDDEN, "it has ended: {}", back.text);
    }
}
