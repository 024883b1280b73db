"""Client libraries of other people against the real server."""

import json
import pathlib
import subprocess

from world import DEMO, TESTS, Demo, Person, free_port


def node(script, **settings):
    result = subprocess.run(
        ["node", str(TESTS / "openid_client" / script)],
        input=json.dumps(settings),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=TESTS,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_openid_client_of_npm_discovers_signs_in_and_refreshes(server, admin):
    app = server.application("wiki", scopes=["offline_access"])
    settings = {"issuer": f"{server.base}/application/o/wiki/", "id": app.id, "secret": app.secret, "redirect": app.redirect}
    begun = node("begin.mjs", **settings)
    callback = admin.visit(begun["url"], until=app.redirect)
    done = node("finish.mjs", **settings, callback=callback, checks=begun["checks"])
    assert done["claims"]["preferred_username"] == "akadmin"
    assert done["userinfo"]["sub"] == done["claims"]["sub"]
    assert done["refreshed"]["sub"] == done["claims"]["sub"]
    assert done["introspected"]["active"] is True
    assert done["afterRevocation"]["active"] is False
    assert done["machine"]["token_type"] == "bearer"


def test_the_openidconnect_crate_discovers_signs_in_and_refreshes(server, admin):
    app = server.application("wiki", scopes=["offline_access"])
    program = pathlib.Path(DEMO).parent / "examples/relying_party"
    arguments = [program, f"{server.base}/application/o/wiki/", app.id, app.secret, app.redirect]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        url = client.stdout.readline().strip()
        assert url, "discovery failed"
        callback = admin.visit(url, until=app.redirect)
        output, _ = client.communicate(callback + "\n", timeout=60)
    assert client.returncode == 0
    learned = json.loads(output)
    assert learned["username"] == "akadmin" and learned["email"] == "akadmin@example.test"
    assert learned["subject_after_refresh"] == learned["subject"] and learned["rotated"] is True


def test_the_demo_finds_the_provider_by_discovery(server, start):
    port = free_port()
    app = server.application("flask-app", redirects=[f"http://localhost:{port}/callback"])
    demo = start(Demo(server, app, port))
    page = Person(server).open(demo.base + "/login")
    assert page.url == demo.base + "/" and "authentik Admins" in page.text
    assert not any("No discovery document" in line for line in demo.lines())
