"""Clients with certificates (RFC 8705): at a listener of the server that asks for one, and by the header of a proxy."""

import base64
import datetime
import json
import pathlib
import subprocess
import tempfile
import urllib.parse

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from world import TESTS, Person, Server, claims, free_port

MACHINE = {"grant_type": "client_credentials", "scope": "openid"}
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


class Certified:
    """A key with its certificate, in files."""

    def __init__(self, name, by=None, authority=False, address=None, days=30, usage=ExtendedKeyUsageOID.CLIENT_AUTH):
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Company"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(subject_name=subject, issuer_name=by.certificate.subject if by else subject, public_key=self.key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=9)).not_valid_after(now + datetime.timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if address:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
        self.certificate = builder.sign(by.key if by else self.key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="certified-"))
        (folder / "own.pem").write_text(self.pem)
        private = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "own.key").write_bytes(private)
        self.files = (str(folder / "own.pem"), str(folder / "own.key"))

    def thumbprint(self):
        return base64.urlsafe_b64encode(self.certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()

    def jwk(self):
        numbers = self.key.public_key().public_numbers()
        number = lambda value: base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()
        return {"kty": "EC", "crv": "P-256", "x": number(numbers.x), "y": number(numbers.y), "x5c": [base64.b64encode(self.der).decode()]}


def asking(start, **environment):
    """A server with a listener that asks for certificates; its address there."""
    server, port = Server(**environment), free_port()
    at = f"https://localhost:{port}"
    server.environment |= {"COUNTERSIGN_LISTEN__MTLS": f"127.0.0.1:{port}", "COUNTERSIGN_LISTEN__MTLS_URL": at, "COUNTERSIGN_BASE_URL": server.base}
    return start(server), at


def test_a_client_proves_itself_by_its_certificate_and_its_tokens_are_bound_to_it(start):
    server, at = asking(start)
    company, stranger = Certified("company", authority=True), Certified("company", authority=True)
    own, other, forged = Certified("app", company), Certified("other", company), Certified("app", stranger)
    authority = server.create("crypto/certificatekeypairs/", name="company", certificate_data=company.pem)["pk"]
    app = server.application("app", scopes=["offline_access"])
    path = f"providers/oauth2/{app.provider['pk']}/"
    refused = server.api("PATCH", path, 400, json={"token_endpoint_auth_method": "tls_client_auth"}).json()
    assert refused.keys() == {"tls_client_auth_subject_dn", "tls_client_auth_authorities"}
    settings = {"tls_client_auth_subject_dn": "CN=app, O=Company", "tls_client_auth_authorities": [authority]}
    server.patch(path, token_endpoint_auth_method="tls_client_auth", tls_client_certificate_bound_access_tokens=True, **settings)

    document = app.discovery()
    assert document["issuer"].startswith(server.base) and document["tls_client_certificate_bound_access_tokens"] is True
    aliases = document["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{at}/application/o/token/"
    # The test does not ask who the server is; `verify` of a session gives way to the environment.
    session = requests.Session()

    def ask(shown, url=aliases["token_endpoint"], **form):
        return session.post(url, data=MACHINE | {"client_id": app.id} | form, cert=shown and shown.files, verify=False, timeout=10)

    for shown in (None, other, forged):
        answer = ask(shown)
        assert answer.json()["error"] == "invalid_client", answer.text
    assert ask(None, client_secret=app.secret).json()["error"] == "invalid_client", "its secret opens nothing any more"
    assert requests.post(document["token_endpoint"], data=MACHINE | {"client_id": app.id}, timeout=10).json()["error"] == "invalid_client"
    tokens = ask(own)
    assert tokens.status_code == 200, tokens.text
    token = tokens.json()["access_token"]
    assert claims(token)["cnf"] == {"x5t#S256": own.thumbprint()} and claims(token)["iss"] == document["issuer"]

    def told(shown, url=aliases["userinfo_endpoint"]):
        return session.get(url, headers={"Authorization": f"Bearer {token}"}, cert=shown and shown.files, verify=False, timeout=10).status_code

    assert [told(own), told(other), told(None), told(None, document["userinfo_endpoint"])] == [200, 401, 401, 401]
    assert server.api("GET", "core/users/me/", token=token).status_code == 403, "nor is it one for the API"
    facts = session.post(aliases["introspection_endpoint"], data={"client_id": app.id, "token": token}, cert=own.files, verify=False, timeout=10).json()
    assert facts["active"] and facts["cnf"] == {"x5t#S256": own.thumbprint()}
    # With a person, and a code.
    code = Person(server).sign_in().code(app)
    redeemed = ask(own, grant_type="authorization_code", code=code, redirect_uri=app.redirect)
    assert redeemed.status_code == 200, redeemed.text
    assert claims(redeemed.json()["access_token"])["cnf"] == {"x5t#S256": own.thumbprint()}
    # Who vouched goes: nobody is let in any more.
    server.api("DELETE", f"crypto/certificatekeypairs/{authority}/", 204)
    assert ask(own).json()["error"] == "invalid_client"
    assert server.panics() == []


def test_a_certificate_of_the_clients_own_keys_and_the_header_of_a_proxy(start):
    own, thief = Certified("app"), Certified("app")
    header = lambda certified: {"ssl-client-cert": urllib.parse.quote(certified.pem)}
    here = {"COUNTERSIGN_LISTEN__TRUSTED_PROXY_CIDRS": "127.0.0.0/8,::1/128"}
    for environment, good in [(here, False), (here | {"COUNTERSIGN_LISTEN__CLIENT_CERTIFICATE_HEADER": "ssl-client-cert"}, True)]:
        server = start(Server(**environment))
        app = server.application("app", token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [own.jwk()]})
        ask = lambda headers: requests.post(f"{server.base}/application/o/token/", data=MACHINE | {"client_id": app.id}, headers=headers, timeout=10)
        answer = ask(header(own))
        assert (answer.status_code == 200) == good, answer.text
        assert ask(header(thief)).json()["error"] == ask({}).json()["error"] == "invalid_client"
        assert "mtls_endpoint_aliases" not in app.discovery()
        assert server.panics() == []
    # From elsewhere than a trusted proxy the header is nobody's word.
    server = start(Server(COUNTERSIGN_LISTEN__CLIENT_CERTIFICATE_HEADER="ssl-client-cert", AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS="none"))
    app = server.application("app", token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [own.jwk()]})
    answer = requests.post(f"{server.base}/application/o/token/", data=MACHINE | {"client_id": app.id}, headers=header(own), timeout=10)
    assert answer.json()["error"] == "invalid_client"


def test_nobody_is_another_client_by_what_their_certificate_says_of_them(start):
    """Subject and names are the client's own words, and Envoy writes them beside the certificate."""
    own, thief = Certified("app"), Certified("thief")
    environment = {"COUNTERSIGN_LISTEN__CLIENT_CERTIFICATE_HEADER": "x-forwarded-client-cert"}
    server = start(Server(COUNTERSIGN_LISTEN__TRUSTED_PROXY_CIDRS="127.0.0.0/8,::1/128", **environment))
    app = server.application("app", token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [own.jwk()]})
    pem = lambda certified: urllib.parse.quote(certified.pem, safe="")

    def ask(shown, rest):
        headers = {"x-forwarded-client-cert": f'Hash=ab;Cert="{pem(shown)}";{rest}'}
        return requests.post(f"{server.base}/application/o/token/", data=MACHINE | {"client_id": app.id}, headers=headers, timeout=10)

    answer = ask(own, f'Subject="CN=app\\,Cert={pem(thief)}"')
    assert answer.status_code == 200, answer.text
    for rest in [
        'Subject="CN=thief"',
        f'Subject="CN=x\\,Cert={pem(own)}"',
        f'Subject="CN=x\\";Cert={pem(own)}"',
        f'Subject="CN=x";URI=spiffe://x/,Cert={pem(own)}',
        f'Subject="CN=x";URI=spiffe://x/;Cert={pem(own)}',
    ]:
        assert ask(thief, rest).json()["error"] == "invalid_client", rest[:40]
    assert server.panics() == []


def test_openid_client_of_npm_proves_itself_by_its_certificate(start):
    server, at = asking(start)
    company = Certified("company", authority=True)
    own = Certified("app", company)
    authority = server.create("crypto/certificatekeypairs/", name="company", certificate_data=company.pem)["pk"]
    settings = {"tls_client_auth_subject_dn": "CN=app, O=Company", "tls_client_auth_authorities": [authority]}
    app = server.application(
        "app", scopes=["offline_access"], token_endpoint_auth_method="tls_client_auth", tls_client_certificate_bound_access_tokens=True, **settings
    )
    with subprocess.Popen(["node", "openid_client/mtls.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS) as client:
        hear = lambda: json.loads(client.stdout.readline())
        say = lambda **value: print(json.dumps(value), file=client.stdin, flush=True)
        say(issuer=f"{server.base}/application/o/app/", id=app.id, redirect=app.redirect, files=own.files)
        begun = hear()
        say(callback=Person(server).visit(begun["url"], until=app.redirect))
        done = hear()
    assert done["claims"]["preferred_username"] == done["userinfo"]["preferred_username"] == "akadmin", done
    assert done["refreshed"]["sub"] == done["claims"]["sub"] and done["machine"] == "bearer"
    assert done["introspected"]["cnf"] == claims(done["access"])["cnf"] == {"x5t#S256": own.thumbprint()}
    assert set(done["reached"]) == {server.base, at} and done["reached"].count(at) == 5, "what asks for a certificate is asked there"
    stolen = {"Authorization": f"Bearer {done['access']}"}
    assert requests.get(f"{server.base}/application/o/userinfo/", headers=stolen, timeout=10).status_code == 401
