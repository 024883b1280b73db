"""The call sequences of the official Terraform provider (2025.4): what it sends for each kind with nothing but the required
arguments, what it reads back, and the order in which it takes things away. A plan is empty when everything that was sent
comes back as it was sent, and everything that was not sent is nothing, for that is what its state then holds."""

import itertools

import pytest

NOTHING = (None, "", 0, False, [], {})
INBUILT = "authentik.core.auth.InbuiltBackend"
MAIL = {
    "use_global_settings": True, "host": "localhost", "port": 25, "use_tls": False, "use_ssl": False, "timeout": 30,
    "from_address": "system@authentik.local", "token_expiry": "minutes=30", "subject": "authentik",
    "template": "email/password_reset.html",
}  # fmt: skip

# Kind: its path, the field its address is made of, what is sent, and what is read besides.
# `@name` stands for something the configuration has as well.
KINDS = {
    "application": ("core/applications", "slug", {
        "name": "a", "slug": "a", "provider": None, "backchannel_providers": [], "open_in_new_tab": False, "group": "",
        "policy_engine_mode": "any", "meta_launch_url": "", "meta_description": "", "meta_publisher": "",
    }, ["meta_icon"]),
    "application_entitlement": ("core/application_entitlements", "pbm_uuid", {"name": "e", "app": "@application", "attributes": {}}, []),
    "blueprint": ("managed/blueprints", "pk", {"name": "b", "path": "default/flow-password-change.yaml", "content": "", "enabled": True, "context": {}}, []),
    "brand": ("core/brands", "brand_uuid", {
        "domain": "b.example", "default": False, "branding_title": "authentik", "branding_custom_css": "",
        "branding_logo": "/static/dist/assets/icons/icon_left_brand.svg", "branding_favicon": "/static/dist/assets/icons/icon.png",
        "branding_default_flow_background": "/static/dist/assets/images/flow_background.jpg", "flow_authentication": "",
        "flow_invalidation": "", "flow_recovery": "", "flow_unenrollment": "", "flow_user_settings": "", "flow_device_code": "",
        "web_certificate": "", "default_application": "", "attributes": {},
    }, []),
    "event_rule": ("events/rules", "pk", {"name": "r", "severity": "warning", "group": "", "transports": ["@transport"]}, []),
    "event_transport": ("events/transports", "pk", {
        "name": "t", "mode": "local", "send_once": True, "webhook_url": "", "webhook_mapping_body": "", "webhook_mapping_headers": "",
    }, []),
    "flow": ("flows/instances", "slug", {
        "name": "f", "slug": "f", "title": "f", "designation": "authentication", "authentication": "none", "layout": "stacked",
        "policy_engine_mode": "any", "denied_action": "message_continue", "compatibility_mode": True,
    }, []),
    "flow_stage_binding": ("flows/bindings", "pk", {
        "target": "@flow", "stage": "@stage", "order": 0, "evaluate_on_plan": True, "re_evaluate_policies": False,
        "policy_engine_mode": "any", "invalid_response_action": "retry",
    }, []),
    "group": ("core/groups", "pk", {"name": "g", "is_superuser": False, "parent": "", "users": [], "roles": [], "attributes": {}}, []),
    "policy_binding": ("policies/bindings", "pk", {
        "target": "@application", "order": 0, "negate": False, "enabled": True, "timeout": 30, "failure_result": False,
        "policy": None, "user": None, "group": "@group",
    }, []),
    "policy_dummy": ("policies/dummy", "pk", {"name": "d", "execution_logging": False, "result": False, "wait_min": 5, "wait_max": 30}, []),
    "policy_event_matcher": ("policies/event_matcher", "pk", {"name": "m", "execution_logging": False}, ["action", "client_ip", "app", "model"]),
    "policy_expression": ("policies/expression", "pk", {"name": "e", "execution_logging": False, "expression": "return True"}, []),
    "policy_password": ("policies/password", "pk", {
        "name": "p", "execution_logging": False, "password_field": "password", "check_static_rules": True, "error_message": "no",
        "symbol_charset": "!\\\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "hibp_allowed_count": 1, "zxcvbn_score_threshold": 2,
    }, ["amount_uppercase", "amount_lowercase", "amount_symbols", "amount_digits", "length_min", "check_have_i_been_pwned", "check_zxcvbn"]),
    "property_mapping_notification": ("propertymappings/notification", "pk", {"name": "n", "expression": "return {}"}, []),
    "property_mapping_provider_scope": ("propertymappings/provider/scope", "pk", {"name": "s", "scope_name": "s", "expression": "return {}"}, ["description"]),
    "provider_oauth2": ("providers/oauth2", "pk", {
        "name": "o", "authorization_flow": "@flow", "invalidation_flow": "@flow", "client_id": "o", "client_type": "confidential",
        "access_code_validity": "minutes=1", "access_token_validity": "minutes=10", "refresh_token_validity": "days=30",
        "include_claims_in_id_token": True, "issuer_mode": "per_provider", "sub_mode": "hashed_user_id", "property_mappings": [],
        "jwt_federation_sources": [], "jwt_federation_providers": [], "redirect_uris": [],
    }, ["authentication_flow", "encryption_key"]),
    "stage_authenticator_email": ("stages/authenticator/email", "pk", {"name": "ae", **MAIL}, ["friendly_name", "configure_flow", "username"]),
    "stage_authenticator_static": ("stages/authenticator/static", "pk", {"name": "as", "token_count": 6, "token_length": 12}, ["friendly_name", "configure_flow"]),
    "stage_authenticator_totp": ("stages/authenticator/totp", "pk", {"name": "at", "digits": "6"}, ["friendly_name", "configure_flow"]),
    "stage_authenticator_validate": ("stages/authenticator/validate", "pk", {
        "name": "av", "not_configured_action": "skip", "last_auth_threshold": "seconds=0", "webauthn_user_verification": "preferred",
        "device_classes": [], "webauthn_allowed_device_types": [],
    }, ["configuration_stages"]),
    "stage_authenticator_webauthn": ("stages/authenticator/webauthn", "pk", {
        "name": "aw", "user_verification": "preferred", "resident_key_requirement": "preferred", "device_type_restrictions": [],
    }, ["friendly_name", "configure_flow", "authenticator_attachment"]),
    "stage_captcha": ("stages/captcha", "pk", {
        "name": "c", "public_key": "p", "private_key": "s", "error_on_invalid_score": True, "score_min_threshold": 1, "interactive": False,
        "score_max_threshold": 0.5, "js_url": "https://www.recaptcha.net/recaptcha/api.js",
        "api_url": "https://www.recaptcha.net/recaptcha/api/siteverify",
    }, []),
    "stage_consent": ("stages/consent", "pk", {"name": "co", "mode": "always_require", "consent_expire_in": "weeks=4"}, []),
    "stage_deny": ("stages/deny", "pk", {"name": "de"}, ["deny_message"]),
    "stage_dummy": ("stages/dummy", "pk", {"name": "du"}, []),
    "stage_email": ("stages/email", "pk", {"name": "em", **MAIL}, ["username", "activate_user_on_success"]),
    "stage_identification": ("stages/identification", "pk", {
        "name": "id", "pretend_user_exists": True, "show_matched_user": True, "enable_remember_me": False, "show_source_labels": False,
        "case_insensitive_matching": True, "sources": [], "password_stage": "", "captcha_stage": "", "user_fields": ["username"],
    }, ["enrollment_flow", "recovery_flow", "passwordless_flow"]),
    "stage_invitation": ("stages/invitation/stages", "pk", {"name": "in", "continue_flow_without_invitation": False}, []),
    "stage_password": ("stages/password", "pk", {"name": "pa", "allow_show_password": False, "failed_attempts_before_cancel": 5, "backends": [INBUILT]}, ["configure_flow"]),
    "stage_prompt": ("stages/prompt/stages", "pk", {"name": "pr", "fields": ["@prompt"], "validation_policies": []}, []),
    "stage_prompt_field": ("stages/prompt/prompts", "pk", {
        "name": "pf", "field_key": "k", "label": "K", "type": "text", "required": False, "placeholder_expression": False,
        "initial_value_expression": False, "sub_text": "",
    }, ["placeholder", "initial_value", "order"]),
    "stage_redirect": ("stages/redirect", "pk", {"name": "re", "mode": "flow", "keep_context": True, "target_flow": "@flow"}, ["target_static"]),
    "stage_user_delete": ("stages/user_delete", "pk", {"name": "ud"}, []),
    "stage_user_login": ("stages/user_login", "pk", {
        "name": "ul", "session_duration": "seconds=0", "terminate_other_sessions": False, "remember_me_offset": "seconds=0",
        "network_binding": "no_binding", "geoip_binding": "no_binding",
    }, []),
    "stage_user_logout": ("stages/user_logout", "pk", {"name": "uo"}, []),
    "stage_user_write": ("stages/user_write", "pk", {
        "name": "uw", "create_users_as_inactive": True, "user_path_template": "", "user_creation_mode": "create_when_required", "user_type": "external",
    }, ["create_users_group"]),
    "token": ("core/tokens", "identifier", {"identifier": "t", "user": "@user", "expiring": True, "description": "", "intent": "api"}, []),
    "user": ("core/users", "pk", {
        "name": "", "username": "u", "type": "internal", "is_active": True, "path": "users", "email": "", "groups": [], "attributes": {},
    }, []),
}  # fmt: skip
# Made with others of a random name, so that one server serves them all.
NAMED = {"application": ("name", "slug"), "flow": ("name", "slug"), "brand": ("domain",), "token": ("identifier",), "user": ("username",),
         "provider_oauth2": ("name", "client_id"), "stage_prompt_field": ("name",)}  # fmt: skip


class Configuration:
    """What a configuration has besides: made once, named by `@`."""

    MAKERS = {"application": "application", "flow": "flow", "group": "group", "prompt": "stage_prompt_field", "stage": "stage_dummy",
              "transport": "event_transport", "user": "user"}  # fmt: skip

    def __init__(self, server):
        self.server, self.made, self.number = server, {}, itertools.count()

    def body(self, kind):
        body = dict(KINDS[kind][2])
        number = next(self.number)
        for name in NAMED.get(kind, ("name",)):
            if name in body:
                body[name] = f"{body[name]}-{number}"
        def put(value):
            if isinstance(value, list):
                return [put(one) for one in value]
            return self.named(value[1:]) if isinstance(value, str) and value.startswith("@") else value

        return {name: put(value) for name, value in body.items()}

    def named(self, name):
        if name not in self.made:
            kind = self.MAKERS[name]
            self.made[name] = self.server.api("POST", f"{KINDS[kind][0]}/", 201, json=self.body(kind)).json()
        return self.made[name]["pk"]


def alike(sent, read):
    return sent == read or sent in NOTHING and read in NOTHING


def plan(kind, sent, read):
    """The differences a plan would show."""
    found = {name: (value, read[name]) for name, value in sent.items() if name != "private_key" and not alike(value, read[name])}
    return found | {name: (None, read[name]) for name in KINDS[kind][3] if read[name] not in NOTHING}


def test_plans_are_empty_after_an_apply_with_only_the_required_arguments(server):
    configuration = Configuration(server)
    for kind, (path, lookup, _, _) in KINDS.items():
        sent = configuration.body(kind)
        made = server.api("POST", f"{path}/", 201, json=sent).json()
        item = f"{path}/{made[lookup]}/"
        read = server.get(item)
        assert plan(kind, sent, read) == {}, kind
        # An apply that changes something else sends everything again, and the plan after it is empty too.
        server.api("PUT", item, 200, json=sent)
        again = server.get(item)
        assert plan(kind, sent, again) == {}, kind
        settled = [name for name in read if name not in ("last_updated", "expires")]
        assert {n: read[n] for n in settled} == {n: again[n] for n in settled}, kind
        server.api("DELETE", item, 204)
        server.api("GET", item, 404)


def test_system_settings_are_read_as_sent(server):
    sent = {
        "avatars": "gravatar,initials", "default_user_change_name": True, "default_user_change_email": False,
        "default_user_change_username": False, "event_retention": "days=365", "footer_links": [], "gdpr_compliance": True,
        "impersonation": True, "default_token_duration": "minutes=30", "default_token_length": 60,
        "reputation_lower_limit": -5, "reputation_upper_limit": 5,
    }  # fmt: skip
    server.api("PUT", "admin/settings/", 200, json=sent)
    read = server.get("admin/settings/")
    assert {name: read[name] for name in sent} == sent


def test_a_certificate_is_read_back_by_its_two_addresses(server):
    source = server.create("crypto/certificatekeypairs/generate/", 200, common_name="source", validity_days=30)["pk"]
    parts = {name: server.get(f"crypto/certificatekeypairs/{source}/view_{name}/")["data"] for name in ("certificate", "private_key")}
    sent = {"name": "copy", "certificate_data": parts["certificate"].strip() + "\n", "key_data": parts["private_key"].strip() + "\n"}
    made = server.create("crypto/certificatekeypairs/", **sent)
    for name, field in (("certificate", "certificate_data"), ("private_key", "key_data")):
        assert server.get(f"crypto/certificatekeypairs/{made['pk']}/view_{name}/")["data"] + "\n" == sent[field]


def test_texts_that_end_in_a_line_feed_are_read_back_with_it(server):
    """Files and heredocs end so, and the provider compares these two to the letter. The original trims them: its plans never get empty."""
    content = "version: 1\nmetadata:\n  name: by terraform\nentries: []\n"
    made = server.api("POST", "managed/blueprints/", 201, json={"name": "heredoc", "path": "", "content": content, "enabled": False}).json()
    assert server.get(f"managed/blueprints/{made['pk']}/")["content"] == content
    server.api("POST", "managed/blueprints/", 400, json={"name": "blank", "path": "", "content": "\n"})
    brand = server.create("core/brands/", domain="css.example", branding_custom_css="a {}\n")
    assert server.get(f"core/brands/{brand['brand_uuid']}/")["branding_custom_css"] == "a {}\n"


PICTURES = [
    "https://pictures.example/x.png", "HTTPS://Pictures.Example/x.png", "/static/x.svg", "/media/public/x.png", "media/x.png", "x.png",
    "data:image/png;base64,iVBORw0KGgo=",
]  # fmt: skip
NO_PICTURES = ["javascript:alert(1)", "data:text/html;base64,eA==", "vbscript:x", "a b.png", 'x.png")', "data:image/png;base64," + "A" * 9000]


def test_pictures_are_taken_as_the_original_takes_them(server):
    """A configuration whose picture is refused has its object made anew at each apply."""
    server.create("core/applications/", name="p", slug="p")
    server.create("flows/instances/", name="p", slug="p", title="p", designation="authentication")
    for url in [*PICTURES, "fa://fa-check"]:
        server.api("POST", "core/applications/p/set_icon_url/", 200, json={"url": url})
        assert server.get("core/applications/p/")["meta_icon"] == url
    for url in PICTURES:
        server.api("POST", "flows/instances/p/set_background_url/", 200, json={"url": url})
        assert server.get("flows/instances/p/")["background"] == url
    for url in NO_PICTURES:
        server.api("POST", "core/applications/p/set_icon_url/", 400, json={"url": url})
        server.api("POST", "flows/instances/p/set_background_url/", 400, json={"url": url})


def test_lists_keep_the_order_they_are_written_in(server):
    configuration = Configuration(server)
    mappings = [server.create("propertymappings/provider/scope/", name=n, scope_name=n, expression="return {}")["pk"] for n in "zaymb"]
    uris = [{"matching_mode": "strict", "url": f"https://{n}.example/"} for n in "zaymb"]
    made = server.create("providers/oauth2/", **configuration.body("provider_oauth2") | {"property_mappings": mappings, "redirect_uris": uris})
    for read in (server.get(f"providers/oauth2/{made['pk']}/"), server.one("providers/oauth2/", name=made["name"])):
        assert read["property_mappings"] == mappings
        assert [entry["url"] for entry in read["redirect_uris"]] == [entry["url"] for entry in uris]


@pytest.mark.parametrize("first", ["flow", "stage", "policy", "group", "certificate"])
def test_things_can_be_destroyed_in_any_order(server, first):
    """At 40 calls at once nothing says which goes first; each deletion works whatever still names its object."""
    flow = server.create("flows/instances/", name="z", slug="z", title="z", designation="authentication")
    password = server.create("stages/password/", name="pw", backends=[INBUILT], configure_flow=flow["pk"])
    stages = {
        "redirect": server.create("stages/redirect/", name="r", mode="flow", target_flow=flow["pk"]),
        "identification": server.create("stages/identification/", name="i", user_fields=["username"], password_stage=password["pk"], recovery_flow=flow["pk"]),
    }
    policy = server.create("policies/expression/", name="p", expression="return True")
    group = server.group("g")
    key = server.create("crypto/certificatekeypairs/generate/", 200, common_name="k", validity_days=30)
    provider = server.create("providers/oauth2/", **Configuration(server).body("provider_oauth2") | {
        "authorization_flow": server.flow("default-provider-authorization-implicit-consent"), "invalidation_flow": flow["pk"], "signing_key": key["pk"],
    })
    application = server.create("core/applications/", name="a", slug="a", provider=provider["pk"])
    bindings = [server.create("policies/bindings/", target=application["pk"], order=n, **named) for n, named in enumerate(({"policy": policy["pk"]}, {"group": group["pk"]}))]
    paths = {
        "flow": "flows/instances/z/", "stage": f"stages/password/{password['pk']}/", "policy": f"policies/expression/{policy['pk']}/",
        "group": f"core/groups/{group['pk']}/", "certificate": f"crypto/certificatekeypairs/{key['pk']}/",
    }  # fmt: skip
    rest = [f"stages/{kind}/{stage['pk']}/" for kind, stage in stages.items()] + [f"policies/bindings/{b['pk']}/" for b in bindings]
    rest += ["core/applications/a/", f"providers/oauth2/{provider['pk']}/"]
    for path in [paths.pop(first), *paths.values(), *rest]:
        server.api("DELETE", path, 204)


def test_a_stage_without_backends_is_refused(server):
    """It could let nobody in."""
    assert "backends" in server.create("stages/password/", 400, name="none", backends=[])
    entry = "{model: authentik_stages_password.passwordstage, identifiers: {name: none}, attrs: {backends: []}}"
    answer = server.api("POST", "flows/instances/import/", 200, files={"file": ("f.yaml", f"version: 1\nentries: [{entry}]")}).json()
    assert not answer["success"]


def test_a_blueprint_that_was_never_applied_shows_when_it_was_saved(server):
    body = {"name": "later", "path": "default/flow-password-change.yaml", "enabled": False}
    made = server.api("POST", "managed/blueprints/", 201, json=body).json()
    assert made["last_applied"] > "2025", made
