"""Every waiting place is bounded before the first byte: connections, handshakes, headers, bodies; each for its address and in all."""

import contextlib
import json
import socket
import ssl
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
    s.settimeout(15)
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
