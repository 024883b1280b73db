"""What the modules of the OpenID Foundation's plan for the FAPI 2.0 Security Profile assert, with private_key_jwt and DPoP. The clients
are those of the blueprint that docs/conformance.md tells to run the suite with."""

import base64
import hashlib
import itertools
import json
import secrets
import time

import pytest
import requests
from joserfc import jwk, jwt

from conformance import CALLBACK, Client, apply, arrival
from world import ADMIN, PASSWORD, Person, Server, pkce

KEYS = {number: jwk.ECKey.generate_key("P-256", {"kid": f"client-{number}", "alg": "ES256", "use": "sig"}) for number in (1, 2)}
PLACES = itertools.count(1)
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def public(key):
    return {name: value for name, value in key.as_dict(private=False).items() if name != "d"}


@pytest.fixture(scope="module")
def server():
    given = {f"CONFORMANCE_JWKS_{number}": json.dumps({"keys": [public(key)]}) for number, key in KEYS.items()}
    server = Server(**given).start()
    server.create("crypto/certificatekeypairs/generate/", 200, common_name="conformance", validity_days=30, alg="ecdsa")
    apply(server, "fapi.yaml")
    yield server
    assert not server.panics()
    server.close()


@pytest.fixture(scope="module")
def person(server):
    return Person(server, ADMIN, PASSWORD).sign_in()


@pytest.fixture
def first(server):
    return Fapi(server, 1)


@pytest.fixture
def second(server):
    return Fapi(server, 2)


class Fapi(Client):
    """A client with a key to prove itself by, and one that its tokens are bound to."""

    def __init__(self, server, number):
        document = requests.get(f"{server.base}/.well-known/openid-configuration", timeout=10).json()
        super().__init__(server, f"conformance-fapi-{number}", document)
        self.key, self.bound = KEYS[number], jwk.ECKey.generate_key("P-256")
        self.nonces = {}
        # Wrong proofs of a client are counted for the place they come from: each test has one of its own.
        self.place = {"X-Forwarded-For": f"192.0.2.{next(PLACES)}"}

    def assertion(self, key=None, algorithm="ES256", **change):
        now = int(time.time())
        said = {"iss": self.id, "sub": self.id, "aud": self.document["issuer"], "jti": secrets.token_urlsafe(), "iat": now, "exp": now + 60} | change
        key = key or self.key
        return jwt.encode({"alg": algorithm, "kid": key.kid or "x"}, {k: v for k, v in said.items() if v is not None}, key, algorithms=[algorithm])

    def proof(self, method, address, key=None, header=None, algorithm="ES256", **change):
        key = key or self.bound
        said = {"htm": method, "htu": address, "iat": int(time.time()), "jti": secrets.token_urlsafe(), "nonce": self.nonces.get("nonce")} | change
        head = {"alg": algorithm, "typ": "dpop+jwt", "jwk": public(key)} | (header or {})
        return jwt.encode(head, {k: v for k, v in said.items() if v is not None}, key, algorithms=[algorithm])

    def send(self, method, address, proof=None, **arguments):
        """As client libraries do: with the nonce that the server wants, once it says so. `proof` changes what the proof has; False: none."""
        for _ in range(2):
            made = None if proof is False else self.proof(method, address, **(proof or {}))
            headers = self.place | arguments.get("headers", {}) | ({"DPoP": made} if made else {})
            answer = requests.request(method, address, timeout=10, **arguments | {"headers": headers})
            fresh = answer.headers.get("DPoP-Nonce")
            if fresh and fresh != self.nonces.get("nonce"):
                self.nonces["nonce"] = fresh
                if "use_dpop_nonce" in answer.text + answer.headers.get("WWW-Authenticate", ""):
                    continue
            return answer
        return answer

    def form(self, assertion=None, **fields):
        proved = {} if assertion is False else {"client_assertion_type": JWT_BEARER, "client_assertion": assertion or self.assertion()}
        return {k: v for k, v in ({"client_id": self.id} | proved | fields).items() if v is not None}

    def push(self, assertion=None, proof=False, **change):
        self.verifier, challenge = pkce()
        asked = {
            "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid profile email offline_access", "state": "s", "nonce": "n",
            "code_challenge": challenge, "code_challenge_method": "S256",
        } | change
        address = self.document["pushed_authorization_request_endpoint"]
        make = lambda: self.form(assertion=assertion, **asked)
        answer = self.send("POST", address, proof, data=make())
        if answer.status_code == 400 and answer.json()["error"] == "use_dpop_nonce":
            answer = self.send("POST", address, proof, data=make())
        return answer

    def visit(self, person, request_uri, **more):
        query = {"client_id": self.id, "request_uri": request_uri} | more
        page = person.get(self.document["authorization_endpoint"] + "?" + "&".join(f"{k}={requests.utils.quote(v, safe='')}" for k, v in query.items()))
        return arrival(person, page, CALLBACK)

    def code(self, person, **change):
        pushed = self.push(**change)
        assert pushed.status_code == 201 and 5 <= pushed.json()["expires_in"] < 600, pushed.text
        came, answer = self.visit(person, pushed.json()["request_uri"])
        assert came == "query" and answer["iss"] == self.document["issuer"], answer
        # Without a state there is an empty one, as the original sends it.
        assert (answer.get("state") or None) == change.get("state", "s"), answer
        return answer["code"]

    def exchange(self, code, proof=None, assertion=None, **change):
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": self.verifier} | change
        self.send_nonce()
        return self.send("POST", self.document["token_endpoint"], proof, data=self.form(assertion=assertion, **fields))

    def send_nonce(self):
        """A nonce of the server, so that what is used up by an answer is used up by the one that counts."""
        if "nonce" not in self.nonces:
            address = self.document["token_endpoint"]
            headers = self.place | {"DPoP": self.proof("POST", address)}
            answer = requests.post(address, data={"client_id": self.id}, headers=headers, timeout=10)
            self.nonces["nonce"] = answer.headers["DPoP-Nonce"]

    def read(self, token, proof=None, scheme="DPoP", **change):
        hashed = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        address = self.document["userinfo_endpoint"]
        proof = proof if proof is False else {"ath": hashed} | (proof or {})
        return self.send("GET", address, proof, headers={"Authorization": f"{scheme} {token}"} | change)


def refused(answer, *errors):
    assert answer.status_code in (400, 401) and answer.json()["error"] in errors, (answer.status_code, answer.text)


def test_the_document_names_what_the_profile_needs(first):
    document = first.document
    assert document["require_pushed_authorization_requests"] is True and document["authorization_response_iss_parameter_supported"] is True
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt"] and document["response_types_supported"] == ["code"]
    assert set(document["token_endpoint_auth_signing_alg_values_supported"]) <= {"PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
    assert document["code_challenge_methods_supported"] == ["S256"] and "ES256" in document["dpop_signing_alg_values_supported"]
    assert document["id_token_signing_alg_values_supported"] == ["ES256"]


@pytest.mark.parametrize("change", [
    {}, {"state": None}, {"nonce": None}, {"nonce": "n" * 64}, {"nonce": "n" * 384}, {"state": "s" * 384},
    {"scope": "offline_access email profile openid"}, {"claims": json.dumps({"userinfo": {"name": {"essential": True}}})},
], ids=lambda change: ",".join(f"{k}:{len(v or '')}" for k, v in change.items()) or "plain")
def test_a_good_request_ends_with_tokens_that_are_bound(first, person, change):
    answer = first.exchange(first.code(person, **change))
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["token_type"] == "DPoP"
    first.id_token(tokens["id_token"], change.get("nonce", "n"))
    assert first.read(tokens["access_token"]).json()["name"], "identity"
    # The scheme is the same however it is written (RFC 9110 11.1).
    assert first.read(tokens["access_token"], scheme="dpop").status_code == 200
    # Whoever has the token alone has nothing.
    assert first.read(tokens["access_token"], scheme="Bearer", proof=False).status_code == 401
    stranger = jwk.ECKey.generate_key("P-256")
    assert first.read(tokens["access_token"], proof={"key": stranger}).status_code == 401
    renewed = first.send("POST", first.document["token_endpoint"], data=first.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"]))
    assert renewed.status_code == 200 and renewed.json()["token_type"] == "DPoP", renewed.text


def test_a_refresh_token_is_of_its_client(first, second, person):
    tokens = first.exchange(first.code(person)).json()
    stolen = second.send("POST", second.document["token_endpoint"], data=second.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"]))
    refused(stolen, "invalid_grant")


@pytest.mark.parametrize("change, errors", [
    ({"code_challenge": None, "code_challenge_method": None}, ["invalid_request"]),
    ({"code_challenge_method": "plain"}, ["invalid_request"]),
    ({"redirect_uri": None}, ["invalid_request"]),
    ({"redirect_uri": "https://evil.test/cb"}, ["invalid_request"]),
    ({"redirect_uri": CALLBACK + "/x"}, ["invalid_request"]),
    ({"response_type": "code id_token"}, ["invalid_request", "unsupported_response_type", "unauthorized_client"]),
    ({"response_type": "token"}, ["invalid_request", "unsupported_response_type", "unauthorized_client"]),
    ({"request_uri": "urn:ietf:params:oauth:request_uri:abc"}, ["invalid_request"]),
    ({"client_id": "conformance-fapi-2"}, ["invalid_request", "invalid_client"]),
], ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_what_may_not_be_pushed(first, change, errors):
    refused(first.push(**change), *errors)


@pytest.mark.parametrize("what", ["none", "no-sub", "past", "future", "wrong-aud", "list", "par", "token", "stranger", "twice", "rs256"])
def test_a_client_that_does_not_prove_itself_gets_nothing(first, person, what):
    now, document = int(time.time()), first.document
    code = first.code(person)
    once = first.assertion()
    rsa = jwk.RSAKey.generate_key(2048, {"kid": "client-1"})
    wrong = {
        "none": lambda: False,
        "no-sub": lambda: first.assertion(sub=None),
        "past": lambda: first.assertion(exp=now - 300, iat=now - 400),
        "future": lambda: first.assertion(nbf=now + 90, iat=now + 90, exp=now + 180),
        "wrong-aud": lambda: first.assertion(aud="https://evil.test/"),
        "list": lambda: first.assertion(aud=[document["issuer"], "https://evil.test/"]),
        "par": lambda: first.assertion(aud=document["pushed_authorization_request_endpoint"]),
        "token": lambda: first.assertion(aud=document["token_endpoint"]),
        "stranger": lambda: first.assertion(key=jwk.ECKey.generate_key("P-256", {"kid": "client-1"})),
        "rs256": lambda: first.assertion(key=rsa, algorithm="RS256"),
        "twice": lambda: once,
    }[what]
    if what == "twice":
        assert first.push(assertion=once).status_code == 201
    refused(first.push(assertion=wrong()), "invalid_client")
    refused(first.exchange(code, assertion=wrong()), "invalid_client")
    # A clock that is a little ahead.
    assert first.push(assertion=first.assertion(nbf=now + 8, iat=now + 8)).status_code == 201


def test_a_code_is_of_its_client_its_verifier_and_its_key(first, second, person):
    code = first.code(person)
    second.verifier = first.verifier
    refused(second.exchange(code), "invalid_grant")
    refused(first.exchange(first.code(person), code_verifier=None), "invalid_grant", "invalid_request")
    refused(first.exchange(first.code(person), code_verifier="x" * 43), "invalid_grant")
    refused(first.exchange(first.code(person), proof=False), "invalid_dpop_proof", "invalid_request")
    # The client ID beside the proof of another client.
    refused(first.exchange(first.code(person), client_id=second.id), "invalid_client", "invalid_request")
    code = first.code(person)
    tokens = first.exchange(code).json()
    time.sleep(1)
    refused(first.exchange(code), "invalid_grant")
    assert first.read(tokens["access_token"]).status_code == 401, "a code that is shown twice ends what it gave"


def thumbprint(key):
    return key.thumbprint()


def test_a_code_can_be_bound_to_the_key_before(first, person):
    """By dpop_jkt, and by a proof beside the pushed request (RFC 9449 10)."""
    for change in ({"dpop_jkt": thumbprint(first.bound)}, {"proof": {}}):
        assert first.exchange(first.code(person, **change)).status_code == 200, change
        stranger = jwk.ECKey.generate_key("P-256")
        refused(first.exchange(first.code(person, **change), proof={"key": stranger}), "invalid_grant", "invalid_dpop_proof")
    refused(first.push(proof={}, dpop_jkt=thumbprint(jwk.ECKey.generate_key("P-256"))), "invalid_dpop_proof", "invalid_request")


def test_proofs_that_do_not_hold(first, person):
    code, now = first.code(person), int(time.time())
    other = jwk.ECKey.generate_key("P-256")
    for wrong in [
        {"htm": "GET"}, {"htu": "https://evil.test/"}, {"htu": None}, {"htm": None}, {"jti": None}, {"iat": None}, {"iat": now - 3600}, {"iat": now + 3600},
        {"header": {"typ": "JWT"}}, {"header": {"jwk": public(other)}}, {"nonce": "stale"},
    ]:
        refused(first.exchange(code, proof=wrong), "invalid_dpop_proof", "use_dpop_nonce")
    hidden = {"jwk": first.bound.as_dict(private=True)}
    refused(first.exchange(code, proof={"header": hidden}), "invalid_dpop_proof")
    # Other claims of a token do not count, and clocks may differ by ten seconds.
    good = first.exchange(code, proof={"iat": now - 10, "nbf": now - 10, "exp": now + 60})
    assert good.status_code == 200, good.text
    token = good.json()["access_token"]
    assert first.read(token, proof={"iat": int(time.time()) + 10}).status_code == 200
    for wrong in ({"ath": None}, {"ath": "x"}, {"htm": "POST"}, {"htu": first.document["token_endpoint"]}):
        assert first.read(token, proof=wrong).status_code == 401, wrong
    same = {"jti": "the-same"}
    assert [first.read(token, proof=same).status_code for _ in range(2)] == [200, 401], "once"


def test_a_pushed_request_is_of_its_client_and_used_once(server, first, second, person):
    pushed = first.push().json()["request_uri"]
    came, answer = second.visit(person, pushed)
    assert came == "page" and answer["status"] == 400, answer
    # Looked at twice before anybody has signed in, and used once.
    visitor = Person(server)
    page = visitor.get(f"{first.document['authorization_endpoint']}?client_id={first.id}&request_uri={requests.utils.quote(pushed, safe='')}")
    assert page.status_code == 302 and "error" not in page.headers["Location"]
    assert "code" in first.visit(visitor, pushed)[1]
    came, answer = first.visit(visitor, pushed)
    assert came == "page" and answer["status"] == 400, answer
    # What stands beside it does not count.
    came, answer = first.visit(person, first.push(state="inside").json()["request_uri"], state="outside", nonce="outside", scope="openid")
    assert answer["state"] == "inside"
    assert requests.get(first.document["pushed_authorization_request_endpoint"], timeout=10).status_code in (404, 405)


def test_a_request_that_was_not_pushed_begins_nothing(first, person):
    _, challenge = pkce()
    page = person.get(first.authorize_url(code_challenge=challenge, code_challenge_method="S256"))
    came, answer = arrival(person, page, CALLBACK)
    assert "code" not in answer and (came == "page" or answer["error"] == "invalid_request"), answer
