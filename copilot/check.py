"""`python -m copilot check`: whether the sources of the environment's cluster can be used."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from string import Template
from typing import Literal

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from copilot import process
from copilot.access.temporal import MonitoredTemporal
from copilot.errors import AccessError, SourceError
from copilot.settings import Settings
from copilot.signals.instant_query import Answer
from copilot.signals.loki import SILENCE, LogsClient
from copilot.signals.monitored_frontend import (
    UnansweredError,
    answered,
    check_frontend,
    with_address,
)
from copilot.signals.namespaces import Namespaces, is_pattern
from copilot.signals.naming import NAMES, find_naming
from copilot.signals.prometheus import MetricsClient

# More than in a cycle: the first request looks up names and signs in.
_SECONDS = 10.0
_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """What was found out about one source, as one line."""

    name: str
    state: Literal["ok", "warning", "wrong"]
    finding: str


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: Namespace) -> int:
    """Returns the exit code: 1 if a source cannot be used. Prints a CopilotError."""

    async def job(settings: Settings) -> None:
        findings = [finding async for finding in check(settings)]
        if options.json:
            sys.stdout.write(f"{json.dumps([asdict(one) for one in findings])}\n")
        else:
            sys.stdout.writelines(
                f"{one.state:8} {one.name}: {process.one_line(one.finding)}\n" for one in findings
            )
        wrong = [one.name for one in findings if one.state == "wrong"]
        if wrong:
            raise SourceError(f"the Copilot cannot use: {', '.join(wrong)}")

    return process.run(job)


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """One finding a source."""
    yield await _check_metrics(settings)
    yield await _check_frontend(settings)
    if settings.loki_url:
        yield await _check_logs(settings)


async def _check_metrics(settings: Settings) -> Finding:
    """Whether the store answers, and has the cluster's targets with metrics of Temporal."""
    name, label = "metrics store", f'cluster="{settings.cluster}"'
    async with MetricsClient(
        settings.prometheus_endpoint, settings.metrics, timeout_seconds=_SECONDS
    ) as client:
        answer = await client.query("count by (cluster) (up)")
        names = await client.query(Template(NAMES).substitute(cluster=label))
    for one in (answer, names):
        if one.absence:
            return Finding(name, "wrong", one.detail)
    targets = {one.labels.get("cluster", ""): one.value for one in answer.samples}
    if settings.cluster in targets:
        return _check_names(name, f"{targets[settings.cluster]:.0f} targets have {label}", names)
    others = sorted(value for value in targets if value)
    if not targets:
        problem = "it has no series `up`: scrape the cluster's servers"
    elif not others:
        problem = f"no target has the label cluster: add {label} where the servers are scraped"
    else:
        problem = f"no target has {label}; the label has the values {_listed(others)}"
    return Finding(name, "wrong", problem)


def _check_names(name: str, targets: str, answer: Answer) -> Finding:
    """Whether the targets export Temporal's metrics in a style that is known."""
    naming = find_naming(answer.samples)
    if naming.style:
        return Finding(name, "ok", f"{targets}, with metrics such as {naming.names[0]}")
    if naming.names:
        problem = f"{targets}, but {naming.problem}; found: {', '.join(naming.names)}"
        return Finding(name, "wrong", problem)
    problem = f"{targets}, but no persistence_requests: give the servers' targets this label"
    return Finding(name, "wrong", problem)


async def _check_frontend(settings: Settings) -> Finding:
    """Whether the frontend answers, and has the namespaces."""
    name, wanted = "frontend", settings.monitored_namespaces
    try:
        client = await MonitoredTemporal(settings.monitored_address, settings.monitored).client()
        await check_frontend(client, _SECONDS)
        namespaces = await Namespaces(wanted).current(client, _SECONDS)
        for namespace in filter(lambda one: not is_pattern(one), wanted):
            call = client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=namespace), timeout=timedelta(seconds=_SECONDS)
            )
            try:
                await answered(call, _SECONDS)
            except UnansweredError as error:
                raise with_address(error, client) from error
    except (AccessError, UnansweredError) as error:
        return Finding(name, "wrong", str(error))
    if not namespaces:
        problem = f"no namespace matches MONITORED_NAMESPACES={','.join(wanted)}"
        return Finding(name, "wrong", problem)
    address = settings.monitored_address
    return Finding(name, "ok", f"{address} has the namespaces {_listed(namespaces)}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


async def _check_logs(settings: Settings) -> Finding:
    """Whether Loki answers, and has lines of the cluster."""
    name, now = "logs", datetime.now(UTC)
    async with LogsClient(settings.loki_url, settings.logs, timeout_seconds=_SECONDS) as client:
        survey = await client.survey(settings.cluster, now - timedelta(minutes=1), now)
    if survey.absence:
        return Finding(name, "wrong", survey.detail)
    if survey.silent_seconds is not None:
        minutes = SILENCE // timedelta(minutes=1)
        problem = f'no line of cluster="{settings.cluster}" in {minutes} minutes'
        return Finding(name, "warning", problem)
    return Finding(name, "ok", f'Loki has lines of cluster="{settings.cluster}"')
