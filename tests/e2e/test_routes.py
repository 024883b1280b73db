"""Every operation of the API, called by everybody."""

import pytest

from routes import Keys, all_routes, call, document
from world import TOKEN, Person, requests


@pytest.fixture
def routes(server):
    server.application("wiki")
    server.user("plain")
    return all_routes(server)


def plain_token(server):
    user = server.one("core/users/", username="plain")
    server.create("core/tokens/", identifier="of-plain", user=user["pk"], intent="api")
    return server.get("core/tokens/of-plain/view_key/")["key"]


def test_without_identity_only_public_operations_answer(server, routes):
    keys, wrong = Keys(server), []
    for route in routes:
        answer = call(server, route, keys.of(route), json={} if route.has_body else None)
        allowed = answer.status_code == 403
        if route.access == "public":
            allowed = answer.status_code < 500
        if not allowed:
            wrong.append(f"{route}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("means", ["token", "session"])
def test_a_person_without_rights_does_only_what_everybody_may(server, routes, means):
    if means == "token":
        token = plain_token(server)

        def send(route, keys):
            return call(server, route, keys, token=token, json={} if route.has_body else None)
    else:
        person = Person(server, "plain").sign_in()

        def send(route, keys):
            try:
                return person.api(route.method, route.at(keys), json={} if route.has_body else None)
            except requests.ConnectionError:
                raise AssertionError(f"no answer: {route}") from None

    own = server.one("core/users/", username="plain")["pk"]

    def is_own(row):
        """Tokens, sessions and consents belong to somebody."""
        owner = row.get("user")
        return (owner["pk"] if isinstance(owner, dict) else owner) == own

    def shows_only_own(body):
        return all(map(is_own, body["results"] if "results" in body else [body]))

    keys, wrong = Keys(server), []
    for route in routes:
        if "impersonate" in route.path:
            continue
        answer = send(route, keys.of(route))
        status = answer.status_code
        if route.access.startswith(("public", "authenticated")):
            allowed = status < 500
        elif status == 200 and route.path.endswith(("/used_by/", "/view_key/")):
            allowed = "tokens" in route.path
        elif status == 200:
            allowed = shows_only_own(answer.json())
        else:
            # An object that is not visible is not there. What is one's own can be changed and ended.
            own_rows = route.path.startswith(("core/tokens/", "core/authenticated_sessions/"))
            allowed = status in (403, 404) or status in (204, 400) and own_rows
        if not allowed:
            wrong.append(f"{route}: {status} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)
    assert server.api("GET", "core/users/me/", token=TOKEN).status_code == 200


def test_an_access_token_of_an_application_reads_its_person_and_nothing_else(server, routes):
    app = server.application("notes")
    token = Person(server).sign_in().tokens(app)["access_token"]
    keys, wrong, opened = Keys(server), [], []
    for route in routes:
        answer = call(server, route, keys.of(route), token=token, json={} if route.has_body else None)
        if route.access.endswith("scope profile"):
            opened.append(route.path)
            assert answer.status_code == 200, answer.text
        elif route.access != "public" and answer.status_code != 403 or answer.status_code >= 500:
            wrong.append(f"{route}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)
    assert opened == ["core/users/me/"]


def test_an_administrator_reads_everything(server, routes):
    keys, wrong = Keys(server), []
    for route in routes:
        if route.method != "GET":
            continue
        answer = call(server, route, keys.of(route), token=TOKEN)
        fine = answer.status_code == 200 or route.parameters and answer.status_code in (404, 400, 405)
        fine = fine or answer.status_code in (204, 302, 400)
        if not fine or answer.status_code >= 500:
            wrong.append(f"{route}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


def test_an_empty_body_is_answered_in_the_shape_of_the_api(server, routes):
    keys, wrong = Keys(server), []
    for route in routes:
        if route.method in ("POST", "PUT", "PATCH") and "flows/executor" not in route.path:
            answer = call(server, route, keys.of(route), token=TOKEN, json={})
            if answer.status_code >= 500:
                wrong.append(f"{route}: {answer.status_code} {answer.text[:100]}")
            elif answer.status_code == 400 and answer.text and not isinstance(answer.json(), (dict, list)):
                wrong.append(f"{route}: {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


def test_keys_of_nothing_are_not_found(server, routes):
    from routes import missing

    wrong = []
    for route in routes:
        if not route.parameters or "flows/executor" in route.path or "flows/inspector" in route.path:
            continue
        for strange in (missing, lambda _: "0", lambda _: "%00", lambda _: "a" * 3000, lambda _: "-1", lambda _: "%F0%28%8C%28"):
            keys = {name: strange(name) for name in route.parameters}
            answer = call(server, route, keys, token=TOKEN, json={} if route.has_body else None)
            if answer.status_code >= 500 or answer.status_code in (200, 201) and route.method != "GET":
                wrong.append(f"{route} at {keys}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


def test_operations_are_named_as_generated_clients_name_them(routes):
    names = [route.operation["operationId"] for route in routes]
    assert len(names) == len(set(names)), "every operation has a name of its own"
    for name in ("core_users_list", "core_groups_create", "core_users_me_retrieve", "providers_oauth2_partial_update"):
        assert name in names


def test_the_document_refers_only_to_what_it_defines(server):
    whole = document(server)
    wanted, stack = set(), [whole]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            wanted |= {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
    defined = {f"#/components/schemas/{name}" for name in whole["components"]["schemas"]}
    assert not wanted - defined, sorted(wanted - defined)
