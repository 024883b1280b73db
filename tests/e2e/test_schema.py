"""The API's document against the API: requests made from the document, answers checked against it (schemathesis)."""

import collections
import os
import re
import subprocess
import sys

import requests

from world import TOKEN

# Requests for each operation; `SCHEMATHESIS_EXAMPLES=200 pytest e2e/test_schema.py` looks for about an hour.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "2")

# What ends the account or the token that asks: the rest would be asked by nobody.
NOT_ASKED = [
    "core_users_destroy", "core_users_update", "core_users_partial_update", "core_users_set_password_create", "core_tokens_destroy",
    "core_tokens_update", "core_tokens_partial_update", "core_tokens_set_key_create",
]  # fmt: skip

# Where an answer differs from the document, and the original's does in the same way.
AS_THERE = [
    r'"" is not a "(email|uri)"',
    r"is valid under more than one of the schemas",
    r'null is not of type "object"',
    r'"No recovery flow set." is not of type "array"',
    r'"custom_\w*" is not one of',
]


def differences(told):
    """Of each operation, what differed."""
    parts = re.split(r"^_{3,} ([A-Z]+ \S+) _{3,}$", told, flags=re.MULTILINE)
    found = collections.defaultdict(set)
    for operation, block in zip(parts[1::2], parts[2::2]):
        status = re.search(r"^\[(\d+)\] ", block, flags=re.MULTILINE)
        for code, title, first in re.findall(r"^- (ST\d+) (.+)\n\n?(?:    *(\S.*))?", block, flags=re.MULTILINE):
            if not any(re.search(known, first) for known in AS_THERE):
                found[operation].add((code, title, first, status and status.group(1)))
    return found


def test_answers_are_those_of_the_document(server, tmp_path):
    document = tmp_path / "document.json"
    document.write_bytes(requests.get(f"{server.base}/api/v3/schema/?format=json", timeout=60).content)
    arguments = [sys.executable, "-m", "schemathesis.cli", "--no-color", "run", str(document), "--url", f"{server.base}/api/v3"]
    arguments += ["--header", f"Authorization: Bearer {TOKEN}", "--seed", "1", "--phases", "fuzzing", "--max-examples", EXAMPLES]
    arguments += ["--workers", "2", "--no-shrink", "--generation-database", "none", "--continue-on-failure", "--warnings", "off"]
    arguments += ["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"]
    for operation in NOT_ASKED:
        arguments += ["--exclude-operation-id", operation]
    patience = 300 if EXAMPLES == "2" else 7200
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=patience, cwd=tmp_path)
    assert "Schema Error" not in run.stdout and run.returncode in (0, 1), run.stdout[-3000:] + run.stderr
    tested = int(re.search(r"Tested: (\d+)", run.stdout).group(1))
    # For the others it finds nothing to vary.
    assert tested > 450, run.stdout[-3000:]
    # Whoever asked was let in to the end.
    assert server.get("core/users/me/")["user"]["username"] == "akadmin"
    found = differences(run.stdout)
    # Of outposts, those for remote access are not built: 501. A flow that is not there has a page for people, as in the original.
    for part, status in (("/outposts/instances/", "501"), ("/flows/executor/", "404")):
        for operation in [operation for operation in found if part in operation]:
            found[operation] = {told for told in found[operation] if told[3] != status}
    assert not (found := {operation: told for operation, told in found.items() if told}), "\n".join(f"{key}: {told}" for key, told in sorted(found.items()))
    assert not server.panics()
