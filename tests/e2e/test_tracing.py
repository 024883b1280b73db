"""Traces reach a collector: the parts of a request under it, the trace of a proxy continued, and nothing secret in them."""

import http.server
import threading
import uuid

import pytest
import requests

from world import ADMIN, PASSWORD, TOKEN, Person, Server, wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


def fields(message):
    """The fields of a protobuf message by number."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = number()
        kind = key & 7
        if kind == 0:
            value = number()
        else:
            size = {1: 8, 5: 4}[kind] if kind != 2 else number()
            value = message[at : at + size]
            at += size
        found.setdefault(key >> 3, []).append(value)
    return found


def attributes(pairs):
    known = {}
    for pair in map(fields, pairs):
        value = fields(pair[2][0])
        known[pair[1][0].decode()] = value[1][0].decode() if 1 in value else next(iter(value.values()))[0]
    return known


class Collector:
    """What OTLP over HTTP delivered."""

    def __init__(self):
        collector = self
        self.spans, self.raw, self.headers, self.resource = [], b"", {}, {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    collector.take(body, dict(self.headers))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, body, headers):
        self.headers, self.raw = headers, self.raw + body
        for resource in map(fields, fields(body)[1]):
            self.resource = attributes(fields(resource[1][0])[1])
            for scope in map(fields, resource[2]):
                for span in map(fields, scope.get(2, [])):
                    self.spans.append(
                        {
                            "trace": span[1][0].hex(),
                            "id": span[2][0].hex(),
                            "parent": span.get(4, [b""])[0].hex(),
                            "name": span[5][0].decode(),
                            **attributes(span.get(9, [])),
                        }
                    )

    def named(self, name):
        return [span for span in self.spans if span["name"] == name]

    def below(self, span):
        return {other["name"] for other in self.spans if other["parent"] == span["id"]}


@pytest.fixture(scope="module")
def traced():
    collector = Collector()
    server = Server(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.address,
        OTEL_SERVICE_NAME="sign-in",
        OTEL_EXPORTER_OTLP_HEADERS="x-tenant=one%20two",
        OTEL_BSP_SCHEDULE_DELAY="200",
        COUNTERSIGN_OUTBOUND__ALLOW="127.0.0.0/8",
    )
    server.start()
    try:
        yield server, collector
    finally:
        server.close()
        collector.server.shutdown()


def test_a_request_shows_its_parts_and_no_secret(traced):
    server, collector = traced
    Person(server).sign_in()
    page = f"{server.base}/api/v3/core/groups/"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    made = requests.post(page, json={"name": "Traced"}, headers=headers, params={"search": "hidden-in-the-query"}, timeout=10)
    assert made.status_code == 201
    wanted = ["POST /api/v3/core/groups/", "answer PasswordStage", "policies"]
    wait_for(lambda: all(collector.named(name) for name in wanted), what="the spans")
    (span,) = collector.named("POST /api/v3/core/groups/")
    assert span["http.request.method"] == "POST" and span["http.response.status_code"] == 201
    assert span["http.route"] == "/api/v3/core/groups/"
    assert span["request.id"] == made.headers["X-authentik-id"]
    assert {"store.read", "store.write"} <= collector.below(span)
    stage = collector.named("answer PasswordStage")[0]
    assert stage["parent"], "a stage belongs to a request"
    assert collector.resource["service.name"] == "sign-in" and collector.resource["service.version"]
    assert collector.headers["x-tenant"] == "one two"
    for secret in (TOKEN, PASSWORD, ADMIN, "hidden-in-the-query"):
        assert secret.encode() not in collector.raw
    # Health checks and what the server does by itself every second are no traces.
    requests.get(server.base + "/-/health/live/", timeout=10)
    assert not [span for span in collector.spans if not span["parent"] and span["name"].startswith(("store.", "GET /-/"))]


def test_the_trace_of_a_trusted_proxy_is_continued(traced):
    server, collector = traced
    at = f"{server.base}/api/v3/root/config/"
    requests.get(at, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"}, timeout=10)
    wait_for(lambda: any(span["trace"] == TRACE for span in collector.spans), what="the continued trace")
    (span,) = [span for span in collector.spans if span["parent"] == CALLER]
    assert span["name"] == "GET /api/v3/root/config/"
    # What the proxy does not sample is not sent.
    other = uuid.uuid4().hex
    requests.get(at, headers={"traceparent": f"00-{other}-{CALLER}-00"}, timeout=10)
    requests.get(at, headers={"traceparent": f"00-{uuid.uuid4().hex}-{'1' * 16}-01"}, timeout=10)
    wait_for(lambda: any(span["parent"] == "1" * 16 for span in collector.spans), what="the later trace")
    assert other not in {span["trace"] for span in collector.spans}


def test_requests_to_others_show_the_host_alone(traced):
    server, collector = traced
    hook = f"{collector.address}/hooks/hidden-in-the-path"
    transport = server.create("events/transports/", name="hook", mode="webhook", webhook_url=hook)
    server.api("POST", f"events/transports/{transport['pk']}/test/", expect=200)
    wait_for(lambda: collector.named("POST"), what="the span")
    (span,) = collector.named("POST")
    assert (span["server.address"], span["http.response.status_code"]) == ("127.0.0.1", 200)
    assert b"hidden-in-the-path" not in collector.raw


def test_jobs_are_traces_of_their_own(traced):
    _, collector = traced
    wait_for(lambda: any(span["name"].startswith("job ") for span in collector.spans), what="a job")
    job = next(span for span in collector.spans if span["name"].startswith("job "))
    assert not job["parent"] and job["name"] == f"job {job['job']}"


def test_strangers_cannot_join_a_trace_and_an_outage_is_told_once(start):
    collector = Collector()
    server = start(
        Server(
            COUNTERSIGN_TRACING__OTLP_ENDPOINT=collector.address,
            AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS="10.9.8.0/24",
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
    )
    at = f"{server.base}/api/v3/root/config/"
    requests.get(at, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"}, timeout=10)
    wait_for(lambda: collector.named("GET /api/v3/root/config/"), what="the span")
    assert TRACE not in {span["trace"] for span in collector.spans}
    collector.server.shutdown()
    collector.server.server_close()

    def told():
        requests.get(at, timeout=10)
        return [line for line in server.lines() if "collector of traces" in line]

    wait_for(told, what="the line", pause=0.2)
    for _ in range(10):
        assert len(told()) == 1
    server.stop()
    assert server.child.returncode == 0


def test_numbers_have_the_original_names_and_bounded_labels(traced):
    server, _ = traced
    person = Person(server)
    person.sign_in()
    person.tokens(server.application())
    for path in ("no-such-page", "another", "a%20third"):
        requests.request("BREW", f"{server.base}/{path}", timeout=10)
    text = requests.get(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=10).text
    for line in (
        'authentik_flows_execution_stage_time_count{stage_type="authentik.stages.password.stage.PasswordStageView",method="POST"}',
        'authentik_flows_stage_time_count{stage_type="PasswordStageView",method="challenge_valid"}',
        'authentik_flows_plan_time_count{flow_slug="default-authentication-flow"}',
        'authentik_policies_execution_time_count{binding_order="',
        'authentik_policies_engine_time_total_seconds_count{obj_type="',
        'authentik_property_mapping_execution_time_count{mapping_name="',
        'authentik_system_tasks{tenant="public",task_name="clean_expired_models",task_uid="",status="error"} 0',
        'authentik_system_tasks_time_seconds_count{tenant="public",task_name="',
        'django_http_requests_total_by_method_total{method="POST"}',
        'django_http_responses_total_by_status_view_method_total{status="200",view="/api/v3/flows/executor/{flow_slug}/",method="GET"}',
    ):
        assert line in text, line
    assert 'le="0.001"' in text and "quantile" not in text
    # Methods and paths that nobody wrote are one.
    assert 'status="404",view="<unnamed view>",method="_OTHER"} 3' in text
    assert "no-such-page" not in text and "BREW" not in text
