"""Mail, with a mail server that really takes it, or does not."""

import subprocess

import pytest
import world
from receivers import Certificate, MailServer, parts
from world import wait_for


@pytest.fixture(scope="module")
def certificate():
    return Certificate()


@pytest.fixture
def mail_server():
    """Starts any number of mail servers for one test."""
    started = []

    def begin(*arguments, **options):
        started.append(MailServer(*arguments, **options).start())
        return started[-1]

    yield begin
    for server in started:
        server.close()


def test_email(server_settings, to="uma@example.test", command="test-email"):
    """The command, without an installation; its exit status and what it printed."""
    run = subprocess.run([world.PROGRAM, command, to], env=server_settings, capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout + run.stderr


# A command of the program, not a test.
test_email.__test__ = False


@pytest.mark.parametrize(
    ("encryption", "login"), [(None, None), (None, ("uma", "secret-word")), ("starttls", ("uma", "secret-word")), ("tls", None)]
)
def test_a_mail_arrives_over_each_kind_of_connection(mail_server, certificate, encryption, login):
    server = mail_server(encryption, login, certificate=certificate)
    status, told = test_email(server.settings)
    assert (status, "250 Taken as number 1" in told) == (0, True), told
    (mail,) = server.mails
    assert (mail["To"], mail["From"]) == ("uma@example.test", "Countersign <id@example.test>")
    assert mail["Message-ID"].endswith("@example.test>")
    text, html = parts(mail)
    assert "Mail works" in text and "<html" in html
    assert "secret-word" not in told


def test_what_stops_a_mail_is_told_with_exit_status_1(mail_server, certificate):
    refusing = mail_server(refuse="550 No such person")
    assert test_email(refusing.settings) == (1, test_email(refusing.settings, command="test_email")[1])
    assert "No such person" in test_email(refusing.settings)[1]
    # A certificate that nobody vouches for, a server that offers no STARTTLS, a wrong password, nobody there.
    untrusted = mail_server("tls", certificate=certificate).settings
    untrusted.pop("SSL_CERT_FILE")
    plain = mail_server().settings | {"AUTHENTIK_EMAIL__USE_TLS": "true"}
    wrong = mail_server(login=("uma", "right")).settings | {"AUTHENTIK_EMAIL__PASSWORD": "mistaken"}
    gone = {"AUTHENTIK_EMAIL__HOST": "localhost", "AUTHENTIK_EMAIL__PORT": str(world.free_port())}
    for settings, word in [(untrusted, "certificate"), (plain, "STARTTLS"), (wrong, "535"), (gone, "refused")]:
        status, told = test_email(settings)
        assert status == 1 and word.lower() in told.lower(), told
        assert "mistaken" not in told
    status, told = test_email(gone, to="nobody\r\nBcc: eve@example.test")
    assert status == 1 and "no e-mail address" in told, told
    both = {"AUTHENTIK_EMAIL__USE_TLS": "true", "AUTHENTIK_EMAIL__USE_SSL": "true"}
    status, told = test_email(both)
    assert status == 1 and "email.use_ssl" in told, told


def test_a_mail_waits_for_its_server_and_leaves_an_event_without_links(start, mail_server):
    receiver = MailServer()
    server = start(world.Server(**receiver.settings))
    group = server.one("core/groups/", name="authentik Admins")
    transport = server.create("events/transports/", name="by mail", mode="email")
    rule = server.create("events/rules/", name="custom", severity="warning", group=group["pk"], transports=[transport["pk"]])
    policy = server.create("policies/event_matcher/", name="deleted", action="model_deleted")
    server.create("policies/bindings/", policy=policy["pk"], target=rule["pk"], order=0)
    # The server is away when the mail is due.
    made = server.group("short lived <https://evil.example/?key=x>")
    server.api("DELETE", f"core/groups/{made['pk']}/", 204)
    wait_for(lambda: waiting(server), what="the first try")
    receiver.start()
    try:
        (mail,) = wait_for(lambda: receiver.mails, 30, "the mail")
    finally:
        receiver.close()
    assert mail["Subject"] == "Countersign notification: model_deleted" and mail["To"] == "akadmin@example.test"
    text, html = parts(mail)
    assert "over by mail" in text and "short lived" in text and "Warning" in html
    # In HTML nothing that others wrote is a tag.
    assert "<https://evil" not in html
    event = wait_for(lambda: server.get("events/events/", action="email_sent")["results"], what="its event")[0]
    assert event["context"]["to_email"] == ["akadmin@example.test"]
    assert event["context"]["from_email"] == "Countersign <id@example.test>"
    assert "link removed" in event["context"]["body"] and "evil.example" not in event["context"]["body"]


def waiting(server):
    """The mail that was tried and waits to be tried again."""
    return [task for task in server.get("countersign/tasks/", page_size=100)["results"] if task["name"] == "send_mail" and task["messages"]]


def test_templates_of_the_operators_folder_can_be_chosen(start, tmp_path):
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme/welcome.html").write_text("{% extends 'email/base.html' %}{% block content %}Hi{% endblock %}")
    server = start(world.Server(AUTHENTIK_EMAIL__TEMPLATE_DIR=str(tmp_path)))
    names = [choice["name"] for choice in server.get("stages/email/templates/")]
    assert names == ["email/password_reset.html", "email/account_confirmation.html", "acme/welcome.html"]


# As people of the original have them: a base of their own, a mail in its blocks, its text beside it.
CUSTOM = {
    "acme/base.html": """{% load i18n %}<html><body><img src="cid:logo.png">
{% block content %}{% endblock %}
<p>{% block sub_content %}{% endblock %}</p>{% include "acme/foot.inc" %}</body></html>""",
    "acme/foot.inc": "For {{ user.name }}.",
    "acme/recovery.html": """{% extends "acme/base.html" %}
{% load i18n humanize %}
{% block content %}<h1>{% blocktrans with name=user.name|default:user.username %}Hi {{ name }},{% endblocktrans %}</h1>
{% if user.attributes.teams %}<ul>{% for team in user.attributes.teams %}<li class="{% cycle 'odd' 'even' %}">{{ forloop.counter }}. {{ team|title }}</li>{% endfor %}</ul>{% endif %}
<a href="{{ url }}">{% trans "Reset your password" %}</a>{% endblock %}
{% block sub_content %}{% blocktrans with when=expires|naturaltime day=expires|date:"Y" %}The link ends {{ when }}, in {{ day }}.{% endblocktrans %}{% endblock %}""",
    "acme/recovery.txt": "{% load i18n %}Hi {{ user.name }}, open {{ url }} {% include 'acme/foot.inc' %}",
    "acme/broken.html": """{% extends "acme/base.html" %}
{% block content %}
{% url 'authentik_core:root-redirect' %}
{% endblock %}""",
}


def test_a_template_in_djangos_words_becomes_a_mail(start, mail_server, tmp_path):
    for name, text in CUSTOM.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    receiver = mail_server()
    settings = receiver.settings | {"AUTHENTIK_EMAIL__TEMPLATE_DIR": str(tmp_path)}
    server = start(world.Server(**settings, COUNTERSIGN_BASE_URL="https://id.example.test"))
    assert "acme/broken.html" not in [choice["name"] for choice in server.get("stages/email/templates/")]
    # What is wrong with a template is told where it is chosen, and by the console.
    refused = server.api("POST", "stages/email/", 400, json={"name": "broken", "template": "acme/broken.html"}).json()
    assert "acme/broken.html, line 3: mail templates have no tag 'url'" in refused["template"][0], refused
    told = subprocess.run([world.PROGRAM, "doctor"], env=server.environment, capture_output=True, text=True, timeout=60).stdout
    assert "BROKEN mail templates: the mail template acme/broken.html cannot be used: acme/broken.html, line 3" in told, told

    stage = server.create("stages/email/", name="ours", template="acme/recovery.html", use_global_settings=True)
    user = server.create("core/users/", username="nina", name="Nina & <Co>", email="nina@example.test", attributes={"teams": ["blue", "red <b>"]})
    server.api("POST", f"core/users/{user['pk']}/recovery_email/?email_stage={stage['pk']}", 204)
    (mail,) = wait_for(lambda: receiver.mails, 30, "the mail")
    kinds = {part.get_content_type(): part for part in mail.walk()}
    text, page = kinds["text/plain"].get_content(), kinds["text/html"].get_content()
    assert text.startswith("Hi Nina & <Co>, open https://id.example.test/if/flow/default-recovery-flow/?flow_token=")
    assert "<h1>Hi Nina &amp; &lt;Co&gt;,</h1>" in page and '<li class="even">2. Red &lt;B&gt;</li>' in page
    assert "minutes from now, in 20" in page and "Reset your password</a>" in page
    assert "For Nina &amp; &lt;Co&gt;.</body>" in page and text.strip().endswith(" For Nina & <Co>.")
    assert kinds["image/png"]["Content-ID"] == "<logo.png>" and "cid:logo.png" in page
