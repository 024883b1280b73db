"""What an operator relies on: a sub-path, limits, certificates, backups by themselves, logs, probes."""

import datetime
import json
import socket
import ssl
import subprocess
import urllib.parse

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from world import PROGRAM, REDIRECT, Person, Server, wait_for


def command(server, *arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], env=server.environment | environment, capture_output=True, text=True, timeout=60)


class BelowPath(Server):
    """A server whose clients find it below /auth/."""

    def __init__(self, **environment):
        super().__init__(AUTHENTIK_WEB__PATH="/auth/", **environment)
        self.base += "/auth"


class Below(Person):
    """A person for whom addresses begin with the path."""

    def get(self, url, **arguments):
        url = url if url.startswith("http") else self.server.base.removesuffix("/auth") + url
        return self.web.get(url, timeout=30, allow_redirects=False, **arguments)

    def me(self):
        return self.get("/auth/api/v3/core/users/me/")

    def visit(self, url, until=REDIRECT):
        for _ in range(15):
            if url.startswith(until):
                return url
            answer = self.get(url)
            if answer.status_code in (302, 303, 307):
                assert answer.headers["Location"].startswith(("/auth/", "http")), answer.headers["Location"]
                url = urllib.parse.urljoin(answer.url, answer.headers["Location"])
                continue
            parts = urllib.parse.urlsplit(url)
            assert parts.path.startswith("/auth/if/flow/"), f"stopped at {url}: {answer.text[:300]}"
            to = self.run_flow(parts.path.split("/")[4], parts.query)
            assert to.startswith(("/auth/", "http")), to
            url = urllib.parse.urljoin(answer.url, to)
        raise AssertionError(url)


def test_everything_works_below_a_path(start):
    server = start(BelowPath())
    root = server.base.removesuffix("/auth")
    assert requests.get(root + "/", allow_redirects=False).headers["Location"] == "/auth/"
    assert requests.get(root + "/if/admin/").status_code == 404
    assert requests.get(root + "/-/health/live/").status_code == 200
    app = server.application()
    discovery = app.discovery()
    assert discovery["issuer"] == f"{server.base}/application/o/flask-app/"
    assert all(url.startswith(server.base) for key, url in discovery.items() if key.endswith(("_endpoint", "_uri")))
    assert requests.get(discovery["jwks_uri"]).json()["keys"]

    person = Below(server)
    tokens = person.tokens(app)
    assert {cookie.path for cookie in person.web.cookies if cookie.name == "authentik_session"} == {"/auth/"}
    userinfo = requests.get(discovery["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert userinfo.json()["preferred_username"] == "akadmin"

    # Pages, and everything they load.
    for path in ("/if/flow/default-authentication-flow/", "/if/admin/"):
        page = (requests if "flow" in path else person.web).get(server.base + path).text
        assert 'data-base="/auth"' in page
        found = [part.split('"')[0].replace("&#x2f;", "/") for mark in ('href="', 'src="') for part in page.split(mark)[1:]]
        own = [address for address in found if address.startswith("/")]
        assert own and all(address.startswith("/auth/") for address in own), own
        for address in own:
            if "/static/" in address:
                file = requests.get(root + address)
                assert file.status_code == 200, address
                assert '"/static/' not in file.text and "(/static/" not in file.text, address


def test_below_a_path_what_merely_looks_like_an_address_is_not_touched(start):
    server = start(BelowPath())
    title, css = "Read url=/docs/ first", 'main::after { content: "href=\\"/if/user/\\""; background: url(/elsewhere.png) }'
    server.api("PATCH", "flows/instances/default-authentication-flow/", 200, json={"title": title})
    brand = server.one("core/brands/")
    server.api("PATCH", f"core/brands/{brand['brand_uuid']}/", 200, json={"branding_custom_css": css})
    page = requests.get(server.base + "/if/flow/default-authentication-flow/").text.replace("&#x2f;", "/")
    assert title in page and '"/auth/static/brand.css"' in page
    assert requests.get(server.base + "/static/brand.css").text == css
    challenge = requests.get(server.base + "/api/v3/flows/executor/default-authentication-flow/?query=").json()
    assert challenge["flow_info"]["title"] == title
    assert challenge["flow_info"]["cancel_url"] == "/auth/flows/-/cancel/"
    assert challenge["flow_info"]["background"].startswith("/auth/static/")


@pytest.mark.parametrize("name", ["if", "application", "api", "-"])
def test_a_path_that_is_an_address_inside_is_refused(name):
    server = Server(AUTHENTIK_WEB__PATH=f"/{name}/")
    try:
        answer = command(server, "config")
        assert answer.returncode == 1 and "stands for something inside" in answer.stderr
    finally:
        server.close()


def test_wrong_paths_are_refused():
    server = Server(AUTHENTIK_WEB__PATH="auth")
    try:
        answer = command(server, "config")
        assert answer.returncode == 1 and "web.path" in answer.stderr
    finally:
        server.close()


def test_one_address_cannot_take_everything(start):
    limits = {"AUTHENTIK_THROTTLE__DEFAULT": "5/minute", "COUNTERSIGN_THROTTLE__LOGIN": "3/minute", "COUNTERSIGN_THROTTLE__TOKEN": "3/minute"}
    server = start(Server(**limits))

    def ask(address, method="GET", path="/api/v3/root/config/", **arguments):
        headers = {"X-Forwarded-For": address} | arguments.pop("headers", {})
        return requests.request(method, server.base + path, headers=headers, timeout=10, **arguments)

    assert [ask("198.51.100.7").status_code for _ in range(6)] == [200] * 5 + [429]
    refused = ask("198.51.100.7")
    assert 1 <= int(refused.headers["Retry-After"]) <= 12 and refused.json()["detail"].startswith("Request was throttled.")
    assert ask("198.51.100.8").status_code == 200
    # Who says who they are is not counted.
    token = {"Authorization": f"Bearer {server.environment['AUTHENTIK_BOOTSTRAP_TOKEN']}"}
    assert ask("198.51.100.7", headers=token).status_code == 200

    statuses = [ask("198.51.100.9", "POST", "/application/o/token/", data={"grant_type": "x"}) for _ in range(4)]
    assert statuses[3].status_code == 429 and statuses[3].json()["error"] == "temporarily_unavailable"
    flow = "/api/v3/flows/executor/default-authentication-flow/?query="
    assert [ask("198.51.100.10", "POST", flow, json={}).status_code for _ in range(4)][3] == 429
    # The machine itself is not counted, so that a gateway without forwarding headers does not lock everybody out.
    for _ in range(5):
        Person(server).sign_in()


def made(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=90))
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def test_certificates_are_taken_over_without_a_restart(server):
    def common_name():
        pem = ssl.get_server_certificate(("127.0.0.1", server.tls_port))
        return x509.load_pem_x509_certificate(pem.encode()).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value

    assert common_name() == "Countersign default certificate"
    for name in ("first.test", "second.test"):
        certificate, key = made(name)
        # In two steps, as copying does it: in between the former one stays.
        (server.folder / "tls.pem").write_bytes(certificate)
        (server.folder / "tls.key").write_bytes(key)
        wait_for(lambda: common_name() == name, 12, f"the certificate of {name}")
    (server.folder / "tls.pem").write_text("nonsense")
    wait_for(lambda: any("former certificate" in line for line in server.lines()), 12, "the complaint")
    assert common_name() == "second.test"


def test_the_certificate_of_a_brand_is_shown_for_its_name_and_changes_at_once(server):
    def shown(name):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", server.tls_port)) as plain, context.wrap_socket(plain, server_hostname=name) as secure:
            certificate = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True))
        return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value

    def pair(name):
        certificate, key = made(name)
        return {"certificate_data": certificate.decode(), "key_data": key.decode()}

    own = "Countersign default certificate"
    kept = server.create("crypto/certificatekeypairs/", name="of the brand", **pair("first of the brand"))
    brand = server.create("core/brands/", domain="brand.test", web_certificate=kept["pk"])
    assert shown("brand.test") == shown("below.brand.test") == "first of the brand"
    assert shown("elsewhere.test") == shown("notbrand.test") == own
    # Another pair in the same object, another object, none.
    server.patch(f"crypto/certificatekeypairs/{kept['pk']}/", **pair("second of the brand"))
    assert shown("brand.test") == "second of the brand"
    other = server.create("crypto/certificatekeypairs/", name="another", **pair("another"))
    server.patch(f"core/brands/{brand['brand_uuid']}/", web_certificate=other["pk"])
    assert shown("brand.test") == "another"
    server.patch(f"core/brands/{brand['brand_uuid']}/", web_certificate=None)
    assert shown("brand.test") == own


def test_backups_make_themselves_and_are_tried_out(start, tmp_path):
    folder = tmp_path / "backups"
    environment = {
        "COUNTERSIGN_BACKUP__EVERY": "minutes=1",
        "COUNTERSIGN_BACKUP__KEEP": "1",
        "COUNTERSIGN_BACKUP__FOLDER": str(folder),
        "COUNTERSIGN_BACKUP__PASSPHRASE": "a passphrase for the backups",
    }
    server = start(Server(**environment))
    server.group("Kept in the backup")
    wait_for(lambda: server.get("countersign/backups/")["last"], 30, "the first backup", 0.3)
    state = server.get("countersign/backups/")
    assert state["problem"] is None and not state["late"] and len(state["files"]) == 1
    (file,) = folder.glob("*.backup")
    assert file.stat().st_mode & 0o077 == 0 and b"Kept in" not in file.read_bytes()
    assert [path.name for path in folder.iterdir()] == [file.name], "the trial leaves nothing"

    other = Server(COUNTERSIGN_BACKUP__PASSPHRASE=environment["COUNTERSIGN_BACKUP__PASSPHRASE"])
    other.folder.rmdir()
    answer = command(other, "restore", str(file))
    assert answer.returncode == 0, answer.stderr
    start(other)
    assert other.user


def test_a_backup_that_fails_is_told(start, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    server = start(
        Server(COUNTERSIGN_BACKUP__EVERY="hours=1", COUNTERSIGN_BACKUP__FOLDER=str(blocked / "x"), COUNTERSIGN_BACKUP__PASSPHRASE="a passphrase for the backups")
    )
    wait_for(lambda: server.get("countersign/backups/")["problem"], 30, "the problem", 0.3)
    assert server.get("countersign/backups/")["late"] is True
    wait_for(lambda: server.get("events/events/", action="system_task_exception")["results"], 10, "the event")


def test_the_log_says_who_asked(server, admin):
    server.get("core/users/")
    admin.me()
    requests.get(server.base + "/api/v3/core/users/me/")

    def lines():
        found = [json.loads(line) for line in server.lines() if '"countersign.request"' in line]
        return {(line["user"], line["auth_via"]) for line in found if line.get("request_id")}

    wanted = {("akadmin", "api_token"), ("akadmin", "session"), ("", "unauthenticated")}
    wait_for(lambda: wanted <= lines(), 5, f"{wanted} in the log")


def test_monitoring_needs_one_key(server):
    key = (server.folder / "metrics-key").read_text()
    assert requests.get(server.base + "/-/metrics/").status_code == 401
    ask = lambda: requests.get(server.base + "/-/metrics/", headers={"Authorization": f"Bearer {key}"})
    assert "authentik_main_request_duration_seconds" in ask().text
    server.restart()
    assert ask().status_code == 200, "the key outlives the process"
