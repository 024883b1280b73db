"""Work beside requests in one server: the list of what runs, asking for runs, blueprints and certificates from folders."""

import subprocess

import pytest

from world import PROGRAM, Server, wait_for

GROUP = "version: 1\nmetadata: {name: %s}\nentries:\n- {model: authentik_core.group, identifiers: {name: %s}}\n"
ROW = {
    "uuid", "name", "full_name", "uid", "description", "start_timestamp", "finish_timestamp", "duration", "status", "messages",
    "expires", "expiring",
}  # fmt: skip


@pytest.fixture
def folders(start, tmp_path):
    """A server with folders of blueprints and certificates, and these folders."""
    blueprints, certificates = tmp_path / "blueprints", tmp_path / "certificates"
    blueprints.mkdir()
    certificates.mkdir()
    (blueprints / "first.yaml").write_text(GROUP % ("First", "Of the first file"))
    server = start(Server(AUTHENTIK_BLUEPRINTS_DIR=str(blueprints), AUTHENTIK_CERT_DISCOVERY_DIR=str(certificates)))
    return server, blueprints, certificates


def ran(server, name):
    """The last run of a job, once there is one."""
    return wait_for(lambda: next((t for t in server.get("events/system_tasks/", name=name)["results"] if t["status"] != "unknown"), None))


def run(server, name):
    """Runs a job and waits for its end."""
    before = ran(server, name)
    server.api("POST", f"events/system_tasks/{before['uuid']}/run/", 204)
    return wait_for(lambda: (now := ran(server, name)) and now["finish_timestamp"] != before["finish_timestamp"] and now, 10)


def instance(server, name):
    return next((i for i in server.get("managed/blueprints/", page_size=100)["results"] if i["name"] == name), None)


def test_the_list_has_the_originals_shape(server):
    task = ran(server, "clean_expired_models")
    assert set(task) == ROW and task["status"] == "successful" and task["expiring"] is True
    assert task["full_name"] == "clean_expired_models" and task["uid"] is None and task["description"] == "Remove expired objects"
    line = next(line for line in task["messages"] if line["event"].endswith(" Tokens"))
    assert set(line) == {"timestamp", "log_level", "logger", "event", "attributes"}
    assert line["event"] == "Expired 0 Tokens" and line["log_level"] == "info" and line["logger"] == "clean_expired_models"
    names = [t["name"] for t in server.get("events/system_tasks/")["results"]]
    assert names == sorted(names)
    assert {"blueprints_discovery", "certificate_discovery", "clean_temporary_users"} <= set(names)
    assert server.get(f"events/system_tasks/{task['uuid']}/")["name"] == "clean_expired_models"
    assert server.get("events/system_tasks/", status="error")["results"] == []
    server.api("GET", "events/system_tasks/?status=odd", 400)
    server.api("GET", "events/system_tasks/00000000-0000-0000-0000-000000000000/", 404)
    schedule = {job["name"]: job for job in server.get("countersign/schedule/")}
    assert schedule["clean_expired_models"]["every"] == 300
    assert schedule["clean_expired_models"]["next"] > schedule["clean_expired_models"]["last"]["started"]


def test_a_run_can_be_asked_for_and_keeps_its_key(server):
    before = ran(server, "clean_temporary_users")
    after = run(server, "clean_temporary_users")
    assert after["uuid"] == before["uuid"] and after["start_timestamp"] > before["finish_timestamp"]


def test_temporary_users_end(server):
    ran(server, "clean_temporary_users")
    marks = {"goauthentik.io/user/generated": True}
    server.user("old", attributes=marks | {"goauthentik.io/user/expires": 1})
    server.user("new", attributes=marks | {"goauthentik.io/user/expires": 99999999999})
    assert run(server, "clean_temporary_users")["messages"][-1]["event"] == "Successfully deleted 1 users."
    assert [u["username"] for u in server.get("core/users/", username="old")["results"]] == []
    assert server.one("core/users/", username="new")


def test_what_fails_is_told_and_can_be_tried_again_or_cancelled(server):
    content = "version: 1\nentries:\n- {model: authentik_core.group, identifiers: {name: Made}, state: must_created}\n"
    made = server.create("managed/blueprints/", name="Later", content=content)
    server.group("Made")
    assert server.api("POST", f"managed/blueprints/{made['pk']}/apply/", 200).json()["status"] == "error"
    task = server.one("events/system_tasks/", name="apply_blueprint")
    assert task["full_name"] == "apply_blueprint:Later" and task["status"] == "error"
    assert "must_created" in task["messages"][-1]["event"]
    assert server.get("events/events/", action="system_task_exception")["results"]
    row = server.one("countersign/tasks/", name="apply_blueprint", state="error")
    server.api("POST", f"countersign/tasks/{row['uuid']}/cancel/", 409)
    server.api("DELETE", f"core/groups/{server.one('core/groups/', name='Made')['pk']}/", 204)
    server.api("POST", f"countersign/tasks/{row['uuid']}/retry/", 204)
    wait_for(lambda: instance(server, "Later")["status"] == "successful", 10)
    assert server.one("core/groups/", name="Made")
    # The task ends a moment after what it did is there.
    wait_for(lambda: server.get("countersign/tasks/", name="apply_blueprint")["results"] == [], 10)
    server.api("POST", f"countersign/tasks/{row['uuid']}/retry/", 404)


def test_tasks_are_for_administrators(server):
    server.user("nobody")
    token = server.create("core/tokens/", identifier="t", intent="api", user=server.one("core/users/", username="nobody")["pk"])
    key = server.get(f"core/tokens/{token['identifier']}/view_key/")["key"]
    for path in ("events/system_tasks/", "countersign/tasks/", "countersign/schedule/", "managed/blueprints/"):
        server.api("GET", path, 403, token=key)
    task = ran(server, "clean_expired_models")
    server.api("POST", f"events/system_tasks/{task['uuid']}/run/", 403, token=key)


def test_shipped_blueprints_tell_that_they_were_applied(server):
    brand = instance(server, "Default - Brand")
    assert brand["status"] == "successful" and brand["enabled"] and brand["path"] == "default/default-brand.yaml"
    files = {f["path"]: f for f in server.get("managed/blueprints/available/")}
    assert brand["last_applied_hash"] == files[brand["path"]]["hash"] and len(brand["last_applied_hash"]) == 128
    assert files["example/flows-login-2fa.yaml"]["meta"]["labels"] == {"blueprints.goauthentik.io/instantiate": "false"}
    assert instance(server, files["example/flows-login-2fa.yaml"]["meta"]["name"]) is None
    server.patch(f"managed/blueprints/{brand['pk']}/", enabled=False)
    server.restart()
    again = instance(server, "Default - Brand")
    assert not again["enabled"] and again["last_applied"] == brand["last_applied"], "nothing changed, nothing was applied"


def test_instances_are_checked_as_by_the_original(server):
    def refused(**body):
        return server.api("POST", "managed/blueprints/", 400, json=body).json()

    assert refused(name="b", path="nope.yaml") == {"path": ["Blueprint file does not exist"]}
    assert refused(name="b", path="../../etc/passwd") == {"path": ["Blueprint file does not exist"]}
    assert refused(name="b") == {"non_field_errors": ["Either path or content must be set."]}
    unknown = "version: 1\nentries:\n- model: zzz.zzz\n  identifiers: {}\n"
    assert refused(name="b", content=unknown) == {
        "content": ["Failed to validate blueprint", "- App or Model does not exist", "- Blueprint validation failed"]
    }
    body = {"name": "b", "path": "example/flows-login-2fa.yaml"}
    made = server.api("POST", "managed/blueprints/", 201, json=body).json()
    assert made["status"] == "unknown" and made["last_applied_hash"] == "" and made["metadata"] == {}
    assert server.api("POST", f"managed/blueprints/{made['pk']}/apply/", 200).json()["status"] in ("successful", "error")
    server.api("DELETE", f"managed/blueprints/{made['pk']}/", 204)


def test_a_file_in_the_folder_is_applied_and_followed(folders):
    server, blueprints, _ = folders
    assert server.one("core/groups/", name="Of the first file") and instance(server, "First")["status"] == "successful"
    (blueprints / "second.yaml").write_text(GROUP % ("Second", "Dropped"))
    wait_for(lambda: server.get("core/groups/", name="Dropped")["results"], 8, "the new file to be applied")
    applied = wait_for(lambda: (i := instance(server, "Second")) and i["status"] == "successful" and i)
    (blueprints / "second.yaml").write_text(GROUP % ("Second", "Changed"))
    wait_for(lambda: server.get("core/groups/", name="Changed")["results"], 8, "the changed file to be applied")
    (blueprints / "second.yaml").write_text("entries: [{model: authentik_core.nothing, identifiers: {name: x}}]")
    wait_for(lambda: instance(server, "Second")["status"] == "error", 8, "the fault to be told")
    (blueprints / "second.yaml").unlink()
    wait_for(lambda: instance(server, "Second")["status"] == "orphaned", 8, "the missing file to be told")
    assert instance(server, "Second")["pk"] == applied["pk"] and server.one("core/groups/", name="Dropped")


def test_certificates_of_a_folder_are_imported_and_updated(folders):
    server, _, certificates = folders

    def make(name, key, certificate):
        folder = certificates / name
        folder.mkdir(parents=True, exist_ok=True)
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
        files = ["-keyout", str(folder / key), "-out", str(folder / certificate), "-subj", "/CN=found.example.test"]
        subprocess.run(command + files, check=True, capture_output=True)

    make("live/found.example.test", "privkey.pem", "fullchain.pem")
    make("archive/found.example.test", "privkey1.pem", "fullchain1.pem")
    (certificates / "alone.pem").write_text((certificates / "live/found.example.test/fullchain.pem").read_text())
    assert run(server, "certificate_discovery")["messages"][-1]["event"] == "Successfully imported 2 files."
    found = server.one("crypto/certificatekeypairs/", name="found.example.test")
    assert found["managed"] == "goauthentik.io/crypto/discovered/found.example.test" and found["private_key_available"]
    assert server.one("crypto/certificatekeypairs/", name="alone")["private_key_available"] is False
    make("live/found.example.test", "privkey.pem", "fullchain.pem")
    run(server, "certificate_discovery")
    renewed = server.one("crypto/certificatekeypairs/", name="found.example.test")
    assert renewed["pk"] == found["pk"] and renewed["fingerprint_sha256"] != found["fingerprint_sha256"]
    assert len([c for c in server.get("crypto/certificatekeypairs/")["results"] if c["name"].startswith("found")]) == 1


def test_the_worker_is_told_apart_from_the_server(server):
    def call(*arguments):
        return subprocess.run([PROGRAM, *arguments], env=server.environment, capture_output=True, text=True, timeout=20)

    assert call("healthcheck", "worker").returncode == 0
    refused = call("worker", "-b")
    assert refused.returncode == 1 and "does the jobs itself" in refused.stderr, refused.stderr
    server.stop()
    gone = call("healthcheck", "worker")
    assert gone.returncode == 1 and "no worker runs here" in gone.stderr
