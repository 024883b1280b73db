"""The protocol as an application sees it."""

import base64
import urllib.parse

import pytest
import requests
from joserfc import jwk, jwt

from world import Person, claims, pkce


def verified(app, token, server):
    keys = jwk.KeySet.import_key_set(requests.get(f"{server.base}/application/o/{app.slug}/jwks/", timeout=10).json())
    return jwt.decode(token, keys, algorithms=["RS256", "ES256", "ES384", "EdDSA"]).claims


def test_discovery_names_addresses_that_answer(server, app):
    document = app.discovery()
    base = server.base
    assert document["issuer"] == f"{base}/application/o/flask-app/"
    assert document["authorization_endpoint"] == f"{base}/application/o/authorize/"
    assert document["token_endpoint"] == f"{base}/application/o/token/"
    assert document["userinfo_endpoint"] == f"{base}/application/o/userinfo/"
    assert document["end_session_endpoint"] == f"{base}/application/o/flask-app/end-session/"
    keys = requests.get(document["jwks_uri"], timeout=10).json()["keys"]
    assert keys and all(key["use"] == "sig" and key["kid"] and key["alg"] for key in keys)
    assert not any("d" in key for key in keys), "no private part"


def test_the_code_flow_ends_with_verified_claims(server, app, admin):
    verifier, challenge = pkce()
    code = admin.code(app, nonce="n-1", code_challenge=challenge, code_challenge_method="S256")
    answer = app.redeem(code, code_verifier=verifier)
    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] > 0
    assert "refresh_token" not in tokens, "offline_access was not asked for"
    found = verified(app, tokens["id_token"], server)
    assert found["iss"] == f"{server.base}/application/o/flask-app/"
    assert found["aud"] == app.id and found["nonce"] == "n-1"
    assert (found["preferred_username"], found["email"]) == ("akadmin", "akadmin@example.test")
    assert found["groups"] == ["authentik Admins"]

    info = requests.get(
        f"{server.base}/application/o/userinfo/", headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10
    ).json()
    assert info["sub"] == found["sub"] and info["groups"] == ["authentik Admins"]

    me = server.api("GET", "core/users/me/", 200, token=tokens["access_token"]).json()
    assert me["user"]["username"] == "akadmin"
    assert [g["name"] for g in me["groups_obj"]] == ["authentik Admins"]


def test_an_access_token_without_profile_reads_nothing(server, app, admin):
    tokens = admin.tokens(app, scope="openid email")
    answer = server.api("GET", "core/users/me/", token=tokens["access_token"])
    assert (answer.status_code, answer.json()) == (403, {"detail": "Token invalid/expired"})


def test_an_access_token_opens_no_other_operation(server, app, admin):
    tokens = admin.tokens(app)
    for method, path in [("GET", "core/users/"), ("GET", "core/groups/"), ("POST", "core/users/me/"), ("GET", "core/tokens/")]:
        answer = server.api(method, path, token=tokens["access_token"])
        assert answer.status_code in (403, 405), f"{method} {path}: {answer.status_code}"


@pytest.mark.parametrize("how", ["basic", "body"])
def test_both_ways_of_client_authentication(server, app, admin, how):
    form = {"grant_type": "authorization_code", "code": admin.code(app), "redirect_uri": app.redirect}
    if how == "body":
        form |= {"client_id": app.id, "client_secret": app.secret}
    assert app.token(auth=how == "basic", **form).status_code == 200


def test_wrong_client_secrets_are_refused(server, app, admin):
    code = admin.code(app)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect}
    url = f"{server.base}/application/o/token/"
    for auth in [(app.id, "wrong"), ("nobody", app.secret), (app.id, "")]:
        answer = requests.post(url, data=form, auth=auth, timeout=10)
        assert answer.json()["error"] == "invalid_client", answer.text
        assert answer.status_code in (400, 401)
    assert app.redeem(code).status_code == 200, "a stranger's attempt does not burn the code"


def test_pkce_is_enforced_when_it_was_started(server, app, admin):
    verifier, challenge = pkce()
    for form in [{}, {"code_verifier": "x" * 50}, {"code_verifier": ""}]:
        code = admin.code(app, code_challenge=challenge, code_challenge_method="S256")
        answer = app.redeem(code, **form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), form
    code = admin.code(app)
    answer = app.redeem(code, code_verifier=verifier)
    assert answer.json().get("error") == "invalid_grant", "a verifier without a challenge is a downgrade"


def test_a_code_belongs_to_its_client_and_its_address(server, app, admin):
    other = server.application("other", redirects=["http://localhost:5000/callback", "http://localhost:5000/other"])
    answer = other.redeem(admin.code(app))
    assert answer.json()["error"] == "invalid_grant"
    answer = other.token(
        grant_type="authorization_code", code=admin.code(other), redirect_uri="http://localhost:5000/other"
    )
    assert answer.json()["error"] == "invalid_grant"


def test_refresh_gives_new_tokens(server, admin):
    app = server.application("wiki", scopes=["offline_access"])
    tokens = admin.tokens(app, scope="openid profile email offline_access")
    answer = app.refresh(tokens["refresh_token"])
    assert answer.status_code == 200, answer.text
    fresh = answer.json()
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert fresh["access_token"] != tokens["access_token"]
    assert claims(fresh["id_token"])["sub"] == claims(tokens["id_token"])["sub"]


def test_client_credentials_make_a_token_without_a_person(server, app):
    answer = app.token(grant_type="client_credentials", scope="openid profile")
    assert answer.status_code == 200, answer.text
    assert "refresh_token" not in answer.json()


def test_groups_as_a_scope_is_answered(server, admin):
    app = server.application("wiki")
    tokens = admin.tokens(app, scope="openid groups")
    found = claims(tokens["id_token"])
    assert found["groups"] == ["authentik Admins"] and "preferred_username" not in found


@pytest.mark.parametrize(
    "asked",
    [
        "http://localhost:5000/callback/",
        "http://localhost:5000/callback?x=1",
        "http://localhost:5000/callback#x",
        "http://localhost:5000/Callback",
        "http://localhost:5001/callback",
        "https://localhost:5000/callback",
        "http://localhost:5000/callback/../evil",
        "http://localhost:5000@evil.test/callback",
        "http://evil.test/callback",
        "//evil.test/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "",
    ],
)
def test_an_unregistered_address_gets_a_page_and_no_redirect(server, app, admin, asked):
    for person in (Person(server), admin):
        answer = person.get(app.authorize_url(redirect_uri=asked))
        assert answer.status_code == 400, f"{asked}: {answer.status_code} {answer.headers.get('Location')}"
        assert "Location" not in answer.headers
        assert answer.headers["Content-Type"].startswith("text/html")


def test_an_unknown_client_gets_a_page(server, app, admin):
    answer = admin.get(app.authorize_url(client_id="nobody"))
    assert answer.status_code == 400 and "Location" not in answer.headers


def test_errors_after_a_good_address_return_to_the_application(server, app, admin):
    def back(**parameters):
        return admin.authorize(app, **parameters)

    assert back(response_type="nonsense")["error"] == "unsupported_response_type"
    assert back(code_challenge="x" * 43, code_challenge_method="nonsense")["error"] == "invalid_request"
    state = "a state with blanks & signs"
    returned = back(response_type="nonsense", state=state)
    assert returned["state"] == state


def test_prompt_none_never_shows_a_page(server, app):
    person = Person(server)
    back = person.authorize(app, prompt="none")
    assert back["error"] == "login_required" and person.seen == []


def test_prompt_login_asks_again(server, app, admin):
    admin.seen.clear()
    assert "code" in admin.authorize(app, prompt="login")
    assert "ak-stage-identification" in admin.seen


def test_a_denied_application_gives_no_code(server, admin):
    app = server.application("wiki")
    server.group("Insiders")
    group = server.one("core/groups/", name="Insiders")
    server.create("policies/bindings/", target=app.application["pk"], group=group["pk"], order=0)
    server.user("mallory")
    mallory = Person(server, "mallory").sign_in()
    page = mallory.get(app.authorize_url())
    while page.status_code == 302 and page.headers["Location"].startswith("/"):
        page = mallory.get(page.headers["Location"])
    assert "Location" not in page.headers or "code=" not in page.headers["Location"]
    assert server.user("ines", ["Insiders"])
    assert Person(server, "ines").code(app)


def test_end_session_goes_only_to_addresses_of_the_application(server, app, admin):
    tokens = admin.tokens(app)
    end = f"{server.base}/application/o/flask-app/end-session/"
    for target in ["http://evil.test/", "//evil.test/", "javascript:alert(1)", "http://localhost:5000@evil.test/"]:
        query = urllib.parse.urlencode({"post_logout_redirect_uri": target, "id_token_hint": tokens["id_token"]})
        page = Person(server).get(f"{end}?{query}")
        assert "evil" not in page.headers.get("Location", "") and "javascript" not in page.headers.get("Location", "")
    query = urllib.parse.urlencode(
        {"post_logout_redirect_uri": "http://localhost:5000/", "id_token_hint": tokens["id_token"], "state": "s"}
    )
    url = admin.visit(f"{end}?{query}", until="http://localhost:5000/")
    assert urllib.parse.urlsplit(url).path == "/"
    assert admin.me().status_code == 403


def test_a_foreign_site_cannot_sign_people_out(server, app, admin):
    admin.code(app)
    end = f"{server.base}/application/o/flask-app/end-session/?post_logout_redirect_uri=http://localhost:5000/"
    page = admin.get(end, headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 200 and "<form" in page.text, "a button to press, and nothing else has happened"
    assert admin.me().status_code == 200


def test_an_application_outlives_its_invalidation_flow(server, admin):
    flow = server.create("flows/instances/", name="Bye", title="Bye", slug="bye", designation="invalidation")
    app = server.application("farewell", invalidation_flow=flow["pk"])
    end = f"{server.base}/application/o/farewell/end-session/"
    admin.code(app)

    def leads_to():
        # From elsewhere, people are asked: the flow does.
        return urllib.parse.urlsplit(admin.get(end, headers={"Sec-Fetch-Site": "cross-site"}).headers["Location"]).path

    assert leads_to() == "/if/flow/bye/"
    server.api("DELETE", "flows/instances/bye/", 204)
    assert server.get(f"providers/oauth2/{app.provider['pk']}/")["invalidation_flow"] is None
    assert leads_to() == "/if/flow/default-invalidation-flow/"
    refused = server.api("PATCH", f"providers/oauth2/{app.provider['pk']}/", 400, json={"invalidation_flow": None}).json()
    assert refused == {"invalidation_flow": ["This field may not be null."]}


def test_a_deactivated_person_loses_everything_at_once(server, admin):
    app = server.application("wiki", scopes=["offline_access"])
    user = server.user("mallory")
    mallory = Person(server, "mallory").sign_in()
    tokens = mallory.tokens(app, scope="openid profile offline_access")
    server.patch(f"core/users/{user['pk']}/", is_active=False)
    assert mallory.me().status_code == 403
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert requests.get(f"{server.base}/application/o/userinfo/", headers=bearer, timeout=10).status_code in (401, 403)


def test_introspection_and_revocation(server, admin):
    app = server.application("wiki", scopes=["offline_access"])
    tokens = admin.tokens(app, scope="openid profile offline_access")

    def active(token):
        url = f"{server.base}/application/o/introspect/"
        return requests.post(url, data={"token": token}, auth=(app.id, app.secret), timeout=10).json()["active"]

    assert active(tokens["access_token"]) and active(tokens["refresh_token"])
    url = f"{server.base}/application/o/revoke/"
    assert requests.post(url, data={"token": tokens["refresh_token"]}, auth=(app.id, app.secret), timeout=10).status_code == 200
    assert not active(tokens["refresh_token"])
    assert app.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert not active("nonsense") and not active(base64.b64encode(b"x" * 90).decode())
