"""LDAP and RADIUS with what asks in the name of people: Linux logins by sssd and by pam_radius_auth, Apache's mod_authnz_ldap, and a
FreeRADIUS that passes requests on; set up by the lines that the page of the provider or the guide has."""

import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile

import pytest
import requests

from peers import Apache, guide
from test_ldap import Directory
from world import PASSWORD, Process, Server, free_port, wait_for

SECRET = "shared-secret-of-the-peers"


@pytest.fixture(scope="module")
def server():
    server = Server().start()
    for name in ("Staff", "Logins"):
        server.group(name)
    server.user("uma", ["Logins"])
    server.user("gus", ["Staff"])
    server.user("ldapservice", ["Logins"])
    yield server
    assert not server.panics()
    server.close()


@pytest.fixture(scope="module")
def directory(server):
    made = Directory(server)
    made.let_search("ldapservice")
    only_for_logins(server, made.application)
    return made


def only_for_logins(server, application):
    server.create("policies/bindings/", target=application["pk"], group=server.one("core/groups/", name="Logins")["pk"], order=0)


def snippet(server, directory, program):
    """The lines for a program on the provider's page."""
    found = server.get(f"countersign/providers/{directory.provider['pk']}/")["snippets"]
    text = next(one["text"] for one in found if one["label"].startswith(program))
    assert "PASSWORD" in text
    for port, own in ((3389, server.ldap_port), (6636, server.ldaps_port)):
        # OpenLDAP's library compares a certificate with the name of the machine, where an address says "localhost".
        text = text.replace(f"localhost:{port}", f"127.0.0.1:{own}")
    return text.replace("PASSWORD", PASSWORD)


class Machine(Process):
    """A Linux whose accounts or logins are elsewhere: some files and folders of this one are others for what runs in it."""

    def __init__(self, name):
        super().__init__(name)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"countersign-{name}-"))
        self.folder.chmod(0o755)
        self.own = {}

    def put(self, path, text=None):
        """Has a file, or an empty folder, in the place of that one."""
        here = self.folder / str(len(self.own))
        if text is None:
            here.mkdir(mode=0o755)
        else:
            here.write_text(text)
            here.chmod(0o600)
        self.own[path] = here
        return here

    def logs_in_by(self, module):
        """The service `countersign` of PAM."""
        account = "pam_permit.so" if module == "pam_radius_auth.so" else module
        services = self.put("/etc/pam.d")
        (services / "countersign").write_text(f"auth required {module}\naccount required {account}\n")
        (services / "other").write_text("auth required pam_deny.so\n")

    def serve(self, command):
        mounts = " && ".join(f"mount --bind {here} {path}" for path, here in self.own.items())
        self.spawn(["unshare", "--mount", "--propagation", "private", "sh", "-c", f"{mounts} && exec {command}"], {})
        # What mounts them becomes the program.
        now = pathlib.Path(f"/proc/{self.child.pid}/comm")
        wait_for(lambda: not self.is_alive() or now.read_text().strip() not in ("python", "unshare", "sh"), 30, self.name)

    def inside(self, *command, say=""):
        assert self.is_alive(), self.lines()[-20:]
        enter = ["nsenter", f"--target={self.child.pid}", "--mount", *command]
        return subprocess.run(enter, input=say, capture_output=True, text=True, timeout=60)

    def lets_in(self, name, password=PASSWORD):
        done = self.inside("pamtester", "countersign", name, "authenticate", "acct_mgmt", say=f"{password}\n")
        assert ("successfully authenticated" in done.stdout) == (done.returncode == 0), done
        return done.returncode == 0

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def machine(request):
    refused = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    if refused.returncode:
        pytest.skip(f"no folders can be mounted for one program here: {refused.stderr.strip()}")
    made = Machine(request.param)
    yield made
    made.close()


@pytest.mark.parametrize("machine", ["sssd", "nslcd"], indirect=True)
def test_people_log_in_at_a_linux(server, directory, machine):
    """Found by name and number with their groups, let in by their password, and no longer when they are not to be."""
    certificate = machine.folder / "server.pem"
    certificate.write_text(ssl.get_server_certificate(("127.0.0.1", server.ldaps_port)))
    certificate.chmod(0o644)
    settings = snippet(server, directory, machine.name)
    run = machine.put("/run")
    if machine.name == "sssd":
        own = machine.put("/etc/sssd") / "sssd.conf"
        own.write_text(f"{settings}ldap_tls_cacert = {certificate}\n")
        own.chmod(0o600)
        state = machine.put("/var/lib/sss")
        for name in ("db", "mc", "pipes/private", "pubconf/krb5.include.d"):
            (state / name).mkdir(parents=True)
        machine.put("/var/log/sssd")
        service, module, command = "sss", "pam_sss.so", "/usr/sbin/sssd -i --logger=stderr"
    else:
        machine.put("/etc/nslcd.conf", f"uid nslcd\ngid nslcd\n{settings}tls_cacertfile {certificate}\n")
        (run / "nslcd").mkdir()
        shutil.chown(run / "nslcd", "nslcd", "nslcd")
        service, module, command = "ldap", "pam_ldap.so", "/usr/sbin/nslcd -n"
    machine.put("/etc/nsswitch.conf", f"passwd: files {service}\ngroup: files {service}\n").chmod(0o644)
    machine.logs_in_by(module)
    machine.serve(command)

    # One's own account for each, since wrong passwords make it wait.
    ida = f"ida-{machine.name}"
    user = server.user(ida, ["Staff", "Logins"], name="Ida")
    known = lambda *what: machine.inside("getent", *what).stdout.strip()
    found = wait_for(lambda: known("passwd", ida), 60, "somebody to be found", 0.2)
    name, _, uid, gid, gecos, home, shell = found.split(":")
    assert (name, gecos, home, shell) == (ida, "Ida", f"/home/{ida}", "/bin/bash")
    connection = directory.connect("ldapservice")
    assert connection.bind() and connection.search(directory.base, f"(cn={ida})", attributes=["uidNumber", "gidNumber"])
    assert {int(uid), int(gid)} == set(connection.entries[0].entry_attributes_as_dict["uidNumber"])
    assert known("passwd", uid) == found and known("passwd", "nobody-here") == ""
    staff = known("group", "Staff").split(":")
    assert staff[0] == "Staff" and {ida, "gus"} <= set(staff[3].split(",")) and known("group", staff[2]) == ":".join(staff)
    # The group of one's own has a name, too.
    groups = machine.inside("id", "--name", "--groups", ida).stdout.split()
    assert groups[0] == ida and set(groups[1:]) == {"Staff", "Logins"}, groups

    assert machine.lets_in(ida) and not machine.lets_in(ida, "wrong") and not machine.lets_in("nobody-here")
    # Whom the application is not for is somebody there, too, but stays out.
    assert known("passwd", "gus").startswith("gus:") and not machine.lets_in("gus")
    server.patch(f"core/users/{user['pk']}/", is_active=False)
    assert not machine.lets_in(ida)
    server.patch(f"core/users/{user['pk']}/", is_active=True)
    assert machine.lets_in(ida)


def test_apache_asks_for_a_password_and_for_a_group(server, directory):
    server.user("ann", ["Staff", "Logins"])
    site = Apache("auth_basic ldap authnz_ldap")
    try:
        protection = snippet(server, directory, "Apache").replace("cn=GROUP,", "cn=Staff,")
        site.serve(f"<Location /private>\n{protection}\n</Location>")
        get = lambda *login: requests.get(f"{site.base}/private/", auth=login or None, timeout=20)
        assert get().status_code == 401 and get("ann", PASSWORD).text == "inside", site.errors()
        assert get("ann", "wrong").status_code == 401 and get("gus", PASSWORD).status_code == 401
        # Signed in, but not of the group; and nobody by a filter in the place of a name.
        assert get("uma", PASSWORD).status_code in (401, 403) and "inside" not in get("uma", PASSWORD).text
        assert get("*", PASSWORD).status_code == 401 and get("ida)(cn=*", PASSWORD).status_code == 401
    finally:
        site.close()


class FreeRadius(Process):
    """One with Debian's settings, but for where it listens, and the guide's proxy.conf."""

    def __init__(self, server):
        super().__init__("freeradius")
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-freeradius-"))
        settings = self.folder / "raddb"
        shutil.copytree("/etc/freeradius/3.0", settings, symlinks=True)
        here = {"192.0.2.10": "127.0.0.1", "port = 1812": f"port = {server.radius_port}", "the-shared-secret": SECRET}
        (settings / "proxy.conf").write_text(guide("radius", "Devices", here))
        for other in (settings / "sites-enabled").iterdir():
            other.unlink()
        site = (settings / "sites-available/default").read_text()
        # The first that listens is for sign-ins; the others are not asked for anything.
        site = site.replace("ipaddr = *", "ipaddr = 127.0.0.1").replace("ipv6addr = ::\t", "ipv6addr = ::1\t").replace("ipv6addr = ::\n", "ipv6addr = ::1\n")
        ports = iter([self.port, *(free_port() for _ in range(3))])
        site = re.sub(r"(?m)^(\s*port = )0$", lambda found: f"{found[1]}{next(ports)}", site)
        (settings / "sites-enabled/default").write_text(site)
        subprocess.run(["chown", "-R", "freerad:freerad", self.folder], check=True)
        self.spawn(["/usr/sbin/freeradius", "-X", "-d", str(settings)], {})
        wait_for(lambda: any("Ready to process requests" in line for line in self.lines()) or not self.is_alive(), 60, "FreeRADIUS")
        assert self.is_alive(), "\n".join(self.lines()[-12:])

    def ask(self, name, password=PASSWORD):
        attributes = f'User-Name="{name}",User-Password="{password}",Message-Authenticator=0x00\n'
        call = ["radclient", "-x", "-r", "1", "-t", "20", f"127.0.0.1:{self.port}", "auth", "testing123"]
        return subprocess.run(call, input=attributes, capture_output=True, text=True, timeout=60).stdout

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def radius(server):
    mapping = server.create(
        "propertymappings/provider/radius/", name="peers", expression='packet["Class"] = [group.name for group in user.ak_groups.all()]'
    )
    provider = server.create(
        "providers/radius/", name="radius", shared_secret=SECRET, client_networks="127.0.0.0/8", property_mappings=[mapping["pk"]],
        require_message_authenticator=True,
        authorization_flow=server.flow("default-authentication-flow"), invalidation_flow=server.flow("default-invalidation-flow"),
    )  # fmt: skip
    only_for_logins(server, server.create("core/applications/", name="Radius", slug="radius", provider=provider["pk"]))
    probe = ["radclient", "-r", "1", "-t", "1", f"127.0.0.1:{server.radius_port}", "status", SECRET]
    said = "Message-Authenticator=0x00\n"
    wait_for(lambda: subprocess.run(probe, input=said, capture_output=True, text=True).returncode == 0, 30, "RADIUS to be answered", 0.2)
    return provider


@pytest.mark.skipif(os.getuid() != 0, reason="the settings of Debian's FreeRADIUS are readable by root alone")
def test_a_freeradius_passes_requests_on(server, radius):
    server.user("fay", ["Staff", "Logins"])
    proxy = FreeRadius(server)
    try:
        said = proxy.ask("fay")
        assert "Access-Accept" in said and "Class" in said, f"{said} {proxy.lines()[-80:]}"
        assert {bytes.fromhex(value).decode() for value in re.findall(r"Class = 0x(\w+)", said)} == {"Staff", "Logins"}
        for name, password in (("fay", "wrong"), ("gus", PASSWORD), ("nobody-here", PASSWORD)):
            assert "Access-Reject" in proxy.ask(name, password), (name, proxy.lines()[-40:])
        # What goes on carries the proxy's own mark, which comes back.
        assert any("Proxy-State" in line for line in proxy.lines())
    finally:
        proxy.close()


@pytest.mark.parametrize("machine", ["radius"], indirect=True)
def test_people_log_in_by_pam_radius_auth(server, radius, machine):
    line = guide("radius", "Devices", {"192.0.2.10:1812": f"127.0.0.1:{server.radius_port}", "the-shared-secret": SECRET}, 1)
    machine.put("/etc/pam_radius_auth.conf", line)
    machine.logs_in_by("pam_radius_auth.so")
    machine.serve("sleep infinity")
    # That of Debian 12 sends no Message-Authenticator, as the guide says.
    server.patch(f"providers/radius/{radius['pk']}/", require_message_authenticator=False)
    server.user("pam", ["Logins"])
    assert machine.lets_in("pam") and not machine.lets_in("pam", "wrong") and not machine.lets_in("gus") and not machine.lets_in("nobody-here")
