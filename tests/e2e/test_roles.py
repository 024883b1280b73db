"""Roles and permissions on single objects, over the API and in blueprints."""

import pytest

from world import Person, Server

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
    assert {row["object_description"] for row in extra} == {"User grant-one"}
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


def test_what_is_held_on_rows_and_by_accounts_is_exported_and_loads_again(server, delegate):
    group = server.create("core/groups/", name="exported group")
    give(server, delegate.role, "change_group", model="authentik_core.group", object_pk=group["pk"])
    holder = server.user("exported-holder")["pk"]
    assign = f"rbac/permissions/assigned_by_users/{holder}/assign/"
    server.api("POST", assign, 200, json={"permissions": ["view_group"], "model": "authentik_core.group", "object_pk": group["pk"]})
    server.api("POST", assign, 200, json={"permissions": ["authentik_core.view_application"]})
    exported = server.api("GET", "countersign/export/", 200, params={"kinds": "authentik_core.group,authentik_core.user,authentik_rbac.role"}).text
    server.api("DELETE", f"core/groups/{group['pk']}/", 204)
    server.api("DELETE", f"core/users/{holder}/", 204)
    instance = server.create("managed/blueprints/", name="exported rights", content=exported)
    server.api("POST", f"managed/blueprints/{instance['pk']}/apply/", 200, json={})
    again = server.one("core/groups/", name="exported group")["pk"]
    holder = server.one("core/users/", username="exported-holder")["pk"]
    on = {"model": "authentik_core.group", "object_pk": again}
    assert [row["role_pk"] for row in server.get("rbac/permissions/assigned_by_roles/", **on)["results"]] == [delegate.role]
    assert holder in [row["pk"] for row in server.get("rbac/permissions/assigned_by_users/", **on)["results"]]
    assert [row["codename"] for row in server.get("rbac/permissions/", user=holder)["results"]] == ["view_application"]


def test_who_may_edit_flows_does_not_sign_in_as_somebody_else(server, delegate):
    # Without its password stage, the flow lets everybody in as anybody.
    codenames = ("view_flow", "change_flow", "add_flow", "view_flowstagebinding", "change_flowstagebinding", "delete_flowstagebinding", "add_flowstagebinding", "view_stage")
    give(server, delegate.role, *(f"authentik_flows.{name}" for name in codenames))
    give(server, delegate.role, *(f"authentik_stages_user_login.{verb}_userloginstage" for verb in ("add", "view", "change", "delete")))
    give(server, delegate.role, *(f"authentik_policies.{verb}_policybinding" for verb in ("add", "view", "change", "delete")))
    give(server, delegate.role, "authentik_policies_dummy.add_dummypolicy", "authentik_policies_dummy.view_dummypolicy", "authentik_policies_dummy.change_dummypolicy")
    flow = server.one("flows/instances/", slug="default-authentication-flow")
    steps = server.get("flows/bindings/", target=flow["pk"])["results"]
    refused = []

    def tries(method, path, **body):
        answer = delegate(method, path, json=body)
        refused.append((method, path, answer.status_code, answer.json().get("detail")))

    for step in steps:
        tries("DELETE", f"flows/bindings/{step['pk']}/")
        tries("PATCH", f"flows/bindings/{step['pk']}/", order=step["order"] + 100)
    login = server.get("stages/user_login/")["results"][0]["pk"]
    tries("PATCH", f"stages/user_login/{login}/", session_duration="days=900")
    tries("DELETE", f"stages/user_login/{login}/")
    tries("PATCH", f"flows/instances/{flow['slug']}/", authentication="none" if flow["authentication"] != "none" else "require_authenticated")
    policy = delegate("POST", "policies/dummy/", json={"name": "never", "result": False, "wait_min": 0, "wait_max": 0}).json()["pk"]
    tries("POST", "policies/bindings/", target=steps[0]["pk"], policy=policy, order=0)
    made = delegate("POST", "flows/instances/", json={"name": "mine", "slug": "mine", "title": "Mine", "designation": "authentication"})
    assert made.status_code == 201, made.text
    mine = delegate("POST", "stages/user_login/", json={"name": "let me in"}).json()["pk"]
    tries("POST", "flows/bindings/", target=made.json()["pk"], stage=mine, order=0)
    # What the default sign-in needs stays whoever asks (400).
    answers = {answer[2:] for answer in refused}
    assert answers - {(400, None)} == {(403, "This decides who may sign in and as whom: only a superuser can change it.")}, refused
    assert server.get("flows/bindings/", target=flow["pk"])["pagination"]["count"] == len(steps)
    # How it looks decides nothing; what no flow has is a stage like any other.
    assert delegate("PATCH", f"flows/instances/{flow['slug']}/", json={"title": flow["title"] + "!"}).status_code == 200
    server.api("PATCH", f"flows/instances/{flow['slug']}/", 200, json={"title": flow["title"]})
    assert delegate("PATCH", f"stages/user_login/{mine}/", json={"name": "let me out"}).status_code == 200
    # A policy that a superuser bound to it is no longer the delegate's to change.
    server.create("policies/bindings/", target=steps[0]["pk"], policy=policy, order=99, enabled=False)
    assert delegate("PATCH", f"policies/dummy/{policy}/", json={"result": True}).status_code == 403


def test_an_application_of_a_delegate_is_not_lent_the_api(server, delegate):
    provider, application = application_of(server, delegate, "lent")
    path = f"providers/oauth2/{provider}/"
    api = server.one("propertymappings/provider/scope/", scope_name="goauthentik.io/api")["pk"]
    give(server, delegate.role, "authentik_providers_oauth2.view_scopemapping")
    lent = delegate("PATCH", path, json={"property_mappings": [api]})
    assert lent.status_code == 403 and "superuser" in lent.json()["detail"]
    server.api("PATCH", path, 200, json={"property_mappings": [api]})
    taken = delegate("PATCH", path, json={"redirect_uris": [{"matching_mode": "strict", "url": "https://mine.example/"}]})
    assert taken.status_code == 403


def application_of(server, delegate, name):
    """An application with its provider that a delegate may change; their keys."""
    flow = server.one("flows/instances/", slug="default-provider-authorization-implicit-consent")["pk"]
    provider = server.create("providers/oauth2/", name=name, authorization_flow=flow, invalidation_flow=flow, redirect_uris=[])["pk"]
    application = server.create("core/applications/", name=name, slug=name, provider=provider)
    give(server, delegate.role, "view_oauth2provider", "change_oauth2provider", model="authentik_providers_oauth2.oauth2provider", object_pk=str(provider))
    give(server, delegate.role, "view_application", "change_application", model="authentik_core.application", object_pk=application["pk"])
    return provider, application["pk"]


def test_what_may_not_be_viewed_is_not_there_to_be_named(server, delegate):
    provider, _ = application_of(server, delegate, "named")
    server.api("POST", "crypto/certificatekeypairs/generate/", 200, json={"common_name": "hidden", "subject_alt_name": "", "validity_days": 3})
    hidden = server.one("crypto/certificatekeypairs/", name="hidden")["pk"]
    wanted = {"signing_key": hidden}
    nowhere = {"signing_key": "00000000-0000-4000-8000-000000000000"}
    path = f"providers/oauth2/{provider}/"
    answers = [delegate("PATCH", path, json=body) for body in (wanted, nowhere)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].text.replace(hidden, "X") == answers[1].text.replace(nowhere["signing_key"], "X")
    give(server, delegate.role, "view_certificatekeypair", model="authentik_crypto.certificatekeypair", object_pk=hidden)
    assert delegate("PATCH", path, json=wanted).status_code == 200


def test_a_rule_is_bound_by_who_may_change_what_it_is_bound_to(server, delegate):
    _, own = application_of(server, delegate, "bound-own")
    other = server.create("core/applications/", name="bound-other", slug="bound-other")["pk"]
    give(server, delegate.role, "authentik_policies.add_policybinding", "authentik_policies.view_policybinding")
    give(server, delegate.role, "authentik_core.view_application", "authentik_core.add_applicationentitlement")
    bind = {"user": delegate.user["pk"], "order": 0}
    assert delegate("POST", "policies/bindings/", json={"target": own, **bind}).status_code == 201
    assert delegate("POST", "policies/bindings/", json={"target": other, **bind}).status_code == 400
    assert delegate("POST", "core/application_entitlements/", json={"name": "mine", "app": own}).status_code == 201
    assert delegate("POST", "core/application_entitlements/", json={"name": "mine", "app": other}).status_code == 400
    # Whom a rule is about is shown to who may view that account.
    hers = server.create("policies/bindings/", target=other, user=server.user("bound-one")["pk"], order=1)["pk"]
    assert delegate("GET", f"policies/bindings/{hers}/").json()["user_obj"] is None
    assert server.get(f"policies/bindings/{hers}/")["user_obj"]["username"] == "bound-one"


def test_changing_an_account_puts_nobody_in_a_group(server, delegate):
    give(server, delegate.role, "authentik_core.view_user", "authentik_core.change_user")
    group = server.create("core/groups/", name="opens something")["pk"]
    one = server.user("mover-one")["pk"]
    assert delegate("PATCH", f"core/users/{one}/", json={"groups": [group]}).status_code == 403
    assert delegate("PATCH", f"core/users/{one}/", json={"name": "Moved"}).status_code == 200
    on = {"model": "authentik_core.group", "object_pk": group}
    give(server, delegate.role, "view_group", "add_user_to_group", **on)
    assert delegate("PATCH", f"core/users/{one}/", json={"groups": [group]}).status_code == 200
    assert delegate("PATCH", f"core/users/{one}/", json={"groups": []}).status_code == 403
    give(server, delegate.role, "remove_user_from_group", **on)
    assert delegate("PATCH", f"core/users/{one}/", json={"groups": []}).status_code == 200


def test_who_manages_one_group_adds_whom_he_may_view(server, delegate):
    group = server.create("core/groups/", name="just this one")["pk"]
    on = {"model": "authentik_core.group", "object_pk": group}
    give(server, delegate.role, "view_group", "change_group", "add_user_to_group", "remove_user_from_group", **on)
    seen, hidden = server.user("group-seen")["pk"], server.user("group-hidden")["pk"]
    give(server, delegate.role, "view_user", model="authentik_core.user", object_pk=str(seen))
    add = f"core/groups/{group}/add_user/"
    assert delegate("POST", add, json={"pk": hidden}).status_code == 404
    assert delegate("PATCH", f"core/groups/{group}/", json={"users": [hidden]}).status_code == 400
    assert delegate("POST", add, json={"pk": seen}).status_code == 204
    server.api("POST", add, 204, json={"pk": hidden})
    # Whom somebody else added stays when the delegate changes the group.
    assert delegate("PATCH", f"core/groups/{group}/", json={"users": [seen, hidden], "attributes": {"a": 1}}).status_code == 200
    assert delegate("POST", f"core/groups/{group}/remove_user/", json={"pk": hidden}).status_code == 204


def test_events_are_not_sent_to_who_may_not_view_them(server, delegate):
    give(server, delegate.role, *(f"authentik_events.{verb}_{model}" for verb in ("add", "view", "change") for model in ("notificationrule", "notificationtransport")))
    transport = {"name": "mine", "mode": "webhook", "webhook_url": "https://mine.example/"}
    assert delegate("POST", "events/transports/", json=transport).status_code == 403
    local = server.one("events/transports/", mode="local")["pk"]
    rule = {"name": "mine", "transports": [local], "severity": "notice"}
    assert delegate("POST", "events/rules/", json=rule).status_code == 403
    give(server, delegate.role, "authentik_events.view_event")
    assert delegate("POST", "events/rules/", json=rule).status_code == 201


def test_trying_out_a_policy_tells_nothing_about_hidden_accounts(server, delegate):
    policy = server.create("policies/dummy/", name="tried", result=True, wait_min=0, wait_max=0)["pk"]
    give(server, delegate.role, "view_policy", "change_policy", model="authentik_policies.policy", object_pk=policy)
    hidden = server.user("tried-one")["pk"]
    test = f"policies/all/{policy}/test/"
    answers = [delegate("POST", test, json={"user": pk}) for pk in (hidden, 10**9)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].text.replace(str(hidden), "X") == answers[1].text.replace(str(10**9), "X")
    assert delegate("POST", test, json={"user": delegate.user["pk"]}).json()["passing"] is True


def test_acting_as_somebody_ends_when_that_one_comes_to_hold_more(server, delegate):
    give(server, delegate.role, "authentik_core.view_user", "authentik_core.impersonate")
    server.api("POST", f"core/users/{delegate.user['pk']}/set_password/", 204, json={"password": "Acting-Now-123"})
    person = Person(server, delegate.user["username"], "Acting-Now-123")
    person.sign_in()
    other = server.user("acted-as")
    assert person.api("POST", f"core/users/{other['pk']}/impersonate/", json={"reason": "test"}).status_code == 201
    assert person.api("GET", "core/users/me/").json()["user"]["username"] == "acted-as"
    admins = server.one("core/groups/", name="authentik Admins")["pk"]
    server.api("POST", f"core/groups/{admins}/add_user/", 204, json={"pk": other["pk"]})
    me = person.api("GET", "core/users/me/").json()
    assert me["user"]["username"] == delegate.user["username"] and "original" not in me
    server.api("POST", f"core/groups/{admins}/remove_user/", 204, json={"pk": other["pk"]})


def test_what_is_held_on_a_row_ends_with_it(server, delegate):
    one = server.user("ends-one")["pk"]
    give(server, delegate.role, "view_user", "change_user", model="authentik_core.user", object_pk=str(one))
    assert server.get("rbac/permissions/roles/", uuid=delegate.role)["pagination"]["count"] == 2
    server.api("DELETE", f"core/users/{one}/", 204)
    assert server.get("rbac/permissions/roles/", uuid=delegate.role)["pagination"]["count"] == 0


OAUTH2 = "authentik_providers_oauth2.oauth2provider"


def provider_body(server, name):
    flows = {"authorization_flow": "default-provider-authorization-implicit-consent", "invalidation_flow": "default-provider-invalidation-flow"}
    return {"name": name, "redirect_uris": []} | {field: server.flow(slug) for field, slug in flows.items()}


def test_what_is_made_together_gives_its_maker_what_it_gives_when_made_alone(server, delegate):
    give(server, delegate.role, "authentik_flows.view_flow", "authentik_core.add_application", "authentik_providers_oauth2.add_oauth2provider", "authentik_policies.add_policybinding")
    given = {f"{verb}_{model}" for verb in ("view", "change") for model in ("application", "oauth2provider", "policybinding")}
    ids = [permission["id"] for permission in server.get("rbac/permissions/", page_size=1000)["results"] if permission["codename"] in given]
    server.create("rbac/initial_permissions/", name="of-makers", mode="user", role=delegate.role, permissions=ids)
    alone = delegate("POST", "providers/oauth2/", json=provider_body(server, "alone")).json()["pk"]
    assert delegate("GET", f"providers/oauth2/{alone}/").status_code == 200
    binding = {"user": delegate.user["pk"], "order": 7}
    give(server, delegate.role, "view_user", model="authentik_core.user", object_pk=str(delegate.user["pk"]))
    body = {"app": {"name": "Together", "slug": "together"}, "provider_model": OAUTH2, "provider": provider_body(server, "together"), "policy_bindings": [binding, {"user": delegate.user["pk"]}]}
    made = delegate("PUT", "core/transactional/applications/", json=body)
    assert made.status_code == 200, made.text
    app = server.get("core/applications/together/")
    bindings = server.get("policies/bindings/", target=app["pk"])["results"]
    assert sorted((one["user"], one["order"]) for one in bindings) == [(delegate.user["pk"], 1), (delegate.user["pk"], 7)]
    for path in ("core/applications/together/", f"providers/oauth2/{app['provider']}/", *(f"policies/bindings/{one['pk']}/" for one in bindings)):
        assert delegate("GET", path).status_code == 200, path
    assert delegate("PATCH", "core/applications/together/", json={"meta_description": "x"}).status_code == 200
    assert delegate("DELETE", "core/applications/together/").status_code == 403


def test_bindings_that_cannot_be_read_make_no_application(server, delegate):
    group = server.group("those-bound")["pk"]
    whole = {"app": {"name": "Bound", "slug": "bound"}, "provider_model": OAUTH2, "provider": provider_body(server, "bound")}
    element = "Invalid data. Expected a dictionary, but got {}."
    for part, value, said in (
        ("policy_bindings", {"group": group}, ['Expected a list of items but got type "dict".']),
        ("policy_bindings", f'[{{"group": "{group}"}}]', ['Expected a list of items but got type "str".']),
        ("policy_bindings", None, ["This field may not be null."]),
        ("policy_bindings", [group], [{"non_field_errors": [element.format("str")]}]),
        ("policy_bindings", [{"group": group}, 1], [{}, {"non_field_errors": [element.format("int")]}]),
        ("policy_bindings", [{"group": group}, {"group": group, "order": "x"}], [{}, {"order": ["A valid integer is required."]}]),
        ("app", [], {"non_field_errors": [element.format("list")]}),
        ("app", None, ["This field may not be null."]),
        ("provider", 1, ['Expected a dictionary of items but got type "int".']),
        ("provider", None, ["This field may not be null."]),
    ):
        answer = server.api("PUT", "core/transactional/applications/", 400, json=whole | {part: value})
        assert answer.json() == {part: said}, (part, value, answer.text)
    give(server, delegate.role, "authentik_flows.view_flow", "authentik_core.add_application", "authentik_providers_oauth2.add_oauth2provider")
    bound = whole | {"policy_bindings": [{"group": group}]}
    assert delegate("PUT", "core/transactional/applications/", json=bound).status_code == 403
    assert server.get("core/applications/", slug="bound", superuser_full_list="true")["results"] == []
    assert not [one for one in server.get("providers/all/")["results"] if one["name"] == "bound"]
    server.api("PUT", "core/transactional/applications/", 200, json=bound)
    (binding,) = server.get("policies/bindings/", target=server.get("core/applications/bound/")["pk"])["results"]
    assert (binding["group"], binding["order"]) == (group, 0)


def newest(server):
    return server.get("countersign/changes/")["results"][0]["revision"]


def test_rolling_back_asks_for_what_it_does_now(server, delegate):
    def undone(revision):
        before = newest(server)
        status = delegate("POST", f"countersign/changes/{revision}/rollback/").status_code
        assert status == 200 or newest(server) == before, "what is refused changes nothing"
        return status

    server.create("core/applications/", name="Gone", slug="gone", meta_description="first")
    server.patch("core/applications/gone/", meta_description="second")
    changed = newest(server)
    give(server, delegate.role, "authentik_core.view_application", "authentik_core.change_application")
    assert undone(changed) == 200 and server.get("core/applications/gone/")["meta_description"] == "first"
    server.api("DELETE", "core/applications/gone/", 204)
    deleted = newest(server)
    # The way back from a change of what is gone makes it again.
    assert undone(changed) == 403
    server.api("GET", "core/applications/gone/", 404)
    give(server, delegate.role, "authentik_core.add_application")
    assert undone(changed) == 200 and server.get("core/applications/gone/")["meta_description"] == "first"
    # That from a deletion of what is there again changes it.
    server.patch("core/applications/gone/", meta_description="third")
    server.api("PATCH", UNASSIGN.format(delegate.role), 204, json={"permissions": ["authentik_core.change_application"]})
    assert undone(deleted) == 403 and server.get("core/applications/gone/")["meta_description"] == "third"
    give(server, delegate.role, "authentik_core.change_application")
    assert undone(deleted) == 200 and server.get("core/applications/gone/")["meta_description"] == "first"
    # And that from making it deletes it.
    server.create("core/applications/", name="New", slug="new")
    made = newest(server)
    assert undone(made) == 403
    give(server, delegate.role, "authentik_core.delete_application")
    assert undone(made) == 200
    server.api("GET", "core/applications/new/", 404)
