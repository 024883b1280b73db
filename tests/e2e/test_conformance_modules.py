"""What the modules of the OpenID Foundation's conformance suite assert of OpenID Connect, for every response type, with the default
response mode and with `form_post`. The clients are those of the blueprint that docs/conformance.md tells to run the suite with;
each test names its modules there."""

import base64
import html
import json
import re
import time
import urllib.parse

import pytest
import requests

from conformance import BACK, CALLBACK, PASSWORD, Client, apply
from test_device import register
from world import Person, Server, claims, pkce

TYPES = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"]
MODES = [None, "form_post"]
EVERY = [(kind, mode) for kind in TYPES for mode in MODES]
every = pytest.mark.parametrize("kind, mode", EVERY, ids=lambda value: value and value.replace(" ", "+"))

SCOPES = {
    "profile": "name family_name given_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo locale updated_at",
    "email": "email email_verified",
    "address": "address",
    "phone": "phone_number phone_number_verified",
}


@pytest.fixture(scope="module")
def server():
    server = Server(COUNTERSIGN_OAUTH2__REGISTRATION="open", CONFORMANCE_PASSWORD=PASSWORD).start()
    apply(server, "openid-connect.yaml")
    yield server
    assert not server.panics()
    server.close()


@pytest.fixture(scope="module")
def root(server):
    return requests.get(f"{server.base}/.well-known/openid-configuration", timeout=10).json()


@pytest.fixture(scope="module")
def client(server, root):
    return Client(server, "conformance-1", root)


@pytest.fixture(scope="module")
def other(server, root):
    return Client(server, "conformance-2", root)


@pytest.fixture(scope="module")
def conny(server):
    return Person(server, "conformance", PASSWORD).sign_in()


def back(mode, kind):
    """How answers of a response type come back (OAuth 2.0 Multiple Response Types 5, Form Post Response Mode)."""
    return mode or ("query" if kind == "code" else "fragment")


class Tokens:
    """All that a request brought, from the browser and from the token endpoint, each part verified."""

    def __init__(self, client, kind, mode, answer, nonce, redeem=None):
        came, self.front = answer
        assert came == back(mode, kind), answer
        assert "error" not in self.front, self.front
        assert self.front["iss"] == client.document["issuer"], "RFC 9207"
        expected = {"code": "code", "id_token": "id_token", "token": "access_token"}
        brought = {expected[word] for word in kind.split()}
        assert brought == set(expected.values()) & set(self.front), self.front
        self.code, self.access = self.front.get("code"), self.front.get("access_token")
        if self.access:
            assert self.front["token_type"].lower() == "bearer" and int(self.front["expires_in"]) > 0
        self.id_tokens = []
        if raw := self.front.get("id_token"):
            self.hint = raw
            self.id_tokens.append(client.id_token(raw, nonce, self.code, self.access))
            assert ("at_hash" in self.id_tokens[0]) == bool(self.access), "OpenID Connect Core 3.2.2.10"
        self.back = None
        if self.code:
            answer = (redeem or client.redeem)(self.code)
            assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"], answer.text
            self.back = answer.json()
            assert self.back["token_type"].lower() == "bearer" and self.back["expires_in"] > 0
            self.hint, self.access = self.back["id_token"], self.back["access_token"]
            self.id_tokens.append(client.id_token(self.hint, nonce, None, None))
        assert len({said["sub"] for said in self.id_tokens}) <= 1, "one person"

    @property
    def said(self):
        return self.id_tokens[-1]


def flow(client, person, kind="code", mode=None, nonce="n-0S6_WzA2Mj", redeem=None, form=False, **parameters):
    parameters = {"scope": "openid", "state": "af0ifjsldkj"} | parameters
    answer = client.ask(person, kind, mode, form=form, nonce=nonce, **parameters)
    assert answer[1].get("state") == parameters["state"], answer
    return Tokens(client, kind, mode, answer, nonce, redeem)


@every
def test_every_part_of_an_answer_holds(client, conny, kind, mode):
    tokens = flow(client, conny, kind, mode)
    if tokens.access:
        for how in ("get", "header", "body"):
            info = client.userinfo(tokens.access, how)
            assert info.status_code == 200 and info.headers["Content-Type"].startswith("application/json"), how
            assert info.json()["sub"] == tokens.said["sub"], how
    # By a form instead of the address, and with a client that sends its secret in the form.
    by_form = lambda code: requests.post(
        client.document["token_endpoint"], timeout=10,
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": client.id, "client_secret": client.secret},
    )
    flow(client, conny, kind, mode, redeem=by_form, form=True)
    # A code with PKCE, a long state and characters that have to be kept.
    verifier, challenge = pkce()
    with_verifier = lambda code: client.redeem(code, code_verifier=verifier)
    flow(client, conny, kind, mode, redeem=with_verifier, code_challenge=challenge, code_challenge_method="S256", state="ä &=#+%" + "s" * 300)


@pytest.mark.parametrize("mode", MODES)
def test_a_request_without_a_response_type_is_refused(client, conny, mode):
    came, answer = client.ask(conny, None, mode, scope="openid", nonce="n")
    assert (came, answer["error"]) == (mode or "query", "unsupported_response_type") or answer["error"] == "invalid_request", answer


@every
def test_a_nonce_is_needed_where_the_browser_brings_an_id_token(client, conny, kind, mode):
    if "id_token" not in kind:
        tokens = flow(client, conny, kind, mode, nonce=None)
        assert all("nonce" not in said for said in tokens.id_tokens)
        return
    came, answer = client.ask(conny, kind, mode, scope="openid", state="s")
    assert (came, answer["error"], answer["state"]) == (back(mode, kind), "invalid_request", "s"), answer
    assert not {"code", "id_token", "access_token"} & set(answer)


@pytest.mark.parametrize("kind", TYPES)
def test_scopes_bring_their_claims(client, conny, kind):
    for scope in [*SCOPES, "profile email address phone"]:
        for order in (f"openid {scope}", f"{scope} openid"):
            tokens = flow(client, conny, kind, scope=order)
            # Where no access token is given, the ID token has the claims (OpenID Connect Core 5.4).
            said = client.userinfo(tokens.access).json() if tokens.access else tokens.said
            wanted = {name for one in scope.split() for name in SCOPES[one].split()}
            assert wanted <= set(said), wanted - set(said)
            assert not {name for one in SCOPES if one not in scope.split() for name in SCOPES[one].split()} & set(said)
            types = {"email_verified": bool, "phone_number_verified": bool, "updated_at": int, "address": dict}
            assert all(isinstance(said[name], types.get(name, str)) for name in wanted), said
            if tokens.access:
                assert not wanted & set(tokens.said), "not twice"


@every
def test_what_a_server_may_ignore_does_not_stop_anybody(client, conny, kind, mode):
    for parameters in [
        {"display": "page"}, {"display": "popup"}, {"login_hint": "buffy@example.test"}, {"ui_locales": "se"}, {"claims_locales": "se"},
        {"acr_values": "1 2"}, {"extra": "foobar"}, {"prompt": ""},
    ]:
        flow(client, conny, kind, mode, **parameters)


@every
def test_a_session_answers_without_a_page_and_nobody_else_does(server, client, conny, kind, mode):
    first = flow(client, conny, kind, mode, max_age="15000")
    conny.seen.clear()
    again = flow(client, conny, kind, mode, prompt="none")
    hinted = flow(client, conny, kind, mode, prompt="none", id_token_hint=first.hint)
    aged = flow(client, conny, kind, mode, max_age="10000")
    assert conny.seen == []
    for tokens in (again, hinted, aged):
        assert tokens.said["sub"] == first.said["sub"] and tokens.said["auth_time"] == first.said["auth_time"]
    came, answer = client.ask(Person(server), kind, mode, scope="openid", nonce="n", state="s", prompt="none")
    assert came == back(mode, kind) and answer["error"] in ("login_required", "interaction_required"), answer
    assert answer["state"] == "s" and answer["iss"] == client.document["issuer"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_new_sign_in_is_asked_for_and_shows_in_the_time(server, client, kind):
    person = Person(server, "conformance", PASSWORD)
    first = flow(client, person, kind)
    for parameters in ({"prompt": "login"}, {"max_age": "1"}):
        time.sleep(2.1)
        person.seen.clear()
        second = flow(client, person, kind, **parameters)
        assert "ak-stage-identification" in person.seen, parameters
        assert second.said["sub"] == first.said["sub"] and second.said["auth_time"] > first.said["auth_time"], parameters
        assert time.time() - second.said["auth_time"] < 60


@every
def test_requests_in_an_object_are_refused_by_name(client, conny, kind, mode):
    """Both where the object alone has what the request needs, and where it says something else."""
    encode = lambda part: base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
    unsigned = lambda **inside: f"{encode({'alg': 'none'})}.{encode(inside)}."
    bare = {"scope": "openid", "state": "s"}
    inside = {"client_id": client.id, "response_type": kind, "redirect_uri": CALLBACK, "scope": "openid", "nonce": "n"}
    for request in (unsigned(**inside), unsigned(redirect_uri="https://evil.test/cb", scope="openid")):
        came, answer = client.ask(conny, kind, mode, **bare, request=request)
        assert (came, answer["error"]) == (back(mode, kind), "request_not_supported"), answer
    came, answer = client.ask(conny, kind, mode, **bare, request_uri=f"{BACK}/request.jwt")
    assert (came, answer["error"]) == (back(mode, kind), "request_uri_not_supported"), answer
    assert client.document["request_parameter_supported"] is client.document["request_uri_parameter_supported"] is False


@pytest.mark.parametrize("kind", TYPES)
def test_a_claim_that_is_essential_is_given(client, conny, kind):
    where = "userinfo" if kind != "id_token" else "id_token"
    tokens = flow(client, conny, kind, claims=json.dumps({where: {"name": {"essential": True}}}))
    said = client.userinfo(tokens.access).json() if tokens.access else tokens.said
    assert said["name"] == "Conny Formance"


@pytest.mark.parametrize("kind", [kind for kind in TYPES if "code" in kind])
def test_a_code_is_good_once_and_ends_what_it_gave(client, conny, kind):
    tokens = flow(client, conny, kind)
    again = client.redeem(tokens.code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    info = client.userinfo(tokens.back["access_token"])
    assert info.status_code == 401 and 'error="invalid_token"' in info.headers["WWW-Authenticate"]


@pytest.mark.parametrize("kind", [kind for kind in TYPES if "code" in kind])
def test_a_refresh_token_is_of_its_client_and_its_sign_in(client, other, conny, kind):
    tokens = flow(client, conny, kind, scope="openid offline_access", prompt="consent")
    stolen = other.refresh(tokens.back["refresh_token"])
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    time.sleep(1.1)
    answer = client.refresh(tokens.back["refresh_token"])
    assert answer.status_code == 200, answer.text
    renewed = answer.json()
    assert renewed["access_token"] != tokens.back["access_token"] and renewed["token_type"].lower() == "bearer"
    said = client.id_token(renewed["id_token"], claims(renewed["id_token"]).get("nonce"))
    before = tokens.said
    # OpenID Connect Core 12.2.
    assert [said[name] for name in ("iss", "sub", "aud", "auth_time")] == [before[name] for name in ("iss", "sub", "aud", "auth_time")]
    assert said["iat"] > before["iat"] and said.get("nonce", "n-0S6_WzA2Mj") == "n-0S6_WzA2Mj"
    assert client.userinfo(renewed["access_token"]).json()["sub"] == said["sub"]
    # The second client, which shares the issuer, signs the same person in.
    theirs = flow(other, conny, kind, scope="openid offline_access")
    assert theirs.said["sub"] == before["sub"] and other.refresh(theirs.back["refresh_token"]).status_code == 200


@every
def test_an_address_that_is_not_registered_gets_nothing(client, conny, kind, mode):
    for address in (f"{CALLBACK}/x", f"{CALLBACK}?x=y", "https://evil.test/cb"):
        came, answer = client.ask(conny, kind, mode, scope="openid", nonce="n", redirect_uri=address)
        assert (came, answer["status"]) == ("page", 400), (address, answer)


def test_the_document_says_what_a_client_needs(server, root):
    """Of the shared issuer and of one application's (oidcc-discovery-endpoint-verification and those of the logout plans)."""
    for document in (root, Client(server, "conformance-back").document, Client(server, "conformance-front").document):
        found = requests.get(document["issuer"].rstrip("/") + "/.well-known/openid-configuration", timeout=10)
        assert found.headers["Content-Type"].startswith("application/json") and found.json() == document
        for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint", "registration_endpoint"):
            assert document[name].startswith(server.base + "/"), name
        assert {"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"} == set(document["response_types_supported"])
        assert {"query", "fragment", "form_post"} <= set(document["response_modes_supported"])
        assert "RS256" in document["id_token_signing_alg_values_supported"] and document["subject_types_supported"] == ["public"]
        assert {"openid", *SCOPES, "offline_access"} <= set(document["scopes_supported"])
        assert {"authorization_code", "implicit", "refresh_token"} <= set(document["grant_types_supported"])
        assert {"client_secret_basic", "client_secret_post"} <= set(document["token_endpoint_auth_methods_supported"])
        assert {name for names in SCOPES.values() for name in names.split()} <= set(document["claims_supported"])
        assert document["claims_parameter_supported"] is True and isinstance(document["authorization_response_iss_parameter_supported"], bool)
        for flag in ("backchannel_logout_supported", "backchannel_logout_session_supported", "frontchannel_logout_supported",
                     "frontchannel_logout_session_supported"):
            assert document[flag] is True, flag
        keys = requests.get(document["jwks_uri"], timeout=10).json()["keys"]
        assert len({key["kid"] for key in keys}) == len(keys) and not any({"d", "p", "q", "k"} & set(key) for key in keys)
        assert "RSA" in {key["kty"] for key in keys}
    assert Client(server, "conformance-front").document["check_session_iframe"].startswith(server.base)


POST_LOGOUT = f"{BACK}/post_logout_redirect"


def signed_out(server, client, press=False, **parameters):
    """Signs somebody in and asks to sign out: where the browser ends, and whether the session has."""
    person = Person(server, "conformance", PASSWORD)
    hint = flow(client, person).hint
    parameters = {name: (value(hint) if callable(value) else value) for name, value in parameters.items()}
    page = person.get(client.document["end_session_endpoint"] + "?" + urllib.parse.urlencode(parameters))
    if press:
        while page.status_code == 302 and page.headers["Location"].startswith("/"):
            page = person.get(page.headers["Location"])
        assert page.status_code == 200 and person.me().status_code == 200, "somebody is asked, and nothing has happened yet"
        if "<form" not in page.text:
            # Signed out of the application; the page offers to sign out here, too.
            link = re.search(r'href="([^"]*)">Log out of Countersign<', page.text)
            page = person.open(server.base + html.unescape(link.group(1)))
        if "<form" in page.text:
            page = person.press(page)
    for _ in range(8):
        location = page.headers.get("Location")
        if not location or location.startswith(BACK):
            return location, page, person.me().status_code == 403
        page = person.get(location)
    raise AssertionError("too many steps")


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_signing_out_at_the_wish_of_an_application(server, client, shared):
    """The plan of RP-Initiated Logout, module by module, at the address that clients share and at one of its own."""
    if not shared:
        server.application("own", redirects=[CALLBACK], post_logout_redirect_uris=[POST_LOGOUT])
        client = Client(server, "own-provider", slug="own")
    hint, state = (lambda token: token), "st-ate&1"
    query = urllib.parse.urlencode({"state": state})
    # rp-initiated-logout, -no-state
    assert signed_out(server, client, id_token_hint=hint, post_logout_redirect_uri=POST_LOGOUT, state=state)[::2] == (f"{POST_LOGOUT}?{query}", True)
    assert signed_out(server, client, id_token_hint=hint, post_logout_redirect_uri=POST_LOGOUT)[::2] == (POST_LOGOUT, True)
    # -bad-post-logout-redirect-uri, -query-added-to-post-logout-redirect-uri: not sent on
    for address in (f"{POST_LOGOUT}x", f"{POST_LOGOUT}?foo=bar"):
        location, page, _ = signed_out(server, client, id_token_hint=hint, post_logout_redirect_uri=address, state=state)
        assert location is None and "has not registered" in page.text, address
    # -no-post-logout-redirect-uri
    location, page, ended = signed_out(server, client, id_token_hint=hint, state=state)
    assert location is None and page.status_code == 200 and ended
    # -no-params, -only-state, -no-id-token-hint: somebody is asked first
    for parameters in ({}, {"state": state}):
        location, page, ended = signed_out(server, client, press=True, **parameters)
        assert location is None and ended, parameters
    location, page, ended = signed_out(server, client, press=not shared, post_logout_redirect_uri=POST_LOGOUT, state=state)
    # Nobody knows whose address that is where all clients have one.
    assert (location, page.status_code, ended) == ((None, 400, False) if shared else (f"{POST_LOGOUT}?{query}", 302, True))


def test_a_hint_of_somebody_else_s_making_signs_nobody_out(server, client):
    """rp-initiated-logout-bad-id-token-hint, -modified-id-token-hint: no redirect, and the session stays until the person says so."""
    encode = lambda part: base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")

    def modified(token):
        head, body, signature = token.split(".")
        said = claims(token) | {"sub": "somebody"}
        return f"{head}.{encode(said)}.{signature}"

    def unsigned(token):
        said = claims(token)
        return f"{encode({'alg': 'none'})}.{encode(said | {'iss': said['aud'], 'aud': said['iss']})}."

    for bad in (modified, unsigned, lambda token: token[:-8] + "AAAAAAAA", lambda _: "bad"):
        location, page, ended = signed_out(server, client, id_token_hint=bad, post_logout_redirect_uri=POST_LOGOUT, state="s")
        assert location is None and page.status_code == 400 and not ended


METADATA = {
    "client_name": "Conformance", "redirect_uris": ["https://rp.example.org/cb"], "contacts": ["ops@example.org"],
    "response_types": ["code"], "grant_types": ["authorization_code"],
}


def test_what_a_client_registers_is_what_counts(server, conny):
    """The plan of dynamic registration: what is offered works, what is not is refused when it is asked for."""
    made = register(server, METADATA | {"id_token_signed_response_alg": "RS256"})
    assert made.status_code == 201 and made.json()["id_token_signed_response_alg"] == "RS256", made.text
    provider = server.one("providers/oauth2/", client_id=made.json()["client_id"])
    application = server.one("core/applications/", slug=provider["assigned_application_slug"])
    client = Client(server, provider["name"], slug=application["slug"])
    tokens = flow(client, conny)
    assert tokens.said["aud"] in (client.id, [client.id])
    # redirect-uri-query-OK, -mismatch, -added, regfrag; redirect_uri missing.
    with_query = register(server, METADATA | {"redirect_uris": ["https://rp.example.org/cb?foo=bar"]}).json()
    for sent, good in [("https://rp.example.org/cb?foo=bar", True), ("https://rp.example.org/cb?foo=baz", False), ("https://rp.example.org/cb", False),
                       ("https://rp.example.org/cb?foo=bar&x=y", False), (None, False)]:
        query = {"client_id": with_query["client_id"], "response_type": "code", "scope": "openid", "redirect_uri": sent}
        page = conny.get("/application/o/authorize/?" + urllib.parse.urlencode({k: v for k, v in query.items() if v}))
        assert (page.status_code != 400) == good, (sent, page.status_code)
    refused = register(server, METADATA | {"redirect_uris": ["https://rp.example.org/cb#frag"]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")
    # registration-logo-uri, -policy-uri, -tos-uri, -jwks-uri
    for name in ("logo_uri", "policy_uri", "tos_uri", "jwks_uri"):
        address = f"https://rp.example.org/{name}"
        answer = register(server, METADATA | {name: address})
        assert answer.status_code == 201 and answer.json()[name] == address, (name, answer.text)
    # What this server does not do: pairwise subjects by sector, unsigned ID tokens, signed userinfo.
    for wrong in ({"sector_identifier_uri": "https://rp.example.org/sector.json", "subject_type": "pairwise"},
                  {"id_token_signed_response_alg": "none"}, {"userinfo_signed_response_alg": "RS256"}):
        answer = register(server, METADATA | wrong)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), wrong
