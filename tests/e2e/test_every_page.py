"""Every page, tab, dialog and menu, as people with poor sight, a phone, a magnifier or other colours meet them.

The pages of the interfaces are found by their own links and buttons, so that a new one is looked at without a line here.
"""

import contextlib
import re
import time

import pytest
from playwright.sync_api import TimeoutError, expect

from browser import AXE, PATIENCE, Window, sign_in
from test_device import begin, device_flow
from test_languages import CUT
from world import Person

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
# What is left of the desktop's window when it is magnified twice and four times (WCAG 2.2, 1.4.4 and 1.4.10).
MAGNIFIED = {"200 %": {"width": 640, "height": 400}, "400 %": {"width": 320, "height": 256}}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Rules that ask about colours; the others find the same in both themes.
COLOURS = ["color-contrast", "link-in-text-block"]
FAMILIES = {
    "/flow/stages": "stages/all",
    "/policy/policies": "policies/all",
    "/core/property-mappings": "propertymappings/all",
    "/core/providers": "providers/all",
    "/core/sources": "sources/all",
}
FIND = """options => axe.run(document, options).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html.slice(0, 160)} ${(any[0]?.message ?? '').slice(0, 160)}`)))"""


class Look:
    """Looks at pages in both themes, on desktop and phone and magnified, and keeps what keeps people out."""

    def __init__(self, window):
        self.window, self.page, self.found, self.seen, self.began = window, window.page, {}, [], time.monotonic()

    def at(self, name, over=False):
        """`over` a page: what lies there has the same colours on every screen."""
        page, wrong = self.page, []
        self.seen.append(name)
        if not page.evaluate("!!window.axe"):
            page.evaluate(AXE.read_text())
        if moving := page.evaluate("document.getAnimations().length"):
            wrong.append(f"{moving} things move where people want none to")
        for size, scheme, only in ((DESKTOP, "dark", COLOURS), (DESKTOP, "light", None), (PHONE, "dark", None))[over:]:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            options = {"runOnly": only or RULES, "resultTypes": ["violations"]}
            wrong += [f"{scheme}, {size['width']}: {fault}" for fault in page.evaluate(FIND, options)]
        for label, size in {"phone": PHONE, **MAGNIFIED}.items():
            page.set_viewport_size(size)
            if cut := [f"{label}: {fault}" for fault in page.evaluate(CUT)]:
                wrong += cut
                self.picture(f"{name} {size['width']}")
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        if wrong:
            self.picture(name)
            self.found[name] = list(dict.fromkeys(wrong))
        print(f"{time.monotonic() - self.began:6.1f} s  {name}", *self.found.get(name, []), sep="\n        ", flush=True)

    def picture(self, name):
        self.window.picture(re.sub(r"\W+", "-", name).strip("-")[:80])

    def fine(self):
        text = "\n".join(f"{name}\n    " + "\n    ".join(wrong) for name, wrong in self.found.items())
        assert not self.found, f"\n{text}"


def loaded(page):
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0, timeout=PATIENCE)


# Tabs that are the same on the page of every object.
ALIKE = ("page-permissions", "page-changelog")


def pattern(address):
    """An address without the keys of the objects it is about, with the tab."""
    path, _, state = address.partition(";")
    path = re.sub(r"^(/flow/stages/(?:prompts|invitations)|/[^/]+/[^/]+)/(?!new(/|$)|generate$|runs$|simulate$)[^/]+", r"\1/:id", path)
    tab = re.search(r'"page":"([\w-]+)"', state)
    if tab and tab.group(1) in ALIKE:
        return f"/:any {tab.group(1)}"
    return path + (f" {tab.group(1)}" if tab else "")


def turn(page, address):
    """Goes to another page of the interface. The one before stays until the other is there."""
    close(page)
    page.evaluate("document.querySelector('h1').dataset.before = ''")
    before = page.url.partition("#")[2].partition(";")[0]
    page.evaluate("hash => { location.hash = hash; }", address)
    if address.partition(";")[0] != before:
        expect(page.locator("h1[data-before]")).to_have_count(0, timeout=PATIENCE)
    loaded(page)


LINKS = """() => [...document.querySelectorAll('a[href^="#/"]')].map(({ hash }) => decodeURIComponent(hash.slice(1)))"""


def settled(page):
    """Waits for what a press has fetched."""
    # Some pages ask again and again.
    with contextlib.suppress(TimeoutError):
        page.wait_for_load_state("networkidle", timeout=2000)
    page.wait_for_timeout(60)


# What lies over a page.
OPENED = "dialog[open], [role=menu]"


def close(page):
    for _ in range(5):
        if not page.locator(OPENED).count():
            return
        page.keyboard.press("Escape")
        page.wait_for_timeout(20)


def press_everything(look, name, pressed):
    """Each button that opens a dialog or a menu is pressed once for all pages. Nothing that would change something gets through."""
    page = look.page
    home = page.url
    buttons = page.get_by_role("main").get_by_role("button")
    for at in range(buttons.count()):
        here = buttons.element_handles()
        if at >= len(here):
            break
        button = here[at]
        if not button.is_visible() or not button.is_enabled():
            continue
        label = (button.get_attribute("aria-label") or button.inner_text()).strip()
        # Options and the menu of a row are the same in every list.
        mark = label if label == "List options" else label.split(" for ")[0] if label.startswith("Actions for") else (name.split(" ")[0], label)
        if mark in pressed:
            continue
        pressed.add(mark)
        # One that was slow to open.
        close(page)
        button.evaluate("button => button.click()")
        settled(page)
        if page.locator(OPENED).count():
            look.at(f"{name}, {label}", over=True)
            close(page)
        if page.url != home:
            page.goto(home)
            loaded(page)


def furnish(server):
    """One object at least of what pages are about."""
    wiki = server.application("wiki", name="Wiki")
    team = server.group("Team")
    nina = server.user("nina", ["Team"])
    role = server.create("rbac/roles/", name="Help desk")["pk"]
    server.patch(f"core/groups/{team['pk']}/", roles=[role])
    server.create("policies/expression/", name="By day", expression="return True")
    server.create("policies/bindings/", target=wiki.application["pk"], group=team["pk"], order=0)
    server.create("core/tokens/", identifier="program", user=nina["pk"], intent="api")
    server.create("stages/invitation/stages/", name="invited")
    server.create("stages/invitation/invitations/", name="summer")
    transport = server.get("events/transports/")["results"][0]["pk"]
    server.create("events/rules/", name="Alarms", transports=[transport], group=team["pk"])
    flows = {"authorization_flow": server.flow("default-provider-authorization-implicit-consent"), "invalidation_flow": server.flow("default-provider-invalidation-flow")}
    proxy = server.create("providers/proxy/", name="intranet", mode="forward_single", external_host="https://intranet.example", **flows)["pk"]
    server.create("outposts/instances/", name="edge", type="proxy", providers=[proxy], config={"authentik_host": server.base})
    server.create("sources/saml/", name="Partner", slug="partner", sso_url="https://idp.example/sso", pre_authentication_flow=server.flow("default-source-pre-authentication"))
    Person(server, "nina").sign_in().tokens(wiki)


def administrator(server, browser, label):
    window = Window(browser, server.base, label, viewport=DESKTOP, reduced_motion="reduce")
    window.go("/if/flow/default-authentication-flow/")
    sign_in(window, "akadmin")
    window.at(re.compile("/if/(admin|user)/"))
    return window


def keep_everything(page):
    """From now on the browser's requests change nothing: they are refused as a form is."""

    def refuse(route):
        if route.request.method in ("GET", "HEAD"):
            route.fallback()
        else:
            route.fulfill(status=400, json={"non_field_errors": ["Refused by the test."]})

    page.route("**/api/v3/**", refuse)


def test_every_page_of_the_interfaces_is_open_to_everybody(server, browser):
    furnish(server)
    window = administrator(server, browser, "every")
    page, look = window.page, Look(window)
    keep_everything(page)
    # A form that was touched asks before it is left.
    page.on("dialog", lambda dialog: dialog.accept())
    kinds = server.get("countersign/kinds/")
    offered = {base: {one["component"] for one in server.get(f"{family}/types/")} for base, family in FAMILIES.items()}
    forms = [f"{base}/new/{kind['model'].split('.')[1]}" for base, those in offered.items() for kind in kinds if kind["creatable"] and kind["component"] in those]
    for interface, start in (("/if/admin/", ["/administration/overview", "/nowhere/at-all", *forms]), ("/if/user/", ["/library", "/settings"])):
        window.go("about:blank").go(f"{interface}#{start[0]}")
        loaded(page)
        waiting, known, pressed = list(start), set(), set()
        while waiting:
            address = waiting.pop(0)
            name = pattern(address)
            if name in known:
                continue
            known.add(name)
            turn(page, address)
            settled(page)
            look.at(f"{interface}#{name}")
            waiting += page.evaluate(LINKS)
            if "/new/" not in name and not name.endswith("/edit"):
                press_everything(look, f"{interface}#{name}", pressed)
    look.fine()
    assert len(look.seen) > 150


def test_every_page_that_visitors_meet_is_open_to_everybody(server, browser):
    app = server.application("tv", consent="explicit")
    closed = server.application("closed", name="Closed")
    server.create("policies/bindings/", target=closed.application["pk"], group=server.group("Nobody")["pk"], order=0)
    device_flow(server)
    server.user("uma")
    window = Window(browser, server.base, "visitor", viewport=DESKTOP, reduced_motion="reduce")
    look, page = Look(window), window.page

    def at(name, address):
        window.go(address)
        look.at(name)

    at("sign-in", "/if/flow/default-authentication-flow/")
    page.locator("button.main").click()
    look.at("nothing entered")
    window.fill("Email or Username", "uma")
    window.fill("Password", "wrong")
    page.locator("button.main").click()
    window.page.get_by_role("alert").wait_for()
    look.at("wrong password")
    for name, address in {
        "recovery": "/if/flow/default-recovery-flow/",
        "no such flow": "/if/flow/nothing/",
        "not found": "/nowhere/",
        "help": "/if/help/",
        "set-up is closed": "/if/flow/initial-setup/",
        "signed out": "/flows/-/signed-out/x/",
        "unknown client": "/application/o/authorize/?client_id=nobody&response_type=code",
        "unknown address": app.authorize_url(redirect_uri="https://elsewhere.example/"),
    }.items():
        at(name, address)
    window.go("/if/flow/default-authentication-flow/")
    sign_in(window, "uma")
    window.at("**/if/user/**")
    at("consent", app.authorize_url())
    at("refused", closed.authorize_url())
    at("no administrator", "/if/admin/")
    at("device", "/device")
    window.fill("Code on the device", "000 000 000")
    window.press("Continue")
    page.get_by_text("No device waits").wait_for()
    look.at("no such device")
    code = begin(server, app)["user_code"]
    at("device asks", f"/device?code={code}")
    for stage in ("static", "totp", "webauthn"):
        at(f"{stage} is set up", f"/if/flow/default-authenticator-{stage}-setup/")
    at("password", "/if/flow/default-password-change/")
    at("details", "/if/flow/default-user-settings-flow/")
    look.fine()


# Of each control, what is drawn must change with its state, and differ from nothing at all.
STATES = {
    ".chip[aria-pressed]": "element.setAttribute('aria-pressed', element.getAttribute('aria-pressed') !== 'true')",
    "[role=tab]": "element.setAttribute('aria-selected', element.getAttribute('aria-selected') !== 'true')",
    "nav li a": "element.toggleAttribute('aria-current')",
    ".switch input": "element.checked = !element.checked",
    ".choice input": "element.checked = !element.checked",
    "input[type=checkbox]:not([role])": "element.checked = !element.checked",
    ".button.main": "element.style.opacity = 0",
    ".badge": "element.style.opacity = 0",
    ".input": "element.style.opacity = 0",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_states_are_seen_in_the_colours_of_the_system(server, browser, scheme):
    server.application("wiki", name="Wiki")
    window = Window(browser, server.base, f"forced-{scheme}", viewport=DESKTOP, forced_colors="active", color_scheme=scheme, reduced_motion="reduce")
    window.go("/if/flow/default-authentication-flow/")
    sign_in(window, "akadmin")
    window.at(re.compile("/if/(admin|user)/"))
    page, left, alike = window.page, set(STATES), []
    for path in ("/identity/users", "/identity/users/new", "/core/applications/wiki", "/core/providers/new/oauth2provider"):
        window.go("about:blank").go(f"/if/admin/#{path}")
        loaded(page)
        settled(page)
        window.picture(path.strip("/").replace("/", "-"))
        for selector in sorted(left):
            element = page.locator(selector).locator("visible=true").first
            if not element.count():
                continue
            left.discard(selector)
            element = element.element_handle()
            around = element.query_selector("xpath=..")
            before = around.screenshot()
            element.evaluate(f"element => {{ {STATES[selector]} }}")
            if around.screenshot() == before:
                alike.append(selector)
    assert alike == [] and left == set()
    page.keyboard.press("Tab")
    ring = page.evaluate("(({ outlineStyle, outlineWidth }) => [outlineStyle, outlineWidth])(getComputedStyle(document.activeElement))")
    assert ring[0] != "none" and ring[1] != "0px"
