"""Data of every schema there ever was starts, complete, under this program; data of a newer one does not."""

import contextlib
import gzip
import pathlib
import shutil
import sqlite3
import subprocess
import time

import pytest
import requests

from kills import Killer, ask, rounds
from world import PROGRAM, TESTS, Person, Server, Shared, wait_for

# How the data was made: `tests/upgrade/README.md`.
SECRET_KEY = "Uq3vT8mZr5xK1nB7cWd9yHfL2jPs4gEa6RtQwXzVbNm0"
PASSPHRASE = "a long passphrase of the tests"
TOKEN = "token-of-the-upgrade-tests"
PASSWORD = "Throwaway-Pw-1"
SCHEMAS = sorted((TESTS / "upgrade").glob("schema-*"), key=lambda path: int(path.name.split("-")[1]))

pytestmark = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.name)


def former(**environment):
    """A server that continues with the former installation's key."""
    return Server(bootstrap=False, AUTHENTIK_SECRET_KEY=SECRET_KEY, COUNTERSIGN_BACKUP__PASSPHRASE=PASSPHRASE, **environment)


def everything_is_there(server):
    """What was made under the former program works: tokens, people, groups, passwords, an application with its secret."""
    get = lambda path, **query: server.api("GET", path, 200, token=TOKEN, params=query).json()
    people = get("core/users/", search="user1", page_size=100)["results"]
    assert {"user1", "user10", "user19"} <= {person["username"] for person in people}
    assert get("core/users/", search="ümlaut")["pagination"]["count"] >= 20 or get("core/users/", search="mlaut")["pagination"]["count"] == 20
    assert get("core/users/", username="user2")["results"][0]["groups_obj"][0]["name"] == "Managers"
    for name in ("user1", "user2@example.test"):
        person = Person(server, name, PASSWORD)
        person.run_flow("default-authentication-flow")
        assert person.me().json()["user"]["username"] == name.split("@")[0]
    answer = requests.post(
        f"{server.base}/application/o/token/",
        data={"grant_type": "client_credentials", "scope": "openid"},
        auth=("wiki", "wiki-secret-of-the-upgrade-tests"),
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    server.api("POST", "core/groups/", 201, token=TOKEN, json={"name": "Made later"})


@pytest.mark.skipif(bool(Shared.POSTGRES), reason="the embedded database has its own run")
def test_a_folder_is_taken_over(start, schema):
    server = former()
    laid_out(server, schema)
    start(server)
    everything_is_there(server)
    # A copy from before stands beside it, for the way back.
    number = schema.name.split("-")[1]
    copies = list(server.folder.glob("countersign.db.before-schema-*"))
    assert len(copies) == 1
    assert sqlite3.connect(copies[0]).execute("PRAGMA user_version").fetchone()[0] == int(number)


def laid_out(server, schema):
    """Puts the data of a former schema where a server finds it."""
    if not Shared.POSTGRES:
        (server.folder / "countersign.db").write_bytes(gzip.decompress((schema / "countersign.db.gz").read_bytes()))
        return
    host, port, _, user, password = Shared.POSTGRES.split(":")
    load = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "--host", host, "--port", port, "--username", user, server.database]
    text = gzip.decompress((schema / "postgres.sql.gz").read_bytes())
    subprocess.run(load, input=text, check=True, capture_output=True, env={"PGPASSWORD": password, "PATH": "/usr/bin:/bin"})


def test_a_number_of_a_former_account_is_not_given_again(start, schema):
    server = former()
    laid_out(server, schema)
    # The newest account is gone; what happened to it, and to one that left no row at all, is recorded.
    newest = int(ask(server, "SELECT MAX(id) FROM users"))
    change(server, f"DELETE FROM users WHERE id = {newest}")
    event = "INSERT INTO event (uuid, action, app, username, user_json, context, created, expires, brand) "
    zero = "'\\x00'" if Shared.POSTGRES else "x'00'"
    change(server, event + f"""VALUES ({zero}, 'login', 'x', 'leaver', '{{"pk":{newest + 500},"username":"leaver"}}', '{{}}', 9000000000000000, 9000000000000000, '{{}}')""")
    start(server)
    made = server.api("POST", "core/users/", 201, token=TOKEN, json={"username": "joiner", "name": "Joiner"}).json()
    # The next number is that of the account of the embedded outpost, which the start has made.
    assert made["pk"] == newest + 502


def change(server, statement):
    if Shared.POSTGRES:
        ask(server, statement)
    else:
        with contextlib.closing(sqlite3.connect(server.folder / "countersign.db")) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(statement)


def a_copy_is_whole(server, version):
    copy, = (path for path in server.folder.glob("countersign.db.before-schema-*") if path.suffix != ".unfinished")
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA user_version").fetchone() == (int(version),)


def test_killed_while_it_is_taken_over(start, schema):
    version = "SELECT version FROM schema_version WHERE id = 1" if Shared.POSTGRES else "PRAGMA user_version"
    former_version = schema.name.split("-")[1]
    server = former()
    laid_out(server, schema)
    # How long it takes to the end of the migration.
    begin = time.monotonic()
    server.spawn([PROGRAM, "serve"], server.environment)
    wait_for(lambda: any("Ready: open" in line for line in server.lines()), 30, "the server to be ready", pause=0.005)
    killer = Killer(20250403, ["serve"], None)
    killer.longest = time.monotonic() - begin
    server.kill()
    known = ask(server, version)
    server.close()

    server, between = former(), 0
    laid_out(server, schema)
    for _ in range(rounds()):
        killer.strike(environment=server.environment)
        found = ask(server, version)
        assert int(former_version) <= int(found) <= int(known), found
        # Half a step is never seen, and nobody is lost.
        assert ask(server, "SELECT COUNT(*) FROM users WHERE username LIKE 'user%'") == "20"
        if not Shared.POSTGRES and found != former_version:
            a_copy_is_whole(server, former_version)
        between += found != known
        if found == known:
            server.close()
            server = former()
            laid_out(server, schema)
    print(killer.has_struck(), f"{between} of them before the end of the migration")
    start(server)
    everything_is_there(server)


@pytest.mark.skipif(bool(Shared.POSTGRES), reason="the embedded database has its own run")
def test_data_of_a_newer_program_is_refused(schema):
    server = former()
    database = server.folder / "countersign.db"
    laid_out(server, schema)
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 9999")
    before = database.read_bytes()
    server.spawn([PROGRAM, "serve"], server.environment)
    assert server.child.wait(30) != 0
    assert "newer version" in "\n".join(server.lines())
    assert sqlite3.connect(database).execute("PRAGMA user_version").fetchone()[0] == 9999 and len(before) == database.stat().st_size
    server.close()


@pytest.mark.skipif(not Shared.POSTGRES, reason="no PostgreSQL in this run")
def test_a_postgresql_database_is_taken_over(start, schema):
    server = former()
    laid_out(server, schema)
    start(server)
    everything_is_there(server)


def test_a_backup_is_restored(start, schema):
    server = former()
    copy = pathlib.Path(server.folder) / "former.backup"
    shutil.copy(schema / "everything.backup", copy)
    outcome = subprocess.run([PROGRAM, "restore", copy], env=server.environment, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    start(server)
    everything_is_there(server)
