"""Those who are told: a mail server and a web server of their own, with everything they were sent; and the log verified."""

import datetime
import email
import email.policy
import http.server
import ipaddress
import json
import pathlib
import ssl
import subprocess
import tempfile
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import world
from world import free_port


class Certificate:
    """A certificate for localhost, and other hosts, that only those trust who are told to."""

    def __init__(self, *hosts):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="certificate-"))
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        names = [*map(x509.DNSName, hosts), x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.path, key_path = folder / "certificate.pem", folder / "key.pem"
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.path, key_path)


class MailServer:
    """A mail server. `refuse` is an answer such as `550 No` to every recipient."""

    def __init__(self, encryption=None, login=None, refuse=None, certificate=None):
        self.port, self.mails, self.refuse, self.login = free_port(), [], refuse, login
        self.settings = {"AUTHENTIK_EMAIL__HOST": "localhost", "AUTHENTIK_EMAIL__PORT": str(self.port)}
        self.settings["AUTHENTIK_EMAIL__FROM"] = "Countersign <id@example.test>"
        options = {}
        if certificate:
            self.settings["SSL_CERT_FILE"] = str(certificate.path)
        if encryption == "starttls":
            options |= {"tls_context": certificate.context, "require_starttls": True}
            self.settings["AUTHENTIK_EMAIL__USE_TLS"] = "true"
        if encryption == "tls":
            options |= {"ssl_context": certificate.context}
            self.settings["AUTHENTIK_EMAIL__USE_SSL"] = "true"
        if login:
            options |= {"authenticator": self.authenticate, "auth_required": True, "auth_require_tls": False}
            self.settings |= {"AUTHENTIK_EMAIL__USERNAME": login[0], "AUTHENTIK_EMAIL__PASSWORD": login[1]}
        self.options, self.controller = options, None

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        known = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == self.login
        return AuthResult(success=known, handled=False)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 Taken as number %d" % len(self.mails)

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **self.options)
        self.controller.start()
        return self

    def close(self):
        if self.controller:
            self.controller.stop()
            self.controller = None


class WebHook:
    """A web server that keeps what is posted to it. It answers with each of `answers`, then with 200."""

    def __init__(self, answers=()):
        self.posts, self.answers = [], list(answers)
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posts.append((self.headers, json.loads(body)))
                status = hook.answers.pop(0) if hook.answers else 200
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", hook.url)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def start(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def parts(mail):
    """Text and HTML of a mail."""
    return mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()


def fail_to_sign_in(server, username="uma"):
    try:
        world.Person(server, username, "not the password").sign_in()
    except world.Refused:
        return
    raise AssertionError("a wrong password was accepted")


def audit(server, *arguments):
    """Exit status and words of the command that verifies the log."""
    run = subprocess.run([world.PROGRAM, "audit", "verify", *arguments], env=server.environment, capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout + run.stderr


def rule(server, action, transports, severity="alert", group="authentik Admins"):
    """A rule that tells a group of an action."""
    made = server.create(
        "events/rules/",
        name=f"on {action}",
        severity=severity,
        group=server.one("core/groups/", name=group)["pk"],
        transports=[transport["pk"] for transport in transports],
    )
    policy = server.create("policies/event_matcher/", name=f"is {action}", action=action)
    server.create("policies/bindings/", policy=policy["pk"], target=made["pk"], order=0)
    return made
