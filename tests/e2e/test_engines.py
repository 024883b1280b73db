"""PostgreSQL and Redis as they are in production: encrypted, certificates checked, watched by sentinels, in a cluster."""

import concurrent.futures
import contextlib
import subprocess

import pytest

from services import Authority, Postgres, Redis, Sentinel, patiently
from world import PROGRAM, Person, Server, free_port, wait_for


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "ours")


@pytest.fixture
def stranger(tmp_path):
    return Authority(tmp_path, "foreign")


@pytest.fixture
def begun():
    """Starts services, all at once, and ends them."""
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(6) as pool:

        def begin(*services):
            for service in services:
                stack.callback(service.close)
            return list(pool.map(lambda service: service.start(), services))

        yield begin


def refused(server, **settings):
    """What a server says that stops by itself."""
    outcome = subprocess.run([PROGRAM, "serve"], env=server.environment | settings, capture_output=True, text=True, timeout=20)
    assert outcome.returncode != 0
    return outcome.stdout + outcome.stderr


def keeps_trying(server, settings, text):
    """A server that says something and is not let in."""
    server.stop()
    before = len(server.lines())
    server.spawn([PROGRAM, "serve"], server.environment | settings)
    wait_for(lambda: any(text in line for line in server.lines()[before:]), 10, text)


# -- PostgreSQL -----------------------------------------------------------------------------------


def tls(mode, root=None, host="localhost"):
    return {
        "AUTHENTIK_POSTGRESQL__SSLMODE": mode,
        "AUTHENTIK_POSTGRESQL__SSLROOTCERT": str(root or ""),
        "AUTHENTIK_POSTGRESQL__HOST": host,
    }


class Connected:
    """A server that is started with one setting after the other."""

    def __init__(self, start, postgres):
        self.postgres = postgres
        self.server = start(Server(**postgres.settings()))

    def encrypted(self, **settings):
        """Whether its connections are, with these settings."""
        before = dict(self.server.environment)
        self.server.environment |= settings
        self.server.restart()
        said = self.postgres.sql(
            "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'countersign'"
        )
        self.server.environment = before
        return {"t\n": True, "f\n": False}[said]


def test_postgresql_is_checked_as_the_mode_says(start, begun, authority, stranger):
    postgres = Postgres()
    postgres.encrypt(*authority.sign("server", "DNS:localhost"), authority.root)
    begun(postgres)
    connected = Connected(start, postgres)
    # The certificate bears the name localhost, and not the address.
    assert connected.encrypted(**tls("verify-full", authority.root)) is True
    assert connected.encrypted(**tls("", authority.root)) is True
    assert connected.encrypted(**tls("verify-ca", authority.root, "127.0.0.1")) is True
    assert connected.encrypted(**tls("require", host="127.0.0.1")) is True
    assert connected.encrypted(**tls("prefer")) is True
    assert connected.encrypted(**tls("disable")) is False
    server = connected.server
    server.stop()
    assert "not valid for name" in refused(server, **tls("verify-full", authority.root, "127.0.0.1"))
    for mode in ("verify-full", "verify-ca", "require"):
        # With a root certificate, require asks it too.
        assert "UnknownIssuer" in refused(server, **tls(mode, stranger.root))
    assert "UnknownIssuer" in refused(server, **tls("verify-full", "system"))
    assert "no certificate" in refused(server, **tls("verify-full"))
    assert "nowhere.pem" in refused(server, **tls("verify-full", "/nowhere.pem"))
    assert "one of disable, allow, prefer" in refused(server, **tls("sometimes"))


def test_postgresql_without_tls(start, begun, authority):
    (postgres,) = begun(Postgres())
    connected = Connected(start, postgres)
    assert connected.encrypted(**tls("prefer")) is False
    assert connected.encrypted(**tls("allow")) is False
    connected.server.stop()
    for mode, root in (("require", None), ("verify-full", authority.root)):
        assert "server does not support TLS" in refused(connected.server, **tls(mode, root))


def test_postgresql_asks_for_a_certificate(start, begun, authority, stranger):
    postgres = Postgres()
    # The name in the certificate is that of the account.
    rules = "hostssl all suite 127.0.0.1/32 scram-sha-256 clientcert=verify-full\nhostnossl all all 127.0.0.1/32 reject\n"
    postgres.encrypt(*authority.sign("server", "DNS:localhost"), authority.root, rules)
    begun(postgres)

    def shown(certificate, key):
        return {"AUTHENTIK_POSTGRESQL__SSLCERT": str(certificate), "AUTHENTIK_POSTGRESQL__SSLKEY": str(key)}

    mine = shown(*authority.sign("suite", "DNS:suite"))
    server = start(Server(**postgres.settings() | tls("verify-full", authority.root) | mine))
    assert server.get("core/users/")["pagination"]["count"] > 0
    server.environment |= tls("allow")
    server.restart()
    server.stop()
    assert "postgresql.sslkey" in refused(server, AUTHENTIK_POSTGRESQL__SSLKEY="")
    for settings in (shown("", ""), shown(*stranger.sign("suite", "DNS:suite")), shown(*authority.sign("eve", "DNS:eve"))):
        keeps_trying(server, tls("require") | settings, "Trying again")


# -- Redis ----------------------------------------------------------------------------------------


def sign_in(server):
    """Sign-ins in progress and counters are in Redis: whether one comes to its end."""
    try:
        return Person(server).sign_in()
    except AssertionError:
        return None


def redis(**settings):
    """Nothing but these; the run may have named a Redis of its own."""
    found = {"HOST": "", "PORT": 6379, "DB": 0} | settings
    return {f"AUTHENTIK_REDIS__{name}": str(value) for name, value in found.items()}


def test_redis_is_checked(start, begun, authority, stranger):
    certificate, key = authority.sign("redis", "DNS:localhost")
    encrypted = free_port()
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"]
    (service,) = begun(Redis("--tls-port", str(encrypted), *files))

    def tls(root="", host="localhost", **more):
        return redis(HOST=host, PORT=encrypted, TLS="true", TLS_CA_CERT=root, **more)

    server = start(Server(**tls(authority.root)))
    assert sign_in(server)
    assert f"laddr=127.0.0.1:{encrypted}" in service.cli("client", "list")
    # Nobody asked for a check, as in the original; the log says what that means.
    for unchecked in (tls(host="127.0.0.1"), tls(stranger.root, TLS_REQS="none")):
        before = server.environment
        server.environment = before | unchecked
        server.restart()
        assert sign_in(server)
        server.environment = before
    assert any("nobody checks whom it goes to" in line for line in server.lines())
    for settings in (tls(stranger.root), tls(TLS_REQS="required"), tls(authority.root, "127.0.0.1")):
        keeps_trying(server, settings, "invalid peer certificate")


# Sentinels look at a server every 10 s, and let a returned master be one for 8 s before they demote it; whenever a busy
# machine holds one up for two seconds, it does nothing for the next 30 ("TILT mode" in their documentation). This bounds other programs only: how long ours takes is asked of `patiently`.
SETTLING = 240


def test_a_redis_that_sentinels_watch(start, begun):
    (first,) = begun(Redis(password="redis-secret"))
    second = Redis("--replicaof", "127.0.0.1", str(first.port), password="redis-secret")
    _, *sentinels = begun(second, *[Sentinel(first, "sentinel-secret") for _ in range(3)])
    watcher = sentinels[0]
    wait_for(lambda: watcher.cli("sentinel", "ckquorum", "main").startswith("OK 3"), SETTLING, "the sentinels to know each other")
    wait_for(lambda: "flags\nslave" in watcher.cli("sentinel", "replicas", "main"), SETTLING, "the sentinels to know the replica")
    hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in sentinels)
    named = {"SENTINEL__MASTER": "main", "SENTINEL__HOSTS": hosts, "SENTINEL__PASSWORD": "sentinel-secret"}
    server = start(Server(**redis(PASSWORD="redis-secret", DB=2, **named)))
    process = server.child.pid
    assert sign_in(server) and "db2" in first.cli("info", "keyspace")

    first.kill()
    wait_for(lambda: second.cli("role").startswith("master"), SETTLING, "the replica to be made master")
    patiently(lambda: sign_in(server))
    # The former master comes back, is told to follow, and is made master again, with a sentinel less.
    first.start()
    wait_for(lambda: first.cli("role").startswith("slave"), SETTLING, "the former master to follow")
    watcher.kill()
    wait_for(lambda: sentinels[1].cli("sentinel", "failover", "main") == "OK", SETTLING, "a fail-over on demand")
    wait_for(lambda: first.cli("role").startswith("master"), SETTLING, "the fail-over")
    patiently(lambda: sign_in(server), 10)
    assert server.child.pid == process and server.is_alive()


def test_a_cluster_of_redis(start, begun):
    def node():
        return Redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--cluster-node-timeout", "1000")

    nodes = begun(*[node() for _ in range(4)])
    masters, spare = nodes[:3], nodes[3]
    where = [f"127.0.0.1:{service.port}" for service in nodes]
    manage = ["redis-cli", "--cluster"]
    subprocess.run([*manage, "create", *where[:3], "--cluster-yes"], check=True, capture_output=True)
    settled = ["cluster_state:ok", "cluster_known_nodes:3"]
    for service in masters:
        wait_for(lambda: all(word in service.cli("cluster", "info") for word in settled), SETTLING, "the cluster")
    follow = ["--cluster-slave", "--cluster-master-id", masters[0].cli("cluster", "myid")]
    subprocess.run([*manage, "add-node", where[3], where[0], *follow], check=True, capture_output=True)
    wait_for(lambda: "master_link_status:up" in spare.cli("info", "replication"), SETTLING, "the replica")

    # Two nodes are named; the rest is found.
    server = start(Server(**redis(CLUSTER=",".join(where[1:3]))))
    process = server.child.pid
    # Names of keys are random: each node gets some sooner or later.
    wait_for(lambda: sign_in(server) and all(service.cli("dbsize") != "0" for service in masters))
    masters[0].kill()
    wait_for(lambda: spare.cli("role").startswith("master"), SETTLING, "the replica to take over")
    wait_for(lambda: "cluster_state:ok" in spare.cli("cluster", "info"), SETTLING, "the cluster to work again")
    patiently(lambda: all(sign_in(server) for _ in range(4)), 10)
    assert server.child.pid == process and server.is_alive()
