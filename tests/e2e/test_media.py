"""Pictures that administrators upload, and those that were there before."""

import base64
import datetime
import html
import json
import re
import subprocess
import sys
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from playwright.sync_api import expect

from browser import Window, sign_in
from world import PROGRAM, Person, Process, Server, free_port, wait_for

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


KEYS = {"aws_access_key_id": "KEYOFTHETEST", "aws_secret_access_key": "secret-of-the-test", "region_name": "eu-central-1"}


class Bucket(Process):
    """A service that speaks S3, with a bucket. With `checks` it lets in only whoever signs as it has given keys for."""

    def __init__(self, checks=False):
        super().__init__("moto")
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.keys, self.checks = KEYS, checks

    def start(self):
        # Of the calls below the first four are let through whoever makes them.
        environment = {"INITIAL_NO_AUTH_ACTION_COUNT": "4"} if self.checks else {}
        self.spawn([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)], environment)
        wait_for(lambda: requests.get(f"{self.address}/moto-api/", timeout=5).ok, 60, "the service")
        if self.checks:
            iam = self.client("iam")
            iam.create_user(UserName="uploads")
            everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
            iam.put_user_policy(UserName="uploads", PolicyName="all", PolicyDocument=json.dumps(everything))
            made = iam.create_access_key(UserName="uploads")["AccessKey"]
            self.keys = KEYS | {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
        self.s3 = self.client("s3")
        self.s3.create_bucket(Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        return self

    def client(self, service):
        return boto3.client(service, endpoint_url=self.address, config=Config(signature_version="s3v4", s3={"addressing_style": "path"}), **self.keys)

    def settings(self, **more):
        names = {"access_key": self.keys["aws_access_key_id"], "secret_key": self.keys["aws_secret_access_key"], "region": "eu-central-1",
                 "endpoint": self.address, "bucket_name": "pictures"} | more
        settings = {f"AUTHENTIK_STORAGE__MEDIA__S3__{name.upper()}": value for name, value in names.items()}
        return settings | {"AUTHENTIK_STORAGE__MEDIA__BACKEND": "s3", "COUNTERSIGN_OUTBOUND__ALLOW": "127.0.0.1/32"}


@pytest.fixture
def bucket():
    started = []

    def begin(**how):
        started.append(Bucket(**how))
        return started[-1].start()

    yield begin
    for one in started:
        one.stop()


def test_a_bucket_keeps_uploads_and_browsers_get_them_from_it(start, bucket, tmp_path):
    service = bucket()
    server = start(Server(**service.settings()))
    assert "can_save_media" in server.get("root/config/")["capabilities"]
    server.application("notes")
    upload(server, "core/applications/notes/set_icon/", "Our logo.png", PNG)
    address = server.get("core/applications/notes/")["meta_icon"]
    key = address.lstrip("/")
    kept = service.s3.get_object(Bucket="pictures", Key=key)
    assert kept["Body"].read() == PNG and kept["ContentType"] == "image/png" and not (server.folder / "media").exists()
    # Browsers are sent to the service, by a link that is good for an hour and the same for some minutes.
    led = requests.get(server.base + address, timeout=30, allow_redirects=False)
    assert (led.status_code, led.headers["Cache-Control"]) == (302, "public, max-age=600")
    link = led.headers["Location"]
    assert link.startswith(f"{service.address}/pictures/{key}?") and requests.get(link, timeout=30).content == PNG
    assert requests.get(server.base + address, timeout=30, allow_redirects=False).headers["Location"] == link
    # It is the link that Amazon's own library makes.
    query = {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}
    at = datetime.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    request = AWSRequest("GET", f"{service.address}/pictures/{key}")
    signer = S3SigV4QueryAuth(Credentials(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"]), "s3", "eu-central-1", expires=3600)
    with mock.patch("botocore.auth.get_current_datetime", return_value=at):
        signer.add_auth(request)
    assert query == {name: value for name, (value,) in parse_qs(urlsplit(request.url).query).items()}
    assert requests.get(f"{server.base}/media/public/..%2fa.png", timeout=30, allow_redirects=False).status_code in (400, 404)
    assert requests.get(f"{server.base}/media/public/page.html", timeout=30, allow_redirects=False).status_code == 404
    # What a backup does not hold, it says.
    environment = server.environment | {"COUNTERSIGN_BACKUP__PASSPHRASE": "a long passphrase of the test"}
    made = subprocess.run([PROGRAM, "backup", str(tmp_path / "all.backup")], env=environment, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0 and "bucket pictures" in made.stdout, made


def test_a_service_that_checks_signatures_takes_ours(start, bucket):
    service = bucket(checks=True)
    server = start(Server(**service.settings()))
    server.application("notes")
    upload(server, "core/applications/notes/set_icon/", "logo.png", PNG)
    key = server.get("core/applications/notes/")["meta_icon"].lstrip("/")
    assert service.s3.get_object(Bucket="pictures", Key=key)["Body"].read() == PNG
    # By another key it takes nothing, and the answer says what the service said.
    other = start(Server(**service.settings(secret_key="another one")))
    other.application("notes")
    refused = upload(other, "core/applications/notes/set_icon/", "other.svg", SVG, 503).json()["detail"]
    assert "403" in refused and "storage.media.s3" in refused and "another one" not in refused, refused
    assert not other.get("core/applications/notes/")["meta_icon"]


def test_links_lead_to_the_domain_of_the_settings(start, bucket):
    service = bucket()
    settings = service.settings(custom_domain="pictures.example.org/of-ours", security_token="a token")
    server = start(Server(**settings))
    server.application("notes")
    upload(server, "core/applications/notes/set_icon/", "logo.png", PNG)
    address = server.get("core/applications/notes/")["meta_icon"]
    link = requests.get(server.base + address, timeout=30, allow_redirects=False).headers["Location"]
    assert link.startswith(f"https://pictures.example.org/of-ours{address}?") and "X-Amz-Security-Token=a%20token" in link


def test_a_bucket_that_is_not_all_there_is_told_of_before_the_start():
    for settings, name in [
        ({"AUTHENTIK_STORAGE__MEDIA__BACKEND": "s3"}, "storage.media.s3.access_key"),
        (Bucket().settings(bucket_name="a/b"), "storage.media.s3.bucket_name"),
        (Bucket().settings(endpoint="ftp://x"), "storage.media.s3.endpoint"),
    ]:
        server = Server(**settings)
        run = subprocess.run([PROGRAM, "serve"], env=server.environment, capture_output=True, text=True, timeout=60)
        assert run.returncode != 0 and name in run.stderr + run.stdout, run


def test_a_service_that_does_not_answer_is_told_of(start):
    server = start(Server(**Bucket().settings()))
    server.application("notes")
    refused = upload(server, "core/applications/notes/set_icon/", "logo.png", PNG, 503).json()["detail"]
    assert "127.0.0.1" in refused and "storage.media.s3" in refused
    # Other networks than those that are allowed are not asked.
    settings = Bucket().settings() | {"COUNTERSIGN_OUTBOUND__ALLOW": ""}
    closed = start(Server(**settings))
    closed.application("notes")
    assert "outbound.allow" in upload(closed, "core/applications/notes/set_icon/", "logo.png", PNG, 503).json()["detail"]


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
