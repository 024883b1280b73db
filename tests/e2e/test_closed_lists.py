"""Every field with a closed list in the original's document has the same one here, and takes nothing else."""

import json
import re

import pytest

from world import TESTS

RECORDED = json.loads((TESTS / "compat/enums.json").read_text())


def choices(document, schema):
    """The closed list of a schema of ours, followed through references, lists and nullable wrappers."""
    if "$ref" in schema:
        return choices(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for inner in (schema.get("items"), *schema.get("allOf", []), *schema.get("oneOf", [])):
        if inner and (found := choices(document, inner)):
            return found
    return schema.get("enum")


def test_choices_are_those_of_the_original(server):
    document = server.api("GET", "schema/", 200, params={"format": "json"}).json()
    ours = document["components"]["schemas"]
    compared = 0
    for request, recorded in RECORDED["requests"].items():
        for field, name in recorded["fields"].items() if request in ours else ():
            found = choices(document, ours[request]["properties"][field])
            wanted = set(RECORDED["lists"][name])
            assert found, f"{request}.{field} is no choice"
            assert set(found) == wanted, f"{request}.{field}: {set(found) ^ wanted}"
            compared += 1
    assert compared >= 35, "the document lost what is compared here"


def test_what_is_no_choice_is_refused(server):
    """The answer names the field, among whatever else is missing."""
    asked = 0
    for request, recorded in RECORDED["requests"].items():
        path = (recorded["path"] or "").removeprefix("/")
        if not path or "{" in path or server.api("POST", path, json={}).status_code == 501:
            continue
        for field in recorded["fields"]:
            for wrong in ("nonsense", ["nonsense"], 4711):
                answer = server.api("POST", path, json={"name": "x", "app": "x", field: wrong})
                assert answer.status_code == 400 and field in answer.json(), f"{request}.{field} = {wrong}: {answer.status_code} {answer.text}"
                asked += 1
    assert asked >= 90, "the paths lost what is asked here"


@pytest.mark.parametrize("field,good", [("action", "login_failed"), ("app", "authentik.core"), ("model", "authentik_core.user")])
def test_event_matchers_name_what_there_is(server, field, good):
    name = f"by {field}"
    for wrong in ("nonsense", "LOGIN", "authentik_core.nonsense", "custom_mine"):
        refused = server.create("policies/event_matcher/", 400, name=name, **{field: wrong})
        assert refused == {field: [f'"{wrong}" is not a valid choice.']}
    made = server.create("policies/event_matcher/", name=name, **{field: good})
    assert made[field] == good
    path = f"policies/event_matcher/{made['pk']}/"
    server.api("PATCH", path, 400, json={field: "nonsense"})
    assert server.patch(path, **{field: None})[field] is None


def test_blueprints_and_imports_choose_from_the_same_lists(server):
    for model, field in (
        ("authentik_policies_event_matcher.eventmatcherpolicy", "action"),
        ("authentik_policies_event_matcher.eventmatcherpolicy", "app"),
        ("authentik_policies_event_matcher.eventmatcherpolicy", "model"),
        ("authentik_stages_consent.consentstage", "mode"),
    ):
        text = f"version: 1\nentries: [{{model: {model}, identifiers: {{name: nonsense}}, attrs: {{{field}: nonsense}}}}]"
        imported = server.api("POST", "flows/instances/import/", 200, files={"file": ("f.yaml", text)}).json()
        assert not imported["success"] and re.search("not a valid choice", str(imported["logs"])), imported
        made = server.api("POST", "managed/blueprints/", json={"name": f"{model} {field}", "content": text})
        if made.status_code == 201:
            applied = server.api("POST", f"managed/blueprints/{made.json()['pk']}/apply/", 200).json()
            assert applied["status"] == "error", applied
    assert server.get("policies/event_matcher/", name="nonsense")["results"] == []
    assert server.get("stages/consent/", name="nonsense")["results"] == []
