"""Who may do what with accounts of a directory: its people do not get away from it, and only who may change it has deleted what is gone."""

from test_ldap_source import PEOPLE, people, server, slapd, source  # noqa: F401
from test_roles import delegate, give  # noqa: F401
from world import Person, wait_for

CONNECTION = "authentik_core.usersourceconnection"


def own_connection(person):
    [row] = person.api("GET", "sources/user_connections/all/").json()["results"]
    return row


def test_people_of_a_directory_do_not_disconnect_themselves(server, slapd, source):  # noqa: F811
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    source.patch(delete_not_found_objects=True)
    person = Person(server, "p01", "Secret-of-p01-1").sign_in()
    row = own_connection(person)
    assert row["from_directory"] is True and row["source_obj"]["slug"] == "company"
    for kind in ("all", "ldap"):
        refused = person.api("DELETE", f"sources/user_connections/{kind}/{row['pk']}/")
        assert refused.status_code == 403 and "A directory keeps this account" in refused.json()["detail"], refused.text
    assert person.api("DELETE", f"sources/user_connections/saml/{row['pk']}/").status_code in (403, 404)
    many = person.api("POST", "countersign/bulk/", json={"action": "delete", "model": CONNECTION, "keys": [row["pk"]]}).json()
    assert many["succeeded"] == 0 and many["results"][0]["status"] == 403, many
    assert person.api("PATCH", f"sources/user_connections/all/{row['pk']}/", json={"identifier": "nobody"}).status_code == 403
    assert own_connection(person)["identifier"] == row["identifier"]
    # Whoever leaves goes.
    slapd.admin.delete(f"uid=p01,{PEOPLE}")
    said = source.sync()[1]
    assert "p01" not in people(server) and len(people(server)) == 29, said


def test_who_may_delete_connections_disconnects_a_directory(server, slapd, source, delegate):  # noqa: F811
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    found = people(server)
    give(server, delegate.role, f"authentik_core.delete_{CONNECTION.split('.')[1]}", f"authentik_core.view_{CONNECTION.split('.')[1]}")
    of = lambda name: server.one("sources/user_connections/ldap/", user=found[name]["pk"])["pk"]
    delegate("DELETE", f"sources/user_connections/all/{of('p03')}/", expect=204)
    server.api("DELETE", f"sources/user_connections/ldap/{of('p04')}/", expect=204)
    # On one row: by somebody whose own it is, too.
    role = server.create("rbac/roles/", name="own connection")["pk"]
    group = server.create("core/groups/", name="own connection", users=[found["p05"]["pk"]], roles=[role])
    give(server, role, f"delete_{CONNECTION.split('.')[1]}", model=CONNECTION, object_pk=str(of("p05")))
    person = Person(server, "p05", "Secret-of-p05-1").sign_in()
    assert person.api("DELETE", f"sources/user_connections/all/{of('p05')}/").status_code == 204
    assert person.api("GET", "sources/user_connections/all/").json()["results"] == []
    server.api("DELETE", f"core/groups/{group['pk']}/", expect=204)


def test_what_is_gone_is_confirmed_by_who_may_change_the_source(server, slapd, source, delegate):  # noqa: F811
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    source.patch(delete_not_found_objects=True)
    wait_for(source.idle, 60, "the run after saving")
    give(server, delegate.role, "authentik_sources_ldap.view_ldapsource", "authentik_sources_ldap.change_ldapsource")
    assert delegate("PATCH", "sources/ldap/company/", json={"name": "Mine"}).status_code == 403
    for number in range(10, 20):
        slapd.admin.delete(f"uid=p{number},{PEOPLE}")
    path = "countersign/sources/ldap/company/sync/"
    refused = delegate("POST", path, json={"confirmed": True})
    assert refused.status_code == 403 and "only a superuser can confirm it" in refused.json()["detail"], refused.text
    delegate("POST", path, expect=200, json={"confirmed": False})
    wait_for(source.idle, 60, "a run without confirmation")
    assert {task["name"] for task in source.status()["tasks"]} == {"ldap_sync"} and len(people(server)) == 30
    said = source.sync(confirmed=True)[1]
    assert len(people(server)) == 20, said


def test_a_directory_has_so_many_addresses(server, slapd, source):  # noqa: F811
    here = f"ldap://127.0.0.1:{slapd.port}"
    refused = server.api("PATCH", "sources/ldap/company/", 400, json={"server_uri": ",".join([here] * 17)}).json()
    assert refused == {"server_uri": ["A directory has no more than 16 addresses here."]}
    source.patch(server_uri=",".join([here] * 16))
