"""What the page of a provider says of exchanges that failed: why, what was sent and expected, and what to change."""

import base64
import concurrent.futures
import json
import secrets
import time
import urllib.parse
import zlib

import pytest
import requests

from world import Person, Server


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    yield server
    server.close()
    assert not server.panics()


def failures(server, provider):
    return server.get(f"countersign/providers/{provider['pk']}/failures/")


def test_an_address_that_differs_in_a_slash_is_named_and_let_in_by_its_mend(server):
    app = server.application("slash", redirects=("https://slash.example.test/callback",))
    wrong = "https://slash.example.test/callback/"
    url = app.authorize_url(redirect_uri=wrong)
    for _ in range(3):
        assert requests.get(url, allow_redirects=False, timeout=30).status_code == 400
    (failure,) = failures(server, app.provider)
    assert failure["code"] == "oauth2.redirect_uri.unregistered" and failure["count"] == 3, failure
    assert failure["reason"] == "The address that the application asks to return to differs in the slash at its end."
    assert {"name": "redirect_uri", "value": wrong} in failure["sent"]
    assert failure["expected"] == [{"name": "Redirect URI", "value": app.redirect}]
    assert failure["client_ip"] == "127.0.0.1" and failure["first"] <= failure["last"]
    mend = failure["mend"]
    listed = server.get(f"{mend['path']}/")[mend["field"]]
    server.patch(f"{mend['path']}/", **{mend["field"]: [*listed, mend["add"]]})
    assert requests.get(url, allow_redirects=False, timeout=30).status_code == 302
    assert failures(server, app.provider)[0]["count"] == 3


def test_an_address_of_another_host_is_shown_and_not_offered(server):
    app = server.application("foreign", redirects=("https://foreign.example.test/callback",))
    requests.get(app.authorize_url(redirect_uri="https://foreign.example.test.evil.example/callback"), timeout=30)
    (failure,) = failures(server, app.provider)
    assert "has the host foreign.example.test.evil.example" in failure["reason"] and failure["mend"] is None


def test_refusals_of_tokens_say_what_to_change_and_show_no_secret(server):
    app = server.application("tokens")
    person = Person(server)
    person.sign_in()
    code = person.code(app)
    hidden = secrets.token_urlsafe(24)
    answer = app.token(auth=False, client_id=app.id, client_secret=hidden, grant_type="authorization_code", code=code, redirect_uri=app.redirect)
    assert answer.json()["error"] == "invalid_client"
    answer = app.token(grant_type="authorization_code", code=code, redirect_uri="http://localhost:5000/other", code_verifier=hidden)
    assert answer.json()["error"] in ("invalid_client", "invalid_grant")
    app.token(grant_type="refresh_token", refresh_token=hidden)
    found = failures(server, app.provider)
    codes = [failure["code"] for failure in found]
    assert codes[0] == "oauth2.token.refresh_unknown" and codes[-1] == "oauth2.token.client_secret_wrong", codes
    assert all(failure["reason"].endswith(".") and failure["remedy"].endswith(".") for failure in found)
    told = json.dumps(found)
    for secret in (hidden, code, app.secret):
        assert secret not in told


def test_what_belongs_to_a_good_exchange_is_no_failure(server):
    app = server.application("quiet")
    answer = requests.get(app.authorize_url(prompt="none"), allow_redirects=False, timeout=30)
    assert "error=login_required" in answer.headers["Location"]
    assert failures(server, app.provider) == []


def test_a_flood_of_one_reason_leaves_the_others_and_stays_small(server):
    app = server.application("flood", redirects=("https://flood.example.test/callback",))
    requests.get(app.authorize_url(response_type="code id_token", nonce=None, redirect_uri=app.redirect), timeout=30, allow_redirects=False)
    before = [failure["code"] for failure in failures(server, app.provider)]
    assert len(before) == 1 and before[0].startswith("oauth2.authorize."), before

    def ask(number):
        long = f"https://flood.example.test/{number}/" + "x" * 3000
        return requests.get(app.authorize_url(redirect_uri=long), allow_redirects=False, timeout=60).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(60))) == {400}
    found = failures(server, app.provider)
    codes = [failure["code"] for failure in found]
    assert codes.count("oauth2.redirect_uri.unregistered") == 5 and before[0] in codes, codes
    assert len(json.dumps(found)) < 60_000


def saml_request(acs, issuer):
    instant = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    xml = (
        '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
        f'ID="_{secrets.token_hex(12)}" Version="2.0" IssueInstant="{instant}" AssertionConsumerServiceURL="{acs}">'
        f"<saml:Issuer>{issuer}</saml:Issuer></samlp:AuthnRequest>"
    )
    deflated = zlib.compressobj(wbits=-15)
    return base64.b64encode(deflated.compress(xml.encode()) + deflated.flush()).decode()


def test_a_saml_request_that_is_refused_is_explained(server):
    provider = server.create(
        "providers/saml/",
        name="doctor-saml",
        acs_url="https://saml.example.test/acs",
        audience="https://saml.example.test/metadata",
        authorization_flow=server.flow("default-provider-authorization-implicit-consent"),
        invalidation_flow=server.flow("default-provider-invalidation-flow"),
    )
    server.create("core/applications/", name="Doctor", slug="doctor-saml", provider=provider["pk"])
    query = urllib.parse.urlencode({"SAMLRequest": saml_request("https://saml.example.test/acs/", "https://saml.example.test/metadata")})
    answer = requests.get(f"{server.base}/application/saml/doctor-saml/sso/binding/redirect/?{query}", timeout=30)
    assert answer.status_code == 400
    (failure,) = failures(server, provider)
    assert failure["code"] == "saml.acs_url" and "ACS URL" in failure["remedy"], failure
    assert failure["sent"] == [{"name": "ACS URL", "value": "https://saml.example.test/acs/"}]
    assert failure["expected"] == [{"name": "ACS URL", "value": "https://saml.example.test/acs"}]
    mend = failure["mend"]
    server.patch(f"{mend['path']}/", **{mend["field"]: mend["set"]})
    assert requests.get(f"{server.base}/application/saml/doctor-saml/sso/binding/redirect/?{query}", allow_redirects=False, timeout=30).status_code == 302


def test_only_who_may_view_the_provider_reads_it(server):
    app = server.application("private")
    path = f"countersign/providers/{app.provider['pk']}/failures/"
    user = server.user("no-doctor")
    server.create("core/tokens/", identifier="no-doctor", user=user["pk"], intent="api")
    token = server.get("core/tokens/no-doctor/view_key/")["key"]
    assert server.api("GET", path, token=token).status_code in (403, 404)
    assert requests.get(f"{server.base}/api/v3/{path}", timeout=30).status_code == 403
    assert server.api("GET", "countersign/providers/999999/failures/").status_code == 404
