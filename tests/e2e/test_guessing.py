"""Guessing passwords and secrets from outside: what is counted for whom, and what the answer says."""

import requests

from world import Person

LOGIN = "/api/v3/flows/executor/default-authentication-flow/?query="


def test_m6_a_password_tried_too_often_says_when_to_try_again(server):
    server.user("tina")
    answers = []
    for _ in range(4):
        person = requests.Session()
        person.get(server.base + LOGIN, timeout=10)
        person.post(server.base + LOGIN, json={"uid_field": "tina"}, timeout=10)
        answers.append(person.post(server.base + LOGIN, json={"password": "wrong"}, timeout=30))
    # On a slow machine the second to wait may have passed before the fourth.
    last = answers[-1].json()["response_errors"]["password"][0]
    if last["code"] == "throttled":
        assert last["string"] == "Too many attempts. Try again in 1 second."
        assert answers[-1].headers["Retry-After"] == "1" and answers[-1].json()["component"] == "ak-stage-password"
    assert all(answer.json()["response_errors"]["password"][0]["code"] == "invalid" for answer in answers[:3])


def test_secrets_of_an_application_are_not_guessed_and_nobody_else_is_stopped(server):
    app, other = server.application("guessed"), server.application("beside")

    def ask(client, secret, address, path="token"):
        body = {"grant_type": "client_credentials"} if path == "token" else {"token": "x"}
        headers = {"X-Forwarded-For": address}
        return requests.post(f"{server.base}/application/o/{path}/", data=body, auth=(client, secret), headers=headers, timeout=30)

    refused = [ask(app.id, f"wrong-{n}", "198.51.100.1", "token" if n % 2 else "revoke").status_code for n in range(20)]
    assert set(refused) <= {400, 401}, refused
    blocked = ask(app.id, app.secret, "198.51.100.1")
    assert blocked.status_code == 429 and 1 <= int(blocked.headers["Retry-After"]) <= 300, blocked.text
    assert blocked.json()["error_description"].startswith("Too many attempts. Try again in ")
    assert ask(app.id, app.secret, "198.51.100.1", "introspect").status_code == 429
    assert ask(app.id, app.secret, "203.0.113.1").status_code == 200, "from elsewhere the application goes on"
    assert ask(other.id, other.secret, "198.51.100.1").status_code == 200, "and so does every other"


def test_a_browser_that_signed_in_before_is_remembered(server):
    server.user("vera")
    vera = Person(server, "vera").sign_in()
    assert vera.web.cookies.get("countersign_browser")
