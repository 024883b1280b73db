"""This program at the edge, beside applications, with a server elsewhere: a second process that has its token and no database."""

import http.server
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import uuid

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from test_ldap import BASE, GROUPS, USERS, VIRTUAL, Directory
from test_outposts import Outpost, proxy_provider
from test_proxy import Echo, Front, known
from world import PASSWORD, PROGRAM, Person, Process, free_port, wait_for

SECRET = "shared-secret-of-the-edge"


class Edge(Process):
    """An outpost that runs as a process of its own."""

    def __init__(self, outpost, kind, token=None, **environment):
        super().__init__("edge")
        self.kind = kind
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-edge-"))
        names = ("http", "https", "metrics", "radius", "ldap", "ldaps")
        self.ports = {name: free_port() for name in names}
        self.port = self.ports["http"]
        self.base = f"http://localhost:{self.port}"
        self.environment = {
            "COUNTERSIGN_DATA_DIR": str(self.folder),
            "AUTHENTIK_HOST": outpost.server.base,
            "AUTHENTIK_TOKEN": token or outpost.token,
            "AUTHENTIK_INSECURE": "false",
        }
        self.environment |= {f"AUTHENTIK_LISTEN__{name.upper()}": f"127.0.0.1:{port}" for name, port in self.ports.items()}
        self.environment |= environment

    def start(self):
        self.spawn([PROGRAM, "outpost", self.kind], self.environment)
        return self

    def is_ready(self):
        assert self.is_alive(), "the edge ended by itself:\n" + "\n".join(self.lines()[-20:])
        return requests.get(f"http://127.0.0.1:{self.ports['metrics']}/outpost.goauthentik.io/ping", timeout=5).status_code == 204

    def ready(self):
        self.start()
        wait_for(self.is_ready, 60, "the edge to be ready")
        return self.connected()

    def connected(self, is_connected=True):
        wait_for(lambda: ("authentik_outpost_connection{" in self.metrics()) and self.gauge() == is_connected, 60, "the edge to be connected")
        return self

    def metrics(self):
        return requests.get(f"http://127.0.0.1:{self.ports['metrics']}/metrics", timeout=5).text

    def gauge(self):
        [line] = [line for line in self.metrics().splitlines() if line.startswith("authentik_outpost_connection{")]
        return line.endswith(" 1")

    def command(self, *arguments):
        return subprocess.run([PROGRAM, "outpost", *arguments], env=self.environment, capture_output=True, text=True, timeout=30)

    def close(self):
        self.stop()
        assert not [line for line in self.lines() if "panicked at" in line]
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def edges():
    all = []

    def edge(*arguments, **environment):
        all.append(Edge(*arguments, **environment))
        return all[-1]

    yield edge
    for edge in all:
        edge.close()


@pytest.fixture(scope="module")
def upstream():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def asked(edge, person, path="/wiki?page=1", host=None):
    """As Traefik asks about a request of somebody's browser."""
    host = host or f"localhost:{edge.port}"
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": host, "X-Forwarded-Uri": path}
    return person.web.get(f"{edge.base}/outpost.goauthentik.io/auth/traefik", headers=headers, allow_redirects=False, timeout=10)


def soon(check, seconds=2.0):
    """What an outpost is told, it knows within a second."""
    wait_for(check, seconds, "the edge to know")


def test_an_edge_answers_for_applications_as_the_server_does(server, edges, upstream):
    server.group("Staff")
    user = server.user("ada", groups=("Staff",), attributes={"additionalHeaders": {"X-Team": "blue"}})
    provider = proxy_provider(server, "wiki", external_host="http://localhost:1")
    outpost = Outpost(server, providers=[provider["pk"]])
    edge = edges(outpost, "proxy").ready()
    assert edge.command("healthcheck").returncode == 0
    [health] = server.get(f"outposts/instances/{outpost.pk}/health/")
    assert health["version"] == "2025.4.0" and health["golang_version"].startswith("go") and not health["version_outdated"]

    # An edit is known within a second.
    ada = Person(server, "ada")
    assert asked(edge, ada).status_code == 404
    server.patch(f"providers/proxy/{provider['pk']}/", external_host=edge.base, skip_path_regex="^/public")
    soon(lambda: asked(edge, ada).status_code == 302)
    # What is open is open, and tells nobody of anybody.
    told = asked(edge, ada, "/public/logo")
    assert told.status_code == 200 and told.headers["X-authentik-username"] == ""

    # Behind a real nginx, set up as the guide says.
    front = Front("nginx", edge, upstream)
    try:
        server.patch(f"providers/proxy/{provider['pk']}/", external_host=front.base)
        soon(lambda: asked(edge, ada, host=f"localhost:{front.port}").status_code == 302)
        told = known(ada.open(f"{front.base}/wiki?page=1&of=2"))
        assert told["path"] == "/wiki?page=1&of=2"
        assert (told["headers"]["x-authentik-username"], told["headers"]["x-authentik-groups"]) == ("ada", "Staff")
        ask = lambda person=ada: asked(edge, person, host=f"localhost:{front.port}")
        own = ask()
        assert own.status_code == 200 and own.headers["X-authentik-meta-outpost"] == "edge"
        assert own.headers["X-authentik-meta-app"] == "wiki" and own.headers["X-Team"] == "blue"

        # It outlives a restart of the edge, whose folder holds nobody's token in clear.
        kept = [path.read_text() for path in (edge.folder / "outpost-sessions").iterdir()]
        assert len(kept) == 1 and own.headers["X-authentik-jwt"] not in kept[0]
        edge.stop()
        edge.ready()
        assert ask().status_code == 200

        # While the server is away: who is known stays so, nobody new comes in, and is told.
        server.kill()
        edge.connected(False)
        assert ask().status_code == 200
        refused = ask(Person(server, "eve"))
        assert refused.status_code == 503 and refused.headers["Retry-After"] and "<h1>" in refused.text
        edge.stop()
        edge.start()
        time.sleep(2)
        ping = requests.get(f"http://127.0.0.1:{edge.ports['metrics']}/outpost.goauthentik.io/ping", timeout=5)
        assert ping.status_code == 503 and edge.command("healthcheck").returncode == 1
        server.start()
        wait_for(edge.is_ready, 30, "the edge to find its server")
        edge.connected()
        assert ask().status_code == 200 and ask(Person(server, "eve")).status_code == 302

        # Signed out at the server, signed out here.
        ada.run_flow("default-invalidation-flow")
        assert ada.me().status_code == 403
        soon(lambda: ask().status_code == 302)

        # Signed out here, signed out at the server.
        known(ada.open(f"{front.base}/wiki"))
        ada.open(f"{front.base}/outpost.goauthentik.io/sign_out")
        assert ask().status_code == 302 and ada.me().status_code == 403

        # What ends while the edge cannot hear of it has ended all the same.
        known(ada.open(f"{front.base}/wiki"))
        edge.stop()
        server.patch(f"core/users/{user['pk']}/", is_active=False)
        edge.ready()
        assert ask().status_code == 302
        server.patch(f"core/users/{user['pk']}/", is_active=True)
        known(ada.open(f"{front.base}/wiki"))
        server.patch(f"core/users/{user['pk']}/", is_active=False)
        soon(lambda: ask().status_code == 302)
    finally:
        front.close()

    # Wrong settings come to the events, once.
    for _ in range(3):
        assert requests.get(f"{edge.base}/outpost.goauthentik.io/auth/nginx", timeout=10).status_code == 400
    events = server.get("events/events/", action="configuration_error")["results"]
    assert len([event for event in events if event["user"]["username"].startswith("ak-outpost-")]) == 1


def test_an_edge_passes_requests_on(server, edges, upstream):
    server.user("ada")
    port = free_port()
    provider = proxy_provider(
        server, "wiki", external_host=f"http://localhost:{port}", mode="proxy", internal_host=f"http://127.0.0.1:{upstream}",
        intercept_header_auth=True,
    )  # fmt: skip
    outpost = Outpost(server, providers=[provider["pk"]])
    edge = edges(outpost, "proxy", AUTHENTIK_LISTEN__HTTP=f"127.0.0.1:{port}").ready()
    page = f"http://localhost:{port}/wiki?page=1&of=2"
    ada = Person(server, "ada")
    told = known(ada.open(page))
    assert told["path"] == "/wiki?page=1&of=2" and told["headers"]["x-authentik-username"] == "ada"
    forged = {"X-authentik-username": "root", "X_authentik_groups": "admins"}
    told = known(ada.web.get(page, headers=forged, timeout=10, allow_redirects=False))
    assert told["headers"]["x-authentik-username"] == "ada" and "x_authentik_groups" not in told["headers"]

    # Programs bring credentials.
    assert requests.get(page, headers={"Authorization": "Bearer nonsense"}, timeout=10).status_code == 401
    server.create("core/tokens/", identifier="app", intent="app_password", user=ada.me().json()["user"]["pk"])
    key = server.get("core/tokens/app/view_key/")["key"]
    told = known(requests.get(page, auth=("ada", key), timeout=10, allow_redirects=False))
    assert told["headers"]["x-authentik-username"] == "ada" and "authorization" not in told["headers"]
    assert requests.get(page, auth=("ada", "wrong"), timeout=10, allow_redirects=False).status_code == 401

    # A host that is nobody's, and what is ours alone.
    assert requests.get(page, headers={"Host": "elsewhere.test"}, timeout=10).status_code == 404
    assert requests.get(f"http://localhost:{port}/outpost.goauthentik.io/ping", timeout=10).status_code == 204
    assert not server.panics()
    assert edge.is_alive()


def test_what_programs_bring_to_an_edge_is_good_for_as_long_as_the_server_says(server, edges):
    user = server.user("ada")
    outpost = Outpost(server, providers=[proxy_provider(server, "wiki", intercept_header_auth=True)["pk"]])
    [provider] = outpost.get("outposts/proxy/")["results"]
    edge = edges(outpost, "proxy").ready()
    server.create("core/tokens/", identifier="app", intent="app_password", user=user["pk"])
    key = server.get("core/tokens/app/view_key/")["key"]
    endpoint = f"{server.base}/application/o/token/"

    def token(**headers):
        form = {"grant_type": "client_credentials", "client_id": provider["client_id"], "username": "ada", "password": key, "scope": "openid profile email ak_proxy"}
        answer = requests.post(endpoint, data=form, headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def ask(bearer=None, basic=None):
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "wiki.example.test", "X-Forwarded-Uri": "/"}
        headers |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
        answer = requests.get(f"{edge.base}/outpost.goauthentik.io/auth/traefik", headers=headers, auth=basic, allow_redirects=False, timeout=10)
        assert answer.status_code != 200 or answer.headers["X-authentik-username"] == "ada"
        return answer.status_code

    # One that is bound to a key opens nothing to whoever brings it.
    private = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
    proof = {"jti": str(uuid.uuid4()), "htm": "POST", "htu": endpoint, "iat": int(time.time())}
    bound = token(DPoP=jwt.encode(proof, private, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": public}))
    assert ask(bound) != 200
    assert ask(basic=("goauthentik.io/token", bound)) != 200

    # A token ends when it is revoked.
    first, second = token(), token()
    assert ask(first) == ask(second) == ask(basic=("goauthentik.io/token", first)) == 200
    revoke = {"token": first, "client_id": provider["client_id"], "client_secret": provider["client_secret"]}
    assert requests.post(f"{server.base}/application/o/revoke/", data=revoke, timeout=10).status_code == 200
    assert ask(first) != 200 and ask(second) == 200

    # Nobody is believed without being asked about.
    assert ask(basic=("ada", key)) == 200
    server.kill()
    edge.connected(False)
    assert ask(second) == ask(basic=("ada", key)) == 503
    server.start()
    edge.connected()
    assert ask(second) == ask(basic=("ada", key)) == 200

    # All of them end with the account.
    server.patch(f"core/users/{user['pk']}/", is_active=False)
    assert ask(second) != 200 and ask(basic=("ada", key)) != 200 and ask(basic=("goauthentik.io/token", second)) != 200
    assert not server.panics()


def test_an_edge_with_a_token_that_is_not_good_answers_for_nothing(server, edges):
    provider = proxy_provider(server, "wiki")
    outpost = Outpost(server, providers=[provider["pk"]])
    wrong = edges(outpost, "proxy", token="nonsense").start()
    wait_for(lambda: any("does not accept the token" in line for line in wrong.lines()), 30, "the refusal to be told")
    assert wrong.is_alive() and wrong.command("healthcheck").returncode == 1
    other = edges(outpost, "radius").start()
    wait_for(lambda: any("of the type proxy, not radius" in line for line in other.lines()), 30, "the type to be told")
    nothing = edges(outpost, "proxy", AUTHENTIK_HOST="")
    assert "AUTHENTIK_HOST" in nothing.command("proxy").stderr

    edge = edges(outpost, "proxy").ready()
    person = Person(server)
    ask = lambda: asked(edge, person, host="wiki.example.test").status_code
    assert ask() == 302
    server.api("DELETE", f"outposts/instances/{outpost.pk}/", 204)
    soon(lambda: ask() == 404, 20)


def radclient(edge, name, password, secret=SECRET):
    """The answer of FreeRADIUS's client."""
    words = f'User-Name = "{name}", User-Password = "{password}", Message-Authenticator = 0x00'
    arguments = ["radclient", "-x", "-r", "1", "-t", "15", f"127.0.0.1:{edge.ports['radius']}", "auth", secret]
    ran = subprocess.run(arguments, input=words, capture_output=True, text=True, timeout=60)
    found = [code for code in ("Access-Accept", "Access-Reject") if f"Received {code}" in ran.stdout]
    return (found or ["nothing"])[0], ran.stdout


@pytest.mark.skipif(not shutil.which("radclient"), reason="radclient is not there")
def test_an_edge_answers_radius(server, edges):
    server.group("Staff")
    server.user("ada", groups=("Staff",))
    server.user("eve")
    mapping = server.create("propertymappings/provider/radius/", name="hello", expression='packet["Reply-Message"] = "Hello " + request.user.username')
    flows = {
        "authorization_flow": server.flow("default-authentication-flow"),
        "invalidation_flow": server.flow("default-provider-invalidation-flow"),
    }
    provider = server.create(
        "providers/radius/", name="wifi", shared_secret=SECRET, client_networks="127.0.0.0/8", property_mappings=[mapping["pk"]], **flows
    )
    application = server.create("core/applications/", name="Wifi", slug="wifi", provider=provider["pk"])
    staff = server.one("core/groups/", name="Staff")["pk"]
    server.create("policies/bindings/", target=application["pk"], group=staff, order=0)
    outpost = Outpost(server, providers=[provider["pk"]], kind="radius")
    edge = edges(outpost, "radius").ready()
    code, told = radclient(edge, "ada", PASSWORD)
    assert code == "Access-Accept" and 'Reply-Message = "Hello ada"' in told, told
    assert radclient(edge, "ada", "wrong")[0] == "Access-Reject"
    assert radclient(edge, "eve", PASSWORD)[0] == "Access-Reject"
    assert radclient(edge, "ada", PASSWORD, secret="another")[0] == "nothing"
    # The server knows where it came from.
    [event] = [e for e in server.get("events/events/", action="login", username="ada")["results"]][:1]
    assert event["client_ip"] == "127.0.0.1"
    # An edit is known within a second.
    server.patch(f"providers/radius/{provider['pk']}/", shared_secret="another")
    soon(lambda: radclient(edge, "ada", PASSWORD, secret="another")[0] == "Access-Accept", 20)
    # Without the server nothing is said, so that the client asks elsewhere.
    server.kill()
    edge.connected(False)
    assert radclient(edge, "ada", PASSWORD, secret="another")[0] == "nothing"
    server.start()
    edge.connected()
    assert radclient(edge, "ada", PASSWORD, secret="another")[0] == "Access-Accept"
    server.api("DELETE", f"outposts/instances/{outpost.pk}/", 204)
    soon(lambda: radclient(edge, "ada", PASSWORD, secret="another")[0] == "nothing", 30)


def directory_of(server):
    """A provider for LDAP with people to be found."""
    for name in ("crew", "staff", "A, B"):
        server.group(name)
    server.user("searcher")
    server.user("alice", ["staff", "A, B"], attributes={"title": "Head of Things", "phones": ["1", "2"], "shell": "/x/%s"})
    server.user("bob", ["staff"], attributes={"uidNumber": "5000"})
    directory = Directory(server)
    directory.let_search("searcher")
    return directory


SEARCHES = (
    (BASE, "(objectClass=*)"), (USERS, "(objectClass=user)"), (USERS, "(cn=alice)"), (USERS, "(mail=alice@example.test)"),
    (f"cn=alice,{USERS}", "(objectClass=*)"), (USERS, "(&(objectClass=user)(|(cn=Alice)(mail=bob@example.test)))"),
    (BASE, f"(memberOf=cn=staff,{GROUPS})"), (GROUPS, f"(member=cn=alice,{USERS})"), (BASE, "(uidNumber=5000)"), (BASE, "(cn=a*)"),
    (VIRTUAL, "(cn=bob)"), (BASE, "(title=head of things)"), (USERS, "(cn=nobody)"),
)  # fmt: skip


@pytest.mark.parametrize("mode", ["direct", "cached"])
def test_an_edge_answers_ldap_as_the_server_does(server, edges, mode):
    directory = directory_of(server)

    def answers(who, uri=None):
        ask = lambda base, text: directory.command("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", base, text, "*", "+", who=who, uri=uri)
        return {(base, text): ask(base, text) for base, text in SEARCHES}

    # Its account is a person, too, and is there before anybody is asked for.
    other = server.create("providers/ldap/", name="other", base_dn="dc=other", **{name: directory.provider[name] for name in ("authorization_flow", "invalidation_flow")})
    server.create("core/applications/", name="other", slug="other", provider=other["pk"])
    outpost = Outpost(server, providers=[other["pk"]], kind="ldap")
    own = {who: answers(who) for who in ("searcher", "alice")}
    # Handed over: the server closes its own door.
    path = f"providers/ldap/{directory.provider['pk']}/"
    server.patch(path, search_mode=mode, bind_mode=mode)
    server.patch(f"outposts/instances/{outpost.pk}/", providers=[directory.provider["pk"]])
    edge = edges(outpost, "ldap").ready()
    clear, encrypted = f"ldap://127.0.0.1:{edge.ports['ldap']}", f"ldaps://127.0.0.1:{edge.ports['ldaps']}"
    for who, expected in own.items():
        for asked, (code, told) in answers(who, clear).items():
            assert (code, told) == expected[asked], (who, asked)
    whoami = lambda *options, who="alice", password=PASSWORD, uri=clear: directory.command("ldapwhoami", *options, who=who, password=password, uri=uri)[0]
    assert whoami() == whoami("-ZZ") == whoami(uri=encrypted) == 0
    assert whoami(password="wrong") == 49 and whoami(who="nobody") == 49
    assert directory.command("ldapcompare", f"cn=bob,{USERS}", "uidNumber:5000", uri=clear)[0] == 6

    # Who is not let in any more, with the next bind; who loses the permission, at a connection that goes on.
    staff = server.one("core/groups/", name="staff")["pk"]
    binding = server.create("policies/bindings/", target=directory.application["pk"], group=staff, order=0)
    if mode == "direct":
        assert whoami(who="searcher") == 50 and whoami() == 0
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)

    # What is new is found at once, or at the next refresh, which an edit brings about.
    server.user("carol")
    find = lambda: "cn=carol" in directory.command("ldapsearch", "-LLL", "-b", USERS, "(cn=carol)", "1.1", uri=clear)[1]
    if mode == "cached":
        assert not find()
        server.patch(path, name="renamed")
    soon(find, 20)

    # Without the server: what is remembered is answered.
    assert whoami(who="searcher") == 0
    server.kill()
    edge.connected(False)
    if mode == "cached":
        assert find() and whoami(who="searcher") == 0 and whoami(who="bob") == 52
    else:
        assert whoami(who="searcher") == 52
    server.start()
    edge.connected()
    assert find()
    server.api("DELETE", f"outposts/instances/{outpost.pk}/", 204)
    soon(lambda: whoami() == 50, 10)


def test_a_remembered_bind_ends_with_the_session_that_it_began(server, edges):
    directory = directory_of(server)
    outpost = Outpost(server, providers=[directory.provider["pk"]], kind="ldap")
    path = f"providers/ldap/{directory.provider['pk']}/"
    server.patch(path, search_mode="cached", bind_mode="cached")
    for stage in server.get("stages/user_login/", page_size=50)["results"]:
        server.patch(f"stages/user_login/{stage['pk']}/", session_duration="days=30")
    edge = edges(outpost, "ldap").ready()
    uri = f"ldap://127.0.0.1:{edge.ports['ldap']}"
    whoami = lambda who, password=PASSWORD: directory.command("ldapwhoami", who=who, password=password, uri=uri)[0]
    logins = lambda: len(server.get("events/events/", action="login", page_size=100)["results"])
    everybody = ("alice", "bob", "searcher")
    assert [whoami(who) for who in everybody] == [0, 0, 0]
    before = logins()
    assert [whoami(who) for who in everybody] == [0, 0, 0] and logins() == before
    # Told, long before it would be asked again.
    pk = lambda who: server.one("core/users/", username=who)["pk"]
    server.api("POST", f"core/users/{pk('alice')}/set_password/", 204, json={"password": "Another-Horse-77"})
    soon(lambda: whoami("alice") == 49, 20)
    assert whoami("alice", "Another-Horse-77") == 0
    server.patch(f"core/users/{pk('bob')}/", is_active=False)
    soon(lambda: whoami("bob") == 49, 20)
    # Nobody else has to prove anything again.
    before = logins()
    assert whoami("searcher") == 0 and logins() == before
    # Who may not open the application any more is refused with the next look, which whatever is read anew brings about.
    staff = server.one("core/groups/", name="staff")["pk"]
    server.create("policies/bindings/", target=directory.application["pk"], group=staff, order=0)
    server.patch(path, name="renamed")
    soon(lambda: whoami("searcher") == 50, 20)
    assert whoami("alice", "Another-Horse-77") == 0
    # While the server is away, who is remembered stays so, and an end that it told of stays one.
    server.kill()
    edge.connected(False)
    assert whoami("alice", "Another-Horse-77") == 0 and whoami("alice") != 0 and whoami("bob") != 0
    server.start()
    edge.connected()
    assert whoami("alice", "Another-Horse-77") == 0
