"""The official Python client of 2025.4.0 against the real server: every answer is parsed by its strict models."""

import json
import uuid

import authentik_client as ak
import pytest

from world import TOKEN


@pytest.fixture
def client(server):
    configuration = ak.Configuration(host=server.base + "/api/v3", access_token=TOKEN)
    with ak.ApiClient(configuration) as client:
        yield client


class Kind:
    """How the client names the operations of a kind, and what a test makes of it."""

    def __init__(self, api, prefix, model, key, change, **fields):
        self.api, self.prefix, self.model, self.key, self.change, self.fields = api, prefix, model, key, change, fields

    def __repr__(self):
        return self.prefix


STAGES = [
    ("stages_dummy", "DummyStage", {"throw_error": False}),
    ("stages_identification", "IdentificationStage", {"user_fields": ["username", "email"]}),
    ("stages_password", "PasswordStage", {"backends": ["authentik.core.auth.InbuiltBackend"]}),
    ("stages_consent", "ConsentStage", {"mode": "always_require"}),
    ("stages_prompt_stages", "PromptStage", {"fields": []}),
    ("stages_user_write", "UserWriteStage", {"create_users_as_inactive": True}),
    ("stages_user_login", "UserLoginStage", {"session_duration": "hours=4"}),
    ("stages_user_logout", "UserLogoutStage", {}),
    ("stages_deny", "DenyStage", {"deny_message": "No."}),
    ("stages_redirect", "RedirectStage", {"mode": "static", "target_static": "https://example.test/"}),
]

KINDS = [
    Kind("CoreApi", "core_groups", "Group", "pk", {"name": "renamed"}, attributes={"a": 1}),
    Kind("CoreApi", "core_users", "User", "pk", {"name": "renamed"}, username="U", name="n", path="users"),
    Kind("CoreApi", "core_tokens", "Token", "identifier", {"description": "renamed"}, identifier="S", intent="api"),
    Kind("CoreApi", "core_brands", "Brand", "brand_uuid", {"branding_title": "renamed"}, domain="S"),
    Kind("FlowsApi", "flows_instances", "Flow", "slug", {"title": "renamed"}, slug="S", title="t", designation="authentication"),
    Kind("PoliciesApi", "policies_password", "PasswordPolicy", "pk", {"length_min": 12}, check_static_rules=True),
    Kind("StagesApi", "stages_prompt_prompts", "Prompt", "pk", {"label": "renamed"}, field_key="k", label="l", type="text"),
    *(Kind("StagesApi", prefix, model, "pk", {"name": "renamed"}, **fields) for prefix, model, fields in STAGES),
]


def made(model, **fields):
    """A request model with only the fields it has."""
    request = getattr(ak, model)
    return request(**{k: v for k, v in fields.items() if k in request.model_fields})


def go_through(client, kind, extra=None):
    """Creates, reads, lists, changes and deletes one object of a kind."""
    api = getattr(ak, kind.api)(client)

    def call(name):
        return getattr(api, f"{kind.prefix}_{name}")

    unique = f"client-{uuid.uuid4().hex[:8]}"
    fields = {"name": unique} | kind.fields | (extra or {})
    fields = {k: unique if v in ("S", "U") else v for k, v in fields.items()}
    created = call("create")(made(f"{kind.model}Request", **fields))
    key = getattr(created, kind.key)
    read = call("retrieve")(key)
    assert getattr(read, kind.key) == key
    for field, value in kind.fields.items():
        if value not in ("S", "U"):
            assert getattr(read, field, value) == value or str(getattr(read, field)) == str(value), field
    listed = call("list")(page_size=500)
    assert key in [getattr(item, kind.key) for item in listed.results]
    assert listed.pagination.count >= 1
    changed = call("partial_update")(key, made(f"Patched{kind.model}Request", **kind.change))
    for field, value in kind.change.items():
        assert getattr(changed, field) == value
    assert isinstance(call("used_by_list")(key), list)
    call("destroy")(key)
    with pytest.raises(ak.exceptions.NotFoundException):
        call("retrieve")(key)


@pytest.fixture(scope="module")
def shared():
    """One server for the rows of the table: each works on objects of its own."""
    from world import Server

    server = Server().start()
    yield server
    server.close()
    assert not server.panics()
    server.log.unlink()


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_create_read_change_delete(shared, kind):
    with ak.ApiClient(ak.Configuration(host=shared.base + "/api/v3", access_token=TOKEN)) as client:
        go_through(client, kind)


def test_providers_mappings_and_bindings(server, client):
    mappings = ak.PropertymappingsApi(client).propertymappings_provider_scope_list(page_size=100).results
    shipped = next(m for m in mappings if m.scope_name == "email")
    mapping = Kind(
        "PropertymappingsApi",
        "propertymappings_provider_scope",
        "ScopeMapping",
        "pk",
        {"description": "renamed"},
        scope_name="mail",
        expression=shipped.expression,
    )
    go_through(client, mapping)

    flows = {f.slug: f.pk for f in ak.FlowsApi(client).flows_instances_list(page_size=100).results}
    request = ak.OAuth2ProviderRequest(
        name="client",
        authorization_flow=flows["default-provider-authorization-implicit-consent"],
        invalidation_flow=flows["default-provider-invalidation-flow"],
        redirect_uris=[ak.RedirectURIRequest(matching_mode="strict", url="https://app.example.test/cb")],
        property_mappings=[m.pk for m in mappings],
    )
    providers = ak.ProvidersApi(client)
    # The models of this client version refuse what the original itself answers for providers and applications
    # (null, or nothing, where no application is assigned): its operations are used, the answers read as JSON.
    provider = json.loads(providers.providers_oauth2_create_without_preload_content(request).data)
    core = ak.CoreApi(client)
    request = ak.ApplicationRequest(name="Bound", slug="bound", provider=provider["pk"])
    application = json.loads(core.core_applications_create_without_preload_content(request).data)
    assert application["provider_obj"]["assigned_application_slug"] == "bound"
    change = ak.PatchedApplicationRequest(name="Renamed")
    assert json.loads(core.core_applications_partial_update_without_preload_content("bound", change).data)["name"] == "Renamed"
    listed = json.loads(core.core_applications_list_without_preload_content(search="Renamed").data)
    assert [a["slug"] for a in listed["results"]] == ["bound"]
    patch = ak.PatchedOAuth2ProviderRequest(sub_mode="user_email")
    changed = json.loads(providers.providers_oauth2_partial_update_without_preload_content(provider["pk"], patch).data)
    assert changed["sub_mode"] == "user_email"
    assert [used.name for used in providers.providers_oauth2_used_by_list(provider["pk"])] == ["Renamed"]

    expressions = ak.PoliciesApi(client).policies_expression_list(page_size=100).results
    policy = Kind("PoliciesApi", "policies_expression", "ExpressionPolicy", "pk", {"execution_logging": True})
    go_through(client, policy, {"expression": expressions[0].expression})

    group = ak.CoreApi(client).core_groups_create(ak.GroupRequest(name="Binders"))
    # Likewise for bindings, of which two of three ends are null.
    policies = ak.PoliciesApi(client)
    request = ak.PolicyBindingRequest(target=application["pk"], group=group.pk, order=3)
    binding = json.loads(policies.policies_bindings_create_without_preload_content(request).data)
    assert binding["group_obj"]["name"] == "Binders"
    patch = ak.PatchedPolicyBindingRequest(negate=True)
    assert json.loads(policies.policies_bindings_partial_update_without_preload_content(binding["pk"], patch).data)["negate"]
    policies.policies_bindings_destroy(binding["pk"])

    stage = ak.StagesApi(client).stages_dummy_create(ak.DummyStageRequest(name="bound dummy"))
    flow = ak.FlowsApi(client).flows_instances_create(
        ak.FlowRequest(name="Bound", slug="bound", title="Bound", designation="authentication")
    )
    stage_binding = Kind("FlowsApi", "flows_bindings", "FlowStageBinding", "pk", {"order": 7}, order=3)
    go_through(client, stage_binding, {"target": flow.pk, "stage": stage.pk})

    core.core_applications_destroy("bound")
    with pytest.raises(ak.exceptions.NotFoundException):
        core.core_applications_retrieve("bound")
    providers.providers_oauth2_destroy(provider["pk"])
    with pytest.raises(ak.exceptions.NotFoundException):
        providers.providers_oauth2_setup_urls_retrieve(provider["pk"])


def test_people_groups_and_tokens(server, client):
    core = ak.CoreApi(client)
    group = core.core_groups_create(ak.GroupRequest(name="Readers"))
    user = core.core_users_create(ak.UserRequest(username="rita", name="Rita", email="rita@example.test"))
    core.core_users_set_password_create(user.pk, ak.UserPasswordSetRequest(password="Correct-Horse-43"))
    core.core_groups_add_user_create(group.pk, ak.UserAccountRequest(pk=user.pk))
    assert [g.name for g in core.core_users_retrieve(user.pk).groups_obj] == ["Readers"]
    assert [u.username for u in core.core_groups_retrieve(group.pk).users_obj] == ["rita"]
    core.core_groups_remove_user_create(group.pk, ak.UserAccountRequest(pk=user.pk))
    assert core.core_users_retrieve(user.pk).groups == []

    core.core_tokens_create(ak.TokenRequest(identifier="for-rita", user=user.pk, intent="api"))
    key = core.core_tokens_view_key_retrieve("for-rita").key
    with ak.ApiClient(ak.Configuration(host=server.base + "/api/v3", access_token=key)) as hers:
        assert ak.CoreApi(hers).core_users_me_retrieve().user.username == "rita"
        with pytest.raises(ak.exceptions.ForbiddenException):
            ak.CoreApi(hers).core_groups_create(ak.GroupRequest(name="Not hers"))


def test_lists_page_filter_search_and_order(server, client):
    core = ak.CoreApi(client)
    for number in range(25):
        core.core_groups_create(ak.GroupRequest(name=f"page-{number:02}"))
    first = core.core_groups_list(search="page-", page_size=10, ordering="name")
    assert (first.pagination.count, first.pagination.total_pages, first.pagination.next) == (25, 3, 2)
    assert [g.name for g in first.results] == [f"page-{n:02}" for n in range(10)]
    last = core.core_groups_list(search="page-", page_size=10, page=3, ordering="-name")
    assert [g.name for g in last.results] == [f"page-{n:02}" for n in (4, 3, 2, 1, 0)]
    assert [g.name for g in core.core_groups_list(name="page-07").results] == ["page-07"]
    with pytest.raises(ak.exceptions.NotFoundException):
        core.core_groups_list(search="page-", page_size=10, page=4)


def test_what_the_interface_asks_for_first(server, client):
    assert ak.RootApi(client).root_config_retrieve()
    assert ak.CoreApi(client).core_brands_current_retrieve().branding_title
    assert ak.AdminApi(client).admin_version_retrieve().version_current
    assert ak.CoreApi(client).core_users_me_retrieve().user.username == "akadmin"
    for api, operation in [
        ("ProvidersApi", "providers_all_types_list"),
        ("StagesApi", "stages_all_types_list"),
        ("PoliciesApi", "policies_all_types_list"),
        ("PropertymappingsApi", "propertymappings_all_types_list"),
    ]:
        assert getattr(getattr(ak, api)(client), operation)(), operation
    assert ak.EventsApi(client).events_events_list(page_size=5).results is not None
    assert ak.CryptoApi(client).crypto_certificatekeypairs_list().results
