"""The directory over LDAP: real clients (Debian's ldap-utils, ldap3) bind, search and compare; filters are answered as
slapd answers them on the same data; what is hostile gets a refusal and costs nothing."""

import base64
import contextlib
import itertools
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

import ldap3
import pytest
from ldap3.core.exceptions import LDAPException

from test_second_factors import TOTP, with_app
from world import PASSWORD, Process, Server, free_port, wait_for

BASE = "DC=ldap,DC=company,DC=example"
LOW = BASE.lower()
USERS, GROUPS, VIRTUAL = (f"ou={name},{LOW}" for name in ("users", "groups", "virtual-groups"))


class Directory:
    """A provider with its application, and who asks it."""

    def __init__(self, server, name="ldap", base=BASE, **fields):
        self.server, self.name, self.base = server, name, base
        flows = {
            "authorization_flow": server.flow("default-authentication-flow"),
            "invalidation_flow": server.flow("default-invalidation-flow"),
        }
        self.provider = server.create("providers/ldap/", **{"name": name, "base_dn": base} | flows | fields)
        self.application = server.create("core/applications/", name=name, slug=name, provider=self.provider["pk"])
        wait_for(self.is_open, 30, "LDAP to be answered")

    def is_open(self):
        for port in (self.server.ldap_port, self.server.ldaps_port):
            with contextlib.closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    return False
        return True

    @property
    def uri(self):
        return f"ldap://127.0.0.1:{self.server.ldap_port}"

    def dn(self, name):
        return f"cn={name},ou=users,{self.base}"

    def let_search(self, name):
        user = self.server.one("core/users/", username=name)
        body = {
            "permissions": ["authentik_providers_ldap.search_full_directory"],
            "model": "authentik_providers_ldap.ldapprovider",
            "object_pk": str(self.provider["pk"]),
        }
        self.server.api("POST", f"rbac/permissions/assigned_by_users/{user['pk']}/assign/", 200, json=body)

    def command(self, program, *arguments, who="searcher", password=PASSWORD, uri=None, environment=None):
        """Runs a program of ldap-utils; its code and what it prints."""
        binding = ["-D", self.dn(who), "-w", password] if who else []
        call = [program, "-x", "-H", uri or self.uri, *binding, *arguments]
        done = subprocess.run(call, capture_output=True, text=True, timeout=60, env={"LDAPTLS_REQCERT": "never"} | (environment or {}))
        return done.returncode, done.stdout + done.stderr

    def names(self, text):
        """As OpenLDAP's server is asked below; nothing where it refuses."""
        code, out = self.command("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", LOW, text, "1.1")
        return {decoded(line).lower() for line in out.splitlines() if line.startswith("dn:")} if code == 0 else None

    def found(self, text, base=None, *options, who="searcher"):
        """The names that ldapsearch prints for a filter."""
        code, out = self.command("ldapsearch", "-LLL", "-o", "ldif-wrap=no", *options, "-b", base or self.base, text, "1.1", who=who)
        assert code == 0, (text, code, out)
        return [decoded(line) for line in out.splitlines() if line.startswith("dn:")]

    def connect(self, who="searcher", password=PASSWORD, **options):
        server = ldap3.Server("127.0.0.1", port=self.server.ldap_port, get_info=ldap3.ALL)
        return ldap3.Connection(server, self.dn(who), password, raise_exceptions=False, receive_timeout=30, **options)


def decoded(line):
    text = line.split(":", 1)[1]
    text = base64.b64decode(text[1:].strip()).decode() if text.startswith(":") else text.strip()
    # A comma has two forms.
    return text.replace("\\2C", "\\,")


@pytest.fixture
def directory(server):
    for name in ("crew", "staff", "A, B"):
        server.group(name)
    server.user("searcher")
    server.user("alice", ["staff", "A, B"], attributes={"title": "Head of Things", "phones": ["1", "2"], "shell": "/x/%s"})
    server.user("bob", ["staff"], attributes={"uidNumber": "5000"})
    made = Directory(server)
    made.let_search("searcher")
    return made


def test_clients_bind_search_and_compare(server, directory):
    """Each as people call it."""
    alice = f"cn=alice,{USERS}"
    # ldapwhoami, over all three ways.
    ldaps = f"ldaps://127.0.0.1:{server.ldaps_port}"
    for options, uri in (([], None), (["-ZZ"], None), ([], ldaps)):
        code, out = directory.command("ldapwhoami", *options, who="alice", uri=uri)
        assert (code, out.strip()) == (0, f"dn:{directory.dn('alice')}"), out
    # What is refused, with its code.
    for who, password, wanted in (
        ("alice", "wrong", 49),
        ("nobody", PASSWORD, 49),
        (None, "", 50),
    ):
        code, out = directory.command("ldapwhoami", who=who, password=password)
        assert code == wanted, (who, out)
    failed = server.get("events/events/", action="login_failed", ordering="-created")["results"]
    assert len(failed) == 2, failed
    assert directory.command("ldapsearch", "-P", "2", who="alice")[0] == 48
    call = ["ldapwhoami", "-x", "-H", directory.uri, "-w", PASSWORD, "-D"]
    for name, wanted in (("cn=alice,dc=else", 50), (f"ou=users,{BASE}", 50), ("alice", 34)):
        assert subprocess.run([*call, name], capture_output=True, timeout=60).returncode == wanted, name
    # Any name below the base with a cn, in any case, and an address instead of a name.
    for name in (f"CN=alice,{BASE.upper()}", f"cn=alice,ou=x,{LOW}", f"cn=alice@example.test,ou=users,{BASE}"):
        assert subprocess.run([*call, name], capture_output=True, timeout=60).returncode == 0, name

    # Everybody for who has the permission, else oneself.
    names = directory.found("(objectClass=user)", base=f"OU=Users,{BASE.replace('DC=ldap', 'dc=LDAP')}")
    assert {alice, f"cn=bob,{USERS}", f"cn=akadmin,{USERS}"} < set(names)
    assert directory.found("(objectClass=user)", who="alice") == [alice]
    own = directory.found("(objectClass=*)", who="alice")
    assert [name for name in own if name.startswith("cn=")] == sorted(
        [alice, f"cn=staff,{GROUPS}", f"cn=A\\, B,{GROUPS}", f"cn=alice,{VIRTUAL}"], key=own.index
    )
    assert directory.found(f"(memberOf=cn=staff,{GROUPS})") == [alice, f"cn=bob,{USERS}"]
    assert directory.found("(cn=alice)", base=VIRTUAL) == [f"cn=alice,{VIRTUAL}"]
    code, out = directory.command("ldapsearch", "-LLL", "-b", "dc=else", "(cn=*)")
    assert code == 32 and "answers below" in out, out

    # Comparisons.
    for name, assertion, wanted in (
        (alice, "mail:ALICE@example.test", 6),
        (alice, "mail:bob@example.test", 5),
        (f"cn=nobody,{USERS}", "mail:x", 32),
    ):
        assert directory.command("ldapcompare", name, assertion)[0] == wanted, (name, assertion)
    assert directory.command("ldapcompare", f"cn=bob,{USERS}", "cn:bob", who="alice")[0] == 32
    # Nothing is written.
    for program, arguments in (("ldapdelete", [alice]), ("ldapmodrdn", [alice, "cn=x"])):
        assert directory.command(program, *arguments)[0] == 50, program
    code, out = directory.command("ldappasswd", alice)
    assert code != 0 and "not known" in out, out

    # ldap3: the schema makes booleans and numbers.
    connection = directory.connect()
    assert connection.bind(), connection.result
    assert connection.server.info.naming_contexts == [LOW]
    assert connection.search(alice, "(objectClass=*)", ldap3.BASE, attributes=ldap3.ALL_ATTRIBUTES)
    found = connection.entries[0].entry_attributes_as_dict
    user = server.one("core/users/", username="alice")
    assert found["uid"] == [user["uid"]] and found["uidNumber"] == [2000 + user["pk"]] == found["gidNumber"]
    assert found["ak-active"] == [True] and found["ak-superuser"] == [False]
    assert found["memberOf"] == [f"cn=A\\, B,{GROUPS}", f"cn=staff,{GROUPS}"] or len(found["memberOf"]) == 2
    assert found["phones"] == ["1", "2"] and found["shell"] == ["/x/alice"] and found["homeDirectory"] == ["/home/alice"]
    group = server.one("core/groups/", name="staff")
    assert connection.search(GROUPS, "(cn=staff)", attributes=["gidNumber", "member", "uid"])
    found = connection.entries[0].entry_attributes_as_dict
    assert found["gidNumber"] == [4000 + group["num_pk"]] and found["uid"] == [group["pk"]]
    assert sorted(found["member"]) == [alice, f"cn=bob,{USERS}"]

    # Pages, and a limit.
    for number in range(25):
        server.user(f"page{number:02}", password=None)
    pages = connection.extend.standard.paged_search(USERS, "(cn=page*)", paged_size=10, attributes=["cn"], generator=True)
    assert sorted(entry["attributes"]["cn"] for entry in pages) == [f"page{number:02}" for number in range(25)]
    assert len(directory.found("(cn=page*)", USERS, "-E", "pr=7/noprompt")) == 25
    connection.search(USERS, "(cn=page*)", size_limit=5)
    assert (connection.result["result"], len(connection.entries)) == (4, 5)
    connection.search(USERS, "(cn=page*)", size_limit=25)
    assert (connection.result["result"], len(connection.entries)) == (0, 25)
    # A failed bind leaves nobody bound, and a failed search the connection open.
    connection.search("dc=else", "(cn=*)")
    assert connection.result["result"] == 32 and connection.search(USERS, "(cn=alice)")
    assert not connection.rebind(directory.dn("alice"), "wrong")
    connection.search(USERS, "(cn=alice)")
    assert connection.result["result"] == 50


def certificate(server, name):
    body = {"common_name": name, "subject_alt_name": name, "validity_days": 30}
    return server.create("crypto/certificatekeypairs/generate/", 200, **body)["pk"]


def shown(port, name):
    """The name in the certificate that a client is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
        text = subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=tls.getpeercert(True), capture_output=True, timeout=30
        ).stdout.decode()
    return re.search(r"CN ?= ?([^,\n]+)", text).group(1).strip()


def test_doors_open_and_close_with_providers_and_show_their_certificates(server, start):
    first = Directory(server, "one", "dc=one", certificate=certificate(server, "one.test"), tls_server_name="one.test")
    # The only one is shown whatever the name; of two, each by its name.
    assert shown(server.ldaps_port, "other.test") == "one.test"
    second = Directory(server, "two", "dc=two", certificate=certificate(server, "two.test"), tls_server_name="two.test")
    for name, wanted in (("one.test", "one.test"), ("TWO.test", "two.test"), ("other.test", "Countersign default certificate")):
        wait_for(lambda: shown(server.ldaps_port, name) == wanted, 30, f"the certificate of {wanted}")
    assert server.get("outposts/ldap/")["results"] == [
        {
            "pk": directory.provider["pk"],
            "name": directory.name,
            "base_dn": directory.base,
            "bind_flow_slug": "default-authentication-flow",
            "unbind_flow_slug": "default-invalidation-flow",
            "application_slug": directory.name,
            "certificate": directory.provider["certificate"],
            "tls_server_name": f"{directory.name}.test",
            "uid_start_number": 2000,
            "gid_start_number": 4000,
            "search_mode": "direct",
            "bind_mode": "direct",
            "mfa_support": True,
        }
        for directory in (first, second)
    ]
    # Without an application nobody is answered; the doors close with the last provider.
    server.api("DELETE", "core/applications/one/", 204)
    assert first.command("ldapwhoami", who="akadmin")[0] in (50, 52)
    assert second.command("ldapwhoami", who="akadmin")[0] == 0
    server.api("DELETE", f"providers/ldap/{second.provider['pk']}/", 204)
    wait_for(lambda: not second.is_open(), 30, "LDAP to close")
    # An address that is taken stops nothing else, and is said.
    with contextlib.closing(socket.socket()) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_for(lambda: not bind(taken, server.ldap_port), 30, "the address to be free")
        taken.listen()
        body = {"authorization_flow": server.flow("default-authentication-flow"), "invalidation_flow": server.flow("default-invalidation-flow")}
        third = server.create("providers/ldap/", name="three", base_dn="dc=three", **body)
        server.create("core/applications/", name="three", slug="three", provider=third["pk"])
        wait_for(lambda: any("listen.ldap:" in line for line in server.lines()), 30, "the log to say it")
        notices = server.get("countersign/notices/")["notices"]
        assert [notice["title"] for notice in notices] == ['The service "ldap" does not run'] and "listen.ldap:" in notices[0]["text"]
        assert server.api("GET", "core/users/me/").status_code == 200


def bind(taken, port):
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        return True
    return False


def test_what_is_changed_counts_at_once(server, directory):
    """New people and groups, other names, memberships, permissions, policies, deactivation: with the next request."""
    connection = directory.connect()
    assert connection.bind(), connection.result

    def found(text, base=BASE):
        connection.search(base, text)
        assert connection.result["result"] == 0, connection.result
        return [entry.entry_dn for entry in connection.entries]

    carol = server.user("carol", ["crew"])
    assert found(f"(memberOf=cn=crew,{GROUPS})") == [f"cn=carol,{USERS}"]
    server.patch(f"core/users/{carol['pk']}/", username="caroline", email="c@else.test", attributes={"title": "Boss"})
    assert found("(cn=carol)") == [] and found("(mail=c@else.test)") == found("(title=boss)") == [f"cn=caroline,{USERS}"]
    crew = server.one("core/groups/", name="crew")
    server.patch(f"core/groups/{crew['pk']}/", name="team")
    assert found(f"(memberOf=cn=team,{GROUPS})") == [f"cn=caroline,{USERS}"]
    server.api("POST", f"core/groups/{crew['pk']}/remove_user/", 204, json={"pk": carol["pk"]})
    assert found(f"(memberOf=cn=team,{GROUPS})") == []
    server.api("DELETE", f"core/groups/{crew['pk']}/", 204)
    server.api("DELETE", f"core/users/{carol['pk']}/", 204)
    assert found("(|(cn=team)(cn=caroline))") == []

    # What somebody may see and do ends with what allowed it.
    searcher = server.one("core/users/", username="searcher")
    body = {
        "permissions": ["authentik_providers_ldap.search_full_directory"],
        "model": "authentik_providers_ldap.ldapprovider",
        "object_pk": str(directory.provider["pk"]),
    }
    server.api("PATCH", f"rbac/permissions/assigned_by_users/{searcher['pk']}/unassign/", 204, json=body)
    assert found("(objectClass=user)") == [f"cn=searcher,{USERS}"]
    directory.let_search("searcher")
    assert len(found("(objectClass=user)")) > 3
    staff = server.one("core/groups/", name="staff")
    binding = server.create("policies/bindings/", target=directory.application["pk"], group=staff["pk"], order=0)
    connection.search(BASE, "(cn=alice)")
    assert connection.result["result"] == 50, connection.result
    assert directory.command("ldapwhoami")[0] == 50 and directory.command("ldapwhoami", who="alice")[0] == 0
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    for mode in ("direct", "cached"):
        server.patch(f"providers/ldap/{directory.provider['pk']}/", bind_mode=mode)
        again = directory.connect("bob")
        assert again.bind(), again.result
        assert directory.command("ldapwhoami", who="bob")[0] == 0
        bob = server.one("core/users/", username="bob")
        server.patch(f"core/users/{bob['pk']}/", is_active=False)
        again.search(BASE, "(cn=bob)")
        assert again.result["result"] == 50, (mode, again.result)
        assert directory.command("ldapwhoami", who="bob")[0] == 49, mode
        server.patch(f"core/users/{bob['pk']}/", is_active=True)
    # The session of a bind ends with what used it: with the connection, or when another answer is remembered.
    sessions = lambda name: len(server.get("core/authenticated_sessions/", user__username=name)["results"])
    for mode, left in (("direct", 0), ("cached", 1)):
        server.patch(f"providers/ldap/{directory.provider['pk']}/", bind_mode=mode)
        again = directory.connect("alice")
        assert again.bind() and sessions("alice") == 1, mode
        assert again.unbind()
        wait_for(lambda: sessions("alice") == left, 20, f"the session of a bind to end ({mode})")
    server.patch(f"providers/ldap/{directory.provider['pk']}/", name="another")
    assert directory.command("ldapwhoami", who="alice")[0] == 0 and sessions("alice") == 1
    # Remembered answers: the flow ran once, and another password is another answer.
    logins = lambda: len(server.get("events/events/", action="login", username="bob", page_size=100)["results"])
    assert directory.command("ldapwhoami", who="bob")[0] == 0
    before = logins()
    for _ in range(3):
        assert directory.command("ldapwhoami", who="bob")[0] == 0
    assert logins() == before
    server.api("POST", f"core/users/{bob['pk']}/set_password/", 204, json={"password": "Other-Horse-43"})
    assert directory.command("ldapwhoami", who="bob")[0] == 49
    assert directory.command("ldapwhoami", who="bob", password="Other-Horse-43")[0] == 0
    # Nor longer than the application is open, whether anything was changed about the person or not.
    nobody = server.create("core/groups/", name="nobody")
    binding = server.create("policies/bindings/", target=directory.application["pk"], group=nobody["pk"], order=0)
    assert directory.command("ldapwhoami", who="bob", password="Other-Horse-43")[0] == 50
    server.api("DELETE", f"policies/bindings/{binding['pk']}/", 204)
    # An app password ends with its token.
    server.create("core/tokens/", identifier="mail", intent="app_password", user=bob["pk"])
    key = server.get("core/tokens/mail/view_key/")["key"]
    assert directory.command("ldapwhoami", who="bob", password=key)[0] == 0
    server.api("DELETE", "core/tokens/mail/", 204)
    assert directory.command("ldapwhoami", who="bob", password=key)[0] == 49


def test_a_code_follows_the_password(server):
    person = with_app(server)
    directory = Directory(server)
    assert directory.command("ldapwhoami", who="uma")[0] == 49
    assert directory.command("ldapwhoami", who="uma", password=f"{PASSWORD};{person.shown()}")[0] == 0
    assert directory.command("ldapwhoami", who="uma", password=f"{PASSWORD};000000")[0] == 49
    # What is remembered of a code ends with what it was a code of; and who has one now is asked for it.
    stage = server.one("stages/authenticator/validate/", name="default-authentication-mfa-validation")
    server.patch(f"providers/ldap/{directory.provider['pk']}/", bind_mode="cached")
    with_code = f"{PASSWORD};{person.shown()}"
    for _ in range(2):
        assert directory.command("ldapwhoami", who="uma", password=with_code)[0] == 0
    server.patch(f"stages/authenticator/validate/{stage['pk']}/", not_configured_action="deny")
    with_code = f"{PASSWORD};{person.shown()}"
    for _ in range(2):
        assert directory.command("ldapwhoami", who="uma", password=with_code)[0] == 0
    device = server.one("authenticators/admin/totp/")
    server.api("DELETE", f"authenticators/admin/totp/{device['pk']}/", 204)
    assert directory.command("ldapwhoami", who="uma", password=with_code)[0] == 49
    server.patch(f"stages/authenticator/validate/{stage['pk']}/", not_configured_action="skip")
    assert directory.command("ldapwhoami", who="uma")[0] == 0
    person.run_flow(TOTP)
    assert directory.command("ldapwhoami", who="uma")[0] == 49
    server.patch(f"providers/ldap/{directory.provider['pk']}/", mfa_support=False, bind_mode="direct")
    assert directory.command("ldapwhoami", who="uma", password=f"{PASSWORD};{person.shown()}")[0] == 49


def test_numbers_on_unix_never_collide(server):
    """Groups of which two would have one number: the later one gets another, for good, and an event tells."""
    server.user("searcher", attributes={"gidNumber": "12000"})
    directory = Directory(server)
    directory.let_search("searcher")
    groups = [server.group(f"g{number}") for number in range(3)]
    number = lambda name: directory.found(f"(cn={name})", base=GROUPS) and gid(directory, name)
    first = [number(group["name"]) for group in groups]
    assert first == [4000 + group["num_pk"] for group in groups]
    # Another start would give the first group the number that somebody says is theirs.
    start = 12000 - groups[0]["num_pk"]
    server.patch(f"providers/ldap/{directory.provider['pk']}/", gid_start_number=start)
    assert number("g0") == 10_000_000 and number("g1") == start + groups[1]["num_pk"]
    told = server.get("events/events/", action="configuration_warning")["results"]
    assert told[0]["context"]["given"][0]["computed"] == 12000, told
    server.restart()
    wait_for(directory.is_open, 30, "LDAP to be answered")
    assert number("g0") == 10_000_000
    server.patch(f"providers/ldap/{directory.provider['pk']}/", gid_start_number=4000)
    assert [number(group["name"]) for group in groups] == first


def gid(directory, name):
    code, out = directory.command("ldapsearch", "-LLL", "-b", GROUPS, f"(cn={name})", "gidNumber")
    assert code == 0, out
    return int(re.search(r"gidNumber: (-?\d+)", out).group(1))


def tlv(tag, *parts):
    body = b"".join(parts)
    length = len(body)
    head = bytes([length]) if length < 128 else b"\x84" + length.to_bytes(4, "big")
    return bytes([tag]) + head + body


def message(op, number=1):
    return tlv(0x30, tlv(2, bytes([number])), op)


def search(text_filter, base=b""):
    fields = [tlv(4, base), b"\x0a\x01\x02", b"\x0a\x01\x00", b"\x02\x01\x00", b"\x02\x01\x00", b"\x01\x01\x00"]
    return tlv(0x63, *fields, text_filter, tlv(0x30))


def simple_bind(dn, password):
    return tlv(0x60, b"\x02\x01\x03", tlv(4, dn.encode()), tlv(0x80, password.encode()))


def talk(port, *sent, patience=30):
    """What is answered to these bytes, until the server closes or says nothing more."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        heard = b""
        try:
            for part in sent:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                heard += part
        except OSError:
            pass
        return heard


DISCONNECTED = b"1.3.6.1.4.1.1466.20036"


def test_hostile_bytes_are_refused_and_cost_nothing(server, directory):
    port = server.ldap_port
    deep = tlv(0x87, b"cn")
    for _ in range(1000):
        deep = tlv(0xA2, deep)
    forty = tlv(0x87, b"cn")
    for _ in range(40):
        forty = tlv(0xA2, forty)
    wide = tlv(0xA1, *[tlv(0xA3, tlv(4, b"cn"), tlv(4, b"x"))] * 5000)
    entry = simple_bind(directory.dn("searcher"), PASSWORD)
    for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x30\x80\x00\x00", b"\x30\x84\x7f\xff\xff\xff", message(search(deep)), b"\x16\x03\x01\x02\x00"):
        assert DISCONNECTED in talk(port, sent), sent[:20]
    # Ten megabytes are refused at their head; whoever has sent some of them hears it all the same.
    begun = time.monotonic()
    assert DISCONNECTED in talk(port, b"\x30\x84\x00\x98\x96\x80")
    assert DISCONNECTED in talk(port, b"\x30\x84\x00\x98\x96\x80" + b"\xa2" * 200_000)
    assert time.monotonic() - begun < 30
    # Who is not bound says little; of what comes behind a request no more is read than its answer leaves time for.
    assert DISCONNECTED in talk(port, message(search(tlv(0x87, b"a" * 20_000))))
    ahead = b"".join(message(search(tlv(0x87, b"a" * 1000), BASE.encode()), number % 100 + 2) for number in range(2000))
    heard = talk(port, message(entry), ahead)
    assert DISCONNECTED not in heard and heard.count(b"\x65") >= 2000
    # More attributes than anything has.
    named = tlv(0x30, *[tlv(4, b"a%d" % number) for number in range(1025)])
    asks = tlv(0x63, tlv(4, BASE.encode()), b"\x0a\x01\x02", b"\x0a\x01\x00", *[b"\x02\x01\x00"] * 2, b"\x01\x01\x00", tlv(0x87, b"cn"), named)
    assert b"1024 attributes" in talk(port, message(entry), message(asks, 2))
    # A thousand items, each of which looks at all that an entry says.
    rule = tlv(0xA9, tlv(0x81, b"caseIgnoreMatch"), tlv(0x83, b"nobody says this"))
    # The client that says nothing more after it gets its answer.
    assert b"\x65" in talk(port, message(entry) + message(search(tlv(0xA1, *[rule] * 1000), BASE.encode()), 2))
    # A filter that is too much is refused by itself, and the connection goes on.
    for hostile in (forty, wide):
        heard = talk(port, message(entry), message(search(hostile, BASE.encode()), 2), message(search(tlv(0x87, b"objectClass")), 3))
        assert b"\x65" in heard and b"supportedLDAPVersion" in heard and DISCONNECTED not in heard
    # StartTLS with something behind it in clear: that is not heard.
    start_tls = message(tlv(0x77, tlv(0x80, b"1.3.6.1.4.1.1466.20037")))
    heard = talk(port, start_tls + message(search(tlv(0x87, b"objectClass")), 2))
    assert b"supportedLDAPVersion" not in heard

    # Cookies of others, of this connection's past, and made up.
    for number in range(12):
        server.user(f"page{number:02}", password=None)
    one, two = directory.connect(), directory.connect()
    assert one.bind() and two.bind()
    one.search(USERS, "(cn=page*)", paged_size=5)
    cookie = one.result["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"]
    assert cookie
    for connection, text, used in ((two, "(cn=page*)", cookie), (one, "(cn=*)", cookie), (two, "(cn=page*)", b"made up")):
        connection.search(USERS, text, paged_size=5, paged_cookie=used)
        assert connection.result["result"] == 53, connection.result
    # The search that it was of has ended with that.
    one.search(USERS, "(cn=page*)", paged_size=5)
    cookie = one.result["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"]
    assert one.search(USERS, "(cn=page*)", paged_size=5, paged_cookie=cookie) and len(one.entries) == 5

    # Many that ask for nothing: others are answered, by the bound for each address.
    idle = []
    with contextlib.ExitStack() as opened:
        for _ in range(300):
            idle.append(opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)))
        assert server.get("core/users/me/")["user"]["username"]
        assert one.search(USERS, "(cn=alice)") and len(one.entries) == 1
    wait_for(lambda: directory.command("ldapwhoami")[0] == 0, 30, "places to be free again")
    # No password is in the log, whatever was made of the message around it.
    for at in range(0, len(message(entry)), 3):
        broken = bytearray(message(entry))
        broken[at] ^= 0x41
        talk(port, bytes(broken), patience=5)
    assert PASSWORD not in "\n".join(server.lines())


class Slapd(Process):
    """OpenLDAP's server on entries of ours, with a schema made of ours."""

    # It has these itself, with the same rules.
    BUILT_IN = {"objectClass", "cn", "name", "description", "uid", "uidNumber", "gidNumber", "dITContentRules", "attributeTypes",
                "objectClasses", "entryUUID", "entryDN", "createTimestamp", "subschemaSubentry", "distinguishedName"}

    def __init__(self, schema, entries):
        super().__init__("slapd")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-slapd-"))
        self.port = free_port()
        (self.folder / "data").mkdir()
        (self.folder / "slapd.conf").write_text(self.configuration(schema))
        (self.folder / "entries.ldif").write_text(entries)
        load = ["/usr/sbin/slapadd", "-q", "-s", "-f", str(self.folder / "slapd.conf"), "-l", str(self.folder / "entries.ldif")]
        done = subprocess.run(load, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        self.spawn(["/usr/sbin/slapd", "-f", str(self.folder / "slapd.conf"), "-h", f"ldap://127.0.0.1:{self.port}", "-d", "0"], {})
        wait_for(lambda: self.search("(objectClass=top)") is not None, 30, "slapd")

    def configuration(self, schema):
        lines = ["modulepath /usr/lib/ldap", "moduleload back_mdb"]
        for text in schema["attributeTypes"]:
            name = re.search(r"NAME (?:\( )?'([^']+)'", text).group(1)
            if name not in self.BUILT_IN:
                text = re.sub(r"NAME \( '([^']+)'.*?\)", r"NAME '\1'", text).replace(" NO-USER-MODIFICATION", "")
                lines.append(f"attributetype {text}")
        lines.append("attributetype ( 0.9.2342.19200300.100.1.25 NAME 'dc' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )")
        lines.append("attributetype ( 1.2.3.4.1 NAME 'xname' EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )")
        for text in schema["objectClasses"]:
            name = re.search(r"NAME '([^']+)'", text).group(1)
            if "/" not in name and name not in ("top", "subSchema"):
                number, above = text.split()[1], re.search(r"SUP (\S+)", text).group(1)
                kind = re.search(r"ABSTRACT|STRUCTURAL|AUXILIARY", text).group(0)
                lines.append(f"objectclass ( {number} NAME '{name}' SUP {above} {kind} )")
        lines.append("objectclass ( 1.2.3.4.2 NAME 'groupOfUniqueNames' SUP top STRUCTURAL )")
        lines.append("objectclass ( 1.2.3.4.3 NAME 'nsContainer' SUP top STRUCTURAL )")
        return "\n".join([*lines, "database mdb", f'suffix "{LOW}"', f"directory {self.folder}/data", "limits * size=unlimited", ""])

    def search(self, text, base=LOW):
        call = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", f"ldap://127.0.0.1:{self.port}", "-b", base, text, "1.1"]
        done = subprocess.run(call, capture_output=True, text=True, timeout=60)
        if done.returncode:
            return None
        return {decoded(line).lower() for line in done.stdout.splitlines() if line.startswith("dn:")}

    def close(self):
        if self.is_alive():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def filters():
    """Three hundred filters: every operator on attributes of every rule, and how they are put together."""
    texts = ["title", "mail", "displayName", "telephoneNumber", "department", "uid"]
    values = ["Head of Things", "head  of  things", "alice@example.test", "ALICE@EXAMPLE.TEST", "Zoë Müller", "x", "R&D"]
    for attribute, value in itertools.product(texts, values):
        yield f"({attribute}={value})"
    for attribute in [*texts, "cn", "member", "memberOf", "ak-active", "objectClass", "c", "nosuchattribute", "groupType"]:
        yield f"({attribute}=*)"
        yield f"(!({attribute}=*))"
    for attribute in texts:
        yield from (f"({attribute}={pattern})" for pattern in ("a*", "*e", "*i*", "H*d*of*", "*th*gs", "a*a*", "*  *", "ZO*", "*@example.test"))
        # Its own uid has no order.
        signs = () if attribute == "uid" else (">=", "<=")
        yield from (f"({attribute}{sign}{value})" for sign in signs for value in ("b", "HEAD", "zz"))
    for number in ("2001", "5000", "05000", "-1", "x", "99999999999", "2147483648"):
        yield from (f"({attribute}{sign}{number})" for attribute in ("uidNumber", "gidNumber") for sign in ("=", ">=", "<="))
        yield f"(!(uidNumber={number}))"
    for group in ("staff", "STAFF", "A\\5c, B", "nobody"):
        name = f"cn={group},{GROUPS}"
        yield from (f"(memberOf={name})", f"(!(memberOf={name}))", f"(memberOf={name.replace(',', ' , ')})")
    for user in ("alice", "ALICE", "nobody"):
        yield from (f"(member=cn={user},{USERS})", f"(!(member=cn={user},{USERS}))")
    yield from ("(member=no name)", "(!(member=no name))", "(memberOf=*staff*)", "(ak-active=TRUE)", "(ak-active=FALSE)", "(!(ak-active=TRUE))")
    for name in ("user", "person", "PERSON", "2.5.6.6", "inetOrgPerson", "group", "posixGroup", "posixAccount", "groupOfNames", "top", "nosuch", "nsContainer"):
        yield from (f"(objectClass={name})", f"(!(objectClass={name}))")
    parts = ["(title=Head of Things)", "(mail=*@example.test)", "(uidNumber>=2005)", f"(memberOf=cn=staff,{GROUPS})", "(nosuchattribute=1)", "(objectClass=user)"]
    for one, two in itertools.combinations(parts, 2):
        yield from (f"(&{one}{two})", f"(|{one}{two})", f"(&{one}(!{two}))", f"(|(!{one}){two})", f"(!(&{one}{two}))")
    yield from ("(&)", "(|)", "(!(&))", "(cn:caseExactMatch:=alice)", "(cn:caseExactMatch:=ALICE)", "(cn:2.5.13.2:=ALICE)", "(cn:=ALICE)",
                "(ou:dn:=users)", "(!(cn:nosuchMatch:=alice))", "(uidNumber:2.5.13.14:=5000)", "(2.5.4.3=alice)", "(2.5.4.12=*)", "(title;lang-de=x)")


def test_filters_are_answered_as_slapd_does(server, directory, request):
    people = {
        "zoë": {"name": "Zoë Müller", "attributes": {"title": "R&D", "department": "Zoë  Müller"}},
        "carl": {"name": "Head of Things", "attributes": {"title": "head  of things", "telephoneNumber": "x", "gidNumber": "2001"}},
        "dora": {"name": "x", "attributes": {"department": "R&D", "telephoneNumber": "Alice@Example.test"}},
        "ed, jr": {"name": "Ed", "attributes": {"title": "zz top"}, "email": "ed@example.test"},
    }
    for name, fields in people.items():
        server.user(name, ["staff"] if name == "dora" else [], password=None, **fields)
    connection = directory.connect()
    assert connection.bind()
    schema = connection.server.schema
    raw = {"attributeTypes": [], "objectClasses": []}
    connection.search("cn=subschema", "(objectClass=subschema)", ldap3.BASE, attributes=["attributeTypes", "objectClasses"])
    for name in raw:
        raw[name] = [value.decode() for value in connection.response[0]["raw_attributes"][name]]
    assert schema and len(raw["attributeTypes"]) > 35
    described = {re.search(r"NAME (?:\( )?'([^']+)'", text).group(1).lower() for text in raw["attributeTypes"]}
    wanted = ["cn", "uid", "name", "displayName", "mail", "objectClass", "uidNumber", "gidNumber", "memberOf", "member", "ak-active", "title",
              "department", "telephoneNumber"]
    assert {name.lower() for name in wanted} <= described
    connection.search(LOW, "(objectClass=*)", attributes=wanted)
    lines = []
    # slapd takes no empty value: whom nobody gave an address has one here, and is not compared.
    apart = {entry["dn"] for entry in connection.response if b"" in itertools.chain(*entry["raw_attributes"].values())}
    for entry in connection.response:
        lines.append("dn:: " + base64.b64encode(entry["dn"].encode()).decode())
        values = entry["raw_attributes"]
        classes = [value for value in values["objectClass"] if b"/" not in value]
        # Ours of the base is none of structure, as slapd needs one.
        classes = [b"top", b"organizationalUnit"] if classes == [b"top"] else classes
        if not entry["dn"].startswith("cn="):
            lines.append("ou: " + entry["dn"].split(",")[0].split("=")[1])
        for name, value in itertools.chain((("objectClass", one) for one in classes), ((n, v) for n, vs in values.items() if n != "objectClass" for v in vs)):
            if value:
                lines.append(f"{'xname' if name == 'name' else name}:: {base64.b64encode(value).decode()}")
        lines.append("")
    slapd = Slapd(raw, "\n".join(lines))
    request.addfinalizer(slapd.close)
    # One sign-in for all of them.
    server.patch(f"providers/ldap/{directory.provider['pk']}/", bind_mode="cached")
    table = list(dict.fromkeys(filters()))
    assert len(table) >= 300
    wrong = []
    for text in table:
        theirs = slapd.search(text)
        ours = directory.names(text)
        differ = ((ours or set()) ^ (theirs or set())) - apart
        if differ or (ours is None) != (theirs is None):
            wrong.append((text, sorted(differ)[:4], ours is None, theirs is None))
    assert not wrong, "\n".join(map(str, wrong))
