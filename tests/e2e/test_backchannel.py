"""Applications that ask to sign somebody in whose browser is elsewhere (OpenID Connect CIBA): in the modes poll and ping."""

import datetime
import http.server
import json
import subprocess
import threading
import time

import pytest
import requests

from browser import Window, sign_in
from test_races import at_once
from world import TESTS, Person, Refused, Server, claims, wait_for

CIBA = "urn:openid:params:grant-type:ciba"
GRANTS = ["authorization_code", "refresh_token", CIBA]


class Asked(Person):
    """Somebody who is asked by an application."""

    verdict = "allow"

    def answer(self, challenge):
        if challenge["component"] != "countersign-backchannel-confirm":
            return super().answer(challenge)
        self.seen.append(challenge["component"])
        self.shown = challenge
        return {"answer": self.verdict}

    def waiting(self):
        return self.api("GET", "countersign/sign_in_requests/").json()["results"]

    def approve(self, verdict="allow", url="/approve"):
        """Opens the page and answers; the challenge at the end."""
        self.verdict, self.seen = verdict, []
        with pytest.raises(Refused) as ended:
            self.open(f"{self.server.base}{url}")
        return ended.value.args[0]


@pytest.fixture(scope="module")
def server():
    server = Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8,::1/128").start()
    yield server
    assert not server.panics()
    server.close()


def application(server, slug, **provider):
    return server.application(slug, grant_types=GRANTS, scopes=["offline_access"], **provider)


def ask(app, auth=True, **form):
    form = {"scope": "openid profile email"} | form
    form = {name: value for name, value in form.items() if value is not None}
    address = f"{app.server.base}/application/o/bc-authorize/"
    return requests.post(address, data=form, auth=(app.id, app.secret) if auth else None, timeout=10)


def begin(app, **form):
    answer = ask(app, **form)
    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.json()


def poll(app, begun, session=requests):
    return app.token(session, grant_type=CIBA, auth_req_id=begun["auth_req_id"])


def error(answer):
    assert answer.status_code in (400, 401), (answer.status_code, answer.text)
    return answer.json()["error"]


def test_a_person_is_asked_and_the_application_gets_tokens(server):
    app = application(server, "desk", consent="explicit")
    server.user("ciba")
    person = Asked(server, "ciba").sign_in()
    document = app.discovery()
    assert document["backchannel_authentication_endpoint"] == f"{server.base}/application/o/bc-authorize/"
    assert document["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
    assert document["backchannel_user_code_parameter_supported"] is False and CIBA in document["grant_types_supported"]

    assert "Nothing waits for you" in person.open(f"{server.base}/approve").text
    begun = begin(app, login_hint="ciba", binding_message="W4SCT", scope="openid profile email offline_access", requested_expiry="120")
    assert (begun["expires_in"], begun["interval"]) == (120, 5) and len(begun["auth_req_id"]) >= 22
    assert error(poll(app, begun)) == "authorization_pending"
    assert error(poll(app, begun)) == "slow_down"
    [waits] = person.waiting()
    assert (waits["application"], waits["message"]) == ("Desk", "W4SCT")
    created, expires = (datetime.datetime.fromisoformat(waits[name]) for name in ("created", "expires"))
    assert (expires - created).total_seconds() == 120
    # Looking at the page answers nothing, and it is nobody else's.
    assert Asked(server).sign_in().waiting() == []
    admin = Asked(server).sign_in()
    assert "Nothing waits for you" in admin.open(server.base + waits["url"]).text
    end = person.approve(url=waits["url"])
    assert person.seen[:2] == ["ak-stage-consent", "countersign-backchannel-confirm"]
    assert (person.shown["application"], person.shown["message"]) == ("Desk", "W4SCT")
    assert person.shown["more"] == ["Access while you are away, until you withdraw it"]
    assert end["component"] == "countersign-backchannel-finish" and end["allowed"] is True
    assert person.waiting() == []
    answer = poll(app, begun)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    told = claims(tokens["id_token"])
    assert told["preferred_username"] == "ciba" and told["aud"] == app.id and "sid" not in told
    info = requests.get(document["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10)
    assert info.json()["sub"] == told["sub"]
    assert app.refresh(tokens["refresh_token"]).status_code == 200
    assert error(poll(app, begun)) == "invalid_grant", "once"
    event = server.get("events/events/", action="authorize_application", username="ciba")["results"][0]
    assert event["context"]["scopes"] == "openid profile email offline_access"

    # By an ID token of before, in each way a client may know people.
    for mode in ("hashed_user_id", "user_id", "user_uuid", "user_username", "user_email"):
        server.patch(f"providers/oauth2/{app.provider['pk']}/", sub_mode=mode)
        hint = person.tokens(app)["id_token"]
        begun = begin(app, id_token_hint=hint)
        end = person.approve("deny")
        assert end["allowed"] is False
        assert error(poll(app, begun)) == "access_denied"
    refusals = server.get("events/events/", action="suspicious_request", username="ciba")["results"]
    assert "refused to sign in" in refusals[0]["context"]["message"]


def test_a_request_that_is_wrong_is_refused_by_name(server):
    app, other = application(server, "wrong"), application(server, "elsewhere")
    off = server.application("off")
    assert CIBA not in off.provider["grant_types"] and "backchannel_authentication_endpoint" not in off.discovery()
    assert error(ask(off, login_hint="akadmin")) == "unauthorized_client"
    foreign = Person(server).sign_in().tokens(other)
    for form, wanted in [
        ({}, "invalid_request"),
        ({"login_hint": "akadmin", "id_token_hint": "x"}, "invalid_request"),
        ({"login_hint_token": "x"}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"id_token_hint": foreign["id_token"]}, "invalid_request"),
        ({"id_token_hint": foreign["access_token"]}, "invalid_request"),
        ({"login_hint": "akadmin", "scope": "profile"}, "invalid_scope"),
        ({"login_hint": "akadmin", "scope": None}, "invalid_scope"),
        ({"login_hint": "akadmin", "binding_message": "x" * 65}, "invalid_binding_message"),
        ({"login_hint": "akadmin", "binding_message": "a\u202eb"}, "invalid_binding_message"),
        ({"login_hint": "akadmin", "requested_expiry": "soon"}, "invalid_request"),
        ({"login_hint": "akadmin", "requested_expiry": "-1"}, "invalid_request"),
        ({"login_hint": "akadmin", "request": "e30.e30."}, "invalid_request"),
        ({"login_hint": "aka\0dmin"}, "invalid_request"),
        ({"login_hint": "akadmin", "unknown": "\0"}, "invalid_request"),
        ({"login_hint": "nobody-here"}, "unknown_user_id"),
        ({"login_hint": "nobody@example.test"}, "unknown_user_id"),
    ]:
        answer = ask(app, **form)
        assert error(answer) == wanted, (form, answer.text)
        assert answer.json()["error_description"]
    assert error(ask(app, auth=False, client_id=app.id, login_hint="akadmin")) == "invalid_client"
    assert error(ask(app, auth=False, client_id=app.id, client_secret="wrong", login_hint="akadmin")) == "invalid_client"
    assert error(app.token(grant_type=CIBA, auth_req_id="unknown")) == "invalid_grant"
    begun = begin(app, login_hint="akadmin@example.test")
    assert error(poll(other, begun)) == "invalid_grant", "of another client"
    # Who cannot prove itself may not ask.
    path = f"providers/oauth2/{app.provider['pk']}/"
    assert "grant_types" in server.api("PATCH", path, 400, json={"client_type": "public"}).json()
    assert "backchannel_client_notification_endpoint" in server.api(
        "PATCH", path, 400, json={"backchannel_client_notification_endpoint": "http://app.example.test/cb"}
    ).json()


def test_policies_are_asked_at_each_step(server):
    app = application(server, "guarded")
    server.user("petra")
    group = server.group("Askable")
    person = Asked(server, "petra").sign_in()
    bind = lambda: server.create("policies/bindings/", target=app.application["pk"], group=group["pk"], order=0)
    begun, binding = begin(app, login_hint="petra"), bind()
    assert "You can’t open Guarded" in person.open(f"{server.base}/approve").text
    assert error(poll(app, begun)) == "authorization_pending"
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    person.approve()
    binding = bind()
    assert error(poll(app, begun)) == "invalid_grant", "what ends between the answer and the poll counts"
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    # A session that has ended gives nothing, nor does an account that was deactivated.
    begun = begin(app, login_hint="petra")
    person.approve()
    person.open(f"{server.base}/flows/-/default/invalidation/")
    assert error(poll(app, begun)) == "invalid_grant"
    petra = server.one("core/users/", username="petra")
    begun = begin(app, login_hint="petra")
    person.sign_in()
    person.approve()
    server.patch(f"core/users/{petra['pk']}/", is_active=False)
    assert error(poll(app, begun)) == "invalid_grant"
    assert error(ask(app, login_hint="petra")) == "unknown_user_id"


def test_a_hint_names_one_account_who_could_say_yes(server):
    app = application(server, "hints")
    server.user("named", email="named@corp.test")
    begin(app, login_hint="named@corp.test")
    other = server.user("mallory")
    server.patch(f"core/users/{other['pk']}/", username="named@corp.test")
    assert error(ask(app, login_hint="named@corp.test")) == "unknown_user_id", "a username of one, the address of another"
    server.patch(f"core/users/{other['pk']}/", username="mallory")
    own = server.user("same@corp.test", email="Same@corp.test")
    begin(app, login_hint="same@corp.test")
    server.patch(f"core/users/{other['pk']}/", email="same@CORP.test")
    assert error(ask(app, login_hint="same@corp.test")) == "unknown_user_id"
    begin(app, login_hint="mallory")
    # Nobody answers for a program, nor is anybody asked whom the policies shut out.
    server.create("core/users/service_account/", 200, name="robot", create_group=False)
    assert error(ask(app, login_hint="robot")) == "unknown_user_id"
    group = server.group("Hinted", users=[own["pk"]])
    server.patch(f"core/users/{other['pk']}/", email="mallory@corp.test")
    server.create("policies/bindings/", target=app.application["pk"], group=group["pk"], order=0)
    begin(app, login_hint="same@corp.test")
    assert error(ask(app, login_hint="mallory")) == "unknown_user_id"


def test_who_is_here_is_not_found_out_by_asking(server):
    app, other = application(server, "curious"), application(server, "modest")
    for answer in at_once(lambda _: ask(app, login_hint="not-here"), 200):
        assert error(answer) == "unknown_user_id"
    assert [ask(app, login_hint=hint).status_code for hint in ("not-here", "akadmin")] == [429, 429]
    assert error(ask(other, login_hint="not-here")) == "unknown_user_id"


def test_who_acts_as_somebody_answers_nothing_for_them(server):
    app = application(server, "acting")
    user = server.user("meant")
    begun = begin(app, login_hint="meant")
    admin = Asked(server).sign_in()
    assert admin.api("POST", f"core/users/{user['pk']}/impersonate/", json={"reason": "help"}).status_code in (200, 201, 204)
    page = admin.get("/approve")
    while location := page.headers.get("Location"):
        page = admin.get(location)
    assert "Only they can answer this" in page.text
    assert error(poll(app, begun)) == "authorization_pending"


def test_of_200_that_poll_at_once_one_gets_the_tokens(server):
    app = application(server, "race")
    server.user("racer")
    begun = begin(app, login_hint="racer", scope="openid offline_access")
    Asked(server, "racer").sign_in().approve()
    answers = at_once(lambda session: poll(app, begun, session))
    winners = [answer for answer in answers if answer.status_code == 200]
    assert len(answers) == 200 and len(winners) == 1, [answer.text for answer in answers[:5]]
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}


def test_nobody_is_asked_without_end(server):
    app, other = application(server, "often"), application(server, "often-too")
    server.user("tired")
    person = Asked(server, "tired").sign_in()
    statuses = [answer.status_code for answer in at_once(lambda _: ask(app, login_hint="tired"), 40)]
    assert statuses.count(200) == 3 and set(statuses) == {200, 429}, statuses
    assert begin(other, login_hint="tired"), "another application may ask"
    page = person.open(f"{server.base}/approve").text
    assert page.count("Often") >= 4, "all that waits"
    # However soon they are answered.
    asked = 3
    while True:
        for waits in person.waiting():
            person.approve("deny", waits["url"])
        answer = ask(app, login_hint="tired")
        if answer.status_code != 200:
            break
        asked += 1
    assert (answer.status_code, asked) == (429, 10) and int(answer.headers["Retry-After"]) > 300
    events = server.get("events/events/", action="suspicious_request")["results"]
    assert any("more often than it may" in json.dumps(event["context"]) for event in events)


def test_a_request_expires(server):
    app = application(server, "brief")
    server.user("late")
    person = Asked(server, "late").sign_in()
    begun = begin(app, login_hint="late", requested_expiry="2")
    url = person.waiting()[0]["url"]
    time.sleep(2.5)
    assert person.waiting() == [] and error(poll(app, begun)) == "expired_token"
    assert "has expired" in person.open(server.base + url).text


def test_the_application_is_told_that_there_is_an_answer(server):
    told, statuses = [], [503]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.append((self.path, self.headers["Authorization"], self.headers["Content-Type"], body))
            self.send_response(statuses.pop() if statuses else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    app = application(server, "pinged", backchannel_client_notification_endpoint=f"http://localhost:{site.server_port}/ciba")
    server.user("pia")
    person = Asked(server, "pia").sign_in()
    assert error(ask(app, login_hint="pia")) == "invalid_request", "a token is needed"
    assert error(ask(app, login_hint="pia", client_notification_token="a b")) == "invalid_request"
    begun = begin(app, login_hint="pia", client_notification_token="8d67dc78-7faa-4d41")
    assert told == []
    person.approve()
    # It could not be told at once, and is told again.
    wait_for(lambda: len(told) == 2, 30, "the notification")
    assert told[0] == ("/ciba", "Bearer 8d67dc78-7faa-4d41", "application/json", {"auth_req_id": begun["auth_req_id"]}) == told[1]
    assert poll(app, begun).status_code == 200
    begun = begin(app, login_hint="pia", client_notification_token="second")
    person.approve("deny")
    wait_for(lambda: len(told) == 3, 30, "the notification")
    assert told[2][1:] == ("Bearer second", "application/json", {"auth_req_id": begun["auth_req_id"]})
    assert error(poll(app, begun)) == "access_denied"
    # Nothing that is kept says what it was told.
    assert not any(begun["auth_req_id"].encode() in file.read_bytes() for file in server.folder.rglob("*") if file.is_file())
    site.shutdown()
    site.server_close()


def test_openid_client_of_npm_asks_and_polls(server):
    app = application(server, "npm")
    server.user("nora")
    nora = Asked(server, "nora").sign_in()
    settings = {"issuer": f"{server.base}/application/o/npm/", "id": app.id, "secret": app.secret, "hint": "nora"}
    node = ["node", str(TESTS / "openid_client" / "backchannel.mjs")]
    with subprocess.Popen(node, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS) as client:
        client.stdin.write(json.dumps(settings))
        client.stdin.close()
        assert json.loads(client.stdout.readline())["interval"] == 5
        nora.approve()
        done = json.loads(client.stdout.readline())
    assert done["userinfo"]["preferred_username"] == "nora", done
    assert done["refreshed"]["sub"] == done["claims"]["sub"]


def test_the_pages_in_a_browser(server, browser):
    app = application(server, "service-desk", name="Service Desk", consent="explicit")
    server.user("vera", name="Vera Example")
    for script in (True, False):
        window = Window(browser, server.base, f"backchannel-{script}", script=script)
        begun = begin(app, login_hint="vera", binding_message="Ticket 4711")
        if script:
            window.go("/flows/-/default/authentication/?next=/if/user/")
            sign_in(window, "vera")
            window.see("Service Desk asks you to sign in")
            window.see("Ticket 4711")
            assert window.barriers() == []
            window.picture("library")
            window.follow("Answer")
            window.see("wants to know who you are")
            window.press("Continue")
        else:
            window.go("/approve")
            sign_in(window, "vera")
        window.see("Sign in to Service Desk?")
        window.see("Ticket 4711")
        assert not script or window.barriers() == []
        window.picture("confirm")
        window.press("Allow" if script else "Deny")
        window.see("You are being signed in to Service Desk" if script else "Service Desk gets nothing")
        assert not script or window.barriers() == []
        window.picture("end")
        assert poll(app, begun).status_code == (200 if script else 400)
        assert window.problems == []
        window.close()
