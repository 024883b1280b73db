"""Second factors: set up with somebody else's library, asked for at the next sign-in, counted once, and gone with their owner."""

import concurrent.futures
import re
import subprocess
import time
import urllib.parse

import pyotp
from playwright.sync_api import expect

from browser import PATIENCE, Window, sign_in
from world import PASSWORD, PROGRAM, Person, Refused, Server, claims

TOTP = "default-authenticator-totp-setup"
STATIC = "default-authenticator-static-setup"
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
PASSPHRASE = "correct horse battery staple"


class Owner(Person):
    """Somebody with an app and a list of recovery codes."""

    app = None
    codes = ()
    # The steps whose code was shown already: an app shows each once.
    spent = 0

    def shown(self):
        """A code that counts now, and that none before was: the one of the next step is taken, too."""
        while self.spent >= time.time() // 30 + 1:
            time.sleep(0.5)
        self.spent = max(self.spent + 1, time.time() // 30)
        return self.app.at(self.spent * 30)

    def answer(self, challenge):
        component = challenge["component"]
        if component == "ak-stage-authenticator-totp":
            self.app = pyotp.parse_uri(challenge["config_url"])
            return {"code": self.shown()}
        if component == "ak-stage-authenticator-static":
            self.codes = list(challenge["codes"])
            return {}
        if component == "ak-stage-authenticator-validate":
            self.seen.append(component)
            return {"code": self.codes.pop() if self.codes else self.shown()}
        return super().answer(challenge)

    def again(self):
        """The same person in another browser."""
        other = Owner(self.server, self.username, self.password)
        other.app, other.codes, other.spent = self.app, self.codes, self.spent
        return other

    def until_asked(self):
        """Name and password are given; the challenge that asks for a code."""
        executor = f"{self.server.base}/api/v3/flows/executor/default-authentication-flow/?query="
        challenge = self.challenge(self.web.get(executor, timeout=30))
        while challenge["component"] != "ak-stage-authenticator-validate":
            challenge = self.challenge(self.web.post(executor, json=Person.answer(self, challenge), timeout=30))
        return executor


def with_app(server, name="uma"):
    server.user(name)
    person = Owner(server, name).sign_in()
    person.run_flow(TOTP)
    return person


def test_an_application_learns_that_a_second_factor_was_shown(server, app):
    person = with_app(server)
    assert person.app.issuer == "authentik" and person.app.name == "uma"
    other = person.again().sign_in()
    assert "ak-stage-authenticator-validate" in other.seen
    assert claims(other.tokens(app)["id_token"])["amr"] == ["pwd", "mfa"]
    person.run_flow(STATIC)
    with_code = person.again()
    with_code.codes = person.codes[:1]
    assert claims(with_code.sign_in().tokens(app)["id_token"])["amr"] == ["pwd", "mfa"]
    spent = person.again()
    spent.codes = person.codes[:1]
    try:
        spent.sign_in()
        raise AssertionError("a recovery code worked twice")
    except Refused as refused:
        assert "Invalid Token" in refused.args[0]["response_errors"]["code"][0]["string"]
    assert len(server.one("authenticators/admin/static/")["token_set"]) == 5


def test_an_application_that_asks_for_a_second_factor_gets_one_or_is_told_that_it_cannot(server, app):
    """`acr_values` leads whoever is signed in with a password through a second factor, once; who has none goes back with the
    protocol's error (RFC 9470). What is not known asks for nothing."""
    mfa, plain = "https://refeds.org/profile/mfa", "goauthentik.io/providers/oauth2/default"
    assert app.discovery()["acr_values_supported"] == [plain, mfa, "phr"]
    server.user("stepper")
    person = Owner(server, "stepper").sign_in()
    read = lambda tokens: claims(tokens["id_token"])
    assert read(person.tokens(app))["acr"] == plain
    assert read(person.tokens(app, acr_values="something else"))["acr"] == plain
    # Nothing to show: a sign-in is asked for, and does not help.
    assert person.authorize(app, acr_values=mfa)["error"] == "unmet_authentication_requirements"
    asked = '{"id_token": {"acr": {"essential": true, "value": "something else"}}}'
    assert person.authorize(app, claims=asked)["error"] == "unmet_authentication_requirements"
    assert person.authorize(app, acr_values=mfa, prompt="none")["error"] == "login_required"

    person.run_flow(TOTP)
    person.seen.clear()
    found = read(person.tokens(app, acr_values=f"phr {mfa}"))
    assert found["acr"] == mfa and found["amr"] == ["pwd", "mfa"]
    assert person.seen.count("ak-stage-authenticator-validate") == 1
    # The session has reached it now.
    person.seen.clear()
    assert read(person.tokens(app, acr_values=mfa, prompt="none"))["acr"] == mfa and not person.seen
    assert person.authorize(app, acr_values="phr")["error"] == "unmet_authentication_requirements"



def test_one_code_makes_one_session_however_many_send_it(server):
    person = with_app(server)
    people = [person.again() for _ in range(12)]
    for other in people:
        # Who signed in with this browser before has tries of their own.
        other.web.cookies.set("countersign_browser", person.web.cookies["countersign_browser"])
    executors = [other.until_asked() for other in people]
    code = person.shown()
    with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
        send = lambda pair: pair[0].web.post(pair[1], json={"code": code}, allow_redirects=False, timeout=60)
        answers = list(pool.map(send, zip(people, executors)))
    assert [a.status_code for a in answers].count(302) == 1, [a.text for a in answers]


def test_devices_go_with_their_owner_and_into_no_blueprint(server, start):
    person = with_app(server)
    person.run_flow(STATIC)
    kinds = sorted(device["verbose_name"] for device in server.get("authenticators/admin/all/"))
    assert kinds == ["Static Device", "TOTP Device"]
    exported = subprocess.run([PROGRAM, "export"], env=server.environment, capture_output=True, text=True)
    flow = server.api("GET", f"flows/instances/{TOTP}/export/", 200).text
    for text in (flow, exported.stdout):
        assert "totpdevice" not in text and person.app.secret not in text
    assert "authenticatortotpstage" in flow
    # What the file holds makes the same stage on an empty server, and it works there.
    other = start(Server())
    flow = flow.replace("default-authenticator-totp-setup", "copied-totp-setup")
    imported = other.api("POST", "flows/instances/import/", files={"file": ("flow.yaml", flow)})
    assert imported.status_code == 200 and imported.json()["success"], imported.text
    other.user("ida")
    ida = Owner(other, "ida").sign_in()
    ida.run_flow("copied-totp-setup")
    assert len(ida.get("/api/v3/authenticators/all/").json()) == 1
    server.api("DELETE", f"core/users/{server.one('core/users/', username='uma')['pk']}/", 204)
    assert server.get("authenticators/admin/all/") == []
    assert server.get("authenticators/admin/totp/")["results"] == []


def test_who_has_which_is_a_list(server):
    person = with_app(server)
    person.run_flow(STATIC)
    server.user("percy", name="Percy")
    server.api("POST", "core/users/service_account/", 200, json={"name": "machine"})

    def listed(**query):
        return {row["username"]: sorted(row["classes"]) for row in server.get("countersign/authenticators/", **query)["results"]}

    assert listed() == {"akadmin": [], "percy": [], "uma": ["static", "totp"]}
    assert listed(**{"class": "totp"}) == {"uma": ["static", "totp"]}
    assert set(listed(without="any")) == set(listed(without="totp")) == {"akadmin", "percy"}
    assert set(listed(search="PER")) == {"percy"} and listed(search="%") == {}
    assert "without" in server.api("GET", "countersign/authenticators/?without=teeth", 400).json()
    assert Person(server, "percy").sign_in().api("GET", "countersign/authenticators/").status_code == 403
    # One that is only named counts nowhere.
    percy = server.one("core/users/", username="percy")
    server.create("authenticators/admin/totp/", name="promised", user=percy["pk"])
    assert listed(search="percy") == {"percy": []}
    page = server.get("countersign/authenticators/", page_size=1, page=2)
    assert [row["username"] for row in page["results"]] == ["percy"] and page["pagination"]["count"] == 3


def test_a_restored_copy_asks_for_the_same_app_and_knows_what_was_spent(start):
    server = start(Server(COUNTERSIGN_BACKUP__PASSPHRASE=PASSPHRASE))
    person = with_app(server)
    spent = person.app.at(person.spent * 30)
    server.stop()
    file = server.folder / "factors.backup"
    subprocess.run([PROGRAM, "backup", file], env=server.environment, check=True, capture_output=True)
    key = server.environment.get("AUTHENTIK_SECRET_KEY") or (server.folder / "secret-key").read_text()
    target = Server(COUNTERSIGN_BACKUP__PASSPHRASE=PASSPHRASE, AUTHENTIK_SECRET_KEY=key)
    subprocess.run([PROGRAM, "restore", file], env=target.environment, check=True, capture_output=True)
    start(target)
    there = person.again()
    there.server = target
    executor = there.until_asked()
    refused = there.web.post(executor, json={"code": spent}, timeout=30).json()
    assert "Invalid Token" in refused["response_errors"]["code"][0]["string"]
    taken = there.web.post(executor, json={"code": there.shown()}, allow_redirects=False, timeout=30)
    assert taken.status_code == 302, taken.text


# -- in a browser ------------------------------------------------------------------------------------


def opened(server, browser, label, username, **options):
    window = Window(browser, server.base, label, **({"viewport": SIZES["desktop"]} | options))
    window.go("/if/flow/default-authentication-flow/")
    sign_in(window, username)
    return window


def pictures(window, name):
    """This page at both sizes, in both colours; nobody is kept out of any."""
    for size, viewport in SIZES.items():
        for scheme in ("light", "dark"):
            window.page.set_viewport_size(viewport)
            window.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            window.picture(f"{name}-{size}-{scheme}")
            wide = window.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= viewport["width"], f"{name} is {wide} wide at {size}"
            assert window.barriers() == [], f"{name} {size} {scheme}"
    window.page.set_viewport_size(SIZES["desktop"])
    window.page.emulate_media(color_scheme="light")


def key_on(window):
    window.page.get_by_text("You can’t scan it?").click()
    return window.page.locator("#secret").inner_text()


def test_a_person_sets_up_an_app_and_recovery_codes_and_signs_in_with_them(server, browser):
    server.user("uma")
    window = opened(server, browser, "factors", "uma")
    window.at(re.compile("/if/user/"))
    window.go("/if/user/#/settings")
    window.see("None yet. With a second factor a stolen password is not enough")
    window.press("Enroll")
    window.page.get_by_role("menuitem", name="TOTP Device").click()
    window.see("Set up an authenticator app")
    app = pyotp.TOTP(key_on(window).replace(" ", ""))
    expect(window.page.get_by_role("link", name="open an app on this device")).to_have_attribute("href", re.compile("^otpauth://totp/"))
    pictures(window, "app")
    # Another page and back: the app was not scanned in vain.
    window.go("/if/user/#/library")
    window.page.go_back()
    assert key_on(window).replace(" ", "") == app.secret
    window.fill("Code from the app", "000000")
    window.press("Continue")
    window.see("Code does not match")
    used = time.time()
    window.fill("Code from the app", app.at(used))
    window.press("Continue")
    window.at(re.compile("/if/user/#/settings"))
    window.see("TOTP Authenticator")

    window.press("Enroll")
    window.page.get_by_role("menuitem", name="Static tokens").click()
    window.see("Keep your recovery codes")
    codes = window.page.locator("#codes li").all_inner_texts()
    assert len(codes) == 6
    pictures(window, "codes")
    window.press("I saved them")
    window.see("Static Token")
    pictures(window, "devices")
    window.press("Rename TOTP Authenticator")
    window.fill("Name", "Phone")
    window.press("Save")
    window.see("Phone")
    assert not window.problems, window.problems

    plain = Window(browser, server.base, "factors-plain", script=False, viewport=SIZES["phone"])
    plain.go("/if/flow/default-authentication-flow/")
    sign_in(plain, "uma")
    plain.see("Confirm that it is you")
    plain.fill("Code from your authenticator app", app.at(used))
    plain.press("Continue")
    plain.see("This code is wrong, or it was used already. Wait for the next one.")
    plain.picture("refused")
    plain.press("Use a recovery code")
    plain.fill("Recovery code", codes[0])
    plain.press("Continue")
    plain.at(re.compile("/if/user/"))

    again = opened(server, browser, "factors-again", "uma")
    again.see("Confirm that it is you")
    pictures(again, "asked")
    again.fill("Code from your authenticator app", app.at(max(used + 30, time.time())))
    again.press("Continue")
    again.at(re.compile("/if/user/"))
    assert not again.problems, again.problems


def test_what_wants_a_fresh_proof_asks_for_it_and_goes_on(server, browser):
    with_app(server)
    window = opened(server, browser, "proof", "akadmin")
    window.at(re.compile("/if/"))
    pk = server.one("core/users/", username="uma")["pk"]
    tab = urllib.parse.quote('{"page":"page-mfa"}')
    window.go("about:blank").go(f"/if/admin/#/identity/users/{pk};{tab}")
    window.page.get_by_role("tab", name="MFA Authenticators").or_(window.page.get_by_role("link", name="MFA Authenticators")).first.click()
    window.see("TOTP Authenticator")
    pictures(window, "of-a-user")
    answers = iter(["old"])

    def old_session(route):
        """The server's answer to a session of more than five minutes, once."""
        if route.request.method == "DELETE" and next(answers, None):
            body = '{"detail": "Sign in again to show that it is you.", "code": "reauthentication_required", "url": "/"}'
            return route.fulfill(status=403, content_type="application/json", body=body)
        return route.continue_()

    window.page.route("**/api/v3/authenticators/**", old_session)
    window.press("Delete TOTP Authenticator")
    window.page.get_by_role("dialog", name="Delete TOTP Authenticator").get_by_role("button", name="Delete").click()
    dialog = window.page.get_by_role("dialog", name="Confirm that it is you")
    expect(dialog).to_be_visible(timeout=PATIENCE)
    window.picture("asks")
    assert server.get("authenticators/admin/all/"), "nothing is deleted before"
    with window.context.expect_page() as found:
        dialog.get_by_role("button", name="Sign in").click()
    beside = Window.__new__(Window)
    beside.base, beside.label, beside.count, beside.page = window.base, "proof-beside", 0, found.value
    sign_in(beside, "akadmin")
    window.see("TOTP Authenticator deleted.")
    expect(dialog).to_have_count(0)
    assert server.get("authenticators/admin/all/") == []


def test_a_set_up_link_is_made_on_the_page_of_an_account_and_used_by_its_owner(server, browser):
    pk = server.user("uma")["pk"]
    window = opened(server, browser, "set-up-link", "akadmin")
    window.at(re.compile("/if/"))
    tab = urllib.parse.quote('{"page":"page-mfa"}')
    window.go("about:blank").go(f"/if/admin/#/identity/users/{pk};{tab}")
    window.press("Create set-up link")
    dialog = window.page.get_by_role("dialog", name="Set-up link for uma")
    dialog.get_by_label("Second factor").select_option(label="Static tokens")
    pictures(window, "asks")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog.locator("code")).to_contain_text("flow_token=", timeout=PATIENCE)
    pictures(window, "made")
    link = dialog.locator("code").inner_text()
    assert link.startswith(server.base)
    hers = Window(browser, server.base, "set-up-link-hers", viewport=SIZES["desktop"])
    hers.go(link.removeprefix(server.base))
    hers.press("Continue")
    hers.see("uma")
    hers.picture("password")
    hers.page.locator("input[type=password]").fill(PASSWORD)
    hers.page.keyboard.press("Enter")
    hers.page.wait_for_selector("text=/recovery codes|Static tokens|codes/i")
    hers.picture("codes")


def test_a_set_up_link_takes_more_than_the_right_to_set_a_password(server):
    """Password, link, and a factor of one's own: that would be a way past the second factor."""
    owner = server.user("una")
    role = server.create("rbac/roles/", name="passwords")
    server.create("core/groups/", name="passwords", users=[server.user("desk")["pk"]], roles=[role["pk"]])
    grant = lambda *names: server.api("POST", f"rbac/permissions/assigned_by_roles/{role['pk']}/assign/", json={"permissions": names})
    assert grant("authentik_core.reset_user_password", "authentik_core.view_user").ok
    desk, path = Person(server, "desk").sign_in(), f"countersign/users/{owner['pk']}/set_up_link/"
    assert desk.api("POST", f"core/users/{owner['pk']}/set_password/", json={"password": "Desk-Chose-This-1"}).status_code == 204
    stage = server.get(path)[0]["stage"]
    assert [desk.api("GET", path).status_code, desk.api("POST", path, json={"stage": stage}).status_code] == [403, 403]
    kinds = ("duo", "email", "sms", "static", "totp", "webauthn")
    assert grant(*(f"authentik_stages_authenticator_{kind}.delete_{kind}device" for kind in kinds)).ok
    assert desk.api("POST", path, json={"stage": stage}).status_code == 200
