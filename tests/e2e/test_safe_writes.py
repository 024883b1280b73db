"""Writes that scripts can send twice, or side by side, without doing harm."""

from concurrent.futures import ThreadPoolExecutor

from world import Person

# One of each way in which objects are kept: kinds, members of families, rows, and the one object of the settings.
OBJECTS = [
    ("core/applications/", {"name": "Tagged", "slug": "tagged"}, "slug", "name"),
    ("stages/dummy/", {"name": "tagged"}, "pk", "name"),
    ("policies/expression/", {"name": "tagged", "expression": "return True"}, "pk", "name"),
    ("rbac/roles/", {"name": "tagged"}, "pk", "name"),
    ("core/brands/", {"domain": "tagged.example.test"}, "brand_uuid", "domain"),
    ("stages/invitation/invitations/", {"name": "tagged"}, "pk", "name"),
    ("core/users/", {"username": "tagged", "name": "t"}, "pk", "name"),
]


def test_every_object_has_a_tag_and_an_edit_that_names_an_old_one_is_refused(server):
    for path, body, key, field in OBJECTS:
        made = server.create(path, **body)
        one = f"{path}{made[key]}/"
        tag = server.api("GET", one, 200).headers["ETag"]
        changed = server.api("PATCH", one, 200, json={field: "changed"}, headers={"If-Match": f'"other", {tag}'})
        assert changed.headers["ETag"] != tag
        for method, sent in [("PATCH", {"json": {field: "late"}}), ("DELETE", {})]:
            assert "read it again" in server.api(method, one, 412, headers={"If-Match": tag}, **sent).json()["detail"]
        assert server.get(one)[field] == "changed"
        if path == "stages/dummy/":
            of_family = server.api("GET", f"stages/all/{made['pk']}/", 200).headers["ETag"]
            server.api("DELETE", f"stages/all/{made['pk']}/", 412, headers={"If-Match": tag})
            server.api("DELETE", f"stages/all/{made['pk']}/", 204, headers={"If-Match": of_family})
        else:
            server.api("DELETE", one, 204, headers={"If-Match": "*"})
    # The settings have one before anybody changed them, too.
    tag = server.api("GET", "admin/settings/", 200).headers["ETag"]
    changed = server.api("PATCH", "admin/settings/", 200, json={"default_token_length": 50}, headers={"If-Match": tag})
    server.api("PATCH", "admin/settings/", 412, json={"default_token_length": 51}, headers={"If-Match": tag})
    assert server.api("GET", "admin/settings/", 200).headers["ETag"] == changed.headers["ETag"]


def test_a_request_with_a_key_is_carried_out_once(server):
    def post(path, body, key, status=None, call=server.api):
        return call("POST", path, *([status] if status else []), json=body, headers={"Idempotency-Key": key})

    first = post("core/users/", {"username": "once", "name": "Once"}, "a key", 201)
    again = post("core/users/", {"username": "once", "name": "Once"}, "a key", 201)
    assert again.json() == first.json() and again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    assert len(server.get("events/events/", action="model_created", context_model_name="user", context_model_pk=str(first.json()["pk"]))["results"]) == 1
    # Another body or another address with the same key.
    post("core/users/", {"username": "another", "name": "Once"}, "a key", 422)
    post("core/groups/", {"username": "once", "name": "Once"}, "a key", 422)
    # What failed was not done: the same key does it once it can be done.
    post("core/groups/", {}, "later", 400)
    made = post("core/groups/", {"name": "Later"}, "later", 201)
    # What a first answer tells once, it tells again: but not to others, and nowhere in clear.
    account = {"name": "machine", "create_group": False}
    token = post("core/users/service_account/", account, "machine", 200).json()["token"]
    assert post("core/users/service_account/", account, "machine", 200).json()["token"] == token
    server.user("boss", groups=["authentik Admins"])
    boss = Person(server, "boss").sign_in()
    csrf = boss.web.cookies.get("authentik_csrf", "")
    other = boss.web.post(f"{server.base}/api/v3/core/groups/", json={"name": "Of the boss"}, headers={"Idempotency-Key": "a key", "X-authentik-CSRF": csrf}, timeout=30)
    assert other.status_code == 201, "keys of others are others"
    for key in ("", "x" * 256):
        post("core/groups/", {"name": "x"}, key, 400)
    # Who lost the right to ask is not given the answer either.
    server.api("PATCH", f"core/users/{server.one('core/users/', username='boss')['pk']}/", 200, json={"groups": []})
    denied = boss.web.post(f"{server.base}/api/v3/core/groups/", json={"name": "Of the boss"}, headers={"Idempotency-Key": "a key", "X-authentik-CSRF": csrf}, timeout=30)
    assert denied.status_code == 403
    # Many at once: one is carried out, and no two answers differ.
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post("core/groups/", {"name": "Raced"}, "raced"), range(16)))
    assert {answer.status_code for answer in answers} <= {201, 409} and any(answer.status_code == 201 for answer in answers)
    assert len({answer.json()["pk"] for answer in answers if answer.status_code == 201}) == 1
    assert [group["name"] for group in server.get("core/groups/", search="Raced")["results"]] == ["Raced"]
    assert made.json()["name"] == "Later"


def test_many_objects_at_once_each_by_its_own_rights(server):
    groups = [server.create("core/groups/", name=f"bulk {number}")["pk"] for number in range(3)]
    user, admin = server.user("uma")["pk"], server.one("core/users/", username="akadmin")["pk"]

    def bulk(status=200, call=server.api, **body):
        return call("POST", "countersign/bulk/", status, json=body).json()

    done = bulk(action="deactivate", model="authentik_core.user", keys=[user, 4711, admin])
    assert [(one["key"], one["status"]) for one in done["results"]] == [(user, 200), (4711, 404), (admin, 400)]
    assert done["succeeded"] == 1 and done["results"][0]["error"] is None and "detail" in done["results"][1]["error"]
    assert server.get(f"core/users/{user}/")["is_active"] is False and server.get(f"core/users/{admin}/")["is_active"] is True
    assert bulk(action="activate", model="authentik_core.user", keys=[user])["succeeded"] == 1

    # Who may touch one group touches that one.
    role = server.create("rbac/roles/", name="one group")["pk"]
    server.create("core/groups/", name="delegates", users=[user], roles=[role])
    assert [one["name"] for one in server.get("rbac/roles/", group__name="delegates")["results"]] == ["one group"]
    assert server.get("rbac/roles/", group__name="nobody's")["results"] == []
    given = {"permissions": ["authentik_core.view_group", "authentik_core.delete_group"], "model": "authentik_core.group", "object_pk": groups[0]}
    server.api("POST", f"rbac/permissions/assigned_by_roles/{role}/assign/", 200, json=given)
    uma = Person(server, "uma").sign_in()

    def as_uma(method, path, status, **arguments):
        answer = uma.api(method, path, **arguments)
        assert answer.status_code == status, answer.text
        return answer

    done = bulk(call=as_uma, action="delete", model="authentik_core.group", keys=groups[::-1])
    assert [one["status"] for one in done["results"]] == [404, 404, 204]
    assert {group["name"] for group in server.get("core/groups/", search="bulk")["results"]} == {"bulk 1", "bulk 2"}
    applications = [server.create("core/applications/", name=f"a{number}", slug=f"a{number}")["slug"] for number in range(2)]
    assert bulk(action="delete", model="authentik_core.application", keys=[*applications, "a9"])["succeeded"] == 2

    for body in [{"action": "explode", "model": "authentik_core.user", "keys": []}, {"action": "deactivate", "model": "authentik_core.group", "keys": []}, {"action": "delete", "model": "a.b", "keys": []}, {"action": "delete", "model": "authentik_core.group"}, {"action": "delete", "model": "authentik_core.group", "keys": ["x"] * 1001}]:
        bulk(400, **body)
    assert bulk(action="delete", model="authentik_core.group", keys=[])["results"] == []
