"""What administrators do with accounts beyond changing their fields: locking, handing out what is stored, edits side by side."""

import json

import pytest

from world import PASSWORD, Person, Refused, Server


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    yield server
    server.close()
    assert not server.panics()


def test_a_locked_account_can_do_nothing_and_comes_back_without_what_it_had(server):
    user = server.user("locked-one")
    person = Person(server, "locked-one").sign_in()
    server.create("core/tokens/", identifier="of-locked", user=user["pk"], intent="api")
    token = server.get("core/tokens/of-locked/view_key/")["key"]
    assert server.api("GET", "core/users/me/", token=token).status_code == 200
    lockdown, unlock = (f"countersign/users/{user['pk']}/{what}/" for what in ("lockdown", "unlock"))
    assert server.api("POST", lockdown, json={}).json() == {"reason": ["This field is required."]}
    before = server.get("events/events/", subject=user["pk"])["pagination"]["count"]
    server.api("POST", lockdown, 204, json={"reason": "laptop stolen"})
    events = server.get("events/events/", subject=user["pk"])
    assert events["pagination"]["count"] == before + 1
    assert events["results"][0]["action"] == "custom_account_locked" and events["results"][0]["context"]["reason"] == "laptop stolen"
    assert person.me().status_code == 403
    assert server.api("GET", "core/users/me/", token=token).status_code == 403
    assert server.get("core/tokens/", user__username="locked-one")["results"] == []
    with pytest.raises(Refused):
        Person(server, "locked-one").run_flow("default-authentication-flow")
    server.api("POST", unlock, 204)
    assert person.me().status_code == 403, "the old session does not come back"
    assert server.api("GET", "core/users/me/", token=token).status_code == 403
    Person(server, "locked-one", PASSWORD).sign_in()
    own = server.get("core/users/me/")["user"]["pk"]
    assert server.api("POST", f"countersign/users/{own}/lockdown/", json={"reason": "mine"}).status_code == 400


def test_all_that_is_stored_about_a_person_is_handed_out_without_secrets(server):
    user, other = server.user("stored-one", email="stored@example.test"), server.user("stored-two")
    person = Person(server, "stored-one").sign_in()
    made = person.api("POST", "core/tokens/", json={"identifier": "of-stored", "intent": "api"})
    assert made.status_code == 201, made.text
    key = person.api("GET", "core/tokens/of-stored/view_key/").json()["key"]
    path = f"countersign/users/{user['pk']}/export/"
    answer = person.api("GET", path)
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    exported = answer.json()
    assert exported["user"]["email"] == "stored@example.test"
    assert [token["identifier"] for token in exported["tables"]["token"]] == ["of-stored"]
    assert len(exported["tables"]["session"]) == 1 and exported["tables"]["session"][0]["last_ip"]
    assert any(event["action"] == "login" for event in exported["events"])
    stored = server.get(path)
    assert key not in json.dumps(stored) and "$argon2" not in json.dumps(stored)
    assert person.api("GET", f"countersign/users/{other['pk']}/export/").status_code == 404


@pytest.mark.parametrize("path, fields", [("core/users/", {"username": "tagged", "name": "a"}), ("core/groups/", {"name": "tagged"}), ("core/tokens/", {"identifier": "tagged", "intent": "api"})])
def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(server, path, fields):
    made = server.create(path, **fields)
    one = f"{path}{made.get('identifier', made['pk'])}/"
    field = {"core/users/": "name", "core/groups/": "name", "core/tokens/": "description"}[path]
    tag = server.api("GET", one, 200).headers["ETag"]
    assert server.api("GET", one, 200).headers["ETag"] == tag
    changed = server.api("PATCH", one, 200, json={field: "b"}, headers={"If-Match": tag})
    assert changed.headers["ETag"] != tag
    late = server.api("PATCH", one, 412, json={field: "c"}, headers={"If-Match": tag})
    assert "read it again" in late.json()["detail"]
    assert server.get(one)[field] == "b"
    server.api("DELETE", one, 412, headers={"If-Match": tag})
    server.api("PATCH", one, 200, json={field: "c"})
    server.api("DELETE", one, 204, headers={"If-Match": server.api("GET", one, 200).headers["ETag"]})


def test_a_sign_in_does_not_make_an_edit_of_the_account_late(server):
    user = server.user("tag-signs-in")
    path = f"core/users/{user['pk']}/"
    tag = server.api("GET", path, 200).headers["ETag"]
    Person(server, "tag-signs-in").sign_in()
    server.api("PATCH", path, 200, json={"name": "In time"}, headers={"If-Match": tag})


def test_no_licence_is_needed_and_there_are_no_tenants(server):
    assert server.get("enterprise/license/")["results"] == []
    assert server.get("enterprise/license/summary/")["status"] == "unlicensed"
    assert server.get("enterprise/license/forecast/")["forecasted_internal_users"] == 0
    assert server.get("enterprise/license/install_id/")["install_id"]
    refused = server.api("POST", "enterprise/license/", 400, json={"key": "x"})
    assert "No licence is needed" in refused.json()["key"][0]
    for path in ("tenants/tenants/", "tenants/domains/"):
        assert server.api("GET", path).status_code == 404


def test_a_blueprint_is_planned_and_checked_before_it_is_kept(server):
    content = """version: 1
entries:
  - model: authentik_core.group
    identifiers: {name: planned group}
    attrs: {}
  - model: authentik_stages_dummy.dummystage
    identifiers: {name: planned stage}
    attrs: {throw_error: false}
"""
    planned = server.api("POST", "countersign/blueprints/plan/", 200, json={"content": content}).json()
    assert [step["action"] for step in planned["steps"]] == ["create", "create"]
    assert [difference["label"] for difference in planned["differences"]] == ["planned stage"]
    assert server.get("core/groups/", search="planned group")["results"] == []
    assert server.get("stages/dummy/", name="planned stage")["results"] == []
    assert server.api("POST", "countersign/blueprints/validate/", 200, json={"content": content}).json() == {"valid": True, "findings": []}
    wrong = server.api("POST", "countersign/blueprints/validate/", 200, json={"content": content.replace("core.group", "core.gruop")}).json()
    assert wrong["valid"] is False and wrong["findings"][0]["line"] == 3
    broken = server.api("POST", "countersign/blueprints/validate/", 200, json={"content": "version: [1"}).json()
    assert broken["valid"] is False
    server.api("POST", "countersign/blueprints/plan/", 400, json={"content": "version: 1\nentries: [{model: nothing}]"})
