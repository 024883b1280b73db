"""`countersign bench`: every operation is carried out as its client would, so that figures are figures of what works."""

import os
import subprocess

from world import PROGRAM

OPERATIONS = [
    "an empty answer", "client_credentials (RS256)", "sign-in through the flow", "authorize, signed in", "code exchange (RS256)",
    "refresh (RS256)", "introspection", "userinfo", "device code, all of it (RS256)", "client_credentials, DPoP (RS256)",
    "token exchange (RS256)", "SAML assertion (RSA-SHA256)", "forward-auth check", "reverse proxy, GET", "LDAP bind, cached",
    "LDAP bind, direct", "LDAP search by uid", "LDAP enumeration by pages", "RADIUS accept",
]
# What of these is nothing but what it is.
ALONE = ("an empty answer", "authorize", "introspection", "userinfo", "LDAP bind, cached", "LDAP search", "LDAP enumeration")


def test_every_operation_of_the_bench_is_measured():
    order = [PROGRAM, "bench", "--users", "30", "--applications", "1", "--seconds", "1", "--clients", "2"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AUTHENTIK_", "COUNTERSIGN_"))}
    done = subprocess.run(order, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {line[2:36].strip(): line[36:].split() for line in done.stdout.splitlines()}
    for name in OPERATIONS:
        rate, *figures = rows[name]
        assert float(rate) > 0 and len(figures) >= 4, (name, rows[name])
        assert name.startswith(ALONE) or rows[name][-1] == "%", (name, rows[name])
