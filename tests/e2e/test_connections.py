"""Every waiting place is bounded before the first byte: connections, handshakes, headers, bodies; each for its address and in all."""

import contextlib
import json
import socket
import ssl
import struct
import time

import pytest
import requests

from world import Server, wait_for

HEAD = b"GET /-/health/live/ HTTP/1.1\r\nHost: localhost\r\n"
# Nobody in front of it: each address speaks for itself.
ALONE = {"AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS": "none"}


@pytest.fixture
def open_sockets():
    with contextlib.ExitStack() as stack:
        yield stack


def connect(stack, server, source="127.0.0.1", port=None):
    s = stack.enter_context(socket.create_connection(("127.0.0.1", port or server.port), timeout=10, source_address=(source, 0)))
    return s


def is_closed(s, within=0.3):
    """Whether the server has ended a connection; what it sent before does not matter."""
    s.settimeout(within)
    try:
        while s.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def status(s):
    s.settimeout(45)
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = s.recv(65536)
        if not part:
            return None
        answer += part
    return int(answer.split()[1])


def ask(s):
    s.sendall(HEAD + b"\r\n")
    return status(s)


def live(server):
    return requests.get(f"{server.base}/-/health/live/", timeout=10).status_code


def test_silent_connections_do_not_stop_the_server(start, open_sockets):
    server = start(Server(COUNTERSIGN_LISTEN__CONNECTIONS="64"))
    silent = [connect(open_sockets, server) for _ in range(300)]
    begin = time.monotonic()
    for _ in range(5):
        assert live(server) == 200
    assert time.monotonic() - begin < 5, "nobody waits for those who say nothing"
    # Those that asked for something before and are idle leave too.
    assert all(ask(connect(open_sockets, server)) == 200 for _ in range(100))
    assert live(server) == 200
    assert sum(is_closed(s, 0.05) for s in silent) >= 300 - 64


def test_a_connection_that_says_nothing_is_closed(start, open_sockets):
    server = start(Server(COUNTERSIGN_LISTEN__PATIENCE="1"))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    silent = connect(open_sockets, server)
    begun = connect(open_sockets, server)
    begun.sendall(b"GET / HT")
    no_handshake = connect(open_sockets, server, port=server.tls_port)
    greeted = context.wrap_socket(connect(open_sockets, server, port=server.tls_port), server_hostname="localhost")
    for what, s in {"silent": silent, "begun": begun, "without a handshake": no_handshake, "after a handshake": greeted}.items():
        assert wait_for(lambda s=s: is_closed(s, 0.1), 6, f"the connection {what} to be closed"), what
    # A request takes as long as it takes, and the next one has its time again.
    kept = connect(open_sockets, server)
    assert ask(kept) == 200
    time.sleep(0.5)
    assert ask(kept) == 200


def test_one_address_has_so_many_waiting_connections(start, open_sockets):
    server = start(Server(COUNTERSIGN_LISTEN__WAITING_PER_ADDRESS="5", **ALONE))
    waiting = [connect(open_sockets, server, "127.0.0.2") for _ in range(5)]
    time.sleep(0.3)
    assert is_closed(connect(open_sockets, server, "127.0.0.2"), 3), "the sixth is closed"
    assert ask(connect(open_sockets, server, "127.0.0.3")) == 200, "another address is not concerned"
    # Whoever has sent a request does not wait any longer, whatever becomes of the connection.
    assert [ask(s) for s in waiting] == [200] * 5
    more = [connect(open_sockets, server, "127.0.0.2") for _ in range(5)]
    assert [ask(s) for s in more] == [200] * 5
    for s in waiting:
        assert ask(s) == 200


# A public answer of many parts.
LARGE = "/api/v3/schema/?format=json"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Http2:
    """A client of HTTP/2 that asks for one answer (RFC 9113) and takes as much of it as it likes."""

    def __init__(self, stack, server, source, window=0, path=LARGE):
        field = lambda name, value: b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
        head = field(b":method", b"GET") + field(b":scheme", b"http") + field(b":authority", b"localhost") + field(b":path", path.encode())
        self.socket, self.data, self.buffer, self.ended = connect(stack, server, source), 0, b"", False
        settings = frame(4, payload=struct.pack(">HI", 4, window))
        # The window of the connection is no limit.
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + self.window(1 << 30, 0) + frame(1, 5, 1, head))

    @staticmethod
    def window(more, stream=1):
        return frame(8, 0, stream, struct.pack(">I", more))

    def open(self, more):
        with contextlib.suppress(OSError):
            self.socket.sendall(self.window(more))

    def listen(self, seconds):
        """Says that it is alive; whether it still is for the server."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                part = self.socket.recv(65536)
            except TimeoutError:
                return True
            except OSError:
                return False
            if not part:
                return False
            self.buffer += part
            while len(self.buffer) >= 9 and len(self.buffer) >= 9 + (length := int.from_bytes(self.buffer[:3], "big")):
                kind, flags, stream, payload = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big"), self.buffer[9 : 9 + length]
                self.buffer = self.buffer[9 + length :]
                if kind == 0:
                    self.data += length
                    self.ended = self.ended or bool(flags & 1)
                if kind in (4, 6) and not flags & 1:
                    with contextlib.suppress(OSError):
                        self.socket.sendall(frame(kind, 1, 0, payload if kind == 6 else b""))
        return True


def test_answers_that_nobody_takes_make_room(start, open_sockets):
    server = start(Server(COUNTERSIGN_LISTEN__CONNECTIONS="20", **ALONE))
    held = [Http2(open_sockets, server, "127.0.0.2", path="/-/health/live/" if number % 2 else LARGE) for number in range(30)]
    # Those of HTTP/1, too.
    for _ in range(10):
        s = connect(open_sockets, server, "127.0.0.2")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(b"GET /-/health/live/ HTTP/1.1\r\nHost: localhost\r\n\r\n" + f"GET {LARGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 20)
    begin = time.monotonic()
    for _ in range(30):
        assert ask(connect(open_sockets, server, "127.0.0.3")) == 200, "who asks is served"
    # Those who take nothing may stay for a minute: it did not wait for them.
    assert time.monotonic() - begin < 50
    assert sum(not client.listen(0.01) for client in held) >= 20, "who takes nothing makes room"


def test_who_just_came_is_not_closed_for_nobody(start, open_sockets):
    server = start(Server(COUNTERSIGN_LISTEN__CONNECTIONS="5", **ALONE))

    def half_sent():
        s = connect(open_sockets, server, "127.0.0.2")
        s.sendall(body(1000) + b"grant_type=")
        return s

    at_work = [half_sent() for _ in range(4)]
    time.sleep(0.5)
    for _ in range(3):
        newcomer = connect(open_sockets, server, "127.0.0.3")
        assert not is_closed(newcomer, 0.6), "the last place is his until somebody needs it"
        assert ask(newcomer) == 200
        newcomer.close()
    # Of those that come at once each has a moment to speak.
    both = [connect(open_sockets, server, "127.0.0.3") for _ in range(2)]
    time.sleep(0.05)
    assert [ask(s) for s in both] == [200, 200]
    assert not any(is_closed(s, 0.05) for s in at_work)


def test_an_answer_that_nobody_takes_ends(start, open_sockets):
    """The time is four times the patience for each part; a connection that answers pings, or opens its window by single bytes, is none the better."""
    server = start(Server(COUNTERSIGN_LISTEN__PATIENCE="1", **ALONE))
    nothing, drops, slow = (Http2(open_sockets, server, "127.0.0.2", window) for window in (0, 0, 65535))
    reader = connect(open_sockets, server, "127.0.0.2")
    reader.sendall(f"GET {LARGE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    begin, closed, got = time.monotonic(), {}, b""
    for tick in range(27):
        time.sleep(max(0, begin + tick / 3 - time.monotonic()))
        drops.open(1)
        slow.open(12_000)
        for name, client in {"nothing": nothing, "drops": drops, "slow": slow}.items():
            if name not in closed and not client.listen(0.05):
                closed[name] = time.monotonic() - begin
        got += reader.recv(12_000)
    assert set(closed) == {"nothing", "drops"}, closed
    assert all(3.5 < at < 8 for at in closed.values()), closed
    assert nothing.data == 0 and 0 < drops.data < 100 and slow.data > 200_000
    # A slow reader gets the whole of it, by either protocol.
    while part := reader.recv(65536):
        got += part
    head, _, answer = got.partition(b"\r\n\r\n")
    slow.open(1 << 29)
    assert wait_for(lambda: slow.ended or not slow.listen(0.2), 10, "the rest") and slow.ended
    whole = len(requests.get(server.base + LARGE, headers={"Accept-Encoding": "identity"}, timeout=30).content)
    assert slow.data == whole and whole > 400_000
    assert f"content-length: {whole}".encode() in head.lower() and len(answer) == whole


def body(length, client=None):
    named = f"X-Forwarded-For: {client}\r\n" if client else ""
    return f"POST /application/o/token/ HTTP/1.1\r\nHost: localhost\r\n{named}Content-Length: {length}\r\n\r\n".encode()


def test_behind_a_proxy_the_client_that_it_names_is_counted(start, open_sockets):
    server = start(Server(COUNTERSIGN_LISTEN__WAITING_PER_ADDRESS="5"))

    def begin(client):
        s = connect(open_sockets, server)
        s.sendall(body(1000, client) + b"grant_type=")
        return s

    many = [begin("203.0.113.9") for _ in range(5)]
    time.sleep(0.3)
    assert status(begin("203.0.113.9:51234")) == 503, "the sixth unfinished request of one client"
    other = begin("203.0.113.10")
    other.sendall(b"x" * (1000 - len("grant_type=")))
    assert status(other) == 400
    many[0].sendall(b"x" * (1000 - len("grant_type=")))
    assert status(many[0]) == 400
    again = begin("203.0.113.9")
    again.sendall(b"x" * (1000 - len("grant_type=")))
    assert status(again) == 400


def test_bodies_have_room_in_all(start, open_sockets):
    server = start(Server(COUNTERSIGN_WEB__BODIES="1", **ALONE))

    def half_sent(source):
        s = connect(open_sockets, server, source)
        s.sendall("POST /api/v3/core/groups/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n".encode())
        with contextlib.suppress(OSError):
            s.sendall(b"x" * 240_000)
        return s

    first = [half_sent("127.0.0.2") for _ in range(2)]
    time.sleep(0.5)
    assert status(half_sent("127.0.0.2")) == 503, "one address has half of it"
    second = [half_sent("127.0.0.3") for _ in range(2)]
    time.sleep(0.5)
    assert status(half_sent("127.0.0.4")) == 503, "all have no more than all of it"
    small = requests.post(f"{server.base}/application/o/token/", data={"grant_type": "x" * 40_000}, timeout=10)
    assert small.status_code in (400, 503)
    for s in first + second:
        s.close()
    wait_for(lambda: server.api("POST", "core/groups/", json={"name": "g" + "x" * 5, "attributes": {"a": "x" * 100_000}}).status_code == 201, 10, "room")


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.8:51234", "203.0.113.8"),
        ("[2001:db8::8]:51234", "2001:db8::8"),
        ("203.0.113.8:51234, 10.0.0.1", "203.0.113.8"),
        ("203.0.113.8, 10.0.0.1:443", "203.0.113.8"),
        ("::ffff:203.0.113.8", "203.0.113.8"),
    ],
)
def test_forwarded_with_a_port(server, chain, client):
    executor = f"{server.base}/api/v3/flows/executor/default-authentication-flow/?query="
    web = requests.Session()
    web.headers["X-Forwarded-For"] = chain
    web.get(executor, timeout=30)
    web.post(executor, json={"component": "ak-stage-identification", "uid_field": "akadmin"}, timeout=30)
    web.post(executor, json={"component": "ak-stage-password", "password": "wrong"}, timeout=30)
    assert server.get("events/events/", action="login_failed")["results"][0]["client_ip"] == client


def test_answers_of_the_api_are_kept_by_nobody(server):
    token = server.create("core/tokens/", identifier="mine", intent="api")
    pair = server.one("crypto/certificatekeypairs/", name="authentik Self-signed Certificate")
    for path in (f"core/tokens/{token['identifier']}/view_key/", f"crypto/certificatekeypairs/{pair['pk']}/view_private_key/", "core/users/", "core/users/me/"):
        assert server.api("GET", path, 200).headers["Cache-Control"] == "no-store", path
    assert server.api("GET", "core/users/", token=None).headers["Cache-Control"] == "no-store"


def test_wrong_credentials_do_not_lift_the_limit_of_nobody(start):
    server = start(Server(AUTHENTIK_THROTTLE__DEFAULT="10/minute"))
    lie = {"Authorization": "Bearer nothing-of-the-kind"}
    cookie = {"Cookie": "authentik_session=nothing"}
    for number, headers in enumerate((lie, cookie, {})):
        client = {"X-Forwarded-For": f"203.0.113.{20 + number}"} | headers
        answers = [requests.get(f"{server.base}/api/v3/core/brands/current/", headers=client, timeout=10) for _ in range(14)]
        assert [answer.status_code for answer in answers[10:]] == [429] * 4, [answer.status_code for answer in answers]
        assert int(answers[-1].headers["Retry-After"]) > 0
    # Somebody is not concerned.
    assert all(server.api("GET", "core/brands/current/").status_code == 200 for _ in range(20))


@pytest.mark.parametrize("path", ["core/users/", "events/events/", "core/applications/", "flows/instances/", "core/user_consent/", "countersign/changes/"])
def test_a_page_beyond_counting_is_no_page(server, path):
    for number in (9223372036854775807, 18446744073709551615):
        answer = server.api("GET", path, 404, params={"page": number})
        assert answer.json() == {"detail": "Invalid page."}, path


def test_attributes_are_found_by_any_key(server):
    key = 'a\\b"c'
    server.user("odd", attributes={key: "yes", "end\\": 1})
    find = lambda **wanted: [user["username"] for user in server.get("core/users/", attributes=json.dumps(wanted))["results"]]
    assert find(**{key: "yes"}) == ["odd"] and find(**{"end\\": 1}) == ["odd"]
    assert find(**{key: "no"}) == [] and find(**{"\\": 1}) == [] and find(**{"x\0": 1}) == []
