"""Times of the stack `local` on a real Docker engine, with all images present.

`pulumi up` and compose start the same containers from nothing, in alternation.
"""

import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from components.health_check import READY_INTERVAL
from tests.bench.command import seconds_of
from tests.bench.compose import compose_of
from tests.bench.figure import Figure
from tests.bench.running import Report
from tests.docker.local_stack import STACK, LocalStack, local_stack
from tests.docker.machine import NotHereError, what_is_missing
from tools.build import ensure
from tools.servers import COMPOSE

_OF_COMPOSE = 115
"""Percent of the time of compose: what a deployment with a state may take longer."""
_POLL_SECONDS = 0.1
# The kernel knows 15 characters of a name: containerd-shim-runc-v2 is one of them.
_ENGINE = ("dockerd", "containerd")


@dataclass(frozen=True)
class Times:
    """Seconds from the command until a workflow was accepted, and until everything is healthy."""

    first_workflow: float
    end: float


def measure(report: Report, repeat: int) -> list[Figure]:
    """Seconds of `up` and compose, of what `up` adds to its services' own start, of a second `up`,
    of `tdeploy status` beside it, of `destroy`; the engine's share of a core while the stack idles.
    The comparison has `repeat` rounds.

    No figures on a machine that cannot run an engine; the reason is reported.
    """
    if missing := what_is_missing():
        report(f"the stack is skipped: it {missing}")
        return []
    binary = ensure(COMPOSE, lambda _: None)
    try:
        with local_stack() as stack:
            report("the stack's images are built")
            start = stack.started()
            engine = _engine_percent(2 * READY_INTERVAL)
            second = stack.project.up(STACK)
            commands = stack.project.commands
            status = seconds_of(
                *("-m", "tdeploy", "status", "-p", STACK),
                folder=commands.project,
                environment=commands.environment,
            )
            destroyed = stack.project.destroy(STACK)
            compared = _compared(stack, binary, report, repeat)
    except NotHereError as error:
        report(f"the stack is skipped: {error}")
        return []
    return [
        *compared,
        Figure("up -s local, beyond its services' own start", start.overhead_seconds, "s", 20),
        Figure("second up -s local", second.seconds, "s", 8),
        Figure("tdeploy status of a running local stack", status, "s", 2),
        Figure("destroy -s local", destroyed.seconds, "s", 30),
        # Without health checks it takes 0.8 % of a core; they may take 2.
        Figure("Docker of an idle stack, with health checks", engine, "% of a core", 3),
    ]


def _engine_percent(seconds: float) -> float:
    """Percent of a core that the engine takes, with its health checks, beside what it runs."""
    time.sleep(READY_INTERVAL)  # the first checks after the start
    before, begin = _engine_seconds(), time.monotonic()
    time.sleep(seconds)
    return 100 * (_engine_seconds() - before) / (time.monotonic() - begin)


def _engine_seconds() -> float:
    """CPU time of the engine's processes, and of those that have ended in containers."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.name().startswith(_ENGINE):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
    return total


def _compared(stack: LocalStack, binary: Path, report: Report, repeat: int) -> list[Figure]:
    ours, theirs = [], []
    host = stack.project.commands.environment["DOCKER_HOST"]
    with (
        tempfile.TemporaryDirectory(prefix="compose-") as folder,
        compose_of(stack.settings, Path(folder), binary, host, stack.client) as compose,
    ):
        for _ in range(repeat):
            ours.append(_timed(stack, lambda: stack.project.up(STACK)))
            stack.project.destroy(STACK)
            theirs.append(_timed(stack, compose.up))
            compose.down()
            report(f"up {ours[-1]}; compose {theirs[-1]}")
    up, compose_up = _median(ours), _median(theirs)
    share = 100 * up.first_workflow / compose_up.first_workflow
    return [
        Figure("first workflow of up -s local", up.first_workflow, "s"),
        Figure("first workflow of compose", compose_up.first_workflow, "s"),
        Figure("first workflow, up of compose", share, "%", _OF_COMPOSE),
        Figure("up -s local", up.end, "s"),
        Figure("compose up, until all is healthy", compose_up.end, "s"),
        Figure("end, up of compose", 100 * up.end / compose_up.end, "%", _OF_COMPOSE),
    ]


def _median(times: list[Times]) -> Times:
    return Times(
        statistics.median(one.first_workflow for one in times),
        statistics.median(one.end for one in times),
    )


def _timed(stack: LocalStack, deploy: Callable[[], object]) -> Times:
    url = f"{stack.url('temporal-frontend-http')}/api/v1/namespaces/default/workflows"
    begin, ended, accepted = time.monotonic(), threading.Event(), [0.0]

    def start_a_workflow() -> None:
        body = {"workflowType": {"name": "bench"}, "taskQueue": {"name": "bench"}}
        with httpx.Client(timeout=5) as client:
            while not ended.wait(_POLL_SECONDS):
                try:
                    answer = client.post(f"{url}/{uuid.uuid4()}", json=body)
                except httpx.HTTPError:
                    continue
                if answer.status_code == httpx.codes.OK:
                    accepted[0] = time.monotonic() - begin
                    return

    starter = threading.Thread(target=start_a_workflow)
    starter.start()
    try:
        deploy()
        end = time.monotonic() - begin
    finally:
        ended.set()
        starter.join()
    # A deployment that ends can run workflows: no answer of the last attempt counts as its end.
    return Times(accepted[0] or end, end)
