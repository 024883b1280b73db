"""A published example is no secret key: a random one takes its place where every process finds it, until the administrator sets one."""

import secrets
import subprocess

import pytest

from kills import ask
from world import PROGRAM, Person, Server, Shared

# The `.env` of the guide, letter for letter.
GUIDE = {
    "PG_PASS": "your-secure-password",
    "PG_USER": "authentik",
    "PG_DB": "authentik",
    "AUTHENTIK_SECRET_KEY": "your-super-secret-key-change-this-in-production-min-50-characters-long-please",
    "AUTHENTIK_ERROR_REPORTING__ENABLED": "true",
    "AUTHENTIK_CLIENT_ID": "your-client-id",
    "AUTHENTIK_CLIENT_SECRET": "your-client-secret",
    "AUTHENTIK_SERVER_URL": "http://localhost:9000",
    "FLASK_SECRET_KEY": "your-secret-key-change-this",
    "COMPOSE_PORT_HTTP": "9000",
    "COMPOSE_PORT_HTTPS": "9443",
}


def notices(server):
    return [notice["code"] for notice in server.get("countersign/notices/")["notices"]]


def works(server, app):
    tokens = Person(server).sign_in().tokens(app)
    assert tokens["id_token"]
    assert server.api("GET", "core/tokens/kept/view_key/", 200).json()["key"] == "a-key-that-is-sealed"


def test_the_guides_env_starts_and_protects_nothing_by_its_key(start):
    server = start(Server(**GUIDE))
    assert notices(server) == ["example_secret_key"]
    lines = [line for line in server.lines() if "published example" in line]
    assert len(lines) == 1 and GUIDE["AUTHENTIK_SECRET_KEY"] not in "\n".join(server.lines())
    app = server.application("wiki")
    server.create("core/tokens/", identifier="kept", intent="api")
    server.api("POST", "core/tokens/kept/set_key/", 204, json={"key": "a-key-that-is-sealed"})
    works(server, app)
    before = Person(server).sign_in()
    # Nothing is signed with the example: a cookie made with it is nobody's.
    kept = (server.folder / "secret-key").exists()
    assert kept != bool(Shared.POSTGRES), "the data folder of one process, the database of many"
    server.restart()
    works(server, app)
    assert before.me().status_code == 200
    # The administrator sets a key of their own, and everything is still there.
    server.environment["AUTHENTIK_SECRET_KEY"] = secrets.token_urlsafe(60)
    server.restart()
    assert notices(server) == []
    works(server, app)
    assert before.me().status_code == 200
    server.restart()
    works(server, app)
    if Shared.POSTGRES:
        assert ask(server, "SELECT COUNT(*) FROM fact WHERE name = 'secret_key_stand_in'") == "0"
    # Another key, or the example again, is refused as ever.
    own = server.environment["AUTHENTIK_SECRET_KEY"]
    for wrong in (secrets.token_urlsafe(60), *([GUIDE["AUTHENTIK_SECRET_KEY"]] if Shared.POSTGRES else [])):
        server.stop()
        server.environment["AUTHENTIK_SECRET_KEY"] = wrong
        server.spawn([PROGRAM, "serve"], server.environment)
        assert server.child.wait(30) != 0
    server.environment["AUTHENTIK_SECRET_KEY"] = own
    server.start()
    works(server, app)


def test_a_backup_keeps_the_key_that_stood_in(start):
    more = {"COUNTERSIGN_BACKUP__PASSPHRASE": "a long passphrase of the tests"}
    server = start(Server(**GUIDE, **more))
    app = server.application("wiki")
    server.create("core/tokens/", identifier="kept", intent="api")
    server.api("POST", "core/tokens/kept/set_key/", 204, json={"key": "a-key-that-is-sealed"})
    own = {"AUTHENTIK_SECRET_KEY": secrets.token_urlsafe(60)}
    for environment, expected in ((GUIDE, ["example_secret_key"]), (own, [])):
        server.environment |= environment
        server.restart()
        file = server.folder / f"{len(expected)}.backup"
        subprocess.run([PROGRAM, "backup", file], env=server.environment, check=True, capture_output=True)
        target = Server(**GUIDE | environment, **more)
        outcome = subprocess.run([PROGRAM, "restore", file], env=target.environment, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stderr
        start(target)
        assert notices(target) == expected
        works(target, app_on(target, app))


def app_on(server, app):
    return type(app)(server, app.slug, app.provider, app.application)


@pytest.mark.skipif(not (Shared.POSTGRES and Shared.REDIS), reason="one database for several processes: PostgreSQL and Redis")
def test_two_processes_on_one_database_find_the_same_key(start):
    one = start(Server(**GUIDE))
    two = Server(**GUIDE)
    Shared.forget(two.database)
    shared = {name: value for name, value in one.environment.items() if "POSTGRESQL" in name or "REDIS" in name}
    two.environment |= shared
    two.database = f"{one.database}_none"
    Shared.run("createdb", two.database)
    start(two)
    person = Person(one).sign_in()
    cookies = dict(person.web.cookies)
    elsewhere = Person(two)
    elsewhere.web.cookies.update(cookies)
    assert elsewhere.me().json()["user"]["username"] == "akadmin"
    assert notices(two) == ["example_secret_key"]
