"""A PostgreSQL and a Redis of one test's own, to be stopped, paused and spoilt."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from world import free_port, wait_for

PASSWORD = "password-of-the-faults"


def programs():
    versions = sorted(int(path.name) for path in pathlib.Path("/usr/lib/postgresql").iterdir() if path.name.isdigit())
    return pathlib.Path(f"/usr/lib/postgresql/{versions[-1]}/bin")


class Service:
    """A program with its children, which a pause holds all."""

    child = None

    def spawn(self, arguments, **options):
        with (self.folder / "log").open("ab") as log:
            self.child = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **options)

    def send(self, number):
        # Children of PostgreSQL lead sessions of their own, and end with their parent.
        children = subprocess.run(["pgrep", "-P", str(self.child.pid)], capture_output=True, text=True).stdout.split()
        for pid in [self.child.pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def pause(self):
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def kill(self):
        """As if the power went."""
        self.send(signal.SIGKILL)
        self.child.wait()

    def stop(self):
        if self.child and self.child.poll() is None:
            self.resume()
            self.child.send_signal(signal.SIGINT)
            self.child.wait(20)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Authority:
    """Signs certificates of servers and clients."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.root, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.make("req", "-x509", "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.root)

    def make(self, *arguments):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        subprocess.run(["openssl", *arguments, *key], check=True, capture_output=True)

    def sign(self, subject, names):
        """Files of a certificate for these names, as `DNS:localhost`, and of its key."""
        certificate, key = self.folder / f"{self.name}-{subject}.pem", self.folder / f"{self.name}-{subject}.key"
        extensions = ["-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE"]
        signed = ["-CA", self.root, "-CAkey", self.key, "-subj", f"/CN={subject}", "-keyout", key, "-out", certificate]
        self.make("req", "-x509", *extensions, *signed)
        return certificate, key


class Postgres(Service):
    options = ()

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-postgres-"))
        self.port = free_port()
        # It refuses to run as root.
        self.account = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        self.make()

    def make(self):
        (self.folder / "password").write_text(PASSWORD)
        make = [programs() / "initdb", "--no-sync", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-U", "suite"]
        make += ["--pwfile", self.folder / "password", "-D", self.folder / "data"]
        subprocess.run(make, check=True, capture_output=True, **self.as_account())

    def as_account(self):
        options = {"cwd": self.folder}
        if self.account:
            options |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return options

    def encrypt(self, certificate, key, authority, rules=""):
        """Has TLS from the next start on; `rules` come first in the list of who may connect."""
        for name, file in (("server.pem", certificate), ("server.key", key), ("clients.pem", authority)):
            copy = self.folder / "data" / name
            copy.unlink(missing_ok=True)
            shutil.copyfile(file, copy)
            copy.chmod(0o600)
            if self.account:
                os.chown(copy, self.account.pw_uid, self.account.pw_gid)
        (self.folder / "data/postgresql.auto.conf").write_text(
            "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\nssl_ca_file = 'clients.pem'\n"
        )
        (self.folder / "data/pg_hba.conf").write_text(rules + "host all all 127.0.0.1/32 scram-sha-256\n")

    def start(self):
        arguments = [programs() / "postgres", "-D", self.folder / "data", "-h", "127.0.0.1", "-p", str(self.port)]
        self.spawn(arguments + ["-c", f"unix_socket_directories={self.folder}", *self.options], **self.as_account())
        ready = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_for(lambda: subprocess.run(ready).returncode == 0, 30, "PostgreSQL")
        return self

    def sql(self, text, database="postgres"):
        arguments = ["psql", "-v", "ON_ERROR_STOP=1", "-At", "-h", "127.0.0.1", "-p", str(self.port), "-U", "suite", "-d", database]
        outcome = subprocess.run(arguments, input=text, env=os.environ | {"PGPASSWORD": PASSWORD}, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    def settings(self):
        """Settings of a server on this database."""
        found = {"HOST": "127.0.0.1", "PORT": str(self.port), "NAME": "postgres", "USER": "suite", "PASSWORD": PASSWORD}
        return {f"AUTHENTIK_POSTGRESQL__{key}": value for key, value in found.items()} | {"AUTHENTIK_SECRET_KEY": "k" * 60}


class Replica(Postgres):
    """A copy that follows a running PostgreSQL, and logs what it is asked."""

    options = ("-c", "log_statement=all", "-c", "fsync=off")

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def make(self):
        copy = [programs() / "pg_basebackup", "-h", "127.0.0.1", "-p", str(self.primary.port), "-U", "suite"]
        copy += ["-D", self.folder / "data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        login = {"env": os.environ | {"PGPASSWORD": PASSWORD}}
        subprocess.run(copy, check=True, capture_output=True, **self.as_account(), **login)

    def asked(self, words):
        """How many statements with these words have come."""
        return (self.folder / "log").read_text(errors="replace").count(words)


class Redis(Service):
    def __init__(self, *options, password=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-redis-"))
        self.port = free_port()
        self.options = options
        self.password = password

    def start(self):
        arguments = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        if self.password:
            arguments += ["--requirepass", self.password, "--masterauth", self.password]
        self.spawn(arguments + list(self.options))
        return self.answering()

    def answering(self):
        wait_for(lambda: self.cli("ping") == "PONG", 10, "Redis")
        return self

    def cli(self, *words):
        login = {"REDISCLI_AUTH": self.password} if self.password else {}
        arguments = ["redis-cli", "-p", str(self.port), *words]
        return subprocess.run(arguments, capture_output=True, text=True, env=os.environ | login).stdout.strip()

    def settings(self):
        return {"AUTHENTIK_REDIS__HOST": "127.0.0.1", "AUTHENTIK_REDIS__PORT": str(self.port)}


class Sentinel(Redis):
    """Watches a master under the name `main`, with a quorum of two."""

    def __init__(self, master, password):
        super().__init__(password=password)
        self.master = master

    def start(self):
        file = self.folder / "sentinel.conf"
        file.write_text(
            f"bind 127.0.0.1\nport {self.port}\ndir {self.folder}\nrequirepass {self.password}\n"
            f"sentinel monitor main 127.0.0.1 {self.master.port} 2\nsentinel auth-pass main {self.master.password}\n"
            "sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n"
        )
        self.spawn(["redis-server", str(file), "--sentinel"])
        return self.answering()


def patiently(check, patience=5.0):
    """How long it takes until something works again. Where more wants to run than there are processors, everything takes
    as many times as long."""
    crowded = max(1.0, os.getloadavg()[0] / os.cpu_count())
    begin = time.monotonic()
    wait_for(check, patience * crowded, "recovery")
    return time.monotonic() - begin
