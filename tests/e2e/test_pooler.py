"""Two servers on one PostgreSQL behind PgBouncer in transaction mode: no session is anybody's own."""

import concurrent.futures
import os
import pathlib
import pwd
import shutil
import tempfile

import pytest
import requests

from test_replicas import SHARED, test_what_one_wrote_the_other_reads_at_once, test_writers_at_both_lose_nothing  # noqa: F401
from world import Person, Process, Server, Shared, free_port, wait_for


@pytest.fixture
def both(start):
    host, port, _, user, password = Shared.POSTGRES.split(":")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-pooler-"))
    listen = free_port()
    (folder / "users").write_text(f'"{user}" "{password}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {listen}\nunix_socket_dir =\n"
        f"auth_type = plain\nauth_file = {folder}/users\npool_mode = transaction\ndefault_pool_size = 6\nmax_client_conn = 200\n"
    )
    pooler = Process("pgbouncer")
    command = ["/usr/sbin/pgbouncer", str(folder / "pgbouncer.ini")]
    if os.getuid() == 0:
        # It refuses to run as root.
        account = pwd.getpwnam("postgres")
        for path in [folder, *folder.iterdir()]:
            os.chown(path, account.pw_uid, account.pw_gid)
        command[1:1] = ["-u", "postgres"]
    pooler.spawn(command, {})
    behind = {"AUTHENTIK_POSTGRESQL__PORT": str(listen), "AUTHENTIK_POSTGRESQL__USE_PGBOUNCER": "true"}
    first = Server(**behind)
    second = Server(**{key: value for key, value in first.environment.items() if key.startswith(SHARED)})
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield list(pool.map(start, (first, second)))
    for server in (first, second):
        server.stop()
    pooler.stop()
    pooler.log.unlink()
    shutil.rmtree(folder)


def test_people_sign_in(both):
    first, second = both
    app = first.application("wiki", scopes=("offline_access",))
    document = f"{second.base}/application/o/wiki/.well-known/openid-configuration"
    wait_for(lambda: requests.get(document, timeout=10).status_code == 200, 2, "the application at the other server")
    for number in range(10):
        first.user(f"person{number}")

    def sign_in(number):
        server = both[number % 2]
        person = Person(server, f"person{number}").sign_in()
        there = type(app)(server, "wiki", app.provider, app.application)
        tokens = there.redeem(person.code(there, scope="openid offline_access")).json()
        return there.refresh(tokens["refresh_token"]).status_code

    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        assert list(pool.map(sign_in, range(10))) == [200] * 10
