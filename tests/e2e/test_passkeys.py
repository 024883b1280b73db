"""Passkeys in a real browser with virtual authenticators: two of them, with a name and without, removed and copied."""

import re

from playwright.sync_api import expect

from browser import PATIENCE, Window, sign_in
from test_second_factors import SIZES, pictures
from world import PASSWORD

LOGIN = "/if/flow/default-authentication-flow/"


class Keys:
    """The authenticators of one window, by Chromium's own interface for tests."""

    def __init__(self, window):
        self.session = window.context.new_cdp_session(window.page)
        self.session.send("WebAuthn.enable")

    def add(self, transport="internal", **options):
        options = {
            "protocol": "ctap2",
            "transport": transport,
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": False,
        } | options
        return self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def remove(self, key):
        self.session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})

    def touch(self, key, touched=True):
        """Its owner is at it, or is not."""
        self.session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": key, "enabled": touched})

    def verifies(self, key, verified):
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": verified})

    def kept(self, key):
        return self.session.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]

    def put(self, key, credential):
        self.session.send("WebAuthn.addCredential", {"authenticatorId": key, "credential": credential})


def opened(server, browser, label, **options):
    window = Window(browser, server.base, label, **({"viewport": SIZES["desktop"]} | options))
    return window, Keys(window)


def enrol(window, keys, key, first=False):
    """Sets up a passkey on this authenticator, from the settings."""
    window.go("about:blank").go("/if/user/#/settings")
    window.press("Enroll")
    window.page.get_by_role("menuitem", name="WebAuthn device").click()
    window.see("Set up a passkey")
    if first:
        pictures(window, "set-up")
    keys.touch(key)
    window.press("Continue")
    window.at(re.compile("/if/user/#/settings"))
    keys.touch(key, False)


# A person who saw a passkey refused does not choose it at once again, as the virtual one does.
ONCE = """
if (location.pathname.startsWith('/if/flow/')) {
  const get = navigator.credentials.get.bind(navigator.credentials);
  navigator.credentials.get = async (options) => {
    if (sessionStorage.getItem('chosen')) return new Promise(() => {});
    const credential = await get(options);
    sessionStorage.setItem('chosen', 'yes');
    return credential;
  };
}
"""


def signed_out(window):
    """The sign-in page, in the browser of somebody who is not signed in any more."""
    window.context.clear_cookies(name="authentik_session")
    window.go("about:blank").go(LOGIN)
    window.page.get_by_label("Password", exact=True).first.wait_for(timeout=PATIENCE)


def asks_again(window, text):
    """The page of the second factor, after it refused."""
    window.see(text)
    window.see("Confirm that it is you")


def test_a_person_sets_up_two_passkeys_and_signs_in_with_and_without_a_name(server, browser):
    uma = server.user("uma")
    window, keys = opened(server, browser, "passkeys")
    phone = keys.add()
    window.go(LOGIN)
    sign_in(window, "uma")
    window.at(re.compile("/if/user/"))
    enrol(window, keys, phone, first=True)
    window.see("WebAuthn Device")
    # The same device makes no second one for her; another does.
    window.press("Enroll")
    window.page.get_by_role("menuitem", name="WebAuthn device").click()
    keys.touch(phone)
    window.press("Continue")
    window.see("There is a passkey of yours on that device already.")
    keys.touch(phone, False)
    stick = keys.add("usb", hasResidentKey=False)
    window.go("about:blank").go("/if/user/#/settings")
    enrol(window, keys, stick)
    listed = server.get("authenticators/admin/all/", user=uma["pk"])
    assert [device["verbose_name"] for device in listed] == ["WebAuthn Device"] * 2, listed
    rename = window.page.get_by_role("button", name="Rename WebAuthn Device")
    rename.first.click()
    window.fill("Name", "Phone")
    window.press("Save")
    window.see("Phone")
    pictures(window, "devices")

    # Name and password, then either of the two.
    for key in (stick, phone):
        signed_out(window)
        sign_in(window, "uma")
        window.see("Confirm that it is you")
        window.see("Use a passkey")
        if key == stick:
            pictures(window, "asked")
        keys.touch(key)
        window.press("Use a passkey")
        window.at(re.compile("/if/user/"))
        keys.touch(key, False)

    # Without a name, by the one that keeps it: in the field of the user name.
    signed_out(window)
    expect(window.page.locator("#uid")).to_have_attribute("autocomplete", "username webauthn")
    pictures(window, "sign-in")
    keys.touch(phone)
    window.go("about:blank").go(LOGIN)
    window.at(re.compile("/if/user/"))
    keys.touch(phone, False)
    login = server.get("events/events/", action="login", username="uma", ordering="-created")["results"][0]
    assert login["context"]["auth_method"] == "auth_webauthn_pwl", login

    # A copy that lags behind is refused, and so is one that was removed.
    [credential] = keys.kept(phone)
    assert credential["signCount"] > 2
    keys.remove(phone)
    copy = keys.add()
    keys.put(copy, credential | {"signCount": 1})
    signed_out(window)
    sign_in(window, "uma")
    window.see("Confirm that it is you")
    keys.touch(copy)
    window.press("Use a passkey")
    asks_again(window, "This passkey was not accepted. Try again.")
    window.picture("copied")
    failed = server.get("events/events/", action="login_failed", ordering="-created")["results"][0]
    assert "somebody may have a copy" in failed["context"]["reason"], failed
    for device in server.get("authenticators/admin/webauthn/")["results"]:
        if device["name"] == "Phone":
            server.api("DELETE", f"authenticators/admin/webauthn/{device['pk']}/", 204)
    keys.remove(copy)
    removed = keys.add()
    keys.put(removed, credential | {"signCount": 1000})
    window.go("about:blank").go("/flows/-/cancel/")
    window.at(re.compile("/if/flow/default-authentication-flow/"))
    window.page.add_init_script(ONCE)
    keys.touch(removed)
    window.go("about:blank").go(LOGIN)
    window.see("This passkey is not known here. It may have been removed.")
    keys.touch(removed, False)
    assert window.context.request.get(f"{server.base}/api/v3/core/users/me/").status == 403
    window.problems = [problem for problem in window.problems if "403" not in problem]
    assert not window.problems, window.problems


def test_a_flow_without_names_asks_for_a_passkey_at_once(server, browser):
    server.user("ida")
    validate = server.create(
        "stages/authenticator/validate/",
        name="passwordless",
        device_classes=["webauthn"],
        not_configured_action="deny",
        webauthn_user_verification="required",
    )
    flow = server.create(
        "flows/instances/", name="Passkeys", slug="passkeys", title="Sign in", designation="authentication", authentication="none"
    )
    login = server.one("stages/user_login/", name="default-authentication-login")
    for order, stage in enumerate((validate, login)):
        server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=order)
    named = server.one("stages/identification/", name="default-authentication-identification")
    server.patch(f"stages/identification/{named['pk']}/", passwordless_flow=flow["pk"])

    window, keys = opened(server, browser, "passwordless")
    key = keys.add("usb")
    window.go(LOGIN)
    window.page.get_by_label(re.compile("^(Email or Username|Username)", re.I)).first.fill("ida")
    window.fill("Password", PASSWORD)
    window.press("Log in")
    window.at(re.compile("/if/user/"))
    enrol(window, keys, key)
    signed_out(window)
    window.follow("Use a security key")
    window.see("Sign in with a passkey")
    pictures(window, "asked")
    keys.touch(key)
    window.press("Use a passkey")
    window.at(re.compile("/if/user/"))
    keys.touch(key, False)

    # Nobody is kept out by a page that says nothing: other addresses, no script, no passkeys.
    other, _ = opened(server, browser, "passwordless-address")
    other.go(f"http://127.0.0.1:{server.port}/if/flow/passkeys/")
    other.see("Passkeys do not work at this address.")
    other.picture("address")
    plain = Window(browser, server.base, "passwordless-plain", script=False, viewport=SIZES["phone"])
    plain.go("/if/flow/passkeys/")
    assert "<noscript><div class=\"alert\"><p>Passkeys need JavaScript" in plain.page.content()
    # The settings may still have asked for something when the session was taken away.
    window.problems = [problem for problem in window.problems if "403" not in problem]
    assert not window.problems, window.problems
