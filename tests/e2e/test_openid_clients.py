"""Client libraries of other people against the real server."""

import json
import pathlib
import subprocess
import urllib.parse

import requests

from world import DEMO, TESTS, Demo, Person, free_port


def node(script, **settings):
    result = subprocess.run(
        ["node", str(TESTS / "openid_client" / script)],
        input=json.dumps(settings),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=TESTS,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_openid_client_of_npm_discovers_signs_in_and_refreshes(server, admin):
    app = server.application("wiki", scopes=["offline_access"])
    settings = {"issuer": f"{server.base}/application/o/wiki/", "id": app.id, "secret": app.secret, "redirect": app.redirect}
    begun = node("begin.mjs", **settings)
    callback = admin.visit(begun["url"], until=app.redirect)
    done = node("finish.mjs", **settings, callback=callback, checks=begun["checks"])
    assert done["claims"]["preferred_username"] == "akadmin"
    assert done["userinfo"]["sub"] == done["claims"]["sub"]
    assert done["refreshed"]["sub"] == done["claims"]["sub"]
    assert done["introspected"]["active"] is True
    assert done["afterRevocation"]["active"] is False
    assert done["machine"]["token_type"] == "bearer"


def test_openid_client_signs_in_under_the_fapi_profile(server):
    """PAR, JAR, JARM, private_key_jwt and DPoP by a client that somebody else wrote, with a sign-in in between."""
    key = server.create("crypto/certificatekeypairs/generate/", 200, common_name="fapi", validity_days=30, alg="ecdsa")["pk"]
    redirect = "https://bank.example.test/callback"
    app = server.application("bank", scopes=["offline_access"], redirects=[redirect], signing_key=key)
    path = f"providers/oauth2/{app.provider['pk']}/"
    with subprocess.Popen(["node", "openid_client/fapi.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS) as client:
        hear = lambda: json.loads(client.stdout.readline())
        say = lambda **value: print(json.dumps(value), file=client.stdin, flush=True)
        fapi = {
            "security_profile": "fapi2",
            "jwks": {"keys": [hear()["jwk"]]},
            "token_endpoint_auth_method": "private_key_jwt",
            "request_object_signing_alg": "ES256",
        }
        assert server.api("PATCH", path, 400, json={"security_profile": "fapi2"}).json().keys() == {"token_endpoint_auth_method"}
        server.patch(path, **fapi)
        say(issuer=f"{server.base}/application/o/bank/", id=app.id, redirect=redirect)
        begun = hear()
        assert sorted(begun["parameters"]) == ["client_id", "request_uri"], "nothing else travels with the browser"
        person = Person(server)
        callback = person.visit(begun["url"], until=redirect)
        assert list(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(callback).query))) == ["response"]
        assert person.get(begun["url"]).status_code == 400, "a request is good once"
        say(callback=callback)
        done = hear()
    assert done["claims"]["preferred_username"] == done["userinfo"]["preferred_username"] == "akadmin"
    assert done["type"] == done["refreshed"] == "dpop"
    assert done["introspected"]["cnf"] == {"jkt": done["thumbprint"]}
    assert done["repeated"] == "invalid_grant", "no grace under this profile"
    # A stolen token opens nothing, neither here nor in the API.
    stolen = {"Authorization": f"Bearer {done['access']}"}
    assert requests.get(f"{server.base}/application/o/userinfo/", headers=stolen, timeout=10).status_code == 401
    assert server.api("GET", "core/users/me/", token=done["access"]).status_code == 403
    # Nor does a request that was not pushed begin anything.
    assert Person(server).sign_in().authorize(app)["error"] == "invalid_request"


def test_the_openidconnect_crate_discovers_signs_in_and_refreshes(server, admin):
    app = server.application("wiki", scopes=["offline_access"])
    program = pathlib.Path(DEMO).parent / "examples/relying_party"
    arguments = [program, f"{server.base}/application/o/wiki/", app.id, app.secret, app.redirect]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        url = client.stdout.readline().strip()
        assert url, "discovery failed"
        callback = admin.visit(url, until=app.redirect)
        output, _ = client.communicate(callback + "\n", timeout=60)
    assert client.returncode == 0
    learned = json.loads(output)
    assert learned["username"] == "akadmin" and learned["email"] == "akadmin@example.test"
    assert learned["subject_after_refresh"] == learned["subject"] and learned["rotated"] is True


def test_the_demo_finds_the_provider_by_discovery(server, start):
    port = free_port()
    app = server.application("flask-app", redirects=[f"http://localhost:{port}/callback"])
    demo = start(Demo(server, app, port))
    page = Person(server).open(demo.base + "/login")
    assert page.url == demo.base + "/" and "authentik Admins" in page.text
    assert not any("No discovery document" in line for line in demo.lines())
