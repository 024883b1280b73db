"""Secrets: in answers for clients that may change their objects, masked where asked for, had one by one, never lost to their mask."""

import json
import secrets

import pytest

from routes import Keys, all_routes, call
from world import ADMIN, TOKEN, Person, requests, wait_for

MASK = "*****"
PROVIDER = "authentik_providers_oauth2.oauth2provider"


@pytest.fixture
def known(server):
    """Objects of every kind that holds a secret; the secrets by model and field."""
    made = {}

    def secret(model, field):
        known = f"known-{secrets.token_hex(16)}"
        return made.setdefault((model, field), f"https://hooks.example.test/{known}" if field.endswith("_url") else known)

    server.application("wiki", client_secret=secret(PROVIDER, "client_secret"))
    for kind in server.get("countersign/kinds/"):
        fields = [f["name"] for f in kind["fields"] if f["shape"]["type"] == "secret" and f["name"] != "key_data"]
        # Stages that cannot run yet are not offered; the API keeps them.
        kept = kind["creatable"] or kind["path"].startswith("stages/")
        if fields and kept and kind["model"] != PROVIDER:
            required = {f["name"]: kind["title"] for f in kind["fields"] if f["required"] and f["shape"]["type"] == "text"}
            required |= {f["name"]: f["shape"]["choices"][0]["value"] for f in kind["fields"] if f["required"] and f["shape"]["type"] == "choice"}
            if kind["path"].startswith("providers/"):
                required |= {
                    "authorization_flow": server.flow("default-provider-authorization-implicit-consent"),
                    "invalidation_flow": server.flow("default-provider-invalidation-flow"),
                }
            if kind["path"] == "sources/ldap":
                required |= {"slug": "directory", "server_uri": "ldaps://secrets.example.test", "base_dn": "dc=example", "enabled": False}
            if kind["path"] == "providers/proxy":
                required |= {"external_host": "https://secrets.example.test", "mode": "forward_single"}
            if kind["path"].endswith("service_connections/kubernetes"):
                # Its secret is an object.
                key = secret(kind["model"], "kubeconfig")
                server.create(f"{kind['path']}/", name="cluster", kubeconfig={"clusters": [], "contexts": [], "users": [{"token": key}]})
                continue
            server.create(f"{kind['path']}/", **required | {name: secret(kind["model"], name) for name in fields})
    assert len(made) >= 4, made
    return made


def asked(server, pk, field="client_secret", model=PROVIDER, token=TOKEN, expect=200):
    body = {"model": model, "pk": str(pk), "field": field}
    return server.api("POST", "countersign/secrets/", expect, json=body, token=token).json()


def views(server):
    return [event["context"] for event in server.get("events/events/", action="secret_view")["results"]]


def test_no_answer_holds_a_secret_when_it_is_asked_to_mask_them(server, known):
    """Every operation that reads, over objects whose secrets are known: none of them may be in an answer."""
    keys, found, read = Keys(server), [], 0
    for route in all_routes(server):
        if route.method != "GET" or "view_" in route.path:
            continue
        answer = call(server, route, keys.of(route), token=TOKEN, params={"secrets": "masked", "page_size": 100})
        read += answer.status_code == 200
        found += [f"{route}: {field}" for (_, field), secret in known.items() if secret in answer.text]
    assert not found, found
    assert read > 80, read
    assert views(server) == [], "reading with a mask is not asking"


def test_clients_that_do_not_ask_for_masks_read_as_ever(server, known):
    provider = server.one("providers/oauth2/")
    assert provider["client_secret"] == known[PROVIDER, "client_secret"]
    masked = server.get(f"providers/oauth2/{provider['pk']}/", secrets="masked")
    assert masked == provider | {"client_secret": MASK}
    # What is only written stays so in either form.
    assert "private_key" not in server.one("stages/captcha/")


def test_asking_for_a_secret_is_recorded_with_who_asked(server, known):
    provider = server.one("providers/oauth2/")
    answer = Person(server).sign_in().api("POST", "countersign/secrets/", json={"model": PROVIDER, "pk": provider["pk"], "field": "client_secret"})
    assert answer.status_code == 200 and answer.json() == {"value": known[PROVIDER, "client_secret"]}
    assert answer.headers["Cache-Control"] == "no-store"
    event = server.one("events/events/", action="secret_view")
    assert event["user"]["username"] == ADMIN and event["context"]["field"] == "client_secret"
    named = {"app": "authentik_providers_oauth2", "model_name": "oauth2provider", "pk": str(provider["pk"]), "name": provider["name"]}
    assert event["context"]["secret"] == named
    assert known[PROVIDER, "client_secret"] not in str(event)


def test_secrets_are_for_those_who_may_change_their_object(server, known):
    provider = server.one("providers/oauth2/")
    server.user("plain")
    mine = server.create("core/tokens/", identifier="of-plain", user=server.one("core/users/", username="plain")["pk"], intent="api")
    plain = server.get(f"core/tokens/{mine['identifier']}/view_key/")["key"]
    seen = len(views(server))
    asked(server, provider["pk"], token=plain, expect=403)
    asked(server, provider["pk"], token=None, expect=403)
    asked(server, 999999, expect=404)
    asked(server, provider["pk"], field="client_id", expect=404)
    asked(server, provider["pk"], model="no.such", expect=404)
    stage = server.one("stages/captcha/")
    asked(server, stage["pk"], field="private_key", model="authentik_stages_captcha.captchastage", expect=404)
    assert len(views(server)) == seen, "what is refused shows nothing"


def test_a_mask_sent_back_is_never_stored(server, known):
    provider = server.one("providers/oauth2/")
    path, secret = f"providers/oauth2/{provider['pk']}/", provider["client_secret"]
    whole = server.get(path, secrets="masked")
    put = server.api("PUT", path, 200, json=whole | {"name": "renamed"}, params={"secrets": "masked"}).json()
    assert (put["name"], put["client_secret"]) == ("renamed", MASK)
    server.patch(path, client_secret=MASK)
    assert server.get(path)["client_secret"] == secret
    diff = server.one("events/events/", action="model_updated")["context"]["diff"]
    assert list(diff) == ["name"], diff

    refused = server.api("POST", "providers/oauth2/", 400, json=whole | {"name": "other", "client_id": "other"}).json()
    assert list(refused) == ["client_secret"] and "mask" in refused["client_secret"][0]

    # The same rule at the other door.
    entry = {"model": PROVIDER, "identifiers": {"name": "renamed"}, "attrs": {"client_secret": MASK, "access_token_validity": "minutes=7"}}
    blueprint = server.create("managed/blueprints/", name="masked", content=json.dumps({"version": 1, "entries": [entry]}))
    server.api("POST", f"managed/blueprints/{blueprint['pk']}/apply/", 200)
    wait_for(lambda: server.get(path)["access_token_validity"] == "minutes=7", what="the blueprint to be applied")
    assert server.get(path)["client_secret"] == secret
    assert requests.post(f"{server.base}/application/o/token/", data={"grant_type": "client_credentials"}, auth=(provider["client_id"], secret), timeout=30).ok


def test_a_replaced_secret_takes_the_place_of_the_former(server, known):
    provider = server.one("providers/oauth2/")
    server.patch(f"providers/oauth2/{provider['pk']}/", client_secret="chosen-anew-1234567890")
    assert asked(server, provider["pk"]) == {"value": "chosen-anew-1234567890"}
    event = server.one("events/events/", action="model_updated")
    assert event["context"]["diff"]["client_secret"] == {"previous_value": MASK, "new_value": MASK}
