"""What a relying party of the OpenID Foundation's conformance suite does and looks at: answers as the browser brings them, ID tokens
by the rules of OpenID Connect Core 3.1.3.7, 3.2.2.11 and 3.3.2.11."""

import base64
import hashlib
import html
import re
import subprocess
import time
import urllib.parse

import requests
from joserfc import jwk, jwt

from world import PROGRAM, ROOT, App

BLUEPRINTS = ROOT / "docs" / "conformance"
PASSWORD = "Conny-Formance-42"
BACK = "https://localhost.emobix.co.uk:8443/test/a/countersign"
CALLBACK = f"{BACK}/callback"


def apply(server, file):
    """Applies a blueprint of the guide, as the guide says."""
    run = [PROGRAM, "blueprint", "apply", str(BLUEPRINTS / file)]
    done = subprocess.run(run, env=server.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


class Client(App):
    """A client of the blueprint, found by the name of its provider."""

    def __init__(self, server, name, document=None, slug=None):
        provider = server.one("providers/oauth2/", name=name)
        super().__init__(server, slug or name, provider, server.one("core/applications/", slug=slug or name))
        self.document = document or self.discovery()

    def keys(self):
        return jwk.KeySet.import_key_set(requests.get(self.document["jwks_uri"], timeout=10).json())

    def id_token(self, token, nonce=None, code=None, access=None):
        """The claims of an ID token that holds."""
        read = jwt.decode(token, self.keys(), algorithms=self.document["id_token_signing_alg_values_supported"])
        assert read.header["kid"], "its key can be found"
        said, now = read.claims, time.time()
        audience = said["aud"] if isinstance(said["aud"], list) else [said["aud"]]
        assert said["iss"] == self.document["issuer"] and audience == [self.id]
        assert said.get("azp", self.id) == self.id and 0 < len(said["sub"]) <= 255 and said["sub"].isascii()
        assert said["exp"] > now and now - 300 < said["iat"] <= now + 5
        assert said.get("nonce") == nonce
        for name, value in (("c_hash", code), ("at_hash", access)):
            assert value is None or said.get(name) == half_hash(value, read.header["alg"]), name
        return said

    def ask(self, person, response_type="code", response_mode=None, form=False, **parameters):
        """Asks for authorization as the browser does: in the address, or by a form. How the answer came back, and the answer."""
        url = self.authorize_url(response_type=response_type, response_mode=response_mode, **parameters)
        address, _, query = url.partition("?")
        if form:
            page = person.web.post(address, data=urllib.parse.parse_qsl(query), timeout=30, allow_redirects=False)
        else:
            page = person.get(url)
        return arrival(person, page, self.redirect)

    def userinfo(self, token, how="get"):
        address, bearer = self.document["userinfo_endpoint"], {"Authorization": f"Bearer {token}"}
        if how == "body":
            return requests.post(address, data={"access_token": token}, timeout=10)
        return requests.request("POST" if how == "header" else "GET", address, headers=bearer, timeout=10)


def half_hash(value, algorithm):
    digest = hashlib.new(f"sha{algorithm[-3:]}", value.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def arrival(person, page, redirect):
    """Follows the browser until it is back at the application: `query`, `fragment` or `form_post`, and what it brings; the mode is
    `page` where it stays here."""
    for _ in range(15):
        location = page.headers.get("Location")
        if location and urllib.parse.urljoin(page.url, location).startswith(redirect):
            address = urllib.parse.urlsplit(location)
            own = urllib.parse.parse_qsl(urllib.parse.urlsplit(redirect).query)
            query = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))
            answer = {name: value for name, value in query.items() if (name, value) not in own}
            if address.fragment:
                assert not answer, "one of both"
                return "fragment", dict(urllib.parse.parse_qsl(address.fragment, keep_blank_values=True))
            return "query", answer
        if location:
            address = urllib.parse.urljoin(page.url, location)
            if flow := re.match(r"/if/flow/([^/]+)/", urllib.parse.urlsplit(address).path):
                to = person.run_flow(flow.group(1), urllib.parse.urlsplit(address).query)
                address = urllib.parse.urljoin(person.server.base, to)
                if address.startswith(redirect):
                    page = requests.Response()
                    page.url, page.headers["Location"] = person.server.base, address
                    continue
            page = person.get(address)
            continue
        form = re.search(r'<form[^>]*action="([^"]*)".*?</form>', page.text, re.S)
        if form and html.unescape(form.group(1)) == redirect:
            fields = re.findall(r'<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"', form.group())
            return "form_post", {html.unescape(name): html.unescape(value) for name, value in fields}
        return "page", {"status": page.status_code, "text": page.text}
    raise AssertionError("too many steps")
