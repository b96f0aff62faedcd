"""`python -m copilot check`: whether the sources of the monitored clusters can be used."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from copilot import process
from copilot.access.temporal import MonitoredTemporal
from copilot.clusters.configured import configured_clusters
from copilot.errors import AccessError, SourceError
from copilot.finding import Finding
from copilot.metrics_check import SECONDS, check_metrics
from copilot.settings import Settings
from copilot.signals.loki import SILENCE, LogsClient
from copilot.signals.monitored_frontend import (
    UnansweredError,
    answered,
    check_frontend,
    with_address,
)
from copilot.signals.namespaces import Namespaces, is_pattern

_SHOWN = 5


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: Namespace) -> int:
    """Returns the exit code: 1 if a source cannot be used. Prints a CopilotError."""

    async def job(settings: Settings) -> None:
        findings = [finding async for finding in check_all(settings)]
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


async def check_all(settings: Settings) -> AsyncIterator[Finding]:
    """The findings on every cluster, and on wrong cluster files."""
    described = configured_clusters(settings)()
    for problem in described.problems:
        yield Finding("cluster file", "wrong", problem.text)
    for name, cluster in described.by_name.items():
        async for finding in check(cluster.within(settings)):
            named = f"{name}, {finding.name}" if settings.clusters_folder else finding.name
            yield replace(finding, name=named)


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Findings on each source, and on what the metrics store has."""
    async for finding in check_metrics(settings):
        yield finding
    yield await _check_frontend(settings)
    if settings.loki_url:
        yield await _check_logs(settings)


async def _check_frontend(settings: Settings) -> Finding:
    """Whether the frontend answers, and has the namespaces."""
    name, wanted = "frontend", settings.monitored_namespaces
    try:
        client = await MonitoredTemporal(settings.monitored_address, settings.monitored).client()
        await check_frontend(client, SECONDS)
        namespaces = await Namespaces(wanted).current(client, SECONDS)
        for namespace in filter(lambda one: not is_pattern(one), wanted):
            call = client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=namespace), timeout=timedelta(seconds=SECONDS)
            )
            try:
                await answered(call, SECONDS)
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
    cluster, labels = settings.cluster, settings.labels
    async with LogsClient(settings.loki_url, settings.logs, timeout_seconds=SECONDS) as client:
        survey = await client.survey(cluster, now - timedelta(minutes=1), now, labels)
    if survey.absence:
        return Finding(name, "wrong", survey.detail)
    if survey.silent_seconds is not None:
        minutes = SILENCE // timedelta(minutes=1)
        lines = f"{labels.logs_of(cluster)} and a role in the label {labels.role}"
        problem = f"no line in {minutes} minutes with {lines}"
        return Finding(name, "warning", problem)
    return Finding(name, "ok", f"Loki has lines with {labels.logs_of(cluster)}")
