//! Expressions as people write them: what each gives, and what it asks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::sync::Mutex;

use countersign_python::{
    BoxFuture, Failure, Interpreter, Job, Now, Outcome, Questions, SyntaxError, prepare,
};
use serde_json::{Map, Value, json};

const VARIABLES: [&str; 8] = [
    "user",
    "request",
    "context",
    "http_request",
    "ak_client_ip",
    "ak_is_sso_flow",
    "provider",
    "ldap",
];

/// Two groups, one account, one web page; and what was asked.
#[derive(Default)]
struct World(Mutex<Vec<String>>);

impl Questions for World {
    fn answer(&self, about: String, with: Value) -> BoxFuture<'_, Result<Value, Failure>> {
        self.0.lock().unwrap().push(format!("{about} {with}"));
        let group = |pk: &str, name: &str| json!({"pk": pk, "name": name, "is_superuser": false, "attributes": {"floor": 2}});
        let of_accounts = with.get(0) == Some(&json!("user"));
        let named = with.pointer("/2").map(Value::to_string).unwrap_or_default();
        let answer = match (about.as_str(), with.get(3).and_then(Value::as_str)) {
            ("query", Some("rows")) if named.contains("nobody") => json!([]),
            ("query", Some("rows")) if of_accounts => {
                json!([{"pk": 9, "username": "ann", "attributes": {}, "_usable_password": false}])
            }
            ("query", Some("rows")) => json!([group("a", "Staff"), group("b", "Users")]),
            ("query", Some("exists")) => (!named.contains("nobody")).into(),
            ("query", Some("count")) => 2.into(),
            ("query", Some("values")) => json!([["Staff"], ["Users"]]),
            ("entitlements", _) => json!([{"name": "reader", "attributes": {"x": 1}}]),
            ("group_attributes", _) => json!({"team": "blue"}),
            ("http", _) => json!({
                "status": 200, "text": "{\"a\": [1]}", "headers": {"x": "y"}, "url": "u",
            }),
            ("reverse_dns", _) => json!("host.example"),
            ("resolve_dns", _) => json!(["192.0.2.1"]),
            ("call_policy", _) => json!({
                "passing": true, "messages": ["hello"], "raw_result": 5, "context": {"found": 1},
            }),
            ("has_authenticator", _) => (with.get(1) == Some(&json!("totp"))).into(),
            ("query", Some("get_or_create")) => json!([group("c", "New"), true]),
            ("query", Some("add" | "remove" | "update")) | ("event" | "save_user", _) => {
                Value::Null
            }
            _ => {
                let kind = "NotImplementedError";
                return Box::pin(async move { Err(Failure::new(kind, "not here")) });
            }
        };
        Box::pin(async { Ok(answer) })
    }
}

#[derive(Debug)]
enum Wrong {
    Syntax(SyntaxError),
    Failure(Failure),
}

impl Wrong {
    fn text(&self) -> String {
        match self {
            Wrong::Syntax(error) => error.to_string(),
            Wrong::Failure(failure) => failure.to_string(),
        }
    }
}

async fn run_in(world: &World, source: &str) -> Result<Outcome, Wrong> {
    let prepared = prepare(source, &VARIABLES).map_err(Wrong::Syntax)?;
    let given = json!({
        "user": {
            "pk": 7, "id": 7, "username": "uma", "name": "Uma Martin", "email": "uma@example.org",
            "is_active": true, "is_superuser": false, "attributes": {"team": "blue"},
            "_usable_password": true, "date_joined": "2020-01-02T03:04:05.000006Z", "last_login": null,
        },
        "context": {
            "prompt_data": {"username": "uma", "n": 3}, "is_sso": true,
            "pending_user": {"pk": 7, "username": "uma", "backend": null},
            "oauth_scopes": ["openid", "email"], "event": {"action": "login"},
        },
        "flow_pk": "f",
        "http_request": {
            "method": "GET", "path": "/x/", "_query": "a=1", "scheme": "https",
            "_host": "id.example.org", "_client_ip": "10.1.2.3", "GET": {"a": "1"},
            "META": {"HTTP_USER_AGENT": "test"}, "headers": {"User-Agent": "test"},
            "brand": {"branding_title": "B", "attributes": {}},
            "tenant": {"default_user_change_email": false},
        },
        "objects": {"provider": {"pk": 1, "application": {"pk": "app", "slug": "wiki"}}},
        "is_policy": true,
        "saves": source.contains("save"),
    });
    let names = VARIABLES.iter().filter(|name| **name != "ldap");
    let job = Job {
        program: prepared.program(&names.map(|name| (*name).to_owned()).collect::<BTreeSet<_>>()),
        given: given.as_object().cloned().unwrap_or_else(Map::new),
        now: Now { year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5, microsecond: 6 },
        milliseconds: 60_000,
        questions: 20,
    };
    Interpreter::in_this_process().run(job, 0, world).await.map_err(Wrong::Failure)
}

async fn run(source: &str) -> Result<Outcome, Wrong> {
    run_in(&World::default(), source).await
}

async fn gives(cases: &[(&str, Value)]) {
    for (source, expected) in cases {
        match run(source).await {
            Ok(outcome) => assert_eq!(outcome.value, *expected, "{source}"),
            Err(wrong) => panic!("{source}: {}", wrong.text()),
        }
    }
}

/// What expressions use, and at least five cases of each: the value, the messages or the error.
#[tokio::test]
async fn all_that_expressions_use_has_its_cases() {
    let all: Map<String, Value> = serde_json::from_str(include_str!("cases.json")).unwrap();
    let mut wrong = Vec::new();
    for (name, cases) in &all {
        let cases = cases.as_array().unwrap();
        assert!(cases.len() >= 5, "{name}");
        for case in cases {
            let (source, expected) = (case[0].as_str().unwrap(), &case[1]);
            let right = match (run(source).await, expected.get("error"), expected.get("messages")) {
                (Err(wrong), Some(error), _) => wrong.text().starts_with(error.as_str().unwrap()),
                (Ok(outcome), None, Some(messages)) => {
                    expected["value"] == outcome.value && *messages == json!(outcome.messages)
                }
                (Ok(outcome), None, None) => outcome.value == *expected,
                _ => false,
            };
            if !right {
                let got = run(source).await.map_err(|wrong| wrong.text());
                wrong.push(format!("{name}: {source:?}: {got:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn values_operators_and_statements() {
    gives(&[
        ("return True", json!(true)),
        ("return {}", json!({})),
        (
            "return {'a': [1, -2.5, None], \"b\": 'x\\'y',}",
            json!({"a": [1, -2.5, null], "b": "x'y"}),
        ),
        ("return {1, 1}", json!([1])),
        ("return (1, 'a')", json!([1, "a"])),
        ("return 2 ** 10 + 7 // 2 - 3 % 2", json!(1026)),
        ("return 1 < 2 < 3 and not 1 > 2", json!(true)),
        ("return 'a' if 1 else 'b'", json!("a")),
        ("x = 1\nx += 2\nreturn x", json!(3)),
        ("a, *b = [1, 2, 3]\nreturn b", json!([2, 3])),
        ("if False:\n  return 1\nelif 0:\n  return 2\nelse:\n  return 3", json!(3)),
        (
            "n = 0\nfor i in range(5):\n    if i == 3:\n        break\n    n += i\nreturn n",
            json!(3),
        ),
        ("n = 0\nwhile n < 4:\n    n += 1\nreturn n", json!(4)),
        ("def twice(x, y=2):\n    return x * y\nreturn twice(4) + twice(1, y=5)", json!(13)),
        ("return (lambda x: x + 1)(2)", json!(3)),
        (
            "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    return str(error)",
            json!("division by zero"),
        ),
        ("try:\n    return user.nope\nexcept:\n    return ''", json!("")),
        ("try:\n    x = 1\nfinally:\n    x = 2\nreturn x", json!(2)),
        ("    return 'indented'", json!("indented")),
        ("# only a comment\nreturn 1  # and one more", json!(1)),
        ("pass", json!(null)),
        ("return '''a\nb'''", json!("a\n    b")),
    ])
    .await;
}

#[tokio::test]
async fn text_lists_and_dictionaries() {
    gives(&[
        ("return user.name.split(' ')[0]", json!("Uma")),
        ("return user.name.split(' ')[-1].upper()", json!("MARTIN")),
        ("return 'a-b-c'.rsplit('-', 1)", json!(["a-b", "c"])),
        ("return 'a=b'.partition('=')", json!(["a", "=", "b"])),
        ("return ' x '.strip() + 'Y'.lower()", json!("xy")),
        ("return '-'.join(['a', 'b'])", json!("a-b")),
        ("return 'x{}y{n}'.format(1, n=2)", json!("x1y2")),
        ("return f\"{user.username!r} {3.14159:.2f} {1 + 1}\"", json!("'uma' 3.14 2")),
        ("return f\"{'/'.join(['a', 'b'])}\"", json!("a/b")),
        ("return user.email.endswith('@example.org')", json!(true)),
        ("return 'x' in user.email", json!(true)),
        ("return 'username' not in context.get('prompt_data', {})", json!(false)),
        ("return user.attributes.get('team', '')", json!("blue")),
        ("return user.attributes.get('none')", json!(null)),
        (
            "x = {'a': 1}\nx.update({'b': 2})\nx.setdefault('c', 3)\nreturn sorted(x.keys())",
            json!(["a", "b", "c"]),
        ),
        ("x = {'a': 1, 'b': 2}\nreturn [f'{k}{v}' for k, v in x.items()]", json!(["a1", "b2"])),
        ("x = {'a': 1}\nreturn x.pop('a'), x", json!([1, {}])),
        ("x = {'a': 1}\ndel x['a']\nreturn x", json!({})),
        ("x = [3, 1, 2]\nx.append(0)\nx.reverse()\nx.sort()\nreturn x[1:3]", json!([1, 2])),
        ("return {k: v for k, v in [('a', 1)]}", json!({"a": 1})),
        ("return [x for x in range(6) if x % 2]", json!([1, 3, 5])),
        (
            "return sum(x for x in [1, 2]), any(x > 1 for x in [1, 2]), all([])",
            json!([3, true, true]),
        ),
        ("return len('abc'), max(1, 2), min([3, 2]), abs(-1), round(1.5)", json!([3, 2, 2, 1, 2])),
        ("return isinstance({}, dict) and isinstance('', str)", json!(true)),
        ("return list(zip([1], ['a'])), list(enumerate(['x']))", json!([[[1, "a"]], [[0, "x"]]])),
        ("return str(1), int('2'), float('1.5'), bool('')", json!(["1", 2, 1.5, false])),
        ("return b'ab'.decode()", json!("ab")),
    ])
    .await;
}

#[tokio::test]
async fn yield_gives_a_list() {
    gives(&[
        ("for group in user.ak_groups.all():\n    yield group.name", json!(["Staff", "Users"])),
        ("yield 1\nyield 2", json!([1, 2])),
        ("yield from [1, 2]\nyield (3)", json!([1, 2, 3])),
        ("yield 1\nreturn\nyield 2", json!([1])),
        ("if not user:\n    yield 1", json!([])),
        ("yield", json!([null])),
        ("x = [1]\nif x:\n    yield x[0]\n    return 5", json!([1])),
    ])
    .await;
}

#[tokio::test]
async fn imports_lead_to_what_there_is() {
    gives(&[
        ("import json\nreturn json.loads('[1]')", json!([1])),
        ("import json as j\nreturn j.dumps({'a': None})", json!("{\"a\": null}")),
        ("import re\nreturn re.sub('a', 'b', 'aa')", json!("bb")),
        ("from re import search as find\nreturn find('b(.)', 'abc').group(1)", json!("c")),
        ("import base64\nreturn base64.b64encode(b'a').decode()", json!("YQ==")),
        ("from datetime import datetime, timedelta\nreturn (datetime(2020, 1, 31) + timedelta(days=1)).isoformat()", json!("2020-02-01T00:00:00")),
        ("from datetime import datetime\nreturn datetime.now().year", json!(2026)),
        ("import requests\nreturn requests.get('https://x.example', params={'a': 1}).json()['a']", json!([1])),
        ("return requests.post('https://x.example', json={}).status_code", json!(200)),
        ("from authentik.core.models import User, Group as G\nreturn User.objects.get(username='ann').username, G.objects.count()", json!(["ann", 2])),
        ("from authentik.core.models import (\n    USER_ATTRIBUTE_CHANGE_EMAIL,\n    UserTypes,\n)\nreturn USER_ATTRIBUTE_CHANGE_EMAIL, UserTypes.SERVICE_ACCOUNT", json!(["goauthentik.io/user/can-change-email", "service_account"])),
        ("from authentik.flows.models import FlowAuthenticationRequirement\nreturn FlowAuthenticationRequirement.REQUIRE_SUPERUSER", json!("require_superuser")),
        ("from msgraph.generated.models.password_profile import PasswordProfile\nreturn PasswordProfile(password='x')", json!({"password": "x"})),
    ])
    .await;
}

#[tokio::test]
async fn queries_ask_once_and_only_when_rows_are_wanted() {
    for (source, expected, asked) in [
        ("user.ak_groups.filter(name='x').exclude(name='y')\nreturn 1", json!(1), 0),
        ("return [g.name for g in user.ak_groups.all()]", json!(["Staff", "Users"]), 1),
        ("q = user.ak_groups.all()\nreturn len(q), len(q), q[0].name", json!([2, 2, "Staff"]), 1),
        ("return user.ak_groups.filter(name='x').exists()", json!(true), 1),
        ("return user.all_groups().count()", json!(2), 1),
        ("return user.ak_groups.first().attributes['floor']", json!(2), 1),
        ("return user.ak_groups.filter(name='nobody').first()", json!(null), 1),
        ("if user.ak_groups.filter(name='nobody'):\n    return 1\nreturn 2", json!(2), 1),
        ("return 'y' if not user.ak_groups.filter(name='nobody') else 'n'", json!("y"), 1),
        ("return bool(user.ak_groups.all())", json!(true), 1),
        (
            "return list(user.ak_groups.values_list('name', flat=True))",
            json!(["Staff", "Users"]),
            1,
        ),
        ("return user.ak_groups.values('name')", json!([{"name": "Staff"}, {"name": "Users"}]), 1),
        ("return user.ak_groups.first() in user.ak_groups.all()", json!(true), 2),
        ("return user.ak_groups.first() not in user.all_groups()", json!(false), 2),
        (
            "return sorted(g.name for g in set(user.ak_groups.all()) | set(user.all_groups()))",
            json!(["Staff", "Users"]),
            2,
        ),
        (
            "return ', '.join([g.name for g in user.ak_groups.order_by('-name')[:1]])",
            json!("Staff"),
            1,
        ),
        ("return ak_is_group_member(request.user, name='Staff')", json!(true), 1),
        ("return ak_user_by(username='ann').username", json!("ann"), 1),
        ("return ak_user_by(username='nobody')", json!(null), 1),
        (
            "try:\n    ak_user_by(username='nobody').name\nexcept AttributeError:\n    return 'none'",
            json!("none"),
            1,
        ),
        (
            "from authentik.core.models import User\ntry:\n    User.objects.get(username='nobody')\nexcept User.DoesNotExist as error:\n    return str(error)",
            json!("User matching query does not exist."),
            1,
        ),
        (
            "return [e.name for e in request.user.app_entitlements(provider.application)]",
            json!(["reader"]),
            1,
        ),
        ("return user.group_attributes(request.http_request).get('team')", json!("blue"), 1),
    ] {
        let world = World::default();
        let value = run_in(&world, source).await.map(|outcome| outcome.value);
        match value {
            Ok(value) => assert_eq!(value, expected, "{source}"),
            Err(wrong) => panic!("{source}: {}", wrong.text()),
        }
        let questions = world.0.lock().unwrap().clone();
        assert_eq!(questions.len(), asked, "{source}: {questions:?}");
    }
}

#[tokio::test]
async fn the_helpers_of_the_original() {
    gives(&[
        ("return regex_match(user.email, r'^[a-z]+@example\\.org$')", json!(true)),
        ("return regex_match(user.email, 'x{9}')", json!(false)),
        ("return regex_replace('a b', ' ', '_')", json!("a_b")),
        ("return list_flatten(['a', 'b']), list_flatten([]), list_flatten('c')", json!(["a", null, "c"])),
        ("return ak_client_ip in ip_network('10.0.0.0/8')", json!(true)),
        ("return ak_client_ip not in ip_network('10.0.0.0/8')", json!(false)),
        ("return ak_client_ip == ip_address('10.1.2.3'), ak_client_ip.is_private", json!([true, true])),
        ("return str(ip_network('192.0.2.0/24')), ip_address('::1').version", json!(["192.0.2.0/24", 6])),
        ("return resolve_dns('x.example')", json!(["192.0.2.1"])),
        ("return slugify('Hello Big World')", json!("hello-big-world")),
        ("return ak_is_sso_flow", json!(true)),
        ("result = ak_call_policy('other', found=0)\nreturn result.passing, result.raw_result, request.context['found']", json!([true, 5, 1])),
        ("ak_create_event('seen', user=user)\nreturn 1", json!(1)),
        ("ak_logger.info('text', a=1)\nreturn 1", json!(1)),
        ("return http_request.META['HTTP_USER_AGENT'], http_request.build_absolute_uri()", json!(["test", "https://id.example.org/x/?a=1"])),
        ("return request.http_request.tenant.default_user_change_email", json!(false)),
        ("return 'openid' in context['oauth_scopes']", json!(true)),
        ("return context['event'].action", json!("login")),
        ("return provider.application.slug", json!("wiki")),
        ("return ak_user_has_authenticator(user, 'totp'), ak_user_has_authenticator(user, device_type='duo')", json!([true, false])),
        ("return user.locale(), user.has_usable_password()", json!(["", true])),
        ("return context['pending_user'] == user, hasattr(user, 'backend')", json!([true, false])),
    ])
    .await;
}

#[tokio::test]
async fn messages_and_changes_come_back() {
    let outcome = run("ak_message('first')\nak_message(2)\nreturn False").await.unwrap();
    assert_eq!(
        (outcome.messages.as_slice(), outcome.passing),
        (["first", "2"].map(String::from).as_slice(), false)
    );
    for (source, pointer, expected) in [
        ("context['prompt_data']['username'] = 'x'", "/prompt_data/username", json!("x")),
        ("request.context['new'] = {'a': {1}}", "/new/a", json!([1])),
        ("context['flow_plan'].context['new'] = 1", "/new", json!(1)),
        ("context['prompt_data'].update(n=4)", "/prompt_data/n", json!(4)),
        ("del context['prompt_data']['n']", "/prompt_data/n", json!(null)),
        (
            "context['flow_plan'].context['pending_user'] = ak_user_by(username='ann')",
            "/pending_user/$user",
            json!(9),
        ),
    ] {
        let outcome = run(source).await.map_err(|wrong| wrong.text()).unwrap();
        let context = Value::Object(outcome.context.unwrap());
        assert_eq!(context.pointer(pointer).cloned().unwrap_or_default(), expected, "{source}");
    }
    assert_eq!(run("return context['prompt_data']['n']").await.unwrap().context, None);
}

/// What was sent is what differs, so that two who save one account do not undo each other.
#[tokio::test]
async fn changes_are_asked_for_by_what_differs() {
    for (source, asked) in [
        ("user.save()", json!([])),
        (
            "user.name = 'U'\nuser.save()\nuser.save()",
            json!([r#"save_user [7,{"name":"U"},{},[]]"#]),
        ),
        (
            "user.attributes['a'] = {'b': 1}\nuser.save()",
            json!([r#"save_user [7,{},{"a":{"b":1}},[]]"#]),
        ),
        ("user.attributes.pop('team')\nuser.save()", json!([r#"save_user [7,{},{},["team"]]"#])),
        (
            "from authentik.core.models import Group\ngroup, is_new = Group.objects.get_or_create(name='New')\ngroup.users.add(user)\nuser.ak_groups.remove(group)",
            json!([
                r#"query ["group",["all"],[],"get_or_create",[{"name":"New"},{}]]"#,
                r#"query ["user",["group","c"],[],"add",[7]]"#,
                r#"query ["group",["user",7],[],"remove",["c"]]"#,
            ]),
        ),
        (
            "from authentik.flows.models import Flow, FlowAuthenticationRequirement\nFlow.objects.filter(slug='x').update(authentication=FlowAuthenticationRequirement.NONE)",
            json!([
                r#"query ["flow",["all"],[["filter",{"slug":"x"}]],"update",{"authentication":"none"}]"#
            ]),
        ),
        (
            "from authentik.stages.authenticator_webauthn.models import WebAuthnDevice\nreturn WebAuthnDevice.objects.filter(user=user, confirmed=True).exists()",
            json!([
                r#"query ["webauthn",["all"],[["filter",{"user":7,"confirmed":true}]],"exists",null]"#
            ]),
        ),
    ] {
        let world = World::default();
        if let Err(wrong) = run_in(&world, source).await {
            panic!("{source}: {}", wrong.text());
        }
        let questions: Vec<Value> =
            world.0.lock().unwrap().iter().map(|question| question.as_str().into()).collect();
        let asked: Vec<Value> = asked.as_array().cloned().unwrap_or_default();
        assert_eq!(questions, asked, "{source}");
    }
    let text = run("user.is_active = False\nuser.save()").await.unwrap_err().text();
    assert!(
        text.starts_with("PermissionError: save() writes name, email and attributes"),
        "{text}"
    );
}

#[tokio::test]
async fn errors_have_their_line() {
    for (source, expected) in [
        ("x = 1\nreturn context['nope']", "KeyError: nope (line 2)"),
        (
            "return [\n  1,\n  user.nope,\n]",
            "AttributeError: 'User' object has no attribute 'nope' (line 3)",
        ),
        ("def f():\n    return 1 / 0\nreturn f()", "ZeroDivisionError: division by zero (line 2)"),
        ("raise ValueError('no')", "ValueError: no (line 1)"),
        ("raise SkipObject", "SkipObject (line 1)"),
        ("return ldap.get('x')", "NameError: name 'ldap' is not defined (line 1)"),
        ("return 1\nreturn foo", "name 'foo' is not defined (line 2)"),
        ("import os", "No module named 'os'"),
        ("return 1 +", "Expression Syntax Error: "),
        ("user.set_password('x')", "set_password() can't be used in expressions. (line 1)"),
        (
            "user.save.__globals__",
            "The attribute __globals__ can't be used in expressions. (line 1)",
        ),
        (
            "from authentik.core.models import Token",
            "cannot import name 'Token' from 'authentik.core.models' (line 1)",
        ),
        ("class A:\n    pass", "A class can't be used in expressions. (line 1)"),
        ("x = 1\nx = yield 5", "yield as a value can't be used in expressions. (line 2)"),
        (
            "x = []\nx.append(x)\nreturn x",
            "ValueError: the value is nested too deeply, or contains itself",
        ),
    ] {
        let text = run(source).await.map(|outcome| outcome.value).unwrap_err().text();
        assert!(text.starts_with(expected), "{source}: {text}");
    }
}

/// What a text may do to whoever reads it: nothing.
#[test]
fn no_text_brings_the_reader_down() {
    let many = |part: &str, between: &str| format!("return {}", vec![part; 5000].join(between));
    for source in [
        format!("return {}1{}", "(".repeat(5000), ")".repeat(5000)),
        format!("return {}1{}", "[".repeat(99), "]".repeat(99)),
        format!("return {}1", "not ".repeat(9000)),
        format!("return {}1", "-".repeat(30000)),
        format!("return {}1", "lambda: ".repeat(5000)),
        many("1", "+"),
        many("1", "**"),
        many("user", "."),
        many("a", " if b else "),
        format!("return 'a'{}", ".lower()".repeat(5000)),
        format!("return f\"{}\"", "{'a'}".repeat(3000)),
        "x".repeat(70_000),
        "\u{0}".to_owned(),
        "return \"\u{202e}\"".to_owned(),
        "\u{feff}return 1".to_owned(),
        "return \\".to_owned(),
        "\treturn 1\n        return 2".to_owned(),
    ] {
        let _ = prepare(&source, &VARIABLES);
    }
}
