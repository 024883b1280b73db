"""A number is given once: `sub` is made of an account's, and is never reassigned (OpenID Connect Core 1.0, section 2)."""

import subprocess

from world import PASSWORD, PROGRAM, Person, Server, Shared, claims

PASSPHRASE = "a long passphrase of the tests"


def numbered(server, name):
    """An account, a provider, and a grant of the account; their numbers, and what applications know the account by."""
    user = server.user(name)
    app = server.application(f"app-{name}", scopes=["offline_access"])
    token = Person(server, name).tokens(app, scope="openid profile offline_access")["id_token"]
    grant = lambda kind: server.one(f"oauth2/{kind}/", user=user["pk"])["pk"]
    consents = server.get("core/user_consent/", user=user["pk"])["results"]
    numbers = [user["pk"], app.provider["pk"], grant("access_tokens"), grant("refresh_tokens"), *(consent["pk"] for consent in consents)]
    return numbers, (claims(token)["sub"], user["uid"])


def left(server, numbers):
    server.api("DELETE", f"core/users/{numbers[0]}/", 204)
    server.api("DELETE", f"providers/oauth2/{numbers[1]}/", 204)


def new(server, name, before):
    """Who comes after has nothing of whom was there before."""
    numbers, known = numbered(server, name)
    earlier, known_before = before
    assert all(now > then for now, then in zip(numbers, earlier)), (numbers, earlier)
    assert not set(known) & set(known_before)
    return numbers, known


def test_number_and_sub_of_the_deleted_are_not_given_again(start):
    server = start(Server(COUNTERSIGN_BACKUP__PASSPHRASE=PASSPHRASE))
    first = numbered(server, "leaver")
    left(server, first[0])
    second = new(server, "joiner", first)
    left(server, second[0])
    server.restart()
    third = new(server, "later", second)
    left(server, third[0])
    file = server.folder / "numbers.backup"
    server.stop()
    subprocess.run([PROGRAM, "backup", file], env=server.environment, check=True, capture_output=True)
    server.start()
    since = new(server, "since", third)
    left(server, since[0])
    server.stop()
    key = {"AUTHENTIK_SECRET_KEY": server.environment.get("AUTHENTIK_SECRET_KEY") or (server.folder / "secret-key").read_text()}
    targets = [Server(COUNTERSIGN_BACKUP__PASSPHRASE=PASSPHRASE, **key)]
    if Shared.POSTGRES:
        # The other engine, too.
        embedded = Server(COUNTERSIGN_BACKUP__PASSPHRASE=PASSPHRASE)
        embedded.environment = {name: value for name, value in embedded.environment.items() if "POSTGRESQL" not in name} | key
        targets.append(embedded)
    for target in targets:
        subprocess.run([PROGRAM, "restore", file], env=target.environment, check=True, capture_output=True)
        start(target)
        new(target, "restored", since)
