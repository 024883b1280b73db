"""Programs of ours that are killed at random points, and what is then on disk."""

import contextlib
import os
import random
import sqlite3
import subprocess
import time

from world import PROGRAM, Shared


def rounds():
    """How often each program is killed; a release is tried with `COUNTERSIGN_KILLS=500`. Fewer where the database is a
    server, which costs more each time."""
    return int(os.environ.get("COUNTERSIGN_KILLS", 30 if Shared.POSTGRES else 80))


class Killer:
    """Runs a program for a random part of the time it takes, and no longer."""

    def __init__(self, seed, arguments, environment):
        self.chance, self.arguments, self.environment = random.Random(seed), list(arguments), environment
        self.longest, self.struck, self.ended = 0.0, 0, 0

    def whole(self):
        """Undisturbed, which shows how long it takes."""
        begin = time.monotonic()
        outcome = subprocess.run([PROGRAM, *self.arguments], env=self.environment, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stderr
        self.longest = time.monotonic() - begin

    def strike(self, *arguments, environment=None):
        command = [PROGRAM, *(arguments or self.arguments)]
        nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        begin = time.monotonic()
        child = subprocess.Popen(command, env=environment or self.environment, **nowhere)
        try:
            child.wait(self.chance.uniform(0, self.longest * 1.05))
            self.ended += 1
            # The machine is less busy than it was: later kills come earlier.
            self.longest = (self.longest + time.monotonic() - begin) / 2
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            self.struck += 1

    def has_struck(self):
        """Most kills came before the program had ended by itself."""
        assert self.struck > self.ended, f"{self.struck} kills, {self.ended} ends"
        return f"{self.struck} kills within {self.longest:.2f} s, {self.ended} undisturbed"


def ask(server, statement):
    """One value from a server's database, which no program uses; nothing where there are no such tables."""
    if Shared.POSTGRES:
        with contextlib.suppress(subprocess.CalledProcessError):
            host, port, _, user, password = Shared.POSTGRES.split(":")
            arguments = ["psql", "-At", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", port, "-U", user, "-c", statement, server.database]
            environment = os.environ | {"PGPASSWORD": password}
            return subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True).stdout.strip() or None
        return None
    path = server.folder / "countersign.db"
    if not path.exists() or path.stat().st_size == 0:
        return None
    with contextlib.closing(sqlite3.connect(path)) as connection, contextlib.suppress(sqlite3.OperationalError):
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        row = connection.execute(statement).fetchone()
        return str(row[0]) if row else None
    return None
