"""The compose file with an `.env` as guides for authentik have it."""

import shutil
import subprocess

import pytest

from world import ROOT

GUIDE = """\
PG_DB=authentik
PG_USER=authentik
PG_PASS=012345678901234567890
AUTHENTIK_SECRET_KEY=your-very-long-and-random-secret-key-that-should-be-at-least-50-characters
AUTHENTIK_IMAGE=goauthentik/authentik
AUTHENTIK_TAG=2024.2.2
AUTHENTIK_ERROR_REPORTING__ENABLED=true
COMPOSE_PORT_HTTP=9000
COMPOSE_PORT_HTTPS=9443
FLASK_SECRET_KEY=another-long-and-random-key-for-the-flask-application
AUTHENTIK_CLIENT_ID=client-id
AUTHENTIK_CLIENT_SECRET=client-secret
"""


def compose():
    """The client that is here: the plugin of docker, or the program of its own."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True) if shutil.which("docker") else None
    if plugin and plugin.returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"]


@pytest.fixture
def project(tmp_path):
    """A copy of the folder, as somebody has it who followed a guide."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / "deploy/.env").write_text(GUIDE)
    return tmp_path / "deploy"


def config(project, *options):
    outcome = subprocess.run([*compose(), "config", *options], cwd=project, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def test_the_env_of_the_guide_is_accepted_as_it_is(project):
    services = config(project, "--services").split()
    assert set(services) == {"postgresql", "redis", "server", "worker", "flask-app"}
    text = config(project)
    assert "authentik_network" in text and text.count("healthcheck:") == 5
    # The image of the original cannot read this database, so its name is not taken from the file.
    assert "goauthentik" not in text.replace("AUTHENTIK_IMAGE: goauthentik/authentik", "")
    assert "012345678901234567890" in text


def test_without_secrets_it_says_what_is_missing(project):
    (project / ".env").write_text("PG_USER=authentik\n")
    outcome = subprocess.run([*compose(), "config"], cwd=project, capture_output=True, text=True)
    assert outcome.returncode != 0 and ".env.example" in outcome.stderr


def test_the_example_is_complete(project):
    text = (project / ".env.example").read_text()
    (project / ".env").write_text(text.replace("PG_PASS=", "PG_PASS=x", 1).replace("AUTHENTIK_SECRET_KEY=", "AUTHENTIK_SECRET_KEY=x", 1))
    assert "server" in config(project, "--services")
