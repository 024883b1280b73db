"""Acting as another user, and the settings that allow it."""

import pytest
import requests

from world import Person, Server


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    yield server
    server.close()
    assert not server.panics()


@pytest.fixture
def admin(server):
    return Person(server).sign_in()


def impersonate(person, user, **body):
    return person.api("POST", f"core/users/{user['pk']}/impersonate/", json=body)


def test_an_administrator_acts_as_another_and_events_name_both(server, admin):
    user = server.user("alice")
    before = admin.web.cookies["authentik_session"]
    assert impersonate(admin, user, reason="she cannot see her page").status_code == 201
    assert admin.web.cookies["authentik_session"] != before, "another key for what the session may now do"
    me = admin.me().json()
    assert (me["user"]["username"], me["original"]["username"]) == ("alice", "akadmin")
    assert admin.api("GET", "core/groups/").status_code == 403, "with her rights, not with one's own"
    assert admin.api("PATCH", "core/users/me/").status_code == 405
    assert admin.api("POST", "core/tokens/", json={"identifier": "made-for-alice"}).status_code == 403, "it would outlive this"
    assert admin.api("GET", "core/users/impersonate_end/").status_code == 204
    assert admin.me().json()["user"]["username"] == "akadmin" and "original" not in admin.me().json()
    events = server.get("events/events/", ordering="created", page_size=200)["results"]
    named = {e["action"]: e["user"] for e in events if "impersonation" in e["action"]}
    assert named["impersonation_started"]["username"] == "akadmin"
    assert named["impersonation_ended"]["username"] == "akadmin"
    assert named["impersonation_ended"]["on_behalf_of"]["username"] == "alice"
    reason = next(e["context"]["reason"] for e in events if e["action"] == "impersonation_started")
    assert reason == "she cannot see her page"


def test_the_old_session_key_is_worth_nothing(server, admin):
    user = server.user("bela")
    old = dict(admin.web.cookies)
    assert impersonate(admin, user, reason="r").status_code == 201
    thief = Person(server)
    thief.web.cookies.update(old)
    assert thief.api("GET", "core/users/me/").status_code == 403


def test_an_application_is_let_in_only_while_it_lasts(server, admin):
    user, app = server.user("frieda"), server.application("wiki", scopes=["offline_access"])
    own = admin.tokens(app, scope="openid profile offline_access")
    assert "refresh_token" in own
    assert impersonate(admin, user, reason="r").status_code == 201
    given = admin.tokens(app, scope="openid profile offline_access")
    assert "refresh_token" not in given
    who = lambda tokens: requests.get(f"{server.base}/application/o/userinfo/", headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=30)  # noqa: E731
    assert who(given).json()["preferred_username"] == "frieda"
    event = server.get("events/events/", action="authorize_application")["results"][0]
    assert (event["user"]["username"], event["user"]["on_behalf_of"]["username"]) == ("akadmin", "frieda")
    assert admin.api("POST", "core/users/impersonate_end/").status_code == 204
    assert who(given).status_code == 401, "what she was given ended"
    assert who(own).json()["preferred_username"] == "akadmin", "what is one's own goes on"


def test_what_may_not_be_impersonated(server, admin):
    user, gone = server.user("carla"), server.user("dora")
    server.patch(f"core/users/{gone['pk']}/", is_active=False)
    me = admin.me().json()["user"]
    assert impersonate(admin, user).status_code == 401, "a reason is asked for"
    assert impersonate(admin, me, reason="r").status_code == 401, "oneself"
    assert impersonate(admin, gone, reason="r").status_code == 401, "nobody can sign in as her"
    assert impersonate(Person(server, "carla").sign_in(), me, reason="r").status_code == 401, "without the right"
    server.api("PATCH", "admin/settings/", 200, json={"impersonation_require_reason": False})
    assert impersonate(admin, user).status_code == 201
    assert impersonate(admin, server.user("emil")).status_code == 401, "one at a time, and she may not"
    assert admin.api("POST", "core/users/impersonate_end/").status_code == 204
    server.api("PATCH", "admin/settings/", 200, json={"impersonation": False})
    assert impersonate(admin, user).status_code == 401
    assert "can_impersonate" not in server.get("root/config/")["capabilities"]
    admin.web.headers["Sec-Fetch-Site"] = "cross-site"
    assert admin.api("GET", "core/users/impersonate_end/").status_code == 403


def test_settings_stay_and_decide(server):
    server.api("PATCH", "admin/settings/", 200, json={"default_token_length": 80, "footer_links": [{"name": "Help", "href": "https://help.example.org"}]})
    server.create("core/tokens/", identifier="long")
    assert len(server.get("core/tokens/long/view_key/")["key"]) == 80
    server.restart()
    assert server.get("admin/settings/")["default_token_length"] == 80
    assert server.get("core/brands/current/")["ui_footer_links"] == [{"name": "Help", "href": "https://help.example.org"}]
