"""RADIUS with real clients: radclient of FreeRADIUS, and pyrad, which checks each answer as a strict client does."""

import base64
import re
import shutil
import socket
import subprocess
import time

import pyotp
import pytest
import requests
from pyrad.dictionary import Dictionary
from pyrad.packet import AccessAccept, AccessReject, AuthPacket, Packet, StatusServer

from world import PASSWORD, Person, Server, wait_for

SECRET = "shared-secret-of-the-suite"
LOGIN = "default-authentication-flow"
ATTRIBUTES = """
ATTRIBUTE User-Name 1 string
ATTRIBUTE User-Password 2 string
ATTRIBUTE Reply-Message 18 string
ATTRIBUTE Class 25 octets
ATTRIBUTE Session-Timeout 27 integer
ATTRIBUTE Calling-Station-Id 31 string
ATTRIBUTE Proxy-State 33 octets
ATTRIBUTE CHAP-Password 3 octets
ATTRIBUTE Message-Authenticator 80 octets
"""


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory):
    path = tmp_path_factory.mktemp("radius") / "dictionary"
    path.write_text(ATTRIBUTES)
    return Dictionary(str(path))


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    server.group("Staff")
    server.user("uma", groups=["Staff"])
    yield server
    server.close()


class Owner(Person):
    """Somebody with an app that shows codes."""

    app, spent = None, 0

    def code(self):
        """One that none before was; that of the next step is taken, too."""
        while self.spent >= time.time() // 30 + 1:
            time.sleep(0.5)
        self.spent = max(self.spent + 1, time.time() // 30)
        return self.app.at(self.spent * 30)

    def answer(self, challenge):
        if challenge["component"] != "ak-stage-authenticator-totp":
            return super().answer(challenge)
        self.app = pyotp.parse_uri(challenge["config_url"])
        return {"code": self.code()}


class Nas:
    """What asks in the name of people: an access point, a switch."""

    def __init__(self, server, dictionary, slug, secret=SECRET, **provider):
        self.server, self.slug, self.secret, self.dictionary = server, slug, secret, dictionary
        self.provider = server.create(
            "providers/radius/",
            **{
                "name": slug,
                "authorization_flow": server.flow(LOGIN),
                "invalidation_flow": server.flow("default-provider-invalidation-flow"),
                "shared_secret": secret,
                "client_networks": "127.0.0.0/8",
            }
            | provider,
        )
        self.application = server.create("core/applications/", name=slug, slug=slug, provider=self.provider["pk"])
        self.address = ("127.0.0.1", server.radius_port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        wait_for(lambda: self.ask(code=StatusServer) is not None, 30, "RADIUS to be answered", 0.1)

    def packet(self, username=None, password=None, code=1, signed=True, secret=None, **more):
        secret = (secret or self.secret).encode()
        packet = AuthPacket(code=code, secret=secret, dict=self.dictionary)
        packet.authenticator = AuthPacket.CreateAuthenticator()
        if username is not None:
            packet["User-Name"] = username
        if password is not None:
            packet["User-Password"] = packet.PwCrypt(password)
        for name, value in more.items():
            packet[name.replace("_", "-")] = value
        if signed:
            packet.add_message_authenticator()
        return packet

    def exchange(self, packet, patience=10.0):
        """The answer to a packet, or nothing after some time; others' answers are not ours."""
        raw = packet.RequestPacket()
        self.socket.settimeout(patience)
        self.socket.sendto(raw, self.address)
        while True:
            try:
                answer = self.socket.recvfrom(4096)[0]
            except socket.timeout:
                return None
            except ConnectionRefusedError:
                return None
            if answer[1] == packet.id:
                return answer

    def ask(self, *credentials, patience=1.0, **more):
        return self.exchange(self.packet(*credentials, **more), patience)

    def answered(self, *credentials, **more):
        """The answer, which a strict client takes for genuine."""
        packet = self.packet(*credentials, **more)
        raw = self.exchange(packet)
        assert raw is not None, "no answer"
        # Before anything that somebody between could have chosen (CVE-2024-3596).
        assert raw[20:22] == b"\x50\x12", raw.hex()
        answer = Packet(packet=raw, dict=self.dictionary, secret=self.secret.encode())
        assert packet.VerifyReply(answer, raw, enforce_ma=True)
        return answer

    def mapping(self, name, expression):
        return self.server.create("propertymappings/provider/radius/", name=name, expression=expression)["pk"]

    def gives(self, *mappings):
        self.server.patch(f"providers/radius/{self.provider['pk']}/", property_mappings=list(mappings))

    def remove(self):
        self.server.api("DELETE", f"core/applications/{self.slug}/", 204)
        self.server.api("DELETE", f"providers/radius/{self.provider['pk']}/", 204)
        self.socket.close()


@pytest.fixture
def nas(server, dictionary, request):
    made = []

    def make(**provider):
        made.append(Nas(server, dictionary, f"nas-{request.node.name[5:30]}-{len(made)}".strip("_-").replace("_", "-"), **provider))
        return made[-1]

    yield make
    for one in made:
        one.remove()


def radclient(nas, attributes, command="auth", secret=None, tries=1):
    """What FreeRADIUS's client says of an exchange."""
    program = shutil.which("radclient") or pytest.skip("radclient is not installed: apt-get install freeradius-utils")
    address = f"127.0.0.1:{nas.server.radius_port}"
    arguments = [program, "-x", "-r", str(tries), "-t", "5" if secret is None else "1", address, command, secret or nas.secret]
    text = ",".join(f'{name}="{value}"' if name != "Message-Authenticator" else f"{name}=0x00" for name, value in attributes.items())
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def events(server, action, **fields):
    found = server.get("events/events/", action=action, page_size=100)["results"]
    return [event for event in found if all(event["context"].get(name) == value for name, value in fields.items())]


def test_an_access_point_lets_people_in_and_learns_where_they_belong(server, nas):
    """radclient: accepted with a VLAN and a group, refused, and not answered for a client with another secret."""
    point = nas()
    vlan = """
packet["Tunnel-Type"] = "VLAN"
packet["Tunnel-Medium-Type"] = "IEEE-802"
packet["Tunnel-Private-Group-Id"] = "42"
define_attribute(vendor_code=9, vendor_name="Own", attribute_name="Pair", attribute_code=1, attribute_type="string")
packet["Own-Pair"] = "shell:priv-lvl=15"
"""
    groups = 'packet["Class"] = [group.name for group in request.user.ak_groups.all()] + [user.username]\npacket["Reply-Message"] = "Hello " + user.name'
    point.gives(point.mapping("a vlan", vlan), point.mapping("b groups", groups))
    uma = {"User-Name": "uma", "User-Password": PASSWORD, "Message-Authenticator": ""}
    told = radclient(point, uma)
    assert "Received Access-Accept" in told, told
    answer = told.partition("Received Access-Accept")[2]
    for line in ('Tunnel-Type:0 = VLAN', 'Tunnel-Medium-Type:0 = IEEE-802', 'Tunnel-Private-Group-Id:0 = "42"', 'Reply-Message = "Hello Uma"'):
        assert line in answer, told
    assert f"Class = 0x{b'Staff'.hex()}" in answer and f"Class = 0x{b'uma'.hex()}" in answer, told
    assert 'Cisco-AVPair = "shell:priv-lvl=15"' in answer, told
    assert "Message-Authenticator" in answer, told
    login = events(server, "login")[0]
    assert login["user"]["username"] == "uma" and login["client_ip"] == "127.0.0.1"
    assert "radius" in str(login["context"])

    for wrong in ({"User-Password": "wrong"}, {"User-Name": "nobody"}):
        told = radclient(point, uma | wrong)
        assert "Received Access-Reject" in told and "Reply-Message" not in told, told
    failed = events(server, "login_failed", application_slug=point.slug)
    assert {event["context"]["username"] for event in failed} == {"uma", "nobody"}
    assert PASSWORD not in str(server.get("events/events/", page_size=100))

    for _ in range(2):
        told = radclient(point, uma, secret="another-secret")
        assert "No reply from server" in told, told
    dropped = events(server, "configuration_error", reason="wrong_secret", client="127.0.0.1")
    assert len(dropped) == 1 and "shared secret" in dropped[0]["context"]["message"], dropped
    told = radclient(point, {"Message-Authenticator": ""}, "status")
    assert "Received Access-Accept" in told, told


def test_what_a_strict_client_asks_and_what_comes_again(server, nas):
    """pyrad: Proxy-State comes back, other methods than PAP are refused, and a request that comes again signs in once."""
    point = nas()
    states = [b"one", b"two"]
    answer = point.answered("uma", PASSWORD, Proxy_State=states)
    assert answer.code == AccessAccept and answer["Proxy-State"] == states
    assert point.answered("uma", "wrong", Proxy_State=states)["Proxy-State"] == states
    sessions = lambda: server.get("core/authenticated_sessions/", user__username="uma")["results"]
    assert sessions() == [], "whoever was let in needs none"
    assert point.answered("uma", CHAP_Password=b"0" * 17).code == AccessReject
    assert "PAP" in events(server, "configuration_error", reason="no_pap")[0]["context"]["message"]
    # Clients of before sent nothing that proves who they are; the answer proves it all the same.
    assert point.answered("uma", PASSWORD, signed=False).code == AccessAccept

    logins = lambda: len(events(server, "login"))
    before = logins()
    packet = point.packet("uma", PASSWORD)
    raw = packet.RequestPacket()
    for _ in range(3):
        point.socket.sendto(raw, point.address)
    first = point.exchange(packet)
    assert first[0] == AccessAccept
    again = point.exchange(packet)
    assert again == first, "the same answer"
    assert logins() == before + 1
    # What proves nothing of the secret gets no answer sealed with it.
    for unproved in ({"secret": "another-secret"}, {"password": None}):
        asked = {"password": PASSWORD, "signed": False} | unproved
        assert point.ask("uma", asked.pop("password"), **asked) is None
    assert events(server, "configuration_error", reason="unreadable_password", provider=point.slug)
    # The same number and authenticator with other content is another request.
    twin = point.packet("uma", "wrong")
    twin.id, twin.authenticator = packet.id, packet.authenticator
    twin["User-Password"] = twin.PwCrypt("wrong")
    twin.add_message_authenticator()
    assert point.exchange(twin)[0] == AccessReject
    # The same number with another authenticator is another request.
    other = point.packet("uma", "wrong")
    other.id = packet.id
    assert point.exchange(other)[0] == AccessReject

    for broken in (b"", b"\x01", raw[:19], raw[:-1], raw[:3] + b"\x13" + raw[4:], b"\x01\x00\xff\xff" + bytes(5000), bytes([4]) + raw[1:]):
        point.socket.sendto(broken, point.address)
    assert point.answered("uma", PASSWORD).code == AccessAccept


def test_who_requires_proof_of_clients_drops_what_has_none(server, nas):
    point = nas(require_message_authenticator=True)
    assert point.answered("uma", PASSWORD).code == AccessAccept
    for _ in range(2):
        assert point.ask("uma", PASSWORD, signed=False) is None
    assert point.ask(code=StatusServer, signed=False) is None
    dropped = events(server, "configuration_error", reason="no_message_authenticator", provider=point.slug)
    assert len(dropped) == 1 and "turn the setting off" in dropped[0]["context"]["message"], dropped
    numbers = requests.get(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=10).text
    assert re.search(r'countersign_radius_dropped_total\{reason="no_message_authenticator"\} [3-9]', numbers), numbers[-3000:]
    assert 'authentik_outpost_radius_request_duration_seconds_count' in numbers


def test_codes_and_policies_decide_as_at_a_browser(server, nas):
    point = nas()
    server.user("mia")
    mia = Owner(server, "mia").sign_in()
    mia.run_flow("default-authenticator-totp-setup")
    assert point.answered("mia", PASSWORD).code == AccessReject
    right = f"{PASSWORD};{mia.code()}"
    assert point.answered("mia", right).code == AccessAccept
    assert point.answered("mia", right).code == AccessReject, "a code counts once"

    staff = server.one("core/groups/", name="Staff")
    server.create("policies/bindings/", target=point.application["pk"], group=staff["pk"], order=0)
    assert point.answered("uma", PASSWORD).code == AccessAccept
    server.user("olaf")
    assert point.answered("olaf", PASSWORD).code == AccessReject
    server.patch(f"core/users/{server.one('core/users/', username='uma')['pk']}/", is_active=False)
    assert point.answered("uma", PASSWORD).code == AccessReject
    server.patch(f"core/users/{server.one('core/users/', username='uma')['pk']}/", is_active=True)
    assert point.answered("uma", PASSWORD).code == AccessAccept

    # A mapping that fails lets nobody in further than was meant.
    for expression in ('packet["Nope"] = 1', 'packet["Session-Timeout"] = "soon"', "return 1 / 0"):
        point.gives(point.mapping(f"broken {expression}", expression))
        assert point.answered("uma", PASSWORD).code == AccessReject, expression
    errors = [e["context"] for e in server.get("events/events/", action="configuration_error", page_size=100)["results"]]
    told = [error["error"] for error in errors if error.get("provider") == point.slug]
    assert len(told) == 3 and any("There is no attribute" in text for text in told), told


def test_outposts_ask_for_the_same(server, nas, dictionary):
    """The list that the original's outpost reads, and what it asks with the session of whoever it has signed in."""
    point = nas()
    point.gives(point.mapping("timeout", 'packet["Session-Timeout"] = 60'))
    pk = point.provider["pk"]
    mine = lambda **asked: [p for p in server.get("outposts/radius/", **asked)["results"] if p["pk"] == pk]
    wanted = {"pk": pk, "name": point.slug, "application_slug": point.slug, "auth_flow_slug": LOGIN}
    wanted |= {"client_networks": "127.0.0.0/8", "shared_secret": SECRET, "mfa_support": True}
    assert mine() == [wanted] and mine(name=point.slug) == [wanted] and mine(name="other") == []
    uma = Person(server, "uma").sign_in()
    check = uma.api("GET", f"outposts/radius/{pk}/check_access/", params={"app_slug": point.slug})
    assert check.status_code == 200, check.text
    told = check.json()
    assert told["access"] == {"passing": True, "messages": [], "log_messages": []}
    packet = Packet(packet=base64.b64decode(told["attributes"]), dict=dictionary, secret=SECRET.encode())
    assert packet["Session-Timeout"] == [60]
    assert uma.api("GET", "outposts/radius/").status_code == 403
    for path, slug in ((f"outposts/radius/{pk}/check_access/", "nope"), ("outposts/radius/999999/check_access/", point.slug)):
        assert uma.api("GET", path, params={"app_slug": slug}).status_code == 404
    assert server.api("GET", f"outposts/radius/{pk}/check_access/", token=None).status_code == 403
    # Who may only look sees no secret.
    role = server.create("rbac/roles/", name="looks")
    permission = {"permissions": ["authentik_providers_radius.view_radiusprovider"]}
    server.api("POST", f"rbac/permissions/assigned_by_roles/{role['pk']}/assign/", json=permission)
    server.group("Lookers", roles=[role["pk"]])
    server.user("lea", groups=["Lookers"])
    seen = Person(server, "lea").sign_in().api("GET", "outposts/radius/").json()["results"]
    assert [p["shared_secret"] for p in seen if p["pk"] == pk] == ["*****"]
    refused = server.api("PATCH", f"providers/radius/{pk}/", 400, json={"client_networks": "10.0.0.0/8; ten"}).json()
    assert list(refused) == ["client_networks"]


def test_the_address_is_taken_only_while_it_is_needed(start, dictionary):
    """It opens with the first provider and closes with the last; a port that another program has stops nothing."""
    server = start(Server())
    server.user("uma")
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", server.radius_port))
    other = {"authorization_flow": server.flow(LOGIN), "invalidation_flow": server.flow("default-provider-invalidation-flow")}
    server.create("providers/radius/", name="unused", **other)
    assert server.get("countersign/notices/")["notices"] == [], "a provider without an application needs nothing"
    provider = server.create("providers/radius/", name="used", shared_secret=SECRET, **other)
    server.create("core/applications/", name="used", slug="used", provider=provider["pk"])
    notice = wait_for(lambda: server.get("countersign/notices/")["notices"], 30, "the notice")
    assert notice[0]["code"] == "service_down_radius" and "listen.radius" in notice[0]["text"], notice
    assert requests.get(server.base + "/-/health/ready/", timeout=10).status_code == 200
    server.api("DELETE", "core/applications/used/", 204)
    taken.close()
    point = Nas(server, dictionary, "later")
    assert point.answered("uma", PASSWORD).code == AccessAccept
    assert server.get("countersign/notices/")["notices"] == []
    point.remove()

    def is_free():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", server.radius_port))
            except OSError:
                return False
            return True

    wait_for(is_free, 30, "the port to be free")
