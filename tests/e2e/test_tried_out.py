"""*Test* at the providers of LDAP and RADIUS: a bind, a search and an Access-Request that an administrator tries out, each with
its result and the run that decided."""

import http.server
import json
import threading

import pytest
import requests

from test_ldap import Directory, BASE, USERS
from test_saml import keys  # noqa: F401
from test_saml_source import Upstream
from world import PASSWORD, Person, Server, wait_for


@pytest.fixture(scope="module")
def server():
    server = Server(COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8").start()
    Person(server).sign_in()
    server.group("staff")
    server.user("tess", ["staff"], attributes={"title": "Tester"})
    yield server
    assert not server.panics()
    server.close()


def radius(server, slug, **fields):
    flows = {"authorization_flow": server.flow("default-authentication-flow"), "invalidation_flow": server.flow("default-provider-invalidation-flow")}
    provider = server.create("providers/radius/", **{"name": slug, "shared_secret": "a-secret-of-tests", "client_networks": "192.0.2.0/24"} | flows | fields)
    return provider, server.create("core/applications/", name=slug, slug=slug, provider=provider["pk"])


def run_of(server, answer):
    """The run that an answer names, once it is written."""
    assert answer["run"], answer
    path = f"countersign/runs/{answer['run']}/"
    wait_for(lambda: server.api("GET", path).status_code == 200, 10, "the run")
    return server.get(path)


def nothing_is_kept(server, password):
    for file in server.folder.rglob("*"):
        if file.is_file() and file.stat().st_size < 1 << 28:
            assert password.encode() not in file.read_bytes(), file
    assert password not in "\n".join(server.lines())
    assert password not in json.dumps(server.get("events/events/", page_size=100))


def test_a_bind_and_a_search_are_tried_out(server):
    directory = Directory(server, name="tried")
    at = f"countersign/ldap/{directory.provider['pk']}/test/"
    tried = lambda **given: server.api("POST", at, 200, json=given).json()
    answer = tried(username="tess", password=PASSWORD, filter="(objectClass=user)")
    assert answer["bind"] == {"code": 0, "result": "success", "message": ""}, answer
    assert answer["dn"] == f"cn=tess,ou=users,{BASE}"
    # She finds herself, as any client of hers would.
    assert answer["search"]["code"] == 0 and [entry["dn"] for entry in answer["entries"]] == [f"cn=tess,{USERS}"]
    told = {attribute["name"]: attribute["values"] for attribute in answer["entries"][0]["attributes"]}
    assert told["title"] == ["Tester"] and told["cn"] == ["tess"]
    run = run_of(server, answer)
    user = server.one("core/users/", username="tess")
    assert run["outcome"] == "done" and run["user"] == user["pk"], run
    # Its session ended with it.
    assert server.get("core/authenticated_sessions/", user__username="tess")["results"] == []

    # Whole names, bases, scopes, and what is refused with its code.
    assert tried(username=f"cn=tess,{BASE}", password=PASSWORD)["bind"]["code"] == 0
    assert tried(username="tess,x", password=PASSWORD)["bind"]["code"] == 49
    assert tried(username="cn=tess,dc=elsewhere", password=PASSWORD)["bind"]["code"] == 50
    above = tried(username="tess", password=PASSWORD, filter="(cn=*)", base="dc=elsewhere")
    assert above["search"]["code"] == 32 and above["search"]["result"] == "noSuchObject" and above["search"]["message"]
    one = tried(username="tess", password=PASSWORD, filter="(objectClass=*)", base=BASE, scope="base")
    assert one["search"]["code"] == 0 and len(one["entries"]) == 1
    wrong = "wrong-password-7hd8"
    answer = tried(username="tess", password=wrong, filter="(cn=*)")
    assert answer["bind"]["code"] == 49 and answer["bind"]["result"] == "invalidCredentials" and answer["search"] is None, answer
    assert run_of(server, answer)["outcome"] != "done"
    assert server.get("events/events/", action="login_failed")["results"]
    nothing_is_kept(server, wrong)

    # A policy's no is 50, with its words in the run.
    others = server.group("ldap others")
    binding = server.create("policies/bindings/", target=directory.application["pk"], group=others["pk"], order=0)
    answer = tried(username="tess", password=PASSWORD)
    assert answer["bind"]["code"] == 50 and answer["bind"]["result"] == "insufficientAccessRights", answer
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    for bad, field in (({"username": ""}, "username"), ({"filter": "(("}, "filter"), ({"scope": "up"}, "scope"), ({"base": 3}, "base")):
        assert field in server.api("POST", at, 400, json={"username": "tess", "password": PASSWORD} | bad).json(), bad


def test_an_access_request_is_tried_out(server):
    provider, application = radius(server, "tried-radius")
    at = f"countersign/radius/{provider['pk']}/test/"
    tried = lambda **given: server.api("POST", at, 200, json=given).json()
    mapping = server.create("propertymappings/provider/radius/", name="Reply", expression='packet["Reply-Message"] = "welcome"\nreturn packet')
    server.patch(f"providers/radius/{provider['pk']}/", property_mappings=[mapping["pk"]])
    answer = tried(username="tess", password=PASSWORD)
    assert (answer["code"], answer["result"]) == (2, "Access-Accept"), answer
    assert {"type": 18, "hex": b"welcome".hex(), "text": "welcome"} in answer["attributes"], answer
    assert run_of(server, answer)["outcome"] == "done"
    wrong = "wrong-password-9kd2"
    answer = tried(username="tess", password=wrong)
    assert (answer["code"], answer["result"]) == (3, "Access-Reject") and answer["reason"] and answer["run"], answer
    nothing_is_kept(server, wrong)
    # By the address of a client.
    assert tried(username="tess", password=PASSWORD, client="192.0.2.9")["code"] == 2
    answer = tried(username="tess", password=PASSWORD, client="198.51.100.1")
    assert answer["code"] is None and answer["result"] == "No answer" and "client networks" in answer["reason"], answer
    others = server.group("radius others")
    server.create("policies/bindings/", target=application["pk"], group=others["pk"], order=0)
    answer = tried(username="tess", password=PASSWORD)
    assert answer["code"] == 3 and "not open to tess" in answer["reason"], answer
    for bad, field in (({"username": ""}, "username"), ({"client": "x"}, "client"), ({"password": "p" * 200}, "password")):
        assert field in server.api("POST", at, 400, json={"username": "tess", "password": PASSWORD} | bad).json(), bad


def test_the_client_of_a_trial_is_looked_at_and_not_blamed(server):
    provider, application = radius(server, "blameless", client_networks="10.9.9.0/24")
    at = f"countersign/radius/{provider['pk']}/test/"
    user = server.user("trying")
    server.user("blamed")
    server.create("core/tokens/", identifier="trying", user=user["pk"], intent="api")
    token = server.get("core/tokens/trying/view_key/")["key"]
    given = {"permissions": [f"authentik_providers_radius.{may}_radiusprovider" for may in ("view", "change")], "model": "authentik_providers_radius.radiusprovider", "object_pk": str(provider["pk"])}
    server.api("POST", f"rbac/permissions/assigned_by_users/{user['pk']}/assign/", 200, json=given)
    # Its own place, that nobody else of this file waits there.
    caller = "203.0.113.77"
    tried = lambda **given: requests.post(f"{server.base}/api/v3/{at}", json=given, timeout=30, headers={"Authorization": f"Bearer {token}", "X-Forwarded-For": caller}).json()
    # Policies see the client.
    sees = server.create("policies/expression/", name="from a client", expression="return ak_client_ip == ip_address('10.9.9.77')")
    binding = server.create("policies/bindings/", target=application["pk"], policy=sees["pk"], order=0)
    assert tried(username="blamed", password=PASSWORD, client="10.9.9.77")["code"] == 2
    assert "not open" in tried(username="blamed", password=PASSWORD, client="10.9.9.78")["reason"]
    login = server.get("events/events/", action="login", username="blamed")["results"][0]
    assert (login["client_ip"], login["context"]["tried_by"]["username"]) == (caller, "trying"), login
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    # Whatever client is named, the one who tries waits; and all that is told is of them.
    server.create("policies/reputation/", name="all of it", check_ip=True, check_username=True, threshold=-5)
    answers = [tried(username=f"made-up-{number}", password="wrong", client=f"10.9.9.{number + 1}") for number in range(25)]
    assert not any("Too many" in answer["reason"] for answer in answers[:15]), answers
    assert all("Too many" in answer["reason"] for answer in answers[20:]), answers[20:]
    assert "Too many" in tried(username="blamed", password=PASSWORD, client="10.9.9.200")["reason"]
    failed = [event for event in server.get("events/events/", action="login_failed", page_size=100)["results"] if event["context"]["username"].startswith("made-up-")]
    assert len(failed) >= 15
    assert {event["client_ip"] for event in failed} == {caller}
    assert {event["context"]["tried_by"]["username"] for event in failed} == {"trying"}
    scores = server.get("policies/reputation/scores/", page_size=100)["results"]
    assert not [score for score in scores if score["ip"].startswith("10.9.9.")], scores
    # Whoever is elsewhere does not wait, nor does the client.
    assert server.api("POST", at, 200, json={"username": "blamed", "password": PASSWORD, "client": "10.9.9.77"}).json()["code"] == 2
    told = [line for line in server.lines() if "10.9.9." in line and ("sign-in" in line or "login failed" in line)]
    assert not told, told[:3]


def test_only_who_may_change_the_provider_tries_it_out(server):
    provider, _ = radius(server, "closed-radius")
    directory = Directory(server, name="closed", base="DC=closed")
    user = server.user("looker")
    server.create("core/tokens/", identifier="looker", user=user["pk"], intent="api")
    token = server.get("core/tokens/looker/view_key/")["key"]
    for model, kind, pk in (("radiusprovider", "radius", provider["pk"]), ("ldapprovider", "ldap", directory.provider["pk"])):
        at, body = f"countersign/{kind}/{pk}/test/", {"username": "looker", "password": PASSWORD}
        assert server.api("POST", at, token=token, json=body).status_code == 403
        given = {"permissions": [f"authentik_providers_{kind}.view_{model}"], "model": f"authentik_providers_{kind}.{model}", "object_pk": str(pk)}
        server.api("POST", f"rbac/permissions/assigned_by_users/{user['pk']}/assign/", 200, json=given)
        assert server.api("POST", at, token=token, json=body).status_code == 403
        given["permissions"] = [f"authentik_providers_{kind}.change_{model}"]
        server.api("POST", f"rbac/permissions/assigned_by_users/{user['pk']}/assign/", 200, json=given)
        assert server.api("POST", at, token=token, json=body).status_code == 200


class Documents(http.server.BaseHTTPRequestHandler):
    documents = {}

    def do_GET(self):
        body = self.documents.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Documents)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def test_metadata_is_taken_in_from_an_address(server, keys, web):  # noqa: F811
    idp = Upstream(server, keys, "addressed")
    from saml2.config import IdPConfig
    from saml2.metadata import entity_descriptor

    described = str(entity_descriptor(IdPConfig().load(dict(idp.settings))))
    Documents.documents = {"/idp": described, "/sp": idp.metadata, "/broken": idp.metadata.replace("/acs/", "/elsewhere/"), "/other": "<a/>"}
    made = server.create("countersign/sources/saml/import_metadata/", name="By address", slug="by-address", metadata_url=f"{web}/idp")
    assert made["slug"] == "by-address" and server.get("sources/saml/by-address/")["sso_url"] == idp.sso
    flows = {"authorization_flow": server.flow("default-provider-authorization-implicit-consent"), "invalidation_flow": server.flow("default-provider-invalidation-flow")}
    add = lambda status, **fields: server.api("POST", "providers/saml/import_metadata/", status, data=fields | flows, files={"x": ("x", "")})
    add(204, name="By address", metadata_url=f"{web}/sp")
    assert server.one("providers/saml/", name="By address")["acs_url"] == f"{idp.base}/acs/"
    # What was signed and changed on its way, what is no metadata, what is not there or may not be asked.
    source = lambda url: server.api("POST", "countersign/sources/saml/import_metadata/", 400, json={"name": "x", "slug": "x", "metadata_url": url}).json()
    assert "signature" in add(400, name="x", metadata_url=f"{web}/broken").json()["metadata_url"][0]
    for url in (f"{web}/other", f"{web}/nothing", "http://169.254.169.254/", "file:///etc/passwd", "http://127.0.0.1:1/"):
        assert list(source(url))[0] == "metadata_url", url
        assert list(add(400, name="x", metadata_url=url).json()) == ["metadata_url"], url
    assert "404" in source(f"{web}/nothing")["metadata_url"][0]
    assert server.get("sources/saml/", slug="x")["results"] == []


def test_the_page_of_a_source_says_why_people_were_refused(server, keys):  # noqa: F811
    idp = Upstream(server, keys, "ailing")
    failures = lambda **more: server.get("countersign/sources/ailing/failures/", **more)
    assert failures() == []
    bob = Person(server, "bob")
    request = idp.asked(bob)
    for xml, rule in (
        (idp.response(request, "bob", sp_entity_id="https://other.example.test/"), "saml.audience"),
        (idp.response(request, "bob", sign_response=True).replace(">bob<", ">akadmin<"), "saml.signature"),
    ):
        assert idp.bring(bob, xml).status_code == 400
        found = failures()[0]
        assert found["code"] == rule and found["reason"] and found["remedy"].endswith(".") and found["mend"] is None, found
        assert "akadmin" not in json.dumps(found) and "bob" not in json.dumps(found)
    (audience,) = [one for one in failures() if one["code"] == "saml.audience"]
    assert audience["expected"] == [{"name": "Entity ID", "value": f"{idp.base}/metadata/"}]
    assert "https://other.example.test/" in audience["sent"][0]["value"]
    # Signing out, too; and only for who may see the source.
    assert requests.get(f"{idp.base}/slo/?SAMLRequest=x", timeout=10).status_code == 400
    assert len(failures()) == 3
    user = server.user("no-source-doctor")
    server.create("core/tokens/", identifier="no-source-doctor", user=user["pk"], intent="api")
    token = server.get("core/tokens/no-source-doctor/view_key/")["key"]
    assert server.api("GET", "countersign/sources/ailing/failures/", token=token).status_code in (403, 404)
    assert server.api("GET", "countersign/sources/nobody/failures/").status_code == 404
