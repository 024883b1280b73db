"""The page of a flow: its order, its conditions, what visitors see of it; what is going on beneath a run; expressions with their tests."""

import gzip
import re

import pytest
from playwright.sync_api import expect

from browser import PATIENCE, Window, sign_in
from test_interface import administrator, opened
from world import Person

SIGN_IN = "default-authentication-flow"
NAMES = [f"default-authentication-{what}" for what in ("identification", "password", "mfa-validation", "login")]


def order(server, slug=SIGN_IN):
    flow = server.one("flows/instances/", slug=slug)["pk"]
    found = server.get("flows/bindings/", target=flow, ordering="order")["results"]
    return [binding["stage_obj"]["name"] for binding in found]


def links(window):
    return window.page.get_by_role("main").locator("ol.steps a.quiet")


def test_stages_are_moved_by_keys_and_by_pointer_and_put_back(server, browser):
    before = order(server)
    window = opened(administrator(server, browser, "order"), f"/flow/flows/{SIGN_IN}")
    page = window.page
    expect(links(window)).to_have_text(before)
    said = page.locator("p[role=status]", has_text="stage")
    handle = page.get_by_role("button", name=re.compile(f"^Move {before[2]}"))
    handle.focus()
    page.keyboard.press("Space")
    expect(said.first).to_contain_text(f"{before[2]} picked up, stage 3 of {len(before)}")
    page.keyboard.press("ArrowUp")
    expect(said.first).to_contain_text("stage 2 of")
    expect(links(window)).to_have_text([before[0], before[2], before[1], *before[3:]])
    expect(handle).to_be_focused()
    window.picture("held")
    page.keyboard.press("Escape")
    expect(links(window)).to_have_text(before)
    assert order(server) == before, "leaving it where it was saves nothing"

    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    expect(said.first).to_contain_text("Saved.")
    moved = [before[0], before[2], before[1], *before[3:]]
    assert order(server) == moved
    expect(links(window)).to_have_text(moved)
    page.get_by_role("button", name="Undo").click()
    expect(links(window)).to_have_text(before)
    assert order(server) == before

    # By pointer: the last before the first.
    start = page.get_by_role("button", name=re.compile(f"^Move {before[-1]}")).bounding_box()
    goal = links(window).first.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, start["y"] - 60, steps=4)
    page.mouse.move(start["x"] + 5, goal["y"] - 30, steps=8)
    page.mouse.up()
    expect(links(window).first).to_have_text(before[-1])
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=PATIENCE)
    assert order(server) == [before[-1], *before[:-1]]
    assert not window.problems, window.problems


def test_a_stage_is_added_and_its_conditions_are_sentences(server, browser):
    server.create("flows/instances/", name="Tour", slug="tour", title="Tour", designation="stage_configuration")
    server.create("stages/dummy/", name="existing")
    policy = server.create("policies/dummy/", name="always", result=True, wait_min=0, wait_max=1)
    group = server.group("Staff")
    window = opened(administrator(server, browser, "add"), "/flow/flows/tour")
    page = window.page
    window.see("No stages yet")
    window.press("Add stage")
    dialog = page.get_by_role("dialog", name="Add stage")
    dialog.get_by_label("Stage", exact=True).fill("existing")
    page.get_by_role("option", name=re.compile("existing")).first.click()
    window.picture("existing")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(links(window)).to_have_text(["existing"])

    window.press("Add stage")
    dialog = page.get_by_role("dialog", name="Add stage")
    dialog.get_by_label("A new stage").check()
    dialog.get_by_label("Search types").fill("deny")
    window.picture("types")
    dialog.get_by_role("button", name=re.compile("^Deny")).click()
    dialog.get_by_label("Name", exact=True).fill("no further")
    dialog.get_by_role("button", name="Create and add").click()
    expect(links(window)).to_have_text(["existing", "no further"])

    tour = server.one("flows/instances/", slug="tour")["pk"]
    binding = server.one("flows/bindings/", order=20, target=tour)
    server.create("policies/bindings/", target=binding["pk"], policy=policy["pk"], order=5, negate=True)
    server.create("policies/bindings/", target=binding["pk"], group=group["pk"], order=6)
    server.patch(f"flows/bindings/{binding['pk']}/", evaluate_on_plan=True, invalid_response_action="restart")
    opened(window, "/flow/flows/tour")
    second = page.locator("ol.steps > li").nth(1)
    expect(second).to_contain_text("Only if the policy always refuses or the person is in the group Staff; asked when the flow begins and again when")
    expect(second).to_contain_text("A wrong answer begins the flow anew.")
    # Bound in place.
    second.get_by_role("button", name="Conditions of no further").click()
    window.press("Bind existing policy/group/user")
    dialog = page.get_by_role("dialog", name="Bind existing policy/group/user")
    dialog.get_by_label("User", exact=True).first.check()
    dialog.get_by_role("combobox").first.fill("akadmin")
    page.get_by_role("option", name=re.compile("akadmin")).first.click()
    dialog.get_by_role("button", name="Create").click()
    expect(second).to_contain_text("the person is akadmin or the policy always refuses")
    window.picture("conditions")
    assert window.barriers() == []
    assert not window.problems, window.problems


def test_a_stage_is_shown_as_a_visitor_finds_it_and_nothing_runs_there(server, browser):
    window = opened(administrator(server, browser, "preview"), f"/flow/flows/{SIGN_IN}")
    frame = window.page.frame_locator("iframe")
    expect(frame.get_by_label(re.compile("Email or Username", re.I)).first).to_be_visible(timeout=PATIENCE)
    assert window.page.locator("iframe").get_attribute("sandbox") == ""
    window.page.get_by_label("Stage to preview").select_option(index=1)
    expect(frame.get_by_label("Password", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(frame.get_by_text("akadmin").first).to_be_visible()
    window.picture("password")
    before = server.get("events/events/")["pagination"]["count"]
    for binding in server.get("flows/bindings/")["results"]:
        slug = next(flow["slug"] for flow in server.get("flows/instances/")["results"] if flow["pk"] == binding["target"])
        shown = server.get(f"countersign/flows/{slug}/preview/", binding=binding["pk"], theme="dark")
        assert shown["html"] is None or 'data-theme="dark"' in shown["html"], binding["stage_obj"]["name"]
        assert "<base target" in (shown["html"] or "<base target")
    assert server.get("events/events/")["pagination"]["count"] == before, "looking writes nothing"
    assert not window.problems, window.problems


def test_a_flow_is_drawn_exported_and_imported(server, browser):
    window = opened(administrator(server, browser, "drawn"), f"/flow/flows/{SIGN_IN}")
    page = window.page
    page.get_by_role("tab", name="Diagram").click()
    drawing = page.get_by_role("img", name=re.compile("4 stages"))
    expect(drawing).to_be_visible(timeout=PATIENCE)
    expect(drawing).to_contain_text("Ask for the password")
    page.get_by_text("The same in words").click()
    window.see(f"4. Sign in ({NAMES[3]}).")
    window.picture("diagram")
    assert window.barriers() == []
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(200)  # A menu closes when the page moves.
    window.press("More actions")
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export").click()
    assert download.value.suggested_filename == f"{SIGN_IN}.yaml"
    text = download.value.path().read_text().replace(SIGN_IN, "another-sign-in")
    opened(window, "/flow/flows")
    window.press("Import")
    page.get_by_label("Flow", exact=True).set_input_files({"name": "flow.yaml", "mimeType": "application/yaml", "buffer": text.encode()})
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    window.see("Flow imported.")
    assert order(server, "another-sign-in") == order(server)
    window.press("Import")
    page.get_by_label("Flow", exact=True).set_input_files({"name": "flow.yaml", "mimeType": "application/yaml", "buffer": b"version: 9"})
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_be_visible(timeout=PATIENCE)
    assert not window.problems, window.problems


def test_who_may_inspect_sees_what_goes_on_beneath_a_flow(server, browser):
    flow = server.create("flows/instances/", name="Tour", slug="tour", title="Tour", designation="stage_configuration")
    for at, name in enumerate(("first step", "second step", "third step")):
        stage = server.create("stages/dummy/", name=name)
        server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=at)
    window = opened(administrator(server, browser, "inspector"), "/flow/flows/tour")
    window.press("Execute")
    with window.context.expect_page() as popup:
        window.page.get_by_role("menuitem", name="With inspector").click()
    window.page = popup.value
    panel = window.page.get_by_role("complementary", name="Flow inspector")
    expect(panel).to_contain_text("first step", timeout=PATIENCE)
    expect(panel).to_contain_text("second step")
    expect(panel).to_contain_text("This is the first stage.")
    window.page.get_by_role("button", name="Continue").click()
    expect(panel.get_by_role("listitem")).to_have_text(["first step"], timeout=PATIENCE)
    expect(panel).to_contain_text("third step")
    expect(panel).to_contain_text("pending_user")
    window.picture("panel")
    assert window.barriers() == []
    assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    server.user("uma")
    other = Window(browser, server.base, "no-inspector")
    asked = []
    other.page.on("request", lambda request: asked.append(request.url))
    for person in (None, "uma"):
        if person:
            other.go(f"/if/flow/{SIGN_IN}/")
            sign_in(other, person)
            other.at(re.compile("/if/user/|/$"))
        other.go("/if/flow/tour/?inspector")
        other.see("first step")
    assert not [url for url in asked if "/static/pages/inspector" in url or "/api/v3/flows/inspector/" in url]
    assert Person(server, "uma").sign_in().get("/api/v3/flows/inspector/tour/").status_code == 404


def test_an_expression_is_written_with_help_and_its_tests_run_at_each_save(server, browser):
    policy = server.create("policies/expression/", name="office", expression='return request.user.username == "uma"')
    server.user("uma")
    window = administrator(server, browser, "editor")
    page = window.page
    loaded = []
    page.on("response", lambda answer: loaded.append(answer))
    helper = re.compile("/CodeAid-[^/]*[.](js|css)$")
    opened(window, f"/policy/policies/{policy['pk']}/edit")
    assert not [answer for answer in loaded if helper.search(answer.url)], "only who writes needs it"
    area = page.get_by_role("textbox", name="Expression", exact=True)
    area.focus()
    expect(page.locator(".numbers")).to_be_visible(timeout=PATIENCE)
    help_of = [answer for answer in loaded if helper.search(answer.url)]
    assert help_of and sum(len(gzip.compress(answer.body())) for answer in help_of) < 120 * 1024
    page.keyboard.press("Tab")
    expect(area).not_to_be_focused()

    area.focus()
    area.fill("")
    page.keyboard.type("if ak_is_gr")
    suggestion = page.get_by_role("option", name="ak_is_group_member")
    expect(suggestion).to_be_visible(timeout=PATIENCE)
    window.picture("names")
    page.keyboard.press("Enter")
    page.keyboard.type('(request.user, name="Staff"):\nreturn True\nreturn whatever')
    expect(area).to_have_value('if ak_is_group_member(request.user, name="Staff"):\n    return True\nreturn whatever')
    assert page.locator(".text .codeline").all_inner_texts() == area.input_value().split("\n")
    assert page.locator(".t-keyword").all_inner_texts() == ["if", "return", "return"]
    # Tab moves the line as long as one types, and leaves the field behind Escape.
    page.keyboard.press("Tab")
    assert area.input_value().split("\n")[2].startswith("return whatever ")
    page.keyboard.press("Control+z")
    window.press("Update")
    expect(page.locator(".codeline.wrong")).to_contain_text("return whatevername 'whatever' is not defined", timeout=PATIENCE)
    window.see("name 'whatever' is not defined (line 3)")
    window.picture("wrong-line")
    assert window.barriers() == []
    area.press("End")
    for _ in "whatever":
        page.keyboard.press("Backspace")
    page.keyboard.type('request.user.username == "uma"')
    page.get_by_text("Names you can use here").click()
    page.get_by_label("Find a name").fill("second factor")
    window.press("ak_user_has_authenticator")
    window.see("device_type=None")

    window.press("Add test")
    page.get_by_label("Name of the test").fill("uma passes")
    who = page.get_by_label("User", exact=True)
    who.fill("uma")
    page.get_by_role("option", name=re.compile("uma")).first.click()
    window.press("Keep test")
    window.see("Its test passes.")
    window.picture("tests")
    window.press("Update")
    window.see("Policy office saved. Its test passes.")

    opened(window, f"/policy/policies/{policy['pk']}/edit")
    area.fill("return False")
    window.press("Update")
    window.see("Policy office saved. 1 of 1 tests fails.")
    expect(page.get_by_role("button", name=re.compile("^Fails.*uma passes"))).to_be_visible(timeout=PATIENCE)
    window.picture("fails")
    assert window.barriers() == []
    kept = server.one("countersign/expressions/tests/")
    assert (kept["name"], kept["expected"], kept["policy"]) == ("uma passes", True, policy["pk"])
    server.api("DELETE", f"policies/expression/{policy['pk']}/", expect=204)
    assert server.get("countersign/expressions/tests/")["results"] == [], "a test goes with what it tests"
    assert not [text for text in window.problems if "400" not in text], window.problems


def test_a_mapping_has_tests_and_a_prompt_is_python_only_when_it_says_so(server, browser):
    server.user("uma", name="Uma Martin")
    mapping = server.create("propertymappings/provider/scope/", name="names", scope_name="names", expression='return {"b": 1, "n": request.user.name}')
    window = opened(administrator(server, browser, "mapping"), f"/core/property-mappings/{mapping['pk']}/edit")
    page = window.page
    window.press("Add test")
    page.get_by_label("Name of the test").fill("the name")
    page.get_by_label("User", exact=True).fill("uma")
    page.get_by_role("option", name=re.compile("uma")).first.click()
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_label("Expected result")).to_have_value(re.compile('"n": "Uma Martin"'), timeout=PATIENCE)
    window.press("Keep test")
    window.see("Its test passes.")
    assert server.one("countersign/expressions/tests/")["expected"] == {"n": "Uma Martin", "b": 1}

    opened(window, "/flow/stages/prompts/new")
    page.get_by_label("Placeholder", exact=True).focus()
    page.wait_for_load_state("networkidle")
    assert page.locator(".numbers").count() == 0
    page.get_by_label("Interpret placeholder as expression").check()
    page.get_by_label("Placeholder", exact=True).focus()
    expect(page.locator(".numbers")).to_be_visible(timeout=PATIENCE)
    page.get_by_text("Names you can use here").click()
    window.see("prompt_context")
    assert not window.problems, window.problems


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 860), (390, 844)], ids=["desktop", "phone"])
def test_the_pages_fit_their_window(server, browser, scheme, size):
    flow = server.one("flows/instances/", slug=SIGN_IN)
    group = server.group("Staff of the branch office in Llanfairpwllgwyngyll")
    binding = server.get("flows/bindings/", target=flow["pk"], ordering="order")["results"][2]
    server.create("policies/bindings/", target=binding["pk"], group=group["pk"], order=0)
    policy = server.create("policies/expression/", name="long", expression="# a\n" + "x = 1\n" * 30 + "return True  # " + "wide " * 40)
    window = administrator(server, browser, f"flow-{size[0]}-{scheme}", viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    # Only now, since nobody else can sign in by it any more.
    server.create("policies/bindings/", target=flow["policybindingmodel_ptr_id"], group=group["pk"], order=0)
    for address in (f"/flow/flows/{SIGN_IN}", f'/flow/flows/{SIGN_IN};{{"page":"page-diagram"}}', f"/policy/policies/{policy['pk']}/edit"):
        opened(window, address)
        if "policies" in address:
            window.page.get_by_role("textbox", name="Expression", exact=True).focus()
            expect(window.page.locator(".numbers")).to_be_visible(timeout=PATIENCE)
        window.page.wait_for_load_state("networkidle")
        window.picture(re.sub(r"\W+", "-", address).strip("-"))
        assert window.page.evaluate("document.documentElement.scrollWidth") <= size[0], address
        assert window.barriers() == [], address


def test_a_preview_runs_no_expression_for_whom_the_flow_is_not(server):
    """A flow for superusers that a policy closes, too: its page shows what its expression found to nobody."""
    viewer, role = server.user("previews"), server.create("rbac/roles/", name="previews")
    server.create("core/groups/", name="previews", users=[viewer["pk"]], roles=[role["pk"]])
    server.create("core/tokens/", identifier="previews", user=viewer["pk"], intent="api")
    token = server.get("core/tokens/previews/view_key/")["key"]
    grant = lambda *names: server.api("POST", f"rbac/permissions/assigned_by_roles/{role['pk']}/assign/", json={"permissions": names})
    grant("authentik_flows.view_flow")
    flow = server.create("flows/instances/", name="closed", slug="closed", title="t", designation="stage_configuration", authentication="require_superuser")
    field = {"field_key": "x", "label": "x", "type": "text", "initial_value_expression": True, "initial_value": "return 'FOUND:' + ak_user_by(username='akadmin').email"}
    prompt = server.create("stages/prompt/prompts/", name="closed", **field)
    stage = server.create("stages/prompt/stages/", name="closed", fields=[prompt["pk"]])
    server.create("flows/bindings/", target=flow["pk"], stage=stage["pk"], order=0)
    path = "countersign/flows/closed/preview/"
    shown = server.get(path)
    assert not shown["example"] and "FOUND:" in shown["html"]
    # First the stage is not theirs to see, then the flow is not for them.
    for names in ([], ["authentik_stages_prompt.view_promptstage"]):
        if names:
            grant(*names)
        sample = server.api("GET", path, 200, token=token).json()
        assert sample["example"] and "FOUND:" not in sample["html"]
    deny = server.create("policies/expression/", name="closed", expression="return False")
    server.create("policies/bindings/", target=flow["pk"], policy=deny["pk"], order=0)
    assert server.get(path)["example"]
