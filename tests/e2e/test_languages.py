"""The pages in other languages: a sign-in and a recovery by the German words, and a walk where every text is longer and strange."""

import re

import pytest
from receivers import MailServer, parts
from test_device import begin, device_flow

from browser import Window
from world import PASSWORD, TESTS, Person, Server, wait_for

FRESH = "Korrekt-Pferd-Batterie-1"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
# What an element hides of its text, and how far the page reaches beyond the window.
CUT = """() => {
  const cut = [...document.querySelectorAll('body *')].filter((element) => {
    const style = getComputedStyle(element);
    if (element.closest('.hidden-visually, .hidden') || !element.textContent.trim() || style.display === 'inline') return false;
    // A drawing may be wider where it can be moved by the keyboard (WCAG 2.2, 1.4.10).
    if (style.overflowX === 'auto' && element.tabIndex >= 0 && element.querySelector('svg[role=img]')) return false;
    return style.overflowX !== 'visible' && style.textOverflow !== 'ellipsis' && element.scrollWidth > element.clientWidth + 1;
  });
  const beyond = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return [...cut.map((element) => element.outerHTML.slice(0, 120)), ...(beyond > 1 ? [`${beyond} pixels beyond the window`] : [])];
}"""


def words(tag):
    """The texts of a language that have no places, by name."""
    text = (TESTS.parent / f"locales/{tag}.ftl").read_text()
    return dict(re.findall(r"(?m)^([a-z][\w-]*) = (.*)$", text))


@pytest.fixture
def mails():
    receiver = MailServer().start()
    yield receiver
    receiver.close()


@pytest.fixture
def server(start, mails):
    server = start(Server(**mails.settings))
    Person(server).sign_in()
    return server


def test_a_sign_in_and_a_recovery_by_the_german_words(server, mails, browser):
    de = words("de")
    server.user("nina")
    window = Window(browser, server.base, "german", viewport=DESKTOP, locale="de-AT")
    window.go("/if/flow/default-authentication-flow/")
    assert window.page.locator("html").get_attribute("lang") == "de"
    name = f"{de['email-label']} oder {de['username-label']}"
    window.fill(name, "nina")
    window.fill(de["password-label"], "falsch")
    window.press(de["log-in"])
    window.see(de["error-name-and-password"])
    assert window.barriers() == []
    window.picture("refused")
    window.follow(de["forgot-password"])
    window.see(de["shipped-reset-password"])
    window.press(de["continue"])
    window.see(de["error-uid-empty"])
    window.fill(name, "nina")
    window.press(de["continue"])
    window.see(de["check-mail"])
    window.picture("check-mail")
    mail = wait_for(lambda: next((mail for mail in mails.mails if mail["To"] == "nina@example.test"), None), 60, "the mail")
    text, page = parts(mail)
    assert mail["Subject"] == de["mail-reset-subject"] and de["mail-reset-otherwise"] in text and 'lang="de"' in page
    assert "30 Minuten" in text
    window.go(re.search(r"http://localhost\S+flow_token=\w+", text).group())
    window.see(de["link-works-once"])
    window.press(de["continue"])
    window.fill(de["password-label"], FRESH)
    window.fill(de["shipped-password-repeat"], FRESH + "x")
    window.press(de["continue"])
    window.see(de["error-passwords-differ"])
    window.fill(de["password-label"], FRESH)
    window.fill(de["shipped-password-repeat"], FRESH)
    window.picture("password")
    window.press(de["continue"])
    window.page.wait_for_url("**/if/user/**")
    window.see(de["ui-no-apps"])
    window.picture("library")
    window.go("/if/user/#/settings").see(de["ui-sign-out-elsewhere"])
    assert window.barriers() == []
    window.picture("settings")
    # Chosen by the person: it counts whatever the browser wants.
    window.page.get_by_role("link", name=de["ui-edit"], exact=True).first.click()
    window.page.get_by_label(de["shipped-locale"], exact=True).select_option("fr")
    window.press(de["continue"])
    window.page.wait_for_url("**/if/user/**")
    window.go("/if/user/#/settings").page.reload()
    window.see(words("fr")["ui-sign-out-elsewhere"])
    window.go("/if/help/").see(words("fr")["help-password"])
    # Programs are answered as ever, and what an administrator wrote is shown as written.
    flow = "/api/v3/flows/executor/default-authentication-flow/?query="
    answer = Person(server).get(flow, headers={"Accept-Language": "de"}).json()
    assert answer["flow_info"]["title"] == "Welcome to authentik!" and answer["primary_action"] == "Log in"
    server.api("PATCH", "flows/instances/default-recovery-flow/", 200, json={"title": "Reset it, please"})
    other = Window(browser, server.base, "written", locale="ja-JP")
    other.go("/if/flow/default-recovery-flow/").see("Reset it, please")
    other.go("/if/flow/default-authentication-flow/?ui_locales=xx%20ko").see(words("ko")["log-in"])
    other.go("/if/flow/default-authentication-flow/?next=%2Fapplication%2Fo%2Fauthorize%2F%3Fui_locales%3Dtr").see(words("tr")["log-in"])
    assert window.problems == [] and other.problems == []


def test_nothing_is_cut_on_a_phone_where_texts_are_longer_or_run_from_the_right(server, browser):
    server.user("uma")
    for tag in ("en-XA", "ar-XB"):
        window = Window(browser, server.base, tag, viewport=PHONE, color_scheme="dark" if tag == "ar-XB" else "light")
        query = f"?ui_locales={tag}"
        cut = {}

        def look(name):
            window.page.wait_for_load_state("networkidle")
            window.picture(name)
            cut[name] = window.page.evaluate(CUT)

        for slug in ("default-authentication-flow", "default-recovery-flow"):
            window.go(f"/if/flow/{slug}/{query}")
            look(slug)
        window.go(f"/if/help/{query}")
        look("help")
        window.go(f"/nowhere{query}")
        window.go(f"/if/flow/default-authentication-flow/{query}")
        window.page.locator("#uid").fill("uma")
        window.page.locator("#password").fill("falsch")
        window.page.locator("button.main").click()
        look("refused")
        box, show = window.page.locator("#password").bounding_box(), window.page.locator(".show").bounding_box()
        at_the_left = show["x"] + show["width"] / 2 < box["x"] + box["width"] / 2
        assert at_the_left == (tag == "ar-XB"), "the button is at the end of the field"
        window.page.locator("#password").fill(PASSWORD)
        window.page.locator("button.main").click()
        window.page.wait_for_url("**/if/user/**")
        # The person wants what the page was in: from now on it is no address's wish.
        pk = server.one("core/users/", username="uma")["pk"]
        server.api("PATCH", f"core/users/{pk}/", 200, json={"attributes": {"settings": {"locale": tag}}})
        window.page.reload()
        look("library")
        assert window.page.locator("html").get_attribute("dir") == ("rtl" if tag == "ar-XB" else None)
        window.go("/if/user/#/settings")
        window.page.locator("#sessions").wait_for()
        look("settings")
        for stage in ("totp", "static", "webauthn"):
            window.go(f"/if/flow/default-authenticator-{stage}-setup/")
            look(stage)
        window.go("/if/flow/default-password-change/")
        look("password")
        window.go("/if/flow/default-user-settings-flow/")
        look("details")
        window.go("/flows/-/default/invalidation/")
        look("sign-out")
        assert {name: found for name, found in cut.items() if found} == {}
        assert [problem for problem in window.problems if "404" not in problem] == []
        window.close()


def test_devices_sign_out_saml_and_notifications_in_german(server, mails, browser):
    de = words("de")
    whole = (TESTS.parent / "locales/de.ftl").read_text()

    def said(key, **places):
        text = re.search(rf"(?m)^{key} = (.*)$", whole).group(1)
        return re.sub(r"\{ \$(\w+) \}", lambda place: places[place.group(1)], text)

    app = server.application("tv", name="Fernseher")
    device_flow(server)
    server.user("nina")
    window = Window(browser, server.base, "german-pages", viewport=PHONE, locale="de", color_scheme="dark")
    window.go("/if/flow/default-authentication-flow/")
    window.page.locator("#uid").fill("nina")
    window.page.locator("#password").fill(PASSWORD)
    window.page.locator("button.main").click()
    window.page.wait_for_url("**/if/user/**")
    window.go("/device").see(de["device-text"])
    window.fill(de["device-code"], "000 000 000")
    window.press(de["continue"])
    window.see(de["device-unknown"])
    window.picture("device")
    window.go(f"/device?code={begin(server, app)['user_code']}").see(said("device-sign-in", app="Fernseher"))
    window.see(de["device-shows"])
    window.picture("device-asks")
    window.press(de["device-allow"])
    window.see(said("device-connected-text", app="Fernseher"))
    window.picture("device-connected")
    flow = server.flow("default-provider-authorization-implicit-consent")
    saml = server.create("providers/saml/", name="saml", authorization_flow=flow, invalidation_flow=flow, acs_url="https://a.test/acs")
    server.create("core/applications/", name="Ablage", slug="files", provider=saml["pk"])
    window.go("/application/saml/files/sso/binding/redirect/?SAMLRequest=%21").see(said("saml-refused", name="Ablage"))
    window.see(de["saml-wrong"])
    window.see("saml.undecodable")
    assert window.barriers() == []
    window.picture("saml")
    window.go("/flows/-/signed-out/x/").see(de["signed-out-text"])

    admin = server.one("core/users/", username="akadmin")["pk"]
    server.api("PATCH", f"core/users/{admin}/", 200, json={"attributes": {"settings": {"locale": "de"}}})
    group = server.one("core/groups/", name="authentik Admins")["pk"]
    transport = server.create("events/transports/", name="Post", mode="email")["pk"]
    rule = server.create("events/rules/", name="custom", severity="warning", group=group, transports=[transport])["pk"]
    policy = server.create("policies/event_matcher/", name="deleted", action="model_deleted")["pk"]
    server.create("policies/bindings/", policy=policy, target=rule, order=0)
    server.api("DELETE", f"core/groups/{server.group('kurz')['pk']}/", 204)
    subject = said("mail-notification", product="Countersign", what="model_deleted")
    mail = wait_for(lambda: next((mail for mail in mails.mails if mail["Subject"] == subject), None), 60, "the mail")
    text, page = parts(mail)
    assert f"{de['mail-severity']}: {de['mail-warning']}" in text and 'lang="de"' in page
    assert said("mail-sent-over", product="Countersign", transport="Post") in text


def administration(tag):
    """How the administrator's side says an English text in this language."""
    said = [dict(re.findall(r"(?m)^([\w-]+) = (.*)$", (TESTS.parent / f"locales/admin/{one}.ftl").read_text())) for one in ("en", tag)]

    def say(english, **places):
        name = next(name for name, text in said[0].items() if text == english)
        return re.sub(r"\{ \$(\w+) \}", lambda place: places[place.group(1)], said[1][name])

    return say


@pytest.mark.parametrize("tag", ["de", "fr", "es"])
def test_the_guide_is_walked_by_the_translated_labels(server, browser, tag):
    say = administration(tag)
    window = Window(browser, server.base, f"guide-{tag}", viewport=DESKTOP, locale=tag)
    window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.base)
    window.go("/if/flow/default-authentication-flow/")
    window.page.locator("#uid").fill("akadmin")
    window.page.locator("#password").fill(PASSWORD)
    window.page.locator("button.main").click()
    window.page.wait_for_url("**/if/user/**")
    window.go("/if/admin/")
    assert window.page.locator("html").get_attribute("lang") == tag
    page, main = window.page, window.page.get_by_role("main")

    window.menu(say("Directory"), say("Groups"))
    window.see(say("People and what they may open."))
    window.press(say("Create"))
    dialog = page.get_by_role("dialog", name=say("Create Group"))
    dialog.get_by_label(say("Name"), exact=True).fill("Managers")
    window.picture("group")
    assert window.barriers() == []
    dialog.get_by_role("button", name=say("Create"), exact=True).click()
    window.see(say("{ $what } created.", what=f"{say('Group')} Managers"))
    main.get_by_role("link", name="Managers", exact=True).click()
    page.get_by_role("tab", name=say("Users"), exact=True).click()
    page.get_by_role("button", name=say("Add existing user")).first.click()
    dialog = page.get_by_role("dialog", name=say("Add users to { $name }", name="Managers"))
    dialog.get_by_label(say("Users to add")).fill("akadmin")
    dialog.get_by_label("akadmin", exact=True).check()
    dialog.get_by_role("button", name=say("Add"), exact=True).click()
    main.get_by_role("link", name="akadmin").first.wait_for()

    window.menu(say("Applications"), say("Providers"))
    main.get_by_role("button", name=say("Create"), exact=True).first.click()
    window.see(say("Select type"))
    window.press(say("OAuth2/OpenID Provider"))
    window.fill(say("Name"), "wiki-provider")
    window.choose(say("Authorization flow"), "explicit", "default-provider-authorization-explicit-consent")
    page.get_by_label(say("Confidential")).check()
    page.get_by_label(f"{say('Redirect URIs/Origins (RegEx)')}: {say('URL')}", exact=True).fill("http://localhost:5000/callback")
    page.get_by_text(say("Advanced protocol settings")).click()
    assert page.get_by_label(say("Based on the User's hashed ID")).is_checked()
    window.fill(say("Access Token validity"), "minutes=10")
    window.picture("provider")
    assert window.barriers() == []
    window.press(say("Create"))
    window.press(say("Copy settings block"))
    assert "AUTHENTIK_CLIENT_SECRET=" in wait_for(lambda: page.evaluate("navigator.clipboard.readText()"), 10, "the block")

    window.menu(say("Applications"), say("Applications"))
    main.get_by_role("button", name=say("Create"), exact=True).first.click()
    window.fill(say("Name"), "Wiki")
    window.fill(say("Slug"), "wiki")
    window.choose(say("Provider"), "wiki", "wiki-provider")
    page.get_by_text(say("UI settings")).click()
    window.fill(say("Launch URL"), "http://localhost:5000/")
    page.get_by_label(say("Open in new tab")).check()
    window.picture("application")
    window.press(say("Create"))
    window.see("Wiki")

    window.menu(say("Directory"), say("Users"))
    window.see(say("People and service accounts that can sign in."))
    main.get_by_role("button", name=say("Create"), exact=True).first.click()
    window.fill(say("Username"), "maria")
    window.fill(say("Name"), "María")
    window.fill(say("Email"), "maria@example.test")
    window.picture("user")
    window.press(say("Create"))
    page.get_by_role("button", name=say("Set password")).first.click()
    dialog = page.get_by_role("dialog", name=say("Set password of { $name }", name="maria"))
    dialog.get_by_label(say("Password"), exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name=say("Set password")).click()
    window.see(say("Password of { $name } set.", name="maria"))
    assert server.one("core/users/", username="maria")["name"] == "María"
    assert window.problems == []
    for path, text in (("/flow/flows", "Flows"), ("/events/log", "Logs"), ("/core/tokens", "Tokens and App passwords")):
        window.go(f"/if/admin/#{path}").see(say(text))
        page.wait_for_load_state("networkidle")
        window.picture(text)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    for path in ("/core/providers/new/oauth2provider", "/identity/users"):
        window.go(f"/if/admin/#{path}")
        page.wait_for_load_state("networkidle")
        window.picture("phone")
        assert page.evaluate(CUT) == []
