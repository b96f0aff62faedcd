"""`tdeploy doctor`: checks of this machine, of AWS and of a watched cluster, with fixes."""

from collections.abc import Iterator
from dataclasses import asdict

import typer

from stacks.registry import CONTAINER_STACKS
from stacks.settings import CopilotSettings
from stacks.watch_settings import WatchSettings
from tdeploy.checks.aws import check_aws
from tdeploy.checks.check import Check
from tdeploy.checks.docker import check_docker
from tdeploy.checks.elasticsearch import check_elasticsearch
from tdeploy.checks.sources import check_sources
from tdeploy.checks.workspace import check_disk, check_pulumi_and_settings, check_state
from tdeploy.console import print_json, print_out
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, AsJson, Profile

app = typer_app()


@app.command()
def doctor(profile: Profile = DEFAULT, as_json: AsJson = False) -> None:
    """Check what a stack needs here and elsewhere, with each fix.

    Exits with 1 if something is wrong, with 2 if a check needs a fix first. Changes nothing.

    Example: tdeploy doctor -p local
    """
    checks: list[Check] = []
    for check in _all_checks(profile):
        checks.append(check)
        if not as_json:
            print_out(f"{check.state:8} {check.name}: {check.finding}")
            if check.fix:
                print_out(f"{'':8}   {check.fix}")
    if as_json:
        print_json([asdict(check) for check in checks])
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(1)
    if any(check.state == "unknown" and check.fix for check in checks):
        raise typer.Exit(2)


def _all_checks(profile: str) -> Iterator[Check]:
    """Each as soon as it is done. Raises nothing that a user can cause."""
    valid = yield from check_pulumi_and_settings(profile)
    settings = valid or CONTAINER_STACKS[profile]()
    yield from check_state(profile)
    yield from check_docker(settings)
    yield from check_elasticsearch(settings)
    yield check_disk()
    if isinstance(settings, CopilotSettings):
        yield from check_aws(settings)
    if isinstance(valid, WatchSettings):
        yield from check_sources(valid)
