"""A real browser, and the words people read on the pages."""

import contextlib
import re

from playwright.sync_api import expect, sync_playwright

from world import ARTEFACTS, PASSWORD, TESTS

# Without these, Chromium looks for its maker's servers at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 45_000
AXE = TESTS / "node_modules/axe-core/axe.min.js"


@contextlib.contextmanager
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """One person's browser window."""

    def __init__(self, browser, base, label, script=True, **options):
        self.base, self.label, self.count = base, label, 0
        self.context = browser.new_context(java_script_enabled=script, **options)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self.note)

    def note(self, message):
        # Failed requests of pages are listed here too, as are violations of the content security policy.
        if message.type == "error" and "favicon" not in message.text:
            self.problems.append(message.text)

    def go(self, address="/"):
        self.page.goto(address if ":" in address.split("/")[0] else self.base + address)
        return self

    def picture(self, name):
        ARTEFACTS.mkdir(exist_ok=True)
        self.count += 1
        self.page.screenshot(path=ARTEFACTS / f"{self.label}-{self.count:02}-{name}.png", full_page=True)

    def barriers(self):
        """What keeps people with a screen reader or poor sight out of this page, by the rules of WCAG 2.2 AA."""
        self.page.evaluate(AXE.read_text())
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = self.page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)["violations"]
        return [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]]

    # -- by the words on the page --------------------------------------------------------------------

    def fill(self, label, text):
        self.page.get_by_label(label, exact=True).first.fill(text)

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name):
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def see(self, text):
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE)

    def at(self, pattern):
        self.page.wait_for_url(pattern, timeout=PATIENCE)

    def menu(self, section, item):
        """Opens a page of the admin interface from its navigation."""
        within = self.page.get_by_role("navigation").get_by_role("group", name=section, exact=True)
        within.get_by_role("link", name=item, exact=True).click()

    def choose(self, label, typed, option):
        """Types into a field that searches, and takes one of what it offers."""
        field = self.page.get_by_role("combobox", name=label)
        field.click()
        field.fill(typed)
        self.page.get_by_role("option", name=option).first.click()

    def close(self):
        self.context.close()


def sign_in(window, username, password=PASSWORD):
    window.page.get_by_label(re.compile("^(Email or Username|Username or Email|Username)", re.I)).first.fill(username)
    window.page.get_by_label("Password", exact=True).first.fill(password)
    window.picture("sign-in")
    window.page.get_by_role("button", name=re.compile("^(Log in|Sign in|Continue)$")).first.click()
