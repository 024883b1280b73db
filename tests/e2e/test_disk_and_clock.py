"""A full disk and a clock that jumps: refused clearly, nothing lost, and on again when they are well."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest
import requests

from services import patiently
from world import Person, Server, wait_for

FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@pytest.fixture
def small_disk():
    """A disk of 24 MiB."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-disk-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_loses_nothing_and_recovers(start, small_disk):
    server = Server()
    shutil.rmtree(server.folder)
    server.folder = small_disk / "data"
    server.environment["COUNTERSIGN_DATA_DIR"] = str(server.folder)
    start(server)
    person = Person(server).sign_in()
    kept, filler = [], small_disk / "filler"
    for number in range(5):
        kept.append(server.group(f"before-{number}")["name"])
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)

    def full():
        name = f"full-{len(kept)}-{time.monotonic_ns()}"
        answer = server.api("POST", "core/groups/", json={"name": name, "attributes": {"text": "y" * 4000}})
        if answer.status_code == 201:
            assert len(kept) < 2000
            kept.append(name)
            return False
        assert answer.status_code in (503, 507), (answer.status_code, answer.text)
        return "disk" in answer.text

    wait_for(full, 20, "the disk to be full")
    # Who is signed in stays so, and reading goes on.
    assert person.me().status_code == 200
    assert server.api("GET", "core/groups/").status_code == 200
    filler.unlink()
    took = patiently(lambda: server.api("POST", "core/groups/", json={"name": f"after-{time.monotonic_ns()}"}).status_code == 201)
    print(f"writes again after {took:.2f} s")
    names = lambda: {group["name"] for group in server.get("core/groups/", page_size=1000)["results"]}
    assert set(kept) <= names()
    server.kill()
    server.start()
    assert set(kept) <= names()
    Person(server).sign_in()


@pytest.fixture
def stepped(start, tmp_path):
    """Makes a server whose clock the test sets: how far it is off."""
    if not FAKETIME.exists():
        pytest.skip("libfaketime is not installed")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    # Only the clock of the wall: a step does not touch the monotonic one.
    fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}

    def step(seconds):
        # libfaketime reads the file at any moment: it must never be empty.
        fresh = tmp_path / "fresh"
        fresh.write_text(f"{seconds:+d}")
        os.replace(fresh, offset)

    def make(**settings):
        server = start(Server(**fake, **settings))
        server.step = step
        return server

    return make


def test_a_clock_that_jumps(stepped):
    server = stepped()
    app = server.application("wiki", scopes=("offline_access",), access_token_validity="minutes=5")
    server.user("alice")
    alice = Person(server, "alice").sign_in()
    code = alice.code(app, scope="openid offline_access")
    used = alice.code(app, scope="openid offline_access")
    tokens = app.redeem(used).json()
    url = f"{server.base}/application/o/introspect/"
    active = lambda token: requests.post(url, data={"token": token}, auth=(app.id, app.secret), timeout=10).json()["active"]
    assert active(tokens["access_token"])

    server.step(3600)
    # An hour later: what lived minutes is over, what lives longer goes on.
    assert not active(tokens["access_token"])
    assert app.redeem(code).status_code == 400
    assert alice.me().status_code == 200
    renewed = app.refresh(tokens["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    Person(server, "alice").sign_in()

    server.step(-3600)
    # Set back: nothing used comes to life again, and nobody is shut out.
    assert app.refresh(tokens["refresh_token"]).status_code == 400
    assert app.redeem(used).status_code == 400
    Person(server, "alice").sign_in()
    server.group("Made in the past")

    server.step(0)
    Person(server, "alice").sign_in()
    assert alice.me().status_code == 200
    assert requests.get(f"{server.base}/-/health/ready/", timeout=10).status_code == 200


def test_a_session_ends_when_it_is_not_used_and_after_its_time_in_any_case(stepped):
    server = stepped(AUTHENTIK_SESSIONS__IDLE="minutes=10", AUTHENTIK_SESSIONS__ABSOLUTE="minutes=30")
    server.user("ada")
    ada, left = Person(server, "ada").sign_in(), Person(server).sign_in()
    session = lambda: server.one("core/authenticated_sessions/", user__username="ada")
    for minutes in (8, 16, 24):
        before = session()["last_used"]
        server.step(minutes * 60)
        assert ada.me().status_code == 200, f"after {minutes} minutes"
        wait_for(lambda: session()["last_used"] > before, 60, "the use to be noted")
    assert left.me().status_code == 403, "not used for 24 minutes"
    server.step(31 * 60)
    assert ada.me().status_code == 403, "signed in 31 minutes ago"
    # Limits that were set later hold for the sessions there are.
    again = Person(server, "ada").sign_in()
    server.step(37 * 60)
    assert again.me().status_code == 200
    server.environment["AUTHENTIK_SESSIONS__ABSOLUTE"] = "minutes=5"
    server.restart()
    assert again.me().status_code == 403
