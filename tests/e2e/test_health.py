"""What an operator sees from outside."""

import subprocess
import time

import requests
import urllib3

from world import PROGRAM, Server

urllib3.disable_warnings()


def test_health_metrics_and_both_listeners(server):
    assert requests.get(server.base + "/-/health/live/", timeout=10).status_code == 200
    assert requests.get(server.base + "/-/health/ready/", timeout=10).status_code == 200
    tls = requests.get(f"https://localhost:{server.tls_port}/-/health/live/", verify=False, timeout=10)
    assert tls.status_code == 200
    metrics = requests.get(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=10)
    assert metrics.status_code == 200 and "# TYPE" in metrics.text
    for service in ("http", "https", "metrics", "jobs", "event_chain", "notifications", "configuration_refresh"):
        assert f'countersign_service_up{{name="{service}"}} 1' in metrics.text, service


def test_the_first_visit_leads_to_set_up_until_it_is_done(start):
    server = start(Server(bootstrap=False))
    for path in ("/", "/if/user/", "/if/admin/"):
        answer = requests.get(server.base + path, timeout=10, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/if/flow/initial-setup/"), path
    page = requests.get(server.base + "/if/flow/initial-setup/", timeout=10)
    assert page.status_code == 200 and "akadmin" in page.text


def test_pages_carry_the_headers_that_protect_them(server):
    for path in ("/if/flow/default-authentication-flow/", "/api/v3/root/config/"):
        answer = requests.get(server.base + path, timeout=10)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.headers["X-authentik-id"]) == 32
    policy = requests.get(server.base + "/if/flow/default-authentication-flow/", timeout=10).headers["Content-Security-Policy"]
    scripts = [part for part in policy.split(";") if part.strip().startswith(("script-src", "default-src"))]
    assert scripts and not any("unsafe-inline" in part or "unsafe-eval" in part for part in scripts)


def test_secrets_are_not_logged(server):
    text = "\n".join(server.lines())
    for secret in server.environment.values():
        if len(secret) > 12 and ("oken" in secret or "Horse" in secret):
            assert secret not in text


def test_a_wrong_setting_stops_the_start_with_its_name():
    server = Server(AUTHENTIK_LISTEN__HTTP="not an address")
    try:
        server.spawn([PROGRAM, "serve"], server.environment)
        assert server.child.wait(30) != 0
        text = "\n".join(server.lines())
        assert "AUTHENTIK_LISTEN__HTTP" in text and "not an address" in text
        assert "panicked" not in text
    finally:
        server.close()
        server.log.unlink()


def test_the_healthcheck_command(server):
    def check(environment):
        return subprocess.run([PROGRAM, "healthcheck"], env=environment, capture_output=True, timeout=60).returncode

    assert check(server.environment) == 0
    server.stop()
    begin = time.monotonic()
    assert check(server.environment) == 1
    assert time.monotonic() - begin < 30


def test_the_config_command_masks_secrets(server):
    output = subprocess.run([PROGRAM, "config"], env=server.environment, capture_output=True, text=True, timeout=60)
    assert output.returncode == 0, output.stderr
    assert str(server.port) in output.stdout
    assert server.environment["AUTHENTIK_BOOTSTRAP_PASSWORD"] not in output.stdout
