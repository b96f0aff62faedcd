"""The checks of the cluster beside which the stack `watch` runs: what its worker would see."""

import json
from collections.abc import Iterator

from components.docker_engine import DockerEngineError
from components.engine_run import Output
from stacks.watch_settings import WatchSettings
from tdeploy.checks.check import Check, unknown, wrong
from tdeploy.errors import TdeployError
from tdeploy.source_container import IMAGE, is_image_missing, run_with_sources

_NAME = "sources"


def check_sources(settings: WatchSettings) -> Iterator[Check]:
    """Metrics store, frontend and logs, from a container like that of the worker."""
    try:
        if is_image_missing():
            yield Check(
                _NAME,
                "unknown",
                f"not checked: the image {IMAGE}, which checks them, is not built yet",
                f"`tdeploy build copilot -p {settings.stack}`, then this again",
            )
            return
        output = run_with_sources(settings, "check", "check --json")
    except DockerEngineError:
        yield from unknown((_NAME,), "Docker does not answer")
        return
    except (TdeployError, ValueError) as error:
        yield wrong(_NAME, str(error))
        return
    yield from _read(output, settings.stack)


def _read(output: Output, stack: str) -> Iterator[Check]:
    fix = (
        f"correct the settings (`tdeploy init -p {stack}`) or the cluster's file"
        " (docs/deploying.md), or the source"
    )
    try:
        for one in json.loads(output.stdout):
            needs_fix = one["state"] != "ok"
            yield Check(one["name"], one["state"], one["finding"], fix if needs_fix else "")
    except (ValueError, KeyError, TypeError):
        lines = [line for line in output.stderr.splitlines() if line.strip()]
        finding = lines[-1].removeprefix("error: ") if lines else "the check gave no answer"
        yield Check(_NAME, "wrong", finding, fix)
