"""Applications behind a reverse proxy that asks this server: real nginx, Caddy and Envoy, set up as docs/proxy.md says, in
front of an application that repeats what it is sent; and requests as Traefik sends them."""

import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import pytest
import requests

from world import PASSWORD, ROOT, App, Person, Process, Server, claims, free_port, wait_for

GUIDE = (ROOT / "docs/proxy.md").read_text()
HEADERS = ("username", "groups", "entitlements", "email", "name", "uid")


def block(language):
    """A configuration of the guide."""
    return re.search(rf"```{language}\n(.*?)```", GUIDE, re.S).group(1)


class Echo(http.server.BaseHTTPRequestHandler):
    """The application: it says what it was asked."""

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = {"path": self.path, "headers": [[name.lower(), value] for name, value in self.headers.items()]}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Front(Process):
    """A reverse proxy as the guide sets it up."""

    def __init__(self, name, server, upstream):
        super().__init__(name)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"countersign-{name}-"))
        self.port = free_port()
        self.base = f"http://localhost:{self.port}"
        self.spawn(getattr(self, name)(server.port, upstream), {"HOME": str(self.folder)})
        wait_for(lambda: requests.get(f"{self.base}/outpost.goauthentik.io/ping", timeout=5).status_code == 204, 30, name)

    def nginx(self, server, upstream):
        own = block("nginx").replace("http://127.0.0.1:8080", f"http://127.0.0.1:{upstream}")
        own = own.replace("http://countersign:9000", f"http://127.0.0.1:{server}")
        own = own.replace("listen 443 ssl;", f"listen 127.0.0.1:{self.port};")
        own = re.sub(r"ssl_certificate.*?;", "", own)
        paths = " ".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        text = f"daemon off; pid {self.folder}/pid; error_log stderr; worker_processes 1; events {{}} http {{ access_log off; {paths} {own} }}"
        (self.folder / "nginx.conf").write_text(text)
        return ["/usr/sbin/nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def caddy(self, server, upstream):
        own = block("caddyfile").replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")
        own = own.replace("countersign:9000", f"127.0.0.1:{server}").replace("app.company.example", f"http://localhost:{self.port}")
        (self.folder / "Caddyfile").write_text("{\n admin off\n}\n" + own)
        program = pathlib.Path(sys.executable).parent / "caddy"
        return [str(program), "run", "--config", str(self.folder / "Caddyfile"), "--adapter", "caddyfile"]

    def envoy(self, server, upstream):
        own = re.search(r"```yaml\n(static_resources:.*?)```", GUIDE, re.S).group(1)
        own = own.replace("address: 0.0.0.0, port_value: 10000", f"address: 127.0.0.1, port_value: {self.port}")
        own = own.replace("address: 127.0.0.1, port_value: 8080", f"address: 127.0.0.1, port_value: {upstream}")
        own = own.replace("address: countersign, port_value: 9000", f"address: 127.0.0.1, port_value: {server}")
        (self.folder / "envoy.yaml").write_text(own)
        program = pathlib.Path(sys.executable).parent / "envoy"
        arguments = ["--config-path", str(self.folder / "envoy.yaml"), "--concurrency", "1", "--disable-hot-restart"]
        return [str(program), *arguments, "--log-level", "warning"]

    def close(self):
        self.stop()
        self.log.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def upstream():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture(scope="module")
def server():
    server = Server()
    server.environment["AUTHENTIK_BASE_URL"] = server.base
    server.start()
    server.group("Staff")
    yield server
    server.close()


def proxied(server, slug, external, **provider):
    """An application behind a proxy."""
    provider = {
        "name": f"{slug}-proxy",
        "authorization_flow": server.flow("default-provider-authorization-implicit-consent"),
        "invalidation_flow": server.flow("default-provider-invalidation-flow"),
        "external_host": external,
        "mode": "forward_single",
    } | provider
    provider = server.create("providers/proxy/", **provider)
    return provider, server.create("core/applications/", name=slug.title(), slug=slug, provider=provider["pk"])


def known(page):
    """What the application was told."""
    assert page.status_code == 200, f"{page.url}: {page.status_code} {page.text[:400]}"
    told = page.json()
    names = [name for name, _ in told["headers"]]
    for name in HEADERS:
        assert names.count(f"x-authentik-{name}") <= 1, names
    return told | {"headers": dict(told["headers"])}


@pytest.mark.parametrize("name", ["nginx", "caddy", "envoy"])
def test_an_application_behind_a_proxy_knows_who_it_is(server, upstream, name):
    """The whole job: sign in, be known, sign out; a deactivated account and a changed policy end it at once."""
    front = Front(name, server, upstream)
    try:
        used(server, front, name)
    finally:
        front.close()
        assert not server.panics()


def used(server, front, name):
    provider, application = proxied(server, name, front.base, skip_path_regex="^/public(/|$)")
    attributes = {"additionalHeaders": {"X-Team": "blue"}}
    user = server.user(f"{name}-ada", groups=("Staff",), attributes=attributes)
    page = f"{front.base}/wiki?page=1&of=2"

    # A client's own words about who it is reach nobody, on open paths neither.
    forged = {"X-authentik-username": "root", "X-Authentik-Groups": "admins"}
    told = known(requests.get(f"{front.base}/public/logo", headers=forged, timeout=10))
    assert not told["headers"].get("x-authentik-username") and not told["headers"].get("x-authentik-groups")
    for path in ("/public/../wiki", "/public/%2e%2e/wiki", "/public%2f..%2fwiki", "/public/..;/wiki"):
        request = requests.Request("GET", front.base + path).prepare()
        request.url = front.base + path
        with requests.Session() as session:
            answer = session.send(request, allow_redirects=False, timeout=10)
        assert answer.status_code in (302, 400), f"{path}: {answer.status_code}"

    ada = Person(server, user["username"])
    # Unknown browsers are sent to sign in, and come back to where they wanted to go, whole.
    told = known(ada.open(page))
    assert told["path"] == "/wiki?page=1&of=2"
    assert told["headers"]["x-authentik-username"] == user["username"]
    assert told["headers"]["x-authentik-groups"] == "Staff"
    assert told["headers"]["x-authentik-email"] == user["email"]
    if name != "nginx":
        assert claims(told["headers"]["x-authentik-jwt"])["preferred_username"] == user["username"]
    told = known(ada.web.get(page, headers=forged, timeout=10, allow_redirects=False))
    assert told["headers"]["x-authentik-username"] == user["username"]
    assert told["headers"]["x-authentik-groups"] == "Staff"
    # Nor can a client have them taken out again by calling them its connection's.
    answer = ada.web.get(page, headers={"Connection": "close, X-authentik-username"}, timeout=10, allow_redirects=False)
    assert answer.status_code == 400 or known(answer)["headers"]["x-authentik-username"] == user["username"]
    # A form that is sent is not swallowed by the question.
    assert known(ada.web.post(page, data={"a": "b"}, timeout=10, allow_redirects=False))["path"] == "/wiki?page=1&of=2"

    # A rule that no longer lets her in counts at once, and when it is gone she need not sign in.
    is_known = lambda: ada.web.get(page, timeout=10, allow_redirects=False).status_code == 200
    others = server.group(f"{name} others")
    binding = server.create("policies/bindings/", target=application["pk"], group=others["pk"], order=0)
    assert not is_known()
    refused = ada.open(page)
    assert refused.url.startswith(server.base) and f"You can’t open {name.title()}" in refused.text
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    assert is_known()

    # So does an account that is deactivated.
    server.patch(f"core/users/{user['pk']}/", is_active=False)
    assert not is_known()
    server.patch(f"core/users/{user['pk']}/", is_active=True)

    # Signed out at the application she is signed out everywhere.
    known(ada.open(page))
    out = ada.open(f"{front.base}/outpost.goauthentik.io/sign_out")
    assert out.url.startswith(server.base) and out.status_code == 200, out.url
    assert ada.me().status_code == 403
    assert not is_known()
    # And signed out here, at the application.
    known(ada.open(page))
    ada.run_flow("default-invalidation-flow")
    assert not is_known()


def test_traefik_asks_in_its_words(server, upstream):
    """As Traefik 3 sends them: the auth request, and the answer handed to the browser unless it is 2xx."""
    proxied(server, "traefik", "https://traefik.example.test", skip_path_regex="^/public")
    ada = Person(server, server.user("traefik-ada")["username"])

    def asked(uri, cookies="", **more):
        headers = {
            "X-Forwarded-Method": "GET", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "traefik.example.test",
            "X-Forwarded-Uri": uri, "X-Forwarded-For": "203.0.113.7", "X-Real-Ip": "203.0.113.7", "X-Forwarded-Port": "443",
            "X-Forwarded-Server": "edge", "Cookie": cookies,
        } | more
        url = f"{server.base}/outpost.goauthentik.io/auth/traefik"
        return requests.get(url, headers={k: v for k, v in headers.items() if v}, timeout=10, allow_redirects=False)

    pair = lambda answer, name: re.search(rf"({name}=[^;]*);", answer.headers["Set-Cookie"]).group(1)
    away = asked("/wiki?page=1")
    assert away.status_code == 302 and away.headers["Location"].startswith(f"{server.base}/application/o/authorize/?")
    for part in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/"):
        assert part in away.headers["Set-Cookie"]
    login = pair(away, r"authentik_proxy_\w{8}_login")
    back = ada.visit(away.headers["Location"], until="https://traefik.example.test/")
    came = asked(back.removeprefix("https://traefik.example.test"), login)
    assert (came.status_code, came.headers["Location"]) == (302, "https://traefik.example.test/wiki?page=1")
    cookie = pair(came, r"authentik_proxy_\w{8}")
    told = asked("/wiki", cookie)
    assert told.status_code == 200 and told.headers["X-authentik-username"] == "traefik-ada" and told.content == b""
    assert asked("/public/x").headers["X-authentik-username"] == ""
    for wrong in ({"X-Forwarded-Uri": ""}, {"X-Forwarded-Host": "a.test, b.test"}, {"X-Forwarded-Proto": "gopher"}, {"X-Forwarded-Uri": "/%zz"}):
        answer = asked("/public/x", cookie, **wrong)
        assert (answer.status_code, answer.text) == (400, "configuration error"), wrong
    assert asked("/", **{"X-Forwarded-Host": "nobody.test"}).status_code == 404
    events = server.get("events/events/", action="configuration_error", page_size=100)["results"]
    assert any("X-Forwarded" in event["context"]["message"].title() for event in events)


def test_a_provider_is_a_client_with_its_settings_given(server):
    """What the API says of it, and how it is one to the protocol."""
    provider, application = proxied(server, "given", "https://given.example.test")
    assert provider["redirect_uris"] == [
        {"matching_mode": "strict", "url": "https://given.example.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true"},
        {"matching_mode": "strict", "url": "https://given.example.test?X-authentik-auth-callback=true"},
    ]
    assert "client_secret" not in provider and "cookie_secret" not in provider and len(provider["client_id"]) == 40
    wanted = server.scopes("openid", "profile", "email", "entitlements", "ak_proxy")
    assert sorted(provider["property_mappings"]) == sorted(wanted)
    document = requests.get(f"{server.base}/application/o/given/.well-known/openid-configuration", timeout=10).json()
    assert document["id_token_signing_alg_values_supported"] == ["HS256"] and "ak_proxy" in document["scopes_supported"]
    assert server.get(f"core/applications/given/")["launch_url"] == "https://given.example.test"
    assert "ak-provider-proxy-form" in [kind["component"] for kind in server.get("providers/all/types/")]
    for wrong, field in (
        ({"mode": "proxy"}, "internal_host"),
        ({"basic_auth_enabled": True}, "basic_auth_enabled"),
        ({"mode": "forward_domain"}, "cookie_domain"),
        ({"external_host": "https://given.example.test:443/"}, "external_host"),
        ({"skip_path_regex": "("}, "skip_path_regex"),
    ):
        body = {
            "name": "wrong", "authorization_flow": provider["authorization_flow"], "invalidation_flow": provider["invalidation_flow"],
            "external_host": "https://wrong.example.test", "mode": "forward_single",
        }
        answer = server.api("POST", "providers/proxy/", 400, json=body | wrong).json()
        assert list(answer) == [field], answer
    # Its identifier is no other client's.
    taken = server.api("POST", "providers/oauth2/", 400, json={
        "name": "taken", "authorization_flow": provider["authorization_flow"], "invalidation_flow": provider["invalidation_flow"],
        "redirect_uris": [], "client_id": provider["client_id"],
    }).json()
    assert list(taken) == ["client_id"], taken
