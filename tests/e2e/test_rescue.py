"""Ways out: explanations, rules switched off, edits that undo themselves, snapshots, exports, the doctor."""

import re
import subprocess
import time

import pytest
import requests

from world import PROGRAM, Person, Server, wait_for


def command(server, *arguments, stdin=None, **environment):
    arguments = [PROGRAM, *arguments]
    return subprocess.run(arguments, env=server.environment | environment, input=stdin, capture_output=True, text=True, timeout=60)


def done(answer):
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def locked(server, slug="notes"):
    """An application that a policy closes to everybody."""
    app = server.application(slug)
    policy = server.create("policies/dummy/", name="nobody", result=False, wait_min=0, wait_max=0)
    binding = server.create("policies/bindings/", policy=policy["pk"], target=app.application["pk"], order=0)
    return app, policy, binding


def test_why_denied_and_the_way_back(server):
    app, policy, binding = locked(server)
    server.user("uma")
    told = done(command(server, "why-denied", "uma", "notes"))
    assert "uma may not open" in told and '"nobody"' in told and binding["pk"] in told, told
    same = server.get("countersign/explain/", user="uma", application="notes")
    assert same["passing"] is False and same["trace"]["steps"][0]["name"] == "nobody"

    # A server runs on the folder: it makes the change itself, and knows it at once.
    said = done(command(server, "disable", "nobody"))
    assert f"countersign enable {binding['pk']}" in said, said
    assert "uma may open" in done(command(server, "why-denied", "uma", "notes"))
    assert server.get(f"policies/bindings/{binding['pk']}/")["enabled"] is False
    assert any("console: disabled nobody" in change["reason"] for change in server.get("countersign/changes/")["results"])
    done(command(server, *re.search(r"countersign (enable \S+)", said).group(1).split()))
    assert server.get(f"policies/bindings/{binding['pk']}/")["enabled"] is True

    # Without a server the change is made where the command runs.
    server.stop()
    done(command(server, "disable", policy["pk"]))
    server.start()
    assert server.get(f"policies/bindings/{binding['pk']}/")["enabled"] is False
    wrong = command(server, "disable", "no-such-policy")
    assert wrong.returncode == 1 and "no-such-policy" in wrong.stderr
    assert "no account" in command(server, "why-denied", "nobody", "notes").stderr


def test_accounts_from_the_console(server):
    server.user("ada", password=None)
    done(command(server, "change-password", "ada", stdin="A-New-Password-77\n"))
    ada = Person(server, "ada", "A-New-Password-77").sign_in()
    assert ada.me().json()["user"]["is_superuser"] is False
    done(command(server, "create_admin_group", "ada"))
    assert ada.me().json()["user"]["is_superuser"] is True
    assert command(server, "changepassword", "nobody", stdin="x\n").returncode == 1


def test_an_edit_is_undone_unless_confirmed(server):
    group = server.application("timer").application
    header = {"X-Countersign-Confirm-Within": "5"}
    path = f"core/applications/{group['slug']}/"

    def rename(name, **headers):
        server.api("PATCH", path, 200, json={"name": name}, headers=headers)
        return server.get("countersign/changes/")["results"][0]["revision"]

    kept = rename("Kept", **header)
    assert [edit["revision"] for edit in server.get("countersign/changes/pending/")["results"]] == [kept]
    server.api("POST", f"countersign/changes/{kept}/confirm/", 204)
    lost = rename("Lost", **header)
    # A crash does not forget it.
    server.kill()
    server.start()
    assert server.get(path)["name"] in ("Lost", "Kept")
    # The crash may have come in the middle of the job that undoes: on PostgreSQL its lease ends first.
    wait_for(lambda: server.get(path)["name"] == "Kept", 40, "the edit to be undone")
    assert server.get("countersign/changes/pending/")["results"] == []
    assert f"change {lost} was not confirmed" in server.get("countersign/changes/")["results"][0]["reason"]
    server.api("POST", f"countersign/changes/{lost}/confirm/", 404)
    wrong = server.api("PATCH", path, 400, json={"name": "Never"}, headers={"X-Countersign-Confirm-Within": "soon"})
    assert "Nothing was changed" in wrong.text and server.get(path)["name"] == "Kept"


def test_a16_an_edit_on_probation_can_be_undone_whatever_is_deleted_meanwhile(server):
    server.user("uma")
    header = {"X-Countersign-Confirm-Within": "8"}
    app = server.application("timer")
    renamed = server.application("renamed")
    flow = server.create("flows/instances/", name="old", title="old", slug="old", designation="authorization")
    provider = f"providers/oauth2/{app.provider['pk']}/"
    server.patch(provider, authorization_flow=flow["pk"])
    staff, others = server.group("Staff"), server.group("Others")
    binding = server.create("policies/bindings/", group=staff["pk"], target=app.application["pk"], order=0)
    binding_path = f"policies/bindings/{binding['pk']}/"

    other = server.flow("default-provider-authorization-implicit-consent")
    server.api("PATCH", provider, 200, json={"authorization_flow": other}, headers=header)
    server.api("PATCH", binding_path, 200, json={"group": others["pk"]}, headers=header)
    server.api("PATCH", "core/applications/renamed/", 200, json={"name": "Lost"}, headers=header)
    assert len(server.get("countersign/changes/pending/")["results"]) == 3
    # What the way back needs stays; people and groups may go, and so may what was edited.
    refused = server.api("DELETE", "flows/instances/old/", 400)
    assert "waits to be confirmed" in refused.text, refused.text
    server.api("DELETE", f"core/groups/{staff['pk']}/", 204)
    server.api("DELETE", "core/applications/renamed/", 204)
    assert renamed.provider

    wait_for(lambda: not server.get("countersign/changes/pending/")["results"], 30, "the edits to be undone")
    assert server.get(provider)["authorization_flow"] == flow["pk"]
    undone = server.get(binding_path)
    assert undone["group"] is None and undone["vanished"], undone
    assert "uma may not open" in done(command(server, "why-denied", "uma", "timer"))
    server.api("GET", "core/applications/renamed/", 404)
    server.patch(provider, authorization_flow=other)
    server.api("DELETE", "flows/instances/old/", 204)


def test_a_snapshot_puts_everything_back(server):
    app = server.application("before")
    named = server.create("countersign/changes/snapshots/", name="Before the move")
    assert named["later_changes"] == 0
    server.api("POST", "countersign/changes/snapshots/", 400, json={"name": "Before the move"})
    server.patch("core/applications/before/", name="Renamed")
    server.api("DELETE", f"providers/oauth2/{app.provider['pk']}/", 204)
    server.application("after")
    server.patch("flows/instances/default-authentication-flow/", title="Changed")
    path = "countersign/changes/snapshots/Before%20the%20move/"
    assert server.get("countersign/changes/snapshots/")["results"][0]["later_changes"] >= 4
    server.api("POST", path + "restore/", 200)
    back = server.get("core/applications/before/")
    assert back["name"] == "Before" and back["provider"] == app.provider["pk"]
    server.api("GET", "core/applications/after/", 404)
    assert server.get("flows/instances/default-authentication-flow/")["title"] != "Changed"
    # One edit, which can be undone as any other.
    newest = server.get("countersign/changes/")["results"][0]
    assert "Before the move" in newest["reason"]
    server.api("POST", f"countersign/changes/{newest['revision']}/rollback/", 200)
    assert server.get("core/applications/before/")["name"] == "Renamed"
    server.api("DELETE", path, 204)
    server.api("POST", path + "restore/", 404)


def test_an_export_makes_an_equal_installation(server, start, tmp_path):
    app, *_ = locked(server)
    group = server.group("Staff", attributes={"floor": 3})
    server.create("policies/bindings/", group=group["pk"], target=app.application["pk"], order=1)
    server.create("policies/expression/", name="Lines", expression="# two\nreturn True\n")
    exported = done(command(server, "export_blueprint", "--with-secrets"))
    assert app.secret in exported
    discreet = server.api("GET", "countersign/export/", 200).text
    assert app.secret not in discreet and "client_secret" in discreet.splitlines()[2] + discreet[:3000]
    file = tmp_path / "export.yaml"
    file.write_text(exported)

    other = start(Server())
    other.stop()
    done(command(other, "blueprint", "apply", str(file)))
    again = done(command(other, "blueprint", "apply", str(file)))
    assert "0 created, 0 changed, 0 deleted" in again, again[-300:]
    other.start()

    def said(text):
        return [line for line in text.splitlines() if "Countersign Export" not in line]

    assert said(done(command(other, "blueprint", "export", "--with-secrets"))) == said(exported)
    assert other.get("core/groups/", name="Staff")["results"][0]["attributes"] == {"floor": 3}
    # Its clients go on with the secrets they have.
    copy = other.get("providers/oauth2/")["results"][0]
    assert (copy["client_id"], copy["client_secret"]) == (app.id, app.secret)


def test_an_export_without_secrets_loads_on_an_empty_server_and_says_what_is_missing(server, start):
    key = server.create("crypto/certificatekeypairs/generate/", 200, common_name="own key", validity_days=30)
    server.application("signed", signing_key=key["pk"])
    server.create("events/transports/", name="hook", mode="webhook", webhook_url="https://hooks.example.test/known")
    exported = server.api("GET", "countersign/export/", 200).text
    assert "hooks.example.test" not in exported and "PRIVATE KEY" not in exported

    other = start(Server())
    answer = other.api("POST", "flows/instances/import/", 200, files={"file": ("export.yaml", exported)}).json()
    assert answer["success"] is True, answer
    warned = [log["event"] for log in answer["logs"]]
    assert len(warned) == 2 and any("webhook_url" in text for text in warned) and any("signing_key" in text for text in warned), warned
    assert other.one("providers/oauth2/", name="signed-provider")["client_secret"] not in ("", None), "a new one was made"
    transport = other.one("events/transports/", name="hook")
    assert (transport["mode"], transport["webhook_url"]) == ("webhook", "")

    def missing():
        return {finding["name"]: list(finding["errors"]) for finding in other.get("countersign/health/")["results"]}

    assert missing() == {"hook": ["webhook_url"], "signed-provider": ["signing_key"]}
    told = other.api("POST", f"events/transports/{transport['pk']}/test/")
    assert told.status_code >= 400 and "has no webhook URL" in told.text, told.text
    other.api("PATCH", f"events/transports/{transport['pk']}/", 400, json={"send_once": True})
    other.patch(f"events/transports/{transport['pk']}/", webhook_url="https://hooks.example.test/known")
    pair = other.one("crypto/certificatekeypairs/", name="own key")
    assert pair["private_key_available"] is False
    whole = {part: server.get(f"crypto/certificatekeypairs/{key['pk']}/view_{part}/")["data"] for part in ("certificate", "private_key")}
    other.patch(f"crypto/certificatekeypairs/{pair['pk']}/", certificate_data=whole["certificate"], key_data=whole["private_key"])
    assert missing() == {}
    # The export's word alone excuses nothing: what is given has to be right.
    wrong = exported.replace("    mode: webhook\n", "    mode: webhook\n    webhook_url: \"\"\n").replace("hook", "hook2")
    refused = other.api("POST", "flows/instances/import/", 200, files={"file": ("export.yaml", wrong)}).json()
    assert refused["success"] is False, refused


def test_a_flow_is_exported_with_what_it_needs(server):
    answer = server.api("GET", "flows/instances/default-authentication-flow/export/", 200)
    assert 'filename="default-authentication-flow.yaml"' in answer.headers["Content-Disposition"]
    text = answer.text
    assert "authentik_flows.flowstagebinding" in text and "authentik_stages_password.passwordstage" in text
    assert "default-invalidation-flow" not in text
    server.api("GET", "flows/instances/nothing/export/", 404)
    # The same file, changed, comes back in.
    server.patch("flows/instances/default-authentication-flow/", title="Another title")
    back = server.api("POST", "flows/instances/import/", 200, files={"file": ("flow.yaml", text)}).json()
    assert back["success"] is True, back
    assert server.get("flows/instances/default-authentication-flow/")["title"] != "Another title"
    broken = server.api("POST", "flows/instances/import/", 200, files={"file": ("flow.yaml", "version: 1\nentries: [\n")}).json()
    assert broken["success"] is False and "line" in broken["logs"][0]["event"]
    server.api("POST", "flows/instances/import/", 400)
    nosy = text.replace("entries:\n", "entries:\n- {model: authentik_core.group, identifiers: {name: !File /etc/hostname}}\n", 1)
    refused = server.api("POST", "flows/instances/import/", 200, files={"file": ("flow.yaml", nosy)}).json()
    assert refused["success"] is False and "!File" in refused["logs"][0]["event"]


def test_the_doctor_tells_what_is_wrong(server, tmp_path):
    def told(*arguments, **environment):
        answer = command(server, "doctor", *arguments, **environment)
        assert "panicked" not in answer.stderr
        return answer.returncode, answer.stdout

    status, text = told()
    assert status == 1 and "BROKEN" not in text and "it runs and answers" in text, text
    assert "base_url: not set" in text and "backup: none is scheduled" in text
    (tmp_path / "x.yaml").write_text("version: 1\nentries:\n- {model: no.such, identifiers: {a: b}}\n")
    status, text = told(COUNTERSIGN_BLUEPRINTS_DIR=str(tmp_path))
    assert status == 2 and "no.such" in text, text
    (server.folder / "secret-key").chmod(0o644) if (server.folder / "secret-key").exists() else server.folder.chmod(0o755)
    status, text = told()
    assert status == 2 and "chmod o-rwx" in text, text
    status, text = told(COUNTERSIGN_LISTEN__HTTP="nowhere")
    assert status == 2 and "listen.http" in text, text


def test_a_certificate_from_files(server, tmp_path):
    pair = server.create("crypto/certificatekeypairs/generate/", expect=200, common_name="mine", subject_alt_name="a.test", validity_days=30)
    pem = server.get(f"crypto/certificatekeypairs/{pair['pk']}/view_certificate/")["data"]
    key = server.get(f"crypto/certificatekeypairs/{pair['pk']}/view_private_key/")["data"]
    (tmp_path / "c.pem").write_text(pem)
    (tmp_path / "k.pem").write_text(key)
    files = ["--certificate", str(tmp_path / "c.pem"), "--private-key", str(tmp_path / "k.pem")]
    assert "imported" in done(command(server, "import_certificate", "--name", "From disk", *files))
    assert server.one("crypto/certificatekeypairs/", name="From disk")["private_key_available"] is True
    (tmp_path / "c.pem").write_text("nonsense")
    wrong = command(server, "import_certificate", "--name", "Bad", *files)
    assert wrong.returncode == 1 and "certificate" in wrong.stderr.lower()


def test_settings_as_json_hide_secrets(server):
    import json

    settings = json.loads(done(command(server, "dump_config", AUTHENTIK_POSTGRESQL__PASSWORD="hush-hush")))
    assert settings["listen"]["http"].endswith(str(server.port)) and settings["postgresql"]["password"] == "********"
    assert done(command(server, "dump_config", "web.path")).strip() == "/"
    assert command(server, "dump_config", "no.such").returncode == 1
