"""Links by e-mail, through a mail server that really takes them: a forgotten password, and a new account."""

import re
import urllib.parse
from html import unescape

import pytest
from receivers import MailServer, parts

from browser import Window, sign_in
from world import ADMIN, PASSWORD, Person, Refused, Server, wait_for

FRESH = "Korrekt-Pferd-Batterie-1"
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def mails():
    receiver = MailServer().start()
    yield receiver
    receiver.close()


@pytest.fixture
def server(start, mails):
    """A server that has sent no mail yet and whose administrator has signed in, so that it knows its address."""
    server = start(Server(**mails.settings))
    Person(server).sign_in()
    return server


def link(mails, to, count=1):
    """The link in the last mail to somebody, once so many have come."""
    mine = lambda: [mail for mail in mails.mails if mail["To"] == to]
    mail = wait_for(lambda: len(mine()) >= count and mine()[-1], 60, f"mail number {count} to {to}")
    text, page = parts(mail)
    found = re.search(r"http://localhost\S+flow_token=\w+", text).group()
    assert found in unescape(page)
    return found


def apply(server, path):
    """Applies an example as an administrator does, unchanged."""
    made = server.api("POST", "managed/blueprints/", 201, json={"name": path, "path": path, "enabled": True}).json()
    server.api("POST", f"managed/blueprints/{made['pk']}/apply/", 200)
    state = lambda: server.get(f"managed/blueprints/{made['pk']}/")["status"]
    wait_for(lambda: state() in ("successful", "error"), 60, "the blueprint")
    assert state() == "successful"


def test_a_forgotten_password(server, mails, browser):
    nina = server.user("nina")
    brand = server.one("core/brands/", domain="authentik-default")
    assert brand["flow_recovery"] == server.flow("default-recovery-flow")
    desk = Window(browser, server.base, "recovery-desktop", viewport=SIZES["desktop"])
    desk.go("/if/flow/default-authentication-flow/").follow("Forgot password?")
    assert desk.barriers() == []
    desk.picture("name")
    desk.fill("Email or Username", "nina")
    desk.press("Continue")
    desk.see("Check your mail")
    assert desk.barriers() == []
    desk.picture("mail")
    address = link(mails, "nina@example.test")
    phone = Window(browser, server.base, "recovery-phone", viewport=SIZES["phone"], color_scheme="dark")
    phone.go(address)
    phone.picture("button")
    phone.press("Continue")
    phone.fill("Password", FRESH)
    phone.fill("Password (repeat)", FRESH)
    phone.picture("password")
    phone.press("Continue")
    phone.page.wait_for_url("**/if/user/**")
    assert Person(server, "nina", FRESH).sign_in().me().status_code == 200
    with pytest.raises(Refused):
        Person(server, "nina", PASSWORD).sign_in()
    desk.go(address).press("Continue")
    desk.see("This link is not valid any more")
    assert [window.problems for window in (phone,)] == [[]]
    # The log says who got a mail, and nothing to sign in with.
    events = server.get("events/events/", action="email_sent")["results"]
    assert [event["context"]["to_email"] for event in events] == [["nina@example.test"]]
    key = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["flow_token"][0]
    assert key not in str(events) and key not in "\n".join(server.lines())
    # An administrator's goes straight to the new password.
    stage = server.one("stages/email/", name="default-recovery-email")["pk"]
    server.api("POST", f"core/users/{nina['pk']}/recovery_email/?email_stage={stage}", 204)
    other = Window(browser, server.base, "recovery-again", viewport=SIZES["desktop"])
    other.go(link(mails, "nina@example.test", 2)).press("Continue")
    other.see("Password (repeat)")


class Newcomer(Person):
    """Somebody who has no account yet."""

    def answer(self, challenge):
        self.seen.append(challenge["component"])
        if challenge["component"] == "ak-stage-prompt":
            said = {"username": self.username, "name": "Otto", "email": f"{self.username}@example.test"}
            said |= {"password": self.password, "password_repeat": self.password}
            return {field["field_key"]: said[field["field_key"]] for field in challenge["fields"]}
        raise Refused(challenge)


def test_a_new_account_is_confirmed_in_another_browser(server, mails):
    apply(server, "example/flows-enrollment-email-verification.yaml")
    otto = Newcomer(server, "otto", FRESH)
    with pytest.raises(Refused) as waits:
        otto.run_flow("default-enrollment-flow")
    assert waits.value.args[0]["component"] == "ak-stage-email"
    assert server.one("core/users/", username="otto")["is_active"] is False
    elsewhere = Person(server, "otto", FRESH)
    page = elsewhere.get(link(mails, "otto@example.test"))
    assert page.status_code == 200 and server.one("core/users/", username="otto")["is_active"] is False
    elsewhere.open(urllib.parse.urljoin(server.base, elsewhere.press(page).headers["Location"]))
    assert elsewhere.me().json()["user"]["username"] == "otto"
    assert server.one("core/users/", username="otto")["is_active"] is True


class Leaver(Person):
    """Somebody who deletes the own account."""

    def answer(self, challenge):
        if challenge["component"] == "countersign-stage-user-delete":
            return {}
        return super().answer(challenge)


def test_people_come_by_invitation_and_leave(server, mails, browser):
    apply(server, "example/flows-enrollment-2-stage.yaml")
    apply(server, "example/flows-unenrollment.yaml")
    flow = server.flow("default-enrollment-flow")
    stage = server.create("stages/invitation/stages/", name="invited only")["pk"]
    server.create("flows/bindings/", target=flow, stage=stage, order=0)
    with pytest.raises(Refused):
        Newcomer(server, "otto", FRESH).run_flow("default-enrollment-flow")
    invitation = server.create("stages/invitation/invitations/", name="for-otto", flow=flow, single_use=True)
    admin = Window(browser, server.base, "invitations", viewport=SIZES["desktop"])
    sign_in(admin.go("/if/flow/default-authentication-flow/"), ADMIN)
    admin.page.wait_for_url("**/if/**")
    admin.go("/if/admin/#/flow/stages/invitations").see("for-otto")
    assert admin.barriers() == []
    admin.picture("list")
    token = f"itoken={invitation['pk']}"
    otto = Leaver(server, "otto", FRESH)
    otto.web = (newcomer := Newcomer(server, "otto", FRESH)).web
    newcomer.run_flow("default-enrollment-flow", token)
    assert otto.me().json()["user"]["username"] == "otto"
    with pytest.raises(Refused):
        Newcomer(server, "olga", FRESH).run_flow("default-enrollment-flow", token)
    otto.run_flow("default-unenrollment-flow")
    assert otto.me().status_code == 403
    assert server.get("core/users/", username="otto")["results"] == []
