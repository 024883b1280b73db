"""Nobody can change the log of events unseen: its rows are changed in the file, behind the program's back."""

import contextlib
import sqlite3

from receivers import audit, fail_to_sign_in
from world import Person, wait_for


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
    for _ in range(3):
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
    server.stop()
    told = audit(server)[1]
    head = int(told.split("ends at ")[1].split(":")[0])

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
    assert audit(server)[0] == 0
