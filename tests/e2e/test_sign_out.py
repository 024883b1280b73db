"""One sign-out for every application: by a logout token from server to server, by the browser, and what the page says of it.
Logout tokens are verified by joserfc, Authlib's library."""

import http.server
import re
import threading
import urllib.parse

import pytest
import requests
from joserfc import jwk, jwt

from browser import Window, chromium, sign_in
from world import Person, Server, claims, wait_for

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(scope="module")
def server():
    server = Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8,::1/128").start()
    yield server
    assert not server.panics()
    server.close()


class Site:
    """The server of an application: what it is sent at its logout address, by whom. `answers` come first, then 200."""

    def __init__(self, answers=()):
        self.tokens, self.loads, self.answers = [], [], list(answers)
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                site.tokens.append(form["logout_token"][0])
                self.reply(site.answers.pop(0) if site.answers else 200)

            def do_GET(self):
                address = urllib.parse.urlsplit(self.path)
                site.loads.append((address.path, dict(urllib.parse.parse_qsl(address.query))))
                self.reply(200)

            def reply(self, status):
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", "8")
                self.end_headers()
                self.wfile.write(b"signed o")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site():
    made = []

    def make(answers=()):
        made.append(Site(answers))
        return made[-1]

    yield make
    for one in made:
        one.close()


def registered(server, site, slug, method="backchannel", **provider):
    return server.application(
        slug, redirects=(f"{site.base}/callback",), logout_uri=f"{site.base}/logout", logout_method=method, **provider
    )


def verified(app, token):
    """What an application makes of a logout token (Back-Channel Logout 1.0, 2.6)."""
    document = app.discovery()
    keys = jwk.KeySet.import_key_set(requests.get(document["jwks_uri"], timeout=10).json())
    read = jwt.decode(token, keys, algorithms=document["id_token_signing_alg_values_supported"])
    rules = {name: {"essential": True} for name in ("iat", "jti", "events", "sid", "sub")}
    expected = {"iss": {"essential": True, "value": document["issuer"]}, "aud": {"essential": True, "value": app.id}}
    jwt.JWTClaimsRegistry(**rules, **expected).validate(read.claims)
    said = read.claims
    assert read.header["typ"] == "logout+jwt" and said["events"] == {EVENT: {}} and "nonce" not in said
    assert 0 < said["exp"] - said["iat"] <= 120
    return said


def one_token(site, count=1):
    wait_for(lambda: len(site.tokens) >= count, 60, "the logout token")
    assert len(site.tokens) == count
    return site.tokens[-1]


def test_every_end_of_a_session_reaches_the_application(server, site):
    """Signed out by the person, by another application, by an administrator, deactivated, deleted: a logout token each time."""
    first, other = site(), site()
    app, silent = registered(server, first, "mail"), server.application("silent")
    asks = registered(server, other, "wiki")
    document = app.discovery()
    for flag in ("backchannel_logout_supported", "backchannel_logout_session_supported", "frontchannel_logout_supported",
                 "frontchannel_logout_session_supported"):
        assert document[flag] is True, flag
    user = server.user("ends")
    person = Person(server, "ends").sign_in()

    def signed_in(who):
        tokens = who.tokens(app)
        who.tokens(silent)
        return claims(tokens["id_token"])

    # By the person.
    told = signed_in(person)
    page = person.open("/flows/-/default/invalidation/")
    token = verified(app, one_token(first))
    assert (token["sub"], token["sid"]) == (told["sub"], told["sid"])
    assert person.me().status_code == 403
    # The page says what became of each, and that one stays.
    assert "/flows/-/signed-out/" in page.url
    wait_for(lambda: "Signed out here" in person.get(page.url).text, 30, "the page")
    text = person.get(page.url).text
    assert re.search(r'class="done".*?Mail.*?Signed out', text, re.S) and re.search(r'class="open".*?Silent', text, re.S), text
    # Its address is of no use in another browser, whoever is signed in there.
    for stranger in (Person(server), Person(server).sign_in()):
        text = stranger.get(page.url).text
        assert "You are signed out." in text and "Silent" not in text and "Mail" not in text
        stranger.web.cookies.set("authentik_signed_out", "of-another-ticket")
        assert "Silent" not in stranger.get(page.url).text

    # By another application, which is told itself, too; the browser goes on where that asks.
    person.sign_in()
    told, hint = signed_in(person), person.tokens(asks)["id_token"]
    query = urllib.parse.urlencode({"id_token_hint": hint, "post_logout_redirect_uri": asks.redirect, "state": "s"})
    page = person.open(f"{server.base}/application/o/wiki/end-session/?{query}")
    assert verified(app, one_token(first, 2))["sid"] == told["sid"]
    assert verified(asks, one_token(other))["sid"] == claims(hint)["sid"]
    back = lambda: person.get(page.url).headers.get("Location") if page.url.startswith(server.base) else page.url
    wait_for(lambda: back() == f"{asks.redirect}?state=s", 30, "the way back")

    # By an administrator.
    person.sign_in()
    told = signed_in(person)
    session = server.one("core/authenticated_sessions/", user__username="ends")
    server.api("DELETE", f"core/authenticated_sessions/{session['uuid']}/", 204)
    assert verified(app, one_token(first, 3))["sid"] == told["sid"]

    # With the account: deactivated, and deleted.
    person.sign_in()
    told = signed_in(person)
    server.patch(f"core/users/{user['pk']}/", is_active=False)
    assert verified(app, one_token(first, 4))["sid"] == told["sid"]
    server.patch(f"core/users/{user['pk']}/", is_active=True)
    person.sign_in()
    told = signed_in(person)
    server.api("DELETE", f"core/users/{user['pk']}/", 204)
    token = verified(app, one_token(first, 5))
    assert (token["sub"], token["sid"]) == (told["sub"], told["sid"])
    assert len({claims(token)["jti"] for token in first.tokens}) == 5


def test_an_application_learns_that_somebody_may_not_open_it_any_more(server, site):
    """A logout token for the session, whose tokens end; whoever is let in yet, and the session itself, go on."""
    first = site()
    app = registered(server, first, "guarded", scopes=("offline_access",))
    group = server.group("guards")
    server.create("policies/bindings/", target=server.get("core/applications/guarded/")["pk"], group=group["pk"], order=0)
    user = server.user("gus", groups=["guards"])
    server.user("gia", groups=["guards"])
    gus, gia = Person(server, "gus").sign_in(), Person(server, "gia").sign_in()
    scope = "openid offline_access"
    held, kept = gus.tokens(app, scope=scope), gia.tokens(app, scope=scope)
    server.api("POST", f"core/groups/{group['pk']}/remove_user/", 204, json={"pk": user["pk"]})
    assert verified(app, one_token(first))["sid"] == claims(held["id_token"])["sid"]
    info = lambda tokens: requests.get(app.discovery()["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10)
    assert info(held).status_code == 401 and info(kept).status_code == 200
    assert gus.me().status_code == 200 and gia.me().status_code == 200
    assert app.refresh(held["refresh_token"]).status_code == 400


def test_what_is_not_reached_is_tried_again_and_then_said(server, site):
    """An application that is away gets its token later; one that refuses is an event, and the page says so."""
    away, refuses = site([503, 503]), site([400] * 10)
    first, second = registered(server, away, "away"), registered(server, refuses, "refuses")
    server.user("unreached")
    person = Person(server, "unreached").sign_in()
    person.tokens(first), person.tokens(second)
    page = person.open("/flows/-/default/invalidation/")
    wait_for(lambda: len(away.tokens) == 3, 60, "the third try")
    assert len({claims(token)["jti"] for token in away.tokens}) == 3
    wait_for(lambda: "Not reached. You may still be signed in there." in person.get(page.url).text, 30, "the page")

    def reported():
        events = server.get("events/events/", action="configuration_error", page_size=100)["results"]
        return [e["context"] for e in events if e["context"].get("rule") == "session_logout.unreached"]

    wait_for(reported, 30, "the event")
    assert [(e["provider"]["name"], "400" in e["message"]) for e in reported()] == [("refuses-provider", True)]
    assert len(refuses.tokens) == 1, "what is refused is not sent again"


def test_whoever_proves_again_who_they_are_stays_signed_in(server, site):
    """A fresh sign-in that one application asks for takes nothing from the others: their tokens are good, their sessions end
    with the one that goes on."""
    home = site()
    app, strict = registered(server, home, "steady", scopes=("offline_access",)), server.application("strict")
    server.user("again")
    person = Person(server, "again").sign_in()
    tokens = person.tokens(app, scope="openid profile offline_access")
    asked = lambda: requests.get(app.discovery()["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10)
    assert asked().status_code == 200
    person.seen.clear()
    person.tokens(strict, prompt="login")
    assert "ak-stage-identification" in person.seen
    assert asked().status_code == 200 and not home.tokens
    refreshed = app.refresh(tokens["refresh_token"]).json()
    sid = claims(tokens["id_token"])["sid"]
    assert claims(refreshed["id_token"])["sid"] == sid, "the application goes by what it was told first"
    # By a hint of before, the session that goes on ends.
    query = urllib.parse.urlencode({"id_token_hint": tokens["id_token"]})
    person.open(f"{server.base}/application/o/steady/end-session/?{query}")
    assert person.me().status_code == 403
    assert verified(app, one_token(home))["sid"] == sid
    # Somebody else in the same browser is another session: what was there ends.
    person.sign_in()
    tokens = person.tokens(app)
    server.user("else")
    person.username = "else"
    person.tokens(strict, prompt="login")
    assert asked().status_code == 401
    assert verified(app, one_token(home, 2))["sid"] == claims(tokens["id_token"])["sid"]


def test_a_logout_token_is_good_for_nothing_else(server, site):
    """It signs nobody in, opens no API, and is no hint."""
    home = site()
    app = registered(server, home, "narrow")
    server.user("narrow")
    person = Person(server, "narrow").sign_in()
    person.tokens(app)
    person.run_flow("default-invalidation-flow")
    token = one_token(home)
    bearer = {"Authorization": f"Bearer {token}"}
    assert requests.get(app.discovery()["userinfo_endpoint"], headers=bearer, timeout=10).status_code == 401
    assert requests.get(f"{server.base}/api/v3/core/users/me/", headers=bearer, timeout=10).status_code == 403
    answer = requests.post(app.discovery()["introspection_endpoint"], data={"token": token}, auth=(app.id, app.secret), timeout=10)
    assert answer.json()["active"] is False
    person.sign_in()
    page = person.open(f"{server.base}/application/o/narrow/end-session/?" + urllib.parse.urlencode({"id_token_hint": token}))
    assert page.status_code == 400 and "is a logout token and not an ID token" in page.text
    assert person.me().status_code == 200


def test_the_browser_signs_out_of_applications_that_it_alone_reaches(server, site):
    """Front-channel logout: hidden frames of exactly those applications, with issuer and session; with script and without."""
    home, server_side = site(), site()
    app, other = registered(server, home, "front", "frontchannel"), registered(server, server_side, "both")
    server.user("framed")
    with chromium() as browser:
        for script in (True, False):
            window = Window(browser, server.base, f"sign-out-{script}", script=script)
            window.go(f"{app.authorize_url()}")
            sign_in(window, "framed")
            window.page.wait_for_url(f"{home.base}/callback*")
            code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(window.page.url).query))["code"]
            told = claims(app.redeem(code).json()["id_token"])
            window.go(other.authorize_url())
            window.page.wait_for_url(f"{server_side.base}/callback*")
            home.loads.clear(), server_side.tokens.clear()
            policies = []
            window.page.on("response", lambda answer: policies.append(answer.headers.get("content-security-policy", "")) if "signed-out" in answer.url else None)
            window.go("/flows/-/default/invalidation/")
            if window.page.get_by_role("button", name="Sign out", exact=True).count():
                window.press("Sign out")
            # The page that has a way on is the last one.
            window.page.get_by_role("link", name="Sign in", exact=True).wait_for()
            window.see("Asked by your browser to sign you out")
            assert [load for load in home.loads if load[0] == "/logout"] == [("/logout", {"iss": told["iss"], "sid": told["sid"]})]
            assert len(server_side.tokens) == 1
            framed = [policy for policy in policies if "frame-src" in policy]
            assert framed and framed[0].endswith(f"frame-src {home.base}"), policies
            assert not window.problems, window.problems
            window.picture("signed-out")
            assert not script or not window.barriers()
            window.follow("Sign in")
            window.context.close()


def test_a_page_of_the_application_sees_that_the_session_has_changed(server, site):
    """Session Management 1.0: the application's page asks a frame of this server, as browser libraries do."""
    home = site()
    app = registered(server, home, "watch")
    server.user("watched")
    frame = app.discovery()["check_session_iframe"]
    assert frame == f"{server.base}/application/o/watch/check-session/"
    answer = requests.get(frame, timeout=10)
    assert answer.headers["Content-Security-Policy"].endswith(f"frame-ancestors {home.base}")
    ask = """([frame, text]) => new Promise((done) => {
        let made = document.querySelector("iframe");
        const send = () => made.contentWindow.postMessage(text, new URL(frame).origin);
        addEventListener("message", (event) => event.origin === new URL(frame).origin && done(event.data), {once: true});
        if (made) return send();
        made = document.createElement("iframe");
        made.onload = send;
        made.src = frame;
        document.body.append(made);
    })"""
    with chromium() as browser:
        window = Window(browser, server.base, "check-session")
        window.go(app.authorize_url())
        sign_in(window, "watched")
        window.page.wait_for_url(f"{home.base}/callback*")
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(window.page.url).query))["session_state"]
        other = window.context.new_page()
        check = lambda text: window.page.evaluate(ask, [frame, text])
        assert check(f"{app.id} {state}") == "unchanged"
        assert check(f"other {state}") == "changed"
        assert [check(text) for text in ("", "a", f"{app.id} nosalt")] == ["error"] * 3
        other.goto(f"{server.base}/flows/-/default/invalidation/")
        if other.get_by_role("button", name="Sign out", exact=True).count():
            other.get_by_role("button", name="Sign out", exact=True).click()
        other.get_by_text("Signed out").first.wait_for()
        assert check(f"{app.id} {state}") == "changed"
        window.context.close()


def guarded(server, slug, expression):
    """An application, and somebody who is signed in there; then this expression decides who may open it."""
    app = server.application(slug, scopes=("offline_access",))
    user = server.user(f"of-{slug}")
    tokens = Person(server, f"of-{slug}").sign_in().tokens(app, scope="openid offline_access")
    policy = server.create("policies/expression/", name=slug, expression=expression)
    server.create("policies/bindings/", target=app.application["pk"], policy=policy["pk"], order=0, timeout=30)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return user, lambda: requests.get(app.discovery()["userinfo_endpoint"], headers=headers, timeout=10).status_code


def test_nothing_ends_by_a_rule_about_the_request_and_nothing_happens_by_asking(server):
    """Nobody sends a request when an account is edited: what a rule makes of that, of other servers and of time is no answer."""
    kept = [
        guarded(server, "by-scope", "return 'openid' in context.get('oauth_scopes', [])"),
        guarded(server, "by-host", "return http_request.headers.get('Host') == 'nowhere'"),
        guarded(server, "by-web", f"try:\n    return requests.get('{server.base}/-/health/live/').status_code == 0\nexcept Exception:\n    return False"),
        guarded(server, "by-time", "x = 0\nfor i in range(10 ** 9):\n    x = x + 1\nreturn False"),
    ]
    _, told = guarded(server, "tells", "ak_create_event('looked')\nreturn True")
    for user, _ in kept:
        server.patch(f"core/users/{user['pk']}/", name="Somebody")
    _, lost = guarded(server, "by-name", "return request.user.username == 'nobody-else'")
    wait_for(lambda: lost() == 401, 60, "the loss of access")
    assert [status() for _, status in kept] == [200] * len(kept) and told() == 200
    assert server.get("events/events/", action="custom_looked")["pagination"]["count"] == 0
