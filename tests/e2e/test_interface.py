"""What an administrator can rely on in the interface: nothing ends unasked, secrets wait until asked, drafts outlive their session."""

import re

from playwright.sync_api import expect

from browser import PATIENCE, Window, sign_in
from world import PASSWORD, Person, Server

DESKTOP = {"width": 1280, "height": 800}


def administrator(server, browser, label, **options):
    window = Window(browser, server.base, label, **({"viewport": DESKTOP} | options))
    window.go("/if/flow/default-authentication-flow/")
    sign_in(window, "akadmin")
    window.at(re.compile("/if/(admin|user)/"))
    return window


def opened(window, address):
    window.go("about:blank").go(f"/if/admin/#{address}")
    expect(window.page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
    expect(window.page.locator(".skeleton, [aria-busy=true]")).to_have_count(0, timeout=PATIENCE)
    return window


def menu_of(window):
    window.press("More actions")
    items = window.page.get_by_role("menuitem").all_inner_texts()
    window.page.keyboard.press("Escape")
    return items


def pk(server, username):
    return server.one("core/users/", username=username)["pk"]


def test_nobody_is_offered_to_deactivate_the_own_account_and_others_are_asked_about(server, browser):
    nina = server.user("nina")
    person = Person(server, "nina").sign_in()
    window = administrator(server, browser, "deactivate")
    opened(window, f"/identity/users/{pk(server, 'akadmin')}")
    assert not {"Deactivate", "Delete", "Impersonate"} & set(menu_of(window))

    opened(window, f"/identity/users/{nina['pk']}")
    window.press("More actions")
    window.page.get_by_role("menuitem", name="Deactivate").click()
    dialog = window.page.get_by_role("dialog", name="Deactivate nina")
    expect(dialog).to_contain_text("nina can no longer sign in, here or at any application.")
    expect(dialog).to_contain_text("1 session of this account ends now.")
    window.picture("asked")
    assert window.barriers() == []
    assert person.me().status_code == 200, "opening the dialog ends nothing"
    dialog.get_by_role("button", name="Deactivate").click()
    window.see("nina can no longer sign in.")
    expect(window.page.get_by_text("Inactive", exact=True)).to_be_visible()
    assert person.me().status_code == 403
    assert "Activate" in menu_of(window)
    assert not window.problems, window.problems


def test_leaving_a_group_says_what_is_lost_and_what_was_done(server, browser):
    server.user("nina", [server.group("Team")["name"]])
    window = administrator(server, browser, "leaving")
    opened(window, f"/identity/users/{pk(server, 'nina')};%7B%22page%22%3A%22page-groups%22%7D")
    window.press("Remove")
    dialog = window.page.get_by_role("dialog", name="Remove nina from Team")
    expect(dialog).to_contain_text("nina loses what this group may open.")
    dialog.get_by_role("button", name="Remove").click()
    window.see("nina removed from Team.")
    opened(window, f"/identity/users/{pk(server, 'nina')}")
    window.press("More actions")
    window.page.get_by_role("menuitem", name="Delete").click()
    expect(window.page.get_by_role("dialog", name="Delete user nina")).to_contain_text("This cannot be undone.")


def test_an_account_without_a_password_says_so_and_offers_what_to_do(server, browser):
    nina = server.user("nina", password=None)
    window = administrator(server, browser, "no-password")
    opened(window, f"/identity/users/{nina['pk']}")
    facts = window.page.get_by_role("main").locator("dl")
    expect(facts).to_contain_text("None yet.")
    assert window.barriers() == []
    facts.get_by_role("button", name="Set password").click()
    window.fill("Password", PASSWORD)
    window.page.get_by_role("dialog").get_by_role("button", name="Set password").click()
    window.see("Password of nina set.")
    expect(facts).to_contain_text("Password set")
    expect(facts).not_to_contain_text("None yet.")


def test_the_log_says_who_did_it_and_then_to_whom(server, browser):
    server.user("nina")
    window = administrator(server, browser, "who")
    opened(window, "/events/log")
    row = window.page.get_by_role("row").filter(has_text="set the password of nina")
    expect(row.first).to_contain_text("akadmin")
    assert window.barriers() == []
    opened(window, "/administration/overview")
    window.see("akadmin set the password of nina")
    window.picture("overview")


def test_the_page_of_an_account_shows_what_it_did_and_what_was_done_to_it(server, browser):
    nina = server.user("nina")
    Person(server, "nina").sign_in()
    window = opened(administrator(server, browser, "by-and-about"), f"/identity/users/{nina['pk']};%7B%22page%22%3A%22page-events%22%7D")
    by, about = (window.page.get_by_role("region", name=f"Events {word} nina") for word in ("by", "about"))
    expect(by.get_by_role("row").filter(has_text="Login")).to_have_count(1)
    expect(by).not_to_contain_text("akadmin")
    expect(about.get_by_role("row").filter(has_text="set the password of nina")).to_contain_text("akadmin")
    assert window.barriers() == []


def test_undo_brings_back_the_list_it_belongs_to(server, browser):
    server.application("wiki", name="Wiki")
    window = administrator(server, browser, "undo")
    opened(window, "/core/applications/wiki")
    window.press("More actions")
    window.page.get_by_role("menuitem", name="Delete").click()
    window.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(window.page.get_by_text("No applications yet")).to_be_visible(timeout=PATIENCE)
    window.press("Undo")
    expect(window.page.get_by_role("main").get_by_role("link", name="Wiki", exact=True)).to_be_visible(timeout=PATIENCE)


def test_a_secret_is_not_in_the_page_until_it_is_asked_for(server, browser):
    app = server.application("wiki", client_secret="known-0123456789abcdefghijklmnopqrstuvwxyz")
    number, secret = app.provider["pk"], app.secret
    window = administrator(server, browser, "secret")
    window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.base)
    bodies = []

    def overheard(route):
        answer = route.fetch()
        bodies.append(answer.text())
        route.fulfill(response=answer)

    window.page.route("**/api/v3/**", overheard)

    def views():
        return server.get("events/events/", action="secret_view")["pagination"]["count"]

    opened(window, f"/core/providers/{number}")
    window.see("Client Secret")
    window.picture("masked")
    assert window.barriers() == []
    opened(window, f"/core/providers/{number}/edit")
    window.page.get_by_text("Client ID and Client Secret").click()
    expect(window.page.get_by_label("Client Secret", exact=True)).to_have_value(re.compile("^•+$"))
    window.picture("masked-form")
    assert window.barriers() == []
    assert bodies and not [body for body in bodies if secret in body], "no answer held the secret"
    assert secret not in window.page.content() and views() == 0
    window.page.unroute("**/api/v3/**")

    opened(window, f"/core/providers/{number}")
    window.press("Show Client Secret")
    expect(window.page.get_by_role("group", name="Client Secret")).to_contain_text(secret)
    expect(window.page.get_by_label("Settings block", exact=True)).to_contain_text(f"AUTHENTIK_CLIENT_SECRET={secret}")
    window.picture("shown")
    assert views() == 1
    window.press("Hide Client Secret")
    assert secret not in window.page.content()
    window.press("Copy Client Secret")
    window.see("Copied. The view was logged.")
    assert window.page.evaluate("navigator.clipboard.readText()") == secret and views() == 2
    event = server.get("events/events/", action="secret_view")["results"][0]
    assert event["user"]["username"] == "akadmin"

    # In the form: seen, kept, and replaced.
    opened(window, f"/core/providers/{number}/edit")
    window.page.get_by_text("Client ID and Client Secret").click()
    window.press("Show Client Secret")
    expect(window.page.get_by_label("Client Secret", exact=True)).to_have_value(secret)
    window.fill("Name", "renamed")
    window.press("Update")
    window.see("renamed saved.")
    assert server.get(f"providers/oauth2/{number}/")["client_secret"] == secret
    opened(window, f"/core/providers/{number}/edit")
    window.page.get_by_text("Client ID and Client Secret").click()
    window.press("Replace Client Secret")
    window.fill("Client Secret", "another-0123456789abcdefghijklmnopqrstuvwxyz")
    window.picture("replacing")
    window.press("Update")
    window.see("renamed saved.")
    assert server.get(f"providers/oauth2/{number}/")["client_secret"].startswith("another-")
    assert not window.problems, window.problems


def ended(server, username="akadmin"):
    for row in server.get("core/authenticated_sessions/", user__username=username)["results"]:
        server.api("DELETE", f"core/authenticated_sessions/{row['uuid']}/", 204)


def fill_user(window, username):
    window.fill("Username", username)
    window.fill("Name", username.title())
    window.press("Create")
    dialog = window.page.get_by_role("dialog", name="Your session ended")
    expect(dialog).to_be_visible(timeout=PATIENCE)
    return dialog


def sign_in_beside(window, dialog, username, password=PASSWORD):
    """Signs in in the window that the dialog opens."""
    with window.context.expect_page() as found:
        dialog.get_by_role("button", name="Sign in").click()
    other = Window.__new__(Window)
    other.base, other.label, other.count, other.page = window.base, f"{window.label}-beside", 0, found.value
    sign_in(other, username, password)
    return other


def test_a_form_whose_session_ended_keeps_its_draft_and_goes_on_after_signing_in(server, browser):
    window = administrator(server, browser, "ended", viewport={"width": 390, "height": 844})
    opened(window, "/identity/users/new")
    ended(server)
    dialog = fill_user(window, "nina")
    window.picture("ended")
    assert window.barriers() == []
    assert "/if/admin/" in window.page.url, "nobody is thrown out of the form"
    sign_in_beside(window, dialog, "akadmin")
    # What was asked for is asked again by itself: the account exists and its page is open.
    window.see("nina created.")
    expect(dialog).to_have_count(0)
    assert server.one("core/users/", username="nina")["name"] == "Nina"


def test_a_draft_is_not_sent_in_the_name_of_somebody_else(server, browser):
    group = server.one("core/groups/", name="authentik Admins")
    server.user("bea")
    server.api("POST", f"core/groups/{group['pk']}/add_user/", 204, json={"pk": pk(server, "bea")})
    window = administrator(server, browser, "stranger")
    opened(window, "/identity/users/new")
    ended(server)
    dialog = fill_user(window, "nina")
    other = sign_in_beside(window, dialog, "bea")
    expect(dialog).to_contain_text("You signed in as bea, and this page belongs to akadmin.", timeout=PATIENCE)
    window.picture("stranger")
    assert not server.get("core/users/", username="nina")["results"]
    dialog.get_by_role("button", name="Close").click()
    expect(window.page.get_by_label("Username", exact=True)).to_have_value("nina")
    expect(window.page.get_by_role("alert")).to_contain_text("You did not sign in again.")
    assert other.page.is_closed() or other.page.url


def test_the_overview_says_that_an_example_is_no_key(start, browser):
    server = start(Server(AUTHENTIK_SECRET_KEY="PleaseGenerateA50CharKey"))
    window = administrator(server, browser, "example-key")
    opened(window, "/administration/overview")
    window.see("The secret key is a published example.")
    expect(window.page.get_by_role("main").locator("code", has_text="countersign generate secret")).to_be_visible()
    assert window.barriers() == []


def test_the_provider_form_chooses_a_signing_key_and_sends_it(server, browser):
    window = administrator(server, browser, "signing-key")
    opened(window, "/core/providers/new/oauth2provider")
    window.page.get_by_text("Advanced protocol settings").click()
    expect(window.page.get_by_role("combobox", name="Signing Key")).to_have_value("authentik Self-signed Certificate", timeout=PATIENCE)
    window.fill("Name", "wiki")
    window.page.get_by_label(re.compile("^Redirect URIs.*URL")).first.fill("http://localhost:5000/callback")
    with window.page.expect_request(lambda request: request.method == "POST" and "/providers/oauth2/" in request.url) as found:
        window.press("Create")
    assert found.value.post_data_json["signing_key"] == server.signing_key()
    window.see("Provider wiki created.")


def test_a_flow_says_what_its_stages_ask_and_do(server, browser):
    steps = server.get("countersign/flows/default-authentication-flow/steps/")
    said = [(step["text"], step["notes"]) for step in steps]
    assert said == [
        ("Ask who it is", ["by e-mail or username"]),
        ("Ask for the password", ["5 attempts"]),
        ("Check the second factor", ["skipped for people without one"]),
        ("Sign in", ["stays until the browser closes"]),
    ]
    window = opened(administrator(server, browser, "steps"), "/flow/flows/default-authentication-flow")
    headings = window.page.get_by_role("list").get_by_role("heading", level=2)
    expect(headings).to_have_text([text for text, _ in said])
    assert not window.problems, window.problems


def test_a_provider_says_what_its_page_shows(server):
    made = server.application("sheet")
    sheet = server.get(f"countersign/providers/{made.provider['pk']}/")
    assert [line["label"] for line in sheet["connect"]] == ["Client ID", "Client Secret", "OpenID Configuration URL"]
    assert {"label": "Client Secret", "secret": "client_secret"} in sheet["connect"], "fetched only when somebody asks"
    urls = server.get(f"providers/oauth2/{made.provider['pk']}/setup_urls/")
    shown = {line["value"] for line in sheet["addresses"] + sheet["connect"] if "value" in line}
    assert set(urls.values()) <= shown
    assert server.get(sheet["preview"] + "/")["preview"]["aud"] in shown


def test_a_role_is_made_given_permissions_and_groups_and_gives_rights_on_one_object(server, browser):
    server.create("core/groups/", name="Help desk")
    server.create("core/groups/", name="Contractors")
    window = administrator(server, browser, "roles")
    opened(window, "/identity/roles")
    window.press("Create")
    window.fill("Name", "Help desk")
    window.press("Create")
    expect(window.page.get_by_role("heading", name="Help desk", level=1)).to_be_visible(timeout=PATIENCE)
    window.press("Assign permission")
    dialog = window.page.get_by_role("dialog", name="Assign permission to Help desk")
    for name in ("Can access admin interface", "Reset Password"):
        dialog.get_by_label("Search permissions").fill(name)
        dialog.get_by_role("checkbox", name=name).first.check()
    window.picture("assign")
    assert window.barriers() == []
    dialog.get_by_role("button", name="Assign", exact=True).click()
    window.see("2 permissions given to Help desk.")
    window.see("authentik_core.reset_user_password")
    window.picture("permissions")
    window.page.get_by_role("tab", name="Overview").click()
    window.press("Add group")
    dialog = window.page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name="Help desk").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    window.see("1 group now has this role.")
    window.picture("overview")

    group = server.one("core/groups/", name="Contractors")["pk"]
    opened(window, f'/identity/groups/{group};{{"page":"page-permissions"}}')
    window.press("Assign to new role")
    window.choose("Role", "Help", "Help desk")
    dialog = window.page.get_by_role("dialog", name="Assign to new role")
    for name in ("View", "Add user to group", "Remove user from group"):
        dialog.get_by_role("checkbox", name=name, exact=False).first.check()
    window.picture("on-object")
    assert window.barriers() == []
    dialog.get_by_role("button", name="Assign", exact=True).click()
    window.see("Permissions of Help desk on Contractors saved.")
    role = server.one("rbac/roles/", search="Help desk")["pk"]
    held = {row["codename"] for row in server.get("rbac/permissions/roles/", uuid=role)["results"]}
    assert held == {"view_group", "add_user_to_group", "remove_user_from_group"}
    window.press("Edit permissions of Help desk")
    window.page.get_by_role("dialog").get_by_role("checkbox", name="Remove user from group").uncheck()
    window.press("Update")
    expect(window.page.get_by_title("authentik_core.remove_user_from_group")).to_have_count(0, timeout=PATIENCE)
    held = {row["codename"] for row in server.get("rbac/permissions/roles/", uuid=role)["results"]}
    assert held == {"view_group", "add_user_to_group"}
    assert not window.problems, window.problems


def delegate_of(server, name, *permissions):
    """Somebody who may open the interface and do these; the role's key and the account."""
    role = server.create("rbac/roles/", name=name)["pk"]
    user = server.user(name)
    server.create("core/groups/", name=f"{name}s", users=[user["pk"]], roles=[role])
    give(server, role, ["authentik_rbac.access_admin_interface", *permissions])
    return role, user


def give(server, role, permissions, **on):
    server.api("POST", f"rbac/permissions/assigned_by_roles/{role}/assign/", 200, json={"permissions": permissions, **on})


def navigation(window):
    return window.page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()[1:]


def test_who_looks_after_one_group_has_an_administration_of_just_that(server, browser):
    role, _ = delegate_of(server, "caretaker", "authentik_core.view_user")
    group = server.create("core/groups/", name="Cared for", users=[server.user("cared-one")["pk"]])["pk"]
    server.user("cared-two")
    give(server, role, ["view_group", "add_user_to_group", "remove_user_from_group"], model="authentik_core.group", object_pk=group)
    for options in ({"viewport": DESKTOP}, {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}):
        window = Window(browser, server.base, f"caretaker-{options['viewport']['width']}", **options)
        window.go("/if/flow/default-authentication-flow/")
        sign_in(window, "caretaker")
        window.at(re.compile("/if/(admin|user)/"))
        opened(window, "/administration/overview")
        window.picture("overview")
        assert window.barriers() == []
        if options["viewport"] == DESKTOP:
            assert navigation(window) == ["Overview", "Users", "Groups", "Second factors"]
        opened(window, "/identity/groups")
        expect(window.page.get_by_role("button", name="Create")).to_have_count(0)
        window.picture("groups")
        opened(window, f'/identity/groups/{group};{{"page":"page-users"}}')
        window.picture("members")
        expect(window.page.get_by_role("link", name="Edit")).to_have_count(0)
        if options["viewport"] == DESKTOP:
            window.press("Add existing user")
            dialog = window.page.get_by_role("dialog", name="Add users to Cared for")
            dialog.get_by_role("checkbox", name="cared-two").check()
            dialog.get_by_role("button", name="Add", exact=True).click()
            window.see("1 user added to Cared for.")
        opened(window, f"/identity/users/{pk(server, 'cared-one')}")
        window.picture("user")
        expect(window.page.get_by_role("button", name="Set password")).to_have_count(0)
        # Whoever may view an account may read all that is kept about it.
        window.page.get_by_role("button", name="More actions").click()
        assert window.page.get_by_role("menuitem").all_inner_texts() == ["Export data"]
        assert not window.problems, window.problems
        window.close()


def test_who_looks_after_one_application_has_an_administration_of_just_that(server, browser):
    role, _ = delegate_of(server, "appkeeper", "authentik_policies.view_policybinding", "authentik_policies.add_policybinding", "authentik_core.view_group")
    made = server.application("kept-app")
    application = server.one("core/applications/", slug="kept-app", superuser_full_list=True)
    server.application("other-app")
    give(server, role, ["view_application", "change_application"], model="authentik_core.application", object_pk=application["pk"])
    give(server, role, ["view_oauth2provider", "change_oauth2provider"], model="authentik_providers_oauth2.oauth2provider", object_pk=str(application["provider"]))
    for options in ({"viewport": DESKTOP, "color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}):
        window = Window(browser, server.base, f"appkeeper-{options['viewport']['width']}", **options)
        window.go("/if/flow/default-authentication-flow/")
        sign_in(window, "appkeeper")
        window.at(re.compile("/if/(admin|user)/"))
        opened(window, "/core/applications")
        expect(window.page.get_by_role("link", name="other-app")).to_have_count(0)
        if options["viewport"] == DESKTOP:
            assert navigation(window) == ["Overview", "Applications", "Providers", "Groups", "Changes"]
        opened(window, "/core/applications/kept-app")
        window.picture("application")
        assert window.barriers() == []
        expect(window.page.get_by_role("link", name="Edit", exact=True)).to_be_visible()
        expect(window.page.get_by_role("button", name="More actions")).to_have_count(0)
        expect(window.page.get_by_role("button", name="Bind existing policy/group/user")).to_be_visible()
        opened(window, f"/core/providers/{application['provider']}")
        window.picture("provider")
        opened(window, f"/core/providers/{application['provider']}/edit")
        window.picture("provider-edit")
        assert not window.problems, window.problems
        window.close()
    assert made


def test_an_application_and_its_provider_are_made_on_one_page_or_neither(server, browser):
    for options in ({"viewport": DESKTOP}, {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}):
        window = administrator(server, browser, f"both-{options['viewport']['width']}", **options)
        opened(window, "/core/applications")
        window.press("Create with Provider")
        window.fill("Name", "Wiki")
        expect(window.page.get_by_label("Slug", exact=True)).to_have_value("wiki")
        window.page.get_by_label(re.compile("^Redirect URIs.*URL")).first.fill("http://localhost:5000/callback")
        expect(window.page.get_by_role("combobox", name="Authorization flow")).not_to_have_value("", timeout=PATIENCE)
        window.picture("filled")
        assert window.barriers() == []
        if options["viewport"] == DESKTOP:
            window.press("Create")
            window.see("Application Wiki created.")
            window.picture("made")
            made = server.get("core/applications/wiki/")
            assert made["provider_obj"]["name"] == "Wiki" and made["provider_obj"]["component"] == "ak-provider-oauth2-form"
            assert server.get(f"providers/oauth2/{made['provider']}/")["redirect_uris"][0]["url"] == "http://localhost:5000/callback"
        else:
            # Both names are taken by now: neither is made, and the fields say why.
            window.press("Create")
            expect(window.page.get_by_role("alert")).to_be_visible(timeout=PATIENCE)
            expect(window.page.locator("#main [aria-invalid=true]").first).to_be_focused()
            # What lies half below the header is smaller than it is.
            window.page.evaluate("scrollTo(0, 0)")
            window.picture("refused")
            assert window.barriers() == []
            window.page.get_by_label("Type", exact=True).select_option("providers/saml")
            expect(window.page.get_by_label("ACS URL")).to_be_visible(timeout=PATIENCE)
            window.picture("saml")
        window.close()
    assert len(server.get("core/applications/", superuser_full_list="true")["results"]) == 1


def test_rolling_back_says_before_what_will_change(server, browser):
    made = server.create("core/applications/", name="Wiki", slug="wiki", group="Tools")
    server.patch("core/applications/wiki/", name="Docs")
    renamed = server.get("countersign/changes/")["results"][0]["revision"]
    server.patch("core/applications/wiki/", name="Notes", group="")
    window = administrator(server, browser, "roll-back")
    opened(window, f'/administration/changes;{{"revision":{renamed}}}')
    window.press("Roll back")
    dialog = window.page.get_by_role("dialog", name=f"Roll back change {renamed}")
    will = dialog.get_by_role("list", name="What will change")
    for text in ("Wiki", "Notes", "Tools"):
        expect(will).to_contain_text(text, timeout=PATIENCE)
    assert server.get("core/applications/wiki/")["name"] == "Notes", "looking changes nothing"
    window.picture("asked")
    assert window.barriers() == []
    dialog.get_by_role("button", name="Roll back").click()
    expect(dialog).to_have_count(0)
    now = server.get("core/applications/wiki/")
    assert (now["name"], now["group"]) == ("Wiki", "Tools") and now["pk"] == made["pk"]
    # Of a secret it is said that it changes.
    provider = server.application("masked").provider["pk"]
    server.patch(f"providers/oauth2/{provider}/", client_secret="another-secret-0123456789")
    changed = server.get("countersign/changes/")["results"][0]["revision"]
    opened(window, f'/administration/changes;{{"revision":{changed}}}')
    window.press("Roll back")
    will = window.page.get_by_role("dialog", name=f"Roll back change {changed}").get_by_role("list", name="What will change")
    expect(will).to_contain_text("A secret changes.", timeout=PATIENCE)
    expect(will).not_to_contain_text("*****")
