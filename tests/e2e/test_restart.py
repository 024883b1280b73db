"""What survives the end of the process."""

from world import Person, requests


def test_sessions_tokens_and_consents_survive_a_restart(server, admin):
    app = server.application("wiki", consent="explicit", scopes=["offline_access"])
    tokens = admin.tokens(app, scope="openid profile offline_access")
    code = admin.code(app)
    server.restart()
    assert admin.me().status_code == 200
    admin.seen.clear()
    assert admin.code(app) and admin.seen == [], "neither password nor consent is asked again"
    assert app.redeem(code).status_code == 200, "a code of before is good afterwards"
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_a_login_in_progress_survives_a_restart(server):
    server.user("alice")
    alice = Person(server, "alice")
    executor = f"{server.base}/api/v3/flows/executor/default-authentication-flow/?query="
    challenge = alice.web.get(executor, timeout=10).json()
    server.restart()
    reply = {"component": challenge["component"]} | alice.answer(challenge)
    challenge = alice.web.post(executor, json=reply, timeout=30).json()
    while challenge["component"] != "xak-flow-redirect":
        challenge = alice.web.post(executor, json={"component": challenge["component"]} | alice.answer(challenge), timeout=30).json()
    assert alice.me().status_code == 200


def test_a_graceful_stop_is_quick_and_clean(server):
    server.group("Kept")
    assert server.stop() == 0
    server.start()
    assert server.one("core/groups/", name="Kept")


def test_default_objects_are_applied_once(server):
    def count():
        paths = ["flows/instances/", "stages/all/", "policies/all/", "propertymappings/all/", "core/groups/", "crypto/certificatekeypairs/"]
        return {path: server.get(path)["pagination"]["count"] for path in paths}

    before = count()
    assert all(before.values()), before
    server.restart()
    assert count() == before


def test_a_changed_default_object_keeps_its_change_where_the_blueprint_allows(server):
    flow = server.get("flows/instances/default-provider-authorization-implicit-consent/")
    server.patch(f"flows/instances/{flow['slug']}/", title="Ours")
    revoked = server.user("bob")
    server.api("DELETE", f"core/users/{revoked['pk']}/", 204)
    server.restart()
    assert requests.get(server.base + "/-/health/ready/", timeout=10).status_code == 200
    assert not server.get("core/users/", username="bob")["results"]
