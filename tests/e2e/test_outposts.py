"""Outposts: the calls of an official one in its order, by its own account; what it is told over its socket; headless sign-ins."""

import datetime
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import uuid

import pytest
import requests
import websockets.exceptions
from websockets.sync.client import connect

from world import PASSWORD, TESTS, TOKEN, Person, Server, wait_for

AGENT = "goauthentik.io/outpost/2025.4.0"
HELLO = {
    "version": "2025.4.0", "buildHash": "", "golangVersion": "go1.24.2", "opensslEnabled": True,
    "opensslVersion": "OpenSSL 3.0.15", "fipsEnabled": False, "hostname": "edge",
}  # fmt: skip


def proxy_provider(server, name, application=True, **fields):
    fields = {
        "name": name,
        "authorization_flow": server.flow("default-provider-authorization-implicit-consent"),
        "invalidation_flow": server.flow("default-provider-invalidation-flow"),
        "external_host": f"https://{name}.example.test",
        "mode": "forward_single",
    } | fields
    provider = server.create("providers/proxy/", **fields)
    if application:
        server.create("core/applications/", name=name.title(), slug=name, provider=provider["pk"])
    return provider


class Outpost:
    """An outpost as an administrator makes it, and what a program has that runs as it."""

    def __init__(self, server, name="edge", providers=(), kind="proxy", **config):
        self.server = server
        self.made = server.create("outposts/instances/", name=name, type=kind, providers=list(providers), config={"authentik_host": server.base} | config)
        self.pk = self.made["pk"]
        self.user = server.one("core/users/", username=f"ak-outpost-{uuid.UUID(self.pk).hex}")
        self.token = server.get(f"core/tokens/{self.made['token_identifier']}/view_key/")["key"]

    def get(self, path, expect=200, **query):
        return self.server.api("GET", path, expect, token=self.token, params=query, headers={"User-Agent": AGENT}).json()

    def socket(self, token=None, pk=None, instance="9b2c8d40-0000-4000-8000-000000000001", base=None):
        address = (base or self.server.base).replace("http://", "ws://")
        headers = {"Authorization": f"Bearer {token or self.token}"} if token != "" else {}
        return connect(f"{address}/ws/outpost/{pk or self.pk}/?instance_uuid={instance}", additional_headers=headers, user_agent_header=AGENT)


def hear(socket, instruction, patience=20):
    """The next message of that instruction; what comes before is of another."""
    deadline = time.monotonic() + patience
    while True:
        message = json.loads(socket.recv(timeout=max(0.1, deadline - time.monotonic())))
        if message["instruction"] == instruction:
            return message["args"]


def say(socket, instruction, **args):
    socket.send(json.dumps({"instruction": instruction, "args": args}))


def test_an_official_outpost_reads_what_it_needs_and_nothing_else(server):
    certificate = server.signing_key()
    shown = proxy_provider(server, "shown", certificate=certificate)
    proxy_provider(server, "bare", application=False)
    foreign = proxy_provider(server, "foreign")
    bare = server.one("providers/proxy/", search="bare")["pk"]
    outpost = Outpost(server, providers=[shown["pk"], bare])
    account = outpost.user
    assert account["type"] == "internal_service_account" and account["name"] == "Outpost edge Service-Account"
    assert server.get(f"providers/proxy/{shown['pk']}/")["outpost_set"] == ["Outpost edge"]

    # In the order of an outpost.
    [own] = outpost.get("outposts/instances/")["results"]
    assert own == outpost.made and own["refresh_interval_s"] == 300
    assert outpost.get("root/config/")["error_reporting"]["enabled"] is False
    listed = outpost.get("outposts/proxy/", page=1, page_size=100)
    assert [p["name"] for p in listed["results"]] == ["shown"] and listed["pagination"]["next"] == 0
    [config] = listed["results"]
    assert config["client_secret"] and config["cookie_secret"] and config["access_token_validity"] == 3600.0
    # Who may only look at providers sees no secret there; who may change one does.
    looker = server.user("looker")
    assign = f"rbac/permissions/assigned_by_users/{looker['pk']}/assign/"
    server.api("POST", assign, 200, json={"permissions": ["authentik_providers_proxy.view_proxyprovider"]})
    server.create("core/tokens/", identifier="looks", intent="api", user=looker["pk"])
    key = server.get("core/tokens/looks/view_key/")["key"]
    seen = lambda: {p["name"]: p for p in server.api("GET", "outposts/proxy/", 200, token=key).json()["results"]}
    for name in ("client_secret", "cookie_secret"):
        assert seen()["shown"][name] == "*****"
    on_one = {"model": "authentik_providers_proxy.proxyprovider", "object_pk": str(shown["pk"])}
    server.api("POST", assign, 200, json={"permissions": ["authentik_providers_proxy.change_proxyprovider"]} | on_one)
    assert seen()["shown"]["client_secret"] == config["client_secret"] and seen()["foreign"]["client_secret"] == "*****"
    assert set(config["scopes_to_request"]) == {"ak_proxy", "openid", "email", "profile", "entitlements"}
    assert config["oidc_configuration"]["issuer"] == f"{server.base}/application/o/shown/"
    assert outpost.get(f"crypto/certificatekeypairs/{certificate}/")["fingerprint_sha256"]
    for part in ("view_certificate", "view_private_key"):
        assert "-----BEGIN" in outpost.get(f"crypto/certificatekeypairs/{certificate}/{part}/")["data"]
    server.api("POST", "events/events/", 201, token=outpost.token, json={"action": "configuration_error", "app": "outpost", "context": {}})

    # What it may not have is not there: an empty list, or nothing.
    for path in ("core/users/", "core/groups/", "core/brands/", "flows/instances/", "events/events/", "outposts/service_connections/docker/"):
        assert outpost.get(path)["results"] == [], path
    assert [p["name"] for p in outpost.get("providers/proxy/")["results"]] == ["bare", "shown"]
    outpost.get(f"providers/proxy/{foreign['pk']}/", expect=404)
    for method, path, body in (
        ("PATCH", f"outposts/instances/{outpost.pk}/", {"name": "x"}),
        ("POST", "core/users/", {"username": "x", "name": "x"}),
        ("PATCH", f"providers/proxy/{shown['pk']}/", {"name": "x"}),
        ("GET", "admin/system/", None),
    ):
        server.api(method, path, 403, token=outpost.token, json=body)

    # What it holds follows from what it is, at once.
    server.patch(f"outposts/instances/{outpost.pk}/", providers=[foreign["pk"]], name="renamed")
    assert outpost.get(f"providers/proxy/{foreign['pk']}/")["name"] == "foreign"
    outpost.get(f"providers/proxy/{shown['pk']}/", expect=404)
    outpost.get(f"crypto/certificatekeypairs/{certificate}/view_private_key/", expect=403)
    assert server.get(f"core/users/{account['pk']}/")["name"] == "Outpost renamed Service-Account"
    server.api("DELETE", f"outposts/instances/{outpost.pk}/", 204)
    outpost.get("outposts/instances/", expect=403)
    server.api("GET", f"core/users/{account['pk']}/", 404)
    server.api("GET", f"core/tokens/{outpost.made['token_identifier']}/", 404)


@pytest.mark.parametrize("kind, own", [
    ("ldap", {"base_dn": "dc=handed,dc=over"}), ("radius", {"shared_secret": "known to access points", "client_networks": "10.0.0.0/8"}),
])  # fmt: skip
def test_a_provider_that_this_server_speaks_too_is_handed_over_to_an_outpost(server, kind, own):
    flows = {
        "authorization_flow": server.flow("default-authentication-flow"),
        "invalidation_flow": server.flow("default-provider-invalidation-flow"),
    }
    [shown, foreign] = [server.create(f"providers/{kind}/", name=name, **flows, **own) for name in ("shown", "foreign")]
    for provider in (shown, foreign):
        server.create("core/applications/", name=provider["name"], slug=provider["name"], provider=provider["pk"])
    outpost = Outpost(server, kind=kind, providers=[shown["pk"]])
    assert server.get(f"providers/{kind}/{shown['pk']}/")["outpost_set"] == ["Outpost edge"]
    assert server.get(f"providers/{kind}/{foreign['pk']}/")["outpost_set"] == []
    [config] = outpost.get(f"outposts/{kind}/", page=1, page_size=100)["results"]
    assert config["name"] == config["application_slug"] == "shown" and own.items() <= config.items()
    # It asks with the session of whoever it has signed in; what a person sees of it is as ever.
    server.user("uma")
    uma = Person(server, "uma").sign_in()
    asked = uma.api("GET", f"outposts/{kind}/{shown['pk']}/check_access/", params={"app_slug": "shown"}).json()
    assert asked["access"] == {"passing": True, "messages": [], "log_messages": []}
    assert uma.api("GET", f"outposts/{kind}/").status_code == 403


def test_the_generated_client_of_outposts_decodes_every_answer(server):
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed: the generated client is a Go module")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-outpost-client-"))
    try:
        for file in (TESTS / "outpost_client").iterdir():
            shutil.copy(file, folder)
        settings = os.environ | {"GOFLAGS": "-mod=mod", "GOSUMDB": "off", "GOTOOLCHAIN": "local"}
        built = subprocess.run([go, "build", "-o", "client", "."], cwd=folder, env=settings, capture_output=True, text=True, timeout=600)
        if built.returncode and "goauthentik.io/api" in built.stderr and "reading" in built.stderr:
            pytest.skip(f"the Go module cannot be fetched here: {built.stderr.splitlines()[-1]}")
        assert built.returncode == 0, built.stderr
        certificate = server.signing_key()
        providers = [proxy_provider(server, name, certificate=certificate)["pk"] for name in ("one", "two")]
        outpost = Outpost(server, providers=providers)
        settings = {"AUTHENTIK_HOST": server.base, "AUTHENTIK_TOKEN": outpost.token}
        run = subprocess.run([folder / "client"], env=settings, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout) == {
            "outpost": "edge", "host": server.base, "refresh": 300, "reports_errors": False, "providers": ["one", "two"], "keys": 1,
        }  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_an_outpost_is_told_over_its_socket_what_changes_and_who_signs_out(server):
    provider = proxy_provider(server, "wiki")
    outpost, other = Outpost(server, providers=[provider["pk"]]), Outpost(server, name="other", providers=[proxy_provider(server, "docs")["pk"]])
    for refused in ({"token": "wrong"}, {"token": ""}, {"token": other.token}, {"pk": str(uuid.uuid4())}):
        with pytest.raises(websockets.exceptions.InvalidStatus) as failure:
            outpost.socket(**refused)
        assert failure.value.response.status_code == 403, refused
    # A browser's session opens none, whoever it is.
    web = Person(server).sign_in().web
    cookies = "; ".join(f"{name}={value}" for name, value in web.cookies.items())
    address = f"{server.base.replace('http://', 'ws://')}/ws/outpost/{outpost.pk}/"
    with pytest.raises(websockets.exceptions.InvalidStatus):
        connect(address, additional_headers={"Cookie": cookies})

    with outpost.socket() as socket:
        say(socket, 1, uuid="9b2c8d40-0000-4000-8000-000000000001", **HELLO)
        assert hear(socket, 0) == {}
        [health] = server.get(f"outposts/instances/{outpost.pk}/health/")
        assert health["uid"] == "9b2c8d40-0000-4000-8000-000000000001" and health["hostname"] == "edge" and health["version_outdated"] is False
        assert server.get(f"outposts/instances/{other.pk}/health/") == []
        sheet = server.get(f"countersign/outposts/{outpost.pk}/")
        assert sheet["instances"][0]["is_live"] is True and len(sheet["deployments"]) == 5
        # An acknowledgement is not answered: the next word is about an edit.
        say(socket, 0)
        for path, change in (
            (f"providers/proxy/{provider['pk']}/", {"skip_path_regex": "^/public"}),
            ("core/applications/wiki/", {"name": "The wiki"}),
            (f"outposts/instances/{outpost.pk}/", {"config": {"authentik_host": server.base, "log_level": "debug"}}),
        ):
            server.patch(path, **change)
            assert hear(socket, 2) == {}
        # What it cannot see is nothing to it.
        server.patch("core/applications/docs/", name="The documents")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=1.5)

        # Whoever signs out, is deactivated or deleted is signed out there, too.
        for act in (
            lambda pk: person.get("/flows/-/default/invalidation/"),
            lambda pk: server.patch(f"core/users/{pk}/", is_active=False),
            lambda pk: server.api("DELETE", f"core/users/{pk}/", 204),
        ):
            user = server.user(f"u{uuid.uuid4().hex[:8]}")
            person = Person(server, user["username"]).sign_in()
            act(user["pk"])
            if person.me().status_code == 200:
                person.open(f"{server.base}/flows/-/default/invalidation/")
            args = hear(socket, 3)
            assert args["type"] == "event.provider.specific" and args["sub_type"] == "logout" and len(args["session_id"]) == 64

        # It ends with the outpost.
        server.api("DELETE", f"outposts/instances/{outpost.pk}/", 204)
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            for _ in range(20):
                socket.recv(timeout=5)


def test_whoever_loses_access_to_an_application_is_signed_out_there(server):
    """By the group, by the binding, by the policy that is bound; the session here goes on."""
    provider = proxy_provider(server, "lost")
    group = server.group("let-in")
    target = server.get("core/applications/lost/")["pk"]
    binding = server.create("policies/bindings/", target=target, group=group["pk"], order=0)
    server.patch("core/applications/lost/", policy_engine_mode="all")
    user = server.user("lou", groups=["let-in"])
    server.user("mia", groups=["let-in"])
    outpost = Outpost(server, providers=[provider["pk"]])
    client = outpost.get("outposts/proxy/")["results"][0]["client_id"]
    callback = "https://lost.example.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true"
    asked = {"client_id": client, "response_type": "code", "redirect_uri": callback, "scope": "openid email profile"}
    authorize = f"{server.base}/application/o/authorize/?{urllib.parse.urlencode(asked)}"
    lou, mia = Person(server, "lou").sign_in(), Person(server, "mia").sign_in()
    mia.visit(authorize, until="https://lost.example.test/")
    here = {"pk": user["pk"]}
    policy = server.create("policies/expression/", name="lets in", expression="return True")
    asks = server.create("policies/bindings/", target=target, policy=policy["pk"], order=1)
    no_lou = 'return request.user.username != "lou"'
    changes = (
        (
            lambda: server.api("POST", f"core/groups/{group['pk']}/remove_user/", 204, json=here),
            lambda: server.api("POST", f"core/groups/{group['pk']}/add_user/", 204, json=here),
        ),
        (
            lambda: server.patch(f"policies/expression/{policy['pk']}/", expression=no_lou),
            lambda: server.patch(f"policies/expression/{policy['pk']}/", expression="return True"),
        ),
        (
            lambda: server.patch(f"policies/bindings/{asks['pk']}/", policy=None, user=user["pk"], negate=True),
            lambda: server.api("DELETE", f"policies/bindings/{asks['pk']}/", 204),
        ),
    )
    with outpost.socket() as socket:
        say(socket, 1, **HELLO, uuid="u")
        # Ends of sessions are told from the first look on, twice a second, that has somebody to tell.
        time.sleep(1.5)
        told = []
        for lose, regain in changes:
            lou.visit(authorize, until="https://lost.example.test/")
            lose()
            args = hear(socket, 3)
            assert args["sub_type"] == "logout" and lou.me().status_code == 200
            told.append(args["session_id"])
            regain()
        assert len(set(told)) == 1, "it is one session all along, and none of mia's"
        # Nothing is lost by what takes nothing away.
        lou.visit(authorize, until="https://lost.example.test/")
        server.patch(f"policies/bindings/{binding['pk']}/", order=5)
        server.patch(f"core/users/{user['pk']}/", name="Lou the second")
        with pytest.raises(TimeoutError):
            hear(socket, 3, patience=4)
    message = "Signed out of an application: it may not be opened any more."
    events = server.get("events/events/", action="logout", page_size=100)["results"]
    found = [e["context"]["application"]["name"] for e in events if e["context"].get("message") == message]
    assert found == ["Lost"] * 3


def expiry(answer):
    """When the session cookie of an answer ends, in seconds from now; `None` where it does not say."""
    for cookie in answer.raw.headers.getlist("Set-Cookie"):
        if cookie.startswith("authentik_session="):
            for part in cookie.split(";"):
                name, _, value = part.strip().partition("=")
                if name.lower() == "expires":
                    end = datetime.datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=datetime.timezone.utc)
                    return end.timestamp() - time.time()
    return None


def headless(server, headers, slug="default-authentication-flow", password=PASSWORD):
    """A sign-in as an outpost runs it: the executor alone, no browser; the session, the last challenge and the answers."""
    web = requests.Session()
    web.headers.update({"User-Agent": AGENT} | headers)
    url = f"{server.base}/api/v3/flows/executor/{slug}/?query=goauthentik.io%252Foutpost%252Fldap%3Dtrue"
    answers = [web.get(url)]
    for _ in range(10):
        challenge = answers[-1].json()
        if challenge["component"] in ("xak-flow-redirect", "ak-stage-access-denied") or challenge.get("response_errors"):
            break
        body = {"component": challenge["component"], "uid_field": "akadmin", "password": password, "remember_me": True}
        answer = web.post(url, json=body)
        answers += [*answer.history, answer]
    return web, answers[-1].json(), answers


def test_headless_sign_ins_are_of_the_client_of_the_outpost(server):
    outpost = Outpost(server, providers=[proxy_provider(server, "wiki")["pk"]])
    client = {"X-authentik-remote-ip": "203.0.113.50", "X-authentik-outpost-token": outpost.token}
    web, last, answers = headless(server, client)
    assert last == {"component": "xak-flow-redirect", "to": "/"}, last
    assert web.get(f"{server.base}/api/v3/core/users/me/").json()["user"]["username"] == "akadmin"
    login = server.get("events/events/", action="login", ordering="-created")["results"][0]
    assert login["client_ip"] == "203.0.113.50"
    assert login["context"]["outpost"]["instance"]["name"] == "edge"
    # An outpost keeps what has no end for ever: each cookie it is given has one.
    ends = [end for end in map(expiry, answers) if end is not None]
    given = [a for a in answers if any(c.startswith("authentik_session=") for c in a.raw.headers.getlist("Set-Cookie"))]
    assert len(ends) == len(given) >= 2 and max(ends) > 3600 and all(end > 0 for end in ends), ends

    _, last, answers = headless(server, client, password="wrong")
    assert last["response_errors"]
    failed = server.get("events/events/", action="login_failed", ordering="-created")["results"][0]
    assert failed["client_ip"] == "203.0.113.50"
    assert 0 < expiry(answers[0]) <= 300

    # Nobody else is believed: not without a token, not with one that is no outpost's.
    for token in (None, "wrong", TOKEN):
        headers = {"X-authentik-remote-ip": "203.0.113.66"} | ({"X-authentik-outpost-token": token} if token else {})
        _, last, answers = headless(server, headers)
        assert last["component"] == "xak-flow-redirect"
        login = server.get("events/events/", action="login", ordering="-created")["results"][0]
        assert login["client_ip"] != "203.0.113.66" and "outpost" not in login["context"], token
        assert expiry(answers[0]) is None

    # Flows that are for outposts alone.
    flow = server.create("flows/instances/", name="Bind", slug="bind", title="Bind", designation="authentication", authentication="require_outpost")
    stage = server.one("stages/identification/")["pk"]
    server.create("flows/bindings/", target=flow["pk"], stage=stage, order=0)
    _, last, _ = headless(server, client, slug="bind", password="x")
    assert last["component"] != "ak-stage-access-denied", last
    _, last, _ = headless(server, {}, slug="bind")
    assert last["component"] == "ak-stage-access-denied"


def test_an_outpost_makes_no_tokens_that_would_outlive_its_own(server):
    outpost = Outpost(server, providers=[proxy_provider(server, "wiki")["pk"]])
    for intent in ("api", "app_password"):
        answer = server.api("POST", "core/tokens/", token=outpost.token, json={"identifier": f"second-{intent}", "intent": intent})
        assert answer.status_code == 403, answer.text
    assert server.get("core/tokens/", user__username=outpost.user["username"])["pagination"]["count"] == 1


def test_an_outpost_gets_nothing_from_who_does_not_hold_it(server):
    """Whoever edits outposts knows no secret of a provider by it that they may not view themselves."""
    shown, hidden = proxy_provider(server, "shown"), proxy_provider(server, "hidden", certificate=server.signing_key())
    role = server.create("rbac/roles/", name="Outposts")
    rights = ["authentik_outposts.add_outpost", "authentik_outposts.change_outpost", "authentik_outposts.view_outpost", "authentik_events.add_event"]
    server.api("POST", f"rbac/permissions/assigned_by_roles/{role['pk']}/assign/", 200, json={"permissions": rights})
    rights = [f"authentik_providers_proxy.{verb}_proxyprovider" for verb in ("view", "change")]
    view = {"permissions": rights, "model": "authentik_providers_proxy.proxyprovider", "object_pk": str(shown["pk"])}
    server.api("POST", f"rbac/permissions/assigned_by_roles/{role['pk']}/assign/", 200, json=view)
    server.group("Edge", roles=[role["pk"]])
    server.user("uma", groups=["Edge"])
    uma = Person(server, "uma").sign_in()
    body = {"name": "mine", "type": "proxy", "config": {}}
    made = uma.api("POST", "outposts/instances/", json=body | {"providers": [shown["pk"]]})
    assert made.status_code == 201, made.text
    path = f"outposts/instances/{made.json()['pk']}/"
    assert uma.api("PATCH", path, json={"providers": [hidden["pk"]]}).status_code == 403
    # A certificate that the provider shows is none of hers either.
    server.patch(f"providers/proxy/{shown['pk']}/", certificate=server.signing_key())
    refused = uma.api("POST", "outposts/instances/", json=body | {"name": "more", "providers": [shown["pk"]]})
    assert refused.status_code == 403 and "hold yourself" in refused.text, refused.text
    assert uma.api("PATCH", path, json={"name": "renamed"}).status_code == 200


def test_what_is_not_here_says_so_and_the_embedded_outpost_is(server):
    embedded = server.one("outposts/instances/", managed__iexact="goauthentik.io/outposts/embedded")
    assert (embedded["name"], embedded["type"], embedded["providers"]) == ("authentik Embedded Outpost", "proxy", [])
    refused = server.api("PATCH", f"outposts/instances/{embedded['pk']}/", 400, json={"name": "x"}).json()
    assert refused == {"name": ["Embedded outpost's name cannot be changed"]}
    assert server.get("admin/system/")["embedded_outpost_disabled"] is False
    server.patch(f"outposts/instances/{embedded['pk']}/", config={"authentik_host": "https://id.example.test"})
    assert server.get("admin/system/")["embedded_outpost_host"] == "https://id.example.test"
    server.api("POST", "outposts/instances/", 501, json={"name": "r", "type": "rac", "providers": [], "config": {}})
    refused = server.api("POST", "outposts/instances/", 400, json={"name": "e", "type": "proxy", "providers": [], "config": {}}).json()
    assert refused == {"providers": ["This list may not be empty."]}
    docker = server.create("outposts/service_connections/docker/", name="dock", url="unix:///var/run/docker.sock")
    state = server.get(f"outposts/service_connections/all/{docker['pk']}/state/")
    assert state["healthy"] is False and state["version"] == "" and "starts no containers" in state["message"]
    kinds = server.get("outposts/service_connections/all/types/")
    assert [k["component"] for k in kinds] == ["ak-service-connection-docker-form", "ak-service-connection-kubernetes-form"]
    # The embedded one comes back with the next start.
    server.api("DELETE", f"outposts/instances/{embedded['pk']}/", 204)
    server.restart()
    assert server.one("outposts/instances/")["managed"] == "goauthentik.io/outposts/embedded"


@pytest.mark.skipif(not os.environ.get("COUNTERSIGN_TEST_REDIS"), reason="two servers need one PostgreSQL and one Redis")
def test_an_edit_on_one_process_is_told_by_the_other(server):
    provider = proxy_provider(server, "wiki")
    outpost = Outpost(server, providers=[provider["pk"]])
    second = Server(bootstrap=False)
    names = [name for name in server.environment if "POSTGRESQL" in name or "REDIS" in name or name == "AUTHENTIK_SECRET_KEY"]
    second.environment |= {name: server.environment[name] for name in names}
    try:
        second.start()
        with outpost.socket(base=second.base) as socket:
            say(socket, 1, **HELLO, uuid="u")
            assert hear(socket, 0) == {}
            assert len(server.get(f"outposts/instances/{outpost.pk}/health/")) == 1
            server.patch(f"providers/proxy/{provider['pk']}/", skip_path_regex="^/x")
            assert hear(socket, 2) == {}
            server.user("uma")
            uma = Person(server, "uma").sign_in()
            uma.open(f"{server.base}/flows/-/default/invalidation/")
            assert hear(socket, 3)["sub_type"] == "logout"
    finally:
        second.close()
