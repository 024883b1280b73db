"""Workers beside servers, on one PostgreSQL: each due time once, nothing lost with a process."""

import concurrent.futures
import json
import random
import threading
import time

import pytest
import requests

from kills import rounds
from receivers import rule
from world import PROGRAM, Process, Server, free_port, wait_for

SHARED = ("AUTHENTIK_POSTGRESQL__", "AUTHENTIK_REDIS__", "AUTHENTIK_SECRET_KEY", "AUTHENTIK_BOOTSTRAP_")
LOUD = {"COUNTERSIGN_LOG_LEVEL": "debug"}


class Worker(Process):
    """A process that does jobs for a server."""

    def __init__(self, server):
        super().__init__("worker")
        self.metrics_port = free_port()
        own = {"COUNTERSIGN_DATA_DIR": f"{server.folder}/worker", "AUTHENTIK_LISTEN__METRICS": f"127.0.0.1:{self.metrics_port}"}
        self.environment = server.environment | own | LOUD

    def start(self):
        self.spawn([PROGRAM, "worker"], self.environment)
        wait_for(lambda: any("jobs are done here" in line for line in self.lines()), 30, "the worker to be ready")
        return self

    def close(self):
        self.stop()


def begun(*processes):
    """How often each job began, over all processes."""
    counts = {}
    for process in processes:
        for line in process.lines():
            if '"a job begins"' in line:
                job = json.loads(line)["job"]
                counts[job] = counts.get(job, 0) + 1
    return counts


def test_a_due_time_counts_once_over_all_processes(start):
    first = Server(**LOUD)
    second = Server(**{key: value for key, value in first.environment.items() if key.startswith(SHARED)}, **LOUD)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(start, (first, second)))
    once = ("clean_expired_models", "clean_temporary_users", "certificate_discovery", "blueprints_discovery", "flow_runs_retention")
    wait_for(lambda: all(begun(*both).get(job) for job in once), 15, "every job to run")

    def ended(after=None):
        now = second.one("events/system_tasks/", name="clean_temporary_users")
        return now["status"] == "successful" and now["finish_timestamp"] != after and now

    task = wait_for(ended)
    for number in range(5):
        (first, second)[number % 2].api("POST", f"events/system_tasks/{task['uuid']}/run/", 204)
        task = wait_for(lambda: ended(task["finish_timestamp"]))
    counts = begun(*both)
    assert {job: counts[job] for job in once} == dict.fromkeys(once, 1) | {"clean_temporary_users": 6}, counts


PERSON = "- {model: authentik_core.user, identifiers: {username: p%d}, attrs: {name: P, password: pw-%d}}\n"
SLOW = 'metadata: {name: Slow, labels: {blueprints.goauthentik.io/instantiate: "false"}}\nentries:\n'


@pytest.fixture
def apart(start, tmp_path):
    """A server that leaves its jobs to workers."""
    # It takes some seconds to apply: passwords are hashed slowly on purpose.
    (tmp_path / "slow.yaml").write_text(SLOW + "".join(PERSON % (n, n) for n in range(100)))
    return start(Server(AUTHENTIK_WORKER__IN_PROCESS="false", AUTHENTIK_BLUEPRINTS_DIR=str(tmp_path)))


def slow(server):
    return server.api("POST", "managed/blueprints/", 201, json={"name": "Slow", "path": "slow.yaml"}).json()


def running(server):
    return server.get("countersign/tasks/", name="apply_blueprint", state="running")["results"]


def test_the_task_of_a_killed_worker_is_taken_over(apart, start):
    made = slow(apart)
    assert apart.get("core/users/", username="p7")["results"] == [], "the server does no jobs"
    doomed = start(Worker(apart))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(apart.api, "POST", f"managed/blueprints/{made['pk']}/apply/")
        task = wait_for(lambda: running(apart), 10, "the task to run")[0]
        doomed.kill()
        other = start(Worker(apart))
        taken = wait_for(lambda: (now := running(apart)) and now[0]["attempts"] == 2 and now[0], 25, "the task to be taken over")
        assert taken["uuid"] == task["uuid"]
        wait_for(lambda: apart.get(f"managed/blueprints/{made['pk']}/")["status"] == "successful", 30, "the blueprint to be applied")
    assert apart.one("core/users/", username="p99")
    assert other.stop() == 0


def test_a_stopped_worker_gives_its_task_back_at_once(apart, start):
    made = slow(apart)
    first = start(Worker(apart))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(apart.api, "POST", f"managed/blueprints/{made['pk']}/apply/")
        wait_for(lambda: running(apart), 10, "the task to run")
        start(Worker(apart))
        assert first.stop() == 0
        assert asked.result().json()["status"] == "successful"


def test_a_worker_can_be_watched_over(apart, start):
    worker = start(Worker(apart))
    ask = lambda path: requests.get(f"http://127.0.0.1:{worker.metrics_port}{path}", timeout=10)
    assert ask("/-/health/live/").status_code == 200 and ask("/-/health/ready/").status_code == 200
    done = 'authentik_system_tasks{tenant="public",task_name="clean_expired_models",task_uid="",status="successful"}'
    value = lambda: [line.split()[-1] for line in ask("/metrics").text.splitlines() if line.startswith(done)]
    wait_for(lambda: value() == ["1"], 30, "the numbers to tell of the task")
    assert 'authentik_admin_workers{version="' in ask("/metrics").text
    assert ask("/api/v3/root/config/").status_code == 404, "nothing else is there"


def test_a_worker_beside_its_server_works_without_numbers(apart, start):
    worker = Worker(apart)
    worker.environment["AUTHENTIK_LISTEN__METRICS"] = apart.environment["AUTHENTIK_LISTEN__METRICS"]
    start(worker)
    assert any("the numbers of this worker cannot be asked for" in line for line in worker.lines())
    wait_for(lambda: begun(worker).get("clean_expired_models"), 30, "its first job")


def test_killed_workers_tell_of_every_event_once(start):
    """At-least-once, with tasks that bear it: of what happened while workers died, everything is told, and nothing twice."""
    server = start(Server(AUTHENTIK_WORKER__IN_PROCESS="false"))
    rule(server, "model_created", [server.one("events/transports/", name="default-local-transport")])
    made, end = [], threading.Event()

    def write():
        while not end.is_set():
            made.append(server.group(f"K{len(made)}")["pk"])
            time.sleep(0.02)

    chance, worker = random.Random(20250404), Worker(server)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(rounds()):
            worker.spawn([PROGRAM, "worker"], worker.environment)
            # Mostly it has begun to work by then.
            time.sleep(chance.uniform(0, 1.0))
            worker.kill()
    finally:
        end.set()
        writer.join(30)
    begun_here = begun(worker).get("notification_transport", 0)
    start(worker)

    def told():
        page, models = 1, []
        while page:
            answer = server.get("events/notifications/", page=page, page_size=100)
            models += [seen["event"]["context"]["model"]["pk"] for seen in answer["results"]]
            page = answer["pagination"]["next"]
        return models

    wanted = {pk.replace("-", "") for pk in made}
    # A task of a killed worker is taken over when its lease ends.
    wait_for(lambda: wanted <= set(told()), 60, "everything to be told", pause=1)
    groups = [model for model in told() if model in wanted]
    assert len(groups) == len(wanted), "nothing is told twice"
    assert begun_here > 20, f"the killed workers did some of it: {begun_here}"
    failed = server.get("events/system_tasks/", status="error")["results"]
    assert not failed, failed
    print(f"{len(wanted)} events told once over {rounds()} kills, {begun_here} tasks begun by workers that were killed")
