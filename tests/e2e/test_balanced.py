"""Two servers behind nginx, each request on a random one: the main job works as on one."""

import copy
import pathlib
import shutil
import subprocess
import tempfile

import pytest
import requests

from test_replicas import both  # noqa: F401 (a fixture)
from world import Person, Process, free_port, wait_for

CONFIGURATION = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream countersign {{ random; server 127.0.0.1:{first}; server 127.0.0.1:{second}; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://countersign;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            add_header X-Served-By $upstream_addr always;
        }}
    }}
}}
"""


@pytest.fixture
def front(both):  # noqa: F811
    """The two servers as one, at the address of an nginx."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-nginx-"))
    port = free_port()
    text = CONFIGURATION.format(folder=folder, port=port, first=both[0].port, second=both[1].port)
    (folder / "nginx.conf").write_text(text)
    nginx = Process("nginx")
    nginx.spawn(["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], {})
    one = copy.copy(both[0])
    one.base = f"http://localhost:{port}"
    wait_for(lambda: requests.get(f"{one.base}/-/health/live/", timeout=5).status_code == 200, 10, "nginx")
    yield one
    nginx.stop()
    nginx.log.unlink()
    shutil.rmtree(folder)


def test_requests_reach_both(front):
    served = {requests.get(f"{front.base}/-/health/live/", timeout=5).headers["X-Served-By"] for _ in range(60)}
    assert len(served) == 2


def test_people_sign_in_with_roles_from_their_groups(front):
    for name in ("Administrators", "Managers", "Users"):
        front.group(name)
    app = front.application("wiki", scopes=("offline_access",))
    front.user("alice", groups=("Managers",))
    front.user("bob", groups=("Users",))
    # What signs people in knows of an edit within a second.
    document = f"{front.base}/application/o/wiki/.well-known/openid-configuration"
    wait_for(lambda: all(requests.get(document, timeout=5).status_code == 200 for _ in range(12)), 3, "both to know the application")
    for username, group in (("alice", "Managers"), ("bob", "Users")):
        for _ in range(6):
            person = Person(front, username).sign_in()
            code = person.code(app, scope="openid profile email offline_access")
            tokens = app.redeem(code).json()
            headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            claims = requests.get(f"{front.base}/application/o/userinfo/", headers=headers, timeout=10).json()
            assert claims["preferred_username"] == username and claims["groups"] == [group]
            for _ in range(4):
                answer = app.refresh(tokens["refresh_token"])
                assert answer.status_code == 200, answer.text
                tokens = answer.json()
            assert app.redeem(code).status_code == 400
            person.run_flow("default-invalidation-flow")
            wait_for(lambda: all(person.me().status_code == 403 for _ in range(4)), 2, "the session to end at both")


def test_an_administrator_reads_what_was_just_written(front):
    for number in range(30):
        front.create("core/applications/", name=f"N{number}", slug=f"n{number}")
        assert front.get(f"core/applications/n{number}/")["name"] == f"N{number}"
        front.patch(f"core/applications/n{number}/", name=f"M{number}")
        assert front.get(f"core/applications/n{number}/")["name"] == f"M{number}"
        front.api("DELETE", f"core/applications/n{number}/", 204)
        assert front.api("GET", f"core/applications/n{number}/").status_code == 404
