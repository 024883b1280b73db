"""The operations of the server, from its own OpenAPI document, with real keys for their paths."""

import re
import uuid

from world import requests

METHODS = ("get", "post", "put", "patch", "delete")


class Route:
    def __init__(self, method, path, operation):
        self.method, self.path, self.operation = method.upper(), path, operation
        self.access = operation["x-countersign-access"]
        self.parameters = re.findall(r"\{([^}]+)\}", path)
        self.has_body = "requestBody" in operation

    def __repr__(self):
        return f"{self.method} {self.path} ({self.access})"

    def at(self, keys):
        return re.sub(r"\{([^}]+)\}", lambda found: str(keys[found.group(1)]), self.path)


def document(server):
    answer = server.api("GET", "schema/", 200, params={"format": "json"})
    return answer.json()


def all_routes(server):
    found = [
        Route(method, path.removeprefix("/api/v3/").removeprefix("/"), operation)
        for path, methods in document(server)["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]
    assert len(found) > 100, f"the document lists {len(found)} operations"
    return found


class Keys:
    """Keys of things that exist, found through each collection's list."""

    def __init__(self, server):
        self.server, self.lists = server, {}

    def of(self, route):
        """Real keys for the parameters of a route where its collection has any, else keys of nothing."""
        collection = route.path.split("{")[0]
        item = self.first(collection) if route.parameters else None
        return {name: self.key(item, name) for name in route.parameters}

    def first(self, collection):
        if collection not in self.lists:
            answer = self.server.api("GET", collection, params={"page_size": 5})
            body = answer.json() if answer.status_code == 200 else {}
            results = body.get("results") if isinstance(body, dict) else body
            self.lists[collection] = results[-1] if results and isinstance(results[-1], dict) else None
        return self.lists[collection]

    @staticmethod
    def key(item, name):
        if item is None:
            return missing(name)
        for candidate in (name, "pk", "slug", "identifier", "model", "name"):
            if candidate in item:
                return item["pk"] if name == "id" and "pk" in item else item[candidate]
        return missing(name)


def missing(name):
    """A key of the right sort that belongs to nothing."""
    return 999999999 if name == "id" else "no-such-thing" if "slug" in name or name == "identifier" else str(uuid.uuid4())


def call(server, route, keys, token=None, **arguments):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{server.base}/api/v3/{route.at(keys)}"
    return requests.request(
        route.method, url, headers=headers | arguments.pop("headers", {}), timeout=30, allow_redirects=False, **arguments
    )
