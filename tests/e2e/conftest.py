"""Fixtures: servers, people and applications, cleaned up afterwards; logs kept when a test fails."""

import pytest

import world

# Several servers on one database, and engines that fail: only where the run has installed them.
NEED_ENGINES = ["replicas", "read_replicas", "workers", "balanced", "pooler", "faults", "engines"]
collect_ignore = [] if world.Shared.POSTGRES and world.Shared.REDIS else [f"test_{name}.py" for name in NEED_ENGINES]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.failed = True


def close(request, process):
    """Ends a program; a panic in its log fails the test, a failed test keeps the log."""
    process.close()
    panics = process.panics() if isinstance(process, world.Server) else []
    if panics or getattr(request.node, "failed", False):
        world.ARTEFACTS.mkdir(exist_ok=True)
        engine = "postgresql" if world.Shared.POSTGRES else "embedded"
        kept = world.ARTEFACTS / f"{request.node.name}-{engine}-{process.name}.log".replace("/", "_")
        kept.write_bytes(process.log.read_bytes())
    process.log.unlink()
    assert not panics, panics[:3]


@pytest.fixture
def start(request):
    """Starts any number of servers or applications for one test."""
    processes = []

    def begin(process):
        processes.append(process)
        return process.start()

    yield begin
    for process in reversed(processes):
        close(request, process)


@pytest.fixture
def server(start):
    """A fresh server whose administrator and API token are set by the environment."""
    return start(world.Server())


@pytest.fixture
def admin(server):
    return world.Person(server).sign_in()


@pytest.fixture
def app(server):
    return server.application()


@pytest.fixture
def browser():
    from browser import chromium

    with chromium() as started:
        yield started
