"""Killed at random points under parallel writes, the server loses nothing it has acknowledged."""

import os
import random
import subprocess
import threading
import time

import requests

from world import PROGRAM, TOKEN, Server, Shared

# A release is tried with 500.
ROUNDS = int(os.environ.get("COUNTERSIGN_KILLS", "100"))
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


def killed(arguments, environment, after):
    """Runs a command and kills it after some seconds."""
    child = subprocess.Popen([PROGRAM, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        child.wait(after)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def whole(arguments, environment):
    """How long the command takes when nobody disturbs it."""
    begin = time.monotonic()
    outcome = subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    return time.monotonic() - begin


def test_a_backup_and_a_restore_that_are_killed_are_whole_or_nothing(server):
    for number in range(60):
        server.user(f"person{number}", password=None)
    passphrase = {"COUNTERSIGN_BACKUP__PASSPHRASE": "a long passphrase of the tests"}
    backup = server.folder / "whole.backup"
    takes = whole(["backup", backup], server.environment | passphrase)
    for number in range(10):
        path = server.folder / f"{number}.backup"
        killed(["backup", path], server.environment | passphrase, takes * number / 10)
        # Under its name there is only a complete one.
        assert not path.exists() or path.stat().st_size > backup.stat().st_size * 0.9

    def another():
        target = Server(bootstrap=False, **passphrase)
        if Shared.POSTGRES:
            target.environment["AUTHENTIK_SECRET_KEY"] = server.environment["AUTHENTIK_SECRET_KEY"]
        return target

    def people(target):
        target.start()
        answer = target.api("GET", "core/users/", params={"search": "person", "page_size": 100})
        target.close()
        return answer.json()["pagination"]["count"] if answer.status_code == 200 else 0

    target = another()
    takes = whole(["restore", backup], target.environment)
    assert people(target) == 60
    for number in range(10):
        target = another()
        killed(["restore", backup], target.environment, takes * number / 10)
        # Nobody is there, or everybody.
        assert people(target) in (0, 60)
