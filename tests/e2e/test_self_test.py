"""The test of a reverse proxy in front of an application, at real nginx and Caddy that are set up as the page of the provider
says, or wrong in one thing; and HAProxy and Apache as the page sets them up, which sign people in."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

import pytest
import requests

from peers import MODULES
from test_proxy import Front, known, proxied, server, upstream  # noqa: F401
from world import PROGRAM, Person, Server, free_port, wait_for


def console(server, *arguments):
    """`countersign doctor proxy` beside the server that runs."""
    environment = server.environment | {"PATH": os.environ["PATH"]}
    return subprocess.run([PROGRAM, "doctor", "proxy", *arguments], env=environment, capture_output=True, text=True, timeout=90)


class Printed(Front):
    """A reverse proxy with the settings that the page of a provider prints. `edit` makes them wrong."""

    def __init__(self, name, server, upstream, edit=lambda text: text, **provider):
        super(Front, self).__init__(name)
        self.edit, self.server, self.upstream = edit, server, upstream
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"countersign-{name}-"))
        self.port = free_port()
        self.base = f"http://localhost:{self.port}"
        self.provider, self.application = proxied(server, f"{name}-{self.port}", self.base, **provider)
        self.spawn(getattr(self, name)(), {"HOME": str(self.folder), "PATH": "/usr/sbin:/usr/bin:/bin"})
        # Some are so wrong that nothing good is answered.
        wait_for(lambda: requests.get(self.base, timeout=5, allow_redirects=False).status_code, 30, name)

    def printed(self, label):
        """The settings of the page, with the addresses of this test in place of the two examples."""
        sheet = self.server.get(f"countersign/providers/{self.provider['pk']}/")
        (text,) = [one["text"] for one in sheet["snippets"] if one["label"] == label]
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{self.upstream}")
        return text.replace("countersign:9000", f"127.0.0.1:{self.server.port}")

    def nginx(self):
        paths = " ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        own = self.edit(self.printed("nginx"))
        text = f"daemon off; pid {self.folder}/pid; error_log stderr; worker_processes 1; events {{}} http {{ access_log off; {paths} {own} }}"
        (self.folder / "nginx.conf").write_text(text)
        return ["/usr/sbin/nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def caddy(self):
        (self.folder / "Caddyfile").write_text("{\n admin off\n}\n" + self.edit(self.printed("Caddy")))
        program = pathlib.Path(sys.executable).parent / "caddy"
        return [str(program), "run", "--config", str(self.folder / "Caddyfile"), "--adapter", "caddyfile"]

    def haproxy(self):
        lua = self.folder / "countersign-haproxy.lua"
        lua.write_text(self.edit(self.printed("HAProxy: countersign-haproxy.lua")))
        text = self.printed("HAProxy").replace("/etc/haproxy/countersign-haproxy.lua", str(lua))
        (self.folder / "haproxy.cfg").write_text(text)
        return ["/usr/sbin/haproxy", "-f", str(self.folder / "haproxy.cfg"), "-db"]

    def apache(self):
        lua = self.folder / "countersign-apache.lua"
        lua.write_text(self.edit(self.printed("Apache: countersign-apache.lua")))
        site = self.printed("Apache").replace("/etc/apache2/countersign-apache.lua", str(lua))
        self.folder.chmod(0o755)
        modules = "mpm_event authn_core authz_core headers proxy proxy_http lua".split()
        lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in modules]
        (self.folder / "apache.conf").write_text("\n".join(lines) + f"""
            ServerName localhost
            ServerRoot {self.folder}
            PidFile {self.folder}/pid
            Listen 127.0.0.1:{self.port}
            ErrorLog {self.folder}/errors
            User www-data
            Group www-data
            {site}
        """)
        return ["/usr/sbin/apache2", "-f", str(self.folder / "apache.conf"), "-D", "FOREGROUND"]

    def tested(self, **wanted):
        return self.server.api("POST", f"countersign/proxy/{self.provider['pk']}/test/", json=wanted).json()


NEEDED = {
    "haproxy": ["/usr/sbin/haproxy"],
    "apache": ["/usr/sbin/apache2", f"{MODULES}/mod_lua.so", "/usr/share/lua/5.3/socket/http.lua"],
}


@pytest.fixture
def front(server, upstream):
    started = []

    def start(name, edit=lambda text: text, **provider):
        missing = [file for file in NEEDED.get(name, []) if not pathlib.Path(file).exists()]
        if missing:
            pytest.skip(f"{missing[0]} is missing")
        started.append(Printed(name, server, upstream, edit, **provider))
        return started[-1]

    yield start
    for one in started:
        one.close()
    assert not server.panics()


def codes(report, *grades):
    return [check["code"].removeprefix("proxy.test.") for check in report["checks"] if check["grade"] in grades]


FRONTS = ["nginx", "caddy", "haproxy", "apache"]


@pytest.mark.parametrize("name", FRONTS)
def test_settings_as_printed_are_well(server, front, name):
    one = front(name, skip_path_regex="^/public(/|$)")
    report = one.tested(paths=["/", "/wiki?page=1", "/public/x"])
    assert report["grade"] == "well", json.dumps(report, indent=1)
    assert codes(report, "well") == ["asked", "asked", "open", "start", "told", "not_forged", "not_taken_out"], report
    # Nothing of what came back is told, and no name of anybody.
    assert "x-authentik-username" in json.dumps(report) and "countersign-test-username" not in json.dumps(report)
    # On the console.
    done = console(server, f"localhost:{one.port}", "/wiki")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout and "/wiki: The reverse proxy asks" in done.stdout


@pytest.mark.parametrize("name", ["haproxy", "apache"])
def test_settings_as_printed_sign_people_in(server, front, name):
    one = front(name)
    user = server.user(f"{name}-printed-ada")
    ada = Person(server, user["username"])
    page = f"{one.base}/wiki?page=1&of=2"
    told = known(ada.open(page))
    assert told["path"] == "/wiki?page=1&of=2"
    assert told["headers"]["x-authentik-username"] == user["username"] and told["headers"]["x-authentik-email"] == user["email"]
    # A client's own words about who it is reach nobody, in no spelling.
    forged = {"X-authentik-username": "root", "X-Authentik-Meta-App": "other", "X_authentik_username": "root", "x-authentik_groups": "admins"}
    told = known(ada.web.get(page, headers=forged, timeout=10, allow_redirects=False))
    assert told["headers"]["x-authentik-username"] == user["username"]
    assert "root" not in json.dumps(told) and "admins" not in json.dumps(told), told
    answer = ada.web.get(page, headers={"Connection": "close, X-authentik-username"}, timeout=10, allow_redirects=False)
    assert answer.status_code == 400
    assert known(ada.web.post(page, data={"a": "b"}, timeout=10, allow_redirects=False))["path"] == "/wiki?page=1&of=2"
    # Signed out at the application she is signed out everywhere.
    ada.open(f"{one.base}/outpost.goauthentik.io/sign_out")
    answer = ada.web.get(page, headers={"Host": f"localhost:{one.port}"}, timeout=10, allow_redirects=False)
    assert answer.status_code == 302, answer.status_code


def without(pattern, instead=""):
    def edit(text):
        edited = re.sub(pattern, instead, text, flags=re.S)
        assert edited != text, pattern
        return edited

    return edit


WRONG = {
    "nginx": [
        (without(r"auth_request /outpost.*?;"), "not_asked"),
        (without(r"error_page 401 = @sign_in;"), "no_sign_in"),
        (without(r"proxy_set_header X-Original-URL .*?;"), "header"),
        (without(r"\$scheme://\$http_host\$request_uri;(\s+proxy_set_header X-Original-URI)", r"$scheme://$http_host$uri;\1"), "path"),
        (without(r"X-Original-URL \$scheme", "X-Original-URL https"), "scheme"),
        (without(r"X-Original-URL \$scheme://\$http_host", "X-Original-URL http://other.example.test"), "host"),
        (without(r"proxy_set_header X-Original-URI \"\";", 'proxy_set_header X-Original-URI ""; proxy_set_header Cookie "";'), "cookie"),
        (without(r"    location /outpost.goauthentik.io/ \{.*?\}"), "no_start"),
        (without(r"proxy_set_header X-Forwarded-Proto \$scheme;", "proxy_hide_header Set-Cookie;"), "set_cookie"),
        (without(r"proxy_set_header X-authentik-(username|groups|jwt) .*?;"), "forged"),
    ],
    "caddy": [
        (without(r"forward_auth .*?\n        \}"), "not_asked"),
        (without(r"reverse_proxy /outpost.*?\n"), "no_start"),
        (without(r"X-Authentik-Jwt "), "forged"),
        (without(r"@named header_regexp.*?respond @named 400"), "connection"),
    ],
}


@pytest.mark.parametrize("name,number", [(name, number) for name, all in WRONG.items() for number in range(len(all))])
def test_what_is_wrong_is_named(server, front, name, number):
    edit, code = WRONG[name][number]
    one = front(name, edit)
    report = one.tested(paths=["/wiki?page=1"])
    assert report["grade"] == "broken" and code in codes(report, "broken"), json.dumps(report, indent=1)
    done = console(server, f"localhost:{one.port}", "/wiki?page=1")
    assert done.returncode == 2 and "BROKEN" in done.stdout, done.stdout + done.stderr


def test_one_location_without_the_question_is_found(server, front):
    def edit(text):
        return text.replace("    location / {", "    location /api/ { proxy_pass http://127.0.0.1:1; }\n    location /files/ { return 204; }\n    location / {")

    one = front("nginx", edit)
    report = one.tested(paths=["/", "/files/a"])
    found = [(check["path"], check["code"].split(".")[-1]) for check in report["checks"] if check["grade"] == "broken"]
    assert found == [("/files/a", "not_asked")], report
    report = one.tested(paths=["/api/a"])
    assert codes(report, "broken")[0] == "cannot_ask", report


def test_only_who_may_change_the_provider_tests_it_and_only_its_host(server):
    port = free_port()
    provider, _ = proxied(server, "lonely", f"http://localhost:{port}")
    path = f"countersign/proxy/{provider['pk']}/test/"
    user = server.user("no-tester")
    server.create("core/tokens/", identifier="no-tester", user=user["pk"], intent="api")
    token = server.get("core/tokens/no-tester/view_key/")["key"]
    assert server.api("POST", path, token=token, json={}).status_code == 403
    for wrong in ({"host": "169.254.169.254"}, {"host": "localhost:1"}, {"paths": ["http://elsewhere.test/"]}, {"paths": ["/a"] * 6}, {"paths": "x"}):
        assert server.api("POST", path, 400, json=wrong).json(), wrong
    report = server.api("POST", path, 200, json={}).json()
    assert codes(report, "broken") == ["unreachable"], report
    # The mark of a test that is made up opens nothing.
    word = "A" * 48
    asked = {"X-Original-URL": f"http://localhost:{port}/", "X-Countersign-Test": word, "Cookie": f"authentik_proxy_test={word}"}
    answer = requests.get(f"{server.base}/outpost.goauthentik.io/auth/nginx", headers=asked, timeout=10)
    assert answer.status_code == 401
    done = console(server, "nobody.example.test")
    assert done.returncode == 2 and "No proxy provider answers" in done.stdout, done.stdout


class Hostile(http.server.BaseHTTPRequestHandler):
    """Who answers for one host below the cookie domain, and asks about others with what the test brings."""

    asks, answers, known = [], [], set()

    def log_message(self, *_):
        pass

    def do_GET(self):
        word = self.headers["X-Countersign-Test"]
        mark = {"Cookie": f"authentik_proxy_test={word}", "X-Countersign-Test": word, "X-Forwarded-For": "192.0.2.7"}
        own = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "app1.company.test", "X-Forwarded-Uri": self.path}
        # A visit of a path before is one of a stranger; the second and the third would be let through.
        later, _ = self.path in self.known, self.known.add(self.path)
        for front, headers in self.asks if later else [("traefik", {})]:
            url = f"{self.base}/outpost.goauthentik.io/auth/{front}"
            headers = {name: value for name, value in (own | mark | headers).items() if value}
            answer = requests.get(url, headers=headers, allow_redirects=False, timeout=10)
            named = "X-authentik-username" in answer.headers
            if later:
                self.answers.append((answer.status_code, named))
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() in ("location", "x-authentik-username"):
                self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_whoever_is_visited_opens_nothing_else_with_the_mark():
    port = free_port()
    server = Server(COUNTERSIGN_OUTBOUND__RESOLVE=f"app1.company.test=127.0.0.1:{port}", COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.1/32")
    server.environment["AUTHENTIK_BASE_URL"] = server.base
    server.start()
    hostile = http.server.ThreadingHTTPServer(("127.0.0.1", port), Hostile)
    threading.Thread(target=hostile.serve_forever, daemon=True).start()
    Hostile.base = server.base
    try:
        provider, _ = proxied(server, "domain", "http://auth.company.test", mode="forward_domain", cookie_domain="company.test")

        def asked(*asks):
            Hostile.asks, Hostile.answers, Hostile.known = asks, [], set()
            report = server.api("POST", f"countersign/proxy/{provider['pk']}/test/", 200, json={"host": "app1.company.test", "paths": ["/wiki?a=1"]}).json()
            return Hostile.answers, report

        other = {"X-Forwarded-Host": "app2.company.test"}
        url = lambda address: {"X-Original-URL": address, "X-Forwarded-Proto": "", "X-Forwarded-Host": "", "X-Forwarded-Uri": ""}
        # What was asked about, and that once.
        answers, _ = asked(("traefik", {}), ("traefik", {}))
        assert answers == [(200, True), (302, False)] * 2, answers
        answers, _ = asked(("nginx", url("http://app1.company.test/wiki?a=1")))
        assert answers == [(200, True)] * 2, answers
        # Nothing else, and neither what was asked about afterwards.
        for wrong in (
            ("traefik", other),
            ("traefik", other | {"X-Forwarded-Uri": "/secret"}),
            ("traefik", {"X-Forwarded-Uri": "/secret"}),
            ("traefik", {"X-Forwarded-Proto": "https"}),
            ("caddy", other),
            ("nginx", url("http://app2.company.test/wiki?a=1")),
            ("nginx", url("http://auth.company.test/wiki?a=1")),
            ("envoy/wiki?a=1", {"Host": "app2.company.test", "X-Forwarded-Host": ""}),
        ):
            answers, report = asked(wrong, ("traefik", {}))
            assert len(answers) == 4 and not any(status < 300 or named for status, named in answers), (wrong, answers)
        answers, report = asked(("traefik", other))
        assert report["grade"] == "broken" and "host" in codes(report, "broken"), report
        assert not server.panics()
    finally:
        hostile.shutdown()
        server.close()


def test_where_this_server_passes_requests_on_itself(server, upstream):
    """Mode Proxy: its own address may lead to it by another name."""
    port = free_port()
    host = f"127.0.0.1:{server.port}"
    provider, _ = proxied(server, "ours", f"http://{host}", mode="proxy", internal_host=f"http://127.0.0.1:{upstream}")
    path = f"countersign/proxy/{provider['pk']}/test/"
    report = server.api("POST", path, 200, json={"paths": ["/wiki"]}).json()
    assert report["grade"] == "well" and codes(report, "well") == ["asked", "start"], report
    server.patch(f"providers/proxy/{provider['pk']}/", external_host=f"http://localhost:{port}")
    assert codes(server.api("POST", path, 200, json={}).json(), "broken") == ["unreachable"]
