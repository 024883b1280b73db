"""Accounts and groups copied from a real directory (OpenLDAP's slapd): what changes there changes here, passwords are its
own, and a directory that breaks off, lies or is somebody else takes nothing away."""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import ldap3
import pytest

from world import Person, Process, Refused, Server, free_port, wait_for

BASE = "dc=company,dc=example"
PEOPLE, GROUPS, ADMIN = f"ou=people,{BASE}", f"ou=groups,{BASE}", f"cn=admin,{BASE}"
SECRET = "directory-admin-secret"
MAPPINGS = "goauthentik.io/sources/ldap/"


class Slapd(Process):
    """A directory with thirty people."""

    def __init__(self, certificate=None, clients=None):
        super().__init__("slapd-source")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-slapd-source-"))
        self.port, self.tls_port = free_port(), free_port()
        (self.folder / "data").mkdir()
        lines = [f"include /etc/ldap/schema/{name}.schema" for name in ("core", "cosine", "inetorgperson", "nis")]
        lines += [
            "attributetype ( 1.2.3.4.1 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )",
            "objectclass ( 1.2.3.4.2 NAME 'lockable' SUP top AUXILIARY MAY nsAccountLock )",
            "modulepath /usr/lib/ldap", "moduleload back_mdb", "moduleload memberof", "moduleload ppolicy",
        ]
        if certificate:
            lines += [f"TLSCertificateFile {certificate[0]}", f"TLSCertificateKeyFile {certificate[1]}"]
        if clients:
            lines += [f"TLSCACertificateFile {clients}", "TLSVerifyClient demand"]
        lines += ["database mdb", f'suffix "{BASE}"', f"directory {self.folder}/data", f'rootdn "{ADMIN}"', f"rootpw {SECRET}",
                  "maxsize 268435456", "overlay memberof", "overlay ppolicy", ""]
        (self.folder / "slapd.conf").write_text("\n".join(lines))
        self.start()
        self.admin = None
        self.fill()

    def start(self):
        listen = f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"
        self.spawn(["/usr/sbin/slapd", "-f", str(self.folder / "slapd.conf"), "-h", listen, "-d", "0"], {})

        def is_open():
            with contextlib.closing(socket.socket()) as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_for(is_open, 30, "slapd")

    def connect(self):
        return ldap3.Connection(ldap3.Server("127.0.0.1", self.port), ADMIN, SECRET, auto_bind=True, raise_exceptions=True)

    def fill(self):
        self.admin = self.connect()
        self.admin.add(BASE, ["dcObject", "organization"], {"dc": "company", "o": "Company"})
        for name in ("people", "groups"):
            self.admin.add(f"ou={name},{BASE}", "organizationalUnit")
        for number in range(30):
            self.person(f"p{number:02}")
        self.team("inner", ["p01", "p02"])
        self.team("staff", ["p00", "p01", "p03"])
        self.change(f"cn=staff,{GROUPS}", member=[(ldap3.MODIFY_ADD, [f"cn=inner,{GROUPS}"])])

    def person(self, uid, password=None, **more):
        fields = {"sn": uid.title(), "cn": f"Person {uid}", "mail": f"{uid}@company.example", "userPassword": password or f"Secret-of-{uid}-1"}
        self.admin.add(f"uid={uid},{PEOPLE}", ["inetOrgPerson", "lockable"], fields | more)

    def team(self, name, members):
        self.admin.add(f"cn={name},{GROUPS}", "groupOfNames", {"member": [f"uid={uid},{PEOPLE}" for uid in members]})

    def change(self, dn, **changes):
        self.admin.modify(dn, changes)

    def accepts(self, uid, password):
        return ldap3.Connection(ldap3.Server("127.0.0.1", self.port), f"uid={uid},{PEOPLE}", password).bind()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Source:
    """A source of that directory."""

    def __init__(self, server, port, slug="company", **fields):
        self.server, self.slug = server, slug
        found = {row["managed"]: row["pk"] for row in server.get("propertymappings/source/ldap/", page_size=100)["results"] if row["managed"]}
        mapped = [found[MAPPINGS + name] for name in ("default-dn-path", "default-mail", "openldap-uid", "openldap-cn", "ms-sn")]
        self.fields = {
            "name": f"Directory {slug}", "slug": slug, "server_uri": f"ldap://127.0.0.1:{port}", "bind_cn": ADMIN, "bind_password": SECRET,
            "base_dn": BASE, "additional_user_dn": "ou=people", "additional_group_dn": "ou=groups",
            "user_object_filter": "(objectClass=inetOrgPerson)", "group_object_filter": "(objectClass=groupOfNames)",
            "object_uniqueness_field": "entryUUID", "user_property_mappings": mapped, "group_property_mappings": [found[MAPPINGS + "openldap-cn"]],
        } | fields
        self.row = server.create("sources/ldap/", **self.fields)

    def status(self):
        return self.server.get(f"sources/ldap/{self.slug}/sync/status/")

    def patch(self, **fields):
        return self.server.patch(f"sources/ldap/{self.slug}/", **fields)

    def idle(self):
        return not self.status()["is_running"]

    def sync(self, confirmed=False):
        """What a run came to: its state, and what it says."""
        wait_for(self.idle, 60, "the run before to end")
        name = "ldap_sync_delete" if confirmed else "ldap_sync"
        before = {task["uuid"] for task in self.status()["tasks"]}
        self.server.api("POST", f"countersign/sources/ldap/{self.slug}/sync/", json={"confirmed": confirmed}, expect=200)
        fresh = lambda: [task for task in self.status()["tasks"] if task["uuid"] not in before and task["name"] == name]
        wait_for(lambda: self.idle() and fresh(), 60, "the run to end")
        task = fresh()[0]
        return task["status"], "\n".join(message["event"] for message in task["messages"])


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    yield server
    server.close()


@pytest.fixture
def slapd():
    slapd = Slapd()
    yield slapd
    slapd.close()


@pytest.fixture
def source(server, slapd):
    source = Source(server, slapd.port)
    yield source
    wait_for(source.idle, 60, "runs to end")
    server.api("DELETE", f"sources/ldap/{source.slug}/", expect=204)
    for user in people(server).values():
        server.api("DELETE", f"core/users/{user['pk']}/", expect=204)
    for group in server.get("core/groups/", page_size=100, include_users="false")["results"]:
        if "ldap_uniq" in group["attributes"]:
            server.api("DELETE", f"core/groups/{group['pk']}/", expect=204)


def people(server):
    rows = server.get("core/users/", page_size=100, path_startswith="goauthentik.io/sources/")["results"]
    return {row["username"]: row for row in rows}


def members(server, name):
    found = server.get("core/groups/", name=name)["results"]
    return {user["username"] for user in found[0]["users_obj"]} if found else None


def signs_in(server, name, password):
    try:
        Person(server, name, password).sign_in()
    except Refused:
        return False
    return True


def test_people_and_groups_are_copied_and_follow_what_changes(server, slapd, source):
    # Saving it has asked for the first run.
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    found = people(server)
    one = found["p01"]
    assert (one["name"], one["email"], one["path"]) == ("Person p01", "p01@company.example", "goauthentik.io/sources/company/people/p01")
    assert one["attributes"]["distinguishedName"] == f"uid=p01,{PEOPLE}" and one["attributes"]["sn"] == "P01"
    assert server.one("sources/user_connections/ldap/", user=one["pk"])["identifier"] == one["attributes"]["ldap_uniq"]
    assert members(server, "inner") == {"p01", "p02"}
    assert members(server, "staff") == {"p00", "p01", "p02", "p03"}, "who is in a group in it is in it"
    task = source.status()["tasks"][0]
    assert task["name"] == "ldap_sync" and task["status"] == "successful" and task["uid"] == "company", task
    lines = "\n".join(message["event"] for message in task["messages"])
    assert "p01" in lines and "users: 30 made" in lines and "groups: 2 made" in lines, lines

    # A run that finds nothing new writes nothing.
    events = lambda: server.get("events/events/", page_size=1)["pagination"]["count"]
    before = events()
    state, said = source.sync()
    assert (state, events()) == ("successful", before), said
    assert "users: 30 unchanged" in said

    # Renamed, moved on, closed; a stranger in the group stays.
    stranger = server.user("stranger", ["staff"])
    slapd.admin.modify_dn(f"uid=p01,{PEOPLE}", "uid=renamed")
    slapd.change(f"uid=p02,{PEOPLE}", nsAccountLock=[(ldap3.MODIFY_REPLACE, ["TRUE"])], cn=[(ldap3.MODIFY_REPLACE, ["New Name"])])
    slapd.change(f"cn=inner,{GROUPS}", member=[(ldap3.MODIFY_REPLACE, [f"uid=p05,{PEOPLE}", f"cn=staff,{GROUPS}"])])
    slapd.admin.modify_dn(f"cn=inner,{GROUPS}", "cn=inside")
    slapd.change(f"cn=staff,{GROUPS}", member=[(ldap3.MODIFY_REPLACE, [f"uid=p00,{PEOPLE}", f"cn=inside,{GROUPS}"])])
    state, said = source.sync()
    assert state == "successful", said
    now = people(server)
    assert now["renamed"]["pk"] == one["pk"] and "p01" not in now
    assert not now["p02"]["is_active"] and now["p02"]["name"] == "New Name"
    assert members(server, "inner") is None
    assert members(server, "staff") == {"p00", "p05", "stranger"}, "groups that are in each other have an end"
    assert members(server, "inside") == {"p00", "p05"}
    changed = [event for event in server.get("events/events/", action="model_updated", page_size=50)["results"]
               if event["context"].get("model", {}).get("pk") == str(one["pk"]) or event["context"].get("model", {}).get("pk") == one["pk"]]
    assert changed, "each write is an event"
    # Open there again, open here; whom an administrator has closed out here stays out.
    slapd.change(f"uid=p02,{PEOPLE}", nsAccountLock=[(ldap3.MODIFY_REPLACE, ["FALSE"])])
    server.patch(f"core/users/{now['p03']['pk']}/", is_active=False)
    assert source.sync()[0] == "successful"
    now = people(server)
    assert now["p02"]["is_active"] and not now["p03"]["is_active"]
    server.api("DELETE", f"core/users/{stranger['pk']}/", expect=204)


def test_what_is_gone_is_deleted_when_that_is_wanted_and_certain(server, slapd, source):
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    slapd.admin.delete(f"uid=p29,{PEOPLE}")
    state, said = source.sync()
    assert state == "warning" and "the directory has it no more" in said, said
    assert "p29" in people(server), "nothing is deleted that nobody wants deleted"
    source.patch(delete_not_found_objects=True)
    state, said = source.sync()
    assert "p29" not in people(server) and len(people(server)) == 29, said
    # More than a tenth is rather a mistake.
    for number in range(20, 25):
        slapd.admin.delete(f"uid=p{number},{PEOPLE}")
    state, said = source.sync()
    assert state == "warning" and "more than a tenth" in said and len(people(server)) == 29, said
    state, said = source.sync(confirmed=True)
    assert len(people(server)) == 24, said
    # A run that could not copy everything shows of nothing that it is gone.
    slapd.admin.delete(f"uid=p19,{PEOPLE}")
    server.user("taken", password=None)
    slapd.person("taken")
    state, said = source.sync()
    assert state == "warning" and "taken" in said and "no proof" in said, said
    assert "p19" in people(server)
    server.api("DELETE", f"core/users/{server.one('core/users/', username='taken')['pk']}/", expect=204)
    state, said = source.sync()
    assert "p19" not in people(server) and "taken" in people(server), said


def test_passwords_are_those_of_the_directory(server, slapd, source):
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    assert signs_in(server, "p01", "Secret-of-p01-1")
    # Each by themselves: whoever errs too often waits.
    assert not signs_in(server, "p10", "wrong")
    assert not signs_in(server, "p11", "Secret-of-p02-1")
    # Nothing is kept here unless that is wanted; then people sign in without the directory.
    slapd.stop()
    assert not signs_in(server, "p12", "Secret-of-p12-1")
    slapd.start()
    source.patch(password_login_update_internal_password=True)
    assert signs_in(server, "p01", "Secret-of-p01-1")
    slapd.stop()
    assert signs_in(server, "p01", "Secret-of-p01-1")
    slapd.start()
    slapd.admin = slapd.connect()
    # What was set here is the password there.
    pk = people(server)["p02"]["pk"]
    server.api("POST", f"core/users/{pk}/set_password/", json={"password": "A-New-Secret-2"}, expect=204)
    assert slapd.accepts("p02", "A-New-Secret-2") and not slapd.accepts("p02", "Secret-of-p02-1")
    assert signs_in(server, "p02", "A-New-Secret-2")
    source.patch(sync_users_password=False)
    server.api("POST", f"core/users/{pk}/set_password/", json={"password": "Another-Secret-3"}, expect=204)
    assert slapd.accepts("p02", "A-New-Secret-2")
    # Where it cannot be set, it is not set here either.
    source.patch(sync_users_password=True)
    slapd.stop()
    refused = server.create(f"core/users/{pk}/set_password/", 400, password="Not-Set-4")
    assert "Failed to set password" in refused["password"][0], refused
    slapd.start()
    slapd.admin = slapd.connect()
    assert not signs_in(server, "p02", "Not-Set-4") and signs_in(server, "p02", "A-New-Secret-2")
    # Who is gone there is let in by nothing that was kept of them.
    slapd.admin.delete(f"uid=p01,{PEOPLE}")
    source.sync()
    assert not signs_in(server, "p01", "Secret-of-p01-1")
    # Nor is anybody whose source is disabled.
    source.patch(enabled=False)
    assert not signs_in(server, "p05", "Secret-of-p05-1")


def who_signs_in(server, name, password):
    """The account that somebody signs in to; `None` when nobody is let in."""
    person = Person(server, name, password)
    try:
        person.sign_in()
    except Refused:
        return None
    return person.me().json()["user"]["pk"]


def test_a_name_that_another_entry_has_lets_nobody_into_the_account(server, slapd, source):
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    before = {name: row["pk"] for name, row in people(server).items()}

    # p00 leaves, and somebody else gets the name: another entry, with a password of its own.
    slapd.admin.delete(f"uid=p00,{PEOPLE}")
    slapd.person("p00", password="The-New-One-9")
    slapd.change(f"cn=staff,{GROUPS}", member=[(ldap3.MODIFY_REPLACE, [f"uid=p00,{PEOPLE}", f"uid=p03,{PEOPLE}"])])
    assert not signs_in(server, "p00", "The-New-One-9"), "before any run"
    refused = server.create(f"core/users/{before['p00']}/set_password/", 400, password="Old-One-Sets-7")
    assert "no such entry" in refused["password"][0], refused
    assert slapd.accepts("p00", "The-New-One-9") and not slapd.accepts("p00", "Old-One-Sets-7")
    # The new one cannot be made: the account has the user name. What had the name vanishes all the same.
    state, said = source.sync()
    assert state == "warning" and "p00" in said and "the directory has it no more" in said, said
    assert not signs_in(server, "p00", "The-New-One-9")
    assert members(server, "staff") == {"p03"}, "nor is anybody a member by the name"
    # With the old account out of the way the new one is somebody else.
    server.api("DELETE", f"core/users/{before['p00']}/", expect=204)
    state, said = source.sync()
    assert who_signs_in(server, "p00", "The-New-One-9") not in (None, before["p00"]), said
    assert members(server, "staff") == {"p00", "p03"}

    # Two people swap names: each stays who they are.
    for old, new in (("p20", "tmp"), ("p21", "p20"), ("tmp", "p21")):
        slapd.admin.modify_dn(f"uid={old},{PEOPLE}", f"uid={new}")
    assert not signs_in(server, "p20", "Secret-of-p21-1")
    assert not signs_in(server, "p21", "Secret-of-p20-1")
    refused = server.create(f"core/users/{before['p20']}/set_password/", 400, password="Whose-Is-It-1")
    assert "no such entry" in refused["password"][0] and slapd.accepts("p20", "Secret-of-p21-1"), refused
    # A name here can be given once: that each waits for the other is said, and lets nobody in by the other's password.
    state, said = source.sync()
    assert state == "warning" and "p20" in said, said
    assert who_signs_in(server, "p20", "Secret-of-p20-1") == before["p20"], "who has the account, whatever it is called"
    assert not signs_in(server, "p20", "Secret-of-p21-1")

    # One leaves its name to another.
    slapd.admin.modify_dn(f"uid=p22,{PEOPLE}", "uid=zz22")
    slapd.admin.modify_dn(f"uid=p23,{PEOPLE}", "uid=p22")
    assert not signs_in(server, "p22", "Secret-of-p23-1")
    source.sync()
    source.sync()
    assert who_signs_in(server, "zz22", "Secret-of-p22-1") == before["p22"]
    assert who_signs_in(server, "p22", "Secret-of-p23-1") == before["p23"]


def test_only_what_a_run_has_made_is_deleted(server, slapd, source):
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    local = server.user("alice.local", email="p05@company.example")
    try:
        # An administrator deletes what the run made, and lets the source find accounts by their address.
        server.api("DELETE", f"core/users/{people(server)['p05']['pk']}/", expect=204)
        source.patch(user_matching_mode="email_link", delete_not_found_objects=True)
        state, said = source.sync()
        assert server.get(f"core/users/{local['pk']}/")["username"] == "p05", said
        slapd.admin.delete(f"uid=p05,{PEOPLE}")
        # Another is connected with an entry by hand.
        row = server.one("sources/user_connections/ldap/", user=people(server)["p06"]["pk"])
        server.api("DELETE", f"core/users/{people(server)['p06']['pk']}/", expect=204)
        other = server.user("bob.local")
        server.create("sources/user_connections/ldap/", user=other["pk"], source=row["source"], identifier=row["identifier"])
        slapd.admin.delete(f"uid=p06,{PEOPLE}")
        for _ in range(2):
            state, said = source.sync()
            assert server.api("GET", f"core/users/{local['pk']}/").status_code == 200, said
            assert server.api("GET", f"core/users/{other['pk']}/").status_code == 200, said
        slapd.admin.delete(f"uid=p07,{PEOPLE}")
        state, said = source.sync()
        assert "p07" not in people(server) and "deleted" in said, said
    finally:
        server.api("DELETE", f"core/users/{local['pk']}/")
        server.api("DELETE", f"core/users/{server.one('core/users/', username='bob.local')['pk']}/")


def test_who_is_gone_is_signed_out_and_what_is_known_here_ends(server, slapd, source):
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    provider = server.create("providers/ldap/", name="cached", authorization_flow=server.flow("default-authentication-flow"),
                             invalidation_flow=server.flow("default-provider-invalidation-flow"), bind_mode="cached", search_mode="direct",
                             base_dn="dc=cached,dc=test")
    server.create("core/applications/", name="cached", slug="cached", provider=provider["pk"])

    def binds(name, password):
        return ldap3.Connection(ldap3.Server("127.0.0.1", server.ldap_port), f"cn={name},ou=users,dc=cached,dc=test", password).bind()

    def listens():
        try:
            return binds("p06", "Secret-of-p06-1")
        except ldap3.core.exceptions.LDAPSocketOpenError:
            return False

    try:
        pk = people(server)["p05"]["pk"]
        server.api("POST", f"core/users/{pk}/set_password/", json={"password": "Own-Password-5"}, expect=204)
        known, session = Person(server, "p05", "Own-Password-5").sign_in(), Person(server, "p07", "Secret-of-p07-1").sign_in()
        wait_for(listens, what="the directory of this server")
        for name in ("p05", "p06", "p07"):
            slapd.admin.delete(f"uid={name},{PEOPLE}")
        state, said = source.sync()
        assert "the directory has it no more" in said, said
        # A password that was set here, sessions, remembered binds.
        assert not signs_in(server, "p05", "Own-Password-5")
        assert known.me().status_code in (401, 403) and session.me().status_code in (401, 403)
        assert not binds("p06", "Secret-of-p06-1")
        # Unless an administrator sets one afterwards.
        server.api("POST", f"core/users/{pk}/set_password/", json={"password": "Given-Anew-5"}, expect=204)
        source.sync()
        assert signs_in(server, "p05", "Given-Anew-5")
        # Set anew in the directory: what was kept here of the one before ends, and who has signed in by it.
        pk = people(server)["p08"]["pk"]
        server.api("POST", f"core/users/{pk}/set_password/", json={"password": "Own-Password-8"}, expect=204)
        source.sync()
        by_own, by_there = Person(server, "p08", "Own-Password-8").sign_in(), Person(server, "p09", "Secret-of-p09-1").sign_in()
        assert binds("p10", "Secret-of-p10-1")
        # Times of passwords are in whole seconds.
        time.sleep(2)
        for name in ("p08", "p09", "p10"):
            slapd.change(f"uid={name},{PEOPLE}", userPassword=[(ldap3.MODIFY_REPLACE, [f"Reset-By-Helpdesk-{name}"])])
        state, said = source.sync()
        assert state in ("successful", "warning"), said
        assert not signs_in(server, "p08", "Own-Password-8") and signs_in(server, "p08", "Reset-By-Helpdesk-p08")
        assert by_own.me().status_code in (401, 403) and by_there.me().status_code in (401, 403)
        assert not binds("p10", "Secret-of-p10-1") and binds("p10", "Reset-By-Helpdesk-p10")
        # That is once: whoever signs in then stays signed in.
        again = Person(server, "p09", "Reset-By-Helpdesk-p09").sign_in()
        source.sync()
        assert again.me().status_code == 200
    finally:
        server.api("DELETE", "core/applications/cached/")
        server.api("DELETE", f"providers/ldap/{provider['pk']}/")


def test_groups_that_people_name(server, slapd, source):
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    source.patch(lookup_groups_from_user=True, group_membership_field="memberOf")
    slapd.change(f"cn=staff,{GROUPS}", member=[(ldap3.MODIFY_REPLACE, [f"uid=p07,{PEOPLE}", f"uid=p08,{PEOPLE}"])])
    state, said = source.sync()
    assert state == "successful", said
    assert members(server, "staff") == {"p07", "p08"}


class Cut(threading.Thread):
    """Passes bytes on to a directory, and stops after so many of its answer."""

    def __init__(self, target, most):
        super().__init__(daemon=True)
        self.target, self.most, self.port = target, most, free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port))

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client):
        there = socket.create_connection(("127.0.0.1", self.target))

        def forth():
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    there.sendall(data)

        threading.Thread(target=forth, daemon=True).start()
        left = self.most
        with contextlib.suppress(OSError):
            while data := there.recv(4096):
                client.sendall(data[:left])
                left -= len(data)
                if left <= 0:
                    break
        client.close()
        there.close()


class Liar(threading.Thread):
    """A directory that answers everything with the same, again and again."""

    def __init__(self, answer, bind=True):
        super().__init__(daemon=True)
        self.answer, self.bind, self.port = answer, bind, free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port))

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client):
        with contextlib.suppress(OSError):
            if self.bind:
                client.recv(65536)
                client.sendall(bytes.fromhex("300c02010161070a010004000400"))
            while client.recv(65536):
                for part in self.answer():
                    client.sendall(part)
        client.close()


def test_a_directory_that_dies_or_lies_takes_nothing_away(server, slapd, source):
    wait_for(lambda: len(people(server)) == 30 and source.idle(), 60, "the first run")
    source.patch(delete_not_found_objects=True, server_uri=f"ldap://127.0.0.1:{slapd.port}")
    wait_for(source.idle, 60, "the run after saving")
    before = people(server)
    cases = {}
    # The schema alone is some fifty thousand bytes.
    schema = 70_000
    for name, most in (("after a few entries", 65_000), ("at once", 10), ("within the schema", 5_000), ("late", schema)):
        cases[name] = Cut(slapd.port, most)
    forever = lambda: iter(lambda: b"0" * 65536, None)
    cases["nonsense"] = Liar(lambda: [b"HTTP/1.1 200 OK\r\n\r\n"])
    cases["a length without end"] = Liar(lambda: [b"\x30\x84\x7f\xff\xff\xff"])
    cases["bytes without end"] = Liar(forever)
    cases["nobody's answer"] = Liar(lambda: [bytes.fromhex("300c02016361070a010004000400")])
    cases["closes at once"] = Liar(lambda: [], bind=False)
    for name, fake in cases.items():
        fake.start()
        source.patch(server_uri=f"ldap://127.0.0.1:{fake.port}")
        wait_for(source.idle, 90, f"{name}: the run to end")
        state, said = source.status()["tasks"][0]["status"], source.status()["tasks"][0]["messages"]
        fake.listener.close()
        assert state == "error" or (name == "late" and state), (name, state, said)
        assert people(server).keys() == before.keys(), (name, said)
    assert not server.panics()
    source.patch(server_uri=f"ldap://127.0.0.1:{slapd.port}")
    assert source.sync()[0] == "successful"
    assert people(server).keys() == before.keys()


def certificates(folder):
    """An authority, and a certificate of it for 127.0.0.1."""
    folder = pathlib.Path(folder)

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-subj", f"/CN={name}", "-days", "10", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=slapd")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "client.key", "-out", "client.csr", "-subj", "/CN=client")
    (folder / "client.san").write_text("extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "client.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "client.pem", "-days", "5", "-extfile", "client.san")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem", "-days", "5", "-extfile", "san")
    return folder


def test_only_the_directory_itself_is_believed(server, tmp_path):
    folder = certificates(tmp_path)
    slapd = Slapd((folder / "server.pem", folder / "server.key"))
    try:
        trusted, other = (
            server.create("crypto/certificatekeypairs/", name=f"ldap {name}", certificate_data=(folder / f"{name}.pem").read_text())["pk"]
            for name in ("ca", "other")
        )
        source = Source(server, slapd.port, "encrypted", enabled=False, sync_users_password=False)

        def tested(**fields):
            source.patch(**fields)
            return server.create("countersign/sources/ldap/encrypted/test/", 200)["servers"][0]

        plain, encrypted = f"ldap://127.0.0.1:{slapd.port}", f"ldaps://127.0.0.1:{slapd.tls_port}"
        assert tested()["encrypted"] is False
        for uri, start_tls in ((plain, True), (encrypted, False)):
            well = tested(server_uri=uri, start_tls=start_tls, peer_certificate=trusted)
            assert (well["status"], well["encrypted"], well["users"], well["groups"]) == ("ok", True, 10, 2), well
            for wrong in (other, None):
                refused = tested(server_uri=uri, start_tls=start_tls, peer_certificate=wrong)
                assert "TLS cannot be trusted" in refused["status"], refused
        # The name has to be right, too.
        assert "TLS" in tested(server_uri=encrypted.replace("127.0.0.1", "localhost"), peer_certificate=trusted)["status"]
        # What it was held to is gone: nothing is asked any more.
        source.patch(server_uri=encrypted, peer_certificate=trusted)
        server.api("DELETE", f"crypto/certificatekeypairs/{trusted}/", expect=204)
        lost = server.create("countersign/sources/ldap/encrypted/test/", 400)
        assert lost["code"] == "ldap_source.vanished", lost
        server.api("DELETE", "sources/ldap/encrypted/", expect=204)
    finally:
        slapd.close()


def test_the_directory_knows_this_server_by_its_certificate(server, tmp_path):
    folder = certificates(tmp_path)
    slapd = Slapd((folder / "server.pem", folder / "server.key"), folder / "ca.pem")
    try:
        trusted = server.create("crypto/certificatekeypairs/", name="ldap authority", certificate_data=(folder / "ca.pem").read_text())["pk"]
        own = server.create("crypto/certificatekeypairs/", name="ldap client", certificate_data=(folder / "client.pem").read_text(),
                            key_data=(folder / "client.key").read_text())["pk"]
        source = Source(server, slapd.port, "mutual", enabled=False, sync_users_password=False, peer_certificate=trusted, start_tls=True)
        tested = lambda: server.create("countersign/sources/ldap/mutual/test/", 200)["servers"][0]["status"]
        assert tested() != "ok"
        source.patch(client_certificate=own)
        assert tested() == "ok"
        source.patch(server_uri=f"ldaps://127.0.0.1:{slapd.tls_port}")
        assert tested() == "ok"
        server.api("DELETE", "sources/ldap/mutual/", expect=204)
    finally:
        slapd.close()


def test_the_form_and_what_the_directory_shows(server, slapd, source):
    wait_for(source.idle, 60, "the first run")
    shown = server.get("sources/ldap/company/debug/")
    assert len(shown["user"]) == 10 and shown["user"][0]["attributes"]["objectClass"], shown
    assert shown["membership"][0]["attributes"]["member"] and len(shown["group"]) == 2
    assert "userPassword" not in shown["user"][0]["attributes"]
    assert "bind_password" not in source.row and SECRET not in str(server.get("sources/ldap/company/"))
    well = server.create("countersign/sources/ldap/company/test/", 200)["servers"]
    assert [one["status"] for one in well] == ["ok"]
    source.patch(bind_password="wrong")
    badly = server.create("countersign/sources/ldap/company/test/", 200)["servers"]
    assert "invalidCredentials" in badly[0]["status"], badly
    source.patch(bind_password=SECRET)
    for field, value in {
        "server_uri": "http://x", "base_dn": "nonsense", "user_object_filter": "(", "group_object_filter": "uid=x",
        "object_uniqueness_field": "a b", "user_property_mappings": [],
    }.items():
        body = {field: value} | ({"sync_users": True} if field == "user_property_mappings" else {})
        assert field in server.api("PATCH", "sources/ldap/company/", 400, json=body).json(), field
    second = {"name": "second", "slug": "second", "server_uri": "ldap://x", "base_dn": "dc=x"}
    refused = server.create("sources/ldap/", 400, **second)
    assert refused == {"sync_users_password": ["Only a single LDAP Source with password synchronization is allowed"]}
    # The address of a cloud's credentials is no directory.
    source.patch(server_uri="ldap://169.254.169.254", enabled=False)
    closed = server.create("countersign/sources/ldap/company/test/", 200)["servers"][0]
    assert "no application may be" in closed["status"], closed
