"""Decisions explained: runs that are recorded and made again, sign-ins and edits that are only tried out."""

import http.server
import json
import re
import sqlite3
import subprocess
import threading

import pytest
from world import PASSWORD, PROGRAM, Person, Refused, Server, Shared, wait_for

RUNS = "countersign/runs/"
#: What is written by itself while a server runs: among it, the seals of events and the mark of the last.
PASSING = {"ephemeral", "session", "task", "schedule", "event", "event_checkpoint", "fact"}


def stored(server):
    """Everything that the database holds, by table; of events, which there are."""
    events = server.get("events/events/", page_size=1000)["results"]
    return tables(server) | {"events": sorted(event["pk"] for event in events)}


def tables(server):
    if Shared.POSTGRES:
        found, table = {}, None
        for line in Shared.dump(server.database).decode().splitlines():
            if line.startswith("COPY public."):
                table = line.split()[1].removeprefix("public.")
                found[table] = []
            elif line == "\\.":
                table = None
            elif table:
                found[table].append(line)
        return {table: sorted(rows) for table, rows in found.items() if table not in PASSING}
    with sqlite3.connect(f"file:{server.folder}/countersign.db?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {t: sorted(map(repr, database.execute(f'SELECT * FROM "{t}"'))) for t in tables if t not in PASSING}


def command(server, *arguments):
    return subprocess.run([PROGRAM, *arguments], env=server.environment, capture_output=True, text=True, timeout=120)


class Listener:
    """A server that policies may ask, and what it was asked."""

    def __init__(self):
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                body = json.dumps({"ok": True, "access_token": "token-of-the-listener"}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener():
    begun = Listener()
    yield begun
    begun.server.shutdown()
    begun.server.server_close()


#: It writes an event and the account, asks another server, and then a group.
BUSY = """
ak_create_event("opened", who=request.user.username)
request.user.attributes["seen"] = "by the policy"
request.user.save()
answer = requests.get("%s/ask?token=token-in-the-address", headers={"Authorization": "Bearer bearer-in-the-header"})
return answer.json()["ok"] and ak_is_group_member(request.user, name="staff")
"""


def refused(person, app):
    """The number on the page of a refusal."""
    page = person.open(app.authorize_url())
    assert page.status_code == 200 and "can’t open" in page.text, page.text[:400]
    return re.search(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b", page.text).group()


def test_a_refusal_is_found_from_everywhere_and_decided_again_without_effects(start, listener):
    server = start(Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.1/32"))
    app = server.application("wiki")
    staff = server.group("staff")
    uma = server.user("uma", attributes={"pin_code": "plain", "api_token": "secret-of-uma"})
    policy = server.create("policies/expression/", name="busy", expression=BUSY % listener.url)
    server.create("policies/bindings/", policy=policy["pk"], target=app.application["pk"], order=0)
    person = Person(server, "uma").sign_in()
    number = refused(person, app)
    assert listener.asked == ["/ask?token=token-in-the-address"], "the real decision asks"

    # By number, account, application, outcome, time and event: one and the same run.
    run = server.one(RUNS, trace=number)
    assert (run["outcome"], run["username"], run["application"]["slug"]) == ("denied", "uma", "wiki")
    assert run["reason"] and run["client_ip"] == "127.0.0.1"
    for query in [
        {"trace": number[:3].lower()},
        {"user": uma["pk"], "outcome": "denied"},
        {"application": "wiki", "outcome": "denied"},
        {"application": app.application["pk"], "outcome": "denied"},
        {"outcome": "denied", "since": run["started"]},
    ]:
        assert [one["pk"] for one in server.get(RUNS, **query)["results"]] == [run["pk"]], query
    assert server.get(RUNS, since="2100-01-01T00:00:00Z")["results"] == []
    event = server.one("events/events/", action="custom_opened")
    assert run["pk"] in [one["pk"] for one in server.get(RUNS, event=event["pk"])["results"]]
    login = server.get("events/events/", action="login", username="uma")["results"][0]
    signed_in = server.one(RUNS, event=login["pk"])
    assert (signed_in["flow"], signed_in["outcome"], signed_in["user"]) == ("default-authentication-flow", "done", uma["pk"])

    # What it was decided from is there, and no secret is.
    told = server.get(f"{RUNS}{run['pk']}/")
    decision = next(step for step in told["steps"] if "policies" in step)
    rule, given = decision["policies"]["steps"][0], decision["inputs"]
    assert (rule["name"], rule["passing"]) == ("busy", False)
    assert given["user"]["username"] == "uma" and given["context"]["oauth_scopes"] == ["openid", "profile", "email"]
    asked = [one["asked"] for one in given["answers"][0]]
    assert f"GET {listener.url}/ask" in asked, asked
    everything = json.dumps([told, signed_in, tables(server)["flow_run"], tables(server)["flow_part"]])
    for secret in [PASSWORD, "secret-of-uma", "token-in-the-address", "bearer-in-the-header", "token-of-the-listener"]:
        assert secret not in everything, secret

    # Decided again, now and after edits; nothing comes of it.
    listener.asked.clear()
    before = stored(server)
    replay = lambda **body: server.create(f"{RUNS}{run['pk']}/replay/", expect=200, **body)
    again = replay()
    assert (again["same"], again["decisions"][0]["passing"]) == (True, False), again
    edit = lambda text: [{"model": "authentik_policies_expression.expressionpolicy", "identifiers": {"name": "busy"}, "attrs": {"expression": text}}]
    opened = replay(changes=edit("return request.user.username == 'uma'"))
    assert (opened["same"], opened["decisions"][0]["passing"]) == (False, True), opened
    assert opened["changes"], opened
    other = replay(changes=edit(f"return requests.get('{listener.url}/other').json()['ok']"))
    assert (other["same"], other["decisions"][0]["passing"]) == (None, None), other
    assert "not recorded" in other["reasons"][0], other
    gone = replay(changes=[{"model": "authentik_policies_expression.expressionpolicy", "identifiers": {"name": "busy"}, "state": "absent"}])
    assert gone["decisions"][0]["passing"] is False and gone["changes"], gone
    joined = replay(changes=[{"model": "authentik_core.group", "identifiers": {"name": "staff"}, "attrs": {"users": [uma["pk"]]}}])
    assert joined["decisions"][0]["passing"] in (True, None), joined
    server.api("POST", f"{RUNS}{run['pk']}/replay/", 400, json={"changes": [{"model": "nothing", "identifiers": {"a": 1}}]})
    server.api("POST", f"{RUNS}{staff['pk']}/replay/", 404, json={})
    assert listener.asked == [] and stored(server) == before

    # The same on the command line, beside the server.
    why = command(server, "why-denied", number)
    assert why.returncode == 0 and "busy" in why.stdout and "denied" in why.stdout, why
    assert command(server, "why-denied", "0000-0000").returncode == 1
    line = command(server, "replay", number)
    assert line.returncode == 0 and "as it did" in line.stdout, line
    assert listener.asked == [] and stored(server) == before


def test_a_wrong_password_is_recorded_with_its_reason(server):
    uma = server.user("uma")
    with pytest.raises(Refused):
        Person(server, "uma", "Wrong-Horse-42").sign_in()
    run = server.one(RUNS, user=uma["pk"])
    assert (run["outcome"], run["reason"]) == ("running", "Invalid password"), run
    event = server.get("events/events/", action="login_failed")["results"][0]
    assert server.one(RUNS, event=event["pk"])["pk"] == run["pk"]
    # Names of people are for those who may view them.
    role = server.create("rbac/roles/", name="inspectors")
    server.api("POST", f"rbac/permissions/assigned_by_roles/{role['pk']}/assign/", 200, json={"permissions": ["authentik_flows.inspect_flow"]})
    group = server.group("inspectors", roles=[role["pk"]])
    server.user("ina", ["inspectors"])
    ina = Person(server, "ina").sign_in()
    seen = ina.api("GET", f"{RUNS}?user={uma['pk']}").json()["results"][0]
    assert seen["pk"] == run["pk"] and seen["username"] is None, seen
    told = ina.api("GET", f"{RUNS}{run['pk']}/").json()
    assert not any("inputs" in step for step in told["steps"])
    assert ina.api("POST", f"{RUNS}{run['pk']}/replay/", json={}).status_code == 403
    assert group


def test_what_would_be_is_said_and_nothing_is_done(start, listener):
    server = start(Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.1/32"))
    app = server.application("wiki")
    staff = server.group("staff")
    people = {name: server.user(name, ["staff"] if name == "uma" else [], password=None) for name in ["uma", "ola", "ned"]}
    binding = server.create("policies/bindings/", group=staff["pk"], target=app.application["pk"], order=0)
    other = server.application("plain")
    before = stored(server)
    simulate = lambda user, **body: server.create("countersign/simulations/", expect=200, user=user, application="wiki", **body)

    assert simulate("uma")["outcome"] == "allowed"
    refused = simulate(people["ola"]["pk"], client_ip="203.0.113.7")
    assert (refused["outcome"], refused["client_ip"]) == ("refused", "203.0.113.7")
    assert "staff" in refused["reasons"][0], refused
    unbound = [{"model": "authentik_policies.policybinding", "identifiers": {"pk": binding["pk"]}, "state": "absent"}]
    assert simulate("ola", changes=unbound)["outcome"] == "allowed"
    joined = [{"model": "authentik_core.group", "identifiers": {"name": "staff"}, "attrs": {"users": [people["ola"]["pk"]]}}]
    assert simulate("ola", changes=joined)["outcome"] == "allowed"
    policy = lambda text: [
        {"model": "authentik_policies_expression.expressionpolicy", "id": "p", "identifiers": {"name": "new"}, "attrs": {"expression": text}},
    ]
    bound = lambda text: "\n".join([
        "- {model: authentik_policies_expression.expressionpolicy, id: p, identifiers: {name: new}, attrs: {expression: %s}}" % json.dumps(text),
        f"- {{model: authentik_policies.policybinding, identifiers: {{pk: {binding['pk']}}}, attrs: {{group: null, policy: !KeyOf p}}}}",
    ])
    office = bound("return ak_client_ip in ip_network('203.0.113.0/24')")
    assert simulate("ola", changes=office, client_ip="203.0.113.7")["outcome"] == "allowed"
    assert simulate("ola", changes=office, client_ip="198.51.100.7")["outcome"] == "refused"
    hours = bound("from datetime import datetime, timezone\nreturn datetime.now(timezone.utc).year == 2031")
    assert simulate("ola", changes=hours, at="2031-05-05T05:05:05Z")["outcome"] == "allowed"
    assert simulate("ola", changes=hours)["outcome"] == "refused"
    busy = simulate("uma", changes=bound(BUSY % listener.url))
    assert busy["outcome"] == "unknown" and "new" in busy["reasons"][0], busy
    for wrong in [{"user": "nobody"}, {"user": "uma", "application": "none"}]:
        server.api("POST", "countersign/simulations/", 404, json={"application": "wiki"} | wrong)
    for wrong in [{"client_ip": "x"}, {"at": "soon"}, {"user": None}, {"changes": 1}]:
        server.api("POST", "countersign/simulations/", 400, json={"user": "uma", "application": "wiki"} | wrong)
    assert stored(server) == before and listener.asked == []

    # In bulk: who would gain or lose, at what the edit can touch, and who that is not known of.
    def impact(changes):
        task = server.create("countersign/simulations/impact/", expect=202, changes=changes)["task"]
        done = lambda: (found := server.get(f"countersign/simulations/impact/{task}/"))["state"] not in ("queued", "running") and found
        found = wait_for(done, 60, "the impact")
        assert found["state"] == "done", found
        return found

    named = lambda list: {(one["username"], one["application"]) for one in list}
    opened = impact(unbound)
    assert opened["applications"] == ["wiki"] and opened["counts"]["lost"] == opened["counts"]["unknown"] == 0
    assert {("ola", "wiki"), ("ned", "wiki")} <= named(opened["gained"]) and ("uma", "wiki") not in named(opened["gained"])
    only_ned = impact(bound("return request.user.username == 'ned'"))
    assert named(only_ned["gained"]) == {("ned", "wiki")} and named(only_ned["lost"]) == {("uma", "wiki")}
    assert impact(bound(BUSY % listener.url))["counts"]["unknown"] == opened["people"]
    untouched = impact([{"model": "authentik_stages_dummy.dummystage", "identifiers": {"name": "new"}}])
    assert (untouched["applications"], untouched["people"]) == ([], 0)
    server.api("POST", "countersign/simulations/impact/", 400, json={"changes": joined})
    after = stored(server)
    after.pop("impact", None), before.pop("impact", None)
    assert after == before and listener.asked == []

    file = server.folder / "edit.yaml"
    file.write_text(bound("return request.user.username == 'ned'"))
    line = command(server, "impact", str(file))
    assert line.returncode == 0 and "1 would gain access" in line.stdout and "uma at wiki" in line.stdout, line
    line = command(server, "simulate", "ned", "wiki", "--changes", str(file))
    assert line.returncode == 0 and "ned may open" in line.stdout, line
    assert command(server, "simulate", "ned", "wiki", "--at", "soon").returncode == 2
    assert other and policy
