//! What each expression of the original's blueprints gives, run by the interpreter: also those that
//! the program runs natively.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::sync::Mutex;

use countersign_python::{BoxFuture, Failure, Interpreter, Job, Now, Outcome, Questions, prepare};
use serde_json::{Map, Value, json};

/// The first administrator, two groups, one entitlement.
#[derive(Default)]
struct World {
    has_password: bool,
    written: Mutex<Vec<Value>>,
}

impl Questions for World {
    fn answer(&self, about: String, with: Value) -> BoxFuture<'_, Result<Value, Failure>> {
        let answer = match (about.as_str(), with.get(3).and_then(Value::as_str)) {
            ("query", Some("rows")) if with[0] == "user" => json!([
                {"pk": 1, "username": "akadmin", "attributes": {}, "_usable_password": self.has_password}
            ]),
            ("query", Some("rows")) => json!([
                {"pk": "a", "name": "Staff", "attributes": {}},
                {"pk": "b", "name": "Users", "attributes": {}},
            ]),
            ("query", Some("update")) => {
                self.written.lock().unwrap().push(with);
                json!(1)
            }
            ("entitlements", _) => json!([{"name": "reader", "attributes": {}}]),
            ("group_attributes", _) => json!({"team": "blue"}),
            _ => panic!("{about} {with}"),
        };
        Box::pin(async { Ok(answer) })
    }
}

fn shipped() -> Vec<String> {
    let all: Vec<Value> = serde_json::from_str(include_str!("shipped.json")).unwrap();
    all.iter().map(|each| each["text"].as_str().unwrap().to_owned()).collect()
}

const OBJECTS: [&str; 5] = ["connection", "group", "provider", "source", "http_request"];

/// `given`: variables of mappings, objects by their names, and parts of `user`.
async fn run(world: &World, number: usize, given: Value) -> Result<Outcome, Failure> {
    let source = &shipped()[number];
    let (mut context, mut objects, mut user) = (Map::new(), Map::new(), Map::new());
    user.extend(
        json!({
            "pk": 7, "uid": "u7", "username": "uma", "name": "Uma Martin",
            "email": "uma@example.org", "is_active": true, "is_superuser": false, "attributes": {},
            "password": "", "avatar": "data:image/svg+xml;base64,eA==", "_usable_password": true,
        })
        .as_object()
        .cloned()
        .unwrap(),
    );
    for (name, value) in given.as_object().cloned().unwrap() {
        match name.as_str() {
            "user" => user.extend(value.as_object().cloned().unwrap()),
            name if OBJECTS.contains(&name) => {
                objects.insert(name.to_owned(), value);
            }
            _ => {
                context.insert(name, value);
            }
        }
    }
    let is_policy = source.contains("ak_") || source.contains("context");
    let http_request = json!({
        "method": "GET", "path": "/", "_query": "", "scheme": "https", "_host": "h",
        "_client_ip": "192.0.2.1", "GET": {}, "META": {}, "headers": {},
        "brand": {"branding_title": "B", "attributes": {}},
        "tenant": {
            "default_user_change_email": false, "default_user_change_name": true,
            "default_user_change_username": false,
        },
    });
    let mut names: BTreeSet<String> =
        ["user", "request", "context", "http_request"].map(str::to_owned).into();
    if is_policy {
        names.extend(["ak_client_ip", "ak_is_sso_flow"].map(str::to_owned));
    } else {
        names.extend(context.keys().cloned());
    }
    names.extend(objects.keys().cloned());
    let flow_pk = context.contains_key("in_plan").then_some("f");
    let job = json!({
        "user": user, "context": context, "flow_pk": flow_pk, "http_request": http_request,
        "objects": objects, "is_policy": is_policy, "saves": false,
    });
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let prepared = prepare(source, &known).unwrap_or_else(|error| panic!("{number}: {error}"));
    let job = Job {
        program: prepared.program(&names),
        given: job.as_object().cloned().unwrap(),
        now: Now { year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5, microsecond: 6 },
        milliseconds: 60_000,
        questions: 20,
    };
    Interpreter::in_this_process().run(job, 0, world).await
}

#[tokio::test]
async fn what_each_shipped_expression_gives() {
    let mut seen = BTreeSet::new();
    let uma = json!({"email": "uma@example.org", "name": "Uma Martin", "username": "uma"});
    let change = |field: &str, value: &str| {
        let mut data = uma.clone();
        data[field] = value.into();
        json!({"prompt_data": data})
    };
    let scim = json!({
        "userName": "uma", "displayName": "Uma Martin", "photos": null, "locale": null, "active": true,
        "name": {"formatted": "Uma Martin", "givenName": "Uma", "familyName": "Martin"},
        "emails": [{"value": "uma@example.org", "type": "other", "primary": true}],
    });
    let google = |more: Value| {
        let mut user = json!({
            "name": {"fullName": "Uma Martin", "familyName": "Martin", "givenName": "Uma", "displayName": "Uma Martin"},
            "suspended": false,
        });
        user.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        user
    };
    let entra = |more: Value| {
        let mut user = json!({
            "display_name": "Uma Martin", "account_enabled": true, "mail_nickname": "uma",
            "user_principal_name": "uma@example.org",
        });
        user.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        user
    };
    let cases = [
        (0, json!({}), json!(true)),
        (0, json!({"in_plan": 1, "pending_user": {"pk": 7, "username": "uma"}}), json!(true)),
        (
            0,
            json!({"in_plan": 1, "pending_user": {"pk": 7, "username": "uma", "backend": "b"}}),
            json!(false),
        ),
        (1, json!({"is_sso": true}), json!(true)),
        (1, json!({}), json!(false)),
        (2, json!({"prompt_data": {"name": "x"}}), json!(true)),
        (2, json!({"prompt_data": {"username": "x"}}), json!(false)),
        (2, json!({}), json!(true)),
        (3, json!({"is_sso": false}), json!(false)),
        (4, json!({}), json!("uma")),
        (5, json!({}), json!("Uma Martin")),
        (6, json!({}), json!("uma@example.org")),
        (7, json!({}), json!("")),
        (7, json!({"user": {"attributes": {"settings": {"locale": "de"}}}}), json!("de")),
        (7, json!({"user": {"attributes": {"settings": null}}}), json!("")),
        (8, json!({"prompt_data": uma}), json!(true)),
        (8, change("name", "Other"), json!(true)),
        (8, change("email", "x@example.org"), json!(false)),
        (8, change("username", "x"), json!(false)),
        (9, json!({"in_plan": 1}), json!(true)),
        (10, json!({}), json!(true)),
        (11, json!({}), json!(true)),
        (12, json!({"auth_method": "app_password"}), json!(false)),
        (12, json!({"auth_method": "password"}), json!(true)),
        (13, json!({}), json!(true)),
        (13, json!({"is_restored": null}), json!(false)),
        (40, json!({"connection": {"attributes": {}}}), google(json!({}))),
        (40, json!({"connection": null}), google(json!({"password": ""}))),
        (41, json!({"group": {"pk": "a", "name": "Staff"}}), json!({"name": "Staff"})),
        (
            42,
            json!({"connection": null}),
            entra(
                json!({"password_profile": {"password": ""}, "on_premises_immutable_id": ["u7"]}),
            ),
        ),
        (
            42,
            json!({"connection": {"attributes": {"on_premises_immutable_id": "i"}}}),
            entra(json!({"on_premises_immutable_id": "i"})),
        ),
        (
            43,
            json!({"group": {"pk": "a", "name": "All Staff"}}),
            json!({"display_name": "All Staff", "mail_enabled": false, "security_enabled": true, "mail_nickname": "all-staff"}),
        ),
        (44, json!({}), json!({})),
        (45, json!({}), json!({"email": "uma@example.org", "email_verified": true})),
        (
            46,
            json!({}),
            json!({"name": "Uma Martin", "given_name": "Uma Martin", "preferred_username": "uma", "nickname": "uma", "groups": ["Staff", "Users"]}),
        ),
        (
            47,
            json!({"provider": {"application": {"pk": "x"}}}),
            json!({"entitlements": ["reader"], "roles": ["reader"]}),
        ),
        (48, json!({}), json!({})),
        (49, json!({}), json!({})),
        (
            50,
            json!({}),
            json!({"ak_proxy": {"user_attributes": {"team": "blue"}, "is_superuser": false}}),
        ),
        (51, json!({}), json!("uma@example.org")),
        (51, json!({"user": {"attributes": {"upn": "u@ad"}}}), json!("u@ad")),
        (52, json!({}), json!("Uma Martin")),
        (53, json!({}), json!("uma@example.org")),
        (54, json!({}), json!("uma")),
        (55, json!({}), json!(7)),
        (56, json!({}), json!(["Staff", "Users"])),
        (57, json!({}), json!("uma")),
        (58, json!({}), scim),
        (59, json!({"group": {"pk": "a", "name": "Staff"}}), json!({"displayName": "Staff"})),
        (60, json!({"principal": "uma@EXAMPLE.ORG"}), json!({})),
        (
            60,
            json!({"principal": "HTTP/web@EXAMPLE.ORG"}),
            json!({"type": "service_account", "path": "goauthentik.io/service-accounts"}),
        ),
        (
            61,
            json!({"principal": "uma@EXAMPLE.ORG", "source": {"name": "s", "realm": "example.org"}}),
            json!({}),
        ),
        (62, json!({"principal": "uma@EXAMPLE.ORG"}), json!({})),
        (63, json!({"principal": "uma@example.org"}), json!({"groups": ["EXAMPLE.ORG"]})),
        (
            64,
            json!({"dn": "cn=uma,ou=people,ou=office,dc=example", "source": {"name": "s", "slug": "ad", "user_path_template": "sources/%(slug)s"}}),
            json!({"path": "sources/ad/office/people"}),
        ),
    ];
    for (number, given, expected) in cases {
        seen.insert(number);
        let outcome = run(&World::default(), number, given.clone()).await;
        let outcome = outcome.unwrap_or_else(|failure| panic!("{number} {given}: {failure}"));
        assert_eq!(outcome.value, expected, "{number} {given}");
    }
    // Mappings of LDAP: what is read, where it goes, whether the first of several is taken.
    for (number, read, place, first) in [
        (14, "uid", "/username", false),
        (15, "googleUid", "/attributes/googleUid", false),
        (16, "posixUid", "/attributes/posixUid", false),
        (17, "cn", "/name", false),
        (18, "sn", "/attributes/sn", true),
        (19, "givenName", "/attributes/givenName", true),
        (20, "displayName", "/attributes/displayName", false),
        (21, "mail", "/email", false),
        (22, "memberOf", "/attributes/memberOf", false),
        (23, "title", "/attributes/title", false),
        (24, "employeeNumber", "/attributes/employeeNumber", false),
        (25, "employeeType", "/attributes/employeeType", false),
        (26, "departmentNumber", "/attributes/departmentNumber", false),
        (27, "physicalDeliveryOfficeName", "/attributes/physicalDeliveryOfficeName", false),
        (28, "jpegPhoto", "/attributes/jpegPhoto", false),
        (29, "entryUuid", "/attributes/entryUuid", false),
        (30, "objectSid", "/attributes/objectSid", false),
        (31, "uidNumber", "/attributes/uidNumber", false),
        (32, "gidNumber", "/attributes/gidNumber", false),
        (33, "homeDirectory", "/attributes/homeDirectoy", false),
        (34, "loginShell", "/attributes/loginShell", false),
        (35, "sshPublicKey", "/attributes/sshPublicKey", true),
        (36, "description", "/attributes/description", true),
        (37, "member", "/attributes/member", true),
        (38, "memberUid", "/attributes/memberUid", true),
        (39, "googleAdminCreated", "/attributes/googleAdminCreated", true),
        (65, "name", "/name", false),
        (66, "mail", "/email", false),
        (67, "sAMAccountName", "/username", false),
        (68, "userPrincipalName", "/attributes/upn", true),
        (69, "givenName", "/attributes/givenName", true),
        (70, "sn", "/attributes/sn", true),
        (71, "uid", "/username", false),
        (72, "cn", "/name", false),
    ] {
        seen.insert(number);
        for (value, expected) in [
            (
                json!({(read): ["one", "two"]}),
                if first { json!("one") } else { json!(["one", "two"]) },
            ),
            (json!({(read): "one"}), json!("one")),
            (json!({}), Value::Null),
        ] {
            let outcome = run(&World::default(), number, json!({"ldap": value})).await;
            let outcome = outcome.unwrap_or_else(|failure| panic!("{number}: {failure}"));
            assert_eq!(
                outcome.value.pointer(place),
                Some(&expected),
                "{number}: {}",
                outcome.value
            );
        }
    }
    assert_eq!(seen.len(), shipped().len(), "each has a case");
}

#[tokio::test]
async fn what_shipped_expressions_refuse_say_and_change() {
    let changed = json!({"email": "x@example.org", "name": "Uma Martin", "username": "uma"});
    let outcome = run(&World::default(), 8, json!({"prompt_data": changed})).await.unwrap();
    assert_eq!(outcome.messages, ["Not allowed to change email address."]);
    let outcome = run(&World::default(), 9, json!({"in_plan": 1})).await.unwrap();
    assert_eq!(outcome.context.unwrap()["pending_user"]["username"], "akadmin");
    let world = World { has_password: true, ..World::default() };
    assert_eq!(run(&world, 10, json!({})).await.unwrap().value, json!(false));
    run(&world, 11, json!({})).await.unwrap();
    let written = world.written.lock().unwrap().clone();
    assert_eq!(
        written,
        [
            json!(["flow", ["all"], [["filter", {"slug": "initial-setup"}]], "update", {"authentication": "require_superuser"}])
        ]
    );
    for (number, principal) in [(61, "uma@OTHER.ORG"), (62, "kadmin/host@EXAMPLE.ORG")] {
        let source = json!({"name": "s", "realm": "example.org"});
        let failure = run(&world, number, json!({"principal": principal, "source": source}));
        assert_eq!(failure.await.unwrap_err().kind, "SkipObject", "{number}");
    }
}
