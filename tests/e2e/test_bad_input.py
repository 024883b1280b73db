"""Malformed requests to everything: a clear answer, never a fault."""

import json
import random
import socket
import urllib.parse

import pytest
import requests

from routes import Keys, all_routes, call
from world import TOKEN, Person, Refused

STRANGE = [None, True, 0, -1, 1e308, "", " ", "\0", "x" * 70000, "😀" * 10, [], {}, [[]], {"": {"": {}}}, [None], "%", "../..", "{{7*7}}"]


def test_bodies_of_every_wrong_sort(server):
    server.application("wiki")
    keys, wrong = Keys(server), []
    bodies = [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'"text"', "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"[" * 5000 + b"]" * 5000, "application/json"),
        (b'{"a":' * 3000 + b"1" + b"}" * 3000, "application/json"),
        (b"{}", "text/plain"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data"),
        (b"{}", "application/json; charset=utf-16"),
    ]
    for route in all_routes(server):
        if route.method not in ("POST", "PUT", "PATCH"):
            continue
        for body, kind in bodies:
            answer = call(server, route, keys.of(route), token=TOKEN, data=body, headers={"Content-Type": kind})
            if answer.status_code >= 500:
                wrong.append(f"{route} with {body[:20]} as {kind}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


def test_fields_of_every_wrong_sort(server):
    server.application("wiki")
    keys, wrong, chance = Keys(server), [], random.Random(7)
    from routes import document

    schemas = document(server)["components"]["schemas"]
    for route in all_routes(server):
        if route.method not in ("POST", "PUT", "PATCH") or not route.has_body or "flows/executor" in route.path:
            continue
        if any(word in route.path for word in ("set_password", "set_key", "impersonate", "recovery")):
            continue
        content = route.operation["requestBody"]["content"].get("application/json", {})
        reference = content.get("schema", {}).get("$ref", "").split("/")[-1]
        fields = list(schemas.get(reference, {}).get("properties", {}))
        for _ in range(4):
            body = {field: chance.choice(STRANGE) for field in fields if chance.random() < 0.8}
            if route.method != "POST" and "is_active" in body:
                body.pop("is_active")
            answer = call(server, route, {n: "0" for n in keys.of(route)} if route.method != "POST" else keys.of(route), token=TOKEN, json=body)
            if answer.status_code >= 500:
                wrong.append(f"{route} {json.dumps(body)[:300]}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


def test_list_parameters_of_every_wrong_sort(server):
    wrong = []
    values = ["", "-1", "0", "abc", "1e9", "99999999999999999999", "%00", "'", "x" * 5000, "true", "\u202e", "a,b,-c", "*", "(", "[]"]
    for route in all_routes(server):
        if route.method != "GET" or route.parameters:
            continue
        named = [p["name"] for p in route.operation.get("parameters", []) if p["in"] == "query"]
        for number, name in enumerate(named):
            for value in values[number % 3 :: 3]:
                answer = call(server, route, {}, token=TOKEN, params={name: value})
                if answer.status_code >= 500:
                    wrong.append(f"{route} {name}={value[:30]}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


def test_protocol_parameters_of_every_wrong_sort(server, app, admin):
    chance = random.Random(11)
    names = ["response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "code_challenge",
             "code_challenge_method", "response_mode", "request", "request_uri", "claims", "id_token_hint", "login_hint", "ui_locales", "acr_values"]
    texts = [v for v in STRANGE if isinstance(v, str)] + ["code", app.id, app.redirect, "openid", "none", "login", "-1", "S256", "é" * 50]
    for person in (Person(server), admin):
        for _ in range(60):
            query = {name: chance.choice(texts)[:4000] for name in names if chance.random() < 0.6}
            answer = person.get("/application/o/authorize/", params=query)
            assert answer.status_code < 500, (query, answer.text[:200])
            location = answer.headers.get("Location", "/")
            assert location.startswith(("/", server.base, app.redirect)), location
            assert person.web.post(f"{server.base}/application/o/authorize/", data=query, allow_redirects=False, timeout=20).status_code < 500
    forms = ["grant_type", "code", "redirect_uri", "client_id", "client_secret", "refresh_token", "code_verifier", "scope", "client_assertion", "username", "password", "device_code"]
    grants = ["authorization_code", "refresh_token", "client_credentials", "password", "urn:ietf:params:oauth:grant-type:device_code", "nonsense"]
    for path in ("token/", "introspect/", "revoke/", "userinfo/", "device/"):
        for _ in range(40):
            form = {name: chance.choice(texts) for name in forms if chance.random() < 0.6} | {"token": chance.choice(texts)}
            form["grant_type"] = chance.choice(grants)
            auth = chance.choice([None, (app.id, app.secret), (app.id, "wrong"), ("é", "\u2603"), ("", "")])
            if auth:
                auth = tuple(part.encode() for part in auth)
            answer = requests.post(f"{server.base}/application/o/{path}", data=form, auth=auth, timeout=20, allow_redirects=False)
            assert answer.status_code < 500, (path, form, answer.text[:200])
            if path == "token/" and answer.status_code >= 400:
                assert answer.json()["error"], answer.text
    for header in ("Basic !!!", "Basic", "Bearer", "Bearer \x7f", "Basic " + "A" * 9000, "Digest x"):
        for path in ("token/", "userinfo/", "introspect/"):
            answer = requests.post(f"{server.base}/application/o/{path}", headers={"Authorization": header}, timeout=20)
            refused = 400 <= answer.status_code < 500 or path == "introspect/" and answer.json() == {"active": False}
            assert refused, (header, path, answer.status_code)


def test_null_characters_in_protocol_parameters_are_refused(server, app, admin):
    client = {"client_id": app.id, "client_secret": app.secret}
    for path, form in (
        ("token/", {"grant_type": "client_credentials", "username": "a\0b", "password": "x"}),
        ("token/", {"grant_type": "client_credentials", "x\0": "1"}),
        ("bc-authorize/", {"scope": "openid", "login_hint": "a\0b"}),
        ("device/", {"scope": "openid\0"}),
        ("par/", {"response_type": "code", "redirect_uri": app.redirect, "state": "\0"}),
    ):
        answer = requests.post(f"{server.base}/application/o/{path}", data=client | form, timeout=20)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), (path, answer.text)
    for path in (f"authorize/?client_id={app.id}&x=%00", "flask-app/end-session/?state=%00", "userinfo/?x=%00"):
        assert admin.get(f"/application/o/{path}").status_code in (400, 401), path


def test_flow_answers_of_every_wrong_sort(server):
    chance = random.Random(13)
    for slug in ("default-authentication-flow", "default-invalidation-flow", "initial-setup", "default-user-settings-flow", "no-such-flow", "%00", "a" * 3000):
        url = f"{server.base}/api/v3/flows/executor/{slug}/?query="
        session = requests.Session()
        for _ in range(12):
            body = {name: chance.choice(STRANGE) for name in ("uid_field", "password", "component", "email", "token") if chance.random() < 0.7}
            assert session.post(url, json=body, timeout=30).status_code < 500, (slug, body)
            assert session.get(url, timeout=30).status_code < 500
        assert session.post(f"{server.base}/if/flow/{slug}/", data={"uid_field": "\0", "password": "x" * 100000}, timeout=30).status_code < 500


def test_cookies_that_were_never_given(server):
    for cookie in ("authentik_session=x", "authentik_session=" + "A" * 6000, "authentik_session=\x7f;authentik_csrf=", "=;=;;", "authentik_session=eyJhbGciOiJub25lIn0.e30."):
        for path in ("/", "/if/user/", "/if/flow/default-authentication-flow/", "/api/v3/core/users/me/", "/application/o/authorize/"):
            answer = requests.get(server.base + path, headers={"Cookie": cookie}, timeout=20, allow_redirects=False)
            assert answer.status_code < 500, (cookie[:40], path)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
        b"NONSENSE / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%zz%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /application/o/token/ HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /application/o/token/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: " + b"a" * 200000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: a\r\n" * 5000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
    ],
    ids=range(14),
)
def test_broken_http(server, raw):
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.settimeout(10)
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            start = connection.recv(64)
        except OSError:
            start = b""
    assert not start.startswith(b"HTTP/1.1 5"), start
    assert requests.get(server.base + "/-/health/live/", timeout=10).status_code == 200


def test_large_bodies_are_refused_early(server):
    for path in ("/application/o/token/", "/api/v3/core/groups/", "/if/flow/default-authentication-flow/"):
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        try:
            answer = requests.post(server.base + path, data=b"x" * (40 * 1024 * 1024), headers=headers, timeout=60)
            assert 400 <= answer.status_code < 500, (path, answer.status_code)
        except requests.ConnectionError:
            pass  # closed before everything was sent
    assert requests.get(server.base + "/-/health/live/", timeout=10).status_code == 200


def test_redirects_after_a_flow_stay_on_this_server(server):
    for target in ("http://evil.test/", "//evil.test/", "/\\evil.test", "https:evil.test", "javascript:alert(1)", "\thttp://evil.test", "%2F%2Fevil.test", "/%09/evil.test"):
        person = Person(server)
        try:
            to = person.run_flow("default-authentication-flow", urllib.parse.urlencode({"next": target}))
        except Refused as refusal:
            assert refusal.args[0]["component"] == "ak-stage-access-denied", target
            continue
        assert to.startswith("/") and not to.startswith(("//", "/\\")), (target, to)
        assert "evil.test" not in to or to.startswith("/%"), (target, to)
