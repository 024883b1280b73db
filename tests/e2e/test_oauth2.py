"""The protocol as an application sees it."""

import base64
import html
import re
import urllib.parse

import pytest
import requests
from joserfc import jwk, jwt

from world import Person, Server, claims, pkce


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


def test_prompts_that_ask_for_an_account(server, app, admin):
    """Another account, or a new one; the page offers the name that the application expects."""
    admin.sign_in()
    admin.seen.clear()
    admin.code(app, prompt="select_account")
    assert "ak-stage-identification" in admin.seen
    assert app.discovery()["prompt_values_supported"] == ["none", "login", "consent", "select_account", "create"]
    visitor = Person(server, "nobody")
    page = visitor.get(app.authorize_url(login_hint='uma"@example.test'))
    while page.status_code in (302, 303):
        page = visitor.get(urllib.parse.urljoin(page.url, page.headers["Location"]))
    assert 'value="uma&#34;@example.test"' in page.text or 'value="uma&quot;@example.test"' in page.text, page.text
    # Where people may make an account, the first page is that.
    flow = server.create("flows/instances/", name="Join", slug="join", title="Join us", designation="enrollment")
    stage = server.one("stages/identification/", name="default-authentication-identification")
    server.patch(f"stages/identification/{stage['pk']}/", enrollment_flow=flow["pk"])
    try:
        page = visitor.get(app.authorize_url(prompt="create"))
        page = visitor.get(page.headers["Location"])
        assert urllib.parse.urlsplit(page.headers["Location"]).path == "/if/flow/join/", page.headers
        assert "next=" in page.headers["Location"]
    finally:
        server.patch(f"stages/identification/{stage['pk']}/", enrollment_flow=None)


def test_claims_that_are_asked_for_by_name(server, admin):
    """The parameter `claims`: beside the scopes, out of what the provider's mappings give, each where it was asked for."""
    app = server.application("by-name", consent="explicit", include_claims_in_id_token=False)
    asked = '{"userinfo": {"email": {"essential": true}, "shoe_size": null}, "id_token": {"nickname": null, "auth_time": {"essential": true}}}'
    tokens = admin.tokens(app, scope="openid", claims=asked)
    found = claims(tokens["id_token"])
    assert found["nickname"] == "akadmin" and "email" not in found and "name" not in found and found["auth_time"]
    info = requests.get(app.discovery()["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10).json()
    assert info["email"] == "akadmin@example.test" and not {"nickname", "name", "shoe_size"} & set(info)
    # They are part of what the person consented to.
    consents = server.get("core/user_consent/", application=app.application["pk"])["results"]
    assert [{"email", "profile"} <= set(c["permissions"].split()) for c in consents] == [True], consents
    # Somebody else will not do.
    sub = found["sub"]
    same = '{"id_token": {"sub": {"value": "%s"}}}'
    implicit = server.application("by-subject")
    assert "code" in admin.authorize(implicit, scope="openid", claims=same % sub, prompt="none")
    assert admin.authorize(implicit, scope="openid", claims=same % "other", prompt="none")["error"] == "login_required"
    assert admin.authorize(app, scope="openid", claims="{")["error"] == "invalid_request"
    assert app.discovery()["claims_parameter_supported"] is True


def test_the_standard_s_scopes_can_say_all_that_the_standard_does(server, admin):
    """Managed mappings beside the shipped ones: `address`, `phone`, the rest of `profile`; not attached by themselves."""
    mappings = server.get("propertymappings/provider/scope/", page_size=100)["results"]
    ours = [m["pk"] for m in mappings if (m["managed"] or "").startswith("countersign/")]
    assert len(ours) == 3
    plain = server.application("plain-scopes")
    assert not set(ours) & set(plain.provider["property_mappings"])
    app = server.application("whole", property_mappings=server.scopes("openid", "email") + [
        m["pk"] for m in mappings if (m["managed"] or "").rsplit("/", 1)[-1] in ("scope-profile", "scope-profile-complete", "scope-address", "scope-phone")
    ])
    server.user("full", attributes={
        "middle_name": "M", "profile": "https://example.test/full", "picture": "https://example.test/p.png", "website": "https://example.test",
        "gender": "f", "birthdate": "2000-01-01", "zoneinfo": "Europe/Berlin", "locale": "de", "address": "Street 1", "phone_number": "+49 30 1",
    }, name="Full Name")
    person = Person(server, "full").sign_in()
    tokens = person.tokens(app, scope="openid profile email address phone")
    info = requests.get(app.discovery()["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10).json()
    whole = "name family_name given_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo locale updated_at"
    assert not set(whole.split()) - set(info), info
    assert info["family_name"] == "Name" and isinstance(info["updated_at"], int)
    assert info["address"] == {"formatted": "Street 1"}
    assert (info["phone_number"], info["phone_number_verified"]) == ("+49 30 1", False)
    assert {"address", "phone_number", "birthdate"} <= set(app.discovery()["claims_supported"])
    # What an account does not have is left out.
    bare = Person(server, server.user("bare", name="Bare")["username"]).sign_in()
    tokens = bare.tokens(app, scope="openid profile address phone")
    info = requests.get(app.discovery()["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10).json()
    assert info["name"] == "Bare" and not {"family_name", "address", "phone_number", "website"} & set(info), info


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


def test_switching_the_account_keeps_the_request_of_the_application(server):
    app = server.application("wiki")
    group = server.group("Insiders")
    server.create("policies/bindings/", target=app.application["pk"], group=group["pk"], order=0)
    server.user("bob")
    server.user("ada", ["Insiders"])
    person = Person(server, "bob").sign_in()
    url = app.authorize_url(state="kept+2")
    page = person.get(url)
    while page.status_code == 302:
        page = person.get(page.headers["Location"])
    assert page.status_code == 200 and "Switch account" in page.text
    switch = html.unescape(re.search(r'href="([^"]*)">Switch account<', page.text).group(1))
    person.username = "ada"
    person.web.headers["Sec-Fetch-Site"] = "same-origin"
    back = person.visit(switch, until=app.redirect)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
    assert query["state"] == "kept+2" and query["code"]
    assert person.me().json()["user"]["username"] == "ada"


def end_session(app, **parameters):
    query = urllib.parse.urlencode(parameters)
    return f"{app.server.base}/application/o/{app.slug}/end-session/?{query}"


def test_end_session_goes_only_to_addresses_of_the_application(server, app, admin):
    for target in ["http://evil.test/", "//evil.test/", "javascript:alert(1)", "http://localhost:5000@evil.test/"]:
        tokens = Person(server, admin.username, admin.password).sign_in().tokens(app)
        page = Person(server).get(end_session(app, post_logout_redirect_uri=target, id_token_hint=tokens["id_token"]))
        assert "evil" not in page.headers.get("Location", "") and "javascript" not in page.headers.get("Location", "")
    tokens = admin.tokens(app)
    url = end_session(app, post_logout_redirect_uri="http://localhost:5000/", id_token_hint=tokens["id_token"], state="s")
    url = admin.visit(url, until="http://localhost:5000/")
    assert urllib.parse.urlsplit(url).path == "/"
    assert admin.me().status_code == 403


def test_an_address_that_is_not_registered_does_not_keep_the_person_signed_in(server, app, admin):
    tokens = admin.tokens(app)
    page = admin.open(end_session(app, post_logout_redirect_uri="http://elsewhere.test/", id_token_hint=tokens["id_token"]))
    assert page.status_code == 200 and "You are signed out" in page.text and "has not registered" in page.text
    assert 'href="http://localhost:5000"' in html.unescape(page.text), "the way back to the application"
    assert admin.me().status_code == 403
    events = server.get("events/events/", action="configuration_error")["results"]
    assert events[0]["context"]["post_logout_redirect_uri"] == "http://elsewhere.test/"
    assert events[0]["context"]["expected"] == [app.redirect]


def test_without_a_hint_the_person_is_asked_whatever_the_browser_says(server, app, admin):
    admin.code(app)
    url = end_session(app, post_logout_redirect_uri="http://localhost:5000/")
    for site in ("cross-site", "same-site", "same-origin", "none"):
        page = admin.get(url, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "document"})
        assert page.status_code == 200 and "<form" in page.text, "a button to press, and nothing else has happened"
        assert admin.me().status_code == 200
    answer = admin.press(admin.get(url))
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://localhost:5000/")
    assert admin.me().status_code == 403


def test_a_hint_that_does_not_hold_ends_nothing(server, app, admin):
    other = server.application("other")
    theirs, own = admin.tokens(other)["id_token"], admin.tokens(app)["id_token"]
    head, body, signature = own.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    target = "http://localhost:5000/"
    wrong = [
        {"id_token_hint": theirs},
        {"id_token_hint": own, "client_id": other.id},
        {"id_token_hint": f"{none}.{body}."},
        {"id_token_hint": "nonsense"},
        {"client_id": other.id},
    ]
    for person in (admin, Person(server)):
        for parameters in wrong:
            page = person.get(
                end_session(app, post_logout_redirect_uri=target, **parameters),
                headers={"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "document"},
            )
            assert page.status_code == 400 and "Location" not in page.headers, parameters
    assert admin.me().status_code == 200
    answer = admin.press(admin.get(end_session(app, post_logout_redirect_uri=target, id_token_hint=theirs)))
    assert target not in answer.headers["Location"], "signed out here, and not sent on"
    assert admin.me().status_code == 403


def test_a_hint_ends_its_session_without_the_cookie_and_leaves_others_alone(server, app, admin):
    server.user("mallory")
    mallory = Person(server, "mallory").sign_in()
    hint = mallory.tokens(app)["id_token"]
    target = "http://localhost:5000/"
    answer = admin.web.post(end_session(app), data={"id_token_hint": hint, "post_logout_redirect_uri": target}, allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (302, target)
    assert mallory.me().status_code == 403, "ended by its name"
    assert admin.me().status_code == 200, "somebody else's session stays"


def test_signing_out_runs_the_provider_s_invalidation_flow(server, app, admin):
    flow = server.create("flows/instances/", name="Bye", title="Bye", slug="bye", designation="invalidation")
    app = server.application("farewell", invalidation_flow=flow["pk"])
    policy = server.create("policies/expression/", name="stay", expression="ak_message('Not now')\nreturn False")
    binding = server.create("policies/bindings/", target=flow["policybindingmodel_ptr_id"], policy=policy["pk"], order=0)
    hint = admin.tokens(app)["id_token"]
    url = end_session(app, id_token_hint=hint, post_logout_redirect_uri="http://localhost:5000/")
    page = admin.get(url)
    assert "Location" not in page.headers and "Not now" in page.text
    assert admin.me().status_code == 200, "a flow that denies leaves the session as it is"
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    stage = server.create("stages/deny/", name="asks", deny_message="Stay here")
    bound = server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=0)
    assert admin.get(url).headers["Location"].startswith("/if/flow/bye/"), "its stages are shown"
    assert admin.me().status_code == 200
    server.api("DELETE", f"flows/bindings/{bound['pk']}/", 204)
    assert admin.get(url).headers["Location"] == "http://localhost:5000/"
    assert admin.me().status_code == 403


def test_the_page_after_signing_out_of_an_application_leads_back(server, app, admin):
    admin.code(app)
    admin.get(end_session(app))
    shown = admin.get("/api/v3/flows/executor/default-provider-invalidation-flow/?query=").json()
    assert shown["component"] == "ak-stage-session-end"
    assert shown["application_launch_url"] == "http://localhost:5000"


def test_a_head_request_issues_nothing_and_ends_nothing(server, app, admin):
    hint = admin.tokens(app)["id_token"]
    for url in (app.authorize_url(), end_session(app, id_token_hint=hint)):
        answer = admin.web.head(url, allow_redirects=False, timeout=30)
        assert answer.status_code == 200 and "Location" not in answer.headers
    assert admin.me().status_code == 200


def test_public_clients_need_pkce(server, admin):
    public = server.application("spa", client_type="public", client_secret="")
    verifier, challenge = pkce()
    assert admin.authorize(public)["error"] == "invalid_request"
    assert admin.authorize(public, code_challenge=verifier, code_challenge_method="plain")["error"] == "invalid_request"
    code = admin.code(public, code_challenge=challenge, code_challenge_method="S256")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": public.redirect, "client_id": public.id}
    assert public.token(auth=False, **form, code_verifier=verifier).status_code == 200
    assert public.discovery()["code_challenge_methods_supported"] == ["S256"]
    server.patch(f"providers/oauth2/{public.provider['pk']}/", pkce_required=False)
    assert "code" in admin.authorize(public)


def test_a_provider_made_without_a_key_keeps_none(server, admin):
    app = server.application("shared", signing_key=None)
    body = {"name": "unsaid", "authorization_flow": app.provider["authorization_flow"], "invalidation_flow": app.provider["invalidation_flow"]}
    made = server.create("providers/oauth2/", **body, redirect_uris=[])
    assert made["signing_key"] is None
    assert (made["assigned_application_slug"], made["assigned_backchannel_application_name"]) == ("", "")
    assert app.discovery()["id_token_signing_alg_values_supported"] == ["HS256"]


def test_an_id_token_alone_comes_without_an_access_token(server, app, admin):
    back = admin.authorize(app, response_type="id_token", nonce="n", scope="openid")
    assert "id_token" in back and not {"access_token", "token_type", "expires_in"} & set(back)
    assert "at_hash" not in claims(back["id_token"])
    both = admin.authorize(app, response_type="token id_token", nonce="n", scope="openid")
    assert "at_hash" in claims(both["id_token"]), "in any order"


def test_the_shared_issuer_is_found_at_the_root(server, admin):
    app = server.application("global", issuer_mode="global")
    document = requests.get(f"{server.base}/.well-known/openid-configuration", timeout=10).json()
    assert document["issuer"] == server.base + "/"
    token = admin.tokens(app)["id_token"]
    keys = jwk.KeySet.import_key_set(requests.get(document["jwks_uri"], timeout=10).json())
    assert jwt.decode(token, keys, algorithms=["RS256", "ES256", "ES384", "EdDSA"]).claims["iss"] == document["issuer"]
    url = admin.visit(f"{document['end_session_endpoint']}?id_token_hint={token}&post_logout_redirect_uri=http://localhost:5000/", until="http://localhost:5000/")
    assert url == "http://localhost:5000/" and admin.me().status_code == 403


def test_a_new_signing_key_is_published_at_once_beside_the_former(server, admin):
    app = server.application("rotated")
    keys = lambda: jwk.KeySet.import_key_set(requests.get(app.discovery()["jwks_uri"], timeout=10).json())
    tokens, sizes = [admin.tokens(app)["id_token"]], [len(keys().keys)]
    made = server.create("crypto/certificatekeypairs/generate/", 200, common_name="next", validity_days=30, alg="ecdsa")
    server.patch(f"providers/oauth2/{app.provider['pk']}/", signing_key=made["pk"])
    assert app.discovery()["id_token_signing_alg_values_supported"] == ["ES256"]
    assert len(keys().keys) == sizes[0] + 1
    tokens.append(admin.tokens(app)["id_token"])
    for token in tokens:
        jwt.decode(token, keys(), algorithms=["RS256", "ES256"])


def test_launch_signs_in_and_goes_on_to_the_application(server, app):
    server.user("ada")
    launch = f"{server.base}/application/launch/wiki/"
    wiki = server.application("wiki")
    server.api("PATCH", "core/applications/wiki/", 200, json={"meta_launch_url": "https://%(username)s.example.org/?mail=%(email)s"})
    ada = Person(server, "ada")
    assert ada.visit(launch, until="https://ada.example.org/") == "https://ada.example.org/?mail=ada@example.test"
    group = server.create("core/groups/", name="Nobody")
    server.create("policies/bindings/", target=wiki.application["pk"], group=group["pk"], order=0)
    page = ada.get(launch)
    assert "Location" not in page.headers and "Nobody" not in page.text, "refused, without the names of groups"
    assert ada.get("/application/launch/none/").status_code == 404


def test_webfinger_names_the_issuer_of_the_default_application(server, app):
    url = f"{server.base}/.well-known/webfinger?resource=acct:ada@example.org&rel=http://openid.net/specs/connect/1.0/issuer"
    answer = requests.get(url, timeout=10)
    assert (answer.json(), answer.headers["Content-Type"]) == ({}, "application/jrd+json")
    brand = server.one("core/brands/")
    server.patch(f"core/brands/{brand['brand_uuid']}/", default_application=app.application["pk"])
    issuer = {"rel": "http://openid.net/specs/connect/1.0/issuer", "href": f"{server.base}/application/o/flask-app/"}
    assert requests.get(url, timeout=10).json() == {"subject": "acct:ada@example.org", "links": [issuer]}


def test_a_provider_s_name_in_place_of_the_slug_is_answered_with_the_slug(server, app):
    answer = requests.get(f"{server.base}/application/o/flask-app-provider/.well-known/openid-configuration", timeout=10)
    assert answer.status_code == 404 and f"{server.base}/application/o/flask-app/" in answer.text
    answer = requests.get(f"{server.base}/application/o/flask-app", timeout=10)
    assert answer.status_code == 404 and f"{server.base}/application/o/flask-app/ (with the slash" in answer.text


def test_clients_that_know_github_s_addresses_sign_people_in(server):
    app = server.application("grafana")
    group = server.create("core/groups/", name="R & D")
    server.user("gina", name="Gina", groups=["R & D"])
    gina = Person(server, "gina").sign_in()
    asked = {"client_id": app.id, "redirect_uri": app.redirect, "response_type": "code", "state": "s", "scope": "user:email read:org"}
    sent = gina.get(f"{server.base}/login/oauth/authorize?{urllib.parse.urlencode(asked)}")
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sent.headers["Location"]).query))
    assert code["state"] == "s"
    form = {"grant_type": "authorization_code", "code": code["code"], "redirect_uri": app.redirect, "client_id": app.id, "client_secret": app.secret}
    tokens = requests.post(f"{server.base}/login/oauth/access_token", data=form, timeout=10).json()

    def asks(path, token=tokens["access_token"]):
        return requests.get(f"{server.base}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)

    user = asks("user").json()
    assert (user["login"], user["name"], user["email"], user["type"], user["bio"], user["followers"]) == ("gina", "Gina", "gina@example.test", "User", "", 0)
    team, = asks("user/teams").json()
    assert (team["name"], team["slug"], team["organization"]["type"]) == ("R & D", "r-d", "Organization")
    assert team["id"] == int(str(int(group["pk"].replace("-", ""), 16))[:5])
    # What was not asked for is not told, and a token of another sort tells nothing here.
    plain = gina.tokens(app, scope="openid profile email")["access_token"]
    assert asks("user", plain).status_code == 403 and asks("user/teams", plain).status_code == 403
    assert asks("user", "nonsense").status_code == 401
    # Nor what the provider itself does not tell.
    server.patch(f"providers/oauth2/{app.provider['pk']}/", property_mappings=[server.one("propertymappings/provider/scope/", scope_name="openid")["pk"]])
    sent = gina.get(f"{server.base}/login/oauth/authorize?{urllib.parse.urlencode(asked)}")
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sent.headers["Location"]).query))["code"]
    tokens = requests.post(f"{server.base}/login/oauth/access_token", data={**form, "code": code}, timeout=10).json()
    assert asks("user", tokens["access_token"]).status_code == 403


def test_help_is_there_and_security_txt_names_whom_the_settings_do(server, start):
    page = requests.get(f"{server.base}/help", timeout=10)
    assert page.url.endswith("/if/help/") and page.status_code == 200 and "recovery codes" in page.text
    assert requests.get(f"{server.base}/.well-known/security.txt", timeout=10).status_code == 404
    other = start(Server(COUNTERSIGN_SECURITY_CONTACT="security@example.org"))
    told = requests.get(f"{other.base}/.well-known/security.txt", timeout=10)
    assert told.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = dict(line.split(": ", 1) for line in told.text.splitlines())
    assert lines["Contact"] == "mailto:security@example.org" and lines["Expires"].endswith("Z")


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
