# What every expression finds. The host is asked by one function, _ak_ask; it decides what is given.
_ak_messages = []
_ak_logs = []
_ak_users = {}
_ak_context = {}
_ak_options = {"saves": False}
_ak_packet = {}


def _ak_arg(value):
    """A value as the host reads it: objects by their keys."""
    if isinstance(value, (User, Group)) or (isinstance(value, _AkRecord) and hasattr(value, "pk")):
        return value.pk
    if isinstance(value, (_AkQuery, list, tuple, set, frozenset)):
        return [_ak_arg(item) for item in _ak_items(value)]
    if isinstance(value, dict):
        return {key: _ak_arg(value[key]) for key in value}
    return value


def _ak_moment(text):
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class _AkRecord:
    def __init__(self, fields):
        for key in fields:
            setattr(self, key, fields[key])

    def __str__(self):
        return str(getattr(self, "name", getattr(self, "_kind", "object")))


class User:
    def __init__(self, fields):
        for key in fields:
            setattr(self, key, fields[key])
        for key in ("date_joined", "last_login", "password_change_date"):
            if fields.get(key):
                setattr(self, key, _ak_moment(fields[key]))
        if _ak_options["saves"]:
            self._was = {key: _ak_plain(getattr(self, key)) for key in fields}
        if self.pk is not None:
            self.ak_groups = _AkQuery("group", ["user", self.pk], [])
            self.groups = self.ak_groups
        else:
            self.ak_groups = _AkQuery("group", ["none"], [])
            self.groups = self.ak_groups

    def all_groups(self):
        return _AkQuery("group", ["user_all", self.pk], [])

    def group_attributes(self, request=None):
        return _ak_ask("group_attributes", [self.pk, hasattr(request, "brand")])

    def app_entitlements(self, app):
        return [_AkRecord(each) for each in _ak_ask("entitlements", [self.pk, getattr(app, "pk", None)])]

    def app_entitlements_attributes(self, app):
        merged = {}
        for each in _ak_ask("entitlements", [self.pk, getattr(app, "pk", None)]):
            merged.update(each["attributes"])
        return merged

    def locale(self, request=None):
        return self.attributes.get("settings", {}).get("locale", "")

    def has_usable_password(self):
        return self._usable_password

    def check_password(self, password):
        return _ak_ask("check_password", [self.pk, password])

    def save(self, **options):
        for key in self._was:
            if key not in ("name", "email", "attributes", "backend") and _ak_plain(getattr(self, key, None)) != self._was[key]:
                raise PermissionError("save() writes name, email and attributes, not " + key)
        fields = {}
        for key in ("name", "email"):
            if key in self._was and getattr(self, key) != self._was[key]:
                fields[key] = getattr(self, key)
        was = self._was.get("attributes", {})
        now = _ak_plain(getattr(self, "attributes", was))
        changed = {key: now[key] for key in now if key not in was or was[key] != now[key]}
        removed = [key for key in was if key not in now]
        if fields or changed or removed:
            _ak_ask("save_user", [self.pk, fields, changed, removed])
        for key in fields:
            self._was[key] = fields[key]
        self._was["attributes"] = now

    def refresh_from_db(self):
        pass

    def __eq__(self, other):
        return isinstance(other, User) and self.pk == other.pk

    def __hash__(self):
        return hash(("user", self.pk))

    def __str__(self):
        return self.username


class Group:
    def __init__(self, fields):
        for key in fields:
            setattr(self, key, fields[key])
        self.users = _AkQuery("user", ["group", self.pk], [])

    def __eq__(self, other):
        return isinstance(other, Group) and self.pk == other.pk

    def __hash__(self):
        return hash(("group", self.pk))

    def __str__(self):
        return "Group " + self.name


def _ak_row(model, fields):
    if model == "user":
        known = _ak_users.get(fields["pk"])
        if known is None:
            known = User(fields)
            _ak_users[fields["pk"]] = known
        return known
    if model == "group":
        return Group(fields)
    return _AkRecord(fields)


class _AkQuery:
    def __init__(self, model, base, steps):
        self._model = model
        self._base = base
        self._steps = steps
        self._rows = None

    def _with(self, step):
        return _AkQuery(self._model, self._base, self._steps + [step])

    def _ask(self, what, value=None):
        return _ak_ask("query", [self._model, self._base, self._steps, what, value])

    def _load(self):
        if self._rows is None:
            self._rows = [_ak_row(self._model, fields) for fields in self._ask("rows")]
        return self._rows

    def all(self):
        return self._with(["all"])

    def filter(self, **fields):
        return self._with(["filter", _ak_arg(fields)])

    def exclude(self, **fields):
        return self._with(["exclude", _ak_arg(fields)])

    def order_by(self, *names):
        return self._with(["order_by", list(names)])

    def distinct(self):
        return self

    def select_related(self, *names):
        return self

    def prefetch_related(self, *names):
        return self

    def iterator(self):
        return self

    def exists(self):
        return self._ask("exists")

    def count(self):
        return self._ask("count")

    def first(self):
        rows = self._with(["limit", 1])._load()
        return rows[0] if rows else None

    def last(self):
        rows = self._load()
        return rows[-1] if rows else None

    def get(self, **fields):
        rows = self._with(["filter", _ak_arg(fields)])._with(["limit", 2])._load()
        name = self._model.capitalize()
        if not rows:
            raise LookupError(name + " matching query does not exist.")
        if rows[1:]:
            raise LookupError("get() returned more than one " + name + ".")
        return rows[0]

    def values_list(self, *names, flat=False):
        rows = self._ask("values", list(names))
        return [row[0] for row in rows] if flat else [tuple(row) for row in rows]

    def values(self, *names):
        rows = self._ask("values", list(names))
        return [{name: row[at] for at, name in enumerate(names)} for row in rows]

    def get_or_create(self, defaults=None, **fields):
        made = self._ask("get_or_create", [_ak_arg(fields), _ak_arg(defaults or {})])
        return _ak_row(self._model, made[0]), made[1]

    def update(self, **fields):
        return self._ask("update", _ak_arg(fields))

    def delete(self):
        return self._ask("delete")

    def add(self, *objects):
        self._rows = None
        self._ask("add", _ak_arg(list(objects)))

    def remove(self, *objects):
        self._rows = None
        self._ask("remove", _ak_arg(list(objects)))

    # The interpreter lets nothing be asked from within these: what walks a query is given its rows.
    def __iter__(self):
        if self._rows is None:
            raise TypeError("write list(...) around this query")
        return iter(self._rows)

    def __str__(self):
        return "<QuerySet>"


class _AkModel:
    def __init__(self, name):
        self.objects = _AkQuery(name, ["all"], [])
        self.DoesNotExist = LookupError
        self.MultipleObjectsReturned = LookupError


class _AkSource:
    def __init__(self, fields):
        for key in fields:
            setattr(self, key, fields[key])

    def get_user_path(self):
        return self.user_path_template.replace("%(slug)s", self.slug)

    def __str__(self):
        return self.name


class _AkPlan:
    def __init__(self, context, flow_pk):
        self.context = context
        self.flow_pk = flow_pk

    def __str__(self):
        return "FlowPlan"


class _AkRequest:
    def __init__(self, user, context, http_request, obj):
        self.user = user
        self.context = context
        self.http_request = http_request
        self.obj = obj
        self.debug = False


class _AkHttpRequest:
    def __init__(self, fields, user):
        for key in fields:
            setattr(self, key, fields[key])
        self.user = user
        self.brand = _AkRecord(self.brand)
        self.tenant = _AkRecord(self.tenant)
        self.session = {}

    def get_host(self):
        return self._host

    def build_absolute_uri(self, location=None):
        if location is None:
            location = self.get_full_path()
        return self.scheme + "://" + self._host + location

    def get_full_path(self):
        return self.path + ("?" + self._query if self._query else "")

    def is_secure(self):
        return self.scheme == "https"


class _AkResponse:
    def __init__(self, fields):
        self.status_code = fields["status"]
        self.text = fields["text"]
        self.content = self.text.encode()
        self.headers = fields["headers"]
        self.ok = self.status_code < 400
        self.url = fields["url"]

    def json(self):
        import json

        return json.loads(self.text)

    def raise_for_status(self):
        if not self.ok:
            raise RuntimeError(str(self.status_code) + " Error for url: " + self.url)


class _AkRequests:
    def __init__(self):
        self.RequestException = RuntimeError

    def request(self, method, url, params=None, data=None, json=None, headers=None, timeout=None, auth=None, verify=True):
        asked = {"method": method, "url": url, "params": params, "data": data, "json": json, "headers": headers}
        asked["auth"] = list(auth) if auth else None
        return _AkResponse(_ak_ask("http", asked))

    def get(self, url, params=None, **more):
        return self.request("GET", url, params=params, **more)

    def head(self, url, **more):
        return self.request("HEAD", url, **more)

    def post(self, url, data=None, json=None, **more):
        return self.request("POST", url, data=data, json=json, **more)

    def put(self, url, data=None, **more):
        return self.request("PUT", url, data=data, **more)

    def patch(self, url, data=None, **more):
        return self.request("PATCH", url, data=data, **more)

    def delete(self, url, **more):
        return self.request("DELETE", url, **more)


class _AkAddress:
    def __init__(self, fields):
        for key in fields:
            setattr(self, key, fields[key])

    def __str__(self):
        return self.compressed

    def __eq__(self, other):
        return isinstance(other, _AkAddress) and self.compressed == other.compressed

    def __hash__(self):
        return hash(self.compressed)


class _AkNetwork:
    def __init__(self, fields):
        for key in fields:
            setattr(self, key, fields[key])

    def __eq__(self, other):
        return isinstance(other, _AkNetwork) and self.compressed == other.compressed

    def __hash__(self):
        return hash(self.compressed)

    def __str__(self):
        return self.compressed


class _AkLogger:
    def _log(self, level, message, fields):
        _ak_logs.append([level, str(message), {key: str(fields[key]) for key in fields}])

    def debug(self, message, **fields):
        self._log("debug", message, fields)

    def info(self, message, **fields):
        self._log("info", message, fields)

    def warning(self, message, **fields):
        self._log("warning", message, fields)

    def error(self, message, **fields):
        self._log("error", message, fields)


def ip_address(address):
    return _AkAddress(_ak_local("ip_address", [str(address)]))


def ip_network(address, strict=True):
    return _AkNetwork(_ak_local("ip_network", [str(address), strict]))


def slugify(text, allow_unicode=False):
    return _ak_local("slugify", [str(text)])


def regex_match(value, regex):
    import re

    return re.search(regex, value) is not None


def regex_replace(value, regex, repl):
    import re

    return re.sub(regex, repl, value)


def list_flatten(value):
    if isinstance(value, list):
        return value[0] if value else None
    return value


def ak_message(message):
    _ak_messages.append(str(message))


def ak_is_group_member(user, **fields):
    return user.all_groups().filter(**fields).exists() if user.pk is not None else False


def ak_user_by(**fields):
    try:
        return _AkQuery("user", ["all"], []).filter(**fields).first()
    except LookupError:
        return None


def ak_user_has_authenticator(user, device_type=None):
    return _ak_ask("has_authenticator", [user.pk, device_type])


def ak_create_event(action, **fields):
    _ak_ask("event", [action, _ak_plain(fields)])


def ak_call_policy(name, **fields):
    _ak_context.update(fields)
    result = _ak_ask("call_policy", [name, _ak_plain(_ak_context)])
    for key in result["context"]:
        _ak_context[key] = result["context"][key]
    return _AkRecord({"passing": result["passing"], "messages": tuple(result["messages"]), "raw_result": result["raw_result"]})


def resolve_dns(host, ip_version=None):
    return _ak_ask("resolve_dns", [str(host), ip_version])


def reverse_dns(ip):
    return _ak_ask("reverse_dns", [str(ip)])


def _ak_truth(value):
    return value.exists() if isinstance(value, _AkQuery) else value


def _ak_items(value):
    return value._load() if isinstance(value, _AkQuery) else value


def _ak_in(item, whole):
    if isinstance(whole, _AkNetwork):
        return _ak_local("network_contains", [whole.compressed, str(item)])
    return item in _ak_items(whole)


ak_logger = _AkLogger()
requests = _AkRequests()
SkipObject = SystemExit
_ak_modules = {
    "requests": {"": requests},
    "authentik.core.models": {
        "User": _AkModel("user"),
        "Group": _AkModel("group"),
        "USER_ATTRIBUTE_CHANGE_EMAIL": "goauthentik.io/user/can-change-email",
        "USER_ATTRIBUTE_CHANGE_NAME": "goauthentik.io/user/can-change-name",
        "USER_ATTRIBUTE_CHANGE_USERNAME": "goauthentik.io/user/can-change-username",
        "USER_ATTRIBUTE_DEBUG": "goauthentik.io/user/debug",
        "USER_ATTRIBUTE_EXPIRES": "goauthentik.io/user/expires",
        "USER_ATTRIBUTE_GENERATED": "goauthentik.io/user/generated",
        "USER_ATTRIBUTE_TOKEN_EXPIRING": "goauthentik.io/user/token-expires",
        "USER_PATH_SERVICE_ACCOUNT": "goauthentik.io/service-accounts",
        "UserTypes": _AkRecord({
            "INTERNAL": "internal",
            "EXTERNAL": "external",
            "SERVICE_ACCOUNT": "service_account",
            "INTERNAL_SERVICE_ACCOUNT": "internal_service_account",
        }),
    },
    "authentik.flows.models": {
        "Flow": _AkModel("flow"),
        "FlowAuthenticationRequirement": _AkRecord({
            "NONE": "none",
            "REQUIRE_AUTHENTICATED": "require_authenticated",
            "REQUIRE_UNAUTHENTICATED": "require_unauthenticated",
            "REQUIRE_SUPERUSER": "require_superuser",
            "REQUIRE_REDIRECT": "require_redirect",
            "REQUIRE_OUTPOST": "require_outpost",
        }),
    },
    "authentik.stages.authenticator_webauthn.models": {"WebAuthnDevice": _AkModel("webauthn")},
    "authentik.stages.authenticator_duo.models": {"DuoDevice": _AkModel("duo")},
    "authentik.stages.authenticator_totp.models": {"TOTPDevice": _AkModel("totp")},
    "authentik.stages.authenticator_static.models": {"StaticDevice": _AkModel("static")},
    "msgraph.generated.models.password_profile": {"PasswordProfile": dict},
}


def _ak_plain(value, depth=0):
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if depth > 40:
        raise ValueError("the value is nested too deeply, or contains itself")
    if isinstance(value, dict):
        return {(key if isinstance(key, str) else str(key)): _ak_plain(value[key], depth + 1) for key in value}
    if isinstance(value, (list, tuple, set, frozenset, _AkQuery)):
        return [_ak_plain(item, depth + 1) for item in _ak_items(value)]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, User):
        return {"$user": value.pk, "username": value.username}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def _ak_define_attribute(vendor_code, vendor_name, attribute_name, attribute_code, attribute_type):
    # Both orders are in use where they are given by place.
    if isinstance(attribute_name, int):
        attribute_name, attribute_code = attribute_code, attribute_name
    _ak_packet["defined"].append([vendor_code, str(vendor_name), str(attribute_name), attribute_code, str(attribute_type)])


def _ak_octets(value):
    """A value of a packet: octets that may be no text are written in hexadecimal."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (list, tuple)):
        return [_ak_octets(item) for item in value]
    return _ak_plain(value)


def _ak_finish(value, writes):
    if _ak_packet:
        items = _ak_packet["items"]
        value = {"items": {key: _ak_octets(items[key]) for key in items}, "defined": _ak_packet["defined"]}
    passing = True if _ak_truth(value) else False
    context = None
    if writes:
        context = {key: _ak_plain(_ak_context[key]) for key in _ak_context if key != "flow_plan"}
    return {
        "value": _ak_plain(value),
        "passing": passing,
        "messages": _ak_messages,
        "logs": _ak_logs,
        "context": context,
    }


def _ak_begin(given):
    """The variables of the expression, by name."""
    _ak_options["saves"] = given["saves"]
    user = None
    if given["user"] is not None:
        user = User(given["user"])
        _ak_users[user.pk] = user
    _ak_context.update(given["context"])
    pending = _ak_context.get("pending_user")
    if isinstance(pending, dict) and "username" in pending:
        if user is not None and pending.get("pk") == user.pk:
            shown = user
        else:
            shown = User(pending)
        if pending.get("backend"):
            shown.backend = pending["backend"]
        _ak_context["pending_user"] = shown
    if isinstance(_ak_context.get("event"), dict):
        _ak_context["event"] = _AkRecord(_ak_context["event"])
    if isinstance(_ak_context.get("notification"), dict):
        notification = _AkRecord(_ak_context["notification"])
        for key in ("event", "user"):
            if isinstance(getattr(notification, key, None), dict):
                setattr(notification, key, _AkRecord(getattr(notification, key)))
        _ak_context["notification"] = notification
    if isinstance(_ak_context.get("oauth_scopes"), list):
        _ak_context["oauth_scopes"] = set(_ak_context["oauth_scopes"])
    if given["flow_pk"] is not None:
        _ak_context["flow_plan"] = _AkPlan(_ak_context, given["flow_pk"])
    http_request = None
    if given["http_request"] is not None:
        http_request = _AkHttpRequest(given["http_request"], user)
    names = {}
    for key in given["objects"]:
        fields = given["objects"][key]
        if key == "packet":
            _ak_packet.update(fields)
            names[key] = _ak_packet["items"]
        elif key == "define_attribute":
            names[key] = _ak_define_attribute
        elif not isinstance(fields, dict):
            names[key] = fields
        elif key == "source":
            names[key] = _AkSource(fields)
        elif key == "group":
            names[key] = Group(fields)
        else:
            names[key] = _AkRecord(fields)
    provider = names.get("provider")
    if provider is not None and isinstance(provider.application, dict):
        provider.application = _AkRecord(provider.application)
    names["context"] = _ak_context
    if given["is_policy"]:
        if http_request is not None:
            names["ak_is_sso_flow"] = _ak_context.get("is_sso", False)
            names["ak_client_ip"] = ip_address(given["http_request"]["_client_ip"])
    else:
        for key in _ak_context:
            name = key.replace(":", "_").replace(".", "_").replace(" ", "_").replace("-", "_")
            names[name] = _ak_context[key]
    names["user"] = user
    bound = names.pop("obj", names.get("provider"))
    names["request"] = _AkRequest(user, _ak_context, http_request, bound)
    names["http_request"] = http_request
    return names
