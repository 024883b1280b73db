"""Read replicas of PostgreSQL: they answer lists, they never answer with less than was written, and nobody misses them."""

import subprocess
import time

import pytest

from services import Postgres, Redis, Replica
from world import PASSWORD, PROGRAM, Person, Server, free_port, wait_for


@pytest.fixture(scope="module")
def pair():
    """A PostgreSQL and a copy that follows it."""
    postgres = Postgres().start()
    replica = Replica(postgres).start()
    yield postgres, replica
    replica.close()
    postgres.close()


@pytest.fixture
def settings(pair):
    """Of a server on a new database."""
    name = f"replicated_{free_port()}"
    pair[0].sql(f"CREATE DATABASE {name}")
    return pair[0].settings() | {"AUTHENTIK_POSTGRESQL__NAME": name}


@pytest.fixture
def replica(pair):
    """Running again after each test, whatever was done to it."""
    yield pair[1]
    pair[1].resume()
    if pair[1].child.poll() is not None:
        pair[1].start()
    pair[1].sql("SELECT pg_wal_replay_resume()")


@pytest.fixture
def redis():
    service = Redis().start()
    yield service
    service.close()


def following(*replicas):
    """The settings of a server that has these replicas."""
    names = enumerate(replicas)
    return {f"AUTHENTIK_POSTGRESQL__READ_REPLICAS__{number}__PORT": str(replica.port) for number, replica in names}


@pytest.fixture
def server(start, settings, replica):
    return start(Server(**settings, **following(replica)))


def names(server):
    return {group["name"] for group in server.get("core/groups/", page_size=1000)["results"]}


def lists_seen(replica):
    """Lists of groups that the replica was asked for."""
    return replica.asked("FROM user_group")


def is_told(server, words):
    return any(words in line for line in server.lines())


def used_again(server, replica):
    """Asks for lists until the replica answers them."""
    before = lists_seen(replica)
    wait_for(lambda: names(server) and lists_seen(replica) > before, 25, "the replica to be used again", pause=0.5)


def test_lists_come_from_the_replica_and_have_every_write(server, replica):
    for number in range(30):
        server.group(f"G{number}")
        assert f"G{number}" in names(server)
    # On a busy machine it may be behind now and then, and rest.
    used_again(server, replica)
    alice = server.user("alice")
    person = Person(server, "alice").sign_in()
    assert person.me().status_code == 200
    server.patch(f"core/users/{alice['pk']}/", is_active=False)
    assert person.me().status_code == 403
    for decided in ("FROM session", "password", "FROM access_token", "INSERT", "UPDATE"):
        assert not replica.asked(decided), f"the replica was asked for {decided}"


def test_what_another_server_wrote_is_in_the_next_list(start, settings, redis, replica):
    both = settings | redis.settings()
    writer = start(Server(**both))
    reader = start(Server(**both, **following(replica)))
    for number in range(30):
        writer.group(f"G{number}")
        assert f"G{number}" in names(reader)
    used_again(reader, replica)


def test_a_replica_that_is_behind_is_not_asked(server, replica):
    used_again(server, replica)
    replica.sql("SELECT pg_wal_replay_pause()")
    before = lists_seen(replica)
    server.group("Unknown to the replica")
    count = "SELECT COUNT(*) FROM user_group WHERE name = 'Unknown to the replica'"
    assert replica.sql(count, server.environment["AUTHENTIK_POSTGRESQL__NAME"]).strip() == "0"
    assert "Unknown to the replica" in names(server)
    assert is_told(server, "it is behind")
    # What the test itself asked counts too.
    assert lists_seen(replica) == before + 1
    replica.sql("SELECT pg_wal_replay_resume()")
    used_again(server, replica)
    assert is_told(server, "is used again")


def test_a_replica_that_is_away_is_not_missed(server, replica):
    used_again(server, replica)
    replica.stop()
    for number in range(10):
        server.group(f"Stopped{number}")
        assert f"Stopped{number}" in names(server)
    replica.start()
    used_again(server, replica)
    replica.kill()
    (replica.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    assert "Stopped9" in names(server)
    replica.start()
    used_again(server, replica)


def test_a_replica_that_says_nothing_holds_nobody_up_for_long(server, replica):
    used_again(server, replica)
    replica.pause()
    server.group("Said in silence")
    begin = time.monotonic()
    assert "Said in silence" in names(server)
    first = time.monotonic() - begin
    assert "Said in silence" in names(server)
    assert first < 6, f"the first list took {first:.1f} s"
    assert is_told(server, "it does not answer")
    replica.resume()
    used_again(server, replica)


def test_what_is_no_replica_is_not_asked(start, pair, settings):
    """A copy that was made a database of its own has other contents."""
    copy = Replica(pair[0]).start()
    try:
        copy.sql("SELECT pg_promote()")
        server = start(Server(**settings, **following(copy)))
        server.group("Only in the database")
        assert "Only in the database" in names(server)
        assert is_told(server, "no replica")
        assert not lists_seen(copy)
    finally:
        copy.close()


def test_the_doctor_looks_at_replicas(server, replica):
    def doctor():
        outcome = subprocess.run([PROGRAM, "doctor"], env=server.environment, capture_output=True, text=True)
        return outcome.returncode, outcome.stdout

    name = f"read replica: 127.0.0.1:{replica.port}"
    wait_for(lambda: f"ok     {name}" in doctor()[1], 20, "the replica to have everything")
    replica.stop()
    status, told = doctor()
    assert status == 1 and f"look   {name} is not asked" in told, told


def test_the_start_does_not_wait_for_a_replica(start, settings):
    gone = {"AUTHENTIK_POSTGRESQL__READ_REPLICAS__0__HOST": "127.0.0.1", "AUTHENTIK_POSTGRESQL__READ_REPLICAS__0__PORT": "1"}
    server = start(Server(**settings, **gone))
    server.group("G")
    assert "G" in names(server)
    Person(server, password=PASSWORD).sign_in()
