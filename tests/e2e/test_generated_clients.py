"""Clients that others make from this server's own document: made, compiled and used. What the official ones do is elsewhere."""

import importlib
import json
import shutil
import subprocess
import sys

import pytest
import requests

from world import TESTS, TOKEN


@pytest.fixture
def document(server, tmp_path):
    file = tmp_path / "document.json"
    file.write_bytes(requests.get(f"{server.base}/api/v3/schema/?format=json", timeout=60).content)
    return file


def run(*arguments, cwd):
    done = subprocess.run([str(argument) for argument in arguments], cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_a_client_in_python(server, document, tmp_path, monkeypatch):
    settings = tmp_path / "settings.yml"
    settings.write_text("post_hooks: []\n")
    told = run(sys.executable, "-m", "openapi_python_client", "generate", "--path", document, "--config", settings,
               "--output-path", tmp_path / "ours", "--meta", "none", cwd=tmp_path)  # fmt: skip
    assert "WARNING" not in told, told[:3000]
    run(sys.executable, "-m", "compileall", "-q", "ours", cwd=tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    ours, models = importlib.import_module("ours"), importlib.import_module("ours.models")
    call = lambda name: importlib.import_module(f"ours.api.core.{name}")
    client = ours.AuthenticatedClient(base_url=f"{server.base}/api/v3", token=TOKEN, raise_on_unexpected_status=True)
    made = call("core_groups_create").sync(client=client, body=models.GroupRequest(name="made"))
    assert isinstance(made, models.Group) and made.name == "made"
    found = call("core_groups_list").sync(client=client, search="made")
    assert [group.name for group in found.results] == ["made"]
    changed = call("core_groups_partial_update").sync(group_uuid=str(made.pk), client=client, body=models.PatchedGroupRequest(name="other"))
    assert changed.name == "other"
    assert call("core_groups_destroy").sync_detailed(group_uuid=str(made.pk), client=client).status_code == 204
    # A refusal is read, too.
    gone = call("core_groups_retrieve").sync(group_uuid=str(made.pk), client=client)
    assert isinstance(gone, models.GenericError) and gone.detail == "No Group matches the given query."
    assert call("core_users_me_retrieve").sync(client=client).user.username == "akadmin"


def test_a_client_in_typescript(server, document, tmp_path):
    tools = TESTS / "node_modules"
    shutil.copy(TESTS / "generated_client/use.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(tools)
    run(tools / ".bin/openapi-typescript", document, "-o", "api.d.ts", cwd=tmp_path)
    run(tools / ".bin/tsc", "--strict", "--module", "nodenext", "--target", "es2022", "--rewriteRelativeImportExtensions",
        "--outDir", "out", "use.ts", cwd=tmp_path)  # fmt: skip
    told = json.loads(run("node", "out/use.js", server.base, TOKEN, cwd=tmp_path))
    assert told == {
        "found": ["made"], "changed": "other", "deleted": 204, "gone": 404, "told": {"detail": "No Group matches the given query."}, "me": "akadmin",
    }  # fmt: skip
