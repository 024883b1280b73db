"""People who sign in by a certificate: at a listener of the server that asks for one, and through a real nginx that does."""

import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.parse

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from test_mtls import Certified, asking

from world import Browser, Server, free_port, wait_for

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
MISSING = "Certificate required but no certificate was given."
NOBODY = "No user found for certificate."
PASSWORD = "Their-Own-Pw-1"


class Company:
    """An authority, its people, and a flow that signs them in by its certificates."""

    def __init__(self, server):
        self.server = server
        self.authority = Certified("company", authority=True)
        self.ada = self.issues("ada")
        server.user("ada", password=PASSWORD, email="ada@example.org")
        pair = server.create("crypto/certificatekeypairs/", name="company", certificate_data=self.authority.pem)["pk"]
        fields = {"mode": "required", "certificate_authorities": [pair], "cert_attribute": "email", "user_attribute": "email"}
        self.stage = server.create("stages/mtls/", name="certificate", **fields)["pk"]
        login = server.create("stages/user_login/", name="card login")["pk"]
        flow = server.create("flows/instances/", name="Card", slug="card", title="Card", designation="authentication")["pk"]
        for order, stage in enumerate([self.stage, login]):
            server.create("flows/bindings/", target=flow, stage=stage, order=order)

    def issues(self, name, **change):
        return Certified(name, self.authority, **{"address": f"{name}@example.org"} | change)


def connected(certified):
    """A browser with that certificate. The test does not ask who the server is."""
    web = Browser()
    web.trust_env, web.verify, web.cert = False, False, certified and certified.files
    return web


def late(certified):
    return certified.certificate.not_valid_after_utc < datetime.datetime.now(datetime.timezone.utc)


def shows(at, certified, headers=None, slug="card"):
    """A browser with that certificate, and what the flow says to it."""
    web = connected(certified)
    answer = web.get(f"{at}/api/v3/flows/executor/{slug}/?query=", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return web, answer.json()


def who(web, at):
    answer = web.get(f"{at}/api/v3/core/users/me/", timeout=30)
    return answer.json()["user"]["username"] if answer.status_code == 200 else None


def refusal(at, certified, headers=None):
    web, challenge = shows(at, certified, headers)
    assert challenge["component"] == "ak-stage-access-denied", challenge
    assert who(web, at) is None
    return challenge["error_message"]


def hostile(company):
    """What is no certificate of hers, and what is said of it."""
    stranger = Certified("company", authority=True)
    return [
        (None, MISSING),
        (Certified("ada", stranger, address="ada@example.org"), MISSING),
        (company.issues("ada", days=-1), MISSING),
        (company.issues("ada", usage=ExtendedKeyUsageOID.SERVER_AUTH), MISSING),
        (Certified("ada", address="ada@example.org"), MISSING),
        (company.issues("eve"), NOBODY),
    ]


def test_people_sign_in_at_the_listener_that_asks_for_certificates(start):
    server, at = asking(start)
    company = Company(server)
    web, challenge = shows(at, company.ada)
    assert challenge["component"] == "xak-flow-redirect", challenge
    assert who(web, at) == "ada"
    for certified, said in hostile(company):
        assert refusal(at, certified) == said
    # Nobody names a certificate of somebody else's: no header is read.
    forged = {"ssl-client-cert": urllib.parse.quote(company.ada.pem), "client-cert": "x"}
    assert refusal(at, None, forged) == MISSING
    assert refusal(at, company.issues("eve"), forged) == NOBODY
    assert refusal(server.base, None, forged) == MISSING
    # The event of the sign-in says by which certificate.
    events = server.get("events/events/", action="login", username="ada")["results"]
    certificate = events[0]["context"]["auth_method_args"]["certificate"]
    assert events[0]["context"]["auth_method"] == "mtls" and certificate["serial_number"] == str(company.ada.certificate.serial_number)
    assert certificate["subject"] == company.ada.certificate.subject.rfc4514_string()

    # In front of the flow that everybody uses: who has a certificate is asked for the password alone.
    server.patch(f"stages/mtls/{company.stage}/", mode="optional")
    flow = server.flow("default-authentication-flow")
    server.create("flows/bindings/", target=flow, stage=company.stage, order=0)
    slug = "default-authentication-flow"
    web, challenge = shows(at, company.ada, slug=slug)
    assert challenge["component"] == "ak-stage-password" and challenge["pending_user"] == "ada", challenge
    page = web.get(f"{at}/if/flow/{slug}/", timeout=30).text
    assert 'name="password"' in page and 'name="uid_field"' not in page
    end = web.post(f"{at}/api/v3/flows/executor/{slug}/?query=", json={"password": PASSWORD}, timeout=30).json()
    assert end["component"] == "xak-flow-redirect", end
    assert who(web, at) == "ada"
    for certified in (None, company.issues("ada", days=-1)):
        assert shows(at, certified, slug=slug)[1]["component"] == "ak-stage-identification"

    # Whoever is deactivated is as unknown as whoever never was here.
    ada = server.one("core/users/", username="ada")["pk"]
    server.patch(f"core/users/{ada}/", is_active=False)
    server.patch(f"stages/mtls/{company.stage}/", mode="required")
    assert refusal(at, company.ada) == NOBODY

    # A flow with it leaves and comes back as a file.
    file = server.api("GET", "flows/instances/card/export/", 200).text
    assert "authentik_stages_mtls.mutualtlsstage" in file
    back = server.api("POST", "flows/instances/import/", files={"file": ("card.yaml", file)}).json()
    assert back["success"], json.dumps(back)
    assert server.panics() == []


@pytest.fixture
def front():
    """Starts an nginx that asks for certificates in front of a server, as docs/administration.md says; its address."""
    running = []

    def start_nginx(server):
        folder, port, own = pathlib.Path(tempfile.mkdtemp(prefix="front-")), free_port(), Certified("front")
        (folder / "nginx.conf").write_text(f"""
            daemon off; pid {folder}/pid; error_log stderr; {"user root;" if os.getuid() == 0 else ""}
            events {{}}
            http {{
                access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
                server {{
                    listen 127.0.0.1:{port} ssl;
                    ssl_certificate {own.files[0]};
                    ssl_certificate_key {own.files[1]};
                    ssl_verify_client optional_no_ca;
                    location / {{
                        proxy_pass http://127.0.0.1:{server.port};
                        proxy_set_header Host $http_host;
                        proxy_set_header X-Forwarded-Proto $scheme;
                        proxy_set_header X-Forwarded-For $remote_addr;
                        proxy_set_header ssl-client-cert $ssl_client_escaped_cert;
                    }}
                }}
            }}""")
        running.append(subprocess.Popen(["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]))
        at = f"https://localhost:{port}"

        def ready():
            return connected(None).get(f"{at}/-/health/live/", timeout=5).status_code < 300

        wait_for(ready, what="nginx")
        return at

    yield start_nginx
    for process in running:
        process.terminate()
        process.wait(10)


def test_people_sign_in_through_nginx_that_asks_for_certificates(start, front):
    here = {"COUNTERSIGN_LISTEN__TRUSTED_PROXY_CIDRS": "127.0.0.0/8,::1/128", "COUNTERSIGN_LISTEN__CLIENT_CERTIFICATE_HEADER": "ssl-client-cert"}
    server = start(Server(**here))
    company = Company(server)
    at = front(server)
    web, challenge = shows(at, company.ada)
    assert challenge["component"] == "xak-flow-redirect", challenge
    assert who(web, at) == "ada"
    for certified, said in hostile(company):
        # What expired nginx refuses itself.
        if certified and late(certified):
            assert "SSL certificate error" in connected(certified).get(f"{at}/if/flow/card/", timeout=30).text
        else:
            assert refusal(at, certified) == said
    # nginx takes away what clients send under that name.
    forged = {"ssl-client-cert": urllib.parse.quote(company.ada.pem)}
    assert refusal(at, None, forged) == MISSING
    assert refusal(at, company.issues("eve"), forged) == NOBODY
    assert server.panics() == []


def test_who_is_no_trusted_proxy_names_no_certificate(start):
    """The proxies are elsewhere, and this machine is not among them."""
    here = {"COUNTERSIGN_LISTEN__TRUSTED_PROXY_CIDRS": "192.0.2.1/32", "COUNTERSIGN_LISTEN__CLIENT_CERTIFICATE_HEADER": "ssl-client-cert"}
    server = start(Server(**here))
    company = Company(server)
    forged = {"ssl-client-cert": urllib.parse.quote(company.ada.pem), "X-Forwarded-For": "192.0.2.1"}
    assert refusal(server.base, None, forged) == MISSING
    assert server.panics() == []
