"""Lists, forms, the log and the overview of the administrator's interface, in Chromium: what they offer is what they do."""

import csv
import io
import json
import re

import requests
from playwright.sync_api import expect

from browser import PATIENCE
from test_interface import administrator, opened, pk
from world import TOKEN, Person, wait_for


def rows(window):
    return window.page.get_by_role("main").locator("tbody tr")


def names(window):
    expect(window.page.locator("[aria-busy=true]")).to_have_count(0, timeout=PATIENCE)
    return rows(window).locator("td.main .lead").all_inner_texts()


def state(window):
    address = requests.utils.unquote(window.page.url)
    return json.loads(address.split(";", 1)[1]) if ";" in address else {}


def options(window, item):
    window.press("List options")
    window.page.get_by_role("menuitem", name=item, exact=True).click()


def test_a_list_is_narrowed_kept_exported_and_worked_on_by_keys_alone(server, browser):
    team = server.group("Team")
    for name in ("nina", "uma", "percy"):
        server.user(name, name=name.title())
    server.api("POST", f"core/groups/{team['pk']}/add_user/", 204, json={"pk": pk(server, "nina")})
    server.api("POST", f"core/groups/{team['pk']}/add_user/", 204, json={"pk": pk(server, "uma")})
    server.patch(f"core/users/{pk(server, 'uma')}/", is_active=False)
    window = administrator(server, browser, "lists", accept_downloads=True)
    opened(window, "/identity/users")
    keys = window.page.keyboard

    # Filters combine, live in the address, and release a chip that asks the same.
    window.page.get_by_role("button", name="Hide deactivated user").click()
    expect(rows(window)).to_have_count(3)
    keys.press("f")
    dialog = window.page.get_by_role("dialog", name="Filter users")
    window.picture("filter")
    assert window.barriers() == []
    window.choose("Member of", "Team", "Team")
    dialog.get_by_label("State").select_option("Inactive")
    dialog.get_by_role("button", name="Apply").click()
    expect(rows(window)).to_have_count(1)
    assert names(window) == ["uma"]
    expect(window.page.get_by_role("button", name="Hide deactivated user")).to_have_attribute("aria-pressed", "false")
    assert state(window)["filters"] == {"groups_by_pk": {"key": team["pk"], "name": "Team"}, "is_active": "false"}
    window.page.reload()
    expect(rows(window)).to_have_count(1, timeout=PATIENCE)
    window.page.get_by_role("button", name=re.compile("^State:")).click()
    expect(rows(window)).to_have_count(2)

    # A view has a name; columns and density are remembered.
    options(window, "View and columns")
    dialog = window.page.get_by_role("dialog", name="View")
    dialog.get_by_label("Name of the view").fill("The team")
    dialog.get_by_role("button", name="Save view").click()
    dialog.get_by_label("Email").check()
    dialog.get_by_label("Type").uncheck()
    dialog.get_by_label("Compact").check()
    window.picture("view")
    assert window.barriers() == []
    dialog.get_by_role("button", name="Done").click()
    opened(window, "/identity/users")
    expect(window.page.get_by_role("columnheader", name="Email")).to_be_visible()
    expect(window.page.get_by_role("columnheader", name="Type")).to_have_count(0)
    options(window, "View and columns")
    window.page.get_by_role("dialog").get_by_role("button", name="The team", exact=True).click()
    expect(rows(window)).to_have_count(2)

    # What is exported is what is found, with the columns that are shown.
    with window.page.expect_download() as found:
        options(window, "Export as CSV")
    text = found.value.path().read_text("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["Name"].split()[0] for row in table] == ["nina", "uma"] and "Type" not in table[0]
    assert table[0]["Email"] == "nina@example.test"
    with window.page.expect_download() as found:
        options(window, "Export as JSON")
    exported = json.loads(found.value.path().read_text())
    assert {row["username"] for row in exported} == {"nina", "uma"} and "effective" not in exported[0]

    # Keys: `?` shows them, j and k move, x selects, e edits, / searches.
    keys.press("?")
    expect(window.page.get_by_role("dialog", name="Keys")).to_contain_text("Select the row")
    assert window.barriers() == []
    keys.press("Escape")
    for key in "jjk":
        keys.press(key)
    expect(window.page.get_by_role("link", name="nina", exact=True)).to_be_focused()
    keys.press("x")
    expect(window.page.get_by_label("Select nina")).to_be_checked()
    keys.press("Escape")
    expect(window.page.get_by_label("Select nina")).not_to_be_checked()
    keys.press("/")
    expect(window.page.get_by_label("Search users")).to_be_focused()
    keys.type("uma")
    expect(rows(window)).to_have_count(1)
    keys.press("Escape")
    window.page.get_by_label("Search users").blur()
    keys.press("j")
    keys.press("e")
    expect(window.page.get_by_label("Username", exact=True)).to_have_value("uma", timeout=PATIENCE)
    assert not window.problems, window.problems


def test_several_are_changed_at_once_and_changed_back(server, browser):
    for name in ("nina", "percy"):
        server.user(name)
    server.group("Team")
    active = lambda: [row["username"] for row in server.get("core/users/", is_active="true", ordering="username", type="internal")["results"]]
    person = Person(server, "nina").sign_in()
    window = administrator(server, browser, "bulk")
    opened(window, "/identity/users")
    top = lambda: rows(window).first.bounding_box()["y"]
    before = top()
    window.page.get_by_label("Select all rows").check()
    assert abs(top() - before) < 1, "selecting moves nothing"
    window.press("Deactivate")
    dialog = window.page.get_by_role("dialog", name="Deactivate 2 users")
    expect(dialog).to_contain_text("Their sessions end now.")
    expect(dialog.get_by_role("listitem")).to_have_text(["nina", "percy"])
    window.picture("asked")
    assert window.barriers() == []
    assert person.me().status_code == 200
    dialog.get_by_role("button", name="Deactivate").click()
    window.see("2 users deactivated.")
    assert active() == ["akadmin"] and person.me().status_code == 403
    window.press("Undo")
    window.see("Undone.")
    assert active() == ["akadmin", "nina", "percy"]

    for name in ("nina", "percy"):
        window.page.get_by_label(f"Select {name}").check()
    window.press("Add to group")
    dialog = window.page.get_by_role("dialog", name="Add 2 users to groups")
    dialog.get_by_role("checkbox", name="Team").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    window.see("2 users added to 1 group.")
    members = lambda: server.one("core/groups/", name="Team")["users"]
    assert set(members()) == {pk(server, "nina"), pk(server, "percy")}
    window.press("Undo")
    window.see("Undone.")
    assert members() == []

    # What is final says so before, and wants more than one click for many.
    for name in ("nina", "percy"):
        window.page.get_by_label(f"Select {name}").check()
    window.press("Delete")
    dialog = window.page.get_by_role("dialog", name="Delete 2 users")
    expect(dialog).to_contain_text("This cannot be undone.")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_label("Type 2 to delete them").fill("2")
    dialog.get_by_role("button", name="Delete").click()
    window.see("2 users deleted.")
    assert active() == ["akadmin"]
    assert not window.problems, window.problems


def test_a_form_shows_who_saved_first_keeps_drafts_and_is_code_without_keys(server, browser):
    app = server.application("wiki", name="Wiki")
    path = f"providers/oauth2/{app.provider['pk']}/"
    window = administrator(server, browser, "forms")
    edit = f"/core/providers/{app.provider['pk']}/edit"
    opened(window, edit)
    window.page.get_by_text("Advanced protocol settings").click()

    # A value is looked at when it is left; a number alone gets its unit.
    validity = window.page.get_by_label("Access Token validity", exact=True)
    validity.fill("ten minutes")
    validity.blur()
    window.see("Enter a number with a unit")
    window.picture("checked")
    validity.fill("10")
    validity.blur()
    expect(validity).to_have_value("hours=10")
    window.see("10 hours")

    # Somebody else saves first: nothing of either is lost unseen.
    server.patch(path, name="wiki-renamed", access_token_validity="minutes=7")
    window.press("Update")
    dialog = window.page.get_by_role("dialog", name="Somebody else saved first")
    expect(dialog).to_contain_text("akadmin changed this")
    expect(dialog).to_contain_text("wiki-renamed")
    expect(dialog).to_contain_text("also changed by you")
    window.picture("conflict")
    assert window.barriers() == []
    dialog.get_by_role("button", name="Take over theirs").click()
    expect(window.page.get_by_label("Name", exact=True)).to_have_value("wiki-renamed")
    expect(validity).to_have_value("minutes=7")
    validity.fill("minutes=12")
    server.patch(path, name="wiki-again")
    window.press("Update")
    dialog.get_by_role("button", name="Overwrite").click()
    window.see("saved.")
    now = server.get(path)
    assert (now["name"], now["access_token_validity"]) == ("wiki-again", "minutes=12"), "only what was changed here is sent"

    # Code: names instead of keys; the blueprint is taken by the server as it is.
    opened(window, edit)
    window.press("Show as code")
    code = window.page.get_by_role("region", name="Code")
    expect(code).to_contain_text("!Find")
    blueprint = code.inner_text()
    keys = [now["authorization_flow"], now["invalidation_flow"], now["signing_key"], *now["property_mappings"]]
    dialog = window.page.get_by_role("dialog")
    for form in ("Blueprint", "Terraform", "curl"):
        dialog.get_by_label(form).check()
        text = code.inner_text()
        assert not [key for key in keys if key and key in text], form
        assert now["client_secret"] not in text
        window.picture(form)
        assert window.barriers() == []
    expect(code).to_contain_text("jq")
    made = server.create("managed/blueprints/", name="as code", content=blueprint, enabled=True)
    server.api("POST", f"managed/blueprints/{made['pk']}/apply/", 200)
    assert server.get(f"managed/blueprints/{made['pk']}/")["status"] == "successful"
    after = server.get(path)
    assert {name: after[name] for name in ("authorization_flow", "signing_key", "property_mappings")} == {
        name: now[name] for name in ("authorization_flow", "signing_key", "property_mappings")
    }

    # A draft outlives the page.
    opened(window, "/core/applications/new")
    window.fill("Name", "Half an application")
    kept = "() => Object.keys(localStorage).some(name => name.startsWith('countersign.draft.'))"
    wait_for(lambda: window.page.evaluate(kept), what="the draft")
    window.go("about:blank").go("/if/admin/#/core/applications/new")
    window.press("Restore draft")
    expect(window.page.get_by_label("Name", exact=True)).to_have_value("Half an application")
    assert not [text for text in window.problems if "status of 4" not in text], window.problems


def test_the_log_is_filtered_watched_and_read_in_place(server, browser):
    server.user("nina")
    app = server.application("wiki", name="Wiki")
    server.patch(f"providers/oauth2/{app.provider['pk']}/", name="wiki-renamed")
    window = administrator(server, browser, "log")
    opened(window, "/events/log")
    row = rows(window).filter(has_text="set the password of nina")
    expect(row.get_by_role("link", name="nina")).to_have_attribute("href", f"#/identity/users/{pk(server, 'nina')}")
    expect(row.locator("time")).to_contain_text(re.compile(r"\d:\d\d:\d\d"))
    assert window.barriers() == []

    window.press("Filter")
    dialog = window.page.get_by_role("dialog", name="Filter events")
    dialog.get_by_label("Time", exact=True).select_option("Last hour")
    dialog.get_by_role("checkbox", name="Updated").check()
    dialog.get_by_role("button", name="Apply").click()
    expect(rows(window)).to_have_count(1)
    window.picture("filtered")
    rows(window).get_by_role("link", name="Updated").click()
    changed = window.page.get_by_role("region", name="What changed")
    expect(changed).to_contain_text("+ wiki-renamed", timeout=PATIENCE)
    expect(changed).to_contain_text("- wiki-provider")
    window.picture("event")
    assert window.barriers() == []
    window.page.get_by_role("region", name="Event info").locator("dd", has_text="history of the configuration").get_by_role("link").click()
    expect(window.page.get_by_role("region", name="Change", exact=True)).to_contain_text("wiki-renamed", timeout=PATIENCE)

    # What happens comes by itself.
    opened(window, "/events/log")
    window.press("Live")
    server.group("Watched")
    expect(rows(window).first).to_contain_text("created group Watched", timeout=PATIENCE)
    assert not window.problems, window.problems


def test_the_overview_is_one_verdict_in_one_call(server, browser):
    window = opened(administrator(server, browser, "overview"), "/events/log")
    window.go("about:blank")
    asked = []
    window.page.on("request", lambda request: asked.append(request.url.split("/api/v3/")[1]) if "/api/v3/" in request.url else None)
    opened(window, "/administration/overview")
    expect(window.page.get_by_text("Everything works")).to_be_visible()
    shell = re.compile(r"^(core/users/me|core/brands/current|countersign/rights|countersign/kinds|events/notifications)/")
    assert [path.split("?")[0] for path in asked if not shell.match(path)] == ["countersign/overview/"]

    for _ in range(2):
        server.create("events/events/", action="configuration_error", app="authentik.test", context={"message": "A stage is missing"})
    opened(window, "/administration/overview")
    expect(window.page.get_by_text("1 thing needs a look")).to_be_visible()
    expect(window.page.get_by_text("Everything works")).to_have_count(0)
    trouble = window.page.get_by_role("region", name="Needs a look").get_by_role("listitem").filter(has_text="A stage is missing")
    expect(trouble).to_have_count(1)
    expect(trouble).to_contain_text("2 times")
    window.picture("troubled")
    assert window.barriers() == []
    window.follow("Show")
    expect(rows(window)).to_have_count(2, timeout=PATIENCE)
    assert not window.problems, window.problems


def test_answers_travel_compressed_unless_they_may_hold_a_secret(server):
    app = server.application("wiki")
    for at in range(30):
        server.group(f"Group {at}")

    def coding(path, **headers):
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "gzip"} | headers
        with requests.get(f"{server.base}/api/v3/{path}", headers=headers, stream=True) as answer:
            assert answer.status_code == 200, path
            return answer.headers.get("Content-Encoding")

    assert coding("core/groups/?page_size=100") == "gzip"
    assert coding("countersign/kinds/") == "gzip"
    assert coding("providers/oauth2/?secrets=masked&page_size=100") == "gzip"
    assert coding("providers/oauth2/?page_size=100") is None, "its client secret is in it"
    assert coding(f"providers/oauth2/{app.provider['pk']}/?secrets=masked") is None, "its tag names these very bytes"
    assert coding("core/groups/?page_size=100", **{"Sec-Fetch-Site": "cross-site"}) is None, "asked for by another site"
    assert coding("core/groups/?page_size=100", **{"Accept-Encoding": "identity"}) is None
    assert coding("flows/executor/default-authentication-flow/") is None

    first = requests.get(f"{server.base}/api/v3/countersign/kinds/?path=core/users", headers={"Authorization": f"Bearer {TOKEN}"})
    assert [kind["path"] for kind in first.json()] == ["core/users"]
    again = {"Authorization": f"Bearer {TOKEN}", "If-None-Match": first.headers["ETag"]}
    assert requests.get(f"{server.base}/api/v3/countersign/kinds/?path=core/users", headers=again).status_code == 304
    assert requests.get(f"{server.base}/api/v3/countersign/kinds/?path=core/groups", headers=again).status_code == 200
