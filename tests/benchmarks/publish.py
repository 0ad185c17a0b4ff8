"""How long a plan and an upsert of an unchanged pipeline take after it is compiled, in what calls.

Against moto's server on this machine, with new clients each time, as a command makes them. All
pipelines are deployed.
"""

import gc
import os
import statistics
import time
from collections.abc import Iterator
from typing import Any

from pipelines.account.clients import Clients
from pipelines.account.deployed import State, read_state
from pipelines.account.upsert import upsert
from pipelines.catalogue import CATALOGUE
from pipelines.cli import COLLECT_AFTER
from pipelines.compile import Compiled, compile_pipeline
from pipelines.plan import plan
from steps.site import Site
from tests.aws import environment, make_foundations, moto_server
from tests.benchmarks.figures import Figure

NUM_RUNS = 5
SITE = Site(tags={"team": "benchmarks"})
SERVICES = ("sagemaker", "s3", "lambda_", "scheduler", "events")


def figures() -> Iterator[Figure]:
    """Median seconds, and the numbers of calls that read and write."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER)  # As in the process of a command.
    pipelines = {name: compile_pipeline(name, SITE) for name in CATALOGUE}
    with moto_server() as url:
        os.environ.update(environment(url))
        try:
            make_foundations(SITE, Clients(SITE))
            seconds, _ = zip(*[_upsert(item) for item in pipelines.values()], strict=True)
            yield Figure("upsert all pipelines to an empty account", sum(seconds), "s")
            for compiled in pipelines.values():
                yield from _unchanged(compiled)
        finally:
            for name in environment(url):
                del os.environ[name]
            gc.set_threshold(*before)


def _unchanged(compiled: Compiled) -> Iterator[Figure]:
    name = compiled.name
    runs = [_plan(compiled) for _ in range(NUM_RUNS)]
    seconds = statistics.median(run[0] for run in runs)
    yield Figure(f"plan {name}, unchanged", seconds, "s", at_most=1.0)
    state = runs[0][1]
    num_triggers = len(state.deployed.schedules) + len(state.deployed.rules)
    at_most = 4 + 2 * (num_triggers + len(state.release.functions))
    yield Figure(f"plan {name}, unchanged", len(runs[0][2]), "calls", at_most=at_most)
    upserts = [_upsert(compiled) for _ in range(NUM_RUNS)]
    seconds = statistics.median(run[0] for run in upserts)
    yield Figure(f"upsert {name}, unchanged", seconds, "s", at_most=1.0)
    reads = ("Describe", "Get", "Head", "List")
    writes = [call for call in upserts[0][1] if not call.startswith(reads)]
    yield Figure(f"upsert {name}, unchanged", len(writes), "writes", at_most=0)


def _plan(compiled: Compiled) -> tuple[float, State, list[str]]:
    started = time.perf_counter()
    clients, calls = _clients()
    state = read_state(compiled, SITE, clients)
    str(plan(state.release, state.deployed))
    return time.perf_counter() - started, state, calls


def _upsert(compiled: Compiled) -> tuple[float, list[str]]:
    started = time.perf_counter()
    clients, calls = _clients()
    state = read_state(compiled, SITE, clients)
    str(plan(state.release, state.deployed))
    upsert(state, SITE, clients, owner="benchmark", say=lambda _: None)
    return time.perf_counter() - started, calls


def _clients() -> tuple[Clients, list[str]]:
    """New clients, and the list that their calls go to."""
    clients, calls = Clients(SITE), list[str]()

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    for service in SERVICES:
        getattr(clients, service).meta.events.register("before-call", note)
    return clients, calls
