"""The world of an end-to-end test: real programs on free ports, and people who use them over HTTP.

Nothing here knows the server from inside. Every test starts its own server on an empty folder.
"""

import base64
import hashlib
import html
import itertools
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import requests

TESTS = pathlib.Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
ARTEFACTS = TESTS / "artefacts"
PROGRAM = os.environ.get("COUNTERSIGN_PROGRAM", str(ROOT / "target/debug/countersign"))
DEMO = os.environ.get("COUNTERSIGN_DEMO_PROGRAM", str(ROOT / "target/debug/countersign-demo"))

ADMIN = "akadmin"
PASSWORD = "Correct-Horse-42"
TOKEN = "bootstrap-token-of-the-test-suite-0123456789"
REDIRECT = "http://localhost:5000/callback"


class Ports:
    """Ports for servers, each handed out once.

    They lie below those that the system gives to outgoing connections: a port asked for from the system may be
    given away again, to the next asker or to a connection, before its server listens on it.
    """

    FIRST, END = 12_000, 32_000
    # Runs beside each other begin at different places; the probe below settles what remains.
    following = itertools.cycle(range(FIRST, END))
    for _ in range(os.getpid() * 400 % (END - FIRST)):
        next(following)


def free_port():
    for port in Ports.following:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


# What is waited for on the slowest machine. How quick things are is measured by the bench.
SLOWEST = 60.0


def wait_for(check, patience=SLOWEST, what="the condition", pause=0.02):
    """Calls `check` until it answers something true; exceptions of the network count as not yet."""
    patience = max(patience, SLOWEST)
    deadline = time.monotonic() + patience
    while True:
        try:
            if result := check():
                return result
        except (requests.ConnectionError, requests.Timeout):
            pass
        assert time.monotonic() < deadline, f"waited {patience} s for {what}"
        time.sleep(pause)


class Shared:
    """The PostgreSQL and the Redis that the environment names: each server gets a database of its own in them."""

    POSTGRES = os.environ.get("COUNTERSIGN_TEST_POSTGRES")
    REDIS = os.environ.get("COUNTERSIGN_TEST_REDIS")
    used = 0

    @classmethod
    def run(cls, program, name):
        host, port, _, user, password = cls.POSTGRES.split(":")
        arguments = [program, "--host", host, "--port", port, "--username", user, name]
        return subprocess.run(arguments, check=True, env=os.environ | {"PGPASSWORD": password}, capture_output=True).stdout

    @classmethod
    def settings(cls, name):
        """Makes the databases of a server; the settings that name them."""
        found = {}
        if cls.POSTGRES:
            cls.run("createdb", name)
            host, port, _, user, password = cls.POSTGRES.split(":")
            found |= {"HOST": host, "PORT": port, "NAME": name, "USER": user, "PASSWORD": password}
            found = {f"AUTHENTIK_POSTGRESQL__{key}": value for key, value in found.items()}
            # A database that others reach wants a key of its own.
            found["AUTHENTIK_SECRET_KEY"] = secrets.token_urlsafe(60)
        if cls.REDIS:
            host, port = cls.REDIS.split(":")
            number = cls.used = (cls.used + 1) % 16
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(b"SELECT %d\r\nFLUSHDB\r\n" % number)
                connection.recv(64)
            found |= {"AUTHENTIK_REDIS__HOST": host, "AUTHENTIK_REDIS__PORT": port, "AUTHENTIK_REDIS__DB": str(number)}
        return found

    @classmethod
    def dump(cls, name):
        """Everything that a database holds."""
        return cls.run("pg_dump", name) if cls.POSTGRES else b""

    @classmethod
    def forget(cls, name):
        if cls.POSTGRES:
            cls.run("dropdb", name)


class Process:
    """A program of ours, its output in a log file."""

    def __init__(self, name):
        self.name = name
        self.child = None
        self.log = pathlib.Path(tempfile.mkstemp(prefix=f"{name}-", suffix=".log")[1])

    def spawn(self, arguments, environment, cwd=None):
        # A clean environment: no setting of the machine reaches a test.
        kept = {k: os.environ[k] for k in ("PATH", "HOME", "LANG", "RUST_BACKTRACE") if k in os.environ}
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                arguments, env=kept | environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def is_alive(self):
        return self.child is not None and self.child.poll() is None

    def stop(self):
        if self.is_alive():
            self.child.terminate()
            try:
                self.child.wait(15)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode if self.child else None

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def lines(self):
        return self.log.read_text(errors="replace").splitlines()


class Server(Process):
    """A Countersign of its own, on an empty folder."""

    def __init__(self, bootstrap=True, **environment):
        super().__init__("countersign")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-"))
        self.port, self.tls_port, self.metrics_port = free_port(), free_port(), free_port()
        self.radius_port = free_port()
        self.ldap_port, self.ldaps_port = free_port(), free_port()
        self.base = f"http://localhost:{self.port}"
        self.environment = {
            "COUNTERSIGN_DATA_DIR": str(self.folder),
            "AUTHENTIK_LISTEN__HTTP": f"127.0.0.1:{self.port}",
            "AUTHENTIK_LISTEN__HTTPS": f"127.0.0.1:{self.tls_port}",
            "AUTHENTIK_LISTEN__METRICS": f"127.0.0.1:{self.metrics_port}",
            "AUTHENTIK_LISTEN__RADIUS": f"127.0.0.1:{self.radius_port}",
            "AUTHENTIK_LISTEN__LDAP": f"127.0.0.1:{self.ldap_port}",
            "AUTHENTIK_LISTEN__LDAPS": f"127.0.0.1:{self.ldaps_port}",
        }
        self.database = f"suite_{os.getpid()}_{self.port}"
        self.environment |= Shared.settings(self.database) | environment
        if bootstrap:
            self.environment |= {
                "AUTHENTIK_BOOTSTRAP_PASSWORD": PASSWORD,
                "AUTHENTIK_BOOTSTRAP_TOKEN": TOKEN,
                "AUTHENTIK_BOOTSTRAP_EMAIL": "akadmin@example.test",
            }

    def start(self):
        self.spawn([PROGRAM, "serve"], self.environment)

        def ready():
            assert self.is_alive(), "the server ended by itself:\n" + "\n".join(self.lines()[-20:])
            return requests.get(self.base + "/-/health/ready/", timeout=10).status_code == 200

        wait_for(ready, 60, "the server to be ready")
        return self

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        if self.is_alive():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        Shared.forget(self.database)

    def panics(self):
        return [line for line in self.lines() if "panicked at" in line]

    # -- the API, as the administrator --------------------------------------------------------------

    def api(self, method, path, expect=None, token=TOKEN, **arguments):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= arguments.pop("headers", {})
        answer = requests.request(
            method, f"{self.base}/api/v3/{path}", headers=headers, timeout=30, allow_redirects=False, **arguments
        )
        if expect is not None:
            assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def get(self, path, **query):
        return self.api("GET", path, 200, params=query).json()

    def create(self, path, expect=201, **body):
        answer = self.api("POST", path, expect, json=body)
        return answer.json() if answer.content else None

    def patch(self, path, **body):
        return self.api("PATCH", path, 200, json=body).json()

    def one(self, path, **query):
        """The only object of a list that these filters leave."""
        results = self.get(path, **query)["results"]
        assert len(results) == 1, f"{path} {query}: {[r.get('name') for r in results]}"
        return results[0]

    # -- things made in one sentence ----------------------------------------------------------------

    def flow(self, slug):
        return self.get(f"flows/instances/{slug}/")["pk"]

    def scopes(self, *names):
        mappings = self.get("propertymappings/provider/scope/", page_size=100)["results"]
        found = {m["scope_name"]: m["pk"] for m in mappings if (m.get("managed") or "").startswith("goauthentik.io/")}
        return [found[name] for name in names]

    def signing_key(self):
        keys = self.get("crypto/certificatekeypairs/", has_key="true", ordering="name")["results"]
        return next(k["pk"] for k in keys if k["name"] == "authentik Self-signed Certificate")

    def group(self, name, **fields):
        return self.create("core/groups/", name=name, **fields)

    def user(self, username, groups=(), password=PASSWORD, **fields):
        known = {g["name"]: g["pk"] for g in self.get("core/groups/", page_size=200)["results"]}
        fields = {"name": username.title(), "email": f"{username}@example.test"} | fields
        user = self.create("core/users/", username=username, groups=[known[g] for g in groups], **fields)
        if password:
            self.api("POST", f"core/users/{user['pk']}/set_password/", 204, json={"password": password})
        return user

    def application(self, slug="flask-app", name=None, consent="implicit", redirects=(REDIRECT,), scopes=(), **provider):
        """A provider with its application, as an administrator would make them."""
        provider = self.create(
            "providers/oauth2/",
            **{
                "name": f"{slug}-provider",
                "authorization_flow": self.flow(f"default-provider-authorization-{consent}-consent"),
                "invalidation_flow": self.flow("default-provider-invalidation-flow"),
                "redirect_uris": [{"matching_mode": "strict", "url": url} for url in redirects],
                "property_mappings": self.scopes("openid", "email", "profile", *scopes),
                "signing_key": self.signing_key(),
            }
            | provider,
        )
        application = self.create("core/applications/", name=name or slug.title(), slug=slug, provider=provider["pk"])
        return App(self, slug, provider, application)


class App:
    """A registered application, and what its back end can ask for."""

    def __init__(self, server, slug, provider, application):
        self.server, self.slug, self.provider, self.application = server, slug, provider, application
        self.id, self.secret = provider["client_id"], provider["client_secret"]
        self.redirect = provider["redirect_uris"][0]["url"] if provider["redirect_uris"] else None

    def discovery(self):
        url = f"{self.server.base}/application/o/{self.slug}/.well-known/openid-configuration"
        return requests.get(url, timeout=10).json()

    def authorize_url(self, **parameters):
        query = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.redirect,
            "scope": "openid profile email",
            "state": secrets.token_urlsafe(16),
        } | parameters
        query = {k: v for k, v in query.items() if v is not None}
        return f"{self.server.base}/application/o/authorize/?{urllib.parse.urlencode(query)}"

    def token(self, session=requests, auth=True, **form):
        return session.post(
            f"{self.server.base}/application/o/token/",
            data=form,
            auth=(self.id, self.secret) if auth else None,
            timeout=30,
        )

    def redeem(self, code, **form):
        return self.token(grant_type="authorization_code", code=code, redirect_uri=self.redirect, **form)

    def refresh(self, token, **form):
        return self.token(grant_type="refresh_token", refresh_token=token, **form)


class Refused(Exception):
    """A flow that ended with a refusal; its challenge is the first argument."""


class Browser(requests.Session):
    """Says who asked as a browser does on the machine's own host names: everything on localhost is one site, and the API is
    called by the pages of its own host."""

    def request(self, method, url, headers=None, **arguments):
        api = "/api/v3/" in url.partition("?")[0]
        site = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        page = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        own = {name: value for name, value in self.headers.items() if name.startswith("Sec-Fetch-")}
        return super().request(method, url, headers=(site if api else page) | own | (headers or {}), **arguments)


class Person:
    """Somebody with a browser that runs no script but speaks the flow executor's JSON."""

    def __init__(self, server, username=ADMIN, password=PASSWORD):
        self.server, self.username, self.password = server, username, password
        self.web = Browser()
        self.seen = []

    def get(self, url, **arguments):
        return self.web.get(urllib.parse.urljoin(self.server.base, url), timeout=30, allow_redirects=False, **arguments)

    def me(self):
        return self.get("/api/v3/core/users/me/")

    def api(self, method, path, **arguments):
        """A request as the interface sends it: with the session and its CSRF header."""
        headers = {"X-authentik-CSRF": self.web.cookies.get("authentik_csrf", "")}
        url = f"{self.server.base}/api/v3/{path}"
        return self.web.request(method, url, headers=headers, timeout=30, allow_redirects=False, **arguments)

    def answer(self, challenge):
        """What this person replies to a challenge."""
        component = challenge["component"]
        self.seen.append(component)
        if component == "ak-stage-identification":
            reply = {"uid_field": self.username}
            if challenge.get("password_fields"):
                reply["password"] = self.password
            return reply
        if component == "ak-stage-password":
            return {"password": self.password}
        if component == "ak-stage-consent":
            return {"token": challenge.get("token")}
        if component == "ak-stage-user-login":
            return {"remember_me": False}
        raise Refused(challenge)

    @staticmethod
    def challenge(answer):
        assert answer.status_code == 200, f"{answer.url}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def run_flow(self, slug, query=""):
        """Goes through a flow to its end; where it leads."""
        executor = f"{self.server.base}/api/v3/flows/executor/{slug}/?" + urllib.parse.urlencode({"query": query})
        challenge = self.challenge(self.web.get(executor, timeout=30))
        for _ in range(12):
            if challenge["component"] == "xak-flow-redirect":
                return challenge["to"]
            if challenge.get("response_errors"):
                raise Refused(challenge)
            reply = {"component": challenge["component"]} | self.answer(challenge)
            # Only a signed-in browser has this cookie, and then has to show that it can read it.
            proof = {"X-authentik-CSRF": self.web.cookies.get("authentik_csrf", "")}
            challenge = self.challenge(self.web.post(executor, json=reply, headers=proof, timeout=30))
        raise AssertionError(f"the flow {slug} does not end: {self.seen}")

    def sign_in(self):
        self.run_flow("default-authentication-flow")
        me = self.me()
        assert me.status_code == 200 and me.json()["user"]["username"] == self.username, me.text
        return self

    def visit(self, url, until=REDIRECT):
        """Follows redirects and goes through flows until the browser would leave for `until`; that address."""
        for _ in range(15):
            if url.startswith(until):
                return url
            answer = self.get(url)
            if answer.status_code in (302, 303, 307):
                url = urllib.parse.urljoin(url, answer.headers["Location"])
                continue
            if flow := re.match(r"/if/flow/([^/]+)/", urllib.parse.urlsplit(url).path):
                to = self.run_flow(flow.group(1), urllib.parse.urlsplit(url).query)
                url = urllib.parse.urljoin(self.server.base, to)
                continue
            raise AssertionError(f"stopped at {url}: {answer.status_code} {answer.text[:400]}")
        raise AssertionError(f"too many steps, last at {url}")

    def open(self, url):
        """Follows redirects and goes through flows as a browser would; the page at the end."""
        for _ in range(20):
            answer = self.get(url)
            if answer.status_code in (302, 303, 307):
                url = urllib.parse.urljoin(answer.url, answer.headers["Location"])
                continue
            flow = re.match(r"/if/flow/([^/]+)/", urllib.parse.urlsplit(url).path)
            if answer.status_code == 200 and flow and url.startswith(self.server.base):
                to = self.run_flow(flow.group(1), urllib.parse.urlsplit(url).query)
                url = urllib.parse.urljoin(self.server.base, to)
                continue
            return answer
        raise AssertionError(f"too many steps, last at {url}")

    def press(self, page):
        """Presses the button of the form on a page; the answer."""
        form = re.search(r'<form[^>]*action="([^"]*)".*?</form>', page.text, re.S)
        inputs = [re.search(r"<[^>]*>", part).group() for part in re.findall(r"<input[^>]*>", form.group())]
        text = lambda tag, name: html.unescape((re.search(rf'\b{name}="([^"]*)"', tag) or [None, ""])[1])
        fields = {text(tag, "name"): text(tag, "value") for tag in inputs if text(tag, "name")}
        return self.web.post(urllib.parse.urljoin(page.url, html.unescape(form.group(1))), data=fields, timeout=30, allow_redirects=False)

    def authorize(self, app, **parameters):
        """The parameters with which the browser comes back to the application."""
        url = self.visit(app.authorize_url(**parameters), until=app.redirect)
        parts = urllib.parse.urlsplit(url)
        return dict(urllib.parse.parse_qsl(parts.query or parts.fragment))

    def code(self, app, **parameters):
        back = self.authorize(app, **parameters)
        assert "code" in back, back
        return back["code"]

    def tokens(self, app, **parameters):
        answer = app.redeem(self.code(app, **parameters))
        assert answer.status_code == 200, answer.text
        return answer.json()


class Demo(Process):
    """The demo application beside a server."""

    def __init__(self, app_server, client=None, port=None):
        super().__init__("demo")
        self.port = port or free_port()
        self.base = f"http://localhost:{self.port}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="demo-"))
        self.environment = {
            "DEMO_LISTEN": f"127.0.0.1:{self.port}",
            "AUTHENTIK_BASE_URL": f"http://127.0.0.1:{app_server.port}",
            "AUTHENTIK_PUBLIC_URL": app_server.base,
            "FLASK_BASE_URL": self.base,
        }
        if client:
            self.environment |= {"AUTHENTIK_CLIENT_ID": client.id, "AUTHENTIK_CLIENT_SECRET": client.secret}

    def start(self):
        self.spawn([DEMO], self.environment, cwd=self.folder)
        wait_for(lambda: requests.get(self.base + "/health", timeout=5).status_code == 200, 20, "the demo")
        return self

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def claims(jwt):
    """The claims of a token, unverified: the tests that verify use a library."""
    payload = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def pkce():
    """A verifier and its S256 challenge."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
