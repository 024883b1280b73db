"""Quick starts: what the interface says of an application is what that application, or the library it names, needs."""

import os
import subprocess
import sys

import requests
from playwright.sync_api import expect

from browser import PATIENCE
from test_interface import administrator, opened
from world import Person, Process, free_port, wait_for


def tab(page, app):
    return f"{page};%7B%22page%22%3A%22page-setup%22%2C%22app%22%3A%22{app}%22%7D"


def copied(window, name):
    window.press(f"Copy {name}")
    window.see("Copied")
    return window.page.evaluate("navigator.clipboard.readText()")


def test_settings_are_filled_in_and_the_provider_learns_the_redirect_uri(server, browser):
    app = server.application("wiki", name="Wiki")
    path = f"providers/oauth2/{app.provider['pk']}/"
    before = server.get(path)["redirect_uris"]
    window = administrator(server, browser, "quick-start")
    window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.base)
    opened(window, f"/core/providers/{app.provider['pk']}")
    window.page.get_by_role("tab", name="Set up the application").click()
    window.page.get_by_role("searchbox", name="Search applications").fill("graf")
    expect(window.page.get_by_role("main").get_by_role("link", name="GitLab")).to_have_count(0)
    window.picture("choose")
    assert window.barriers() == []
    window.follow("Grafana")
    text = window.page.get_by_label("grafana.ini", exact=True).locator("pre")
    window.fill("Address of the application", "grafana.company.example/")
    expect(text).to_contain_text("root_url = https://grafana.company.example\n")
    expect(text).to_contain_text(f"client_id = {app.provider['client_id']}")
    assert app.secret not in window.page.content()
    window.picture("grafana")
    assert window.barriers() == []

    window.press("Add to the provider")
    window.see("The provider knows it now.")
    expect(window.page.get_by_role("region", name="In this provider")).to_contain_text("Known")
    wanted = {"matching_mode": "strict", "url": "https://grafana.company.example/login/generic_oauth"}
    assert server.get(path)["redirect_uris"] == [*before, wanted]
    settings = copied(window, "grafana.ini")
    urls = server.get(f"{path}setup_urls/")
    for line in (f"client_secret = {app.secret}", f"token_url = {urls['token']}", f"api_url = {urls['user_info']}"):
        assert line in settings.splitlines()
    assert server.get("events/events/", action="secret_view")["pagination"]["count"] == 1
    window.press("Show secret")
    expect(text).to_contain_text(app.secret)
    assert not window.problems, window.problems


def test_a_redirect_uri_that_only_the_application_knows_is_pasted(server, browser):
    app = server.application("wiki", name="Wiki")
    window = administrator(server, browser, "quick-start-pasted")
    opened(window, tab("/core/applications/wiki", "wikijs"))
    window.fill("Redirect URI", "https://wiki.company.example/login/5b4d/callback")
    window.press("Add to the provider")
    window.see("The provider knows it now.")
    known = server.get(f"providers/oauth2/{app.provider['pk']}/")["redirect_uris"]
    assert {"matching_mode": "strict", "url": "https://wiki.company.example/login/5b4d/callback"} in known


def test_a_saml_provider_learns_what_its_application_is(server, browser):
    flow = {name: server.flow(f"default-provider-{slug}") for name, slug in
            {"authorization_flow": "authorization-implicit-consent", "invalidation_flow": "invalidation-flow"}.items()}
    made = server.create("providers/saml/", name="cloud", acs_url="https://old.example/acs", signing_kp=server.signing_key(), **flow)
    window = administrator(server, browser, "quick-start-saml")
    opened(window, tab(f"/core/providers/{made['pk']}", "nextcloud"))
    window.see("No application uses this provider yet.")
    server.create("core/applications/", name="Cloud", slug="cloud", provider=made["pk"])
    opened(window, tab(f"/core/providers/{made['pk']}", "nextcloud"))
    window.fill("Address of the application", "https://cloud.company.example")
    expect(window.page.get_by_role("region", name="In this provider")).to_contain_text("now https://old.example/acs")
    window.picture("nextcloud")
    assert window.barriers() == []
    window.press("Set in the provider")
    window.see("The provider knows it now.")
    now = server.get(f"providers/saml/{made['pk']}/")
    below = "https://cloud.company.example/apps/user_saml/saml"
    assert [now[name] for name in ("acs_url", "audience", "sp_binding", "sls_url")] == [f"{below}/acs", f"{below}/metadata", "post", f"{below}/sls"]
    data = window.page.get_by_role("region", name="Identity Provider Data")
    expect(data).to_contain_text(now["url_sso_redirect"])
    expect(data).to_contain_text("BEGIN CERTIFICATE")
    assert not window.problems, window.problems


class Site(Process):
    """A program that answers at a port, with what was copied in its folder."""

    def __init__(self, folder, port, *arguments, **environment):
        super().__init__("site")
        self.folder, self.port, self.arguments, self.environment = folder, port, arguments, environment

    def start(self):
        self.spawn([sys.executable, "-m", *self.arguments], self.environment, cwd=self.folder)
        wait_for(lambda: self.is_alive() and requests.get(f"http://localhost:{self.port}/missing", timeout=5).status_code == 404, 30, "the site")
        return self

    def close(self):
        self.stop()


def copied_for(server, browser, app, base, *names):
    """Goes through a quick start in the interface for an application at this address; the texts of these names."""
    server.application("wiki", name="Wiki", signing_key=server.signing_key())
    server.user("nina", name="Nina")
    window = administrator(server, browser, f"quick-start-{app}")
    window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.base)
    opened(window, tab("/core/applications/wiki", app))
    window.fill("Address of the application", base)
    window.press("Add to the provider")
    window.see("The provider knows it now.")
    return [copied(window, name) for name in names]


METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://wiki.company.example/saml">
  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://wiki.company.example/acs" index="0"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>"""


def test_a_saml_provider_is_made_of_the_metadata_of_its_application(server, browser, tmp_path):
    window = administrator(server, browser, "metadata")
    opened(window, "/core/providers/new")
    window.page.get_by_role("button", name="SAML Provider from Metadata").click()
    window.fill("Name", "wiki")
    window.fill("Metadata", "<a/>")
    window.picture("refused")
    window.press("Create")
    expect(window.page.locator(".error, .note.bad").first).to_be_visible(timeout=PATIENCE)
    (tmp_path / "sp.xml").write_text(METADATA)
    with window.page.expect_file_chooser() as chooser:
        window.press("Choose a file…")
    chooser.value.set_files(tmp_path / "sp.xml")
    expect(window.page.get_by_label("Metadata", exact=True)).to_have_value(METADATA)
    assert window.barriers() == []
    window.press("Create")
    window.see("wiki created.")
    window.see("No application uses this provider yet")
    made = server.one("providers/saml/", name="wiki")
    assert (made["acs_url"], made["audience"]) == ("https://wiki.company.example/acs", "https://wiki.company.example/saml")
    assert window.page.url.endswith(f"/core/providers/{made['pk']}")
    assert not [text for text in window.problems if "status of 400" not in text], window.problems


def test_what_is_copied_for_flask_signs_people_in(start, server, browser, tmp_path):
    port = free_port()
    base = f"http://localhost:{port}"
    (text,) = copied_for(server, browser, "flask", base, "app.py")
    home = '\n\n@app.route("/")\ndef home():\n    return session["user"]["preferred_username"]\n'
    (tmp_path / "app.py").write_text(text + home)
    start(Site(tmp_path, port, "flask", "--app", "app", "run", "--port", str(port)))
    answer = Person(server, "nina").sign_in().open(f"{base}/login")
    assert answer.url == f"{base}/" and answer.text == "nina", (answer.url, answer.text[:200])


DJANGO = """
SECRET_KEY = "of the test, and long enough for its sessions"
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.db"}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]
"""
URLS = """
from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [path("", lambda request: HttpResponse(getattr(request.user, "email", "nobody")))]
"""


def test_what_is_copied_for_django_signs_people_in(start, server, browser, tmp_path):
    port = free_port()
    base = f"http://localhost:{port}"
    settings, urls = copied_for(server, browser, "django", base, "settings.py", "urls.py")
    (tmp_path / "settings.py").write_text(DJANGO + settings)
    (tmp_path / "urls.py").write_text(URLS + urls)
    django = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity=0"], cwd=tmp_path, env=os.environ | django, check=True)
    start(Site(tmp_path, port, "django", "runserver", "--noreload", str(port), **django))
    answer = Person(server, "nina").sign_in().open(f"{base}/oidc/authenticate/")
    assert answer.url == f"{base}/" and answer.text == "nina@example.test", (answer.url, answer.text[:200])
