"""The probe: a cheap look at the monitored cluster between two cycles, every 5 s.

It is one activity of the loop, so there is one for a cluster, however many workers run.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.exceptions import ApplicationError

from copilot.access.temporal import MonitoredTemporal
from copilot.canary.models import ProbeRequest, ProbeResult
from copilot.canary.runs import CanaryRuns
from copilot.canary.worker import CanaryWorker
from copilot.errors import AccessError
from copilot.health.silent_workers import are_silent
from copilot.health.thresholds import Thresholds
from copilot.settings import Settings
from copilot.signals.instances import ask
from copilot.signals.matchers import SYSTEM_NAMESPACE
from copilot.signals.monitored_frontend import UnansweredError, answered, check_frontend
from copilot.signals.namespaces import is_pattern
from copilot.signals.probe import Probe
from copilot.signals.queue import QueueKey
from copilot.signals.reading import Absence
from copilot.signals.task_queues import describe_queue

EVERY_SECONDS = 5.0
CALL_SECONDS = 3.0
# A failed call is repeated before it counts: a process that restarts answers again soon.
CONFIRM_SECONDS = 3.0
_TURN_SECONDS = 0.25
FRONTEND, STORE, CANARY, DEAD, QUEUE = "frontend", "store", "canary", "dead ", "queue "
_LIMITS = Thresholds()
# A refusal for another reason (permission, a limit) is an answer.
_FAILED = {Absence.REFUSED, Absence.TIMED_OUT}


class Prober:
    """Looks at one cluster; `canary` is None where it is switched off."""

    def __init__(
        self, *, settings: Settings, monitored: MonitoredTemporal, canary: CanaryWorker | None
    ) -> None:
        self._settings = settings
        self._monitored = monitored
        self._canary = canary

    async def probe(self, request: ProbeRequest) -> ProbeResult:
        """Look until the time is up, or until the troubles are others than before.

        The time counts from the first attempt. A worker that stops fails the attempt, and the next
        worker takes over.
        """
        info = activity.info()
        scheduled = max(info.scheduled_time, datetime.now(UTC) - timedelta(seconds=request.seconds))
        left = request.seconds - (datetime.now(UTC) - scheduled).total_seconds()
        look = _Look(self._settings, self._monitored, self._canary, request)
        stopping = asyncio.create_task(activity.wait_for_worker_shutdown())
        looking = asyncio.create_task(look.run(left))
        try:
            await asyncio.wait({stopping, looking}, return_when=asyncio.FIRST_COMPLETED)
            if not looking.done():
                raise ApplicationError("the worker stops")
            looking.result()
            return look.result()
        finally:
            for task in (stopping, looking):
                task.cancel()
            await asyncio.gather(stopping, looking, return_exceptions=True)


class _Look:
    def __init__(
        self,
        settings: Settings,
        monitored: MonitoredTemporal,
        canary: CanaryWorker | None,
        request: ProbeRequest,
    ) -> None:
        self._monitored = monitored
        first = settings.monitored_namespaces[0]
        self._namespace = SYSTEM_NAMESPACE if is_pattern(first) else first
        self._known = frozenset(request.known)
        self._frontend = self._store = ""
        self._store_seconds: float | None = None
        self._called = self._asked = False
        self._sweep = request.sweep
        self._instances, self._reached = request.instances, set(request.reached)
        self._dead = set[str]()
        self._queues = request.queues
        self._silent: set[str] | None = None
        self._runs = (
            CanaryRuns(canary, request.sweep, request.chain, request.seconds) if canary else None
        )

    async def run(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as the troubles differ from the known ones."""
        parts = [
            asyncio.create_task(self._check_calls()),
            asyncio.create_task(self._check_instances()),
            asyncio.create_task(self._check_queues()),
        ]
        if self._runs:
            parts.append(asyncio.create_task(self._runs.run()))
        clock = asyncio.get_running_loop()
        end = clock.time() + seconds
        try:
            while (left := end - clock.time()) > 0 and self._troubles() == self._known:
                # Only a defect ends a part.
                done, _ = await asyncio.wait(
                    parts,
                    timeout=min(left, _TURN_SECONDS),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in done:
                    task.result()
        finally:
            for task in parts:
                task.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    def result(self) -> ProbeResult:
        troubles = self._troubles()
        return ProbeResult(
            probe=Probe(
                at=datetime.now(UTC),
                frontend=self._frontend,
                store=self._store,
                store_seconds=self._store_seconds,
                dead=tuple(sorted(self._dead)),
                canary=self._runs.report() if self._runs else None,
            ),
            sweep=self._runs.sweep if self._runs else self._sweep,
            reached=tuple(name for name in self._instances if name in self._reached),
            troubles=tuple(sorted(troubles)),
            turned=troubles != self._known,
        )

    def _troubles(self) -> frozenset[str]:
        """What is wrong now; what was not checked yet is as it was."""
        found = {FRONTEND} if self._frontend else {STORE} if self._store else set[str]()
        if not self._called:
            found = {FRONTEND, STORE} & self._known
        if self._asked:
            found |= {DEAD + name for name in self._dead}
        else:
            found |= {one for one in self._known if one.startswith(DEAD)}
        if self._silent is None:
            found |= {one for one in self._known if one.startswith(QUEUE)}
        else:
            found |= self._silent
        if self._runs:
            canary = self._runs.report()
            stuck = self._runs.sweep.stuck(datetime.now(UTC))
            shards = {f"shard {one.shard}" for one in stuck}
            found |= {CANARY} if canary.fails else shards
        return frozenset(found)

    async def _check_calls(self) -> None:
        while True:
            frontend, store = await self._check()
            before = {self._frontend and FRONTEND, self._store and STORE}
            failed = {FRONTEND, STORE} & (before if self._called else self._known)
            found = {FRONTEND} if frontend else {STORE} if store else set[str]()
            if found - failed:
                await asyncio.sleep(CONFIRM_SECONDS)
                frontend, store = await self._check()
            if failed and not frontend and not store:
                self._renew_canaries()
            self._frontend, self._store, self._called = frontend, store, True
            await asyncio.sleep(EVERY_SECONDS)

    def _renew_canaries(self) -> None:
        """What canaries waited for has come back."""
        if self._runs:
            self._runs.renew()

    async def _check_instances(self) -> None:
        """Find instances that were reached before, and twice refuse a connection."""
        while True:
            answers = await ask(self._instances)
            self._reached |= {name for name, answer in answers.items() if answer}
            refused = {name for name in self._reached if answers.get(name) is False}
            if new := {name for name in refused - self._dead if DEAD + name not in self._known}:
                await asyncio.sleep(CONFIRM_SECONDS)
                again = await ask(new)
                refused -= {name for name in new if again[name] is not False}
            known = {name for name in self._instances if DEAD + name in self._known}
            if (self._dead if self._asked else known) - refused:
                self._renew_canaries()
            self._dead, self._asked = refused, True
            await asyncio.sleep(EVERY_SECONDS)

    async def _check_queues(self) -> None:
        """Find queues whose workers have stopped to poll while tasks wait."""
        while True:
            answers = await asyncio.gather(*(self._is_silent(key) for key in self._queues))
            names = (QUEUE + key.label for key in self._queues)
            self._silent = {name for name, silent in zip(names, answers, strict=True) if silent}
            await asyncio.sleep(EVERY_SECONDS)

    async def _is_silent(self, key: QueueKey) -> bool:
        try:
            facts = await describe_queue(await self._monitored.client(), key, CALL_SECONDS)
        except (AccessError, UnansweredError):  # the cycle reports it
            return QUEUE + key.label in self._known
        return are_silent(facts, datetime.now(UTC), _LIMITS)

    async def _check(self) -> tuple[str, str]:
        """Why the frontend does not answer, and why it does not read its store."""
        try:
            client = await self._monitored.client()
            await check_frontend(client, CALL_SECONDS)
        except AccessError:
            return "", ""  # the Copilot's own file; the cycle reports it
        except UnansweredError as error:
            return (str(error) if error.absence in _FAILED else ""), ""
        # The frontend reads a namespace's record from the store at each such call.
        request = DescribeNamespaceRequest(namespace=self._namespace)
        call = client.workflow_service.describe_namespace(
            request, timeout=timedelta(seconds=CALL_SECONDS)
        )
        clock = asyncio.get_running_loop()
        begun = clock.time()
        try:
            await answered(call, CALL_SECONDS)
        except UnansweredError as error:
            return "", (str(error) if error.absence in _FAILED else "")
        self._store_seconds = clock.time() - begun
        return "", ""
