"""Expressions on a real server: what they decide, what they cannot do, and what it costs to try."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from world import Person, Refused, Server, wait_for

REFUSED_MODULES = """os sys subprocess socket ctypes builtins importlib pathlib shutil signal threading multiprocessing pickle inspect
gc asyncio io tempfile django authentik psycopg2 os.path urllib.request http.client authentik.lib.config""".split()

ESCAPES = [
    *(f"import {module}\nreturn True" for module in REFUSED_MODULES),
    "from os import environ\nreturn environ",
    "from django.db import connection\nreturn connection",
    "from authentik.core.models import Token\nreturn Token",
    "from authentik.crypto.models import CertificateKeyPair\nreturn True",
    "from . import secrets\nreturn True",
    "from re import sys\nreturn sys.modules",
    *(f"return {call}" for call in """__import__('os') open('/etc/passwd').read() eval('1') exec('1') compile('1','','eval') globals() locals() vars() dir() input()
    breakpoint() help() ().__class__ user.__class__.__bases__ ''.__class__.__mro__ ak_message.__globals__ ak_message.__code__ user.__dict__ [].__reduce__()
    user.__init__.__globals__ str.__subclasses__() type(user).__mro__ object.__subclasses__() getattr(user,'__globals__') getattr(ak_message,'__globals__')
    getattr(ak_message,'__code__') getattr(object,'__subclasses__')() getattr(type(user),'__subclasses__')() getattr(type(user),'__mro__')
    _ak_ask('query',[]) _ak_users _ak_local('x',[]) _ak_given user.password request.user.password""".split()),
    "try:\n    1 / 0\nexcept Exception as error:\n    return error.__traceback__.tb_frame",
    "_ak_ask = print\nreturn True",
    "def _ak_main():\n    return True\nreturn _ak_main()",
    "class A(str):\n    pass\nreturn True",
    "async def f():\n    pass\nreturn True",
    "global x\nx = 1\nreturn True",
    # What may be asked is decided by the server.
    "user.is_superuser = True\nuser.save()\nreturn True",
    "user.is_active = False\nuser.save()\nreturn True",
    "user.username = 'akadmin'\nuser.save()\nreturn True",
    "user.email = 'no address'\nuser.save()\nreturn True",
    "user.pk = 1\nuser.save()\nreturn True",
    "user.set_password('x')\nreturn True",
    "getattr(user, 'set_password')('x')\nreturn True",
    "user.ak_groups.add(user)\nreturn True",
    "user.all_groups().add(user.ak_groups.first())\nreturn True",
    "user.ak_groups.update(is_superuser=True)\nreturn True",
    "user.ak_groups.all().delete()\nreturn True",
    "from authentik.core.models import User\nUser.objects.all().update(is_active=False)\nreturn True",
    "from authentik.core.models import User\nUser.objects.all().delete()\nreturn True",
    "from authentik.core.models import Group\nGroup.objects.get_or_create(name='x', is_superuser=True)\nreturn True",
    "from authentik.core.models import Group\nGroup.objects.filter(name='authentik Admins').update(is_superuser=False)\nreturn True",
    "from authentik.core.models import Group\nGroup.objects.all().delete()\nreturn True",
    "from authentik.core.models import User\nreturn User.objects.values_list('password', flat=True)",
    "from authentik.core.models import User\nreturn User.objects.filter(password__startswith='pbkdf2').exists()",
    "from authentik.core.models import User\nreturn User.objects.order_by('password').first()",
    "from authentik.core.models import User\nreturn User.objects.filter(**{'name\\' OR 1=1 --': 1}).exists()",
    "from authentik.core.models import User\nreturn User.objects.filter(username=\"' OR '1'='1\").exists()",
    "from authentik.core.models import User\nreturn User.objects.filter(token__key='x').exists()",
    "from authentik.flows.models import Flow\nFlow.objects.all().update(authentication='nonsense')\nreturn True",
    "from authentik.flows.models import Flow\nFlow.objects.all().update(slug='x')\nreturn True",
    "from authentik.flows.models import Flow\nFlow.objects.all().delete()\nreturn True",
    "return ak_user_by(password='x')",
    # The guard of requests to others.
    *(f"return requests.get('{url}').text" for url in """http://127.0.0.1:{port}/-/health/live/ http://localhost:{port}/-/health/live/ http://[::1]:{port}/ http://0.0.0.0:{port}/
    http://2130706433:{port}/ http://169.254.169.254/latest/meta-data/ http://[::ffff:127.0.0.1]:{port}/ file:///etc/passwd ftp://127.0.0.1/ gopher://127.0.0.1/
    http://10.0.0.1/ unix:///var/run/docker.sock""".split()),
]

EXHAUSTION = [
    "while True: pass",
    "while True:\n    try:\n        while True: pass\n    except: pass",
    "x = 'a'\nwhile True:\n    x += x",
    "x = [1]\nwhile True:\n    x.extend(x)",
    "x, i = {}, 0\nwhile True:\n    x[i] = str(i) * 1000\n    i += 1",
    "while True:\n    ak_message('x' * 1000)",
    "while True:\n    ak_logger.info('x' * 1000)",
    "while True:\n    user.ak_groups.exists()",
    "try:\n    while True:\n        user.ak_groups.exists()\nexcept:\n    return True",
    "def f():\n    return f()\nreturn f()",
    "f = lambda g: g(g)\nreturn f(f)",
    "return ak_call_policy(request.context['itself']).passing",
    "x = []\nx.append(x)\nreturn x",
    "return f\"{'a':>10000000000}\"",
    "from itertools import count\nreturn list(count())",
    "from itertools import product\nreturn list(product(range(1000), repeat=4))",
    "from functools import reduce\nreturn reduce(lambda a, b: a + b, ['a' * 10 ** 6] * 1000)",
    "from collections import deque\nreturn deque(range(10 ** 9))",
    "import json\nreturn json.loads('[' * 100000)",
    "import json\nreturn json.dumps('a' * 10 ** 9)",
    "import base64\nreturn base64.b64encode(b'a' * 10 ** 9)",
    "import re\nreturn re.match('(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x', 'a' * 5000)",
    "import re\nreturn re.match('(a|aa)+$', 'a' * 60 + 'b')",
    "return {i: i for i in range(10 ** 9)}",
    *(f"return {value}" for value in """'a'*10**10 b'a'*10**10 [0]*10**10 (0,)*10**10 10**10**8 2**(2**40) 1<<10**11 sum(range(10**12)) list(range(10**9))
    tuple(range(10**9)) set(range(10**9)) sorted(range(10**9)) max(range(10**12)) ''.join(['a'*10**6]*10**4) 'a'.ljust(10**10) 'a'.zfill(10**10)
    'ab'.replace('','x'*10**8)""".split()),
]


def attempts(port):
    return [text.replace("{port}", str(port)) for text in [*ESCAPES, *EXHAUSTION]]


def processes_of(server):
    """The interpreter's processes below the server's."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                arguments = file.read().split(b"\0")
            with open(f"/proc/{pid}/stat") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == server.child.pid and b"run-expressions" in arguments:
            found.append(int(pid))
    return found


def test_a_hundred_attempts_to_escape_or_exhaust_are_refused_and_cost_nobody_else(start):
    server = start(Server(COUNTERSIGN_EXPRESSIONS__MILLISECONDS="300"))
    texts = attempts(server.port)
    assert len(texts) >= 100 and len(set(texts)) == len(texts)
    uma = server.user("uma")["pk"]
    # What is shipped needs no interpreter.
    Person(server, "uma").sign_in().code(server.application("plain"), scope="openid profile email entitlements")
    assert processes_of(server) == []

    def attempt(number_and_text):
        number, text = number_and_text
        name = f"attempt {number}"
        saved = server.api("POST", "policies/expression/", json={"name": name, "expression": text})
        if saved.status_code == 400:
            assert saved.json()["expression"], text
            return
        assert saved.status_code == 201, (text, saved.text)
        context = {"itself": name}
        asked = server.api("POST", f"policies/all/{saved.json()['pk']}/test/", json={"user": uma, "context": context})
        assert asked.status_code == 200 and asked.json()["passing"] is False, (text, asked.text)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, enumerate(texts)))
    # And the server goes on as before, with no more processes than it may have.
    assert asked_of(server, "return ak_is_group_member(user, name='nobody') or user.username == 'uma'", uma)["passing"]
    assert 1 <= len(processes_of(server)) <= 4
    endless = asked_of(server, "while True:\n    pass", uma)
    assert endless["messages"] == ["TimeoutError: the expression took more than 300 ms of processor time"], endless
    assert server.get(f"core/users/{uma}/")["is_active"] and not server.get(f"core/users/{uma}/")["is_superuser"]


def asked_of(server, text, user, **context):
    policy = server.create("policies/expression/", name=f"policy {os.urandom(4).hex()}", expression=text)
    return server.create(f"policies/all/{policy['pk']}/test/", 200, user=user, context=context)


def test_a_process_that_is_killed_or_needs_too_much_costs_one_evaluation(start):
    server = start(Server(COUNTERSIGN_EXPRESSIONS__PROCESSES="1", COUNTERSIGN_EXPRESSIONS__MILLISECONDS="30000"))
    uma = server.user("uma")["pk"]
    assert asked_of(server, "return user.pk > 0", uma)["passing"]
    large = asked_of(server, "return len('a' * 10 ** 8) > 0", uma)
    assert not large["passing"] and "needed more memory" in large["messages"][0], large
    assert asked_of(server, "return user.pk > 0", uma)["passing"]
    (process,) = processes_of(server)
    os.kill(process, 9)
    wait_for(lambda: process not in processes_of(server), what="the process to end")
    lost = asked_of(server, "return user.pk > 0", uma)
    assert lost["passing"] or "needed more memory" in lost["messages"][0], lost
    assert asked_of(server, "return user.pk > 0", uma)["passing"]


@pytest.mark.parametrize(
    "text, passing, messages",
    [
        ("ak_message('first')\nak_message('second')\nreturn False", False, ["first", "second"]),
        ("return ak_is_group_member(request.user, name='Parents')", True, []),
        ("return request.user.ak_groups.filter(name='Parents').exists()", False, []),
        ("return [g.name for g in user.ak_groups.all()] == ['Children']", True, []),
        ("return user.group_attributes().get('floor') == 2", True, []),
        ("from authentik.core.models import User\nreturn [u.username for u in User.objects.filter(username__startswith='UM')] == []", True, []),
        ("from authentik.core.models import User\nreturn User.objects.filter(username__istartswith='UM', is_active=True).count() == 1", True, []),
        ("from authentik.core.models import User\nreturn User.objects.filter(attributes__team__color='blue').first().username == 'uma'", True, []),
        ("from authentik.core.models import User\nreturn User.objects.exclude(username='uma').filter(ak_groups__name='Children').exists()", False, []),
        ("from authentik.core.models import Group\nreturn [g.name for g in Group.objects.filter(name__in=['Parents', 'x'])] == ['Parents']", True, []),
        ("return ak_user_by(email__iendswith='EXAMPLE.ORG', username='uma').pk == user.pk", True, []),
        ("return context['given'] + 1 == 3", True, []),
        ("return context['nope']", False, ["KeyError: nope (line 1)"]),
        ("x = 1\nraise ValueError('no')", False, ["ValueError: no (line 2)"]),
        ("return ak_client_ip.is_private and str(ak_client_ip) == '127.0.0.1'", True, []),
        ("return http_request.method == 'POST' and http_request.path.endswith('/test/')", True, []),
        ("return user.date_joined.year >= 2020 and user.avatar", True, []),
        ("return user.check_password('Correct-Horse-42') and not user.check_password('nope')", True, []),
        ("return ak_user_has_authenticator(user) or ak_user_has_authenticator(user, 'totp')", False, []),
        ("from authentik.stages.authenticator_totp.models import TOTPDevice\nreturn TOTPDevice.objects.filter(user=user, confirmed=True).count() == 0", True, []),
        ("from authentik.core.models import User\nreturn User.objects.exclude(username='uma', attributes__team__color='red').filter(username='uma').exists()", True, []),
        ("from authentik.flows.models import Flow\nreturn Flow.objects.get(slug='default-authentication-flow').designation == 'authentication'", True, []),
    ],
)
def test_what_expressions_decide(server, text, passing, messages):
    if not server.get("core/users/", username="uma")["results"]:
        parents = server.create("core/groups/", name="Parents", attributes={"floor": 2})
        server.create("core/groups/", name="Children", parent=parents["pk"])
        server.user("uma", groups=["Children"], email="uma@example.org", attributes={"team": {"color": "blue"}})
    uma = server.one("core/users/", username="uma")["pk"]
    told = asked_of(server, text, uma, given=2)
    assert (told["passing"], told["messages"]) == (passing, messages), told


def test_expressions_that_call_others_and_write_events(server):
    server.create("policies/expression/", name="inner", expression="request.context['found'] = request.context['given'] + 1\nak_message('inner')\nreturn True")
    text = "result = ak_call_policy('inner', given=2)\nak_create_event('looked', number=request.context['found'])\nak_message(result.messages[0])\nreturn result.passing and context['found'] == 3"
    vera = server.user("vera")["pk"]
    told = asked_of(server, text, vera)
    assert told["passing"] and told["messages"] == ["inner"], told
    event = server.get("events/events/", action="custom_looked")["results"][0]
    assert event["context"]["number"] == 3 and event["user"]["username"] == "vera", event
    assert "not found" in asked_of(server, "return ak_call_policy('nope').passing", vera)["messages"][0]


def test_expressions_change_accounts_memberships_and_flows_and_say_so(server):
    from_models = "from authentik.core.models import Group\nfrom authentik.flows.models import Flow, FlowAuthenticationRequirement\n"
    zoe = server.user("zoe", email="zoe@example.org", attributes={"keep": 1, "old": 2})["pk"]
    told = asked_of(server, "user.name = 'Zoe Zack'\nuser.email = 'z@example.org'\nuser.attributes['floor'] = {'n': 3}\ndel user.attributes['old']\nuser.save()\nreturn True", zoe)
    assert told["passing"], told
    account = server.get(f"core/users/{zoe}/")
    assert (account["name"], account["email"], account["attributes"]) == ("Zoe Zack", "z@example.org", {"keep": 1, "floor": {"n": 3}}), account
    event = server.get("events/events/", action="model_updated", ordering="-created")["results"][0]
    assert event["user"]["username"] == "zoe" and "expression" in str(event), event
    for text, groups in [
        ("group, new = Group.objects.get_or_create(name='Made')\ngroup.users.add(user)\nreturn new", ["Made"]),
        ("group, new = Group.objects.get_or_create(name='Made')\nuser.ak_groups.remove(group)\nreturn not new", []),
        ("user.ak_groups.add(Group.objects.get(name='Made'))\nreturn user.ak_groups.count() == 1", ["Made"]),
    ]:
        told = asked_of(server, from_models + text, zoe)
        assert told["passing"], (text, told)
        assert [group["name"] for group in server.get(f"core/users/{zoe}/")["groups_obj"]] == groups, text
    flow = server.create("flows/instances/", name="f", slug="to-be-locked", title="f", designation="authentication")
    text = "return Flow.objects.filter(slug='to-be-locked').update(authentication=FlowAuthenticationRequirement.REQUIRE_SUPERUSER) == 1"
    assert asked_of(server, from_models + text, zoe)["passing"]
    assert server.get("flows/instances/to-be-locked/")["authentication"] == "require_superuser", flow
    # Whoever only wants to know changes nothing.
    app = server.application("looked-at")
    policy = server.create("policies/expression/", name="greedy", expression="user.name = 'Changed'\nuser.save()\nreturn True")
    server.create("policies/bindings/", target=app.application["pk"], policy=policy["pk"], order=0)
    told = server.get("countersign/explain/", user="zoe", application="looked-at")
    assert not told["passing"] and "changes nothing" in str(told), told
    assert server.get(f"core/users/{zoe}/")["name"] == "Zoe Zack"


def test_who_does_not_hold_everything_runs_no_text_of_his_own_and_changes_nothing_by_trying(server):
    role = server.create("rbac/roles/", name="tries")["pk"]
    yan = server.user("yan")["pk"]
    server.create("core/groups/", name="tries", users=[yan], roles=[role])
    allowed = [f"authentik_{app}" for app in ("stages_prompt.change_prompt", "policies_expression.change_expressionpolicy", "policies_expression.view_expressionpolicy", "policies.change_policy", "policies.view_policy")]
    server.api("POST", f"rbac/permissions/assigned_by_roles/{role}/assign/", 200, json={"permissions": allowed})
    server.create("core/tokens/", identifier="tries", user=yan, intent="api")
    token = server.get("core/tokens/tries/view_key/")["key"]
    text = "from authentik.core.models import Group, User\nUser.objects.get(username='yan').ak_groups.add(Group.objects.get(name='authentik Admins'))\nreturn True"
    prompt = {"name": "p", "field_key": "k", "label": "l", "type": "text", "order": 0, "initial_value": text, "initial_value_expression": True}
    refused = server.api("POST", "stages/prompt/prompts/preview/", token=token, json=prompt)
    assert refused.status_code == 403, refused.text
    policy = server.create("policies/expression/", name="makes administrators", expression=text)
    changed = server.api("PATCH", f"policies/expression/{policy['pk']}/", token=token, json={"expression": "return True"})
    assert changed.status_code == 403, changed.text
    tried = server.api("POST", f"policies/all/{policy['pk']}/test/", 200, token=token, json={"user": yan}).json()
    assert not tried["passing"] and "changes nothing" in tried["messages"][0], tried
    # Also for an administrator, a preview has no effect.
    assert server.api("POST", "stages/prompt/prompts/preview/", json=prompt).status_code == 400
    assert [group["name"] for group in server.get(f"core/users/{yan}/")["groups_obj"]] == ["tries"]


def test_an_expression_decides_who_opens_an_application_and_what_it_learns(server):
    app = server.application("office")
    text = "if request.obj.slug != 'office' or 'openid' not in context['oauth_scopes']:\n    return False\nak_message('Only for Walter')\nreturn user.username == 'walter'"
    policy = server.create("policies/expression/", name="only walter", expression=text)
    server.create("policies/bindings/", target=app.application["pk"], policy=policy["pk"], order=0)
    mapping = server.create("propertymappings/provider/scope/", name="floor", scope_name="floor", expression="first, _, rest = user.name.partition(' ')\nreturn {'floor': [g.name for g in user.ak_groups.all()], 'first': first}")
    server.patch(f"providers/oauth2/{app.provider['pk']}/", property_mappings=[*app.provider["property_mappings"], mapping["pk"]])
    server.user("walter", name="Walter White")
    server.user("xenia")
    code = Person(server, "walter").sign_in().code(app, scope="openid floor")
    told = app.redeem(code).json()
    claims = requests.get(f"{server.base}/application/o/userinfo/", headers={"Authorization": f"Bearer {told['access_token']}"}, timeout=10).json()
    assert claims["first"] == "Walter" and claims["floor"] == [], claims
    with pytest.raises((Refused, AssertionError)):
        Person(server, "xenia").sign_in().code(app, scope="openid floor")


def test_what_cannot_run_is_refused_when_it_is_saved(server):
    for text, told in [
        ("return [", "Expression Syntax Error"),
        ("x = 1\nreturn foo", "name 'foo' is not defined (line 2)"),
        ("import os", "No module named 'os'"),
        ("class A:\n    pass", "A class can't be used in expressions. (line 1)"),
    ]:
        for path, more in [("policies/expression/", {}), ("propertymappings/provider/scope/", {"scope_name": "s"})]:
            refused = server.api("POST", path, json={"name": "refused", "expression": text, **more})
            assert refused.status_code == 400 and told in refused.json()["expression"][0], refused.text
