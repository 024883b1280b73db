"""Signing in here by another SAML 2.0 identity provider: pysaml2, which signs and encrypts by xmlsec1, and a server of ours.
Set up from metadata on both sides."""

import base64
import re
import urllib.parse
import zlib

import pytest
import requests
from saml2 import BINDING_HTTP_REDIRECT, sigver
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NAMEID_FORMAT_TRANSIENT, NameID
from saml2.server import Server as Provider

from test_saml import DIGEST, SHA256, form, keys  # noqa: F401
from world import PASSWORD, Person, Server

GROUPS = "http://schemas.xmlsoap.org/claims/Group"
UNSPECIFIED = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
IDP = "https://idp.example.test"


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    # The server knows its address from where an administrator has signed in.
    Person(server).sign_in()
    yield server
    assert not server.panics()
    server.close()


def out(person):
    person.web.cookies.clear()
    return person


class Upstream:
    """An identity provider made with pysaml2, and its source here, made from its metadata."""

    def __init__(self, server, keys, slug, signer="application", **source):
        self.server, self.slug = server, slug
        self.base = f"{server.base}/source/saml/{slug}"
        self.issuer, self.sso, self.slo = f"{IDP}/{slug}", f"{IDP}/{slug}/sso", f"{IDP}/{slug}/slo"
        key, certificate = keys[signer]
        self.settings = {
            "entityid": self.issuer,
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": key,
            "cert_file": certificate,
            "signing_algorithm": SHA256,
            "digest_algorithm": DIGEST,
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(self.sso, BINDING_HTTP_REDIRECT)],
                        "single_logout_service": [(self.slo, BINDING_HTTP_REDIRECT)],
                    },
                    "want_authn_requests_signed": True,
                    "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None, "name_form": UNSPECIFIED, "sign_assertion": True}},
                }
            },
        }
        described = str(entity_descriptor(IdPConfig().load(dict(self.settings))))
        made = server.create("countersign/sources/saml/import_metadata/", name=slug.title(), slug=slug, metadata=described)
        assert made["slug"] == slug
        self.source = server.patch(f"sources/saml/{slug}/", **source) if source else server.get(f"sources/saml/{slug}/")
        self.metadata = requests.get(f"{self.base}/metadata/", timeout=10).text
        self.provider = Provider(config=IdPConfig().load(self.settings | {"metadata": {"inline": [self.metadata]}}))

    def asked(self, person, path="/"):
        """The request with which the browser arrives at the identity provider."""
        address = person.get(f"{self.base}{path}").headers["Location"]
        assert address.startswith(self.sso), address
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        request = self.provider.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT, query.get("RelayState"), query.get("SigAlg"), query.get("Signature"))
        return request.message

    def response(self, request, name="ada", format=NAMEID_FORMAT_PERSISTENT, sign_assertion=True, sign_response=False, **more):
        told = {"email": f"{name}@example.test", "name": name.title(), GROUPS: [f"{self.slug} staff", f"{self.slug} wiki"]}
        told |= more.pop("told", {})
        more = {"destination": f"{self.base}/acs/", "sp_entity_id": f"{self.base}/metadata/"} | more
        answer = self.provider.create_authn_response(
            told, in_response_to=request and request.id, userid=name, name_id=NameID(format=format, text=name),
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": IDP}, issuer=self.issuer,
            sign_assertion=sign_assertion, sign_response=sign_response, sign_alg=SHA256, digest_alg=DIGEST, **more,
        )  # fmt: skip
        return str(answer)

    def bring(self, person, xml, state=None):
        """The browser brings it as a form of another site, without the cookies of this one, as browsers do without TLS; the
        page at the end, after all flows."""
        fields = {"SAMLResponse": base64.b64encode(xml.encode()).decode()} | ({"RelayState": state} if state else {})
        answer = requests.post(f"{self.base}/acs/", data=fields, timeout=10, allow_redirects=False)
        assert answer.status_code == 303, answer.text[:1000]
        return person.open(urllib.parse.urljoin(self.base, answer.headers["Location"]))

    def sign_in(self, person, name="ada", path="/", **more):
        return self.bring(person, self.response(self.asked(person, path), name, **more))


def identity(person):
    me = person.me()
    return me.json()["user"] if me.status_code == 200 else None


def test_somebody_signs_in_by_another_provider(server, keys):  # noqa: F811
    """An account is made once, with groups, and found again; the metadata says what the other side has to know."""
    idp = Upstream(server, keys, "partner")
    assert idp.source["sso_url"] == idp.sso and idp.source["slo_url"] == idp.slo and idp.source["verification_kp"]
    assert idp.source["enrollment_flow"] == server.flow("default-source-enrollment")
    assert idp.source["component"] == "ak-source-saml-form" and idp.source["signing_kp"]
    said = server.get("sources/saml/partner/metadata/")
    assert said == {"metadata": idp.metadata, "download_url": f"{idp.base}/metadata/"}
    for part in (f'entityID="{idp.base}/metadata/"', f'Location="{idp.base}/acs/"', f'Location="{idp.base}/slo/"', "AuthnRequestsSigned"):
        assert part in idp.metadata, part

    ada = Person(server, "ada")
    request = idp.asked(ada)
    assert request.assertion_consumer_service_url == f"{idp.base}/acs/" and request.destination == idp.sso
    assert request.issuer.text == f"{idp.base}/metadata/" and request.name_id_policy.format == NAMEID_FORMAT_PERSISTENT
    idp.bring(ada, idp.response(request))
    assert identity(ada)["username"] == "ada", identity(ada)
    user = server.one("core/users/", username="ada")
    assert (user["email"], user["name"], user["path"]) == ("ada@example.test", "Ada", "goauthentik.io/sources/partner")
    assert user["attributes"]["goauthentik.io/user/sources"] == ["Partner"]
    assert {group["name"] for group in user["groups_obj"]} == {"partner staff", "partner wiki"}
    connection = server.one("sources/user_connections/saml/", source__slug="partner")
    assert connection["identifier"] == "ada" and connection["user"] == user["pk"]
    assert len(server.get("sources/group_connections/saml/", source__slug="partner")["results"]) == 2

    # The same person, in another browser, by a response that is signed as a whole.
    again = Person(server, "ada")
    page = idp.sign_in(again, path="/?next=/if/user/%23/settings", sign_response=True)
    assert identity(again)["pk"] == user["pk"] and page.url.split("#")[0] == f"{server.base}/if/user/", page.url
    only = Person(server, "ada")
    idp.sign_in(only, sign_assertion=False, sign_response=True)
    assert identity(only)["pk"] == user["pk"]
    assert server.get("core/users/", username="ada")["pagination"]["count"] == 1


def test_an_assertion_is_encrypted_where_there_is_a_key(server, keys, monkeypatch):  # noqa: F811
    idp = Upstream(server, keys, "sealed", encryption_kp=server.signing_key())
    assert 'use="encryption"' in idp.metadata
    eve = Person(server, "eve")
    request = idp.asked(eve)
    # By what the library does unless it is told otherwise: 3DES.
    old = idp.bring(eve, idp.response(request, "eve", encrypt_assertion=True))
    assert "saml.encryption_algorithm" in old.text
    monkeypatch.setitem(sigver.pre_encryption_part.__kwdefaults__, "msg_enc", "http://www.w3.org/2001/04/xmlenc#aes256-cbc")
    monkeypatch.setattr(sigver.SecurityContext.encrypt_assertion, "__defaults__", ("aes-256", None))
    sealed = idp.response(request, "eve", encrypt_assertion=True)
    assert "EncryptedAssertion" in sealed and "eve@example.test" not in sealed
    plain = idp.bring(eve, idp.response(request, "eve"))
    assert plain.status_code == 400 and "saml.not_encrypted" in plain.text
    # Whatever is changed in it is one refusal.
    values = re.findall(r"CipherValue>([^<]{80,})<", sealed)
    broken = sealed.replace(values[-1], values[-1][:60] + ("A" if values[-1][60] != "A" else "B") + values[-1][61:])
    assert "saml.decryption" in idp.bring(eve, broken).text
    idp.bring(eve, sealed)
    assert identity(eve)["username"] == "eve"


def test_what_is_not_for_here_and_now_is_refused_by_name(server, keys):  # noqa: F811
    """A page with the rule, an event for the administrator, and nobody is signed in."""
    idp = Upstream(server, keys, "strict")
    stranger = Upstream(server, keys, "stranger", signer="stranger")
    bob = Person(server, "bob")
    request = idp.asked(bob)
    good = idp.response(request, "bob", sign_response=True)
    by_stranger = stranger.response(None, "bob", destination=f"{idp.base}/acs/", sp_entity_id=f"{idp.base}/metadata/")
    by_stranger = by_stranger.replace(stranger.issuer, idp.issuer)

    def said(**more):
        return idp.response(request, "bob", **more)

    rows = [
        (good.replace(">bob<", ">akadmin<"), "saml.signature"),
        (said(sign_assertion=False), "saml.unsigned"),
        (said(sp_entity_id=f"{stranger.base}/metadata/"), "saml.audience"),
        (said(destination=f"{stranger.base}/acs/"), "saml.destination"),
        (by_stranger.replace("<ns0:Response ", f'<ns0:Response InResponseTo="{request.id}" '), "saml.signature"),
        (idp.response(None, "bob"), "saml.unsolicited"),
        (said().replace(request.id, "_other", 1), "saml.request_id"),
        (f"<!DOCTYPE a>{good}", "saml.doctype"),
        ("hello", "saml.not_xml"),
        ("<a>" * 5000, "saml.too_deep"),
    ]
    for xml, rule in rows:
        page = idp.bring(bob, xml)
        assert page.status_code == 400 and rule in page.text, (rule, page.text[:3000])
        assert identity(bob) is None
    events = server.get("events/events/", action="configuration_error", page_size=100)["results"]
    assert {"saml.audience", "saml.unsolicited"} <= {event["context"].get("rule") for event in events}

    # In another browser, which has not asked for it; and once only.
    assert "saml.request_id" in idp.bring(Person(server, "bob"), good).text
    idp.bring(bob, good)
    assert identity(bob)["username"] == "bob"
    assert "saml.re" in idp.bring(out(bob), good).text and identity(bob) is None
    # Nothing, and what is not there.
    assert requests.get(f"{idp.base}/acs/", timeout=10).status_code == 400
    assert requests.get(f"{server.base}/source/saml/nobody/", timeout=10).status_code == 404
    assert requests.post(f"{server.base}/source/saml/nobody/acs/", data={"SAMLResponse": "x"}, timeout=10).status_code == 404
    # Without a certificate nobody is sent away, and nobody comes.
    server.patch("sources/saml/strict/", verification_kp=None)
    assert bob.get(f"{idp.base}/").status_code == 400
    server.patch("sources/saml/strict/", enabled=False)
    assert bob.get(f"{idp.base}/").status_code == 404


def test_no_request_says_where_this_server_is(start, keys):  # noqa: F811
    """What is meant for another service provider of the same identity provider is not taken by its host."""
    server = start(Server())
    evil = {"Host": "evil.example"}
    flow = server.flow("default-source-pre-authentication")
    server.create("sources/saml/", name="Partner", slug="partner", sso_url=f"{IDP}/sso", pre_authentication_flow=flow)
    for path in ("acs/", "slo/", "metadata/"):
        page = requests.get(f"{server.base}/source/saml/partner/{path}", timeout=10)
        assert page.status_code == 400 and "COUNTERSIGN_BASE_URL" in page.text, page.text[:2000]
    refused = server.api("GET", "sources/saml/partner/metadata/", 400).json()
    assert "COUNTERSIGN_BASE_URL" in refused["non_field_errors"][0]
    events = [event["context"] for event in server.get("events/events/", action="configuration_error")["results"]]
    assert any(event.get("rule") == "saml.setup" and "COUNTERSIGN_BASE_URL" in event["message"] for event in events), events

    Person(server).sign_in()
    idp = Upstream(server, keys, "known", allow_idp_initiated=True)
    assert requests.get(f"{idp.base}/metadata/", headers=evil, timeout=10).text == idp.metadata
    there = "http://evil.example/source/saml/known"
    for person, request in ((Person(server, "ada"), None), (Person(server, "ada"), "asked")):
        request = request and idp.asked(person)
        xml = idp.response(request, destination=f"{there}/acs/", sp_entity_id=f"{there}/metadata/")
        fields = {"SAMLResponse": base64.b64encode(xml.encode()).decode()}
        answer = requests.post(f"{idp.base}/acs/", data=fields, headers=evil, timeout=10, allow_redirects=False)
        back = urllib.parse.urljoin(idp.base, answer.headers["Location"])
        page = person.get(back, headers=evil | {"Cookie": "; ".join(f"{c.name}={c.value}" for c in person.web.cookies)})
        assert page.status_code == 400 and "saml.destination" in page.text, page.text[:2000]
    # A host that the configuration names is ours.
    brand = server.one("core/brands/", default=True)
    server.patch(f"core/brands/{brand['brand_uuid']}/", domain="evil.example")
    assert f'entityID="{there}/metadata/"' in requests.get(f"{idp.base}/metadata/", headers=evil, timeout=10).text


def test_a_source_that_is_renamed_meanwhile_takes_nothing(server, keys):  # noqa: F811
    idp = Upstream(server, keys, "renamed")
    moe = Person(server, "moe")
    request = idp.asked(moe)
    server.patch("sources/saml/renamed/", issuer="urn:another")
    page = idp.bring(moe, idp.response(request, "moe", sp_entity_id="urn:another"))
    assert page.status_code == 400 and "saml.moved" in page.text and identity(moe) is None


def test_what_is_said_without_a_mapping_is_no_attribute_and_names_no_group(server, keys):  # noqa: F811
    """Outposts and providers give rights by attributes; and a group that was connected by hand keeps its name."""
    idp = Upstream(server, keys, "plain")
    group = server.group("By hand")
    server.create("sources/group_connections/saml/", group=group["pk"], source=idp.source["pk"], identifier="plain wiki")
    mia = Person(server, "mia")
    idp.sign_in(mia, "mia", told={"attributes.additionalHeaders.Remote-User": "root", "attributes_uidNumber": "0"})
    user = server.one("core/users/", username="mia")
    assert not {"additionalHeaders", "uidNumber"} & set(user["attributes"]), user["attributes"]
    assert {group["name"] for group in user["groups_obj"]} == {"plain staff", "By hand"}
    mapping = server.create("propertymappings/source/saml/", name="names of groups", expression='return {"name": "Mapped " + group_id}')
    server.patch("sources/saml/plain/", group_property_mappings=[mapping["pk"]])
    idp.sign_in(out(mia), "mia")
    assert server.get(f"core/groups/{group['pk']}/")["name"] == "Mapped plain wiki"


def test_an_answer_that_nobody_asked_for_is_taken_where_that_is_allowed(server, keys):  # noqa: F811
    idp = Upstream(server, keys, "begun-there", allow_idp_initiated=True)
    zoe = Person(server, "zoe")
    xml = idp.response(None, "zoe")
    idp.bring(zoe, xml, state="https://evil.example/")
    assert identity(zoe)["username"] == "zoe"
    # It is good once, in whichever browser.
    other = Person(server, "zoe")
    assert "saml.replayed" in idp.bring(other, xml).text and identity(other) is None
    # What answers somebody's request is not unasked for.
    asked = idp.response(idp.asked(Person(server, "zoe")), "zoe")
    assert "saml.request_id" in idp.bring(other, asked).text


def test_a_transient_name_makes_an_account_for_that_session(server, keys):  # noqa: F811
    idp = Upstream(server, keys, "transient", name_id_policy=NAMEID_FORMAT_TRANSIENT)
    somebody = Person(server, "somebody")
    request = idp.asked(somebody)
    assert request.name_id_policy.format == NAMEID_FORMAT_TRANSIENT
    idp.bring(somebody, idp.response(request, "_7d9f", format=NAMEID_FORMAT_TRANSIENT))
    user = server.one("core/users/", username="_7d9f")
    assert identity(somebody)["pk"] == user["pk"]
    attributes = user["attributes"]
    assert attributes["goauthentik.io/user/generated"] is True and attributes["goauthentik.io/user/delete-on-logout"] is True
    assert attributes["goauthentik.io/user/sources"] == ["Transient"] and attributes["goauthentik.io/user/expires"] > 0
    # In the next session the name is another one: that is somebody else.
    other = Person(server, "somebody")
    idp.sign_in(other, "_81aa", format=NAMEID_FORMAT_TRANSIENT)
    assert identity(other)["username"] == "_81aa"
    # Nobody gets an account whom the policies refuse, or whom no flow would sign in.
    policy = server.create("policies/expression/", name="nobody", expression="return False")
    binding = server.create("policies/bindings/", target=idp.source["pk"], policy=policy["pk"], order=0)
    page = idp.sign_in(Person(server, "somebody"), "_90cc", format=NAMEID_FORMAT_TRANSIENT)
    assert page.status_code == 403, page.text[:1000]
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    server.patch("sources/saml/transient/", authentication_flow=None)
    page = idp.sign_in(Person(server, "somebody"), "_90dd", format=NAMEID_FORMAT_TRANSIENT)
    assert page.status_code == 400 and "Configured flow does not exist" in page.text
    for name in ("_90cc", "_90dd"):
        assert server.get("core/users/", username=name)["results"] == [], name
    # A name that somebody has is not given twice.
    server.patch("sources/saml/transient/", authentication_flow=idp.source["authentication_flow"])
    page = idp.sign_in(Person(server, "somebody"), "akadmin", format=NAMEID_FORMAT_TRANSIENT)
    assert page.status_code == 403 and server.get("sources/user_connections/saml/", search="akadmin")["results"] == []


def logout_query(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


def test_signed_out_there_is_signed_out_here(server, keys):  # noqa: F811
    """A signed request by whatever browser ends the session that it names, and is answered."""
    idp = Upstream(server, keys, "out-there")
    ida, other = Person(server, "ida"), Person(server, "ida")
    xml = idp.response(idp.asked(ida), "ida")
    idp.bring(ida, xml)
    idp.sign_in(other, "ida")
    index = re.search(r'SessionIndex="([^"]+)"', xml).group(1)
    name = NameID(format=NAMEID_FORMAT_PERSISTENT, text="ida")

    def asked(sign=True, index=index):
        number, request = idp.provider.create_logout_request(
            f"{idp.base}/slo/", f"{idp.base}/metadata/", name_id=name, session_indexes=[index], sign=False
        )
        how = idp.provider.apply_binding(BINDING_HTTP_REDIRECT, str(request), f"{idp.base}/slo/", "bye", sign=sign, sigalg=SHA256)
        return number, dict(how["headers"])["Location"]

    _, unsigned = asked(sign=False)
    page = ida.get(unsigned)
    assert page.status_code == 400 and "saml.unsigned" in page.text and identity(ida)
    # Of a session that is not known, nothing ends.
    _, elsewhere = asked(index="other")
    assert ida.get(elsewhere).status_code == 302 and identity(ida)
    number, location = asked()
    back = requests.get(location, timeout=10, allow_redirects=False).headers["Location"]
    assert back.startswith(idp.slo), back
    answer = logout_query(back)
    assert answer["RelayState"] == "bye"
    said = zlib.decompress(base64.b64decode(answer["SAMLResponse"]), -15).decode()
    assert f'InResponseTo="{number}"' in said and "status:Success" in said and answer["SigAlg"] == SHA256
    assert identity(ida) is None and identity(other), "the other session goes on"
    assert "saml.replayed" in requests.get(location, timeout=10).text


def test_signed_out_here_is_signed_out_there(server, keys):  # noqa: F811
    """The person is asked, the session ends here, and the browser brings a request that the identity provider takes."""
    idp = Upstream(server, keys, "out-here")
    kim = Person(server, "kim")
    xml = idp.response(idp.asked(kim), "kim")
    idp.bring(kim, xml)
    page = kim.get(f"{idp.base}/slo/")
    assert page.status_code == 200 and identity(kim), "another site may have sent the browser"
    # Without our token, nothing ends.
    assert kim.web.post(f"{idp.base}/slo/", data={"countersign_confirmed": "1"}, timeout=10, allow_redirects=False).status_code == 200
    assert identity(kim)
    away = kim.press(page)
    assert away.status_code in (302, 303) and identity(kim) is None, away.text[:500]
    address = away.headers["Location"]
    assert address.startswith(idp.slo), address
    query = logout_query(address)
    request = idp.provider.parse_logout_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT, signature=query["Signature"], sigalg=query["SigAlg"])
    assert request.message.name_id.text == "kim"
    index = re.search(r'SessionIndex="([^"]+)"', xml).group(1)
    assert [one.text for one in request.message.session_index] == [index]
    answer = idp.provider.create_logout_response(request.message, [BINDING_HTTP_REDIRECT], sign=False)
    how = idp.provider.apply_binding(BINDING_HTTP_REDIRECT, str(answer), f"{idp.base}/slo/", response=True, sign=True, sigalg=SHA256)
    page = kim.get(dict(how["headers"])["Location"])
    assert page.status_code == 200 and "signed out" in page.text
    assert kim.get(f"{idp.base}/slo/").status_code == 200


def test_our_own_server_is_the_provider_of_our_own_source(server, keys):  # noqa: F811
    """Both sides of this program, with everything that can be signed and encrypted, posted both ways."""
    # Cookies know hosts but no ports; both are named by addresses of their own.
    above = Server().start()
    above.base = f"http://127.0.0.1:{above.port}"
    try:
        made = above.create(
            "providers/saml/", name="below", acs_url=f"{server.base}/source/saml/above/acs/", audience=f"{server.base}/source/saml/above/metadata/",
            issuer="urn:above", sp_binding="post", signing_kp=above.signing_key(), sign_response=True, sls_url=f"{server.base}/source/saml/above/slo/",
            authorization_flow=above.flow("default-provider-authorization-implicit-consent"),
            invalidation_flow=above.flow("default-provider-invalidation-flow"),
            property_mappings=[m["pk"] for m in above.get("propertymappings/provider/saml/", page_size=50)["results"]],
        )  # fmt: skip
        above.create("core/applications/", name="Below", slug="below", provider=made["pk"])
        metadata = requests.get(f"{above.base}/application/saml/below/metadata/", timeout=10).text
        mapping = server.create(
            "propertymappings/source/saml/", name="claims",
            expression='return {"email": properties["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"], "username": properties["http://schemas.goauthentik.io/2021/02/saml/username"], "attributes": {"from": name_id}}',
        )  # fmt: skip
        server.create(
            "countersign/sources/saml/import_metadata/", name="Above", slug="above", metadata=metadata, binding_type="POST_AUTO",
            encryption_kp=server.signing_key(), signing_kp=server.signing_key(), user_property_mappings=[mapping["pk"]],
        )  # fmt: skip
        # What the source signs and opens with, the provider verifies and encrypts with.
        own = requests.get(f"{server.base}/source/saml/above/metadata/", timeout=10).text
        flows = {"authorization_flow": made["authorization_flow"], "invalidation_flow": made["invalidation_flow"]}
        above.api("POST", "providers/saml/import_metadata/", 204, data={"name": "imported"} | flows, files={"file": ("m.xml", own, "application/xml")})
        kp = above.one("providers/saml/", name="imported")["verification_kp"]
        above.patch(f"providers/saml/{made['pk']}/", verification_kp=kp, encryption_kp=kp)

        user = above.user("nia", name="Nia")
        nia = Person(server, "nia", PASSWORD)
        up = Person(above, "nia", PASSWORD)
        up.web = nia.web
        page = nia.get("/source/saml/above/")
        assert page.status_code == 200 and "SAMLRequest" in page.text, page.text[:1000]
        answer = nia.press(page)
        page = up.open(urllib.parse.urljoin(above.base, answer.headers["Location"])) if answer.status_code in (302, 303) else answer
        fields = form(page.text)
        assert "EncryptedAssertion" in base64.b64decode(fields["SAMLResponse"]).decode()
        answer = requests.post(f"{server.base}/source/saml/above/acs/", data=fields, timeout=10, allow_redirects=False)
        nia.open(urllib.parse.urljoin(server.base, answer.headers["Location"]))
        known = server.one("core/users/", username="nia")
        assert identity(nia)["pk"] == known["pk"] and known["email"] == "nia@example.test"
        assert known["attributes"]["from"] == user["uid"]
    finally:
        assert not above.panics()
        above.close()


def test_metadata_that_describes_no_provider_makes_no_source(server):
    for metadata, rule in (("", None), ("hello", "saml.not_xml"), ("<!DOCTYPE a><a/>", "saml.doctype"), ("<a/>", "saml.wrong_message")):
        answer = server.api("POST", "countersign/sources/saml/import_metadata/", 400, json={"name": "x", "slug": "x", "metadata": metadata})
        assert answer.json().get("code") == rule and "metadata" in answer.json(), answer.text
    assert server.get("sources/saml/", slug="x")["results"] == []
    refused = server.api("GET", "sources/saml/", token=None)
    assert refused.status_code == 403
