"""SAML 2.0 with applications of other people: Shibboleth's mod_shib under Apache, node-saml, python3-saml and crewjam/saml. Each signs
people in from its own metadata with encrypted assertions, signs out, and refuses what was changed, set up
as docs/applications.md says. More are in test_saml.py."""

import base64
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse
import xml.etree.ElementTree as ElementTree

import pytest
import requests

from peers import Apache, Library, go_program, guide, saml_provider
from test_saml import CLAIMS, arrived, decoded, keys  # noqa: F401
from world import Person, Process, Server, free_port, wait_for

GROUPS = "http://schemas.xmlsoap.org/claims/Group"


@pytest.fixture(scope="module")
def server():
    server = Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8,::1/128").start()
    server.group("Staff")
    server.group("Guests")
    server.user("sam", ["Staff"], name="Sam & <Söhne>")
    yield server
    assert not server.panics()
    server.close()


def encrypted(server, made):
    """With everything that can be signed and encrypted for the application."""
    return server.patch(f"providers/saml/{made['pk']}/", encryption_kp=made["verification_kp"], sign_response=True)


def refused_to(server, slug, person, url):
    """From then on the application is not for this person, and hears nothing."""
    body = {"target": server.get(f"core/applications/{slug}/")["pk"], "group": server.one("core/groups/", name="Guests")["pk"], "order": 0}
    server.create("policies/bindings/", **body)
    page = person.open(url)
    assert f"You can’t open {slug.title()}" in page.text and "SAMLResponse" not in page.text


def of_idp(metadata):
    """What node-saml has in settings of its own."""
    found = ElementTree.fromstring(metadata)
    names = {"md": "urn:oasis:names:tc:SAML:2.0:metadata", "ds": "http://www.w3.org/2000/09/xmldsig#"}
    redirect = "[@Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect']"
    at = lambda kind: found.find(f".//md:{kind}{redirect}", names).get("Location")
    certificate = found.find(".//md:KeyDescriptor//ds:X509Certificate", names).text
    return {
        "idpIssuer": found.get("entityID"), "entryPoint": at("SingleSignOnService"), "logoutUrl": at("SingleLogoutService"),
        "idpCert": certificate, "metadata": metadata,
    }  # fmt: skip


@pytest.mark.parametrize("slug", ["node-saml", "python3-saml"])
def test_a_library_signs_in_and_out(server, keys, slug):  # noqa: F811
    programs = {
        "node-saml": ("node", "node_saml/application.mjs"),
        "python3-saml": ("/usr/bin/python3", "python3_saml/application.py"),
    }
    base = f"https://{slug}.example.test"
    key, certificate = (pathlib.Path(file).read_text() for file in keys["application"])
    application = Library(*programs[slug])
    try:
        own = {"entity": f"{base}/metadata", "acs": f"{base}/acs", "slo": f"{base}/slo", "key": key, "certificate": certificate}
        described = application.ask(**own)["metadata"]
        made, metadata = saml_provider(server, slug, described)
        assert (made["acs_url"], made["sls_url"], made["audience"]) == (own["acs"], own["slo"], own["entity"])
        encrypted(server, made)
        sam = Person(server, "sam")
        url = application.ask(**of_idp(metadata))["url"]
        fields = arrived(sam, url)
        assert fields["RelayState"] == "state & (more)" and "EncryptedAssertion" in decoded(fields)

        # It says who came; changed on the way it would not.
        known = application.ask(**fields)
        assert "name" in known, known
        user = server.one("core/users/", username="sam")
        values = lambda name: [value] if isinstance(value := known["attributes"][name], str) else value
        assert known["name"] == user["uid"] and values(f"{CLAIMS}name") == ["Sam & <Söhne>"], known
        assert values(f"{CLAIMS}emailaddress") == ["sam@example.test"] and values(GROUPS) == ["Staff"]
        changed = decoded(fields).replace(own["acs"], f"{base}/other")
        said = application.ask(SAMLResponse=base64.b64encode(changed.encode()).decode())
        assert "refused" in said, said

        # The sign-out of the application ends the session here; the answer is one that it takes. Node-saml's metadata names the
        # post binding, by which it finds no InResponseTo in an answer.
        server.patch(f"providers/saml/{made['pk']}/", sls_binding="redirect")
        back = sam.visit(application.ask(finish=True)["url"], until=own["slo"])
        said = application.ask(query=urllib.parse.urlsplit(back).query)
        assert sam.me().status_code == 403 and said["loggedOut"] is True, said
        refused_to(server, slug, sam, url)
    finally:
        application.close()


class Crewjam(Process):
    def __init__(self, program, keys):
        super().__init__("crewjam")
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        key, certificate = keys["application"]
        self.program = [str(program), self.base, certificate, key]

    def described(self):
        return subprocess.run(self.program, check=True, capture_output=True, text=True).stdout

    def serve(self, file):
        self.spawn([*self.program, str(file)], {})
        wait_for(lambda: self.is_alive() and requests.get(self.base, timeout=5).status_code == 200, 30, "crewjam/saml")


def pass_on(person, page):
    """Presses the button that brings a response to the application, and follows from there."""
    assert "SAMLResponse" in page.text, f"{page.url} {page.status_code} {page.text[:1500]}"
    back = person.press(page)
    assert back.status_code in (302, 303), f"{back.url} {back.status_code} {back.text[:1500]}"
    return person.open(urllib.parse.urljoin(back.url, back.headers["Location"]))


def test_crewjam_saml_is_signed_out_of_from_both_sides(server, keys, tmp_path):  # noqa: F811
    site = Crewjam(go_program("./saml_application"), keys)
    made, metadata = saml_provider(server, "crewjam", site.described())
    encrypted(server, made)
    (tmp_path / "idp.xml").write_text(metadata)
    site.serve(tmp_path / "idp.xml")
    try:
        sam = Person(server, "sam")
        page = sam.open(f"{site.base}/private")
        inside = pass_on(sam, page)
        assert inside.text == "inside", inside.text
        assert inside.headers["X-" + urllib.parse.quote_plus(GROUPS)] == "Staff"
        # The same response once more.
        assert sam.press(page).status_code == 403

        # Signed out there.
        assert sam.open(f"{site.base}/logout").text == "outside" and sam.me().status_code == 403
        # Signed out here: the application hears of it, and the cookie is no longer good.
        assert pass_on(sam, sam.open(f"{site.base}/private")).text == "inside"
        cookies = dict(sam.web.cookies)
        sam.run_flow("default-invalidation-flow")
        out = lambda: requests.get(f"{site.base}/private", cookies=cookies, allow_redirects=False, timeout=10).status_code != 200
        wait_for(out, 90, "crewjam/saml to hear of it", 0.2)
        refused_to(server, "crewjam", sam, f"{site.base}/private")
    finally:
        site.stop()


class Shibboleth(Process):
    """The daemon that mod_shib asks, and the settings that both read."""

    def __init__(self, keys, site):
        super().__init__("shibd")
        self.site, self.folder = site, pathlib.Path(tempfile.mkdtemp(prefix="countersign-shibboleth-"))
        self.folder.chmod(0o755)
        for path, name in zip(keys["application"], ("sp.key", "sp.pem")):
            shutil.copy(path, self.folder / name)
            (self.folder / name).chmod(0o644)
        for name in ("shibd", "native"):
            (self.folder / f"{name}.logger").write_text(
                "log4j.rootCategory=WARN, out\nlog4j.appender.out=org.apache.log4j.FileAppender\n"
                f"log4j.appender.out.fileName={self.folder}/{name}.log\nlog4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
                "log4j.appender.out.layout.ConversionPattern=%p %c %x: %m%n\n"
            )
        for name in ("protocols.xml", "security-policy.xml", "attribute-policy.xml"):
            shutil.copy(f"/etc/shibboleth/{name}", self.folder)
        self.account = []
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "www-data", self.folder], check=True)
            self.account = ["-u", "www-data", "-g", "www-data"]
        (self.folder / "attribute-map.xml").write_text(guide("applications", "Shibboleth", {}, 1))

    def serve(self, idp, metadata):
        (self.folder / "idp.xml").write_text(metadata)
        plain = {'handlerSSL="true"': 'handlerSSL="false"', 'cookieProps="https"': 'cookieProps="http"'}
        here = {"https://wiki.company.example": self.site.base, "https://id.company.example/wiki": idp, "/etc/shibboleth": self.folder}
        (self.folder / "shibboleth2.xml").write_text(f"""
            <SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180">
              <OutOfProcess logger="{self.folder}/shibd.logger"/>
              <InProcess logger="{self.folder}/native.logger"/>
              <UnixListener address="{self.folder}/shibd.sock"/>
              {guide("applications", "Shibboleth", plain | here)}
              <SecurityPolicyProvider type="XML" validate="true" path="{self.folder}/security-policy.xml"/>
              <ProtocolProvider type="XML" validate="true" path="{self.folder}/protocols.xml"/>
            </SPConfig>
        """)
        self.spawn([
            "/usr/sbin/shibd", "-F", "-f", *self.account, "-c", str(self.folder / "shibboleth2.xml"), "-p", str(self.folder / "pid"),
        ], {})  # fmt: skip

        def listens():
            assert self.is_alive(), self.said()
            return (self.folder / "shibd.sock").exists()

        wait_for(listens, 60, "shibd")

    def said(self):
        logs = (self.folder / f"{name}.log" for name in ("shibd", "native"))
        return "\n".join(self.lines()[-20:] + [log.read_text()[-3000:] for log in logs if log.exists()])

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_shibboleth_verifies_metadata_and_is_signed_out_of_from_both_sides(server, keys):  # noqa: F811
    site = Apache("shib")
    daemon = Shibboleth(keys, site)
    issuer = f"{server.base}/shibboleth"
    try:
        # By hand first: the site says what it is when it knows who signs people in.
        by_hand = server.create(
            "providers/saml/", name="by hand", acs_url=f"{site.base}/Shibboleth.sso/SAML2/POST", issuer=issuer, signing_kp=server.signing_key(),
            authorization_flow=server.flow("default-provider-authorization-implicit-consent"),
            invalidation_flow=server.flow("default-provider-invalidation-flow"),
        )  # fmt: skip
        server.create("core/applications/", name="Shibboleth", slug="shibboleth", provider=by_hand["pk"])
        metadata = requests.get(f"{server.base}/application/saml/shibboleth/metadata/", timeout=10).text
        (daemon.folder / "idp.pem").write_text(server.get(f"crypto/certificatekeypairs/{server.signing_key()}/view_certificate/")["data"])
        daemon.serve(issuer, metadata)
        site.serve(f"""
            ShibConfig {daemon.folder}/shibboleth2.xml
            ShibCompatValidUser On
            {guide("applications", "Shibboleth", {}, 2)}
            <Location /private>
                Header set X-User expr=%{{REMOTE_USER}}
                Header set X-Person expr=%{{env:NAME}}
            </Location>
        """)
        described = requests.get(f"{site.base}/Shibboleth.sso/Metadata", timeout=30).text
        assert "EntityDescriptor" in described, f"{described[:500]} {daemon.said()}"
        made, _ = saml_provider(server, "shibboleth", described)
        assert made["acs_url"] == f"{site.base}/Shibboleth.sso/SAML2/POST" and made["sls_url"].startswith(f"{site.base}/Shibboleth.sso/SLO/")
        encrypted(server, made)

        sam = Person(server, "sam")
        inside = pass_on(sam, sam.open(f"{site.base}/private/"))
        assert inside.text == "inside" and inside.headers["X-User"] == "sam@example.test", f"{inside.text} {daemon.said()}"
        assert inside.headers["X-Person"].encode("latin-1").decode() == "Sam & <Söhne>"
        assert sam.open(f"{site.base}/staff/").text == "staff only"
        server.user("sue", ["Guests"])
        sue = Person(server, "sue")
        assert pass_on(sue, sue.open(f"{site.base}/private/")).text == "inside"
        assert sue.get(f"{site.base}/staff/").status_code == 401

        # Signed out there.
        out = sam.open(f"{site.base}/Shibboleth.sso/Logout?return={site.base}/")
        assert sam.me().status_code == 403, f"{out.url} {out.text[:500]} {daemon.said()}"
        assert out.text == "outside" or "Logout completed successfully" in out.text, out.text
        assert sam.get(f"{site.base}/private/").status_code == 302
        # Signed out here.
        assert pass_on(sam, sam.open(f"{site.base}/private/")).text == "inside"
        sam.run_flow("default-invalidation-flow")
        wait_for(lambda: sam.get(f"{site.base}/private/").status_code == 302, 90, "Shibboleth to hear of it", 0.2)
        refused_to(server, "shibboleth", sam, f"{site.base}/private/")
    finally:
        site.close()
        daemon.close()
