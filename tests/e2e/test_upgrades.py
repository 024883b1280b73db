"""Data of every schema there ever was starts, complete, under this program; data of a newer one does not."""

import gzip
import pathlib
import shutil
import sqlite3
import subprocess

import pytest
import requests

from world import PROGRAM, TESTS, Person, Server, Shared

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
    database = server.folder / "countersign.db"
    database.write_bytes(gzip.decompress((schema / "countersign.db.gz").read_bytes()))
    start(server)
    everything_is_there(server)
    # A copy from before stands beside it, for the way back.
    number = schema.name.split("-")[1]
    copies = list(server.folder.glob("countersign.db.before-schema-*"))
    assert len(copies) == 1
    assert sqlite3.connect(copies[0]).execute("PRAGMA user_version").fetchone()[0] == int(number)


@pytest.mark.skipif(bool(Shared.POSTGRES), reason="the embedded database has its own run")
def test_killed_while_it_is_taken_over(start, schema):
    for number in range(12):
        server = former()
        database = server.folder / "countersign.db"
        database.write_bytes(gzip.decompress((schema / "countersign.db.gz").read_bytes()))
        server.spawn([PROGRAM, "serve"], server.environment)
        try:
            server.child.wait(0.004 * number)
        except subprocess.TimeoutExpired:
            server.kill()
        if number < 11:
            # It starts again wherever it stopped; the last one proves what is inside.
            server.start()
            server.close()
        else:
            start(server)
            everything_is_there(server)


@pytest.mark.skipif(bool(Shared.POSTGRES), reason="the embedded database has its own run")
def test_data_of_a_newer_program_is_refused(schema):
    server = former()
    database = server.folder / "countersign.db"
    database.write_bytes(gzip.decompress((schema / "countersign.db.gz").read_bytes()))
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
    host, port, _, user, password = Shared.POSTGRES.split(":")
    load = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "--host", host, "--port", port, "--username", user, server.database]
    text = gzip.decompress((schema / "postgres.sql.gz").read_bytes())
    subprocess.run(load, input=text, check=True, capture_output=True, env={"PGPASSWORD": password, "PATH": "/usr/bin:/bin"})
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
