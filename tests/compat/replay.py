"""Sends recorded exchanges of the original to a running server and tells where the answers differ.

A recording is a list of steps, each a request with the answer the original gave. Ids, codes, tokens and
times of the recording are replaced by the server's own as they appear; everything else has to be equal:
status, headers that clients read, the keys of every object, types, texts, numbers, and which named
objects a list holds. Keys that only our server has are additions and no difference.
"""

import base64
import dataclasses
import http.client
import json
import pathlib
import re
import urllib.parse
import uuid

RECORDED = pathlib.Path(__file__).parent / "recorded"
# Recordings that leave the step out in which the user name was given.
CONDENSED = {"flows/authentication_next"}
HEADERS = (
    "content-type",
    "location",
    "www-authenticate",
    "cache-control",
    "pragma",
    "allow",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "access-control-allow-origin",
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
# The account of an outpost is called by its id without hyphens.
OUTPOST = re.compile(r"(?<=ak-outpost-)[0-9a-f]{32}")
# Parameters whose number is a user's.
QUERIED = re.compile(r"\b(for_user|user|user_id|members_by_pk)=(\d+)")
# What a value looks like when its content is of no meaning: two of the same look are equal.
LOOKS = {
    "uuid": re.compile(rf"^{UUID.pattern}$", re.I),
    "time": re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$"),
    "jwt": re.compile(r"^eyJ[\w-]+\.[\w-]+\.[\w-]*$"),
    "hex": re.compile(r"^[0-9a-f]{32,}$", re.I),
    "random": re.compile(r"^(?=.*\d)(?=.*[A-Z])[A-Za-z0-9_-]{40,}$"),
    "image": re.compile(r"^(data:image/|https?://\S*gravatar)"),
    "fingerprint": re.compile(r"^([0-9a-f]{2}:){15,}[0-9a-f]{2}$"),
    "certificate": re.compile(r"^-----BEGIN "),
    "cut": re.compile(r"^<.*>$"),
}
# Keys whose numbers depend on what an installation holds, and on the clock.
COUNTED = {"pk", "user", "provider", "providers", "num_pk", "user_pk", "x_cord", "y_cord", "expires_in", "exp", "iat", "auth_time", "last_m", "duration"}
PAGES = {"count", "next", "previous", "total_pages", "start_index", "end_index"}
# Keys whose value is the past of a user or of an installation.
PAST = {"last_login", "password_change_date", "version"}
NAMES = ("managed", "slug", "identifier", "username", "scope_name", "domain", "codename", "name", "model_name", "field_key", "path", "value")


@dataclasses.dataclass(frozen=True)
class Difference:
    recording: str
    place: str
    was: str
    now: str

    def __str__(self):
        return f"{self.recording}: {self.place}: recorded {self.was}, got {self.now}"


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: object
    cookies: dict = dataclasses.field(default_factory=dict)


class Browser:
    """Whoever sent cookies in a recording: known there by the names of its cookies, here by their values."""

    def __init__(self, names=(), cookies=()):
        self.names, self.cookies = set(names), dict(cookies)


def look(text):
    return next((name for name, pattern in LOOKS.items() if pattern.search(text)), None)


def name_of(item):
    """What identifies an object to a person: a name of its own, or for a binding what it binds."""
    for bound in ("stage_obj", "policy_obj", "group_obj", "user_obj"):
        if isinstance(item.get(bound), dict) and "order" in item:
            return bound, f"{item[bound].get('name')} at {item['order']}"
    return next(((k, item[k]) for k in NAMES if isinstance(item.get(k), str) and item[k]), None)


def user_and_key(text):
    """The halves of a user name and a key that were packed together."""
    try:
        user, _, key = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, key) if key else None


def read(name):
    return json.loads((RECORDED / f"{name}.json").read_text())


class Replay:
    """One server that recordings are played to, and what the recordings' ids are called there."""

    def __init__(self, port, token, supply=None):
        self.port, self.token, self.supply = port, token, supply or (lambda *_: None)
        self.known, self.numbers = {}, {}
        # The browsers of the recordings, the last one used at the end.
        self.browsers = []
        self.fresh = self.condensed = self.paged = False
        self.differences = []
        # Paths of steps that were left out, since nothing is there.
        self.absent = set()

    # -- sending ------------------------------------------------------------------------------------

    def send(self, method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        raw = answer.read()
        cookies = [value.split(";")[0].partition("=") for key, value in answer.getheaders() if key.lower() == "set-cookie"]
        text = raw.decode(errors="replace")
        try:
            parsed = json.loads(text) if text else ""
        except ValueError:
            parsed = text
        given = {name: value for name, _, value in cookies}
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, parsed, given)

    def headers(self, recorded, step):
        sent = {}
        for name, value in (recorded or {}).items():
            if name == "Cookie":
                value = "; ".join(f"{n}={v}" for n, v in self.browser(value).cookies.items())
            elif name == "X-authentik-CSRF":
                value = self.browser(recorded.get("Cookie", "")).cookies.get("authentik_csrf", "")
            elif name == "Authorization":
                scheme, _, key = value.partition(" ")
                if "bootstrap-token" in key:
                    key = self.token
                elif scheme == "Bearer" and key not in self.known and look(key):
                    self.known[key] = self.supply("access_token", step) or key
                value = f"{scheme} {self.known.get(key, key)}"
            elif name == "X-authentik-outpost-token":
                value = self.known.get(value, value)
            sent[name] = value
        return sent

    def browser(self, cookies):
        """The browser that sent these cookies: the last one that was given just these."""
        names = {pair.split("=")[0].strip() for pair in cookies.split(";")}
        found = next((b for b in reversed(self.browsers) if b.names == names), Browser())
        self.browsers = [b for b in self.browsers if b is not found] + [found]
        return found

    def keep_cookies(self, step, answer):
        """What this answer gave the browser, in the recording and here."""
        recorded = {c["name"]: c["value"] for c in step["response"]["headers"].get("set-cookie", [])}
        if not (recorded or answer.cookies):
            return
        if "Cookie" not in (step["request"].get("headers") or {}):
            self.browsers.append(Browser())
        self.browsers[-1].names |= {name for name, value in recorded.items() if value}
        self.browsers[-1].cookies |= answer.cookies

    def request(self, step):
        recorded = step["request"]
        headers = self.headers(recorded.get("headers"), step)
        body = recorded.get("body")
        if isinstance(body, dict):
            for secret in ("code", "refresh_token", "token"):
                value = body.get(secret)
                if isinstance(value, str) and look(value) and value not in self.known:
                    self.known[value] = self.supply(secret, step) or value
            body = self.translate(body)
            body = self.encode(body, headers.get("Content-Type", ""))
        elif body is not None and not isinstance(body, str):
            body = json.dumps(self.translate(body))
        elif isinstance(body, str):
            body = self.swap(body)
        path = self.path(recorded["path"])
        if self.condensed and isinstance(recorded.get("body"), dict) and recorded["body"].keys() == {"password"}:
            self.send("POST", path, headers, json.dumps({"uid_field": "akadmin"}))
        answer = self.send(recorded["method"], path, headers, body)
        self.keep_cookies(step, answer)
        return answer

    @staticmethod
    def encode(fields, media):
        if "urlencoded" in media:
            return urllib.parse.urlencode(fields, doseq=True)
        if "boundary=" in media:
            mark = media.split("boundary=")[1]
            parts = (f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
            return "".join(parts) + f"--{mark}--\r\n"
        return json.dumps(fields)

    # -- ids ----------------------------------------------------------------------------------------

    def swap(self, text):
        if text in self.known:
            return self.known[text]
        if (pair := user_and_key(text)) and pair[1] in self.known:
            return base64.b64encode(f"{pair[0]}:{self.known[pair[1]]}".encode()).decode()
        text = OUTPOST.sub(lambda found: self.known.get(str(uuid.UUID(found.group())), found.group()).replace("-", ""), text)
        return UUID.sub(lambda found: self.known.get(found.group(), found.group()), text)

    def path(self, path):
        where, mark, query = path.partition("?")
        family = self.family(where)
        parts = [self.swap(p) if not p.isdigit() else str(self.numbers.get((family, int(p)), p)) for p in where.split("/")]
        query = QUERIED.sub(lambda found: f"{found[1]}={self.numbers.get(('user', int(found[2])), found[2])}", query)
        for word in re.findall(r"[\w.-]{40,}", query):
            query = query.replace(word, self.known.get(word, word))
        return "/".join(parts) + mark + self.swap(query)

    @staticmethod
    def family(path):
        """Whose numbers a path's numbers are."""
        provider = "/providers/" in path or re.search(r"/outposts/(proxy|ldap|radius)/\d", path)
        return "provider" if provider else "user" if "users/" in path else path

    def translate(self, value, key=None):
        if isinstance(value, dict):
            return {k: self.translate(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.translate(v, key) for v in value]
        if isinstance(value, str):
            return self.swap(value)
        if isinstance(value, int) and not isinstance(value, bool):
            family = {"users": "user", "pk": "user", "providers": "provider"}.get(key, key)
            return self.numbers.get((family, value), value)
        return value

    def learn(self, was, now, family):
        """Takes over the ids of an answer: same place, same thing."""
        if isinstance(was, dict) and isinstance(now, dict):
            for key in was.keys() & now.keys():
                a, b = was[key], now[key]
                if isinstance(a, int) and isinstance(b, int) and key in ("pk", "user", "provider", "user_pk"):
                    self.numbers.setdefault((family if key == "pk" else key.removesuffix("_pk"), a), b)
                else:
                    inner = {"user_obj": "user", "users_obj": "user", "provider_obj": "provider"}.get(key, family)
                    self.learn(a, b, inner)
        elif isinstance(was, list) and isinstance(now, list):
            for a, b in self.pairs(was, now):
                self.learn(a, b, family)
        elif isinstance(was, str) and isinstance(now, str) and was != now:
            if look(was):
                self.known.setdefault(was, now)
            elif "?" in was or "#" in was:
                self.learn(self.query(was), self.query(now), family)

    @staticmethod
    def query(address):
        parts = urllib.parse.urlsplit(address)
        return dict(urllib.parse.parse_qsl(parts.query) + urllib.parse.parse_qsl(parts.fragment))

    def pairs(self, was, now):
        """Elements of two lists that mean the same: by name (and target) where they have one, else by place."""
        found = {}
        for item in now:
            if isinstance(item, dict) and (name := name_of(item)):
                found[name] = found[name, item.get("target")] = item
        for place, item in enumerate(was):
            name = name_of(item) if isinstance(item, dict) else None
            same = [b for b in now if isinstance(b, dict) and item.get("pk") and b.get("pk") == self.known.get(item["pk"])] if name else []
            if len(same) == 1:
                yield item, same[0]
                continue
            name = name and (name[0], self.swap(name[1]))
            exact = (name, self.swap(item.get("target") or "")) if name else None
            if name and (exact in found or name in found):
                yield item, found.get(exact, found.get(name))
            elif name is None and place < len(now) and (not isinstance(item, dict) or "pk" not in item):
                yield item, now[place]

    def learn_defaults(self):
        """The default objects of the original are those of ours with the same name."""
        for file in sorted((RECORDED / "defaults").glob("*.json")):
            for step in read(f"defaults/{file.stem}")["steps"]:
                answer = self.request(step)
                if answer.status == 200:
                    self.learn(step["response"]["body"], answer.body, self.family(step["request"]["path"]))

    # -- comparing ----------------------------------------------------------------------------------

    def play(self, name, until=None, before_step=lambda _: None):
        """Plays a recording; its differences, which are also kept."""
        before = len(self.differences)
        # Only the defaults were recorded before anything else was made.
        self.fresh = name.startswith("defaults/")
        self.condensed = name in CONDENSED
        for number, step in enumerate(read(name)["steps"][:until]):
            request, was = step["request"], step["response"]
            before_step(number)
            # One page of a list, which objects of other recordings shift.
            self.paged = "page_size=" in request["path"]
            place = f"{number} {request['method']} {request['path'].split('?')[0]}"
            now = self.request(step)

            def differ(where, a, b):
                shown = (json.dumps(a, ensure_ascii=False)[:100], json.dumps(b, ensure_ascii=False)[:160])
                self.differences.append(Difference(name, f"{place} {where}", *shown))

            if now.status == 501:
                # A part of the original that is not here, as `docs/compatibility.md` says.
                self.absent.add(request["path"].split("?")[0])
                continue
            if was["status"] != now.status:
                differ("status", was["status"], f"{now.status} {json.dumps(now.body)[:120]}")
                continue
            for header in HEADERS:
                if header in was["headers"]:
                    self.header(header, was["headers"][header], now.headers.get(header), differ)
            self.learn(was["headers"].get("location", ""), now.headers.get("location", ""), "")
            self.learn(was["body"], now.body, self.family(request["path"]))
            self.compare(was["body"], now.body, "", None, differ)
            self.tokens(step.get("decoded"), now.body, differ)
        return self.differences[before:]

    def header(self, name, was, now, differ):
        if name == "location" and now is not None:
            self.address(was, now, f"header {name}", differ)
        elif name == "content-type":
            if was.split(";")[0] != (now or "").split(";")[0]:
                differ(f"header {name}", was, now)
        elif name == "allow":
            if sorted(was.split(", ")) != sorted((now or "").split(", ")):
                differ(f"header {name}", was, now)
        elif self.swap(was) != now:
            differ(f"header {name}", was, now)

    def address(self, was, now, where, differ):
        a, b = urllib.parse.urlsplit(self.swap(was)), urllib.parse.urlsplit(now)
        if a[:3] != b[:3]:
            differ(where, was, now)
            return
        asked, given = self.query(was), self.query(now)
        for key in asked.keys() - given.keys():
            differ(f"{where} parameter {key}", asked[key], None)
        for key in asked.keys() & given.keys():
            if not self.same_text(asked[key], given[key]):
                differ(f"{where} parameter {key}", asked[key], given[key])

    def same_text(self, was, now):
        if self.swap(was) == now:
            return True
        return look(was) is not None and look(was) == look(now)

    def compare(self, was, now, where, key, differ):
        if isinstance(was, dict) and isinstance(now, dict):
            for k, v in was.items():
                if k in now:
                    self.compare(v, now[k], f"{where}.{k}", k, differ)
                else:
                    differ(f"{where}.{k}", v, "(missing)")
        elif isinstance(was, list) and isinstance(now, list):
            self.compare_lists(was, now, where, key, differ)
        elif isinstance(was, str) and isinstance(now, str):
            if was.lstrip().startswith("<!DOCTYPE"):
                if not now.lstrip().lower().startswith("<!doctype"):
                    differ(where, "a page", now)
            elif "://" in was or was.startswith("/"):
                if not self.same_text(was, now):
                    self.address(was, now, where, differ)
            elif key == "scope" and set(was.split()) == set(now.split()):
                return
            elif not self.same_text(was, now) and not (key in COUNTED and was.isdigit() and now.isdigit()):
                differ(where, was, now)
        elif key in PAST:
            return
        elif isinstance(was, bool) or isinstance(now, bool) or was is None or now is None:
            if was != now:
                differ(where, was, now)
        elif isinstance(was, (int, float)) and isinstance(now, (int, float)):
            if key not in COUNTED | PAGES and was != now:
                differ(where, was, now)
        else:
            differ(where, was, now)

    def leftover(self, item, where):
        """Whether a listed object is one that the original's installation had from earlier recordings."""
        return where.endswith((".results", "_set")) and (self.paged or item.get("pk") not in self.known)

    def compare_lists(self, was, now, where, key, differ):
        if was and all(isinstance(item, dict) for item in was):
            paired = list(self.pairs(was, now))
            matched = [id(a) for a, _ in paired]
            for a, b in paired:
                label = name_of(a)
                self.compare(a, b, f"{where}[{label[1] if label else ''}]", key, differ)
            for item in was:
                if id(item) not in matched and (self.fresh or not self.leftover(item, where)):
                    label = name_of(item)
                    differ(f"{where}[{label[1] if label else ''}]", item, "(missing)")
            return
        plain = [self.swap(item) if isinstance(item, str) else item for item in was]
        if key in COUNTED or key == "users":
            return
        if sorted(map(str, plain)) != sorted(map(str, now)):
            looks = [look(item) if isinstance(item, str) else None for item in was]
            if not (was and all(looks) and len(was) == len(now)):
                differ(where, was, now)

    def tokens(self, decoded, body, differ):
        """The claims of tokens, which the body shows only in their sealed form."""
        if not isinstance(decoded, dict) or not isinstance(body, dict):
            return
        for name, parts in decoded.items():
            if not isinstance(parts, dict) or not isinstance(body.get(name), str) or body[name].count(".") != 2:
                continue
            for part, text in zip(("header", "claims", "payload"), (0, 1, 1)):
                if isinstance(parts.get(part), dict):
                    found = body[name].split(".")[text]
                    found = json.loads(base64.urlsafe_b64decode(found + "=" * (-len(found) % 4)))
                    loose = {"exp", "iat", "auth_time", "uid", "sid", "at_hash", "kid"}
                    kept = {k: v for k, v in parts[part].items() if k not in loose}
                    self.compare(kept, found, f"{name}.{part}", None, differ)
                    for key in loose & parts[part].keys() - found.keys():
                        differ(f"{name}.{part}.{key}", parts[part][key], "(missing)")
