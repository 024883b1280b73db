"""The guide's steps 4 to 9 in a real browser, by the words on the pages; then three people at the demo."""

import json
import re

import pytest
from playwright.sync_api import expect

from browser import PATIENCE, Window, sign_in
from world import PASSWORD, Demo, Server, free_port


def set_up(window):
    window.go("/")
    window.at("**/if/flow/initial-setup/**")
    window.see("akadmin")
    window.picture("set-up")
    window.fill("Email", "admin@example.test")
    window.fill("Password", PASSWORD)
    window.fill("Password (repeat)", PASSWORD)
    window.press("Continue")


def make_groups(window):
    for name in ("Administrators", "Managers", "Users"):
        window.menu("Directory", "Groups")
        window.press("Create")
        dialog = window.page.get_by_role("dialog")
        dialog.get_by_label("Name", exact=True).fill(name)
        dialog.get_by_role("button", name="Create", exact=True).click()
        expect(window.page.get_by_role("link", name=name, exact=True).first).to_be_visible(timeout=PATIENCE)
    window.picture("groups")


def add_to_group(window, group, *usernames):
    window.menu("Directory", "Groups")
    window.page.get_by_role("main").get_by_role("link", name=group, exact=True).click()
    window.page.get_by_role("tab", name="Users", exact=True).click()
    window.page.get_by_role("button", name="Add existing user").first.click()
    dialog = window.page.get_by_role("dialog")
    for username in usernames:
        dialog.get_by_label("Users to add").fill(username)
        dialog.get_by_label(username, exact=True).check()
    window.picture(f"add-to-{group}")
    dialog.get_by_role("button", name="Add", exact=True).click()
    for username in usernames:
        expect(window.page.get_by_role("main").get_by_role("link", name=username).first).to_be_visible(timeout=PATIENCE)


def make_provider(window, callback):
    window.menu("Applications", "Providers")
    window.page.get_by_role("link", name="Create", exact=True).or_(window.page.get_by_role("button", name="Create", exact=True)).first.click()
    window.picture("provider-types")
    window.press("OAuth2/OpenID Provider")
    window.fill("Name", "flask-app-provider")
    window.choose("Authorization flow", "default-authorization-flow", "default-provider-authorization-explicit-consent (Authorize Application)")
    window.page.get_by_label("Confidential").check()
    window.page.get_by_label(re.compile("^Redirect URIs.*URL")).first.fill(callback)
    window.page.get_by_text("Advanced protocol settings").click()
    expect(window.page.get_by_label("Based on the User's hashed ID")).to_be_checked()
    window.fill("Access Token validity", "minutes=10")
    expect(window.page.get_by_label("Refresh Token validity")).to_have_value("days=30")
    window.picture("provider-form")
    window.press("Create")
    # The form has a field of that name, too.
    window.at(re.compile(r"#/core/providers/\d+$"))
    window.see("Client ID")


def make_application(window, launch_url):
    window.menu("Applications", "Applications")
    window.page.get_by_role("link", name="Create", exact=True).or_(window.page.get_by_role("button", name="Create", exact=True)).first.click()
    window.fill("Name", "Flask SSO App")
    window.fill("Slug", "flask-app")
    window.choose("Provider", "flask-app", "flask-app-provider")
    window.page.get_by_text("UI settings").click()
    window.fill("Launch URL", launch_url)
    window.page.get_by_label("Open in new tab").check()
    window.picture("application-form")
    window.press("Create")
    window.see("Flask SSO App")


def make_user(window, username):
    window.menu("Directory", "Users")
    window.page.get_by_role("link", name="Create", exact=True).or_(window.page.get_by_role("button", name="Create", exact=True)).first.click()
    window.fill("Username", username)
    window.fill("Name", username.title())
    window.fill("Email", f"{username}@example.test")
    window.press("Create")
    window.page.get_by_role("button", name="Set password").first.click()
    dialog = window.page.get_by_role("dialog")
    dialog.get_by_label(re.compile("Password")).first.fill(PASSWORD)
    dialog.get_by_role("button", name=re.compile("Set password|Update|Save")).click()
    expect(dialog).to_be_hidden(timeout=PATIENCE)


def settings_block(window):
    """What the copy button of the provider page puts into the clipboard."""
    window.menu("Applications", "Providers")
    window.follow("flask-app-provider")
    window.picture("provider")
    copy = window.page.get_by_role("button", name="Copy settings block")
    copy.click()
    expect(copy).to_have_text("Copied")
    return window.page.evaluate("navigator.clipboard.readText()")


def pages_of(window, demo):
    """Status and refusal of the demo's protected pages, as this person's browser gets them."""
    found = {}
    for path in ("/admin", "/manager", "/user"):
        answer = window.page.goto(demo.base + path)
        found[path] = answer.status if answer.ok else json.loads(answer.text())["user_roles"]
        window.picture(path.strip("/"))
    return found


def sign_in_at_demo(browser, demo, server, username, script=True):
    window = Window(browser, server.base, f"demo-{username}{'' if script else '-without-script'}", script=script)
    window.go(demo.base + "/")
    window.follow("Sign in")
    window.at("**/if/flow/**")
    sign_in(window, username)
    consent = window.page.get_by_role("button", name="Continue", exact=True)
    expect(consent).to_be_visible(timeout=PATIENCE)
    window.picture("consent")
    consent.click()
    window.at(demo.base + "/")
    window.see(f"{username}@example.test")
    window.picture("signed-in")
    return window


def test_the_guide_from_set_up_to_three_people_signed_in(start, browser):
    server = start(Server(bootstrap=False))
    demo = start(Demo(server))
    window = Window(browser, server.base, "guide", viewport={"width": 1280, "height": 860})
    window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.base)
    set_up(window)
    window.at("**/if/admin/**")
    window.picture("overview")
    make_groups(window)
    add_to_group(window, "Administrators", "akadmin")
    make_provider(window, demo.base + "/callback")
    make_application(window, demo.base)
    for username in ("alice", "mary", "uwe"):
        make_user(window, username)
    add_to_group(window, "Administrators", "alice")
    add_to_group(window, "Managers", "mary")
    add_to_group(window, "Users", "uwe")

    block = settings_block(window)
    assert re.search(r"^AUTHENTIK_CLIENT_ID=\w{40}$", block, re.M) and re.search(r"^AUTHENTIK_CLIENT_SECRET=\w{128}$", block, re.M)
    (demo.folder / ".env").write_text(block)

    expected = {
        "alice": {"/admin": 200, "/manager": 200, "/user": 200},
        "mary": {"/admin": ["Managers"], "/manager": 200, "/user": 200},
        "uwe": {"/admin": ["Users"], "/manager": ["Users"], "/user": 200},
    }
    for username, pages in expected.items():
        person = sign_in_at_demo(browser, demo, server, username)
        assert pages_of(person, demo) == pages, username
        person.go(demo.base + "/")
        person.follow("Sign out")
        person.at(demo.base + "/")
        person.follow("Sign in")
        person.at("**/if/flow/**")
        expect(person.page.get_by_label("Password", exact=True).first).to_be_visible(timeout=PATIENCE)
        # The refusals of the demo are asked for here; everything else a browser complains about is a fault.
        assert not [text for text in person.problems if "status of 40" not in text], person.problems
        person.close()
    assert not window.problems, window.problems


def test_set_up_and_sign_in_without_script(start, browser):
    server = start(Server(bootstrap=False))
    window = Window(browser, server.base, "no-script", script=False)
    set_up(window)
    window.at(re.compile("/if/(admin|user)/"))

    port = free_port()
    other = start(Server())
    app = other.application("flask-app", consent="explicit", redirects=[f"http://localhost:{port}/callback"])
    other.group("Users")
    other.user("uwe", ["Users"])
    demo = start(Demo(other, app, port))
    person = sign_in_at_demo(browser, demo, other, "uwe", script=False)
    person.follow("Sign out")
    person.at(demo.base + "/")


def test_a_wrong_password_says_so_and_keeps_the_name(server, browser):
    window = Window(browser, server.base, "wrong-password", script=False)
    window.go("/if/flow/default-authentication-flow/")
    sign_in(window, "akadmin", "wrong")
    expect(window.page.get_by_role("alert")).to_be_visible(timeout=PATIENCE)
    window.picture("refused")
    sign_in(window, "akadmin")
    window.at(re.compile("/if/(admin|user)/|/$"))


def test_set_up_is_closed_afterwards(server, browser):
    window = Window(browser, server.base, "closed", script=False)
    window.go("/if/flow/initial-setup/")
    assert window.page.get_by_label("Password (repeat)").count() == 0
    window.picture("set-up-closed")


PAGES = (
    "/if/user/",
    "/if/user/#/settings",
    "/if/admin/#/administration/overview",
    "/if/admin/#/core/providers",
    "/if/admin/#/core/providers/1",
    "/if/admin/#/core/providers/new/oauth2provider",
    "/if/admin/#/core/applications/nothing-here",
    "/if/admin/#/identity/users",
    "/if/admin/#/flow/flows",
    "/if/admin/#/flow/stages/new",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 860), (390, 844)], ids=["desktop", "phone"])
def test_pages_fit_their_window(server, browser, scheme, size):
    """Nothing is wider than the window, and nobody is kept out, on desktop and phone, light and dark."""
    server.application("wiki", name="Wiki")
    options = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme}
    window = Window(browser, server.base, f"fit-{size[0]}-{scheme}", **options)
    window.go("/if/flow/default-authentication-flow/")
    assert width(window) <= size[0]
    sign_in(window, "akadmin")
    window.at(re.compile("/if/(admin|user)/"))
    for address in PAGES:
        window.go("about:blank").go(address)
        expect(window.page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
        expect(window.page.locator(".skeleton, [aria-busy=true]")).to_have_count(0, timeout=PATIENCE)
        window.picture(re.sub(r"\W+", "-", address).strip("-"))
        assert width(window) <= size[0], address
        assert window.barriers() == [], address
    # One of the pages is about something that does not exist.
    assert not [text for text in window.problems if "status of 404" not in text], window.problems


def weight(window, work):
    """Bytes that travel while `work` is done, and for each answer."""
    answers = []
    window.page.on("response", lambda answer: answers.append(answer))
    work()
    window.page.wait_for_load_state("networkidle", timeout=4 * PATIENCE)
    sizes = {answer.url.removeprefix(window.base): answer.request.sizes()["responseBodySize"] for answer in answers if answer.status == 200}
    return sum(sizes.values()), sizes


BUDGET = 100 * 1024


def test_the_first_visit_of_a_page_costs_at_most_100_kib(server, browser):
    """With 300 people and 80 applications, nothing known to the browser, answers of the API included."""
    wiki = server.application("wiki", name="Wiki")
    for at in range(80):
        server.create("core/applications/", name=f"Application {at}", slug=f"app-{at}", meta_description="What it is for, in a sentence.")
    nina = [server.user(f"person-{at}", name=f"Person {at}", password=None) for at in range(300)][0]
    team = server.group("Team")
    number = wiki.provider["pk"]
    event = server.get("events/events/")["results"][0]["pk"]
    pages = (
        *PAGES[:6],
        f"/if/admin/#/core/providers/{number}",
        f"/if/admin/#/core/providers/{number}/edit",
        "/if/admin/#/core/applications",
        "/if/admin/#/core/applications/wiki",
        "/if/admin/#/core/applications/wiki/edit",
        "/if/admin/#/identity/users",
        f"/if/admin/#/identity/users/{nina['pk']}",
        f"/if/admin/#/identity/users/{nina['pk']}/edit",
        "/if/admin/#/identity/groups",
        f"/if/admin/#/identity/groups/{team['pk']}",
        "/if/admin/#/core/tokens",
        "/if/admin/#/flow/flows",
        "/if/admin/#/flow/flows/default-authentication-flow",
        "/if/admin/#/flow/stages/new",
        "/if/admin/#/policy/policies",
        "/if/admin/#/events/log",
        f"/if/admin/#/events/log/{event}",
        "/if/admin/#/flow/runs",
        "/if/admin/#/administration/changes",
        "/if/admin/#/administration/system-tasks",
    )
    window = Window(browser, server.base, "weight")
    total, _ = weight(window, lambda: window.go("/if/flow/default-authentication-flow/"))
    assert total <= 30 * 1024
    sign_in(window, "akadmin")
    window.at(re.compile("/if/(admin|user)/"))
    kept = window.context.storage_state()
    found = {}
    for page in pages:
        fresh = Window(browser, server.base, "weight", storage_state=kept)
        found[page] = weight(fresh, lambda: fresh.go(page))
        fresh.close()
    for page, (total, _) in sorted(found.items(), key=lambda one: -one[1][0]):
        print(f"{total / 1024:6.1f} KiB  {page}")
    heavy = {page: sorted(sizes.items(), key=lambda one: -one[1])[:6] for page, (total, sizes) in found.items() if total > BUDGET}
    assert not heavy, heavy


def width(window):
    return window.page.evaluate("document.documentElement.scrollWidth")


def test_a_refusal_leads_an_administrator_to_what_would_change_it(server, browser):
    """The person reads a number and no name of a group; the number leads an administrator to what would change it."""
    wiki = server.application("wiki", name="Wiki")
    managers = server.group("Managers")
    server.create("policies/bindings/", target=wiki.application["pk"], group=managers["pk"], order=0)
    server.user("uwe")
    person = Window(browser, server.base, "refusal", script=False)
    person.go(wiki.authorize_url())
    sign_in(person, "uwe")
    person.see("You can’t open Wiki")
    assert "Managers" not in person.page.content()
    trace = person.page.locator(".mono").first.inner_text()
    person.picture("refused")

    admin = Window(browser, server.base, "refusal-admin")
    admin.go("/if/admin/")
    sign_in(admin, "akadmin")
    admin.menu("Flows and Stages", "Runs")
    admin.page.get_by_role("searchbox").fill(trace)
    admin.follow(trace)
    admin.see("Add uwe to the group Managers")
    admin.go("/if/admin/#/core/applications/wiki")
    admin.page.locator("button#check-user").click()
    admin.choose("User", "uwe", "uwe (Uwe)")
    admin.see("Not a member of the group Managers")
    admin.picture("check-access")


def test_the_icon_of_an_application_is_set_and_taken_away(server, browser):
    server.application("wiki", name="Wiki")
    window = Window(browser, server.base, "icon")
    window.go("/if/admin/")
    sign_in(window, "akadmin")
    window.at("**/if/admin/**")
    for typed, kept in (("javascript:alert(1)", None), ("/static/dist/assets/icons/icon.svg",) * 2, ("", None)):
        window.go("about:blank").go("/if/admin/#/core/applications/wiki/edit")
        window.page.get_by_text("UI settings").click()
        window.fill("Icon", typed)
        window.press("Update")
        if typed.startswith("javascript"):
            window.see("Enter a valid URL.")
            expect(window.page.get_by_label("Icon", exact=True)).to_be_focused()
        else:
            window.see("Wiki saved.")
        assert server.get("core/applications/wiki/")["meta_icon"] == kept


def test_somebody_acts_as_somebody_else_and_stops(server, browser):
    user = server.user("vera", name="Vera")
    window = Window(browser, server.base, "impersonation", viewport={"width": 390, "height": 844}, color_scheme="dark")
    window.go("/if/admin/")
    sign_in(window, "akadmin")
    window.at("**/if/admin/**")
    window.go("about:blank").go(f"/if/admin/#/identity/users/{user['pk']}")
    window.press("More actions")
    window.page.get_by_role("menuitem", name="Impersonate").click()
    dialog = window.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Impersonate").click()
    expect(dialog.get_by_text("This field is required.")).to_be_visible()
    dialog.get_by_label("Reason").fill("A look at her applications")
    window.picture("dialog")
    dialog.get_by_role("button", name="Impersonate").click()
    window.at("**/if/user/**")
    banner = window.page.get_by_role("status").filter(has_text="act as")
    expect(banner).to_have_text("You are akadmin and act as vera. Stop impersonation")
    window.picture("library")
    assert window.barriers() == []
    # What her account may not see is not seen; the way back is where she may be.
    window.go("/if/admin/")
    window.see("This part is for administrators")
    window.follow("My applications")
    window.press("Stop impersonation")
    expect(window.page.get_by_role("heading", name="vera")).to_be_visible()
    expect(banner).to_have_count(0)
    window.picture("back")
    started = server.one("events/events/", action="impersonation_started")
    assert started["context"]["reason"] == "A look at her applications" and started["user"]["username"] == "akadmin", started
