"""The SAML 2.0 identity provider with applications of others: pysaml2, which verifies by xmlsec1 what it gets, and
mod_auth_mellon under Apache. Set up from their own metadata, signed in to from both sides, signed out of from either."""

import base64
import html
import re
import shutil
import subprocess
import urllib.parse
import zlib

import pytest
import requests
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.s_utils import rndstr

from peers import Apache, guide
from world import Person, Refused, Server, wait_for

SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
DIGEST = "http://www.w3.org/2001/04/xmlenc#sha256"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"


@pytest.fixture(scope="module")
def server():
    server = Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8,::1/128").start()
    server.group("Staff")
    yield server
    assert not server.panics()
    server.close()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saml")
    made = {}
    for name in ("application", "stranger"):
        key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        order = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj"
        subprocess.run([*order.split(), f"/CN={name}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        made[name] = (str(key), str(certificate))
    return made


class Application:
    """An application made with pysaml2, and its provider here, made from its metadata."""

    def __init__(self, server, keys, slug, signer="application", consent="implicit", signed=True, **provider):
        self.server, self.slug, self.base = server, slug, f"https://{slug}.example.test"
        self.acs, self.slo = f"{self.base}/acs", f"{self.base}/slo"
        key, certificate = keys["application"]
        self.settings = {
            "entityid": f"{self.base}/metadata",
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": key,
            "cert_file": certificate,
            "encryption_keypairs": [{"key_file": key, "cert_file": certificate}],
            "allow_unknown_attributes": True,
            "signing_algorithm": SHA256,
            "digest_algorithm": DIGEST,
            "service": {
                "sp": {
                    "endpoints": {
                        "assertion_consumer_service": [(self.acs, BINDING_HTTP_POST)],
                        "single_logout_service": [(self.slo, BINDING_HTTP_REDIRECT)],
                    },
                    "authn_requests_signed": signed,
                    "logout_requests_signed": True,
                    "want_assertions_signed": True,
                    "want_response_signed": False,
                    "allow_unsolicited": True,
                }
            },
        }
        described = str(entity_descriptor(SPConfig().load(dict(self.settings))))
        flows = {
            "authorization_flow": server.flow(f"default-provider-authorization-{consent}-consent"),
            "invalidation_flow": server.flow("default-provider-invalidation-flow"),
        }
        files = {"file": ("metadata.xml", described, "application/xml")}
        server.api("POST", "providers/saml/import_metadata/", 204, data={"name": slug} | flows, files=files)
        self.provider = server.one("providers/saml/", name=slug)
        issuer = f"{server.base}/{slug}"
        self.provider = server.patch(f"providers/saml/{self.provider['pk']}/", issuer=issuer, **provider)
        server.create("core/applications/", name=slug.title(), slug=slug, provider=self.provider["pk"])
        self.provider = server.get(f"providers/saml/{self.provider['pk']}/")
        self.metadata = requests.get(f"{server.base}/application/saml/{slug}/metadata/", timeout=10).text
        self.client = self.sp()

    def sp(self, **changed):
        settings = self.settings | {"metadata": {"inline": [self.metadata]}} | changed
        return Saml2Client(config=SPConfig().load(dict(settings)))

    @property
    def issuer(self):
        return self.provider["issuer"]

    def request(self, binding=BINDING_HTTP_REDIRECT, client=None, **more):
        """The ID of a request, and where it goes: an address, or a form."""
        number, how = (client or self.client).prepare_for_authenticate(
            entityid=self.issuer, relay_state="state & more", binding=binding, sign=True, sigalg=SHA256, digest_alg=DIGEST, **more
        )
        if binding == BINDING_HTTP_REDIRECT:
            return number, dict(how["headers"])["Location"]
        return number, form(str(how["data"]))

    def read(self, fields, number=None):
        """What the application makes of a response."""
        outstanding = {number: "/"} if number else None
        return self.client.parse_authn_request_response(fields["SAMLResponse"], BINDING_HTTP_POST, outstanding=outstanding)

    def sign_in(self, person, **more):
        number, url = self.request(**more)
        fields = arrived(person, url)
        assert fields["RelayState"] == "state & more"
        return self.read(fields, number)


def form(page):
    """The fields of the form on a page."""
    tags = re.findall(r"<input[^>]*>", page)
    part = lambda tag, name: html.unescape((re.search(rf'\b{name}="([^"]*)"', tag) or ["", ""])[1])
    return {part(tag, "name"): part(tag, "value") for tag in tags if part(tag, "name")}


def arrived(person, url):
    """What the browser brings to the application in the end, by a page or by the last challenge of a flow."""
    try:
        return form(person.open(url).text)
    except Refused as refused:
        challenge = refused.args[0]
        assert challenge["component"] == "ak-stage-autosubmit", challenge
        return challenge["attrs"]


def decoded(fields):
    return base64.b64decode(fields["SAMLResponse"]).decode()


def attributes(told):
    """As they are in the assertion: pysaml2 has names of its own for some."""
    found = told.assertion.attribute_statement[0].attribute
    return {one.name: [value.text for value in one.attribute_value] for one in found}


def session_of(assertion):
    return assertion.assertion.authn_statement[0].session_index


def test_an_application_learns_who_it_is(server, keys):
    """From metadata to a name and attributes, with requests signed and assertions encrypted."""
    app = Application(server, keys, "wiki")
    provider = app.provider
    assert provider["acs_url"] == app.acs and provider["sp_binding"] == "post" and provider["audience"] == f"{app.base}/metadata"
    assert provider["sls_url"] == app.slo and provider["sls_binding"] == "redirect"
    assert provider["verification_kp"] and provider["signing_kp"] and len(provider["property_mappings"]) == 7
    assert provider["url_sso_redirect"] == f"{server.base}/application/saml/wiki/sso/binding/redirect/"
    assert server.get("core/applications/wiki/")["launch_url"] == "/application/saml/wiki/sso/binding/init/"

    user = server.user("saml-ada", groups=("Staff",), name="Ada & <Co>")
    ada = Person(server, "saml-ada")
    told = app.sign_in(ada)
    known = attributes(told)
    assert known[f"{CLAIMS}emailaddress"] == [user["email"]] and known[f"{CLAIMS}name"] == ["Ada & <Co>"]
    assert known["http://schemas.xmlsoap.org/claims/Group"] == ["Staff"]
    assert known["http://schemas.goauthentik.io/2021/02/saml/uid"] == [str(user["pk"])]
    assert told.name_id.text == user["uid"] and told.authn_info()[0][0] == CLASS
    # The account is known from then on; each application asks for the name that it knows people by.
    assert app.sign_in(ada, nameid_format=EMAIL).name_id.text == user["email"]
    assert app.sign_in(ada, nameid_format=PERSISTENT).name_id.text == user["uid"]

    # Encrypted, signed twice.
    server.patch(f"providers/saml/{provider['pk']}/", encryption_kp=provider["verification_kp"], sign_response=True)
    number, url = app.request()
    fields = arrived(ada, url)
    assert "EncryptedAssertion" in decoded(fields) and user["email"] not in decoded(fields)
    assert attributes(app.read(fields, number))[f"{CLAIMS}upn"] == [user["email"]]

    preview = server.get(f"providers/saml/{provider['pk']}/preview_user/", for_user=user["pk"])["preview"]
    assert preview["nameID"] == user["uid"] and {"Name": f"{CLAIMS}name", "Value": ["Ada & <Co>"]} in preview["attributes"]
    events = server.get("events/events/", action="authorize_application", username="saml-ada")["results"]
    assert events and events[0]["context"]["authorized_application"]["name"] == "Wiki"


def test_a_request_that_is_posted_outlives_the_sign_in(server, keys):
    """A form of somebody who is not signed in comes back from the sign-in by an address."""
    app = Application(server, keys, "posted")
    server.user("saml-post")
    person = Person(server, "saml-post")
    number, fields = app.request(BINDING_HTTP_POST)
    answer = person.web.post(app.provider["url_sso_post"], data=fields, timeout=10, allow_redirects=False)
    assert answer.status_code == 303 and "SAMLRequest" not in answer.headers["Location"]
    page = person.open(urllib.parse.urljoin(server.base, answer.headers["Location"]))
    assert app.read(form(page.text), number).name_id.text
    # Somebody who is signed in is answered at once.
    number, fields = app.request(BINDING_HTTP_POST)
    page = person.web.post(app.provider["url_sso_post"], data=fields, timeout=10, allow_redirects=False)
    assert page.status_code == 200 and app.read(form(page.text), number).name_id.text

    # The same for a fresh sign-in, which is asked for once.
    seen = len(person.seen)
    number, url = app.request(force_authn="true")
    page = person.open(url)
    assert "ak-stage-identification" in person.seen[seen:]
    assert app.read(form(page.text), number).name_id.text
    # Whoever may not be asked is not: the application hears that nobody is there.
    number, url = app.request(client=app.client, is_passive="true")
    stranger = Person(server, "saml-post")
    said = decoded(arrived(stranger, url))
    assert "status:NoPassive" in said and "<saml:Assertion" not in said and "<ds:Signature" in said and not stranger.seen


def test_a_sign_in_may_begin_here(server, keys):
    """From the library, with consent and what the application is told; not for everybody."""
    app = Application(server, keys, "begun", consent="explicit", default_relay_state="/home")
    user = server.user("saml-init")
    person = Person(server, "saml-init")
    fields = arrived(person, app.provider["url_sso_init"])
    assert "ak-stage-consent" in person.seen and fields["RelayState"] == "/home" and "InResponseTo" not in decoded(fields)
    assert app.read(fields).name_id.text == user["uid"]
    opened = person.get("/application/launch/begun/")
    assert opened.headers["Location"] == "/application/saml/begun/sso/binding/init/"

    application = server.get("core/applications/begun/")
    others = server.group("saml others")
    server.create("policies/bindings/", target=application["pk"], group=others["pk"], order=0)
    refused = person.open(app.provider["url_sso_init"])
    assert "You can’t open Begun" in refused.text and "SAMLResponse" not in refused.text


def test_what_is_not_signed_by_the_application_is_refused_by_name(server, keys):
    """A page that says which rule it was, an event for the administrator, and no answer to anybody."""
    app = Application(server, keys, "strict")
    person = Person(server).sign_in()
    number, url = app.request()
    query = url.partition("?")[2]
    redirect = app.provider["url_sso_redirect"]
    parts = dict(urllib.parse.parse_qsl(query))
    unsigned = urllib.parse.urlencode({name: parts[name] for name in ("SAMLRequest", "RelayState")})
    key, certificate = keys["stranger"]
    _, by_stranger = app.request(client=app.sp(key_file=key, cert_file=certificate))
    xml = zlib.decompress(base64.b64decode(parts["SAMLRequest"]), -15).decode()
    bomb = base64.b64encode(zlib.compress(b"<a>" + b" " * 20_000_000)[2:-4]).decode()
    rows = [
        (redirect, unsigned, "saml.unsigned"),
        (redirect, by_stranger.partition("?")[2], "saml.signature"),
        (redirect, query.replace("RelayState=state", "RelayState=other"), "saml.signature"),
        (redirect, query + "&RelayState=more", "saml.repeated_parameter"),
        (redirect, "", "saml.missing"),
        (redirect, "SAMLRequest=%21", "saml.undecodable"),
        (redirect, urllib.parse.urlencode({"SAMLRequest": bomb}), "saml.too_large"),
        (redirect, urllib.parse.urlencode({"SAMLRequest": base64.b64encode(b"<!DOCTYPE a>" + xml.encode()).decode()}), "saml.doctype"),
    ]
    for address, sent, rule in rows:
        page = person.get(f"{address}?{sent}")
        assert page.status_code == 400 and rule in page.text, (rule, page.text[:2000])
        assert "SAMLResponse" not in page.text
    assert person.get(url).status_code == 200
    events = server.get("events/events/", action="configuration_error", page_size=100)["results"]
    assert {"saml.unsigned", "saml.signature"} <= {event["context"].get("rule") for event in events}
    assert person.get("/application/saml/nobody/sso/binding/redirect/?SAMLRequest=x").status_code == 404

    # A certificate that is gone lets nobody in: it does not turn into "anybody may ask".
    server.api("DELETE", f"crypto/certificatekeypairs/{app.provider['verification_kp']}/", 204)
    page = person.get(f"{redirect}?{unsigned}")
    assert page.status_code == 500 and "SAMLResponse" not in page.text
    server.patch(f"providers/saml/{app.provider['pk']}/", verification_kp=app.provider["signing_kp"])
    assert "saml.unsigned" in person.get(f"{redirect}?{unsigned}").text


def test_signed_out_there_is_signed_out_here(server, keys):
    """A signed request ends the session that it names, by the browser or by the server; a copy ends nothing."""
    app = Application(server, keys, "out")
    server.user("saml-out")
    person = Person(server, "saml-out")

    def asked(told, binding, index=None):
        to = app.provider["url_slo_redirect" if binding == BINDING_HTTP_REDIRECT else "url_slo_post"]
        to = to.replace("/post/", "/soap/") if binding == BINDING_SOAP else to
        number, request = app.client.create_logout_request(
            to, app.issuer, name_id=told.name_id, session_indexes=[index or session_of(told)],
            sign=binding != BINDING_HTTP_REDIRECT, sign_alg=SHA256, digest_alg=DIGEST,
        )
        how = app.client.apply_binding(binding, str(request), to, "bye", sign=binding == BINDING_HTTP_REDIRECT, sigalg=SHA256)
        return number, how

    told = app.sign_in(person)
    assert person.me().status_code == 200
    # Of a session that is somebody else's, nothing ends.
    _, how = asked(told, BINDING_HTTP_REDIRECT, "0" * 64)
    back = person.visit(dict(how["headers"])["Location"], until=app.slo)
    assert person.me().status_code == 200 and "SAMLResponse=" in back

    number, how = asked(told, BINDING_HTTP_REDIRECT)
    location = dict(how["headers"])["Location"]
    back = person.visit(location, until=app.slo)
    answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
    assert answer["RelayState"] == "bye" and answer["SigAlg"] == SHA256
    said = app.client.parse_logout_request_response(answer["SAMLResponse"], BINDING_HTTP_REDIRECT)
    assert said.status_ok() and said.in_response_to == number
    assert person.me().status_code == 403
    # It was carried out, and is not again.
    told = app.sign_in(person)
    assert "saml.replayed" in person.get(location).text and person.me().status_code == 200

    # By the application's server, without the browser.
    number, how = asked(told, BINDING_SOAP)
    send = lambda body: requests.post(how["url"], data=body, headers={"Content-Type": "text/xml"}, timeout=10)
    broken = send(how["data"].replace(told.name_id.text, "somebody"))
    assert broken.status_code == 500 and "saml.signature" in broken.text and person.me().status_code == 200
    answer = send(how["data"])
    assert answer.status_code == 200 and "status:Success" in answer.text and f'InResponseTo="{number}"' in answer.text
    assert person.me().status_code == 403
    assert "saml.replayed" in send(how["data"]).text


@pytest.mark.parametrize("method", ["frontchannel_iframe", "frontchannel_native"])
def test_signed_out_here_is_signed_out_there_by_the_browser(server, keys, method):
    """The browser brings a signed request to the application, unseen or by going there, and its answer back."""
    app = Application(server, keys, method.replace("_", "-"))
    server.patch(f"providers/saml/{app.provider['pk']}/", logout_method=method)
    server.user(method)
    person = Person(server, method)
    told = app.sign_in(person)
    to = person.run_flow("default-invalidation-flow")
    assert "/flows/-/signed-out/" in to
    # Who only knows the address does not take the message away.
    stranger = Person(server).get(to)
    assert stranger.status_code == 200 and "Location" not in stranger.headers and app.slo not in stranger.text
    page = person.get(to)
    if method == "frontchannel_iframe":
        address = html.unescape(re.search(r'<iframe src="([^"]*)"', page.text).group(1))
        assert page.headers["Content-Security-Policy"].endswith(f"frame-src {app.base} 'self'")
    else:
        address = page.headers["Location"]
    assert address.startswith(app.slo)
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    assert asked["SigAlg"] == SHA256
    request = app.client.parse_logout_request(asked["SAMLRequest"], BINDING_HTTP_REDIRECT).message
    assert request.name_id.text == told.name_id.text and request.session_index[0].text == session_of(told)
    answer = app.client.create_logout_response(request, [BINDING_HTTP_REDIRECT])
    back = app.provider["url_slo_redirect"]
    how = app.client.apply_binding(BINDING_HTTP_REDIRECT, str(answer), back, asked.get("RelayState", ""), response=True, sign=True, sigalg=SHA256)
    answered = person.get(dict(how["headers"])["Location"])
    if method == "frontchannel_native":
        assert answered.status_code == 302 and answered.headers["Location"] == to
    text = person.get(to).text
    assert "You are signed out here and" in text, text
    assert "Asked by your browser" not in text
    # It is answered once.
    assert "saml.in_response_to" in person.get(dict(how["headers"])["Location"]).text


def test_whom_nobody_vouches_for_only_asks(server, keys):
    """Without a certificate to verify it with, a sign-out is asked about."""
    app = Application(server, keys, "asks", signed=False)
    assert app.provider["verification_kp"] is None
    server.user("saml-asks")
    person = Person(server, "saml-asks")
    told = app.sign_in(person)
    to = app.provider["url_slo_redirect"]
    _, request = app.client.create_logout_request(to, app.issuer, name_id=told.name_id, session_indexes=[session_of(told)])
    how = app.client.apply_binding(BINDING_HTTP_REDIRECT, str(request), to, "bye")
    page = person.open(dict(how["headers"])["Location"])
    assert "Asks asks to sign you out here too." in page.text and person.me().status_code == 200
    answer = person.press(page)
    assert answer.status_code in (302, 303), answer.text[:500]
    back = person.visit(urllib.parse.urljoin(server.base, answer.headers["Location"]), until=app.slo)
    assert "SAMLResponse=" in back and person.me().status_code == 403
    soap = requests.post(to.replace("/redirect/", "/soap/"), data=str(request), timeout=10)
    assert soap.status_code == 500 and "saml." in soap.text


def test_metadata_says_where_what_is(server, keys):
    """Without whoever asks having to be known; one binding alone where that is wanted."""
    app = Application(server, keys, "described")
    pk = app.provider["pk"]
    answer = requests.get(f"{server.base}/api/v3/providers/saml/{pk}/metadata/?download", timeout=10)
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="described_authentik_meta.xml"'
    assert answer.text == app.metadata and f'entityID="{app.issuer}"' in answer.text and "<ds:Signature" in answer.text
    assert 'WantAuthnRequestsSigned="true"' in answer.text
    told = requests.get(f"{server.base}/api/v3/providers/saml/{pk}/metadata/?force_binding={BINDING_HTTP_POST}", timeout=10).json()
    assert told["download_url"] == f"{server.base}/application/saml/described/metadata/"
    assert BINDING_HTTP_REDIRECT not in told["metadata"] and told["metadata"].count(BINDING_HTTP_POST) == 2
    for wrong in ("0", "none", "999999"):
        assert requests.get(f"{server.base}/api/v3/providers/saml/{wrong}/metadata/", timeout=10).status_code == 404
    flow = server.flow("default-provider-authorization-implicit-consent")
    loose = server.create("providers/saml/", name="loose", authorization_flow=flow, invalidation_flow=flow, acs_url="https://a.test/acs")
    assert loose["url_sso_post"] == "-" and loose["url_download_metadata"].endswith(f"/{loose['pk']}/metadata/?download")
    for address in (loose["url_download_metadata"].partition("?")[0], loose["url_download_metadata"]):
        told = requests.get(address, timeout=10)
        assert told.json() == {"metadata": ""} and loose["name"] not in str(told.headers), "nobody asks it yet"

    # What could not work is not saved.
    for wrong, field, text in (
        ({"sign_assertion": False}, "non_field_errors", "at least one of"),
        ({"signature_algorithm": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, "signature_algorithm", "cannot be used"),
        ({"signature_algorithm": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}, "signature_algorithm", "cannot be used"),
        ({"acs_url": "javascript:alert(1)"}, "acs_url", "URL"),
        ({"acs_url": ""}, "acs_url", "blank"),
    ):
        said = server.api("PATCH", f"providers/saml/{pk}/", 400, json=wrong).json()
        assert list(said) == [field] and text in said[field][0], said
    for sent, text in (
        ("hello", "Invalid XML Syntax"),
        ("<!DOCTYPE a><a/>", "Invalid XML Syntax"),
        (app.metadata, "no SPSSODescriptor objects found."),
    ):
        fields = {"name": rndstr(), "authorization_flow": flow, "invalidation_flow": flow}
        files = {"file": ("metadata.xml", sent, "application/xml")}
        said = server.api("POST", "providers/saml/import_metadata/", 400, data=fields, files=files).json()
        assert text in said["file"][0], said
    assert set(server.api("POST", "providers/saml/import_metadata/", 400, data={"name": "x"}, files={"a": ("a", "b")}).json()) == {
        "authorization_flow", "invalidation_flow", "file"
    }


def test_apache_signs_people_in_and_out(server, keys):
    """mod_auth_mellon, from its own metadata: signed requests, encrypted assertions, a sign-out."""
    flows = {
        "authorization_flow": server.flow("default-provider-authorization-implicit-consent"),
        "invalidation_flow": server.flow("default-provider-invalidation-flow"),
    }
    site = Apache("auth_mellon")
    for path, copy in zip(keys["application"], ("sp.key", "sp.pem")):
        shutil.copy(path, site.folder / copy)
        (site.folder / copy).chmod(0o644)
    try:
        provider = server.create("providers/saml/", name="apache", acs_url=f"{site.base}/mellon/postResponse", issuer="countersign", **flows)
        server.create("core/applications/", name="Apache", slug="apache", provider=provider["pk"])
        provider = server.patch(f"providers/saml/{provider['pk']}/", signing_kp=server.signing_key())
        (site.folder / "idp.xml").write_text(requests.get(f"{server.base}/application/saml/apache/metadata/", timeout=10).text)
        site.serve(f"""
            {guide("applications", "Apache: mod_auth_mellon", {"/etc/apache2/saml": site.folder})}
            <Location />
                MellonSecureCookie Off
            </Location>
            <Location /private>
                Header set X-Name %{{MELLON_NAME_ID}}e
                Header set X-Mail %{{MAIL}}e
            </Location>
        """)
        described = requests.get(f"{site.base}/mellon/metadata", timeout=10).text
        files = {"file": ("metadata.xml", described, "application/xml")}
        server.api("POST", "providers/saml/import_metadata/", 204, data={"name": "mellon"} | flows, files=files)
        mellon = server.one("providers/saml/", name="mellon")
        assert mellon["acs_url"] == f"{site.base}/mellon/postResponse" and mellon["verification_kp"]
        server.patch(f"providers/saml/{mellon['pk']}/", issuer="countersign", encryption_kp=mellon["verification_kp"])
        server.patch("core/applications/apache/", provider=mellon["pk"])

        user = server.user("saml-apache")
        person = Person(server, "saml-apache")
        page = person.open(f"{site.base}/private/")
        assert "SAMLResponse" in page.text, page.text[:500]
        back = person.press(page)
        assert back.status_code == 303, f"{back.status_code} {site.errors()}"
        inside = person.open(urllib.parse.urljoin(back.url, back.headers["Location"]))
        assert inside.text == "inside" and inside.headers["X-Mail"] == user["email"]
        # It asks for a name that is good for this session.
        assert re.fullmatch("[0-9a-f]{64}", inside.headers["X-Name"]) and inside.headers["X-Name"] != user["uid"]

        # Signed out there, nobody is signed in here, and the way in leads by the sign-in again.
        out = person.open(f"{site.base}/mellon/logout?ReturnTo=/")
        assert out.text == "outside", f"{out.url} {out.text[:500]}"
        assert person.me().status_code == 403
        assert person.get(f"{site.base}/private/").status_code == 303

        # And the other way round: whatever ends the session here ends it there.
        page = person.open(f"{site.base}/private/")
        back = person.press(page)
        assert person.open(urllib.parse.urljoin(back.url, back.headers["Location"])).text == "inside"
        person.run_flow("default-invalidation-flow")
        wait_for(lambda: person.get(f"{site.base}/private/").status_code == 303, 90, "Apache to be told")
    finally:
        site.close()
