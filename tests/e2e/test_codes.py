"""Second factors and checks that others take part in: codes by mail and by text message, Duo, captchas. Each through a server
that speaks the documented wire; people are told by mail of what changes."""

import base64
import hashlib
import hmac
import http.server
import json
import re
import threading
import urllib.parse

import pytest
from receivers import Certificate, MailServer, parts

from browser import Window
from test_recovery import apply
from world import PASSWORD, Person, Refused, Server, wait_for

VALIDATE = "ak-stage-authenticator-validate"
SIGN_IN = "default-authentication-flow"


class Service:
    """A web server that answers as `answer(method, path, query, headers, body)` says: a status and JSON."""

    def __init__(self, answer, certificate=None, media="application/json"):
        service = self
        self.calls = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.calls.append((self.command, url.path, url.query, headers, body))
                status, said = answer(*service.calls[-1])
                said = said.encode() if isinstance(said, str) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            self.server.socket = certificate.context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def services():
    started = []

    def begin(*arguments, **options):
        started.append(Service(*arguments, **options))
        return started[-1]

    yield begin
    for service in started:
        service.close()


@pytest.fixture
def mails():
    receiver = MailServer().start()
    yield receiver
    receiver.close()


class Owner(Person):
    """Somebody who reads codes where they are sent to. `read` gives the code that came last."""

    read = None
    number = None
    duo = None

    def answer(self, challenge):
        component = challenge["component"]
        if component == VALIDATE and self.duo is not None:
            self.seen.append(component)
            (offered,) = challenge["device_challenges"]
            return {"duo": int(offered["device_uid"])}
        if component == "ak-stage-authenticator-static":
            return {}
        if component in (VALIDATE, "ak-stage-authenticator-email", "ak-stage-authenticator-sms", "ak-stage-authenticator-duo"):
            self.seen.append(component)
            if challenge.get("phone_number_required"):
                return {"phone_number": self.number}
            return {"code": self.read()} if self.read else {}
        return super().answer(challenge)

    def again(self):
        """The same person in another browser."""
        other = type(self)(self.server, self.username, self.password)
        other.read, other.number, other.duo = self.read, self.number, self.duo
        return other

    def until_asked(self):
        """Name and password are given; the executor, and the challenge that asks for the second factor."""
        executor = f"{self.server.base}/api/v3/flows/executor/{SIGN_IN}/?query="
        challenge = self.challenge(self.web.get(executor, timeout=30))
        while challenge["component"] != VALIDATE:
            challenge = self.challenge(self.web.post(executor, json=Person.answer(self, challenge), timeout=30))
        return executor, challenge

    def choose(self):
        """A code is asked for and typed; the last answer."""
        executor, challenge = self.until_asked()
        (offered,) = challenge["device_challenges"]
        chosen = self.web.post(executor, json={"selected_challenge": offered}, timeout=30).json()
        assert chosen["response_errors"]["non_field_errors"][0]["string"] == "Empty response"
        return self.web.post(executor, json={"code": self.read()}, allow_redirects=False, timeout=30)


def set_up_flow(server, stage, name):
    """A flow by which people set up what the stage sets up."""
    flow = server.create("flows/instances/", name=name, slug=name, title=name, designation="stage_configuration", authentication="require_authenticated")
    server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=0)
    return name


def to(mails, address, subject, count=1):
    """The last mail to somebody with that subject, once so many have come."""
    mine = lambda: [mail for mail in mails.mails if mail["To"] == address and subject in mail["Subject"]]
    return wait_for(lambda: len(mine()) >= count and mine()[-1], 60, f"mail number {count} to {address} about {subject}")


def test_codes_by_mail_and_the_owner_is_told_of_each_change(start, mails, browser):
    server = start(Server(**mails.settings))
    apply(server, "example/flows-authenticator-email-setup.yaml")
    server.user("uma")
    uma = Owner(server, "uma").sign_in()
    counts = iter(range(1, 20))
    uma.read = lambda: re.search(r"\b\d{6}\b", parts(to(mails, "uma@example.test", "sign-in code", next(counts)))[0]).group()
    uma.run_flow("default-authenticator-email-setup")
    added = parts(to(mails, "uma@example.test", "was added"))[0]
    assert "codes by e-mail" in added and "Email Device" in added, added
    (device,) = uma.get("/api/v3/authenticators/all/").json()
    assert (device["verbose_name"], device["extra_description"]) == ("Email Device", "uma@example.test")
    other = uma.again()
    answer = other.choose()
    assert answer.status_code == 302, answer.text
    assert other.run_flow(SIGN_IN) == "/" and other.me().status_code == 200
    # A page asks for the code by itself, and says where it went.
    window = Window(browser, server.base, "email-code", viewport={"width": 390, "height": 844}, color_scheme="dark")
    window.go(f"/if/flow/{SIGN_IN}/").fill("Email or Username", "uma")
    window.fill("Password", PASSWORD)
    window.press("Log in")
    window.see("We sent it to u**@e******.test.")
    window.picture("asked")
    assert window.barriers() == []
    window.fill("Code from the mail", uma.read())
    window.press("Continue")
    window.page.wait_for_url("**/if/user/**")
    window.go("/if/user/#/settings").see("uma@example.test")
    window.picture("settings")
    # An administrator's deletion is told with the name of who did it.
    server.api("DELETE", f"authenticators/admin/email/{device['pk']}/", 204)
    assert "akadmin" in parts(to(mails, "uma@example.test", "was removed"))[0]
    uma.run_flow("default-authenticator-static-setup")
    told = parts(to(mails, "uma@example.test", "was added", 2))[0]
    assert "recovery codes" in told, told
    codes = re.findall(r"\b\d{6}\b", "\n".join(parts(mail)[0] for mail in mails.mails if "code" in mail["Subject"]))
    events = server.api("GET", "events/events/?action=email_sent", 200).text
    assert codes and not [code for code in codes if f'"{code}"' in events or f"\\n{code}\\n" in events]


def test_codes_by_text_message(start, services):
    """Twilio by its own address over TLS, another provider with a payload of its own, and a number that is only checked."""
    answers = iter([])
    taken = lambda *_: next(answers, (201, {"sid": "SM1"}))
    certificate = Certificate("api.twilio.com")
    twilio = services(taken, certificate)
    other = services(taken)
    server = start(Server(SSL_CERT_FILE=str(certificate.path), COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8", COUNTERSIGN_OUTBOUND__RESOLVE=f"api.twilio.com=127.0.0.1:{twilio.port}"))
    stage = server.create("stages/authenticator/sms/", name="sms", provider="twilio", from_number="+15550100", account_sid="AC1", auth="token-1")
    assert stage["verify_only"] is False and stage["mapping"] is None and stage["auth_type"] == "basic"
    flow = set_up_flow(server, stage, "sms-setup")
    server.user("uma")
    uma = Owner(server, "uma").sign_in()
    uma.number = "+49 170 123-456"
    sent = lambda: dict(urllib.parse.parse_qsl(twilio.calls[-1][4]))
    uma.read = lambda: sent()["Body"].rsplit(" ", 1)[1]
    uma.run_flow(flow)
    method, path, _, headers, _ = twilio.calls[-1]
    assert (method, path) == ("POST", "/2010-04-01/Accounts/AC1/Messages.json")
    assert headers["authorization"] == "Basic " + base64.b64encode(b"AC1:token-1").decode()
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert (sent()["From"], sent()["To"]) == ("+15550100", "+49170123456")
    assert re.fullmatch(r"Use this code to authenticate in authentik: \d{6}", sent()["Body"])
    answer = uma.again().choose()
    assert answer.status_code == 302 and len(twilio.calls) == 2, answer.text
    (device,) = server.get("authenticators/admin/sms/")["results"]
    assert (device["phone_number"], device["user"]["username"]) == ("+49170123456", "uma")
    # Somebody else cannot have the number, and what the provider refuses is told in an event, without the code.
    server.user("nina")
    nina = Owner(server, "nina").sign_in()
    nina.number, nina.read = uma.number, uma.read
    with pytest.raises(Refused) as refused:
        nina.run_flow(flow)
    assert refused.value.args[0]["response_errors"]["non_field_errors"][0]["string"] == "Invalid phone number"
    answers = iter([(401, {"message": "Authenticate"})])
    nina.number = "+49170000000"
    with pytest.raises(Refused) as refused:
        nina.run_flow(flow)
    event = server.one("events/events/", action="configuration_error")["context"]
    assert (event["status_code"], event["stage"]) == (401, "sms") and "Authenticate" in event["body"]
    assert uma.read() not in json.dumps(event)

    mapping = server.create("propertymappings/notification/", name="sms", expression='return {"n": device.phone_number, "t": token, "s": stage.name}')
    fields = {"provider": "generic", "from_number": "us", "account_sid": f"{other.url}/send", "auth": "key", "auth_type": "bearer"}
    stage = server.create("stages/authenticator/sms/", name="checked", verify_only=True, mapping=mapping["pk"], **fields)
    checking = set_up_flow(server, stage, "sms-check")
    nina.number, nina.read = "0170 1", lambda: json.loads(other.calls[-1][4])["t"]
    nina.run_flow(checking)
    _, path, _, headers, body = other.calls[-1]
    assert (path, headers["authorization"]) == ("/send", "Bearer key")
    assert (json.loads(body)["n"], json.loads(body)["s"]) == ("01701", "checked")
    (device,) = nina.get("/api/v3/authenticators/sms/").json()["results"]
    assert device["phone_number"].startswith("hash:") and "01701" not in device["phone_number"]
    # Such a device proves nothing at a sign-in.
    assert VALIDATE not in Owner(server, "nina").sign_in().seen
    server.patch(f"stages/authenticator/sms/{stage['pk']}/", mapping=None, auth_type="basic", auth_password="word", verify_only=False)
    server.api("DELETE", f"authenticators/admin/sms/{device['pk']}/", 204)
    nina.read = lambda: json.loads(other.calls[-1][4])["Body"]
    nina.run_flow(checking)
    sent = json.loads(other.calls[-1][4])
    assert (sent["From"], sent["To"]) == ("us", "01701") and sent["Message"].endswith(sent["Body"])
    assert other.calls[-1][3]["authorization"] == "Basic " + base64.b64encode(b"key:word").decode()


SCRIPT = """
window.turnstile = {
  render(box, options) {
    box.textContent = `checked for ${options.sitekey}`;
    setTimeout(() => options.callback("good-" + options.sitekey), 0);
    return 1;
  },
  reset() {},
};
"""


def test_a_captcha_service_is_asked(start, services, browser):
    """By the challenge of a stage of its own, on the page of the name, and by scores that policies read."""
    scores = []

    def verify(method, path, _query, _headers, body):
        form = dict(urllib.parse.parse_qsl(body))
        assert (method, path, form["secret"]) == ("POST", "/siteverify", "private"), (method, path, form)
        assert form["remoteip"] in ("127.0.0.1", "::1")
        if form["response"].startswith("good"):
            return 200, {"success": True} | ({"score": scores[-1]} if scores else {})
        if form["response"] == "broken":
            return 500, {}
        return 200, {"success": False, "error-codes": ["timeout-or-duplicate" if form["response"] == "old" else "bad-request"]}

    api = services(verify)
    script = services(lambda *_: (200, SCRIPT), media="text/javascript")
    server = start(Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8"))
    stage = server.create(
        "stages/captcha/", name="captcha", public_key="site", private_key="private", js_url=f"{script.url}/api.js", api_url=f"{api.url}/siteverify"
    )
    flow = server.create("flows/instances/", name="gate", slug="gate", title="Gate", designation="stage_configuration")
    server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=0)
    anybody = Person(server)
    executor = f"{server.base}/api/v3/flows/executor/gate/?query="
    shown = anybody.challenge(anybody.web.get(executor, timeout=30))
    assert {name: shown[name] for name in ("component", "site_key", "interactive", "js_url")} == {
        "component": "ak-stage-captcha", "site_key": "site", "interactive": False, "js_url": f"{script.url}/api.js",
    }
    said = lambda token: anybody.web.post(executor, json={"token": token}, allow_redirects=False, timeout=30)
    for token, text in [
        ("old", "Invalid captcha response. Retrying may solve this issue."),
        ("bad", "Invalid captcha response"),
        ("broken", "Failed to validate token"),
    ]:
        assert said(token).json()["response_errors"]["token"][0]["string"] == text
    scores.append(0.3)
    assert said("good").json()["response_errors"]["token"][0]["string"] == "Invalid captcha response"
    # What policies make of a bad score, where they are asked.
    server.patch(f"stages/captcha/{stage['pk']}/", error_on_invalid_score=False)
    deny = server.create("stages/deny/", name="low", deny_message="too low")
    binding = server.create("flows/bindings/", target=flow["pk"], stage=deny["pk"], order=1, re_evaluate_policies=True, evaluate_on_plan=False)
    low = server.create("policies/expression/", name="low", expression='return context["captcha"]["response"]["score"] < 0.5')
    server.create("policies/bindings/", policy=low["pk"], target=binding["pk"], order=0)
    anybody.challenge(anybody.web.get(executor, timeout=30))
    said("good")
    assert anybody.challenge(anybody.web.get(executor, timeout=30))["error_message"] == "too low"
    scores.append(0.9)
    anybody.challenge(anybody.web.get(executor, timeout=30))
    said("good")
    assert anybody.challenge(anybody.web.get(executor, timeout=30))["component"] == "xak-flow-redirect"

    # On the page of the name; nobody gets on without.
    scores.clear()
    server.patch(f"stages/captcha/{stage['pk']}/", error_on_invalid_score=True)
    identification = server.one("stages/identification/", name="default-authentication-identification")
    refused = server.api("PATCH", f"stages/identification/{identification['pk']}/", json={"captcha_stage": deny["pk"]})
    assert refused.status_code == 400 and "captcha_stage" in refused.json(), refused.text
    server.patch(f"stages/identification/{identification['pk']}/", captcha_stage=stage["pk"])
    visitor = Person(server)
    executor = f"{server.base}/api/v3/flows/executor/{SIGN_IN}/?query="
    shown = visitor.challenge(visitor.web.get(executor, timeout=30))["captcha_stage"]
    assert (shown["component"], shown["site_key"], shown["pending_user"]) == ("ak-stage-captcha", "site", "")
    for name in ("akadmin", "nobody"):
        count = len(api.calls)
        refused = visitor.web.post(executor, json={"uid_field": name, "captcha_token": "bad"}, timeout=30).json()
        assert refused["response_errors"]["non_field_errors"][0]["string"] == "Invalid captcha response", name
        assert len(api.calls) == count + 1, name
    window = Window(browser, server.base, "captcha", viewport={"width": 1280, "height": 800})
    window.go(f"/if/flow/{SIGN_IN}/").see("checked for site")
    window.picture("name")
    assert window.barriers() == []
    window.fill("Email or Username", "akadmin")
    window.fill("Password", PASSWORD)
    window.press("Log in")
    window.page.wait_for_url("**/if/**")
    assert not window.problems, window.problems
    # A page that asks nothing else goes on by itself.
    scores.append(0.9)
    gate = Window(browser, server.base, "captcha-alone", viewport={"width": 390, "height": 844}, color_scheme="dark")
    gate.go("/if/flow/gate/")
    gate.page.wait_for_url(lambda url: "/if/flow/gate/" not in url)
    plain = Window(browser, server.base, "captcha-plain", script=False, viewport={"width": 390, "height": 844})
    plain.go("/if/flow/gate/")
    assert "needs JavaScript" in plain.page.locator("body").inner_text()
    plain.picture("without-script")


class Duo:
    """Duo's Auth API and Admin API, as far as they are asked here. Each request must bear the signature that Duo documents."""

    integrations = {"DI1": "secret-1", "DA1": "secret-2"}

    def __init__(self):
        self.enrolment, self.pushes, self.answer = "waiting", {}, "waiting"

    def __call__(self, method, path, query, headers, body):
        parameters = urllib.parse.parse_qsl(query if method == "GET" else body, keep_blank_values=True)
        quote = lambda text: urllib.parse.quote(text, safe="~")
        canonical = "&".join(f"{quote(name)}={quote(value)}" for name, value in sorted(parameters))
        host = headers["host"].split(":")[0]
        signed = "\n".join([headers["date"], method, host.lower(), path, canonical])
        key, _, given = base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        right = hmac.new(self.integrations.get(key, "").encode(), signed.encode(), hashlib.sha512).hexdigest()
        if not hmac.compare_digest(right, given) or (key == "DA1") != path.startswith("/admin/"):
            return 401, {"stat": "FAIL", "code": 40103, "message": "Invalid signature in request credentials"}
        status, said = self.say(path, dict(parameters))
        return status, {"stat": "OK", "response": said} if status == 200 else said

    def say(self, path, asked):
        if path == "/auth/v2/enroll":
            name = asked["username"]
            return 200, {"user_id": f"DU-{name}", "activation_code": f"duo://{name}", "activation_barcode": "https://duo.test/qr", "expiration": 1, "username": name}
        if path == "/auth/v2/enroll_status":
            assert asked["activation_code"].startswith("duo://")
            return 200, self.enrolment
        if path == "/auth/v2/auth" and asked["factor"] == "push":
            assert asked["device"] == "auto" and asked["async"] == "1" and asked["display_username"]
            self.pushes[f"tx{len(self.pushes)}"] = asked
            return 200, {"txid": f"tx{len(self.pushes) - 1}"}
        if path == "/auth/v2/auth_status":
            return 200, {"result": self.answer, "status": self.answer, "status_msg": ""}
        if path == "/auth/v2/auth" and asked["factor"] == "passcode":
            return 200, {"result": "allow" if asked["passcode"] == "1234567" else "deny", "status": "", "status_msg": ""}
        if path == "/admin/v1/users":
            return 200, [{"user_id": "DU-x", "username": "ida"}, {"user_id": "DU-uma", "username": "uma"}, {"user_id": "DU-y", "username": "nobody-here"}]
        return 404, {"stat": "FAIL", "message": "no such path"}


def test_duo_is_set_up_asked_and_imported(start, services):
    duo = Duo()
    certificate = Certificate("api-1.duo.test")
    service = services(duo, certificate)
    server = start(Server(SSL_CERT_FILE=str(certificate.path), COUNTERSIGN_OUTBOUND__RESOLVE=f"api-1.duo.test=127.0.0.1:{service.port}"))
    keys = {"client_id": "DI1", "client_secret": "secret-1", "api_hostname": "api-1.duo.test"}
    stage = server.create("stages/authenticator/duo/", name="duo", **keys)
    assert "client_secret" not in stage and "admin_secret_key" not in stage and stage["admin_integration_key"] == ""
    flow = set_up_flow(server, stage, "duo-setup")
    server.user("uma")
    uma = Owner(server, "uma").sign_in()
    status = lambda: uma.api("POST", f"stages/authenticator/duo/{stage['pk']}/enrollment_status/")
    assert status().status_code == 400
    with pytest.raises(Refused) as waits:
        uma.run_flow(flow)
    shown = waits.value.args[0]
    assert (shown["component"], shown["activation_code"], shown["stage_uuid"]) == ("ak-stage-authenticator-duo", "duo://uma", stage["pk"])
    assert shown["response_errors"]["non_field_errors"][0]["string"] == "Invalid enrollment status: waiting."
    assert status().json() == {"duo_response": "waiting"}
    duo.enrolment = "success"
    assert status().json() == {"duo_response": "success"}
    uma.run_flow(flow)
    (device,) = uma.get("/api/v3/authenticators/duo/").json()["results"]
    assert sorted(device) == ["name", "pk", "user"] and device["name"] == "Duo Authenticator"

    uma.duo, duo.answer = True, "allow"
    other = uma.again().sign_in()
    assert VALIDATE in other.seen and duo.pushes["tx0"]["user_id"] == "DU-uma"
    duo.answer = "deny"
    with pytest.raises(Refused) as refused:
        uma.again().sign_in()
    assert refused.value.args[0]["response_errors"]["duo"] == [{"string": "Duo denied access", "code": "denied"}]
    event = server.get("events/events/", action="login_failed")["results"][0]["context"]
    assert event["device_class"] == "duo"
    # Somebody else's device is none of one's own.
    executor, challenge = (third := uma.again()).until_asked()
    (offered,) = challenge["device_challenges"]
    assert (offered["device_class"], offered["challenge"]) == ("duo", {})
    foreign = third.web.post(executor, json={"duo": device["pk"] + 1}, timeout=30).json()
    assert "duo" in foreign["response_errors"]
    chosen = third.web.post(executor, json={"selected_challenge": offered}, timeout=30).json()
    assert chosen["response_errors"]["non_field_errors"][0]["string"] == "Empty response"
    wrong = third.web.post(executor, json={"code": "7654321"}, timeout=30).json()
    assert wrong["response_errors"]["code"][0]["string"] == "Duo denied access"
    right = third.web.post(executor, json={"code": "1234567"}, allow_redirects=False, timeout=30)
    assert right.status_code == 302, right.text

    # Keys that Duo does not take are an administrator's business.
    server.patch(f"stages/authenticator/duo/{stage['pk']}/", client_secret="wrong")
    with pytest.raises(Refused):
        uma.again().sign_in()
    assert "Invalid signature" in server.one("events/events/", action="configuration_error")["context"]["message"]
    server.patch(f"stages/authenticator/duo/{stage['pk']}/", client_secret="secret-1")

    ida, path = server.user("ida"), f"stages/authenticator/duo/{stage['pk']}"
    server.api("POST", f"{path}/import_device_manual/", 400, json={"duo_user_id": "DU-9", "username": "nobody"})
    server.api("POST", f"{path}/import_device_manual/", 400, json={"duo_user_id": "DU-uma", "username": "ida"})
    answer = server.api("POST", f"{path}/import_devices_automatic/", 200).json()
    assert answer["count"] == 0 and answer["error"], answer
    server.patch(f"{path}/", admin_integration_key="DA1", admin_secret_key="secret-2")
    assert server.api("POST", f"{path}/import_devices_automatic/", 200).json() == {"count": 1, "error": ""}
    server.api("POST", f"{path}/import_device_manual/", 204, json={"duo_user_id": "DU-9", "username": "ida"})
    found = server.get("authenticators/admin/all/", user=ida["pk"])
    assert [device["name"] for device in found] == ["Imported Duo Authenticator"] * 2
