"""Things that count once, tried many times at once."""

import concurrent.futures
import threading
import time

from world import Person, requests

TRIES = 200


def at_once(work, count=TRIES):
    """Carries out `work` on many threads that begin together; the answers."""
    workers = 40
    gate = threading.Barrier(workers)

    def share(_):
        session = requests.Session()
        session.get  # one connection a worker
        gate.wait()
        return [work(session) for _ in range(count // workers)]

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return [answer for answers in pool.map(share, range(workers)) for answer in answers]


def test_a_code_is_redeemed_once(server, app, admin):
    code = admin.code(app)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect}
    answers = at_once(lambda session: app.token(session, **form))
    winners = [a for a in answers if a.status_code == 200]
    assert len(answers) == TRIES and len(winners) == 1
    assert {a.json()["error"] for a in answers if a.status_code != 200} == {"invalid_grant"}


def refreshed_at_once(server, admin, **provider):
    app = server.application("wiki", scopes=["offline_access"], **provider)
    tokens = admin.tokens(app, scope="openid profile offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answers = at_once(lambda session: app.token(session, **form))
    winners = [a.json() for a in answers if a.status_code == 200]
    assert len(answers) == TRIES
    assert {a.json()["error"] for a in answers if a.status_code != 200} == {"invalid_grant"}
    return app, tokens, winners


def test_a_refresh_token_without_grace_is_used_once(server, admin):
    _, _, winners = refreshed_at_once(server, admin, refresh_token_grace="seconds=0")
    assert len(winners) == 1


def test_within_the_grace_a_refresh_token_gives_ten_working_answers(server, admin):
    app, tokens, winners = refreshed_at_once(server, admin, refresh_token_grace="minutes=10")
    assert len(winners) == 10
    assert len({w["refresh_token"] for w in winners}) == 10
    for tokens in winners:
        assert userinfo(server, tokens) == 200
        assert app.refresh(tokens["refresh_token"]).status_code == 200
    assert server.get("events/events/", action="suspicious_request")["results"] == []


def test_a_refresh_token_of_before_ends_the_family(server, admin):
    app = server.application("wiki", scopes=["offline_access"], refresh_token_grace="seconds=1")
    stolen = admin.tokens(app, scope="openid profile offline_access")
    second = app.refresh(stolen["refresh_token"]).json()
    third = app.refresh(second["refresh_token"]).json()
    time.sleep(2.1)
    assert app.refresh(stolen["refresh_token"]).json()["error"] == "invalid_grant"
    for tokens in (second, third):
        assert app.refresh(tokens["refresh_token"]).json().get("error") == "invalid_grant"
        assert userinfo(server, tokens) in (401, 403)


def userinfo(server, tokens):
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    return requests.get(f"{server.base}/application/o/userinfo/", headers=bearer, timeout=10).status_code


def test_a_code_used_twice_ends_the_tokens_it_gave(server, app, admin):
    code = admin.code(app)
    tokens = app.redeem(code).json()
    assert app.redeem(code).json()["error"] == "invalid_grant"
    assert userinfo(server, tokens) in (401, 403)


def test_a_name_is_taken_once(server):
    answers = at_once(lambda session: server.api("POST", "core/groups/", json={"name": "Only one"}), 80)
    assert sorted({a.status_code for a in answers}) == [201, 400]
    assert sum(a.status_code == 201 for a in answers) == 1
    answers = at_once(lambda session: server.api("POST", "core/users/", json={"username": "only", "name": "One"}), 80)
    assert sum(a.status_code == 201 for a in answers) == 1
    assert {a.status_code for a in answers} == {201, 400}


def test_set_up_has_one_winner(start):
    from world import Server

    server = start(Server(bootstrap=False))
    people = [Person(server) for _ in range(8)]
    executor = "/api/v3/flows/executor/initial-setup/?query="
    for person in people:
        assert person.get(executor).json()["component"] == "ak-stage-prompt"
    gate = threading.Barrier(len(people))

    def finish(numbered):
        number, person = numbered
        password = f"Correct-Horse-{number}-Battery"
        gate.wait()
        reply = {"email": f"a{number}@example.test", "password": password, "password_repeat": password}
        answer = person.web.post(server.base + executor, json=reply, timeout=60)
        return person.me().status_code == 200, answer.status_code

    with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
        outcomes = list(pool.map(finish, enumerate(people)))
    assert sum(won for won, _ in outcomes) == 1, outcomes
    assert all(status < 500 for _, status in outcomes), outcomes
    assert Person(server).get(executor).json()["component"] == "ak-stage-access-denied", "closed for good"
