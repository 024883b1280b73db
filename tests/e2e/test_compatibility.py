"""Recorded exchanges of the original, played to our server.

Differences that are meant stand in docs/compatibility.md, each with its reason. One that is not there fails
the test of its recording; one that is there and no longer happens fails the last test.
"""

import base64
import fnmatch
import re
import sys

import pytest
import requests

from world import PASSWORD as USERS
from test_second_factors import STATIC, Owner
from world import ROOT, TESTS, App, Person, Server

sys.path.insert(0, str(TESTS / "compat"))
from replay import RECORDED, Browser, Replay, read  # noqa: E402

TOKEN = "throwaway-bootstrap-token-0000000"
PASSWORD = "Throwaway-Pw-1"
HOST = "auth.example.test"
CREDENTIALS = {
    "AUTHENTIK_BOOTSTRAP_PASSWORD": PASSWORD,
    "AUTHENTIK_BOOTSTRAP_TOKEN": TOKEN,
    "AUTHENTIK_BOOTSTRAP_EMAIL": "akadmin@example.test",
}
# Steps that need what the recordings do not make: objects of later topics, or made before the recording began.
UNTIL = {"oauth2/code_flow_explicit_consent": 19}

# Objects that recordings use and that were made before they began, by their recorded key.
BEFORE = {
    "f0a1022f-178d-4b51-8085-21ccf9ea3bc7": (
        "policies/expression/",
        {"name": "cap-app-deny-1795447332", "expression": "ak_message('Not for you')\nreturn False"},
    ),
}


def names(folder, *first):
    found = sorted(file.stem for file in (RECORDED / folder).glob("*.json"))
    return [f"{folder}/{name}" for name in [*first, *(n for n in found if n not in first)]]


# Who ran a flow in a recording, or was given permissions, where it was not the administrator.
PEOPLE = {
    "api/rbac": {"username": "capuser", "name": "Capuser", "email": "capuser@example.test"},
    "flows/password_change": {"username": "pwuser", "name": "Pwuser", "email": "pwuser@example.test"},
    "flows/user_settings": {"username": "setuser", "name": "Setuser", "email": "setuser@example.test"},
    "flows/webauthn_setup": {"username": "wauser", "name": "Wauser", "email": "wauser@example.test"},
}


def guarded_flow(server):
    """The flow of `flows/access_denied_policy`: a policy before it, a stage that refuses in it."""
    flow = server.create("flows/instances/", name="Pol", slug="cap-pol", title="Pol", designation="authentication")
    stage = server.create("stages/deny/", name="cap-pol-deny", deny_message="No entry")
    server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=0)
    told = "ak_message('Go away')\nak_message('second message')\nreturn False"
    policy = server.create("policies/expression/", name="cap-pol-policy", expression=told)
    server.create("policies/bindings/", target=flow["policybindingmodel_ptr_id"], policy=policy["pk"], order=0)


def open_flow(server):
    policy = server.one("policies/expression/", name="cap-pol-policy")
    server.patch(f"policies/expression/{policy['pk']}/", expression="return True")


def begin_settings(server):
    """The administrator opens the settings, which `flows/inspector` then looks into."""
    browser = server.supplier.browser()
    server.replay.browsers.append(browser)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    server.replay.send("GET", "/api/v3/flows/executor/default-user-settings-flow/?query=", {"Host": HOST, "Cookie": cookies}, None)


REQUIREMENTS = ("none", "require_authenticated", "require_unauthenticated", "require_superuser", "require_redirect", "require_outpost")


def flows_of_all_requirements(server):
    """The flows of `flows/errors`, and who comes to them."""
    stage = server.create("stages/deny/", name="cap-auth-deny", deny_message="No entry")["pk"]
    for requirement in REQUIREMENTS:
        name = "cap-auth-" + requirement.replace("_", "-")
        fields = {"name": name, "slug": name, "title": f"T {requirement}", "designation": "authentication", "authentication": requirement}
        flow = server.create("flows/instances/", **fields, denied_action="continue" if requirement == "require_superuser" else "message_continue")
        server.create("flows/bindings/", target=flow["pk"], stage=stage, order=0)
    server.user("capuser")
    server.visitors = [server.supplier.browser(), server.supplier.browser(username="capuser", password=USERS)]


def visitor(number):
    """Lets this visitor send the next request with cookies: 0 is the administrator, 1 somebody else."""
    return lambda server: server.replay.browsers.append(server.visitors[number])


def denies(action):
    return lambda server: server.patch("flows/instances/cap-auth-require-superuser/", denied_action=action)


ERRORS = {19: flows_of_all_requirements, 37: denies("message_continue"), 40: denies("message"), 43: denies("continue")}
ERRORS |= {step + who: visitor(who) for step in range(20, 37, 3) for who in (0, 1)}

def with_devices(server):
    """The second factors that `api/admin_misc` lists: codes, codes of which one was used, an app that was not set up."""
    owner = Owner(server, password=PASSWORD).sign_in()
    owner.run_flow(STATIC)
    owner.run_flow(STATIC)
    owner.again().sign_in()
    server.create("authenticators/admin/totp/", name="TOTP Authenticator")


def as_outpost(kind):
    """The token of the recordings is the one of the outpost that `outposts/setup` made."""

    def begin(server):
        headers = read(f"outposts/as_{kind}")["steps"][0]["request"]["headers"]
        recorded = headers["Authorization"].removeprefix("Bearer ")
        made = server.one("outposts/instances/", name__iexact=f"op-{kind}")
        server.replay.known[recorded] = server.get(f"core/tokens/{made['token_identifier']}/view_key/")["key"]

    return begin


# What was done to the original between the steps of a recording, by the step it came before.
BETWEEN = {f"outposts/as_{kind}": {0: as_outpost(kind)} for kind in ("proxy", "ldap", "radius")}
BETWEEN |= {"outposts/bind_radius": {0: as_outpost("radius")}}
BETWEEN |= {"api/admin_misc": {71: with_devices}, "flows/access_denied_policy": {0: guarded_flow, 2: open_flow}, "flows/errors": ERRORS, "flows/inspector": {0: begin_settings}}

RECORDINGS = names("defaults") + names("api") + names("flows", "initial_setup") + names("oauth2", "setup", "discovery_jwks") + names("outposts", "setup")


def known_differences():
    """Rows of the table of known differences: recording, place, reason. `*` stands for anything."""
    rows = []
    for line in (ROOT / "docs/compatibility.md").read_text().splitlines():
        if row := re.match(r"\| `([^`]+)` \| `([^`]+)` \| (.+) \|$", line):
            rows.append(row.groups())
    return rows


KNOWN = known_differences()
seen, played = set(), set()


def pattern(text):
    """Only `*` is special: the brackets of places are not."""
    return re.compile(fnmatch.translate(text.replace("[", "[[]")))


def explained(difference):
    for number, (recording, place, _) in enumerate(KNOWN):
        if pattern(recording).match(difference.recording) and pattern(place).match(difference.place):
            seen.add(number)
            return True
    return False


class Supplier:
    """Makes codes and tokens that a recording uses without having got them itself."""

    def __init__(self, server):
        self.server, self.person = server, None

    def signed_in(self, **who):
        person = Person(self.server, **{"password": PASSWORD} | who)
        # As the recordings do, so that issuers are the same.
        person.web.headers["Host"] = HOST
        return person.sign_in()

    def browser(self, **who):
        """The browser of somebody signed in."""
        cookies = self.signed_in(**who).web.cookies.get_dict()
        return Browser({"authentik_session", "authentik_csrf"}, cookies)

    def __call__(self, kind, step):
        if self.person is None:
            self.person = self.signed_in()
        client = self.client(step)
        if client is None:
            return None
        app = App(self.server, client["assigned_application_slug"] or "", client, None)
        app.redirect = "https://app.example.test/callback"
        note, body = step.get("note") or "", step["request"].get("body") or {}
        answer = step["response"]["body"] if isinstance(step["response"]["body"], dict) else {}
        scope = answer.get("scope") or {"widened": "openid offline_access"}.get(note, "openid profile email offline_access")
        session = requests.Session()
        session.headers["Host"] = HOST
        if "client_credentials" in note:
            scope = answer.get("scope") or "email"
            return app.token(session, grant_type="client_credentials", scope=scope).json()["access_token"]
        extra, proof = {"nonce": "no-1"}, {}
        verifier = body.get("code_verifier") if isinstance(body, dict) else None
        if not verifier and client["client_type"] == "public":
            # The original asks nobody for a proof.
            verifier = "v" * 43
            proof = {"code_verifier": verifier}
        if verifier:
            extra |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
        code = self.person.code(app, scope=scope, **extra)
        if kind == "code":
            return code
        tokens = app.token(session, grant_type="authorization_code", code=code, redirect_uri=app.redirect, **proof).json()
        if kind == "token":
            kind = "access_token" if str(body.get("token")).count(".") == 2 else "refresh_token"
        return tokens.get(kind)

    def client(self, step):
        headers, body = step["request"].get("headers") or {}, step["request"].get("body") or {}
        asked = body.get("client_id") if isinstance(body, dict) else None
        if "another client" in (step.get("note") or ""):
            return self.server.get("providers/oauth2/", client_id="cid-impl")["results"][0]
        scheme, _, key = headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            try:
                asked = base64.b64decode(key).decode().split(":")[0]
            except ValueError:
                asked = None
        found = self.server.get("providers/oauth2/", client_id=asked or "cid-impl")["results"]
        return found[0] if found else None


def challenge(verifier):
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def deny(server):
    """Binds the policy that refuses everybody to the application that the recordings are refused by."""
    application = server.get("core/applications/denied/", superuser_full_list="true")["pk"]
    policy = server.one("policies/expression/", name="cap-app-deny-1795447332")["pk"]
    server.create("policies/bindings/", target=application, policy=policy, order=0)


class Played(Server):
    """A server with the credentials of the recordings, and the recordings' ids known to it."""

    def __init__(self, folder):
        super().__init__(bootstrap=False, **CREDENTIALS)
        self.recordings = folder

    def api(self, method, path, expect=None, token=TOKEN, **arguments):
        return super().api(method, path, expect, token=token, **arguments)

    def start(self):
        super().start()
        self.supplier = Supplier(self)
        self.replay = Replay(self.port, TOKEN, self.supplier)
        self.replay.learn_defaults()
        if self.recordings == "defaults":
            return self
        # The administrator's browser, signed in before the recordings began.
        self.replay.browsers.append(self.supplier.browser())
        for recorded, (path, body) in BEFORE.items():
            self.replay.known[recorded] = self.create(path, **body)["pk"]
        if self.recordings == "api":
            # The applications of `oauth2/setup` were there.
            self.replay.play("oauth2/setup")
            deny(self)
            self.replay.differences.clear()
        return self


@pytest.fixture(scope="module")
def servers():
    """The servers of this module, by what is played to them."""
    running = {}
    yield running
    for server in running.values():
        server.close()
        assert not server.panics(), server.panics()[:3]
        server.log.unlink()


def prepared(name, servers):
    """A server for a recording: those of one folder build on each other, those of `oauth2` on its set-up only."""
    folder = name.split("/")[0]
    if name == "flows/initial_setup":
        server = servers.setdefault(name, Server(bootstrap=False).start())
        server.replay = Replay(server.port, TOKEN)
    elif name in PEOPLE and folder == "api":
        # Somebody else's browser is not that of the recordings that follow.
        server = servers.setdefault(name, Played(folder).start())
    elif folder == "oauth2":
        server = servers.setdefault(name, Played(folder).start())
        if name != "oauth2/setup":
            server.replay.play("oauth2/setup")
            deny(server)
    else:
        server = servers.get(folder) or servers.setdefault(folder, Played(folder).start())
    if name in PEOPLE:
        user = server.user(**PEOPLE[name])
        # What the recordings call such a person.
        server.replay.numbers["user", 7] = user["pk"]
        server.replay.browsers.append(server.supplier.browser(username=user["username"], password=USERS))
    return server


def between(server, changes):
    return lambda number: changes[number](server) if number in changes else None


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording(name, servers):
    server = prepared(name, servers)
    differences = server.replay.play(name, UNTIL.get(name), between(server, BETWEEN.get(name, {})))
    played.add(name)
    new = [str(d) for d in differences if not explained(d)]
    assert not new, f"{len(new)} unexplained differences in {name}:\n" + "\n".join(new[:400])


def test_every_known_difference_still_happens():
    if played != set(RECORDINGS):
        pytest.skip("only some recordings were played")
    gone = [KNOWN[number][:2] for number in range(len(KNOWN)) if number not in seen]
    assert not gone, f"take these rows out of docs/compatibility.md: {gone}"
