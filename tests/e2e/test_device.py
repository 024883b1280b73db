"""Devices without a keyboard (RFC 8628), tokens for tokens (RFC 8693), clients that register themselves (RFC 7591, 7592)."""

import json
import re
import subprocess
import urllib.parse

import pytest
import requests
from browser import Window, sign_in
from test_races import at_once

from world import REDIRECT, TESTS, TOKEN, Person, Refused, Server, claims

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Owner(Person):
    """Somebody who has a device that shows a code."""

    code, verdict = None, "allow"

    def answer(self, challenge):
        replies = {
            "ak-provider-oauth2-device-code": {"code": self.code},
            "countersign-device-confirm": {"answer": self.verdict},
        }
        if challenge["component"] not in replies:
            return super().answer(challenge)
        self.seen.append(challenge["component"])
        return replies[challenge["component"]]

    def bring(self, code, verdict="allow", query=""):
        """Goes to the page, types the code, and answers; the challenge at the end."""
        self.code, self.verdict, self.seen = code, verdict, []
        with pytest.raises(Refused) as ended:
            self.open(f"{self.server.base}/device{query}")
        return ended.value.args[0]


def device_flow(server):
    """The flow in which codes are typed, chosen in the default brand."""
    fields = {"name": "Device code", "slug": "device-code", "title": "Connect a device"}
    server.create("flows/instances/", designation="stage_configuration", authentication="require_authenticated", **fields)
    brand = server.one("core/brands/")
    server.patch(f"core/brands/{brand['brand_uuid']}/", flow_device_code=server.flow("device-code"))


def begin(server, app, **form):
    answer = requests.post(f"{server.base}/application/o/device/", data={"client_id": app.id} | form, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def poll(app, codes):
    return app.token(grant_type=DEVICE, device_code=codes["device_code"])


def test_a_device_is_let_in_refused_or_waits(server):
    app = server.application("tv", consent="explicit", scopes=["offline_access"])
    olga = Owner(server).sign_in()
    assert olga.get("/device").status_code == 404, "no flow is chosen"
    device_flow(server)
    assert app.discovery()["device_authorization_endpoint"] == f"{server.base}/application/o/device/"
    assert DEVICE in app.discovery()["grant_types_supported"]

    codes = begin(server, app, scope="openid profile email")
    assert poll(app, codes).json()["error"] in ("authorization_pending", "slow_down")
    end = olga.bring(codes["user_code"])
    assert olga.seen[:3] == ["ak-provider-oauth2-device-code", "ak-stage-consent", "countersign-device-confirm"]
    assert end["component"] == "ak-provider-oauth2-device-code-finish"
    tokens = poll(app, codes)
    assert tokens.status_code == 200, tokens.text
    info = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    info = requests.get(f"{server.base}/application/o/userinfo/", headers=info, timeout=10).json()
    assert info["preferred_username"] == "akadmin"
    assert poll(app, codes).json()["error"] == "invalid_grant", "once"
    event = server.get("events/events/", action="authorize_application")["results"][0]
    assert (event["user"]["username"], event["context"]["scopes"]) == ("akadmin", "openid profile email")

    # By the address that the device shows as a picture; the consent is remembered, the question is not.
    codes = begin(server, app, scope="openid profile email")
    assert codes["verification_uri_complete"] == f"{server.base}/device?code={codes['user_code']}"
    olga.bring("", "deny", f"?code={codes['user_code']}")
    assert olga.seen[:1] == ["countersign-device-confirm"], "looking at a page lets nobody in"
    assert poll(app, codes).json()["error"] == "access_denied"
    # Whoever comes second finds no code that waits.
    refused = olga.bring(codes["user_code"])
    assert refused["response_errors"]["code"][0]["string"] == "Invalid code"


def test_of_200_that_poll_at_once_one_gets_the_tokens(server):
    device_flow(server)
    app = server.application("tv", scopes=["offline_access"])
    codes = begin(server, app, scope="openid offline_access")
    Owner(server).sign_in().bring(codes["user_code"])
    answers = at_once(lambda session: app.token(session, grant_type=DEVICE, device_code=codes["device_code"]))
    winners = [answer for answer in answers if answer.status_code == 200]
    assert len(answers) == 200 and len(winners) == 1, [answer.text for answer in answers[:5]]
    assert "refresh_token" in winners[0].json()
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}


def test_who_may_not_open_the_application_lets_no_device_in(server):
    app = server.application("tv")
    device_flow(server)
    server.user("percy")
    group = server.group("Owners")
    binding = server.create("policies/bindings/", target=app.application["pk"], group=group["pk"], order=0)
    codes = begin(server, app, scope="openid")
    percy = Owner(server, "percy").sign_in()
    page = percy.open(codes["verification_uri_complete"])
    assert "You can’t open Tv" in page.text
    assert poll(app, codes).json()["error"] in ("authorization_pending", "slow_down")

    # What ends between the answer and the poll counts.
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    percy.bring(codes["user_code"])
    server.create("policies/bindings/", target=app.application["pk"], group=group["pk"], order=0)
    assert poll(app, codes).json()["error"] == "invalid_grant"


def test_codes_of_others_are_not_guessed(server):
    app = server.application("tv")
    device_flow(server)
    mallory = Owner(server).sign_in()
    codes = begin(server, app, scope="openid")
    wrong = [code for code in ("000000001", "000000002", "000000003", "000000004", "000000005") if code != codes["user_code"]]
    texts = [mallory.bring(code)["response_errors"]["code"][0]["string"] for code in wrong]
    assert texts[0] == "Invalid code" and any(text.startswith("Too many attempts") for text in texts), texts
    # The right one is not looked at either; where the address brings it, the page says so.
    page = mallory.get(mallory.get(codes["verification_uri_complete"]).headers["Location"])
    assert "Too many attempts" in page.text or "Sign in to Tv" in page.text


def test_openid_client_of_npm_is_a_device(server):
    app = server.application("tv", scopes=["offline_access"])
    device_flow(server)
    olga = Owner(server).sign_in()
    settings = {"issuer": f"{server.base}/application/o/tv/", "id": app.id, "secret": app.secret, "scope": "openid profile offline_access"}
    node = ["node", str(TESTS / "openid_client" / "device.mjs")]
    with subprocess.Popen(node, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS) as device:
        device.stdin.write(json.dumps(settings))
        device.stdin.close()
        codes = json.loads(device.stdout.readline())
        olga.bring("", query="?" + urllib.parse.urlsplit(codes["verification_uri_complete"]).query)
        done = json.loads(device.stdout.readline())
    assert done["userinfo"]["preferred_username"] == "akadmin", done
    assert done["refreshed"]["sub"] == done["claims"]["sub"]


def test_the_pages_of_a_device_in_a_browser(server, browser):
    app = server.application("tv", name="Living Room TV", consent="explicit")
    device_flow(server)
    server.user("olga", name="Olga Example")
    window = Window(browser, server.base, "device")
    for verdict, text in [("Allow", "The device is connected"), ("Deny", "The device was refused")]:
        codes = begin(server, app, scope="openid profile email")
        window.go("/device")
        if verdict == "Allow":
            sign_in(window, "olga")
        window.see("Connect a device")
        assert window.barriers() == []
        window.fill("Code on the device", "123")
        window.press("Continue")
        window.see("No device waits with this code")
        window.picture("wrong")
        code = codes["user_code"]
        window.fill("Code on the device", f"{code[:3]} {code[3:6]}-{code[6:]}")
        window.press("Continue")
        if verdict == "Allow":
            window.see("wants to know who you are")
            window.press("Continue")
        window.see(f"{code[:3]} {code[3:6]} {code[6:]}")
        window.see("Living Room TV")
        assert window.barriers() == []
        window.picture("confirm")
        window.press(verdict)
        window.see(text)
        assert window.barriers() == []
        window.picture("end")
        assert poll(app, codes).status_code == (200 if verdict == "Allow" else 400)
    assert window.problems == []
    window.close()


def node(script, **settings):
    run = ["node", str(TESTS / "openid_client" / script)]
    done = subprocess.run(run, input=json.dumps(settings), capture_output=True, text=True, timeout=60, cwd=TESTS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def register(server, metadata, token=None, path="register/", method="POST"):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = path if path.startswith("http") else f"{server.base}/application/o/{path}"
    return requests.request(method, url, json=metadata, headers=headers, timeout=30)


METADATA = {"client_name": "Pocket Wiki", "redirect_uris": [REDIRECT], "grant_types": ["authorization_code", "refresh_token"], "contacts": ["ops@example.org"]}


def test_clients_register_themselves_only_where_they_may(server, start, app):
    assert register(server, METADATA).status_code == 404
    assert "registration_endpoint" not in app.discovery()

    server = start(Server(COUNTERSIGN_OAUTH2__REGISTRATION="token", COUNTERSIGN_OAUTH2__REGISTRATION_HOSTS="localhost,*.example.org"))
    app = server.application()
    assert app.discovery()["registration_endpoint"] == f"{server.base}/application/o/register/"
    ops = server.user("ops")
    token = server.create("core/tokens/", identifier="ops", intent="api", user=ops["pk"])
    key = server.get(f"core/tokens/{token['identifier']}/view_key/")["key"]
    for sent, status, error in [(None, 401, "invalid_token"), ("wrong", 401, "invalid_token"), (key, 403, "insufficient_scope")]:
        answer = register(server, METADATA, sent)
        assert (answer.status_code, answer.json()["error"]) == (status, error), sent
    # A session is not enough: another site could send it.
    admin = Person(server).sign_in()
    assert admin.web.post(f"{server.base}/application/o/register/", json=METADATA, timeout=10).status_code == 401
    for wrong, error in [
        ({"redirect_uris": ["https://evil.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://wiki.example.org/cb"]}, "invalid_redirect_uri"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"software_statement": "a.b.c"}, "unapproved_software_statement"),
        ({"id_token_signed_response_alg": "ES512"}, "invalid_client_metadata"),
    ]:
        answer = register(server, METADATA | wrong, TOKEN)
        assert (answer.status_code, answer.json()["error"]) == (400, error), wrong

    # A real client, from registration to tokens.
    made = node("register.mjs", issuer=f"{server.base}/application/o/flask-app/", token=TOKEN, metadata=METADATA)
    assert made.get("client_secret") and made["contacts"] == ["ops@example.org"], made
    assert made["registration_client_uri"] == f"{server.base}/application/o/register/{made['client_id']}/"
    application = server.one("core/applications/", search="pocket")
    issuer = f"{server.base}/application/o/{application['slug']}/"
    settings = {"issuer": issuer, "id": made["client_id"], "secret": made["client_secret"], "redirect": REDIRECT}
    begun = node("begin.mjs", **settings)
    callback = Person(server).sign_in().visit(begun["url"])
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(callback).query))
    form = {"grant_type": "authorization_code", "code": query["code"], "redirect_uri": REDIRECT, "code_verifier": begun["checks"]["verifier"]}
    tokens = requests.post(f"{server.base}/application/o/token/", data=form, auth=(made["client_id"], made["client_secret"]), timeout=10)
    assert tokens.status_code == 200 and "refresh_token" in tokens.json(), tokens.text

    # Its own registration: read, changed, ended.
    own, address = made["registration_access_token"], made["registration_client_uri"]
    assert register(server, None, own, address, "GET").json() == made
    for wrong in (None, "wrong", TOKEN):
        assert register(server, None, wrong, address, "GET").status_code == 401, wrong
    changed = METADATA | {"client_id": made["client_id"], "client_name": "Pocket Wiki 2", "redirect_uris": ["https://a.example.org/cb"]}
    assert register(server, METADATA, own, address, "PUT").status_code == 400, "client_id is missing"
    assert register(server, changed | {"client_secret": "mine"}, own, address, "PUT").status_code == 400
    answer = register(server, changed, own, address, "PUT")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["client_name"], answer.json()["redirect_uris"]) == ("Pocket Wiki 2", ["https://a.example.org/cb"])
    assert answer.json()["client_secret"] == made["client_secret"]
    assert register(server, None, own, address, "DELETE").status_code == 204
    assert register(server, None, own, address, "GET").status_code == 401
    assert server.get("core/applications/", search="pocket")["results"] == []
    assert server.get("providers/oauth2/", search="pocket")["results"] == []
    created = server.get("events/events/", action="model_created", page_size=100)["results"]
    mine = [event for event in created if "Pocket" in json.dumps(event["context"])]
    assert {event["user"]["username"] for event in mine} == {"akadmin"}, "who vouched"


def test_an_open_registration_has_bounds(start):
    server = start(Server(COUNTERSIGN_OAUTH2__REGISTRATION="open"))
    public = METADATA | {"token_endpoint_auth_method": "none", "client_name": "<b>Wiki</b>"}
    made = register(server, public)
    assert made.status_code == 201 and "client_secret" not in made.json(), made.text
    assert made.headers["Cache-Control"] == "no-store"
    provider = server.one("providers/oauth2/", client_id=made.json()["client_id"])
    assert provider["client_type"] == "public"
    flow = server.get("flows/instances/default-provider-authorization-explicit-consent/")["pk"]
    assert provider["authorization_flow"] == flow, "people are asked"
    assert register(server, METADATA | {"grant_types": ["client_credentials"]}).status_code == 400, "nobody vouches"
    statuses = [register(server, public).status_code for _ in range(12)]
    assert 429 in statuses and statuses.count(201) < 10, statuses
    assert re.match(r"\d+", register(server, public).headers["Retry-After"])
    assert server.panics() == []


def test_what_nobody_signs_in_to_gives_way_to_the_next_registration(start):
    server = start(Server(COUNTERSIGN_OAUTH2__REGISTRATION="open", COUNTERSIGN_OAUTH2__REGISTRATION_LIMIT="2"))
    made = [register(server, METADATA | {"client_name": name}).json() for name in ("first", "second")]
    application = server.one("core/applications/", search="first")
    settings = {"issuer": f"{server.base}/application/o/{application['slug']}/", "id": made[0]["client_id"], "secret": made[0]["client_secret"], "redirect": REDIRECT}
    assert "code=" in Person(server).sign_in().visit(node("begin.mjs", **settings)["url"])
    made.append(register(server, METADATA | {"client_name": "third"}).json())
    read = [register(server, None, one["registration_access_token"], one["registration_client_uri"], "GET").status_code for one in made]
    assert read == [200, 401, 200], "the one that is used stays"
    names = {application["name"] for application in server.get("core/applications/", superuser_full_list="true")["results"]}
    assert {"first", "third"} <= names and "second" not in names
    assert server.panics() == []


EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
GRANTS = ["authorization_code", "refresh_token", "client_credentials", EXCHANGE]


def introspect(app, token):
    return requests.post(f"{app.server.base}/application/o/introspect/", data={"token": token}, auth=(app.id, app.secret), timeout=10).json()


def test_a_token_is_exchanged_for_one_that_tells_less_and_ends_no_later(server, admin):
    """A front end calls an API, which calls another one: each with a token of its own for the same person."""
    front = server.application("front", scopes=["offline_access"])
    api = server.application("api", grant_types=GRANTS, jwt_federation_providers=[front.provider["pk"]])
    deep = server.application("deep", jwt_federation_providers=[api.provider["pk"]], access_token_validity="days=30")
    tokens = admin.tokens(front, scope="openid email offline_access")

    def ask(app, **form):
        form = {"grant_type": EXCHANGE, "subject_token": tokens["access_token"], "subject_token_type": ACCESS} | form
        return app.token(**form)

    assert ask(front).json()["error"] == "unauthorized_client", "only where the provider names the grant"
    settings = {"issuer": f"{server.base}/application/o/api/", "id": api.id, "secret": api.secret}
    form = {"subject_token": tokens["access_token"], "subject_token_type": ACCESS, "audience": deep.id, "scope": "openid"}
    own = api.token(grant_type="client_credentials", scope="openid").json()["access_token"]
    got = node("exchange.mjs", **settings, form=form | {"actor_token": own, "actor_token_type": ACCESS})
    assert (got["issued_token_type"], got["scope"], got["token_type"]) == (ACCESS, "openid", "bearer"), got
    assert "refresh_token" not in got and "id_token" not in got
    said, before = claims(got["access_token"]), claims(tokens["access_token"])
    assert (said["aud"], said["azp"], said["sub"]) == (deep.id, api.id, before["sub"])
    assert said["act"]["client_id"] == api.id and said["exp"] == before["exp"], "no longer than the one before"
    assert introspect(deep, got["access_token"])["active"] and not introspect(front, got["access_token"])["active"]
    event = server.get("events/events/", action="authorize_application")["results"][0]
    assert event["user"]["username"] == "akadmin" and event["context"]["auth_method"] == "token_exchange"
    assert event["context"]["act"]["client_id"] == api.id

    for form, error in [
        ({"scope": "openid profile"}, "invalid_scope"),
        ({"scope": "goauthentik.io/api"}, "invalid_scope"),
        ({"audience": front.id}, "invalid_target"),
        ({"audience": "zzz"}, "invalid_target"),
        ({"subject_token": "zzz"}, "invalid_request"),
        ({"subject_token": tokens["refresh_token"]}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"actor_token": tokens["access_token"], "actor_token_type": ACCESS}, "invalid_request"),
        ({"actor_token": own}, "invalid_request"),
        ({"actor_token_type": ACCESS}, "invalid_request"),
    ]:
        answer = ask(api, **form)
        assert (answer.status_code, answer.json()["error"]) == (400, error), (form, answer.text)
    assert ask(api).status_code == 200, "for the client itself"
    wrong = requests.post(f"{server.base}/application/o/token/", data={"grant_type": EXCHANGE, "subject_token": tokens["access_token"], "subject_token_type": ACCESS, "client_id": api.id, "client_secret": "x"}, timeout=10)
    assert wrong.json()["error"] == "invalid_client"

    # The policies of the target are asked for the person; what ended gives nothing, and takes along what it gave.
    group = server.group("Others")
    # So are those of the issuer where an assertion stands for the person.
    assertion = {"grant_type": "client_credentials", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    assertion |= {"client_assertion": tokens["access_token"], "scope": "openid"}
    assert api.token(**assertion).status_code == 200
    closed = server.create("policies/bindings/", target=front.application["pk"], group=group["pk"], order=0)
    assert api.token(**assertion).json()["error"] == "invalid_grant", "who may not open the issuer's application"
    server.api("DELETE", f"policies/bindings/{closed['pk']}/", 204)
    assert api.token(**assertion).status_code == 200
    binding = server.create("policies/bindings/", target=deep.application["pk"], group=group["pk"], order=0)
    assert ask(api, audience=deep.id).json()["error"] == "invalid_target"
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    second = ask(api, audience=deep.id).json()["access_token"]
    assert introspect(deep, second)["active"]
    revoked = requests.post(f"{server.base}/application/o/revoke/", data={"token": tokens["refresh_token"]}, auth=(front.id, front.secret), timeout=10)
    assert revoked.status_code == 200
    assert ask(api).json()["error"] == "invalid_request"
    assert not introspect(deep, second)["active"], "ends with the sign-in it came from"
