"""The commands of the program, beside a server and without one."""

import re
import subprocess
import threading

import pytest

from world import PROGRAM, Person, Server

BLUEPRINT = """\
version: 1
metadata:
  name: Groups of the office
entries:
  - model: authentik_core.group
    identifiers:
      name: Office
    attrs:
      attributes:
        floor: 3
  - model: authentik_core.application
    identifiers:
      slug: notes
    attrs:
      name: Notes
"""


def command(server, *arguments):
    return subprocess.run([PROGRAM, *arguments], env=server.environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def stopped(server):
    """A server that has made its folder and is not running."""
    server.stop()
    return server


@pytest.fixture
def blueprint(tmp_path):
    file = tmp_path / "office.yaml"
    file.write_text(BLUEPRINT)
    return str(file)


def test_a_plan_says_what_applying_would_change_and_changes_nothing(stopped, blueprint):
    plan = command(stopped, "blueprint", "plan", blueprint)
    assert plan.returncode == 0, plan.stderr
    assert "Office" in plan.stdout and "notes" in plan.stdout.lower()
    stopped.start()
    assert stopped.get("core/groups/", name="Office")["results"] == []


def test_applying_twice_is_applying_once(stopped, blueprint):
    assert command(stopped, "blueprint", "apply", blueprint).returncode == 0
    again = command(stopped, "blueprint", "apply", blueprint)
    assert again.returncode == 0, again.stderr
    stopped.start()
    assert stopped.one("core/groups/", name="Office")["attributes"] == {"floor": 3}
    assert stopped.get("core/applications/notes/")["name"] == "Notes"


@pytest.mark.parametrize(
    ("broken", "word"),
    ids=["model", "state", "unclosed", "shape"],
    argvalues=[
        ("version: 1\nentries:\n  - model: authentik_core.nonsense\n    identifiers: {}\n", "nonsense"),
        ("version: 1\nentries:\n  - model: authentik_core.group\n    identifiers: {name: X}\n    attrs: {parent: !Find [authentik_core.group, [name, Nobody]]}\n    state: sideways\n", "sideways"),
        ("version: 1\nentries: [\n", "line"),
        ("- 1\n", "line"),
    ],
)
def test_a_broken_file_is_told_with_its_line(stopped, tmp_path, broken, word):
    file = tmp_path / "broken.yaml"
    file.write_text(broken)
    for what in ("validate", "apply"):
        answer = command(stopped, "blueprint", what, str(file))
        text = answer.stdout + answer.stderr
        assert answer.returncode != 0, f"{what}: {text}"
        assert "broken.yaml" in text and word in text and "panicked" not in text, text


def test_apply_is_all_or_nothing(stopped, tmp_path):
    file = tmp_path / "half.yaml"
    file.write_text(BLUEPRINT + "  - model: authentik_core.application\n    identifiers:\n      slug: Bad Slug\n    attrs:\n      name: X\n")
    assert command(stopped, "blueprint", "apply", str(file)).returncode != 0
    stopped.start()
    assert stopped.get("core/groups/", name="Office")["results"] == []


def test_a_recovery_link_signs_in_once(server):
    answer = command(server, "recover")
    assert answer.returncode == 0, answer.stderr
    link = re.search(r"/recovery/\S+", answer.stdout)
    assert link, answer.stdout
    link = link.group()
    # Scanners and previews look, and spend nothing.
    for method in ("HEAD", "GET", "GET"):
        looking = Person(server)
        assert looking.web.request(method, server.base + link, timeout=10).status_code == 200
        assert looking.me().status_code == 403
    admin = Person(server)
    assert admin.web.post(server.base + link, data={"use_link": "1"}, timeout=10).status_code == 200 and admin.me().status_code == 403, "not our form"
    press(admin, link)
    assert admin.me().json()["user"]["username"] == "akadmin"
    again = Person(server)
    assert press(again, link).status_code == 404
    assert again.me().status_code == 403, "the link has been used"


def press(person, link):
    """Opens a link and presses the button of its page."""
    page = person.web.get(person.server.base + link, timeout=10).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    return person.web.post(person.server.base + link, data=hidden, timeout=30)


def test_a_recovery_link_has_one_winner(server):
    link = re.search(r"/recovery/\S+", command(server, "recover").stdout).group()
    people = [Person(server) for _ in range(12)]
    gate = threading.Barrier(len(people))

    def use(person):
        gate.wait()
        press(person, link)

    threads = [threading.Thread(target=use, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(person.me().status_code == 200 for person in people) == 1


def test_a_second_server_on_one_folder_is_refused(server):
    second = Server()
    second.environment["COUNTERSIGN_DATA_DIR"] = str(server.folder)
    try:
        second.spawn([PROGRAM, "serve"], second.environment)
        assert second.child.wait(30) != 0
        text = "\n".join(second.lines())
        assert str(server.folder) in text and "panicked" not in text, text
    finally:
        second.close()
        second.log.unlink()
    assert server.get("core/groups/")["results"]


def test_a_wrong_secret_key_refuses_the_start(stopped):
    key = stopped.folder / "secret-key"
    kept = key.read_bytes()
    key.write_bytes(b"x" * len(kept))
    stopped.spawn([PROGRAM, "serve"], stopped.environment)
    assert stopped.child.wait(30) != 0
    text = "\n".join(stopped.lines()[-5:])
    assert "key" in text and "panicked" not in text, text
    key.write_bytes(kept)
    stopped.start()


def test_a_blueprint_is_applied_beside_a_running_server(server, blueprint, tmp_path):
    for words in (["apply_blueprint"], ["blueprint", "apply"]):
        answer = command(server, *words, blueprint)
        assert answer.returncode == 0 and "Applied" in answer.stdout, answer.stdout + answer.stderr
        assert server.one("core/groups/", name="Office")["attributes"] == {"floor": 3}
    assert server.get("core/applications/notes/")["name"] == "Notes"
    broken = tmp_path / "half.yaml"
    broken.write_text(BLUEPRINT.replace("Office", "Other") + "  - model: authentik_core.application\n    identifiers:\n      slug: Bad Slug\n    attrs:\n      name: X\n")
    answer = command(server, "apply_blueprint", str(broken))
    assert answer.returncode != 0 and "half.yaml" in answer.stderr, answer.stdout + answer.stderr
    assert server.get("core/groups/", name="Other")["results"] == []


def test_paths_of_blueprints_begin_at_their_folder(start, tmp_path):
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "office.yaml").write_text(BLUEPRINT.replace("Office", "Relative"))
    server = start(Server(COUNTERSIGN_BLUEPRINTS_DIR=str(tmp_path)))
    for path in ("teams/office.yaml", "default/default-brand.yaml"):
        answer = command(server, "apply_blueprint", path)
        assert answer.returncode == 0, f"{path}: {answer.stderr}"
    assert server.one("core/groups/", name="Relative")
    assert "nowhere.yaml" in command(server, "apply_blueprint", "teams/nowhere.yaml").stderr


@pytest.mark.parametrize(
    "words",
    [["migrate"], ["migrate", "--noinput"], ["migrate_schemas"], ["check"], ["check", "--deploy"], ["bootstrap_tasks"], ["repair_permissions"], ["clearsessions"]],
    ids=" ".join,
)
def test_commands_of_runbooks_end_well(server, words):
    answer = command(server, *words)
    assert answer.returncode == 0 and answer.stdout, answer.stderr


# Every command of the original: what it is called with, and what ours says (with "!", in a refusal).
ORIGINALS = {
    "server": (["server", "--help"], "Usage"),
    "worker": (["worker", "--help"], "Usage"),
    "healthcheck": (["healthcheck"], ""),
    "worker-status": (["worker-status", "--help"], "Usage"),
    "dump_config": (["dump_config", "log_level"], ""),
    "changepassword": (["changepassword", "nobody-here"], "!no account"),
    "create_admin_group": (["create_admin_group", "nobody-here"], "!no account"),
    "create_recovery_key": (["create_recovery_key", "1", "akadmin"], "/recovery/use-token/"),
    "import_certificate": (["import_certificate", "--name", "x", "--certificate", "/nowhere.pem"], "!/nowhere.pem"),
    "export_blueprint": (["export_blueprint"], "entries:"),
    "apply_blueprint": (["apply_blueprint", "default/default-brand.yaml"], ""),
    "test_email": (["test_email", "--help"], "Usage"),
    "bootstrap_tasks": (["bootstrap_tasks"], "Nothing to do"),
    "change_user_type": (["change_user_type", "--type", "external", "uma"], "external"),
    "clearsessions": (["clearsessions"], "expired sessions"),
    "repair_permissions": (["repair_permissions"], "Nothing to do"),
    "make_blueprint_schema": (["make_blueprint_schema"], "$schema"),
    "migrate": (["migrate"], "up to date"),
    "migrate_schemas": (["migrate_schemas"], "up to date"),
    "check": (["check"], "sound"),
    "shell": (["shell", "-c", "print(1)"], "!no Python shell"),
    "blueprint_shell": (["blueprint_shell", "x.yaml"], "!no Python shell"),
    "benchmark": (["benchmark"], "!countersign bench"),
    "update_webauthn_mds": (["update_webauthn_mds"], "!built into the program"),
    "ldap_sync": (["ldap_sync", "source"], "!Sync now"),
    "ldap_check_connection": (["ldap_check_connection", "source"], "!countersign/sources/ldap"),
    "kerberos_sync": (["kerberos_sync", "source"], "!no Kerberos sources"),
    "kerberos_check_connection": (["kerberos_check_connection", "source"], "!no Kerberos sources"),
    "scim_sync": (["scim_sync", "provider"], "!no SCIM providers"),
}


def test_every_command_of_the_original_is_there_or_says_what_is_in_its_place(server):
    server.user("uma")
    for name, (words, said) in ORIGINALS.items():
        answer = subprocess.run([PROGRAM, *words], env=server.environment, input="A-Fresh-Password-1\n", capture_output=True, text=True, timeout=60)
        refused = said.startswith("!")
        assert answer.returncode == (1 if refused else 0), f"{name}: {answer}"
        assert said.lstrip("!") in (answer.stderr if refused else answer.stdout), f"{name}: {answer}"
    assert server.one("core/users/", username="uma")["type"] == "external"
    everybody = command(server, "change_user_type", "--type", "internal", "--all")
    assert everybody.returncode == 0, everybody.stderr
    assert server.one("core/users/", username="uma")["type"] == "internal"
    for words in (["--type", "nonsense", "uma"], ["--type", "internal_service_account", "uma"], ["--type", "internal", "nobody-here"]):
        assert command(server, "change_user_type", *words).returncode == 1, words


def test_clearsessions_removes_what_has_ended_and_nothing_else(server):
    admin = Person(server).sign_in()
    assert command(server, "clearsessions").stdout.startswith("0 ")
    assert admin.me().status_code == 200
