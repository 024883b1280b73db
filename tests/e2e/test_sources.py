"""What every kind of source shares, over the API. Signing in by one is tested with the kinds, and without a protocol in
`crates/flow/tests/integration/sources.rs`."""

import uuid

import pytest

from test_roles import delegate, give  # noqa: F401
from world import Person


@pytest.fixture
def person(server):
    server.user("sona")
    person = Person(server, "sona", "Correct-Horse-42")
    person.sign_in()
    return person


def test_there_are_lists_of_sources_and_connections(server):
    for path in ("sources/all/", "sources/user_connections/all/", "sources/group_connections/all/"):
        page = server.get(path)
        assert page["results"] == [] and page["pagination"]["count"] == 0, path
        assert server.get(path, source__slug="nobody", search="x")["results"] == [], path
    assert isinstance(server.get("sources/all/types/"), list)
    assert server.get("sources/all/user_settings/") == []


def test_what_is_not_there_is_not_found(server):
    for path in ("sources/all/acme/", "sources/all/acme/used_by/", "sources/user_connections/all/7/", "sources/group_connections/all/7/"):
        assert server.api("GET", path).status_code == 404, path
        assert server.api("DELETE" if "used_by" not in path else "GET", path).status_code == 404, path
    for action in ("set_icon", "set_icon_url"):
        answer = server.api("POST", f"sources/all/acme/{action}/", json={"url": "https://acme.example/i.svg"})
        assert answer.status_code == 404, answer.text


def test_a_stage_and_a_page_name_sources_that_are_there(server):
    missing = str(uuid.uuid4())
    refused = server.api("POST", "stages/source/", 400, json={"name": "ask", "source": missing}).json()
    assert refused == {"source": [f'Invalid pk "{missing}" - object does not exist.']}
    refused = server.api("POST", "stages/source/", 400, json={}).json()
    assert refused == {"name": ["This field is required."], "source": ["This field is required."]}
    refused = server.api("POST", "stages/identification/", 400, json={"name": "none", "user_fields": [], "sources": []}).json()
    assert "at least one source must be selected" in str(refused)


def test_people_see_their_own_and_no_list_of_sources(server, person):
    assert person.api("GET", "sources/user_connections/all/").json()["results"] == []
    assert person.api("GET", "sources/all/user_settings/").json() == []
    assert person.api("GET", "sources/all/").status_code == 403
    assert person.api("GET", "sources/group_connections/all/").status_code == 403


def test_who_connects_groups_has_a_say_in_who_is_in_them(server, delegate):  # noqa: F811
    """Whom the source names becomes a member; a group that one may not see is not there."""
    flow = server.flow("default-source-pre-authentication")
    source = server.create("sources/saml/", name="P", slug="p", sso_url="https://idp.example.test/sso", pre_authentication_flow=flow)
    wiki, chess = server.group("wiki")["pk"], server.group("chess")["pk"]
    everything = [f"authentik_core.{verb}_groupsourceconnection" for verb in ("add", "change", "view")]
    give(server, delegate.role, *everything, "authentik_core.view_source", "authentik_sources_saml.view_samlsource")
    path, body = "sources/group_connections/saml/", {"source": source["pk"], "identifier": "staff"}

    def on(group, *permissions):
        give(server, delegate.role, *permissions, model="authentik_core.group", object_pk=group)

    refused = delegate("POST", path, json=body | {"group": wiki})
    assert refused.status_code == 400 and refused.json() == {"group": [f'Invalid pk "{wiki}" - object does not exist.']}
    for permission in ("view_group", "add_user_to_group"):
        on(wiki, permission)
        assert delegate("POST", path, json=body | {"group": wiki}).status_code == 403, permission
    on(wiki, "remove_user_from_group")
    made = delegate("POST", path, expect=201, json=body | {"group": wiki}).json()
    # To another group, and away from another group, as well.
    one = f"{path}{made['pk']}/"
    assert delegate("PATCH", one, json={"group": chess}).status_code == 400
    on(chess, "view_group")
    assert delegate("PATCH", one, json={"group": chess}).status_code == 403
    server.patch(one, group=chess)
    assert delegate("PATCH", one, json={"group": wiki}).status_code == 403
    assert delegate("PATCH", one, json={"identifier": "others"}).status_code == 403
    assert server.get(one)["group"] == chess and server.get(one)["identifier"] == "staff"


def test_people_disconnect_what_they_have_connected(server, person):
    flow = server.flow("default-source-pre-authentication")
    source = server.create("sources/saml/", name="Own", slug="own", sso_url="https://idp.example.test/sso", pre_authentication_flow=flow)
    pk = person.me().json()["user"]["pk"]
    made = server.create("sources/user_connections/saml/", user=pk, source=source["pk"], identifier="sona@idp")
    assert made["from_directory"] is False
    [shown] = person.api("GET", "sources/user_connections/all/").json()["results"]
    assert shown["from_directory"] is False and shown["source_obj"]["slug"] == "own"
    assert person.api("DELETE", f"sources/user_connections/all/{shown['pk']}/").status_code == 204
    assert person.api("GET", "sources/user_connections/all/").json()["results"] == []
    server.api("DELETE", "sources/saml/own/", expect=204)
