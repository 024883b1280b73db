"""The guide's Flask application, with the real Authlib, against the real server."""

import pathlib
import sys

import pytest
import requests

from world import TESTS, Person, Process, free_port, wait_for


class Flask(Process):
    def __init__(self, server, app):
        super().__init__("flask")
        self.port = int(app.redirect.split(":")[2].split("/")[0])
        self.base = f"http://localhost:{self.port}"
        self.environment = {
            "AUTHENTIK_BASE_URL": f"http://127.0.0.1:{server.port}",
            "AUTHENTIK_PUBLIC_URL": server.base,
            "AUTHENTIK_CLIENT_ID": app.id,
            "AUTHENTIK_CLIENT_SECRET": app.secret,
            "FLASK_SECRET_KEY": "a secret of this test",
            "PORT": str(self.port),
        }

    def start(self):
        self.spawn([sys.executable, str(pathlib.Path(TESTS, "flask_app/app.py"))], self.environment)
        wait_for(lambda: requests.get(self.base + "/health", timeout=5).status_code == 200, 30, "Flask")
        return self

    def close(self):
        self.stop()


@pytest.fixture
def flask(server, start):
    """The application, registered by the words of the guide: explicit consent, its callback and nothing else."""
    for name in ("Administrators", "Managers", "Users"):
        server.group(name)
    callback = f"http://localhost:{free_port()}/callback"
    app = server.application(
        "flask-app",
        name="Flask SSO App",
        consent="explicit",
        redirects=[callback],
        access_token_validity="minutes=10",
    )
    return start(Flask(server, app))


def signed_in(server, flask, username):
    person = Person(server, username)
    page = person.open(flask.base + "/login")
    assert page.url == flask.base + "/" and page.status_code == 200, page.text
    return person


def test_people_sign_in_and_pages_open_by_group(server, flask):
    server.user("alice", ["Administrators"])
    server.user("mark", ["Users"])
    server.user("nora")

    alice = signed_in(server, flask, "alice")
    assert alice.seen[-1] == "ak-stage-consent", "the guide's flow asks for consent once"
    user = alice.get(flask.base + "/").json()["user"]
    assert (user["email"], user["name"], user["preferred_username"]) == ("alice@example.test", "Alice", "alice")
    assert [g["name"] for g in user["groups"]] == ["Administrators"]
    assert alice.get(flask.base + "/admin").status_code == 200
    assert alice.get(flask.base + "/user").status_code == 200

    mark = signed_in(server, flask, "mark")
    assert mark.get(flask.base + "/user").status_code == 200
    refusal = mark.get(flask.base + "/admin")
    assert refusal.status_code == 403
    assert refusal.json() == {
        "error": "Insufficient permissions",
        "required_roles": ["Admin", "Administrators"],
        "user_roles": ["Users"],
    }

    nora = signed_in(server, flask, "nora")
    for page in ("/admin", "/user"):
        refusal = nora.get(flask.base + page)
        assert (refusal.status_code, refusal.json()["user_roles"]) == (403, [])

    assert any("User alice@example.test logged in successfully" in line for line in flask.lines())


def test_logout_ends_both_sessions_and_returns_to_the_start_page(server, flask):
    server.user("alice", ["Administrators"])
    alice = signed_in(server, flask, "alice")
    # The application sends no token, which would prove that it asked: the person is asked.
    asked = alice.open(flask.base + "/logout")
    assert "Sign out?" in asked.text and alice.me().status_code == 200
    answer = alice.press(asked)
    assert (answer.status_code, answer.headers["Location"]) == (302, flask.base + "/")
    assert alice.me().status_code == 403
    assert alice.get(flask.base + "/").json()["user"] is None
    assert alice.me().status_code == 403, "the server's session has ended too"

    alice.seen.clear()
    assert alice.open(flask.base + "/login").url == flask.base + "/"
    assert "ak-stage-identification" in alice.seen, "the next sign-in asks for the password"
    assert "ak-stage-consent" not in alice.seen, "consent was given before"


def test_a_second_sign_in_shows_no_page(server, flask):
    server.user("alice", ["Administrators"])
    alice = signed_in(server, flask, "alice")
    alice.web.cookies.clear(domain="localhost.local", path="/", name="session")
    alice.seen.clear()
    assert alice.open(flask.base + "/login").status_code == 200
    assert alice.seen == []


def test_group_changes_count_from_the_next_sign_in(server, flask):
    user = server.user("mark", ["Users"])
    mark = signed_in(server, flask, "mark")
    assert mark.get(flask.base + "/admin").status_code == 403
    group = server.one("core/groups/", name="Administrators")
    server.api("POST", f"core/groups/{group['pk']}/add_user/", 204, json={"pk": user["pk"]})
    mark = signed_in(server, flask, "mark")
    assert mark.get(flask.base + "/admin").status_code == 200
