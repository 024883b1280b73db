"""OpenID Connect with applications of other people: mod_auth_openidc under Apache, oauth2-proxy, go-oidc, mozilla-django-oidc,
Spring Security, and oidc-client-ts in a browser. Each signs people in, renews, signs out and refuses, set up as docs/applications.md says."""

import concurrent.futures
import http.server
import json
import re
import secrets
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest
import requests

from browser import Window, sign_in
from peers import Apache, go_program, guide, spring_program
from world import TESTS, Person, Process, Server, free_port, wait_for


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    for name in ("Staff", "Guests"):
        server.group(name)
    server.user("ida", ["Staff"])
    server.user("gus", ["Guests"])
    server.user("joe", ["Guests"])
    yield server
    assert not server.panics()
    server.close()


@pytest.fixture
def run():
    """Starts programs of one test."""
    started = []

    def begin(process, *arguments):
        started.append(process)
        process.serve(*arguments)
        return process

    yield begin
    for process in started:
        process.close()


SERVER, SITE = "https://id.company.example", "https://wiki.company.example"


def examples(server, app, site):
    """What a test has instead of the guide's examples."""
    return {"/o/wiki/": f"/o/{app.slug}/", SERVER: server.base, SITE: site, "CLIENT_ID": app.id, "CLIENT_SECRET": app.secret}


def pass_seconds(count):
    """Until that many have passed by the clock that applications look at."""
    begin = time.time()
    wait_for(lambda: time.time() > begin + count, 60, "time to pass", 0.1)


def only_for(server, app, group):
    """From then on the application is for members of a group."""
    body = {"target": app.application["pk"], "group": server.one("core/groups/", name=group)["pk"], "order": 0}
    server.create("policies/bindings/", **body)


def test_mod_auth_openidc_protects_a_site(server, run):
    site = Apache("auth_openidc")
    callback = f"{site.base}/private/callback"
    app = server.application("apache", redirects=[callback], scopes=["offline_access"], include_claims_in_id_token=False)
    example = examples(server, app, site.base)
    protected = guide("applications", "Apache: mod_auth_openidc", example | {"A_LONG_RANDOM_TEXT": secrets.token_hex(16), "Interval 60": "Interval 1"})
    # Debian's module asks about tokens by HTTPS alone.
    example[SERVER] = f"https://localhost:{server.tls_port}"
    called = guide("applications", "Apache: mod_auth_openidc", {name: example[name] for name in (SERVER, "CLIENT_ID", "CLIENT_SECRET")}, 1)
    run(site, f"""
        {protected}
        {called}
        OIDCOAuthSSLValidateServer Off
        OIDCInfoHook access_token refresh_token
        <Location /private>
            Header set X-User expr=%{{REMOTE_USER}}
            Header set X-Groups %{{OIDC_CLAIM_groups}}e
        </Location>
    """)
    ida, joe = Person(server, "ida"), Person(server, "joe")
    inside = ida.open(f"{site.base}/private/")
    assert inside.text == "inside" and inside.headers["X-User"] == "ida", site.errors()
    assert inside.headers["X-Groups"] == "Staff"
    assert ida.open(f"{site.base}/staff/").text == "staff only"
    assert joe.open(f"{site.base}/private/").text == "inside" and joe.get(f"{site.base}/staff/").status_code == 401

    # Who joins a group is in it with the next look at userinfo, as long as the ID token has no groups of its own.
    user = server.one("core/users/", username="joe")
    groups = [server.one("core/groups/", name=name)["pk"] for name in ("Guests", "Staff")]
    server.patch(f"core/users/{user['pk']}/", groups=groups)
    wait_for(lambda: joe.get(f"{site.base}/staff/").text == "staff only", 10, "the group to be seen", 0.3)

    # A token renewed on request, by several pages at once; and taken by an interface of the same site.
    about = lambda: ida.get(f"{callback}?info=json").json()
    before = about()
    renew = {"refresh": f"{site.base}/private/", "access_token": before["access_token"]}
    renewed = ida.get(f"{callback}?{urllib.parse.urlencode(renew)}")
    assert renewed.status_code == 302 and renewed.headers["Location"] == f"{site.base}/private/", renewed.headers
    after = about()
    assert after["access_token"] != before["access_token"] and after["refresh_token"] != before["refresh_token"]
    api = lambda token: requests.get(f"{site.base}/api/", headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code
    assert api(after["access_token"]) == 200 and api("made-up") == 401

    # Signed out there is signed out here.
    out = ida.open(f"{callback}?{urllib.parse.urlencode({'logout': f'{site.base}/'})}")
    assert out.text == "outside" and out.url.startswith(f"{site.base}/") and ida.me().status_code == 403
    assert ida.get(f"{site.base}/private/").headers["Location"].startswith(f"{server.base}/application/o/authorize/")
    assert api(after["access_token"]) == 401

    # Whom the application is not for does not come back to it; with another secret nobody does.
    only_for(server, app, "Guests")
    assert "You can’t open Apache" in ida.open(f"{site.base}/private/").text
    server.patch(f"providers/oauth2/{app.provider['pk']}/", client_secret="another")
    refused = Person(server, "gus").open(f"{site.base}/private/")
    assert refused.url.startswith(callback) and "Error" in refused.text and "invalid_client" in site.errors()


class Proxied(Process):
    """An oauth2-proxy with nothing behind it than one answer."""

    def __init__(self, program, folder):
        super().__init__("oauth2-proxy")
        self.folder = folder
        self.program, self.port = program, free_port()
        self.base = f"http://127.0.0.1:{self.port}"

    def serve(self, server, app):
        example = examples(server, app, self.base) | {"A_RANDOM_TEXT_16": secrets.token_hex(8), '"5m"': '"1s"', "http://127.0.0.1:8080": "static://200"}
        file = self.folder / "oauth2-proxy.cfg"
        file.write_text(guide("applications", "oauth2-proxy", example))
        self.spawn([str(self.program), f"--config={file}", f"--http-address=127.0.0.1:{self.port}", "--cookie-secure=false"], {})

        def answers():
            assert self.is_alive(), self.lines()[-5:]
            return requests.get(f"{self.base}/ping", timeout=5).status_code == 200

        wait_for(answers, 30, "oauth2-proxy")

    def close(self):
        self.stop()


def test_oauth2_proxy_renews_for_a_whole_page_at_once(server, run, tmp_path):
    proxy = Proxied(go_program("github.com/oauth2-proxy/oauth2-proxy/v7", "oauth2-proxy"), tmp_path)
    app = server.application("proxied", redirects=[f"{proxy.base}/oauth2/callback"], scopes=["offline_access"])
    run(proxy, server, app)
    user = server.user("eve", ["Staff"])
    eve = Person(server, "eve")
    assert eve.open(f"{proxy.base}/").text == "Authenticated", proxy.lines()[-5:]
    seen = eve.get(f"{proxy.base}/oauth2/auth").headers
    assert (seen["X-Auth-Request-Preferred-Username"], seen["X-Auth-Request-Email"]) == ("eve", "eve@example.test")
    assert seen["X-Auth-Request-Groups"] == "Staff"

    # The cookie is old enough: each request of the page renews with the same refresh token.
    cookies = dict(eve.web.cookies)
    pass_seconds(2)
    ask = lambda _: requests.get(f"{proxy.base}/oauth2/auth", cookies=cookies, timeout=30)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert [answer.status_code for answer in answers] == [202] * 6, proxy.lines()[-12:]
    assert all("Set-Cookie" in answer.headers for answer in answers), "none was renewed"
    assert not any("invalid_grant" in line for line in proxy.lines())
    assert not server.get("events/events/", action="suspicious_request", search="proxied")["results"]

    # The proxy signs out at the server by itself. Its right to renew outlives that (offline_access), but not the account.
    out = eve.get(f"{proxy.base}/oauth2/sign_out")
    assert out.status_code == 302 and eve.me().status_code == 403
    server.patch(f"core/users/{user['pk']}/", is_active=False)
    pass_seconds(2)
    ask(0)
    assert any("invalid_grant" in line for line in proxy.lines()), proxy.lines()[-12:]

    gus = Person(server, "gus")
    assert gus.open(f"{proxy.base}/").status_code == 403
    only_for(server, app, "Staff")
    assert "You can’t open Proxied" in Person(server, "gus").open(f"{proxy.base}/").text


def test_go_oidc_verifies_and_renews_six_times_at_once(server):
    app = server.application("go", scopes=["offline_access"])
    arguments = [go_program("./oidc_application"), f"{server.base}/application/o/go/", app.id, app.secret, app.redirect]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        url = client.stdout.readline().strip()
        callback = Person(server, "ida").visit(url, until=app.redirect) if url else ""
        output, errors = client.communicate(callback + "\n", timeout=60)
    assert client.returncode == 0, errors
    learned = json.loads(output)
    assert (learned["preferred_username"], learned["email"], learned["groups"]) == ("ida", "ida@example.test", ["Staff"])
    assert learned["refreshed"] == [learned["sub"]] * 6
    # Without its last slash the issuer is another; the library says so, and which one it should have been.
    wrong = subprocess.run([arguments[0], arguments[1].rstrip("/"), *arguments[2:]], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    assert wrong.returncode == 1 and arguments[1] in wrong.stderr, wrong.stderr


class Django(Process):
    """A site whose settings and code are the guide's."""

    def __init__(self, folder):
        super().__init__("django")
        self.port, self.folder = free_port(), folder
        self.base = f"http://127.0.0.1:{self.port}"

    def serve(self, server, app):
        example = examples(server, app, self.base)
        # These texts are parts of names, too.
        quoted = {f'"{name}"': f'"{example.pop(name)}"' for name in ("CLIENT_ID", "CLIENT_SECRET")}
        settings = guide("applications", "Django", example | quoted | {"SECONDS = 300": "SECONDS = 1"})
        (self.folder / "of_the_guide.py").write_text(settings)
        here = {name: example[name] for name in ("/o/wiki/", SERVER)}
        (self.folder / "wiki.py").write_text(guide("applications", "Django", here, 1))
        paths = {"PYTHONPATH": str(self.folder), "DATABASE": str(self.folder / "db"), "SECRET_KEY": secrets.token_hex(32)}
        self.spawn([sys.executable, str(TESTS / "django_app/app.py"), str(self.port)], paths)

        def answers():
            assert self.is_alive(), self.lines()[-5:]
            return requests.get(self.base, timeout=5).status_code == 200

        wait_for(answers, 60, "Django")

    def close(self):
        self.stop()


def test_a_django_site_signs_in_renews_and_signs_out(server, run, tmp_path):
    site = Django(tmp_path)
    app = server.application("django", redirects=[f"{site.base}/oidc/callback/"], post_logout_redirect_uris=[f"{site.base}/"])
    run(site, server, app)
    ida = Person(server, "ida")
    knows = lambda person: person.open(f"{site.base}/").json()
    assert knows(ida) == {"user": None}
    assert ida.open(f"{site.base}/oidc/authenticate/").json() == {"user": "ida", "email": "ida@example.test", "groups": ["Staff"]}
    # A second later it asks again by prompt=none; the groups are those of now.
    user = server.one("core/users/", username="ida")
    server.patch(f"core/users/{user['pk']}/", groups=[])
    pass_seconds(2)
    assert ida.get(f"{site.base}/").headers["Location"].startswith(f"{server.base}/application/o/authorize/?")
    assert knows(ida)["groups"] == []
    server.patch(f"core/users/{user['pk']}/", groups=user["groups"])

    # It signs out by a form, which its own token protects from others.
    answer = ida.web.post(f"{site.base}/oidc/logout/", timeout=30, allow_redirects=False)
    assert answer.status_code == 302 and answer.headers["Location"].startswith(f"{server.base}/application/o/django/end-session/?")
    assert ida.open(answer.headers["Location"]).json() == {"user": None} and ida.me().status_code == 403

    # Signed out here: the next renewal there finds nobody and says so.
    ida.open(f"{site.base}/oidc/authenticate/")
    ida.run_flow("default-invalidation-flow")
    pass_seconds(2)
    assert ida.open(f"{site.base}/").text == "refused"
    only_for(server, app, "Guests")
    assert "You can’t open Django" in Person(server, "ida").open(f"{site.base}/oidc/authenticate/").text


class Spring(Process):
    """A Spring Boot application whose settings and security are the guide's."""

    def __init__(self, folder):
        super().__init__("spring")
        self.jar = spring_program("spring_application", guide("applications", "Spring Boot", {}, 1))
        self.port, self.folder = free_port(), folder
        self.base = f"http://127.0.0.1:{self.port}"

    def serve(self, server, app):
        example = examples(server, app, self.base)
        del example[SITE]
        (self.folder / "application.yml").write_text(guide("applications", "Spring Boot", example))
        settings = [f"--server.port={self.port}", "--server.address=127.0.0.1", "--spring.main.lazy-initialization=true"]
        self.spawn(["java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-jar", str(self.jar), *settings], {}, cwd=self.folder)

        def answers():
            assert self.is_alive(), "\n".join(self.lines()[-15:])
            return requests.get(self.base, timeout=10).text == "outside"

        wait_for(answers, 120, "Spring")

    def close(self):
        self.stop()


def test_a_spring_application_gives_roles_renews_and_signs_out(server, run, tmp_path):
    site = Spring(tmp_path)
    app = server.application(
        "spring", redirects=[f"{site.base}/login/oauth2/code/countersign"], post_logout_redirect_uris=[site.base], scopes=["offline_access"],
        access_token_validity="seconds=30",
    )  # fmt: skip
    run(site, server, app)
    ida, gus = Person(server, "ida"), Person(server, "gus")
    assert ida.open(f"{site.base}/private").json() == {"user": "ida", "email": "ida@example.test", "roles": ["ROLE_Staff"]}, site.lines()[-15:]
    assert ida.get(f"{site.base}/staff").text == "staff only"
    assert gus.open(f"{site.base}/private").json()["roles"] == ["ROLE_Guests"] and gus.get(f"{site.base}/staff").status_code == 403
    # What ends within a minute counts as ended to Spring: each of these renews it.
    cookies = dict(ida.web.cookies)
    ask = lambda _: requests.get(f"{site.base}/token", cookies=cookies, timeout=30, allow_redirects=False)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert [answer.status_code for answer in answers] == [200] * 6 and len({answer.text for answer in answers}) > 1, answers[0].text[:500]
    assert ask(0).text not in {answer.text for answer in answers}

    out = ida.press(ida.get(f"{site.base}/logout"))
    assert out.headers["Location"].startswith(f"{server.base}/application/o/spring/end-session/?"), out.headers
    assert ida.open(out.headers["Location"]).text == "outside" and ida.me().status_code == 403
    only_for(server, app, "Staff")
    assert "You can’t open Spring" in Person(server, "gus").open(f"{site.base}/private").text


class Pages(http.server.ThreadingHTTPServer):
    """The page of an application that is nothing but script, and its library."""

    def __init__(self, port):
        library = TESTS / "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
        self.files = {"/oidc-client-ts.min.js": ("text/javascript", library.read_text())}
        self.base = f"http://localhost:{port}"
        super().__init__(("127.0.0.1", port), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def show(self, settings):
        page = (TESTS / "oidc_client_ts/index.html").read_text()
        self.files["/"] = ("text/html", page.replace("const settings = {};", settings))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            kind, text = self.server.files.get(urllib.parse.urlsplit(self.path).path, ("text/plain", ""))
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass


def test_oidc_client_ts_in_a_browser_renews_in_a_frame(server, browser):
    pages = Pages(free_port())
    app = server.application("spa", client_type="public", redirects=[f"{pages.base}/"], scopes=["offline_access"])
    example = examples(server, app, pages.base)
    del example["CLIENT_SECRET"]
    pages.show(guide("applications", "In the browser: oidc-client-ts", example))
    window = Window(browser, pages.base, "oidc-client-ts")
    try:
        window.go().see("nobody")
        window.press("Sign in")
        sign_in(window, "ida")
        window.see("ida: Staff")
        for button in ("Refresh", "Renew in a frame"):
            window.press(button)
            window.see("renewed for ida")
            window.go().see("ida: Staff")
        # Nobody is there any more: the frame gets an error, and no page is shown in it.
        cookies = window.context.cookies(server.base)
        window.context.clear_cookies()
        window.press("Renew in a frame")
        window.see("login_required")
        window.context.add_cookies(cookies)
        window.press("Sign out")
        window.see("nobody")
        assert window.problems == [], window.problems
        window.go(f"{server.base}/if/user/").at(re.compile("/if/flow/"))
    finally:
        window.close()
        pages.shutdown()
        pages.server_close()
