"""Programs of other people that sign people in here: where they come from, and how they are started."""

import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
import requests

from world import ROOT, TESTS, Process, free_port, wait_for

GUIDES = {name: (ROOT / f"docs/{name}.md").read_text() for name in ("applications", "ldap", "radius")}
MODULES = pathlib.Path("/usr/lib/apache2/modules")


def guide(page, heading, instead, number=0):
    """A configuration of a guide: the block of that number below a heading, with what a test has instead of its examples."""
    section = re.search(rf"^##+ {re.escape(heading)}.*?$(.*?)(?=^##+ |\Z)", GUIDES[page], re.M | re.S).group(1)
    text = re.findall(r"^```\w*\n(.*?)^```", section, re.M | re.S)[number]
    for example, value in instead.items():
        assert example in text, f"{heading} of docs/{page}.md has no {example}"
        text = text.replace(example, str(value))
    return text


class Apache(Process):
    """A site of which parts are for people who have signed in; `serve` is given what sees to that."""

    def __init__(self, modules):
        super().__init__("apache")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-apache-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        for name, text in (("", "outside"), ("private", "inside"), ("staff", "staff only"), ("api", "answers")):
            (self.folder / "www" / name).mkdir(parents=True, exist_ok=True)
            (self.folder / "www" / name / "index.html").write_text(text)
        self.modules = f"mpm_event authn_core authz_core authz_user dir headers {modules}".split()

    def errors(self):
        file = self.folder / "errors"
        return file.read_text(errors="replace")[-3000:] if file.exists() else ""

    def serve(self, settings):
        named = lambda name: "mod_shib" if name == "shib" else f"{name}_module"
        lines = [f"LoadModule {named(name)} {MODULES}/mod_{name}.so" for name in self.modules]
        (self.folder / "apache.conf").write_text("\n".join(lines) + f"""
            ServerName {self.base}
            UseCanonicalName On
            ServerRoot {self.folder}
            PidFile {self.folder}/pid
            Listen 127.0.0.1:{self.port}
            ErrorLog {self.folder}/errors
            User www-data
            Group www-data
            DocumentRoot {self.folder}/www
            DirectoryIndex index.html
            <Location />
                Require all granted
            </Location>
            {settings}
        """)
        self.spawn(["/usr/sbin/apache2", "-f", str(self.folder / "apache.conf"), "-D", "FOREGROUND"], {"PATH": "/usr/sbin:/usr/bin"})

        def answers():
            assert self.is_alive(), "\n".join(self.lines()[-5:]) + self.errors()
            return requests.get(self.base, timeout=5).status_code == 200

        wait_for(answers, 30, "Apache")
        return self

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def go_program(package, name=None):
    """A program of `go_peers`, built; without Go, or the modules, the test is skipped."""
    if not shutil.which("go"):
        pytest.skip("Go is not installed: the peer is a Go module")
    program = TESTS.parent / "target/peers" / (name or package.split("/")[-1])
    command = ["go", "build", "-o", program, package]
    built = subprocess.run(command, cwd=TESTS / "go_peers", env=os.environ | {"GOTOOLCHAIN": "local"}, capture_output=True, text=True)
    if built.returncode:
        signs = ("dial tcp", "no such host", "requires go >=")
        assert any(sign in built.stderr for sign in signs), built.stderr
        pytest.skip(f"the Go module cannot be fetched or built here: {built.stderr.strip().splitlines()[-1]}")
    return program


@functools.cache
def spring_program(name, security):
    """The application of `spring_application`, built with these settings of security; without Maven, or its packages, the test is skipped."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: the peer is a Spring Boot application (apt-get install maven)")
    folder = TESTS.parent / "target/peers" / name
    stamp, jar = folder / "made-of", folder / "built/application.jar"
    made_of = security + "".join(file.read_text() for file in sorted((TESTS / name).rglob("*")) if file.is_file())
    if not (jar.exists() and stamp.exists() and stamp.read_text() == made_of):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(TESTS / name, folder)
        (folder / "src/main/java/wiki/Security.java").write_text(security)
        command = ["mvn", "-q", "-B", "-DskipTests", f"-Dbuilt={folder}/built", "package"]
        built = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if built.returncode:
            assert any(sign in built.stdout for sign in ("Could not transfer", "release version 17 not supported")), built.stdout
            pytest.skip(f"the Maven packages cannot be fetched here, or Java is older than 17: {built.stdout.strip().splitlines()[0]}")
        stamp.write_text(made_of)
    return jar


class Library:
    """An application that is a script around a library: asked by lines of JSON, it answers by them."""

    def __init__(self, *program):
        pipe = subprocess.PIPE
        self.child = subprocess.Popen(program, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=TESTS)

    def ask(self, **value):
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.write(json.dumps(value) + "\n")
            self.child.stdin.flush()
        line = self.child.stdout.readline()
        assert line, self.child.stderr.read()
        return json.loads(line)

    def close(self):
        self.child.kill()
        self.child.communicate()


def saml_provider(server, slug, described, **provider):
    """A provider made from the metadata of its application, and what that one has to know of this server."""
    flows = {
        "authorization_flow": server.flow("default-provider-authorization-implicit-consent"),
        "invalidation_flow": server.flow("default-provider-invalidation-flow"),
    }
    files = {"file": ("metadata.xml", described, "application/xml")}
    server.api("POST", "providers/saml/import_metadata/", 204, data={"name": slug} | flows, files=files)
    pk = server.one("providers/saml/", name=slug)["pk"]
    made = server.patch(f"providers/saml/{pk}/", issuer=f"{server.base}/{slug}", **provider)
    if server.api("PATCH", f"core/applications/{slug}/", json={"provider": pk}).status_code == 404:
        server.create("core/applications/", name=slug.title(), slug=slug, provider=pk)
    return made, requests.get(f"{server.base}/application/saml/{slug}/metadata/", timeout=10).text
