"""What is recorded, who is told of it, and how long it is kept."""

import sqlite3
import time

import pytest
import requests
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from receivers import WebHook, audit, fail_to_sign_in, rule
from world import Person, Refused, Server, Shared, wait_for


@pytest.fixture
def hook():
    started = []

    def begin(**options):
        started.append(WebHook(**options).start())
        return started[-1]

    yield begin
    for receiver in started:
        receiver.close()


def test_a_failed_sign_in_is_told_over_each_transport(start, hook):
    server = start(Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8"))
    plain, slack, mapped = hook(answers=[500]), hook(), hook()
    body = server.create("propertymappings/notification/", name="body", expression='return {"text": notification.body, "who": notification.user.username, "what": notification.event.action}')
    headers = server.create("propertymappings/notification/", name="headers", expression='return {"X-Token": "a-token"}')
    transports = [
        server.one("events/transports/", name="default-local-transport"),
        server.create("events/transports/", name="plain", mode="webhook", webhook_url=plain.url),
        server.create("events/transports/", name="slack", mode="webhook_slack", webhook_url=slack.url, send_once=True),
        server.create("events/transports/", name="mapped", mode="webhook", webhook_url=mapped.url, webhook_mapping_body=body["pk"], webhook_mapping_headers=headers["pk"]),
    ]
    rule(server, "login_failed", transports)
    server.user("uma")
    server.user("second", groups=["authentik Admins"])
    fail_to_sign_in(server)

    # The first try of one was answered with 500: it comes again. Two administrators are told, and Slack once.
    wait_for(lambda: len(plain.posts) == 3, what="the webhooks")
    told = [post for _, post in plain.posts]
    assert {post["user_username"] for post in told} == {"akadmin", "second"}
    assert all((post["severity"], post["event_user_username"]) == ("alert", "uma") for post in told)
    assert all("not the password" not in str(post) for post in told)
    wait_for(lambda: slack.posts and len(mapped.posts) == 2, what="the other webhooks")
    (_, message), = slack.posts
    assert message["attachments"][0]["title"] == "login_failed"
    assert {"title": "Event user", "value": "uma", "short": True} in message["attachments"][0]["fields"]
    sent, post = mapped.posts[0]
    assert sent["X-Token"] == "a-token" and post["what"] == "login_failed" and post["who"] in ("akadmin", "second")

    # Each person sees the own ones, and takes them away.
    second = Person(server, "second").sign_in()
    mine = wait_for(lambda: second.api("GET", f"events/notifications/?user={second.me().json()['user']['pk']}").json()["results"], what="the notification")
    assert (mine[0]["severity"], mine[0]["seen"], mine[0]["event"]["action"]) == ("alert", False, "login_failed")
    server.user("third")
    third = Person(server, "third").sign_in()
    assert third.api("GET", "events/notifications/").json()["results"] == []
    assert third.api("GET", f"events/notifications/{mine[0]['pk']}/").status_code == 404
    assert second.api("PATCH", f"events/notifications/{mine[0]['pk']}/", json={"seen": True}).json()["seen"] is True
    assert second.api("POST", "events/notifications/mark_all_seen/").status_code == 204
    assert second.api("GET", "events/notifications/?seen=false&user=" + str(second.me().json()["user"]["pk"])).json()["results"] == []


def test_rules_are_found_by_the_name_of_their_group(server):
    group = server.group("night watch")
    server.create("events/rules/", name="at night", severity="alert", group=group["pk"], transports=[])
    server.create("events/rules/", name="of nobody", severity="alert", transports=[])
    assert server.one("events/rules/", group__name="night watch")["name"] == "at night"
    assert server.get("events/rules/", group__name="nobody")["results"] == []
    assert len(server.get("events/rules/", group__name="", search="n")["results"]) >= 2


def test_private_addresses_and_redirects_are_not_followed(start, hook):
    server = start(Server())
    receiver = hook()
    for url in [receiver.url, receiver.url.replace("127.0.0.1", "localhost"), "http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]:1/"]:
        transport = server.create("events/transports/", name=url, mode="webhook", webhook_url=url)
        answer = server.api("POST", f"events/transports/{transport['pk']}/test/")
        assert answer.status_code == 500 and "outbound.allow" in answer.text, answer.text
    assert receiver.posts == []
    open_server = start(Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.1/32"))
    sending_away = hook(answers=[302])
    transport = open_server.create("events/transports/", name="away", mode="webhook", webhook_url=sending_away.url)
    assert open_server.api("POST", f"events/transports/{transport['pk']}/test/").status_code == 500
    assert len(sending_away.posts) == 1
    told = open_server.api("POST", f"events/transports/{transport['pk']}/test/", 200).json()
    assert told == {"messages": ["200", "ok"]}
    assert len(open_server.get("events/events/", action="custom_notification_test")["results"]) == 2
    assert open_server.api("POST", "events/transports/", json={"name": "x", "mode": "webhook"}).status_code == 400
    assert open_server.api("POST", "propertymappings/notification/", json={"name": "x", "expression": "import os\nreturn os.environ"}).status_code == 400


@pytest.fixture
def places(tmp_path):
    """Settings of a server with MaxMind's files of a city and of a network."""
    cities, networks = tmp_path / "city.mmdb", tmp_path / "asn.mmdb"
    writer = MMDBWriter(4, "GeoLite2-City", languages=["en"])
    city = {"city": {"names": {"en": "Boxford"}}, "continent": {"code": "EU"}, "country": {"iso_code": "GB"}, "location": {"latitude": 51.75, "longitude": -1.25}}
    writer.insert_network(IPSet(["2.125.160.0/24"]), city)
    writer.to_db_file(str(cities))
    writer = MMDBWriter(4, "GeoLite2-ASN")
    writer.insert_network(IPSet(["2.125.160.0/24"]), {"autonomous_system_number": 5607, "autonomous_system_organization": "Example"})
    writer.to_db_file(str(networks))
    return {"AUTHENTIK_EVENTS__CONTEXT_PROCESSORS__GEOIP": str(cities), "AUTHENTIK_EVENTS__CONTEXT_PROCESSORS__ASN": str(networks)}


def test_events_tell_where_an_address_is_and_what_failed_in_one_line(start, places):
    server = start(Server(**places))
    assert {"can_geo_ip", "can_asn"} <= set(server.get("root/config/")["capabilities"])
    server.user("uma")
    person = Person(server, "uma", "not the password")
    person.web.headers["X-Forwarded-For"] = "2.125.160.7"
    with pytest.raises(Refused):
        person.sign_in()
    event = wait_for(lambda: [e for e in server.get("events/events/", action="login_failed")["results"] if "geo" in e["context"]], what="the sealed event")[0]
    assert event["context"]["geo"] == {"continent": "EU", "country": "GB", "lat": 51.75, "long": -1.25, "city": "Boxford"}
    assert event["context"]["asn"] == {"asn": 5607, "as_org": "Example", "network": "2.125.160.0/24"}
    assert event["context"]["password"] == "********************" and event["context"]["stage"]["model_name"] == "passwordstage"
    assert event["client_ip"] == "2.125.160.7"
    line, = [line for line in server.lines() if "login failed" in line]
    assert '"client_ip":"2.125.160.7"' in line and '"user":"uma"' in line and '"reason":"wrong password"' in line, line
    assert "not the password" not in "\n".join(server.lines())
    counted = server.get("events/events/volume/", action="login_failed")
    assert len(counted) == 22 and sum(point["y_cord"] for point in counted) == 1
    assert len(server.get("events/events/per_month/", action="login_failed")) == 31
    assert server.api("GET", "events/events/per_month/?query=nonsense").status_code == 400
    assert sum(point["y_cord"] for point in server.get("events/events/per_month/", query='{"client_ip": "2.125.160.7"}')) == 1


def test_policies_know_where_a_request_comes_from(start, places):
    server = start(Server(**places))
    server.user("uma")
    app = server.application("wiki")
    here = 'return context["geoip"]["country"] == "GB" and context["asn"]["asn"] == 5607'
    policy = server.create("policies/expression/", name="here", expression=here)
    target = server.get("core/applications/wiki/")["pk"]
    server.create("policies/bindings/", policy=policy["pk"], target=target, order=0)

    def arrives(address):
        person = Person(server, "uma")
        person.web.headers["X-Forwarded-For"] = address
        person.sign_in()
        try:
            return bool(person.code(app))
        except (AssertionError, Refused):
            return False

    assert arrives("2.125.160.7")
    assert not arrives("2.125.161.7"), "an address that nobody knows"


def test_null_characters_in_an_address_hide_nothing(server):
    user = server.user("nell")
    app = server.application("nulls")
    for number, tail in enumerate(("&x=%00", "&x%00=1"), 1):
        web = requests.Session()
        executor = f"{server.base}/api/v3/flows/executor/default-authentication-flow/?query={tail}"
        web.get(executor, timeout=10)
        for body in ({"component": "ak-stage-identification", "uid_field": "nell"}, {"component": "ak-stage-password", "password": "wrong"}):
            assert web.post(executor, json=body, timeout=10).status_code == 200
        found = wait_for(lambda: (found := server.get("events/events/", action="login_failed")["results"])[number - 1 :] and found)
        assert len(found) == number and found[0]["context"]["http_request"]["args"] in ({"query": "", "x": "\ufffd"}, {"query": "", "x\ufffd": "1"})
    # What is done with such an address is done and recorded, or refused.
    assert server.api("PATCH", f"core/users/{user['pk']}/?x=%00", json={"name": "New"}).json()["name"] == "New"
    assert server.get("events/events/", action="model_updated", model_pk=user["pk"])["results"]
    person = Person(server, "nell").sign_in()
    assert person.get(app.authorize_url() + "&x=%00").status_code == 400
    for path, body in ((f"core/users/{user['pk']}/", {"attributes": {"upn": "a\0b"}}), ("core/groups/", {"name": "null", "attributes": {"a\0": 1}})):
        refused = server.api("PATCH" if "users" in path else "POST", path, 400, json=body).json()
        assert refused == {"attributes": ["Null characters are not allowed."]}
    assert audit(server)[0] == 0


def test_events_are_found_by_who_did_it_and_by_whom_they_concern(server):
    nina = server.user("nina")
    admin = server.one("core/users/", username="akadmin")["pk"]
    person = Person(server, "nina").sign_in()
    server.patch(f"core/users/{nina['pk']}/", name="Nina N.")

    def found(**asked):
        return [event["action"] for event in server.get("events/events/", **asked)["results"]]

    # The administrator made the account and its password, nina signed in: the original's `user` of both is nina.
    assert found(actor=nina["pk"]) == ["login"]
    assert found(subject=nina["pk"]) == ["model_updated", "login", "password_set", "model_created"]
    assert {"password_set", "model_created", "model_updated"} <= set(found(actor=admin))
    assert found(actor=admin, subject=nina["pk"]) == ["model_updated", "password_set", "model_created"]
    assert found(actor=admin, username="nina") == ["password_set"]
    assert found(actor=2**40) == []
    assert sum(point["y_cord"] for point in server.get("events/events/volume/", actor=nina["pk"])) == 1
    assert server.api("GET", "events/events/", 400, params={"actor": "nina"}).json() == {"actor": ["Enter a number."]}
    assert person.me().status_code == 200


def test_a_mapping_that_fails_is_told_to_administrators(server):
    """By the rule that is there from the start, as the original's."""
    source = 'return {"number": context["nothing of this name"]}'
    mapping = server.create("propertymappings/provider/scope/", name="broken", scope_name="numbers", expression=source)
    app = server.application("wiki", property_mappings=[*server.scopes("openid"), mapping["pk"]])
    server.user("uma")
    code = Person(server, "uma").sign_in().code(app, scope="openid numbers")
    assert app.redeem(code).status_code == 200, "the rest is answered"
    event = server.get("events/events/", action="property_mapping_exception")["results"][0]
    assert event["context"]["expression"] == source and event["user"]["username"] == "uma", event
    wait_for(lambda: any("nothing of this name" in told["body"] for told in server.get("events/notifications/")["results"]), 15, "the notification")


def test_policies_of_an_application_tell_what_they_did_when_asked_to_and_when_they_fail(server):
    app = server.application("followed")
    made = {}
    for name, source, follow in [("followed", "return True", True), ("quiet", "return True", False), ("broken", 'return context["nothing of this name"]', False)]:
        made[name] = server.create("policies/expression/", name=f"{name} policy", expression=source, execution_logging=follow)["pk"]
        server.create("policies/bindings/", target=app.application["pk"], policy=made[name], order=0, failure_result=True)
    server.user("vera")
    Person(server, "vera").sign_in().code(app)

    def events(action):
        found = server.get("events/events/", action=action, username="vera")["results"]
        return [event["context"] for event in found if event["context"]["policy_name"].split()[0] in made]

    (followed,) = {event["policy_uuid"]: event for event in events("policy_execution")}.values()
    assert followed["policy_uuid"] == made["followed"].replace("-", "") and followed["result"] == {"passing": True, "messages": []}
    assert followed["binding"]["model_name"] == "policybinding" and followed["request"]["user"]["username"] == "vera"
    (broken,) = {event["policy_uuid"]: event for event in events("policy_exception")}.values()
    assert broken["policy_uuid"] == made["broken"].replace("-", "") and "nothing of this name" in broken["message"]


def test_the_oldest_events_go_and_the_rest_is_still_verified(start):
    server = start(Server(COUNTERSIGN_EVENTS__MOST="5", COUNTERSIGN_EVENTS__RETENTION="days=30"))
    for number in range(10):
        server.group(f"group {number}")
    newest = wait_for(lambda: [e for e in server.get("events/events/", ordering="-created")["results"]], what="events")[0]
    created, expires = (time.mktime(time.strptime(newest[name][:19], "%Y-%m-%dT%H:%M:%S")) for name in ("created", "expires"))
    wait_for(lambda: " 0 wait" in audit(server)[1], what="the events to be sealed", pause=0.3)
    newest = server.get(f"events/events/{newest['pk']}/")
    expires = time.mktime(time.strptime(newest["expires"][:19], "%Y-%m-%dT%H:%M:%S"))
    assert abs(expires - created - 30 * 86400) < 3700
    task = next(t for t in server.get("events/system_tasks/", page_size=100)["results"] if t["name"] == "events_limit")
    server.api("POST", f"events/system_tasks/{task['uuid']}/run/", 204)
    wait_for(lambda: server.get("events/events/")["pagination"]["count"] <= 5, what="the limit")
    status, told = audit(server)
    assert status == 0 and "removed by right" in told and " 0 were removed" not in told, told


@pytest.mark.skipif(bool(Shared.POSTGRES), reason="the file of the embedded database is spoilt")
def test_a_fault_of_the_server_is_an_event_and_administrators_are_told(server):
    rule(server, "system_exception", [server.one("events/transports/", name="default-local-transport")])
    spoil = lambda statement: sqlite3.connect(server.folder / "countersign.db", timeout=10, isolation_level=None).execute(statement)
    spoil("ALTER TABLE consent RENAME TO consent_of_before")
    asked = [server.api("GET", "oauth2/refresh_tokens/"), *(server.api("GET", "core/user_consent/") for _ in range(3))]
    spoil("ALTER TABLE consent_of_before RENAME TO consent")
    assert [answer.status_code for answer in asked] == [200, 500, 500, 500]
    event = wait_for(lambda: server.get("events/events/", action="system_exception")["results"], 10, "the event")
    assert len(event) == 1, "one for all of them"
    message = event[0]["context"]["message"]
    assert "GET /api/v3/core/user_consent/" in message and asked[1].headers["X-authentik-id"] in message
    told = wait_for(lambda: server.get("events/notifications/")["results"], 15, "the notification")
    assert told[0]["body"] == message and told[0]["severity"] == "alert"
