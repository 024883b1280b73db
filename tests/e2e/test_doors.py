"""One rule, whichever door: API, import of a flow, blueprint instance, console. What one refuses, all refuse; what one
records, all record, with the name of who did it first."""

import subprocess
import textwrap

import pytest
import requests

from world import PROGRAM, Person, Refused, Server, wait_for


def command(server, *arguments, stdin=None):
    return subprocess.run([PROGRAM, *arguments], env=server.environment, input=stdin, capture_output=True, text=True, timeout=60)


def blueprint(entries):
    return "version: 1\nentries:\n" + textwrap.dedent(entries)


def imported(server, entries):
    """What the import of a flow answers."""
    file = {"file": ("flow.yaml", blueprint(entries), "application/yaml")}
    answer = server.api("POST", "flows/instances/import/", 200, files=file).json()
    return answer["success"], " ".join(line["event"] for line in answer["logs"])


def instance(server, entries, name="mine"):
    """Saves an instance with that text, applies it, and gives the answer to what was refused first, or the last."""
    made = server.api("POST", "managed/blueprints/", json={"name": name, "content": blueprint(entries), "enabled": True})
    if made.status_code != 201:
        return made
    return server.api("POST", f"managed/blueprints/{made.json()['pk']}/apply/")


def events(server, **query):
    return server.get("events/events/", ordering="-created", page_size=100, **query)["results"]


def who(event):
    actor = event["actor"]
    return actor["type"], actor["username"], actor.get("through")


@pytest.fixture
def second(server):
    """A superuser who cannot sign in but has a key for the API: so that akadmin is not the caller's own account."""
    user = server.user("robot", groups=["authentik Admins"], password=None, type="service_account")
    server.create("core/tokens/", identifier="robot", user=user["pk"], intent="api")
    return server.get("core/tokens/robot/view_key/")["key"]


def test_the_last_administrator_stays_whatever_door_is_tried(server, second):
    admins = server.one("core/groups/", name="authentik Admins")
    akadmin = server.one("core/users/", username="akadmin")
    user, group = f"core/users/{akadmin['pk']}/", f"core/groups/{admins['pk']}/"
    parent = server.group("Above", is_superuser=True)
    below = server.group("Below", parent=parent["pk"])
    refused = [
        ("PATCH", user, {"is_active": False}),
        ("PATCH", user, {"groups": []}),
        ("PATCH", user, {"type": "service_account"}),
        ("PATCH", user, {"type": "external"}),
        ("DELETE", user, None),
        ("PATCH", group, {"is_superuser": False}),
        ("PATCH", group, {"users": []}),
        ("DELETE", group, None),
        ("POST", group + "remove_user/", {"pk": akadmin["pk"]}),
    ]
    for method, path, body in refused:
        answer = server.api(method, path, 400, token=second, json=body)
        assert "no administrator who can sign in" in answer.text, (method, path, body, answer.text)
    # The same where the rights come from a group above.
    server.api("POST", f"core/groups/{below['pk']}/add_user/", 204, json={"pk": akadmin["pk"]})
    server.api("PATCH", group, 200, token=second, json={"is_superuser": False})
    above = f"core/groups/{parent['pk']}/"
    for method, path, body in [("PATCH", above, {"is_superuser": False}), ("DELETE", above, None), ("PATCH", f"core/groups/{below['pk']}/", {"parent": None})]:
        # The robot lost its rights with the group: the administrator asks.
        assert "no administrator who can sign in" in server.api(method, path, 400, json=body).text
    server.api("PATCH", group, 200, json={"is_superuser": True})

    entry = """
    - {model: authentik_core.user, state: %s, identifiers: {username: akadmin}, attrs: {is_active: false}}
    """
    for state in ["present", "absent"]:
        success, said = imported(server, entry % state)
        assert not success and ("signed in with" in said or "no administrator" in said), said
    success, said = imported(server, "- {model: authentik_core.group, identifiers: {name: authentik Admins}, attrs: {is_superuser: false, parent: null}}\n"
                             "- {model: authentik_core.group, identifiers: {name: Above}, attrs: {is_superuser: false}}")
    assert not success and "no administrator who can sign in" in said, said
    answer = instance(server, entry % "present")
    assert answer.status_code == 400, answer.text
    assert Person(server).sign_in().me().json()["user"]["is_superuser"]

    # Nobody deactivates or deletes the own account, also when others are left.
    server.user("ada", groups=["authentik Admins"])
    assert "signed in with" in server.api("PATCH", user, 400, json={"is_active": False}).text
    assert "signed in with" in server.api("DELETE", user, 400).text
    # Somebody else may, since one is left; and one transaction may exchange them.
    server.api("PATCH", user, 200, token=second, json={"is_active": False})
    ada = server.api("GET", "core/users/?username=ada", token=second).json()["results"][0]
    assert "no administrator" in server.api("DELETE", f"core/users/{ada['pk']}/", 400, token=second).text


def test_recover_brings_back_a_deactivated_account_and_says_so(server):
    server.user("ada", groups=["authentik Admins"])
    ada = Person(server, "ada").sign_in()
    akadmin = ada.api("GET", "core/users/?username=akadmin").json()["results"][0]
    assert ada.api("PATCH", f"core/users/{akadmin['pk']}/", json={"is_active": False}).status_code == 200
    done = command(server, "recover", "akadmin")
    assert done.returncode == 0 and "had been deactivated and is active again" in done.stderr, done.stderr
    assert "active again" not in command(server, "recover", "akadmin").stderr
    link = done.stdout.strip()
    answer = Person(server).web.get(server.base + "/recovery/" + link.split("/recovery/")[1])
    assert answer.status_code < 400
    event = events(server, action="model_updated")[0]
    assert who(event) == ("console", "", "countersign recover") and event["subject"]["username"] == "akadmin", event
    assert "no account" in command(server, "recover", "nobody").stderr


def test_what_everybody_signs_in_by_cannot_be_deleted_while_it_is_that(server):
    def refused(path, *words):
        answer = server.api("DELETE", path, 400)
        assert all(word in answer.text for word in words), answer.text

    flow = server.get("flows/instances/default-authentication-flow/")
    refused("flows/instances/default-authentication-flow/", "authentication flow", "Choose another one")
    refused("flows/instances/default-invalidation-flow/", "invalidation flow")
    bindings = {b["stage_obj"]["name"]: b for b in server.get("flows/bindings/", target=flow["pk"])["results"]}
    for name in ["default-authentication-identification", "default-authentication-password", "default-authentication-login"]:
        stage = bindings[name]["stage"]
        refused(f"stages/all/{stage}/", "default-authentication-flow", "first")
        refused(f"flows/bindings/{bindings[name]['pk']}/", "Bind another one first")
    assert not imported(server, "- {model: authentik_flows.flow, state: absent, identifiers: {slug: default-authentication-flow}}")[0]
    # What nobody needs to sign in goes, and so does a stage that has been replaced.
    server.api("DELETE", f"flows/bindings/{bindings['default-authentication-mfa-validation']['pk']}/", 204)
    other = server.create("stages/password/", name="other", backends=["authentik.core.auth.InbuiltBackend"])
    server.create("flows/bindings/", target=flow["pk"], stage=other["pk"], order=20)
    server.api("DELETE", f"flows/bindings/{bindings['default-authentication-password']['pk']}/", 204)
    server.api("DELETE", f"stages/all/{bindings['default-authentication-password']['stage']}/", 204)
    Person(server).sign_in()
    # Once the brand uses another flow, the former one can go.
    brand = server.one("core/brands/", domain="authentik-default")
    fresh = server.create("flows/instances/", name="new", slug="new", title="new", designation="authentication")
    server.patch(f"core/brands/{brand['brand_uuid']}/", flow_authentication=fresh["pk"])
    server.api("DELETE", "flows/instances/default-authentication-flow/", 204)


def test_no_edit_takes_name_password_or_login_from_the_sign_in(server):
    flow = server.get("flows/instances/default-authentication-flow/")
    bindings = {b["stage_obj"]["name"]: b for b in server.get("flows/bindings/", target=flow["pk"])["results"]}
    elsewhere = server.create("flows/instances/", name="e", slug="e", title="e", designation="authentication")
    dummy = server.create("stages/dummy/", name="dummy")
    for name in ["default-authentication-identification", "default-authentication-password", "default-authentication-login"]:
        for change in ({"target": elsewhere["pk"]}, {"stage": dummy["pk"]}):
            answer = server.api("PATCH", f"flows/bindings/{bindings[name]['pk']}/", 400, json=change)
            assert "would be left without" in answer.text, (name, change)
    # Nor does a detour over the brand: without a default one, the first flow of its designation is what people sign in by.
    brand = server.one("core/brands/", domain="authentik-default")
    server.patch(f"core/brands/{brand['brand_uuid']}/", default=False, flow_authentication=None)
    assert "Everybody signs in by" in server.api("DELETE", "flows/instances/default-authentication-flow/", 400).text
    Person(server).sign_in()


def anonymous(server, slug):
    """What a visitor gets who gives a name and no password."""
    web = requests.Session()
    executor = f"{server.base}/api/v3/flows/executor/{slug}/"
    shown = web.get(executor, timeout=30).json()
    if shown["component"] == "ak-stage-identification":
        shown = web.post(executor, json={"component": shown["component"], "uid_field": "akadmin"}, timeout=30).json()
    return shown["component"], web.get(f"{server.base}/api/v3/core/users/me/", timeout=30).status_code


def test_what_decides_about_a_step_of_the_sign_in_cannot_be_deleted(server):
    policy = server.one("policies/expression/", name="default-authentication-flow-password-stage")
    path = f"policies/expression/{policy['pk']}/"
    assert "decides about a step" in server.api("DELETE", path, 400).text
    entry = "- {model: authentik_policies_expression.expressionpolicy, state: absent, identifiers: {name: default-authentication-flow-password-stage}}"
    assert not imported(server, entry)[0]
    assert anonymous(server, "default-authentication-flow") == ("ak-stage-password", 403)
    # Without its binding it decides about nothing.
    binding = server.one("policies/bindings/", policy=policy["pk"])
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    server.api("DELETE", path, 204)
    assert anonymous(server, "default-authentication-flow") == ("ak-stage-password", 403)


@pytest.mark.parametrize("kind", ["group", "user", "policy"])
@pytest.mark.parametrize("again", [True, False])
def test_a_step_whose_rule_is_deleted_ends_the_flow_instead_of_falling_out(server, kind, again):
    made = server.create("flows/instances/", name="other", slug="other", title="other", designation="authentication")
    for order, name in enumerate(["identification", "password", "login"]):
        stage = server.one("stages/all/", name=f"default-authentication-{name}")
        bound = server.create(
            "flows/bindings/", target=made["pk"], stage=stage["pk"], order=order, re_evaluate_policies=again, evaluate_on_plan=not again
        )
        if name == "password":
            password = bound
    if kind == "group":
        named = server.group("Some")
        path = f"core/groups/{named['pk']}/"
    elif kind == "user":
        named = server.user("some")
        path = f"core/users/{named['pk']}/"
    else:
        named = server.create("policies/expression/", name="some", expression="return False")
        path = f"policies/expression/{named['pk']}/"
    server.create("policies/bindings/", target=password["pk"], order=0, negate=kind != "policy", **{kind: named["pk"]})
    server.api("DELETE", path, 204)
    assert anonymous(server, "other") == ("ak-stage-access-denied", 403)


def test_a_policy_that_fails_never_shortens_the_sign_in(server):
    """CVE-2024-47070."""
    flow = server.get("flows/instances/default-authentication-flow/")
    bindings = server.get("flows/bindings/", target=flow["pk"])["results"]
    binding = next(b for b in bindings if b["stage_obj"]["name"] == "default-authentication-password")
    policy = server.create("policies/expression/", name="fails", expression="return request.context['nope']['x']")
    bound = server.create("policies/bindings/", target=binding["pk"], policy=policy["pk"], order=5)
    server.patch(f"flows/bindings/{binding['pk']}/", policy_engine_mode="all")
    assert anonymous(server, "default-authentication-flow") == ("ak-stage-access-denied", 403)
    server.patch(f"policies/bindings/{bound['pk']}/", failure_result=True)
    assert anonymous(server, "default-authentication-flow") == ("ak-stage-password", 403)


SUPERUSER = """
- {model: authentik_core.user, identifiers: {username: %(name)s}, attrs: {name: New, password: Quite-Long-77, groups: [!Find [authentik_core.group, [name, authentik Admins]]]}}
- {model: authentik_core.token, identifiers: {identifier: %(name)s-key}, attrs: {user: !Find [authentik_core.user, [username, %(name)s]], intent: api, expiring: false, key: %(name)s-key-of-the-test-0123456789}}
"""


def test_every_edit_leaves_an_event_that_names_who_did_it(server):
    def of(name):
        return [e for e in events(server) if name in str(e["context"]) or (e["subject"] or {}).get("username") == name]

    # By the import of a flow: an account, its password, its membership, a key.
    assert imported(server, SUPERUSER % {"name": "nora"})[0]
    made = of("nora")
    assert {e["action"] for e in made} == {"model_created", "password_set"}, made
    assert {who(e) for e in made} == {("user", "akadmin", "flow import")}
    assert any(e["context"].get("model", {}).get("model_name") == "token" for e in made)
    assert "Quite-Long-77" not in str(made) and "nora-key-of-the-test" not in str(made)
    # By an instance that akadmin saves and applies.
    assert instance(server, SUPERUSER % {"name": "otto"}).status_code == 200
    assert {who(e) for e in of("otto") if e["action"] in ("model_created", "password_set") and e["subject"]} == {("user", "akadmin", "blueprint mine")}
    # Taking them away again is recorded too.
    assert imported(server, "- {model: authentik_core.user, state: absent, identifiers: {username: nora}}")[0]
    gone = [e for e in events(server, action="model_deleted") if e["context"]["model"]["name"] == "nora"]
    assert [who(e) for e in gone] == [("user", "akadmin", "flow import")]
    # By the console.
    assert command(server, "change-password", "otto", stdin="Another-Long-77\n").returncode == 0
    event = events(server, action="password_set")[0]
    assert who(event) == ("console", "", "countersign change-password") and event["subject"]["username"] == "otto"
    # By a person for another, and by each for oneself: the actor and the subject are two fields.
    server.user("nina")
    event = events(server, action="password_set")[0]
    assert who(event) == ("user", "akadmin", None) and event["subject"]["username"] == event["user"]["username"] == "nina"
    Person(server, "nina").sign_in()
    event = events(server, action="login")[0]
    assert event["actor"]["username"] == event["subject"]["username"] == "nina"
    with pytest.raises(Refused):
        Person(server, "nina", "wrong").sign_in()
    event = events(server, action="login_failed")[0]
    assert who(event) == ("anonymous", "", None) and event["subject"]["username"] == "nina"
    # What belongs to an account and is taken away, as a session.
    held = server.get("core/authenticated_sessions/", user__username="nina")["results"][0]
    server.api("DELETE", f"core/authenticated_sessions/{held['uuid']}/", 204)
    event = events(server, action="model_deleted")[0]
    assert who(event) == ("user", "akadmin", None) and event["subject"]["username"] == "nina"
    assert event["context"]["model"]["model_name"] == "authenticatedsession"
    # Nobody writes oneself another name into an event.
    server.create("events/events/", action="custom_x", app="a", context={"countersign.who": {"actor": {"username": "nina"}}, "x": 1})
    event = events(server, action="custom_x")[0]
    assert who(event) == ("user", "akadmin", None) and "countersign.who" not in event["context"]
    # A policy switched off on the console, and the default objects the program made by itself.
    policy = server.create("policies/dummy/", name="nobody", result=False, wait_min=0, wait_max=0)
    server.create("policies/bindings/", policy=policy["pk"], target=server.application("notes").application["pk"], order=0)
    assert command(server, "disable", "nobody").returncode == 0
    event = next(e for e in events(server, action="model_updated") if e["actor"]["type"] == "console")
    assert event["actor"]["through"] == "countersign disable" and event["context"]["model"]["model_name"] == "policybinding"
    first = events(server, action="system_task_execution")[-1]
    assert who(first) == ("system", "", None) and "default objects" in first["context"]["message"]
    # The log names the actor first.
    line = next(line for line in server.lines() if '"action":"password_set"' in line and '"subject":"nina"' in line)
    assert line.index('"actor":"akadmin"') < line.index('"subject"'), line
    changes = server.get("countersign/changes/")["results"]
    assert {"console", "user", "system"} <= {change["actor"]["type"] for change in changes} | {"system"}


def test_what_is_sent_does_not_look_at_the_machine(start, tmp_path):
    """Whichever door; files of the operator's folder may, but not at the program's own secrets."""
    secret = "a-key-of-this-test-that-nobody-else-has-0123456789"
    (tmp_path / "word").write_text("from the machine\n")
    (tmp_path / "env").write_text(f"X=1\nAUTHENTIK_SECRET_KEY={secret}\n")
    folder = tmp_path / "blueprints"
    folder.mkdir()
    server = start(Server(AUTHENTIK_SECRET_KEY=secret, COUNTERSIGN_BLUEPRINTS_DIR=str(folder), A_WORD="a word"))
    group = "- {model: authentik_core.group, identifiers: {name: %s}, attrs: {attributes: {found: %s}}}\n"
    for tag in ["!File /etc/passwd", "!Env AUTHENTIK_SECRET_KEY", "!Env A_WORD", "!Format ['%s', !Env A_WORD]"]:
        success, said = imported(server, group % ("sent", tag))
        assert not success and "belongs to the machine" in said
        answer = instance(server, group % ("sent", tag))
        assert answer.status_code == 400 and "belongs to the machine" in answer.text
    assert not server.get("core/groups/", name="sent")["results"]

    def own(name, tag):
        (folder / f"{name}.yaml").write_text(f"version: 1\nmetadata: {{name: {name}}}\nentries:\n" + group % (name, tag))
        found = lambda: [i for i in server.get("managed/blueprints/", page_size=100)["results"] if i["name"] == name and i["status"] != "unknown"]
        return wait_for(found, 30, "the file to be applied")[0]["status"]

    assert own("word", f"!File {tmp_path}/word") == "successful"
    assert server.one("core/groups/", name="word")["attributes"] == {"found": "from the machine"}
    made = [e for e in events(server, action="model_created") if e["context"]["model"]["name"] == "word" and e["context"]["model"]["model_name"] == "group"]
    assert [who(e) for e in made] == [("blueprint", "", "blueprint word")]
    for name, tag in [("key", "!Env AUTHENTIK_SECRET_KEY"), ("other", f"!File {tmp_path}/env"), ("process", "!File /proc/self/environ")]:
        assert own(name, tag) == "error", name
        assert not server.get("core/groups/", name=name)["results"]
    assert secret not in "\n".join(server.lines())


MADE = """
- {model: authentik_stages_password.passwordstage, id: password, state: %(state)s, identifiers: {name: bp-password}, attrs: {backends: [authentik.core.auth.InbuiltBackend]}}
- {model: authentik_stages_identification.identificationstage, id: name, state: %(state)s, identifiers: {name: bp-name}, attrs: {user_fields: [username], password_stage: !KeyOf password}}
- {model: authentik_flows.flow, id: flow, state: %(state)s, identifiers: {slug: bp-flow}, attrs: {name: x, title: x, designation: authentication}}
- {model: authentik_flows.flowstagebinding, state: %(state)s, identifiers: {target: !KeyOf flow, stage: !KeyOf name, order: 0}}
"""


def test_bp_absent_keyof_a_blueprint_removes_what_it_made(server):
    for state in ["present", "absent", "absent"]:
        success, said = imported(server, MADE % {"state": state})
        assert success, said
        found = len(server.get("flows/instances/", slug="bp-flow")["results"]) + len(server.get("stages/all/", name="bp-name")["results"])
        assert found == (2 if state == "present" else 0)
    # What is not wanted cannot be named by what is.
    success, said = imported(server, MADE % {"state": "absent"} + "- {model: authentik_flows.flowstagebinding, identifiers: {target: !KeyOf flow, stage: !KeyOf name, order: 0}}")
    assert not success and "is absent" in said, said


def test_answers_of_password_prompts_are_masked_wherever_they_are_written(server):
    flow = server.create("flows/instances/", name="pin", slug="pin", title="pin", designation="stage_configuration", authentication="require_authenticated")
    fields = [server.create("stages/prompt/prompts/", name=f"ask {key}", field_key=f"attributes.{key}", label=key, type=kind, order=0)["pk"] for key, kind in [("pin", "password"), ("floor", "text")]]
    prompt = server.create("stages/prompt/stages/", name="ask", fields=fields)
    write = server.create("stages/user_write/", name="write")
    for order, stage in enumerate([prompt, write]):
        server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=order)
    server.user("nina")
    nina = Person(server, "nina").sign_in()
    path = f"{server.base}/api/v3/flows/executor/pin/?query="
    nina.web.get(path)
    token = nina.web.cookies.get("authentik_csrf")
    answer = nina.web.post(path, json={"component": "ak-stage-prompt", "attributes.pin": "zebra-4711", "attributes.floor": "third"}, headers={"X-authentik-CSRF": token or ""})
    assert answer.status_code == 200, answer.text
    written = server.one("core/users/", username="nina")["attributes"]
    assert written == {"pin": "zebra-4711", "floor": "third"}, (written, answer.text)
    said = str(events(server)) + "\n".join(server.lines()) + str(server.get("countersign/changes/")["results"])
    assert "third" in said and "zebra" not in said
    server.patch(f"core/users/{server.one('core/users/', username='nina')['pk']}/", attributes={"pin": "giraffe-0815", "floor": "third"})
    event = events(server, action="model_updated")[0]
    assert event["context"]["diff"]["attributes"]["new_value"] == {"pin": "********************"}, event


def test_no_application_takes_an_address_of_the_server(server):
    said = "addresses of its own"
    provider = {"name": "p", "authorization_flow": server.flow("default-provider-authorization-implicit-consent"), "invalidation_flow": server.flow("default-provider-invalidation-flow"), "redirect_uris": []}
    fine = server.create("core/applications/", name="Fine", slug="fine")
    for slug in ("register", "par", "end-session", "bc-authorize"):
        refused = server.api("POST", "core/applications/", 400, json={"name": slug, "slug": slug})
        assert said in refused.json()["slug"][0], refused.text
        refused = server.api("PATCH", f"core/applications/{fine['slug']}/", 400, json={"slug": slug})
        assert said in refused.json()["slug"][0], refused.text
        both = {"app": {"name": slug, "slug": slug}, "provider_model": "authentik_providers_oauth2.oauth2provider", "provider": provider}
        assert said in server.api("PUT", "core/transactional/applications/", 400, json=both).text
        entries = f"- {{model: authentik_core.application, identifiers: {{slug: {slug}}}, attrs: {{name: x}}}}"
        assert said in instance(server, entries, name=slug).text + str(server.get("events/events/")["results"]), slug
        assert server.get("core/applications/", slug=slug, superuser_full_list="true")["results"] == []
    # Words of the original's own addresses hide no more than they do there.
    app = server.application("token")
    assert app.discovery()["jwks_uri"] == f"{server.base}/application/o/token/jwks/"
    assert "keys" in requests.get(f"{server.base}/application/o/token/jwks/", timeout=10).json()
