"""Nobody can change the log of events unseen: its rows are changed in the file, behind the program's back."""

import contextlib
import json
import sqlite3
import subprocess

import pytest

from receivers import audit, fail_to_sign_in
from world import PROGRAM, Person, Server, Shared, wait_for


@contextlib.contextmanager
def behind_its_back(server):
    """The file of a stopped server's database, put back as it was afterwards."""
    path = server.folder / "countersign.db"
    kept = path.read_bytes()
    connection = sqlite3.connect(path)
    yield connection
    connection.commit()
    connection.close()
    status, told = audit(server)
    behind_its_back.told = told
    assert status == 1, told
    for leftover in server.folder.glob("countersign.db-*"):
        leftover.unlink()
    path.write_bytes(kept)


def found(word):
    assert word in behind_its_back.told, behind_its_back.told


def test_changed_removed_and_reordered_events_are_found_and_named(server):
    server.user("uma")
    for _ in range(2):
        fail_to_sign_in(server)
    Person(server, "uma").sign_in()

    def sealed():
        status, told = audit(server)
        return status == 0 and " 0 wait to be sealed" in told and told

    told = wait_for(sealed, what="the events to be sealed", pause=0.3)
    witness = told.split("ends at ")[1].split()[0]
    assert audit(server, "--witness", witness)[0] == 0
    status, words = audit(server, "--witness", "3:" + 64 * "0")
    assert status == 1 and "differs from place 3" in words, words
    # An account is deleted: its events go by right, and the rest can still be verified.
    before = int(told.split()[0])
    doomed = server.user("doomed")
    fail_to_sign_in(server, "doomed")
    wait_for(sealed, what="the events to be sealed", pause=0.3)
    server.api("DELETE", f"core/users/{doomed['pk']}/", 204)
    wait_for(lambda: not server.get("events/events/", username="doomed")["results"], what="the events to go")
    told = wait_for(sealed, what="the events to be sealed", pause=0.3)
    # The wrong password, and the one that was set.
    assert " 2 were removed by right" in told and int(told.split()[0]) > before, told
    # What others' events said of it is emptied; who did it, and that it happened, stays.
    events = lambda: server.get("events/events/", page_size=100)["results"]
    wait_for(lambda: "doomed" not in json.dumps(events()), what="what is said of the account to go")
    left = [e for e in events() if e["context"].get("message") == "What this said of a deleted account was removed."]
    assert {"model_created", "model_deleted"} <= {e["action"] for e in left} and left[0]["user"]["username"] == "akadmin"
    assert wait_for(sealed, what="the events to be sealed", pause=0.3)
    server.stop()
    told = audit(server)[1]
    head = int(told.split("ends at ")[1].split(":")[0])

    for change in ("context = '{}'", "code = randomblob(32)", "chain = randomblob(32)"):
        with behind_its_back(server) as rows:
            emptied = rows.execute("SELECT MIN(seq) FROM event_checkpoint WHERE reason = 'emptied'").fetchone()[0]
            rows.execute(f"UPDATE event SET {change} WHERE seq = {emptied}")
        found(f"event {emptied} (")
    with behind_its_back(server) as rows:
        rows.execute("UPDATE event SET client_ip = '10.0.0.9' WHERE seq = 3")
    found("event 3 (")
    with behind_its_back(server) as rows:
        rows.execute("UPDATE event SET chain = randomblob(32) WHERE seq = 3")
    found("event 3 (")
    with behind_its_back(server) as rows:
        rows.execute("DELETE FROM event WHERE seq = 4")
    found("event 4 was removed")
    with behind_its_back(server) as rows:
        rows.execute("DELETE FROM event WHERE seq BETWEEN 1 AND 2")
    found("events 1 to 2 were removed")
    with behind_its_back(server) as rows:
        rows.execute("DELETE FROM event WHERE seq = ?", [head])
    found(f"event {head} was removed")
    with behind_its_back(server) as rows:
        rows.execute("UPDATE event SET seq = -1 WHERE seq = 2")
        rows.execute("UPDATE event SET seq = 2 WHERE seq = 3")
        rows.execute("UPDATE event SET seq = 3 WHERE seq = -1")
    found("event 2 (")
    found("event 3 (")
    # Who covers a removal by moving the end, or by a mark of one's own, is found too.
    with behind_its_back(server) as rows:
        rows.execute("DELETE FROM event WHERE seq = ?", [head])
        (last, code), = rows.execute("SELECT seq, chain FROM event ORDER BY seq DESC LIMIT 1")
        rows.execute("UPDATE event_checkpoint SET seq = ?, chain = ? WHERE reason = 'head'", [last, code])
    found("was not signed")
    with behind_its_back(server) as rows:
        rows.execute("DELETE FROM event_checkpoint WHERE reason = 'head'")
    found("end was removed")
    with behind_its_back(server) as rows:
        rows.execute("INSERT INTO event_checkpoint SELECT 'erasure', seq, chain, 0, randomblob(32) FROM event WHERE seq = 4")
        rows.execute("DELETE FROM event WHERE seq = 4")
    found("was not signed")
    # A row that the program did not write is named while it waits, and once it is sealed (see below).
    with behind_its_back(server) as rows:
        forge(rows)
    found("was not written by this program")
    # A log emptied with its marks, cut with its marks, or put back to an earlier state leaves too few.
    with behind_its_back(server) as rows:
        rows.execute("DELETE FROM event")
        rows.execute("DELETE FROM event_checkpoint")
    found(f"{head} events were sealed, and the chain ends at 0")
    with behind_its_back(server) as rows:
        rows.execute("DELETE FROM fact WHERE name = 'event count'")
    found("signed count of events is missing")
    with behind_its_back(server) as rows:
        rows.execute("UPDATE fact SET value = replace(value, ?, ?) WHERE name = 'event count'", [f'"seq":{head}', '"seq":0'])
    found("signed count of events is missing")
    assert audit(server)[0] == 0


def forge(rows):
    """A sign-in that never was, put into the table as one that waits to be sealed."""
    columns = [column for _, column, *_ in rows.execute("PRAGMA table_info(event)")]
    copied = [column if column not in ("uuid", "action", "seq", "chain", "code") else {"uuid": "randomblob(16)", "action": "'login'"}.get(column, "NULL") for column in columns]
    rows.execute(f"INSERT INTO event ({', '.join(columns)}) SELECT {', '.join(copied)} FROM event LIMIT 1")


@pytest.mark.skipif(bool(Shared.POSTGRES), reason="the file of the embedded database is changed")
def test_a_forged_event_stays_forged_after_it_is_sealed_and_a_lost_count_stays_lost(server):
    server.user("uma")
    fail_to_sign_in(server)
    server.stop()
    with contextlib.closing(sqlite3.connect(server.folder / "countersign.db")) as rows, rows:
        forge(rows)
    server.start()
    told = wait_for(lambda: " 0 wait to be sealed" in audit(server)[1] and audit(server), what="the events to be sealed", pause=0.3)
    assert told[0] == 1 and "(login of" in told[1] and "was not written by this program" in told[1], told
    server.stop()
    with contextlib.closing(sqlite3.connect(server.folder / "countersign.db")) as rows, rows:
        for table in ("event", "event_checkpoint"):
            rows.execute(f"DELETE FROM {table}")
        rows.execute("DELETE FROM fact WHERE name = 'event count'")
    server.start()
    event = wait_for(lambda: server.get("events/events/", action="suspicious_request")["results"], what="the event")[0]
    assert "signed count of events was missing" in event["context"]["message"] and event["actor"]["type"] == "system"
    status, told = audit(server)
    assert status == 1 and "was missing when the server started" in told, told


def test_a_restored_backup_still_verifies(start, server, tmp_path):
    server.user("uma")
    fail_to_sign_in(server)
    wait_for(lambda: audit(server)[0] == 0 and " 0 wait to be sealed" in audit(server)[1], what="the events to be sealed", pause=0.3)
    settings = {"COUNTERSIGN_BACKUP__PASSPHRASE": "a long passphrase of the test"}
    run = lambda at, *arguments: subprocess.run([PROGRAM, *arguments], env=at.environment | settings, capture_output=True, text=True, timeout=120)
    made = run(server, "backup", str(tmp_path / "all.backup"))
    assert made.returncode == 0, made.stderr
    ends = audit(server)[1].split("ends at ")[1].split()[0]
    key = {name: value for name, value in server.environment.items() if name.endswith("_SECRET_KEY")}
    other = Server(bootstrap=False, **key)
    restored = run(other, "restore", str(tmp_path / "all.backup"))
    assert restored.returncode == 0, restored.stderr
    start(other)
    status, told = audit(other, "--witness", ends)
    assert status == 0, told
