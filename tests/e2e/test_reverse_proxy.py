"""Applications that this server passes requests on to (proxy providers of mode `proxy`): an application that repeats what it is
sent, one that is slow, one that closes early, websockets, events, uploads, TLS of its own, and HTTP/2 of a real server."""

import base64
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from world import Person, Server, claims, free_port, wait_for

GIGABYTE = 1 << 30
# Far less than what goes through, and more than the buffers on the way.
HELD_KB = 48 * 1024


class Application(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        path = self.path.split("?")[0]
        getattr(self, path.strip("/").replace("-", "_"), self.echo)() if path in self.SPECIAL else self.echo()

    SPECIAL = ("/websocket", "/events", "/slow", "/closes", "/half", "/upload")
    do_GET = do_POST = do_PUT = do_HEAD = answer

    def reply(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def echo(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode("latin-1")
        told = {"method": self.command, "path": self.path, "body": body, "headers": [list(pair) for pair in self.headers.items()]}
        self.reply(json.dumps(told).encode())

    def upload(self):
        left, digest = int(self.headers["Content-Length"]), 0
        while left:
            piece = self.rfile.read(min(left, 1 << 20))
            left -= len(piece)
            digest += len(piece)
        self.reply(str(digest).encode())

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b"data: one\n\n")
        # Longer than an answer may be silent otherwise.
        self.server.release.wait(30)
        self.wfile.write(b"data: two\n\n")

    def slow(self):
        self.server.release.wait(30)
        self.close_connection = True

    def closes(self):
        self.close_connection = True

    def half(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
        self.close_connection = True

    def websocket(self):
        """A handshake (RFC 6455, section 4.2.2), and then whatever is said is said again."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        user = self.headers["X-Authentik-Username"]
        head = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nX-User: {user}\r\n\r\n"
        self.wfile.write(head.encode())
        self.close_connection = True
        while said := self.connection.recv(65536):
            self.connection.sendall(said)

    def log_message(self, *_):
        pass


class Listening(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls=None):
        super().__init__(("127.0.0.1", 0), Application)
        self.release = threading.Event()
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Clients that go away are part of the tests."""


@pytest.fixture(scope="module")
def application():
    application = Listening()
    yield application
    application.release.set()
    application.shutdown()


@pytest.fixture(scope="module")
def server():
    # Applications are at hosts of their own: the addresses of this machine's loopback network.
    server = Server(
        AUTHENTIK_OUTPOSTS__PROXY__ANSWER_TIMEOUT="2", AUTHENTIK_OUTPOSTS__PROXY__IDLE_TIMEOUT="2",
    )
    server.environment["AUTHENTIK_LISTEN__HTTP"] = f"0.0.0.0:{server.port}"
    server.environment["AUTHENTIK_BASE_URL"] = server.base
    server.start()
    server.group("Staff")
    yield server
    server.close()
    assert not server.panics()


def behind(server, slug, number, internal, **provider):
    """An application behind this server; its address."""
    external = f"http://127.0.0.{number}:{server.port}"
    provider = {
        "name": f"{slug}-proxy", "mode": "proxy", "external_host": external, "internal_host": internal,
        "authorization_flow": server.flow("default-provider-authorization-implicit-consent"),
        "invalidation_flow": server.flow("default-provider-invalidation-flow"),
    } | provider
    provider = server.create("providers/proxy/", **provider)
    application = server.create("core/applications/", name=slug.title(), slug=slug, provider=provider["pk"])
    return external, provider, application


@pytest.fixture(scope="module")
def wiki(server, application):
    external, provider, app = behind(
        server, "wiki", 2, f"http://127.0.0.1:{application.port}/ignored", skip_path_regex="^/public(/|$)",
        basic_auth_enabled=True, basic_auth_user_attribute="login", basic_auth_password_attribute="secret",
    )
    attributes = {"additionalHeaders": {"X-Team": "blue"}, "login": "ada-of-the-wiki", "secret": "pass"}
    user = server.user("wiki-ada", groups=("Staff",), attributes=attributes)
    return {"at": external, "provider": provider, "app": app, "user": user, "port": application.port}


def told(page):
    """What the application was sent, each header once."""
    assert page.status_code == 200, f"{page.url}: {page.status_code} {page.text[:400]}"
    said = page.json()
    names = [name.lower() for name, _ in said["headers"]]
    assert len(names) == len(set(names)), names
    return said | {"headers": {name.lower(): value for name, value in said["headers"]}}


def cookies(person, at):
    """What the browser sends there."""
    request = requests.Request("GET", at)
    return person.web.prepare_request(request).headers.get("Cookie", "")


def raw(server, host, text):
    """Bytes as they are, and the beginning of the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(text.replace("\n", "\r\n").replace("HOST", host).encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := connection.recv(65536)):
            answer += piece
        return answer.decode("latin-1")


def test_somebody_signs_in_and_the_application_knows_who_it_is(server, wiki):
    at, user = wiki["at"], wiki["user"]
    page = f"{at}/page?of=2&x=%2F"
    forged = {"X-authentik-username": "root", "X_Authentik_Username": "root", "X-Forwarded-For": "1.2.3.4", "X-Original-URL": "/admin"}
    nobody = told(requests.get(f"{at}/public/logo", headers=forged, timeout=10))["headers"]
    assert nobody["x-authentik-username"] == "" and "x_authentik_username" not in nobody and "x-original-url" not in nobody
    for path in ("/public/../page", "/public/%2e%2e/page", "/public%2f..%2fpage", "/public/..;/page", "//public/page"):
        answer = raw(server, at.removeprefix("http://"), f"GET {path} HTTP/1.1\nHost: HOST\nConnection: close\n\n")
        assert answer.startswith("HTTP/1.1 302"), f"{path}: {answer[:200]}"
    away = requests.get(page, timeout=10, allow_redirects=False)
    assert away.headers["Location"].startswith(f"{at}/outpost.goauthentik.io/start?rd=")

    ada = Person(server, user["username"])
    said = told(ada.open(page))
    got = said["headers"]
    assert said["path"] == "/page?of=2&x=%2F", "back where she wanted to go, letter by letter"
    host = at.removeprefix("http://")
    for name, value in (
        ("x-authentik-username", "wiki-ada"), ("x-authentik-groups", "Staff"), ("x-authentik-email", user["email"]),
        ("x-authentik-meta-app", "wiki"), ("x-team", "blue"), ("host", host), ("x-forwarded-host", host), ("x-forwarded-proto", "http"),
        ("authorization", "Basic " + base64.b64encode(b"ada-of-the-wiki:pass").decode()),
    ):
        assert got[name] == value, name
    assert claims(got["x-authentik-jwt"])["preferred_username"] == "wiki-ada"
    # The names are written as the original writes them.
    names = [name for name, _ in ada.web.get(page, timeout=10).json()["headers"]]
    assert "X-Authentik-Username" in names and "X-Authentik-Jwt" in names
    got = told(ada.web.get(page, headers=forged | {"Connection": "close, X-authentik-username"}, timeout=10, allow_redirects=False))["headers"]
    # The requests of the suite come from a trusted network, whose proxies say who the client is.
    assert got["x-authentik-username"] == "wiki-ada" and got["x-forwarded-for"] == "1.2.3.4"
    # Cookies of this server stay here, others arrive.
    ada.web.cookies.set("own", "1", domain="127.0.0.2")
    assert told(ada.web.get(page, timeout=10))["headers"]["cookie"] == "own=1"
    answer = ada.web.post(page, data={"a": "b"}, timeout=10, allow_redirects=False)
    assert (told(answer)["method"], told(answer)["body"]) == ("POST", "a=b")
    assert answer.headers["X-Powered-By"] == "goauthentik.io" and "X-Frame-Options" not in answer.headers
    chunked = ada.web.put(page, data=iter([b"one", b"two"]), timeout=10)
    assert told(chunked)["headers"]["transfer-encoding"] == "chunked"
    # Nobody reads at this host what the application alone is told.
    for path in ("auth/nginx", "auth/caddy", "auth/envoy/page", "elsewhere", ""):
        assert ada.get(f"{at}/outpost.goauthentik.io/{path}").status_code == 404, path

    # What ends it here ends it there, with the next request.
    is_known = lambda: ada.web.get(page, timeout=10, allow_redirects=False).status_code == 200
    others = server.group("wiki others")
    binding = server.create("policies/bindings/", target=wiki["app"]["pk"], group=others["pk"], order=0)
    assert not is_known()
    assert "You can’t open Wiki" in ada.open(page).text
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    assert is_known()
    server.patch(f"core/users/{user['pk']}/", is_active=False)
    assert not is_known()
    server.patch(f"core/users/{user['pk']}/", is_active=True)
    assert is_known() or told(ada.open(page))
    out = ada.open(f"{at}/page?X-authentik-logout=true")
    assert out.url.startswith(server.base) and ada.me().status_code == 403 and not is_known()


def test_programs_sign_in_by_header_or_are_refused(server, wiki):
    at = wiki["at"]
    token = server.create("core/tokens/", identifier="wiki-app", user=wiki["user"]["pk"], intent="app_password")
    key = server.get(f"core/tokens/{token['identifier']}/view_key/")["key"]
    got = told(requests.get(f"{at}/page", auth=("wiki-ada", key), timeout=10))["headers"]
    assert got["x-authentik-username"] == "wiki-ada" and key not in base64.b64decode(got["authorization"][6:]).decode()
    refused = requests.get(f"{at}/page", auth=("wiki-ada", "wrong"), timeout=10, allow_redirects=False)
    assert refused.status_code == 401 and "Receive header authentication" in refused.text
    server.patch(f"providers/proxy/{wiki['provider']['pk']}/", intercept_header_auth=False)
    assert requests.get(f"{at}/page", auth=("wiki-ada", "wrong"), timeout=10, allow_redirects=False).status_code == 302
    server.patch(f"providers/proxy/{wiki['provider']['pk']}/", intercept_header_auth=True)


def test_websockets_and_events_stay_open_and_end_with_the_sign_in(server, application, wiki):
    at = wiki["at"]
    host = at.removeprefix("http://")
    ada = Person(server, "wiki-ada")
    told(ada.open(f"{at}/page"))
    handshake = (
        "GET /websocket HTTP/1.1\nHost: HOST\nConnection: keep-alive, Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nCookie: {}\n\n"
    )
    assert raw(server, host, handshake.format("")).startswith("HTTP/1.1 302"), "not for everybody"
    # h2c would be a way past every later question.
    answer = raw(server, host, handshake.format(cookies(ada, at)).replace("Upgrade: websocket", "Upgrade: h2c").replace("/websocket", "/echo"))
    assert answer.startswith("HTTP/1.1 200"), answer[:100]
    with socket.create_connection(("127.0.0.1", server.port), timeout=40) as connection:
        connection.sendall(handshake.format(cookies(ada, at)).replace("\n", "\r\n").replace("HOST", host).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head and b"wiki-ada" in head.lower()
        frame = b"\x81\x85\0\0\0\0hello"
        connection.sendall(frame)
        assert connection.recv(100) == frame
        events = ada.web.get(f"{at}/events", stream=True, timeout=40)
        lines = events.iter_lines()
        assert next(lines) == b"data: one"
        # Silent for longer than an answer may be elsewhere.
        time.sleep(3)
        connection.sendall(frame)
        assert connection.recv(100) == frame
        # What was begun ends with the sign-in.
        ada.run_flow("default-invalidation-flow")
        assert connection.recv(100) == b""
        with pytest.raises(requests.RequestException):
            assert [line for line in lines if line] == ["never"]


def test_a_gigabyte_goes_through_and_is_not_held(server, wiki):
    ada = Person(server, "wiki-ada")
    told(ada.open(f"{wiki['at']}/page"))
    status = lambda key: int(re.search(rf"{key}:\s+(\d+)", pathlib.Path(f"/proc/{server.child.pid}/status").read_text()).group(1))
    pathlib.Path(f"/proc/{server.child.pid}/clear_refs").write_text("5")
    before = status("VmRSS")
    host = wiki["at"].removeprefix("http://")
    head = f"POST /upload HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies(ada, wiki['at'])}\r\nContent-Length: {GIGABYTE}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
        connection.sendall(head.encode())
        piece = bytes(1 << 20)
        for _ in range(GIGABYTE >> 20):
            connection.sendall(piece)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(str(GIGABYTE).encode())
    assert status("VmHWM") - before < HELD_KB, f"{before} kB became {status('VmHWM')} kB"


def test_an_application_that_does_not_answer_is_told_from_a_sign_in_that_fails(server, wiki):
    at = wiki["at"]
    ada = Person(server, "wiki-ada")
    told(ada.open(f"{at}/page"))
    slow = ada.get(f"{at}/slow")
    assert slow.status_code == 504 and "You are signed in, but the application takes too long" in slow.text
    closed = ada.get(f"{at}/closes")
    assert closed.status_code == 502 and "You are signed in, but the application cannot be reached" in closed.text
    with pytest.raises(requests.RequestException):
        assert ada.get(f"{at}/half").content == "all of it"
    # Nobody is there. An administrator reads why; others do not.
    gone, provider, _ = behind(server, "gone", 3, f"http://127.0.0.1:{free_port()}")
    page = ada.open(f"{gone}/page")
    assert page.status_code == 502 and "refused" not in page.text and "127.0.0.1" not in page.text
    page = Person(server).open(f"{gone}/page")
    assert page.status_code == 502 and "Connection refused" in page.text and provider["internal_host"] in page.text
    events = server.get("events/events/", action="configuration_error", page_size=100)["results"]
    assert any("Connection refused" in event["context"]["message"] for event in events)
    # No application is where clouds hand out credentials.
    meta, _, _ = behind(server, "meta", 4, "http://169.254.169.254")
    assert Person(server).open(f"{meta}/latest/").status_code == 502
    # Nor where this server itself answers other programs than browsers.
    inside, provider, _ = behind(server, "inside", 8, f"http://127.0.0.1:{server.metrics_port}")
    for port in (server.metrics_port, server.ldap_port, server.ldaps_port):
        server.patch(f"providers/proxy/{provider['pk']}/", internal_host=f"http://127.0.0.1:{port}")
        page = Person(server).open(f"{inside}/metrics")
        assert page.status_code == 502 and "countersign_" not in page.text, page.text
    # What probes ask is answered here, by whatever address they come.
    assert requests.get(f"{inside}/-/health/live/", timeout=10).status_code == 200
    assert requests.get(f"{inside}/-/health/live", timeout=10, allow_redirects=False).status_code == 302
    # An application that leads back here answers at once.
    loop, _, _ = behind(server, "loop", 5, f"http://127.0.0.5:{server.port}")
    assert ada.open(f"{loop}/page").status_code == 508
    # And one at this server's own address shuts nobody out.
    own, _, _ = behind(server, "own", 6, f"http://127.0.0.1:{free_port()}", external_host=server.base)
    assert requests.get(f"{server.base}/-/health/live/", timeout=10).status_code == 200
    # Nor one at a name where people sign in, whichever was there first.
    behind(server, "named", 7, f"http://127.0.0.1:{free_port()}", external_host="http://login.brand.test")
    server.create("core/brands/", domain="login.brand.test")
    for path in ("/-/health/live/", "/if/flow/default-authentication-flow/"):
        named = requests.get(server.base + path, headers={"Host": "login.brand.test"}, timeout=10)
        assert named.status_code == 200, (path, named.text)


def test_requests_that_could_be_read_in_two_ways_are_not_passed_on(server, wiki):
    host = wiki["at"].removeprefix("http://")
    for name, request in {
        "two hosts": "GET /public HTTP/1.1\nHost: HOST\nHost: other\n\n",
        "another host in the address": f"GET http://{server.base[7:]}/public HTTP/1.1\nHost: HOST\n\n",
        "no host": "GET /public HTTP/1.1\n\n",
        "a list of hosts": "GET /public HTTP/1.1\nHost: x\nX-Forwarded-Host: HOST, other\n\n",
        "two lengths": "POST /public HTTP/1.1\nHost: HOST\nContent-Length: 5\nContent-Length: 6\n\nabcdef",
        "an odd length": "POST /public HTTP/1.1\nHost: HOST\nContent-Length: +5\n\nabcde",
        "not chunked last": "POST /public HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked, gzip\n\n0\n\n",
        "chunked in 1.0": "POST /public HTTP/1.0\nHost: HOST\nTransfer-Encoding: chunked\n\n0\n\n",
        "a blank before the colon": "GET /public HTTP/1.1\nHost: HOST\nContent-Length : 5\n\nabcde",
        "a folded line": "GET /public HTTP/1.1\nHost: HOST\nX-A: b\n  c\n\n",
        "a broken path": "GET /public/%zz HTTP/1.1\nHost: HOST\n\n",
        "a method that repeats": "TRACE /public HTTP/1.1\nHost: HOST\n\n",
        "a tunnel": "CONNECT /public HTTP/1.1\nHost: HOST\n\n",
        "a large head": "GET /public HTTP/1.1\nHost: HOST\nX-A: " + "a" * 70_000 + "\n\n",
    }.items():
        answer = raw(server, host, request)
        status = re.match(r"HTTP/1.[01] (\d+)", answer)
        # One that names no application's host is this server's own, as every other.
        expected = ("400", "405", "431", "404", "302") if name == "no host" else ("400", "405", "431")
        assert status is None or status.group(1) in expected, f"{name}: {answer[:200]}"
    # With both, the length is none, and the connection ends with the request (RFC 9112, section 6.1).
    both = "POST /public HTTP/1.1\nHost: HOST\nContent-Length: 5\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\nGET /public/second HTTP/1.1\nHost: HOST\n\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(both.replace("\n", "\r\n").replace("HOST", host).encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.count(b"HTTP/1.1 ") == 1 and b"/public/second" not in answer
    said = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    names = [name.lower() for name, _ in said["headers"]]
    assert "content-length" not in names and names.count("transfer-encoding") == 1


def certificate(folder, *names):
    """A certificate that its owner made himself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    # As `openssl req -x509` makes them: authorities, too.
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "own.pem").write_bytes(pem)
    (folder / "own.key").write_bytes(private)
    return str(folder / "own.pem"), str(folder / "own.key")


def test_an_application_with_tls_of_its_own(server):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-tls-"))
    caddy = None
    try:
        pair = certificate(folder, "localhost")
        tls = Listening(tls=pair)
        at, provider, _ = behind(server, "secure", 7, f"https://localhost:{tls.port}", skip_path_regex="^/")
        change = lambda **fields: server.patch(f"providers/proxy/{provider['pk']}/", **fields)
        refused = requests.get(f"{at}/page", timeout=10)
        assert refused.status_code == 502, refused.text
        change(internal_host_ssl_validation=False)
        told(requests.get(f"{at}/page", timeout=10))
        own = server.create("crypto/certificatekeypairs/", name="of the application", certificate_data=pathlib.Path(pair[0]).read_text())
        change(internal_host_ssl_validation=True, internal_host_ca=own["pk"])
        told(requests.get(f"{at}/page", timeout=10))
        change(internal_host=f"https://127.0.0.1:{tls.port}")
        assert requests.get(f"{at}/page", timeout=10).status_code == 502, "it is not valid for that name"

        # A server that speaks HTTP/2 is asked in it, for the host that people know.
        port = free_port()
        (folder / "Caddyfile").write_text(
            "{\n admin off\n auto_https off\n}\n" + f"https://:{port} {{\n tls {pair[0]} {pair[1]}\n"
            ' respond "{http.request.proto} {http.request.host} {http.request.header.X-Authentik-Meta-App}|"\n}\n'
        )
        program = pathlib.Path(sys.executable).parent / "caddy"
        arguments = [str(program), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
        caddy = subprocess.Popen(arguments, env=os.environ | {"HOME": str(folder)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        change(internal_host=f"https://localhost:{port}")
        wait_for(lambda: requests.get(f"{at}/page", timeout=10).status_code == 200, 30, "Caddy")
        assert requests.get(f"{at}/page", timeout=10).text == "HTTP/2.0 127.0.0.7 |"
        tls.shutdown()
    finally:
        if caddy:
            caddy.terminate()
            caddy.wait()
        shutil.rmtree(folder, ignore_errors=True)
