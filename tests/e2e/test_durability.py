"""Killed at random points under parallel writes, the server loses nothing it has acknowledged."""

import random
import subprocess
import threading
import time

import pytest
import requests

from kills import Killer, ask, rounds
from world import PROGRAM, TOKEN, Server, Shared

ROUNDS = rounds()
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


class Writer(threading.Thread):
    """Writes one kind of thing as fast as it can until the server is gone; remembers what was acknowledged."""

    def __init__(self, server, name, write):
        super().__init__(daemon=True)
        self.base, self.label, self.write = server.base + "/api/v3/", name, write
        self.acknowledged, self.refused = [], []

    def run(self):
        session = requests.Session()
        session.headers.update(HEADERS)
        number = 0
        while True:
            name = f"{self.label}-{number}"
            try:
                answer = self.write(session, self.base, name, number)
            except requests.RequestException:
                return
            if answer.status_code in (200, 201, 204):
                self.acknowledged.append((name, number))
            else:
                self.refused.append(answer.text[:200])
                return
            number += 1


def make_group(session, base, name, number):
    return session.post(base + "core/groups/", json={"name": name, "attributes": {"number": number}}, timeout=20)


def make_user(session, base, name, number):
    return session.post(base + "core/users/", json={"username": name, "name": str(number)}, timeout=20)


def make_application(session, base, name, number):
    return session.post(base + "core/applications/", json={"slug": name, "name": str(number)}, timeout=20)


def counter(slug):
    def change(session, base, name, number):
        return session.patch(f"{base}flows/instances/{slug}/", json={"title": name}, timeout=20)

    return change


def test_nothing_acknowledged_is_lost_at_any_kill(server):
    slug = "default-provider-authorization-implicit-consent"
    chance = random.Random(20250400)
    totals = {"groups": 0, "users": 0, "applications": 0, "changes": 0}
    for round_number in range(ROUNDS):
        prefix = f"r{round_number:03}"
        writers = {
            "groups": Writer(server, f"{prefix}-g", make_group),
            "groups too": Writer(server, f"{prefix}-h", make_group),
            "users": Writer(server, f"{prefix}-u", make_user),
            "applications": Writer(server, f"{prefix}-a", make_application),
            "changes": Writer(server, f"{prefix}-c", counter(slug)),
        }
        for writer in writers.values():
            writer.start()
        time.sleep(chance.uniform(0.005, 0.25))
        server.kill()
        for writer in writers.values():
            writer.join(30)
            assert not writer.refused, writer.refused
        server.start()

        groups = {g["name"]: g for g in server.get("core/groups/", search=prefix, page_size=1000)["results"]}
        for name, number in writers["groups"].acknowledged + writers["groups too"].acknowledged:
            assert groups[name]["attributes"] == {"number": number}, name
        users = {u["username"]: u for u in server.get("core/users/", search=prefix, page_size=1000)["results"]}
        for name, number in writers["users"].acknowledged:
            assert users[name]["name"] == str(number), name
        listed = server.get("core/applications/", search=prefix, page_size=1000, superuser_full_list="true")["results"]
        applications = {a["slug"]: a for a in listed}
        for name, number in writers["applications"].acknowledged:
            assert applications[name]["name"] == str(number), name
        changes = writers["changes"].acknowledged
        if changes:
            title = server.get(f"flows/instances/{slug}/")["title"]
            assert title.startswith(f"{prefix}-c-") and int(title.rsplit("-", 1)[1]) >= changes[-1][1], title
        for kind in totals:
            totals[kind] += len(writers[kind].acknowledged)
    assert all(totals.values()), f"every writer got through now and then: {totals}"
    print(f"acknowledged and kept over {ROUNDS} kills: {totals}")


PASSPHRASE = {"COUNTERSIGN_BACKUP__PASSPHRASE": "a long passphrase of the tests"}
PEOPLE = "SELECT COUNT(*) FROM users WHERE username LIKE 'person%'"


@pytest.fixture
def backed_up(server):
    """A server with sixty people and a backup of it."""
    for number in range(60):
        server.user(f"person{number}", password=None)
    backup = server.folder / "whole.backup"
    killer = Killer(20250401, ["backup", backup], server.environment | PASSPHRASE)
    killer.whole()
    return server, backup, killer


def test_a_backup_that_is_killed_is_whole_or_not_there(backed_up):
    server, backup, killer = backed_up
    size, last = backup.stat().st_size, None
    for number in range(rounds()):
        path = server.folder / f"{number}.backup"
        killer.strike("backup", path)
        if path.exists():
            # Under its name there is only a complete one.
            assert path.stat().st_size > size * 0.9
            last, former = path, last
            if former:
                former.unlink()
    print(killer.has_struck())
    # What a killed one leaves behind does not disturb the next.
    killer.arguments = ["backup", server.folder / "after.backup"]
    killer.whole()
    for whole in filter(None, (last, server.folder / "after.backup")):
        target = another(server)
        subprocess.run([PROGRAM, "restore", whole], env=target.environment, check=True, capture_output=True)
        assert ask(target, PEOPLE) == "60"
        target.close()


def another(server):
    """An empty installation to restore into."""
    target = Server(bootstrap=False, **PASSPHRASE)
    if Shared.POSTGRES:
        target.environment["AUTHENTIK_SECRET_KEY"] = server.environment["AUTHENTIK_SECRET_KEY"]
    return target


def test_a_restore_that_is_killed_is_whole_or_nothing(backed_up):
    server, backup, _ = backed_up
    target = another(server)
    killer = Killer(20250402, ["restore", backup], target.environment)
    killer.whole()
    target.start()
    assert target.api("GET", "core/users/", 200, params={"search": "person", "page_size": 1}).json()["pagination"]["count"] == 60
    target.close()
    target, wholes = another(server), 0
    for _ in range(rounds()):
        # Where nothing came in, the next one goes into the same database.
        killer.strike(environment=target.environment)
        found = ask(target, PEOPLE) or "0"
        assert found in ("0", "60"), found
        if found == "60":
            wholes += 1
            target.close()
            target = another(server)
    subprocess.run([PROGRAM, "restore", backup], env=target.environment, check=True, capture_output=True)
    assert ask(target, PEOPLE) == "60"
    target.close()
    print(killer.has_struck(), f"{wholes} of them whole")
