"""Roles and permissions on single objects, over the API and in blueprints."""

import pytest

from world import Server

ASSIGN = "rbac/permissions/assigned_by_roles/{}/assign/"
UNASSIGN = "rbac/permissions/assigned_by_roles/{}/unassign/"


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    yield server
    server.close()
    assert not server.panics()


@pytest.fixture
def delegate(server, request):
    """Somebody with a role of its own: how to call the API as it, its role and its account."""
    name = request.node.name.replace("_", "-")[:60]
    role = server.create("rbac/roles/", name=name)
    user = server.user(name)
    server.create("core/groups/", name=name, users=[user["pk"]], roles=[role["pk"]])
    server.create("core/tokens/", identifier=name, user=user["pk"], intent="api")
    token = server.get(f"core/tokens/{name}/view_key/")["key"]

    def call(method, path, **arguments):
        return server.api(method, path, token=token, **arguments)

    call.role, call.user = role["pk"], user
    return call


def give(server, role, *permissions, **on):
    return server.api("POST", ASSIGN.format(role), 200, json={"permissions": permissions, **on}).json()


def test_the_read_only_role_reads_everything_and_changes_nothing(server):
    user = server.user("reader")
    group = server.one("core/groups/", name="authentik Read-only")
    assert [role["name"] for role in group["roles_obj"]] == ["authentik Read-only"]
    server.api("POST", f"core/groups/{group['pk']}/add_user/", 204, json={"pk": user["pk"]})
    server.create("core/tokens/", identifier="of-reader", user=user["pk"], intent="api")
    token = server.get("core/tokens/of-reader/view_key/")["key"]
    for path in ("core/users/", "core/groups/", "flows/instances/", "stages/all/", "rbac/roles/", "events/events/", "providers/oauth2/"):
        assert server.api("GET", path, token=token).status_code == 200, path
        assert server.api("POST", path, token=token, json={}).status_code in (403, 405), path
    key = server.one("core/tokens/", identifier="of-reader")["identifier"]
    assert server.api("POST", f"core/tokens/{key}/set_key/", token=token, json={"key": "x"}).status_code == 403
    assert server.api("POST", f"core/groups/{group['pk']}/add_user/", token=token, json={"pk": 1}).status_code == 403


def test_what_is_held_on_one_account_shows_and_changes_that_one(server, delegate):
    one, two = server.user("grant-one"), server.user("grant-two")
    assert delegate("GET", "core/users/").status_code == 403
    on = {"model": "authentik_core.user", "object_pk": str(one["pk"])}
    given = give(server, delegate.role, "view_user", "authentik_core.change_user", **on)
    assert len(given) == 2
    listed = delegate("GET", "core/users/").json()
    assert [user["username"] for user in listed["results"]] == ["grant-one"] and listed["pagination"]["count"] == 1
    assert delegate("GET", "core/users/", params={"search": "grant"}).json()["pagination"]["count"] == 1
    assert delegate("PATCH", f"core/users/{one['pk']}/", json={"name": "One"}).status_code == 200
    assert delegate("PATCH", f"core/users/{two['pk']}/", json={"name": "Two"}).status_code == 404
    assert delegate("DELETE", f"core/users/{one['pk']}/").status_code == 403
    extra = server.get("rbac/permissions/roles/", uuid=delegate.role)["results"]
    assert {(row["codename"], row["object_pk"]) for row in extra} == {("view_user", str(one["pk"])), ("change_user", str(one["pk"]))}
    held = server.get("rbac/permissions/assigned_by_roles/", model="authentik_core.user", object_pk=one["pk"])["results"]
    assert [row["role_pk"] for row in held] == [delegate.role]
    server.api("PATCH", UNASSIGN.format(delegate.role), 204, json={"permissions": ["view_user", "change_user"], **on})
    assert delegate("GET", "core/users/").status_code == 403


def test_nobody_gives_what_he_does_not_hold(server, delegate):
    give(server, delegate.role, "authentik_rbac.view_role", "authentik_rbac.add_role", "authentik_rbac.assign_role_permissions")
    give(server, delegate.role, "authentik_core.view_group", "authentik_core.change_group", "authentik_core.add_user_to_group")
    made = delegate("POST", "rbac/roles/", json={"name": "made by a delegate"}).json()["pk"]
    assert delegate("POST", ASSIGN.format(made), json={"permissions": ["authentik_core.view_group"]}).status_code == 200
    refused = delegate("POST", ASSIGN.format(made), json={"permissions": ["authentik_core.delete_user"]})
    assert refused.status_code == 403 and "do not hold" in refused.json()["detail"]
    admins = server.one("core/groups/", name="authentik Admins")
    assert delegate("POST", f"core/groups/{admins['pk']}/add_user/", json={"pk": delegate.user["pk"]}).status_code == 403
    own = server.one("core/groups/", members_by_pk=delegate.user["pk"])
    assert delegate("PATCH", f"core/groups/{own['pk']}/", json={"parent": admins["pk"]}).status_code == 403
    assert delegate("PATCH", f"core/groups/{own['pk']}/", json={"is_superuser": True}).status_code == 400
    assert server.get(f"core/users/{delegate.user['pk']}/")["is_superuser"] is False


def test_who_holds_more_is_not_changed_or_entered(server, delegate):
    give(server, delegate.role, *(f"authentik_core.{name}" for name in ("view_user", "change_user", "reset_user_password", "impersonate", "view_token", "add_token", "view_token_key")))
    admin = server.one("core/users/", username="akadmin")["pk"]
    assert delegate("PATCH", f"core/users/{admin}/", json={"email": "mine@example.org"}).status_code == 403
    assert delegate("POST", f"core/users/{admin}/set_password/", json={"password": "Mine-Now-123"}).status_code == 403
    assert delegate("POST", f"core/users/{admin}/impersonate/", json={"reason": "mine"}).status_code == 401
    assert delegate("POST", "core/tokens/", json={"identifier": "mine", "user": admin, "intent": "api"}).status_code == 403
    for token in server.get("core/tokens/", user__username="akadmin")["results"]:
        assert delegate("GET", f"core/tokens/{token['identifier']}/view_key/").status_code == 403
    plain = server.user("plain-one")["pk"]
    assert delegate("POST", f"core/users/{plain}/set_password/", json={"password": "Plain-Now-123"}).status_code == 204


def test_what_somebody_makes_is_given_to_him_as_initial_permissions_say(server, delegate):
    give(server, delegate.role, "authentik_stages_dummy.add_dummystage")
    names = {row["codename"]: row["id"] for row in server.get("rbac/permissions/", content_type__model="dummystage")["results"]}
    wanted = [names["view_dummystage"], names["change_dummystage"]]
    server.create("rbac/initial_permissions/", name="of their own", mode="user", role=delegate.role, permissions=wanted)
    assert delegate("GET", "stages/dummy/").status_code == 403
    made = delegate("POST", "stages/dummy/", json={"name": "made here"}).json()["pk"]
    assert [stage["pk"] for stage in delegate("GET", "stages/dummy/").json()["results"]] == [made]
    assert delegate("PATCH", f"stages/dummy/{made}/", json={"throw_error": False}).status_code == 200
    assert delegate("DELETE", f"stages/dummy/{made}/").status_code == 403


def test_blueprints_give_permissions(server, delegate):
    content = f"""version: 1
entries:
  - model: authentik_stages_dummy.dummystage
    identifiers: {{name: from a file}}
    attrs: {{}}
    permissions:
      - {{permission: view_dummystage, role: {delegate.role}}}
"""
    instance = server.create("managed/blueprints/", name="permissions", content=content)
    server.api("POST", f"managed/blueprints/{instance['pk']}/apply/", 200, json={})
    assert [stage["name"] for stage in delegate("GET", "stages/dummy/").json()["results"]] == ["from a file"]
    exported = server.api("GET", "countersign/export/", 200, params={"kinds": "authentik_stages_dummy.dummystage"}).text
    assert "permissions:" in exported and "authentik_stages_dummy.view_dummystage" in exported
