"""What a deletion leaves behind: it works as `used_by` says, and never opens to everybody what was for some."""

import pytest
import requests

from world import ADMIN, Person, Refused

INBUILT = ["authentik.core.auth.InbuiltBackend"]


def flow(server, slug, designation="authentication"):
    return server.create("flows/instances/", name=slug, title=slug, slug=slug, designation=designation)


def gone(server, path, user):
    """Deletes something that says beforehand what it does to its user."""
    told = {entry["pk"]: entry["action"] for entry in server.get(f"{path}used_by/")}
    server.api("DELETE", path, 204)
    return told[str(user)]


# -- T1: a deletion is not refused by the form of what only refers to it ------------------------------


def test_a_flow_that_a_redirect_stage_names_can_be_deleted(server):
    target = flow(server, "z")
    stage = server.create("stages/redirect/", name="r", mode="flow", target_flow=target["pk"], target_static="https://elsewhere.example/")
    assert gone(server, "flows/instances/z/", stage["pk"]) == "set_null"
    assert server.get(f"stages/redirect/{stage['pk']}/")["target_flow"] is None
    found = {(entry["model"], entry["pk"]): entry["errors"] for entry in server.get("countersign/health/")["results"]}
    assert found[("authentik_stages_redirect.redirectstage", stage["pk"])] == {"target_flow": ["Target Flow should be present when mode is Flow."]}
    # Reached without its flow it refuses; it does not go to the address of its other mode.
    other = flow(server, "leads-nowhere")
    server.create("flows/bindings/", target=other["pk"], stage=stage["pk"], order=0)
    with pytest.raises(Refused) as refused:
        Person(server).run_flow("leads-nowhere")
    assert refused.value.args[0]["component"] == "ak-stage-access-denied"
    # By hand nobody makes such a stage.
    refused = server.create("stages/redirect/", 400, name="r2", mode="flow")
    assert refused == {"target_flow": ["Target Flow should be present when mode is Flow."]}


def test_a_stage_that_a_validation_stage_configures_by_can_be_deleted(server):
    totp = server.create("stages/authenticator/totp/", name="totp", digits="6")
    stage = server.create(
        "stages/authenticator/validate/", name="v", not_configured_action="configure", configuration_stages=[totp["pk"]]
    )
    assert gone(server, f"stages/authenticator/totp/{totp['pk']}/", stage["pk"]) == "cascade_many"
    assert server.get(f"stages/authenticator/validate/{stage['pk']}/")["configuration_stages"] == []


def pair(server, name):
    return server.create("crypto/certificatekeypairs/generate/", 200, common_name=name, validity_days=30)["pk"]


def test_a_certificate_in_use_cannot_lose_its_key(server, app):
    signing, web = pair(server, "signing"), pair(server, "web")
    server.patch(f"providers/oauth2/{app.provider['pk']}/", signing_key=signing)
    brand = server.one("core/brands/", default="true")
    server.patch(f"core/brands/{brand['brand_uuid']}/", web_certificate=web)
    for key, user in ((signing, "flask-app-provider"), (web, brand["domain"])):
        refused = server.api("PATCH", f"crypto/certificatekeypairs/{key}/", 400, json={"key_data": ""}).json()
        assert user in refused["key_data"][0], refused
        assert server.get(f"crypto/certificatekeypairs/{key}/")["private_key_available"]
    # Then nothing else is in the way of those that use it.
    server.patch(f"providers/oauth2/{app.provider['pk']}/", name="renamed")
    mapping = server.create("propertymappings/provider/scope/", name="m", scope_name="m", expression="return {}")
    server.patch(f"providers/oauth2/{app.provider['pk']}/", property_mappings=[mapping["pk"]])
    server.api("DELETE", f"propertymappings/provider/scope/{mapping['pk']}/", 204)
    unused = pair(server, "unused")
    server.patch(f"crypto/certificatekeypairs/{unused}/", key_data="")


# -- M11: what was only for some does not open to everybody -------------------------------------------


def restriction(server, kind):
    """Something that restricts, with the paths of its own and its field in a binding."""
    if kind == "group":
        made = server.group("Only these")
        return f"core/groups/{made['pk']}/", {"group": made["pk"]}
    if kind == "user":
        made = server.user("only")
        return f"core/users/{made['pk']}/", {"user": made["pk"]}
    made = server.create("policies/expression/", name="only", expression="return request.user.username == 'only'")
    return f"policies/expression/{made['pk']}/", {"policy": made["pk"]}


def may_open(server, app, user):
    return server.get(f"core/applications/{app.slug}/check_access/", for_user=user)["passing"]


@pytest.mark.parametrize("kind", ["group", "user", "policy"])
@pytest.mark.parametrize("negate", [False, True])
def test_an_application_whose_only_restriction_is_deleted_opens_to_nobody(server, app, kind, negate):
    somebody = server.user("somebody")["pk"]
    path, named = restriction(server, kind)
    binding = server.create("policies/bindings/", target=app.application["pk"], order=0, negate=negate, **named)
    assert gone(server, path, binding["pk"]) == "set_null"
    assert not may_open(server, app, somebody)
    found = server.get("countersign/health/")["results"]
    assert [(entry["pk"], list(entry["errors"])) for entry in found] == [(binding["pk"], [kind])]
    left = server.get(f"policies/bindings/{binding['pk']}/")
    assert (left["group"], left["user"], left["policy"], left["vanished"]) == (None, None, None, [kind])
    # It can be switched off, given something else, or removed; nothing of this happens by itself.
    server.patch(f"policies/bindings/{binding['pk']}/", order=7)
    assert not may_open(server, app, somebody)
    server.restart()
    assert not may_open(server, app, somebody)
    server.patch(f"policies/bindings/{binding['pk']}/", enabled=False)
    assert may_open(server, app, somebody)
    server.patch(f"policies/bindings/{binding['pk']}/", enabled=True, negate=False, user=somebody)
    assert server.get(f"policies/bindings/{binding['pk']}/")["vanished"] == []
    assert may_open(server, app, somebody)
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    assert may_open(server, app, somebody)


def test_a_binding_to_nothing_is_made_by_no_door(server, app):
    refused = server.create("policies/bindings/", 400, target=app.application["pk"], order=0)
    assert refused == {"non_field_errors": ["One of 'group', 'policy', 'user' must be set."]}
    entry = f"{{model: authentik_policies.policybinding, identifiers: {{order: 0, target: {app.application['pk']}}}, attrs: {{enabled: true}}}}"
    answer = server.api("POST", "flows/instances/import/", 200, files={"file": ("f.yaml", f"version: 1\nentries: [{entry}]")}).json()
    assert not answer["success"] and "must be set" in str(answer["logs"])
    assert server.get("policies/bindings/", target=app.application["pk"])["results"] == []


def test_a_deletion_by_a_blueprint_opens_nothing_either(server, app):
    somebody = server.user("somebody")["pk"]
    _, named = restriction(server, "group")
    server.create("policies/bindings/", target=app.application["pk"], order=0, **named)
    entry = "{model: authentik_core.group, state: absent, identifiers: {name: Only these}}"
    made = server.create("managed/blueprints/", name="b", content=f"version: 1\nentries: [{entry}]")
    assert server.api("POST", f"managed/blueprints/{made['pk']}/apply/", 200).json()["status"] == "successful"
    assert server.get("core/groups/", name="Only these")["results"] == []
    assert not may_open(server, app, somebody)


def test_a_flow_whose_only_policy_is_deleted_lets_nobody_in(server):
    made = flow(server, "guarded")
    stage = server.create("stages/dummy/", name="dummy")
    server.create("flows/bindings/", target=made["pk"], stage=stage["pk"], order=0)
    path, named = restriction(server, "policy")
    server.create("policies/bindings/", target=made["pk"], order=0, **named)
    server.api("DELETE", path, 204)
    with pytest.raises(Refused):
        Person(server).run_flow("guarded")


def test_a_prompt_stage_whose_policy_is_deleted_takes_no_answers(server):
    made = flow(server, "asks", "enrollment")
    prompt = server.create("stages/prompt/prompts/", name="p", field_key="name", label="Name", type="text")
    policy = server.create("policies/password/", name="strong", error_message="no", length_min=12)
    stage = server.create("stages/prompt/stages/", name="s", fields=[prompt["pk"]], validation_policies=[policy["pk"]])
    server.create("flows/bindings/", target=made["pk"], stage=stage["pk"], order=0)
    assert gone(server, f"policies/password/{policy['pk']}/", stage["pk"]) == "cascade_many"
    executor = f"{server.base}/api/v3/flows/executor/asks/"
    assert requests.get(executor, timeout=30).json()["component"] == "ak-stage-access-denied"
    # A client that sends back what it read opens nothing.
    path = f"stages/prompt/stages/{stage['pk']}/"
    server.api("PUT", path, 200, json=server.get(path))
    assert requests.get(executor, timeout=30).json()["component"] == "ak-stage-access-denied"
    server.patch(path, vanished=[])
    assert requests.get(executor, timeout=30).json()["component"] == "ak-stage-prompt"


def test_a_sign_in_that_asked_for_the_password_on_its_first_page_never_goes_on_without_one(server):
    password = server.create("stages/password/", name="pw", backends=INBUILT)
    stage = server.create("stages/identification/", name="id", user_fields=["username"], password_stage=password["pk"])
    login = server.create("stages/user_login/", name="login")
    made = flow(server, "one-page")
    for order, one in enumerate((stage, login)):
        server.create("flows/bindings/", target=made["pk"], stage=one["pk"], order=order)
    Person(server).run_flow("one-page")
    assert gone(server, f"stages/password/{password['pk']}/", stage["pk"]) == "set_null"
    visitor = Person(server, ADMIN, "anything")
    with pytest.raises(Refused):
        visitor.run_flow("one-page")
    assert visitor.me().status_code == 403
