"""Pictures that administrators upload, and those that were there before."""

import base64
import html
import re
import subprocess

import pytest
import requests
from playwright.sync_api import expect

from browser import Window, sign_in
from world import PROGRAM, Person, Server, wait_for

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
# Two colours, side by side.
PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGMQiVpwp0IDAAhtAovteFTfAAAAAElFTkSuQmCC")
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def media(tmp_path):
    return tmp_path / "media"


@pytest.fixture
def server(start, media):
    return start(Server(AUTHENTIK_STORAGE__MEDIA__FILE__PATH=str(media)))


def upload(server, path, name, content, expect=200, **more):
    return server.api("POST", path, expect, files={"file": (name, content)}, **more)


def test_icons_and_backgrounds_are_files_that_everybody_sees(server, media):
    assert "can_save_media" in server.get("root/config/")["capabilities"]
    server.application("notes")
    icon = "core/applications/notes/set_icon/"
    assert upload(server, icon, "../../Our logo.png", PNG).json() == {}
    address = server.get("core/applications/notes/")["meta_icon"]
    assert re.fullmatch(r"/media/public/application-icons/Ourlogo_[0-9a-f]{12}\.png", address)
    seen = requests.get(server.base + address, timeout=30)
    assert (seen.content, seen.headers["Content-Type"]) == (PNG, "image/png")
    assert requests.get(server.base + address, headers={"If-None-Match": seen.headers["ETag"]}, timeout=30).status_code == 304
    assert (media / "public/application-icons" / address.rsplit("/", 1)[1]).read_bytes() == PNG

    upload(server, "flows/instances/default-authentication-flow/set_background/", "b.svg", SVG)
    background = server.get("flows/instances/default-authentication-flow/")["background"]
    seen = requests.get(server.base + background, timeout=30)
    assert seen.headers["Content-Type"] == "image/svg+xml" and "sandbox" in seen.headers["Content-Security-Policy"]
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    shown = requests.get(f"{server.base}/api/v3/flows/executor/default-authentication-flow/?query=", timeout=30).json()
    assert shown["flow_info"]["background"] == background
    page = requests.get(f"{server.base}/if/flow/default-authentication-flow/", timeout=30).text
    assert f'src="{background}"' in html.unescape(page)

    # What it was called does not decide, and what is no picture is refused.
    for name, content in [("a.png", b"<html></html>"), ("a.svg", b"<html><svg/></html>"), ("a.png", b""), ("a.png", PNG + b"x" * 3_200_000)]:
        assert "file" in upload(server, icon, name, content, 400).json(), name
    assert server.api("POST", icon, 400).content == b""
    assert server.get("core/applications/notes/")["meta_icon"] == address
    server.api("POST", icon, 200, files={"clear": (None, "true")})
    assert not server.get("core/applications/notes/")["meta_icon"]
    # History may bring it back: the file stays.
    assert requests.get(server.base + address, timeout=30).status_code == 200


def test_a_backup_brings_uploads_along(start, server, media, tmp_path):
    server.application("notes")
    upload(server, "core/applications/notes/set_icon/", "a.png", PICTURE)
    address = server.get("core/applications/notes/")["meta_icon"]
    large = b"large" * 50_000
    (media / "public" / "by-hand").mkdir()
    (media / "public" / "by-hand" / "large.bin").write_bytes(large)
    (media / "public" / "leads-out").symlink_to("/etc")
    settings = {"COUNTERSIGN_BACKUP__PASSPHRASE": "a long passphrase of the test"}
    file = str(tmp_path / "all.backup")
    run = lambda at, *words: subprocess.run([PROGRAM, *words], env=at.environment | settings, capture_output=True, text=True, timeout=120)
    made = run(server, "backup", file)
    assert made.returncode == 0, made.stderr
    key = {name: value for name, value in server.environment.items() if name.endswith("_SECRET_KEY")}
    there = tmp_path / "elsewhere"
    other = Server(bootstrap=False, AUTHENTIK_STORAGE__MEDIA__FILE__PATH=str(there), **key)
    # What is there already stays as it is.
    (there / "public" / "by-hand").mkdir(parents=True)
    (there / "public" / "by-hand" / "large.bin").write_bytes(b"mine")
    restored = run(other, "restore", file)
    assert restored.returncode == 0 and " 2 files " in restored.stdout, restored
    assert (there / "public" / "by-hand" / "large.bin").read_bytes() == b"mine" and not (there / "public" / "leads-out").exists()
    start(other)
    assert requests.get(other.base + address, timeout=30).content == PICTURE
    # Into an empty folder each comes as it was.
    empty = Server(bootstrap=False, AUTHENTIK_STORAGE__MEDIA__FILE__PATH=str(tmp_path / "empty"), **key)
    assert run(empty, "restore", file).returncode == 0
    assert (tmp_path / "empty" / "public" / "by-hand" / "large.bin").read_bytes() == large


def test_who_may_not_change_an_application_uploads_nothing(server, media):
    server.application("notes")
    server.user("uma")
    person = Person(server, "uma").sign_in()
    refused = person.api("POST", "core/applications/notes/set_icon/", files={"file": ("a.png", PNG)})
    assert refused.status_code == 403 and not media.exists()


def test_no_address_leads_out_of_the_folder(server, media, tmp_path):
    public = media / "public"
    (public / "application-icons").mkdir(parents=True)
    (public / "application-icons" / "kept before.png").write_bytes(PNG)
    (public / ".hidden.png").write_bytes(PNG)
    (public / "page.html").write_text("<script>alert(1)</script>")
    (tmp_path / "secret.png").write_bytes(PNG)
    (public / "link.png").symlink_to(tmp_path / "secret.png")
    get = lambda path: requests.get(f"{server.base}/media/public/{path}", timeout=30)
    assert get("application-icons/kept%20before.png").content == PNG, "of an authentik before"
    for path in (".hidden.png", "page.html", "link.png", "..%2f..%2fsecret.png", "%2e%2e/%2e%2e/secret.png", "application-icons", "%00.png"):
        assert get(path).status_code in (400, 404), path


def test_without_a_folder_nothing_is_offered(start, media):
    bare = start(Server(AUTHENTIK_STORAGE__MEDIA__BACKEND="s3"))
    assert "can_save_media" not in bare.get("root/config/")["capabilities"]
    bare.application("notes")
    upload(bare, "core/applications/notes/set_icon/", "a.png", PNG, 501)


def test_the_form_takes_a_file(server, browser, tmp_path):
    server.application("notes")
    (tmp_path / "logo.png").write_bytes(PNG)
    window = Window(browser, server.base, "icon", viewport={"width": 1280, "height": 800})
    window.go("/if/flow/default-authentication-flow/")
    sign_in(window, "akadmin")
    window.at(re.compile("/if/(admin|user)/"))
    window.go("about:blank").go("/if/admin/#/core/applications/notes/edit")
    window.page.get_by_text("UI settings").first.click()
    window.page.get_by_label("File for Icon").set_input_files(tmp_path / "logo.png")
    expect(window.page.get_by_label("Icon", exact=True)).to_have_value("logo.png")
    window.picture("chosen")
    window.press("Update")
    kept = wait_for(lambda: server.get("core/applications/notes/")["meta_icon"])
    assert kept.startswith("/media/public/application-icons/logo_")
    server.api("POST", "flows/instances/default-authentication-flow/set_background/", 200, files={"file": ("b.png", PICTURE)})
    for width, scheme in ((1280, "light"), (390, "dark")):
        other = Window(browser, server.base, f"background-{width}", viewport={"width": width, "height": 800}, color_scheme=scheme)
        other.go("/if/flow/default-authentication-flow/")
        assert other.page.evaluate("document.querySelector('.backdrop').naturalWidth") > 1
        other.picture(scheme)
        assert other.barriers() == [] and not other.problems
    assert not window.problems, window.problems
