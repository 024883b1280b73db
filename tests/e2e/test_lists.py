"""What lists can be narrowed by, as the original's."""

import datetime


def names(server, path, **query):
    return sorted(one["name"] for one in server.get(path, **query)["results"])


def test_bindings_are_searched_by_what_they_bind(server, app):
    target = app.application["pk"]
    for order, name in enumerate(("only by day", "only at night")):
        policy = server.create("policies/expression/", name=name, expression="return True")
        server.create("policies/bindings/", target=target, order=order, policy=policy["pk"])
    server.create("policies/bindings/", target=target, order=9, group=server.group("night shift")["pk"])
    found = server.get("policies/bindings/", target=target, search="night")["results"]
    assert [binding["policy_obj"]["name"] for binding in found] == ["only at night"]
    bound = server.get("flows/bindings/", search="default-authentication-password")["results"]
    assert [binding["stage_obj"]["name"] for binding in bound] == ["default-authentication-password"]


def test_invitation_stages_in_no_flow(server):
    stages = {name: server.create("stages/invitation/stages/", name=name)["pk"] for name in ("used", "free")}
    flow = server.create("flows/instances/", name="f", slug="f", title="f", designation="enrollment")
    server.create("flows/bindings/", target=flow["pk"], stage=stages["used"], order=0)
    assert names(server, "stages/invitation/stages/") == ["free", "used"]
    assert names(server, "stages/invitation/stages/", no_flows="true") == ["free"]
    assert names(server, "stages/invitation/stages/", no_flows="false") == ["used"]


def test_policies_by_when_they_were_made_and_changed(server):
    policy = server.create("policies/dummy/", name="first")
    made = server.get("countersign/changes/")["results"][0]["at"]
    server.create("policies/dummy/", name="second")
    assert names(server, "policies/dummy/", created=made) == names(server, "policies/dummy/", last_updated=made) == ["first"]
    server.patch(f"policies/dummy/{policy['pk']}/", result=True)
    changed = server.get("countersign/changes/")["results"][0]["at"]
    assert names(server, "policies/dummy/", created=made) == names(server, "policies/dummy/", last_updated=changed) == ["first"]
    assert names(server, "policies/dummy/", last_updated=made) == []
    long_ago = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc).isoformat()
    for path in ("dummy", "event_matcher", "expression", "password"):
        assert names(server, f"policies/{path}/", created=long_ago) == []
        server.api("GET", f"policies/{path}/", 400, params={"last_updated": "yesterday"})


def test_applications_without_an_address_stay_out_of_lists_of_those_with_one(server):
    for name, url in (("hidden", "blank://blank"), ("Hidden", "BLANK://nothing"), ("shown", "https://shown.example/")):
        server.create("core/applications/", name=name, slug=name, meta_launch_url=url)
    everything = names(server, "core/applications/")
    assert {"hidden", "Hidden", "shown"} <= set(everything)
    assert names(server, "core/applications/", only_with_launch_url="true") == ["shown"]


def test_launch_addresses_have_the_schemes_of_the_original(server):
    server.create("core/applications/", name="a", slug="a")
    for url in ("blank://blank", "HTTPS://Wiki.Example.org/", "ftp://files.example/", "ftps://files.example/", "https://x.example/%(username)s", ""):
        assert server.patch("core/applications/a/", meta_launch_url=url)["meta_launch_url"] == url
    for url in ("javascript:alert(1)", "JavaScript://x.example/%0aalert(1)", "data:text/html,x", "file:///etc/passwd", "blank:", "https://", "//x.example/"):
        assert server.api("PATCH", "core/applications/a/", 400, json={"meta_launch_url": url}).json() == {"meta_launch_url": ["Enter a valid URL."]}
    entry = "{model: authentik_core.application, identifiers: {slug: b}, attrs: {name: b, meta_launch_url: 'blank://blank'}}"
    made = server.create("managed/blueprints/", name="b", content=f"version: 1\nentries: [{entry}]")
    assert server.api("POST", f"managed/blueprints/{made['pk']}/apply/", 200).json()["status"] == "successful"
    assert server.get("core/applications/b/")["meta_launch_url"] == "blank://blank"


def test_lists_of_families_know_what_all_members_have(server):
    # Which kind comes first, by key, is chance: as many of each that some list would begin with a wrong one.
    for n in range(6):
        server.create("stages/deny/", name=f"refuse {n}", deny_message=f"{9 - n}")
        server.create("stages/dummy/", name=f"wave {n}")
    everything = [stage["name"] for stage in server.get("stages/all/", page_size=100)["results"]]
    assert everything == sorted(everything)
    for field, value in (("deny_message", "9"), ("throw_error", "true"), ("session_duration", "hours=7")):
        assert names(server, "stages/all/", page_size=100, **{field: value}) == everything
        for order in (field, "-" + field):
            assert [stage["name"] for stage in server.get("stages/all/", page_size=100, ordering=order)["results"]] == everything
    assert [stage["name"] for stage in server.get("stages/all/", page_size=100, ordering="-name")["results"]] == everything[::-1]
    assert names(server, "stages/all/", name="refuse 3") == ["refuse 3"]
    # Mappings of notifications have no field `managed`, and so no value of it.
    server.create("propertymappings/notification/", name="hook", expression="return {}")
    email = "goauthentik.io/providers/oauth2/scope-email"
    assert [one["managed"] for one in server.get("propertymappings/all/", managed=email)["results"]] == [email]
    assert names(server, "propertymappings/all/", managed__isnull="true") == ["hook"]
    assert "hook" not in names(server, "propertymappings/all/", managed__isnull="false")


def test_lists_filter_by_what_the_originals_do_and_ignore_the_rest(server):
    for n in (1, 2):
        server.create("stages/captcha/", name=f"captcha {n}", public_key=f"key {n}", private_key="k", js_url=f"https://{n}.example/")
    both = ["captcha 1", "captcha 2"]
    assert names(server, "stages/captcha/", public_key="key 2") == ["captcha 2"]
    for unknown in ({"js_url": "https://2.example/"}, {"public_key__icontains": "2"}, {"name__in": "captcha 2"}, {"interactive": "true"}):
        assert names(server, "stages/captcha/", **unknown) == both, unknown
    described = server.get("schema/")["paths"]["/stages/captcha/"]["get"]["parameters"]
    assert {"public_key", "name"} <= {parameter["name"] for parameter in described}
    assert not {"js_url", "interactive", "private_key"} & {parameter["name"] for parameter in described}
    policy = server.create("policies/dummy/", name="bound")["pk"]
    application = server.create("core/applications/", name="a", slug="a")["pk"]
    server.create("policies/bindings/", target=application, policy=policy, order=0)
    server.create("policies/bindings/", target=application, group=server.group("g")["pk"], order=1)
    orders = lambda **query: [binding["order"] for binding in server.get("policies/bindings/", target=application, **query)["results"]]
    assert (orders(policy__isnull="true"), orders(policy__isnull="false"), orders(policy=policy)) == ([1], [0], [0])
