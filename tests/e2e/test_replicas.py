"""Two servers on one PostgreSQL and one Redis: what one does, the other knows."""

import concurrent.futures

import pytest
import requests

from services import patiently
from world import TOKEN, Person, Server

SHARED = ("AUTHENTIK_POSTGRESQL__", "AUTHENTIK_REDIS__", "AUTHENTIK_SECRET_KEY", "AUTHENTIK_BOOTSTRAP_")


@pytest.fixture
def both(start):
    """Two servers, started on an empty database at the same moment."""
    first = Server()
    second = Server(**{key: value for key, value in first.environment.items() if key.startswith(SHARED)})
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(start, (first, second)))


def moved(person, server):
    """The same browser, its next requests going to another server."""
    other = Person(server, person.username, person.password)
    other.web.cookies = person.web.cookies
    return other


def test_defaults_are_there_once(both):
    slugs = [flow["slug"] for flow in both[0].get("flows/instances/", page_size=100)["results"]]
    assert len(slugs) == len(set(slugs)) > 5
    users = [user["username"] for user in both[1].get("core/users/", page_size=100)["results"]]
    assert users.count("akadmin") == 1


def test_what_one_wrote_the_other_reads_at_once(both):
    first, second = both
    for number in range(20):
        writer, reader = (first, second) if number % 2 else (second, first)
        writer.create("core/applications/", name=f"N{number}", slug=f"n{number}")
        assert reader.get(f"core/applications/n{number}/")["name"] == f"N{number}"
        writer.group(f"G{number}")
        assert reader.one("core/groups/", name=f"G{number}")


def test_a_sign_in_begun_at_one_ends_at_the_other(both):
    first, second = both
    person = Person(first)
    flow = "/api/v3/flows/executor/default-authentication-flow/?query="
    challenge = person.web.get(first.base + flow, timeout=10).json()
    turn = [second, first]
    while challenge["component"] != "xak-flow-redirect":
        reply = {"component": challenge["component"]} | person.answer(challenge)
        challenge = person.web.post(turn[0].base + flow, json=reply, timeout=30).json()
        turn.reverse()
    assert person.me().status_code == 200 and moved(person, second).me().status_code == 200

def test_a_login_answered_by_both_at_once_is_one_session(both):
    first, second = both
    flow = "/api/v3/flows/executor/default-authentication-flow/?query="

    def counted():
        sessions = first.get("core/authenticated_sessions/")["pagination"]["count"]
        return sessions, first.get("events/events/", action="login")["pagination"]["count"]

    for _ in range(8):
        person = Person(first)
        challenge = person.web.get(first.base + flow, timeout=10).json()
        challenge = person.web.post(first.base + flow, json=person.answer(challenge), timeout=10).json()
        proved = person.web.post(first.base + flow, json=person.answer(challenge), timeout=30, allow_redirects=False)
        assert proved.status_code == 302
        sessions, logins = counted()
        browsers = [person, moved(person, second)]
        browsers[1].web.cookies = person.web.cookies.copy()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda who, at: who.web.get(at.base + flow, timeout=30), browsers, both))
        assert counted() == (sessions + 1, logins + 1)
        assert any(browser.me().status_code == 200 for browser in browsers)


def test_what_ends_at_one_ends_at_the_other(both):
    first, second = both
    user = first.user("alice")
    alice = Person(first, "alice").sign_in()
    there = moved(alice, second)
    assert there.me().status_code == 200
    alice.run_flow("default-invalidation-flow")
    patiently(lambda: there.me().status_code == 403, 1.5)
    alice = Person(second, "alice").sign_in()
    first.patch(f"core/users/{user['pk']}/", is_active=False)
    patiently(lambda: alice.me().status_code == 403, 1.5)


def test_a_code_is_redeemed_once_over_both(both):
    first, second = both
    app = first.application("wiki")
    code = Person(first).sign_in().code(app)
    # Sign-ins and tokens use what a server knows, which is at most a second old.
    document = f"{second.base}/application/o/wiki/.well-known/openid-configuration"
    patiently(lambda: requests.get(document, timeout=10).status_code == 200, 1.5)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect}

    def redeem(number):
        base = both[number % 2].base
        return requests.post(f"{base}/application/o/token/", data=form, auth=(app.id, app.secret), timeout=60).status_code

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        outcomes = list(pool.map(redeem, range(200)))
    assert outcomes.count(200) == 1 and set(outcomes) == {200, 400}, set(outcomes)


def test_writers_at_both_lose_nothing(both):
    def write(number):
        url = both[number % 2].base + "/api/v3/"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        made = [
            requests.post(url + "core/applications/", json={"name": f"A{number}", "slug": f"a{number}"}, headers=headers, timeout=60),
            requests.post(url + "core/groups/", json={"name": f"B{number}"}, headers=headers, timeout=60),
        ]
        return [answer.status_code for answer in made]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(write, range(120)))
    assert outcomes == [[201, 201]] * 120, [o for o in outcomes if o != [201, 201]][:5]
    for server in both:
        applications = server.get("core/applications/", superuser_full_list="true", page_size=500)["results"]
        assert {f"a{n}" for n in range(120)} <= {a["slug"] for a in applications}
        groups = server.get("core/groups/", page_size=500)["results"]
        assert {f"B{n}" for n in range(120)} <= {g["name"] for g in groups}


def test_one_is_enough(both):
    first, second = both
    person = Person(second).sign_in()
    first.kill()
    assert person.me().status_code == 200
    second.group("After")
    first.start()
    assert first.one("core/groups/", name="After")
