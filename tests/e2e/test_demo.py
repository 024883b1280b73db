"""The demo application against the real server."""

import pytest
import requests

from world import Demo, Person, free_port, wait_for


@pytest.fixture
def demo(server, start):
    for name in ("Administrators", "Managers", "Users"):
        server.group(name)
    port = free_port()
    app = server.application("flask-app", redirects=[f"http://localhost:{port}/callback"])
    return start(Demo(server, app, port))


def signed_in(server, demo, username):
    person = Person(server, username)
    page = person.open(demo.base + "/login")
    assert page.url == demo.base + "/" and page.status_code == 200, page.text
    return person


def statuses(person, demo):
    return {path: person.get(demo.base + path).status_code for path in ("/admin", "/manager", "/managers", "/user")}


def test_pages_open_by_group(server, demo):
    server.user("alice", ["Administrators"])
    server.user("mary", ["Managers"])
    server.user("uwe", ["Users"])
    server.user("nora")
    rows = {
        "alice": [200, 200, 200, 200],
        "mary": [403, 200, 200, 200],
        "uwe": [403, 403, 403, 200],
        "nora": [403, 403, 403, 403],
    }
    for username, expected in rows.items():
        person = signed_in(server, demo, username)
        assert list(statuses(person, demo).values()) == expected, username
        home = person.get(demo.base + "/").text
        assert username.title() in home and f"{username}@example.test" in home
    assert any("User alice@example.test logged in successfully" in line for line in demo.lines())
    assert any("Running on http://127.0.0.1" in line for line in demo.lines())


def test_the_refusal_has_the_shape_of_the_guide(server, demo):
    server.user("uwe", ["Users"])
    refusal = signed_in(server, demo, "uwe").get(demo.base + "/admin", headers={"Accept": "text/html"})
    assert refusal.headers["Content-Type"] == "application/json"
    assert refusal.json() == {
        "error": "Insufficient permissions",
        "required_roles": ["Admin", "Administrators"],
        "user_roles": ["Users"],
    }


def test_logout_ends_both_sessions(server, demo):
    server.user("alice", ["Administrators"])
    alice = signed_in(server, demo, "alice")
    assert alice.open(demo.base + "/logout").url == demo.base + "/"
    assert alice.me().status_code == 403
    alice.seen.clear()
    alice.open(demo.base + "/login")
    assert "ak-stage-identification" in alice.seen


def test_membership_of_a_child_group_counts(server, demo):
    parent = server.one("core/groups/", name="Administrators")
    server.group("Operators", parent=parent["pk"])
    server.user("olga", ["Operators"])
    olga = signed_in(server, demo, "olga")
    assert statuses(olga, demo)["/admin"] == 200


def test_the_application_connects_when_its_settings_appear(server, start):
    demo = start(Demo(server))
    page = requests.get(demo.base + "/", timeout=10)
    assert "AUTHENTIK_CLIENT_ID" in page.text and "Not connected yet" in page.text
    app = server.application("flask-app", redirects=[demo.base + "/callback"])
    settings = f"AUTHENTIK_CLIENT_ID={app.id}\nAUTHENTIK_CLIENT_SECRET={app.secret}\n"
    (demo.folder / ".env").write_text(settings)
    wait_for(lambda: "Sign in" in requests.get(demo.base + "/", timeout=10).text, 5, "the new settings")
    signed_in(server, demo, "akadmin")


def test_a_code_of_another_browser_signs_nobody_in(server, demo):
    server.user("alice", ["Administrators"])
    alice = Person(server, "alice")
    callback = alice.visit(demo.base + "/login", until=demo.base + "/callback")
    stranger = requests.get(callback, timeout=10, allow_redirects=False)
    assert stranger.status_code == 400
    assert "session" not in stranger.cookies
    code = callback.split("code=")[1].split("&")[0]
    assert code not in stranger.text and code not in "\n".join(demo.lines())
