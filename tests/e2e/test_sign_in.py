"""Signing in and out: what is told, what is kept, and what ends when."""

import html
import re
import urllib.parse

import pytest
import requests

from world import PASSWORD, Person, Refused, Shared

FLOW = "/if/flow/default-authentication-flow/"


def messages(server, username, password):
    """What somebody reads who is refused."""
    person = Person(server, username, password)
    with pytest.raises(Refused) as refusal:
        person.run_flow("default-authentication-flow")
    errors = refusal.value.args[0]["response_errors"]
    return [error["string"] for field in errors.values() for error in field], person.seen


def test_a_refusal_does_not_tell_whether_the_account_exists(server):
    server.user("alice")
    assert messages(server, "alice", "wrong") == messages(server, "nobody-at-all", "wrong")

    def page(username):
        session = requests.Session()
        first = session.get(server.base + FLOW, timeout=10).text
        refusal = submit(session, server, first, uid_field=username, password="wrong").text
        assert 'role="alert"' in refusal
        return re.sub(r'value="[^"]*"|[0-9a-f]{32}', "", refusal)

    assert page("alice") == page("nobody-at-all")


def submit(session, server, page, **fields):
    """Sends a page's form as a browser would."""
    hidden = {name: html.unescape(value) for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)}
    action = re.search(r'<form[^>]* action="([^"]*)"', page)
    address = urllib.parse.urljoin(server.base, html.unescape(action.group(1)) if action else FLOW)
    return session.post(address, data=hidden | fields, timeout=30)


def test_a_form_without_its_proof_changes_nothing(server):
    session = requests.Session()
    session.get(server.base + FLOW, timeout=10)
    answer = session.post(server.base + FLOW, data={"uid_field": "akadmin", "password": PASSWORD}, timeout=30)
    assert answer.status_code < 500
    assert session.get(server.base + "/api/v3/core/users/me/", timeout=10).status_code == 403


def test_the_session_is_a_new_one_after_signing_in(server):
    person = Person(server)
    person.get(FLOW)
    person.web.get(f"{server.base}/api/v3/flows/executor/default-authentication-flow/?query=", timeout=10)
    before = person.web.cookies.get("authentik_session")
    person.sign_in()
    after = person.web.cookies.get("authentik_session")
    assert before and after and before != after
    old = requests.get(server.base + "/api/v3/core/users/me/", cookies={"authentik_session": before}, timeout=10)
    assert old.status_code == 403, "what was known before the sign-in is worth nothing"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(server):
    for scheme in ("http", "https"):
        answer = requests.get(server.base + FLOW, headers={"X-Forwarded-Proto": scheme}, timeout=10)
        cookie = next(c for c in answer.raw.headers.getlist("Set-Cookie") if c.startswith("authentik_session="))
        assert "HttpOnly" in cookie and "SameSite=" in cookie, cookie
        assert ("Secure" in cookie) == (scheme == "https"), cookie


def test_signing_out_ends_the_session_on_the_server(server, admin):
    kept = admin.web.cookies.get("authentik_session")
    admin.run_flow("default-invalidation-flow")
    assert admin.me().status_code == 403
    again = requests.get(server.base + "/api/v3/core/users/me/", cookies={"authentik_session": kept}, timeout=10)
    assert again.status_code == 403


def test_an_inactive_person_is_not_let_in(server):
    server.user("bob", is_active=False)
    assert messages(server, "bob", PASSWORD)[0] == messages(server, "nobody", PASSWORD)[0]


def test_a_session_that_is_deleted_has_ended(server):
    user = server.user("alice")
    alice = Person(server, "alice").sign_in()
    other = Person(server, "alice").sign_in()
    sessions = alice.api("GET", "core/authenticated_sessions/").json()["results"]
    assert len(sessions) == 2 and sum(s["current"] for s in sessions) == 1
    mine = next(s for s in sessions if s["current"])
    theirs = next(s for s in sessions if not s["current"])
    assert alice.api("DELETE", f"core/authenticated_sessions/{theirs['uuid']}/").status_code == 204
    assert other.me().status_code == 403 and alice.me().status_code == 200
    stranger = Person(server, server.user("carl")["username"]).sign_in()
    assert stranger.api("DELETE", f"core/authenticated_sessions/{mine['uuid']}/").status_code == 404
    assert alice.me().status_code == 200
    server.api("DELETE", f"core/users/{user['pk']}/", 204)
    assert alice.me().status_code == 403


def test_one_can_sign_out_everywhere_else(server):
    server.user("ingrid")
    here, phone, other = Person(server, "ingrid").sign_in(), Person(server, "ingrid").sign_in(), Person(server).sign_in()
    answer = here.api("POST", "countersign/users/me/sign_out_elsewhere/")
    assert (answer.status_code, answer.json()) == (200, {"ended": 1})
    assert [who.me().status_code for who in (here, phone, other)] == [200, 403, 200]
    event = server.get("events/events/", action="logout", username="ingrid")["results"][0]
    assert event["context"]["ended"] == 1, event


def test_a_new_password_ends_the_other_sessions(server):
    user = server.user("alice")
    alice = Person(server, "alice").sign_in()
    server.api("POST", f"core/users/{user['pk']}/set_password/", 204, json={"password": "Another-Horse-43"})
    assert alice.me().status_code == 403
    assert Person(server, "alice", "Another-Horse-43").sign_in()
    assert messages(server, "alice", PASSWORD)


def test_a_change_of_rights_counts_at_once(server):
    user = server.user("alice")
    alice = Person(server, "alice").sign_in()
    assert alice.api("GET", "core/users/").status_code in (200, 403)
    assert alice.api("POST", "core/groups/", json={"name": "Hers"}).status_code == 403
    admins = server.one("core/groups/", name="authentik Admins")
    server.api("POST", f"core/groups/{admins['pk']}/add_user/", 204, json={"pk": user["pk"]})
    assert alice.api("POST", "core/groups/", json={"name": "Hers"}).status_code == 201
    server.api("POST", f"core/groups/{admins['pk']}/remove_user/", 204, json={"pk": user["pk"]})
    assert alice.api("POST", "core/groups/", json={"name": "Not hers"}).status_code == 403


def test_a_write_without_the_proof_of_the_session_is_refused(server, admin):
    url = server.base + "/api/v3/core/groups/"
    for headers in ({}, {"X-authentik-CSRF": "x" * 32}, {"X-authentik-CSRF": ""}):
        answer = admin.web.post(url, json={"name": "Forged"}, headers=headers, timeout=10)
        assert answer.status_code == 403 and answer.json()["detail"].startswith("CSRF Failed"), headers
    assert server.get("core/groups/", name="Forged")["results"] == []


def test_what_happened_is_recorded_without_secrets(server):
    server.user("alice")
    messages(server, "alice", "wrong-password-of-alice")
    alice = Person(server, "alice").sign_in()
    alice.run_flow("default-invalidation-flow")
    server.create("core/tokens/", identifier="t", intent="api")
    key = server.get("core/tokens/t/view_key/")["key"]
    events = server.api("GET", "events/events/", 200, params={"page_size": 100})
    actions = [event["action"] for event in events.json()["results"]]
    for action in ("login", "login_failed", "logout", "secret_view", "model_created"):
        assert action in actions, (action, actions)
    for secret in ("wrong-password-of-alice", PASSWORD, key):
        assert secret not in events.text and secret not in "\n".join(server.lines())


def test_the_database_holds_no_secret_in_clear(server, admin):
    app = server.application("wiki", scopes=["offline_access"])
    tokens = admin.tokens(app, scope="openid profile offline_access")
    secrets = [PASSWORD, app.secret, tokens["access_token"], tokens["refresh_token"]]
    server.stop()
    contents = {file.name: file.read_bytes() for file in server.folder.rglob("*") if file.is_file() and file.name != "secret-key"}
    contents["the database"] = Shared.dump(server.database)
    for name, content in contents.items():
        for secret in secrets:
            assert secret.encode() not in content, f"{name} holds {secret[:12]}..."
    assert oct(server.folder.stat().st_mode & 0o077) == "0o0" or all(
        file.stat().st_mode & 0o077 == 0 for file in server.folder.iterdir() if "key" in file.name
    ), "keys are readable by their owner only"


def test_reports_41_recovery_link_a_new_password_is_chosen_and_the_old_is_over(server):
    user = server.user("nina")
    fields = [
        server.create("stages/prompt/prompts/", name=f"rec {key}", field_key=key, label=key, type="password", required=True, order=order)["pk"]
        for order, key in enumerate(["password", "password_repeat"])
    ]
    stages = [
        server.create("stages/prompt/stages/", name="rec prompt", fields=fields),
        server.create("stages/user_write/", name="rec write", user_creation_mode="never_create"),
        server.create("stages/user_login/", name="rec login"),
    ]
    flow = server.create("flows/instances/", name="rec", slug="rec", title="A new password", designation="recovery")
    for order, stage in enumerate(stages):
        server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=order)
    brand = server.one("core/brands/", domain="authentik-default")
    server.patch(f"core/brands/{brand['brand_uuid']}/", flow_recovery=flow["pk"])
    link = server.api("POST", f"core/users/{user['pk']}/recovery/", 200).json()["link"]
    assert urllib.parse.urlsplit(link).path == "/if/flow/rec/" and "flow_token=" in link, link
    assert server.api("POST", "core/users/999999/recovery/").status_code == 404
    for method in ("HEAD", "GET"):
        assert requests.request(method, link, timeout=10).status_code == 200
    # What was looked at outlives a restart, and so does what the button began.
    server.restart()
    nina = Person(server, "nina")
    begun = nina.press(nina.get(link))
    assert (begun.status_code, begun.headers["Location"]) == (303, "/if/flow/rec/"), begun.text
    server.restart()
    page = nina.get("/if/flow/rec/")
    answer = submit(nina.web, server, page.text, password="A-Fresh-Password-1", password_repeat="A-Fresh-Password-1")
    assert answer.status_code < 400 and nina.me().json()["user"]["username"] == "nina"
    with pytest.raises(Refused):
        Person(server, "nina").sign_in()
    Person(server, "nina", "A-Fresh-Password-1").sign_in()
    again = Person(server, "nina")
    assert again.press(again.get(link)).status_code == 404
