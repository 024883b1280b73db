"""The kinds of policies that look at what was before: failed sign-ins, old passwords, places."""

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from world import PASSWORD, Person, Refused, Server, wait_for

HOME, AWAY = "2.125.160.7", "203.0.113.9"


def at(server, address, username="uma", password=PASSWORD):
    """Somebody who comes from there."""
    person = Person(server, username, password)
    person.web.headers["X-Forwarded-For"] = address
    return person


def fails(server, address, username="uma"):
    with pytest.raises(Refused):
        at(server, address, username, "not the password").sign_in()


def scores(server, **query):
    found = server.get("policies/reputation/scores/", **query)["results"]
    return {(row["identifier"], row["ip"]): row["score"] for row in found}


def bound(server, kind, slug, **fields):
    """An application for whom such a policy lets in; `negate` turns it round."""
    binding = {name: fields.pop(name) for name in ("negate",) if name in fields}
    app = server.application(slug)
    policy = server.create(f"policies/{kind}/", name=slug, **fields)
    server.create("policies/bindings/", policy=policy["pk"], target=app.application["pk"], order=0, **binding)
    return app, policy


def opens(person, app):
    try:
        return bool(person.code(app))
    except (AssertionError, Refused):
        return False


@pytest.fixture
def places(tmp_path):
    """MaxMind's files of a city and of a network."""
    cities, networks = tmp_path / "city.mmdb", tmp_path / "asn.mmdb"
    writer = MMDBWriter(4, "GeoLite2-City", languages=["en"])
    for network, country, latitude, longitude in [("2.125.160.0/24", "GB", 51.75, -1.25), ("203.0.113.0/24", "AU", -33.87, 151.21)]:
        place = {"city": {"names": {"en": "x"}}, "continent": {"code": "EU"}, "country": {"iso_code": country}, "location": {"latitude": latitude, "longitude": longitude}}
        writer.insert_network(IPSet([network]), place)
    writer.to_db_file(str(cities))
    writer = MMDBWriter(4, "GeoLite2-ASN")
    writer.insert_network(IPSet(["2.125.160.0/24"]), {"autonomous_system_number": 5607, "autonomous_system_organization": "Example"})
    writer.to_db_file(str(networks))
    return {"AUTHENTIK_EVENTS__CONTEXT_PROCESSORS__GEOIP": str(cities), "AUTHENTIK_EVENTS__CONTEXT_PROCESSORS__ASN": str(networks)}


def test_who_fails_to_sign_in_loses_reputation(server):
    server.user("uma")
    app, _ = bound(server, "reputation", "for-the-well-behaved", check_ip=True, check_username=False, threshold=-2, negate=True)
    fails(server, AWAY)
    fails(server, AWAY, "nobody")
    assert scores(server) == {("uma", AWAY): -1, ("nobody", AWAY): -1}, "a name that nobody has counts as much"
    assert scores(server, identifier="uma") == {("uma", AWAY): -1} == scores(server, identifier_in="uma,other")
    # From elsewhere the same person is as good as ever.
    uma = at(server, HOME).sign_in()
    assert scores(server)[("uma", HOME)] == 1 and opens(uma, app)
    there = at(server, AWAY).sign_in()
    fails(server, AWAY)
    assert scores(server)[("uma", AWAY)] == -1 and not opens(there, app), "the address as a whole has two failures"
    # The limits of the system settings hold, and who deletes a score forgives.
    server.api("PATCH", "admin/settings/", 200, json={"reputation_lower_limit": -1})
    fails(server, AWAY)
    assert scores(server)[("uma", AWAY)] == -1
    for row in server.get("policies/reputation/scores/", ip=AWAY)["results"]:
        assert row["updated"] and server.get(f"policies/reputation/scores/{row['pk']}/")["score"] == -1
        server.api("DELETE", f"policies/reputation/scores/{row['pk']}/", 204)
    assert opens(there, app)
    assert server.api("POST", "policies/reputation/scores/", json={"identifier": "x", "ip": AWAY}).status_code == 405
    assert server.api("POST", "policies/reputation/", 400, json={"name": "x"}).json() == {"non_field_errors": ["Either IP or Username must be checked"]}
    assert server.create("policies/reputation/", name="y", check_username=True)["check_ip"] is True


def change_password(person, new):
    """Over the shipped flow; the errors of the page, none when it went through."""
    flow = "flows/executor/default-password-change/?query="
    assert person.api("GET", flow).json()["component"] == "ak-stage-prompt"
    answer = person.api("POST", flow, json={"component": "ak-stage-prompt", "password": new, "password_repeat": new})
    if answer.status_code == 200:
        return answer.json()["response_errors"]
    assert person.get(answer.headers["Location"]).json()["component"] == "xak-flow-redirect"
    return {}


def test_a_former_password_is_refused(server):
    server.user("uma", password="The first password 1")
    policy = server.create("policies/unique_password/", name="new", num_historical_passwords=1)
    stage = server.one("stages/prompt/stages/", name="default-password-change-prompt")
    server.patch(f"stages/prompt/stages/{stage['pk']}/", validation_policies=[policy["pk"]])
    used = "This password has been used previously. Please choose a different one."

    def tries(old, new):
        person = Person(server, "uma", old).sign_in()
        return str(change_password(person, new))

    first, second, third = (f"The {name} password 1" for name in ("first", "second", "third"))
    assert used in tries(first, first), "the one that it is"
    assert used not in tries(first, second)
    assert used in tries(second, first), "the one before"
    assert used not in tries(second, third)
    assert used not in tries(third, first), "one is remembered, not two"
    # Only hashes are kept, and they go with the account.
    uma = server.one("core/users/", username="uma")
    exported = server.api("GET", f"countersign/users/{uma['pk']}/export/", 200).text
    assert "argon2" not in exported


def test_an_expired_password_is_refused_and_removed(server):
    uma = server.user("uma")
    lenient, _ = bound(server, "password_expiry", "lenient", days=1)
    denying, _ = bound(server, "password_expiry", "denying", days=0, deny_only=True)
    strict, policy = bound(server, "password_expiry", "strict", days=0)
    person = Person(server, "uma").sign_in()
    assert opens(person, lenient) and not opens(person, denying)
    # Who only tries it out takes nothing away.
    tried = server.api("POST", f"policies/all/{policy['pk']}/test/", 200, json={"user": uma["pk"]}).json()
    assert (tried["passing"], tried["messages"]) == (False, ["Password expired 0 days ago. Please update your password."])
    assert opens(person, lenient)
    assert not opens(person, strict)
    assert person.me().status_code == 403, "the sessions end with the password"
    with pytest.raises(Refused):
        Person(server, "uma").sign_in()
    events = server.get("events/events/", action="model_updated", context_model_name="user", context_model_pk=str(uma["pk"]))
    assert any("password" in event["context"].get("diff", {}) for event in events["results"])
    # The last administrator is refused, and keeps the password: somebody has to mend the policy.
    admin = Person(server).sign_in()
    assert not opens(admin, strict) and admin.me().status_code == 200


def test_policies_of_places_without_files_and_with(start, places):
    bare, server = start(Server()), start(Server(**places))
    for one in (bare, server):
        one.user("uma")
    countries = bare.get("policies/geoip_iso3166/")
    assert len(countries) == 249 and {"code": "GB", "name": "United Kingdom"} in countries
    policy = bare.create("policies/geoip/", name="gb", countries=["GB"])
    assert policy["countries_obj"] == [{"code": "GB", "name": "United Kingdom"}]
    assert "countries" in bare.api("POST", "policies/geoip/", 400, json={"name": "x", "countries": ["XX"]}).json()
    uma = bare.one("core/users/", username="uma")["pk"]
    told = bare.api("POST", f"policies/all/{policy['pk']}/test/", 200, json={"user": uma}).json()
    assert not told["passing"] and "AUTHENTIK_EVENTS__CONTEXT_PROCESSORS__GEOIP" in told["messages"][0], told
    assert "can_geo_ip" not in bare.get("root/config/")["capabilities"]

    british, _ = bound(server, "geoip", "british", countries=["GB"])
    network, _ = bound(server, "geoip", "network", countries=[], asns=[5607])
    near, _ = bound(server, "geoip", "near", countries=[], check_history_distance=True)
    possible, _ = bound(server, "geoip", "possible", countries=[], check_impossible_travel=True)
    uma = at(server, HOME).sign_in()
    assert all(opens(uma, app) for app in (british, network, near, possible))
    # The same browser, a moment later in Sydney.
    uma.web.headers["X-Forwarded-For"] = AWAY
    assert not any(opens(uma, app) for app in (british, network, near, possible))
    uma.web.headers["X-Forwarded-For"] = "198.51.100.1"
    assert not any(opens(uma, app) for app in (british, network, near, possible)), "nobody knows where that is"


def test_a_session_ends_where_it_leaves_its_network_or_place(start, places):
    server = start(Server(**places))
    server.user("uma")
    stage = server.one("stages/user_login/", name="default-authentication-login")
    neighbour = "2.125.160.8"
    for tie, stays, leaves, reason in [
        ({"network_binding": "bind_asn_network"}, neighbour, AWAY, "network.missing"),
        ({"network_binding": "bind_asn_network_ip"}, HOME, neighbour, "network.ip"),
        ({"geoip_binding": "bind_continent_country"}, neighbour, AWAY, "geoip.country"),
        ({"geoip_binding": "bind_continent"}, AWAY, "198.51.100.1", "geoip.missing"),
    ]:
        server.patch(f"stages/user_login/{stage['pk']}/", **{"network_binding": "no_binding", "geoip_binding": "no_binding"} | tie)
        uma = at(server, HOME).sign_in()
        uma.web.headers["X-Forwarded-For"] = stays
        assert uma.me().status_code == 200, tie
        uma.web.headers["X-Forwarded-For"] = leaves
        assert uma.me().status_code == 403, tie
        uma.web.headers["X-Forwarded-For"] = HOME
        assert uma.me().status_code == 403, "it has ended"

        def ended():
            events = server.get("events/events/", action="logout", ordering="-created")["results"]
            return events and events[0]["context"].get("binding", {}).get("reason") == reason and events[0]

        event = wait_for(ended)
        assert event["context"]["ip"] == {"previous": HOME, "new": leaves} and event["user"]["username"] == "uma"
