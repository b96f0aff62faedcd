"""`tdeploy status`: services, verdict and addresses of a stack."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import typer
from pydantic import BaseModel, ValidationError

from copilot.api.verdict import Verdict
from tdeploy.console import print_json, print_out
from tdeploy.containers import Container, containers
from tdeploy.engine.project import pulumi_cli, resource_counts
from tdeploy.engine.stack import ManagedStack
from tdeploy.errors import TdeployError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, AsJson, Profile
from tdeploy.up import print_addresses

app = typer_app()


class Notice(BaseModel):
    """The part of the API's notice that is shown."""

    title: str
    description: str


class StatusVerdict(Verdict):
    """The verdict with its notices, which an older Copilot does not report."""

    notices: tuple[Notice, ...] = ()


# A busy machine answers late; without a server the connection is refused at once.
_API_SECONDS = 10


@app.command()
def status(profile: Profile = DEFAULT, as_json: AsJson = False) -> None:
    """Show services, the verdict and addresses on one screen.

    Exits with 0 if every service is healthy and the verdict is happy, else with 1.

    Example: tdeploy status -p local --json
    """
    # Before the threads, so that only one installs a missing CLI.
    pulumi_cli()
    with ThreadPoolExecutor() as pool:
        future_counts = pool.submit(resource_counts)
        future_containers = pool.submit(_containers, profile)
        resources, outputs = ManagedStack(profile).state()
        verdict, no_verdict = fetch_verdict(outputs.get("copilot_api_url"))
    listed, no_docker = future_containers.result()
    counts: dict[str, int] = {}
    no_counts = ""
    try:
        counts = future_counts.result()
    except TdeployError as error:
        # The cause is the state of another stack: this one's was read.
        no_counts = str(error)
    services = {one.service: one for one in listed if not one.is_job}
    declared = {one.name for one in resources if "ContainerService$" in one.urn}
    troubles = [no_docker] if no_docker else _troubles(profile, declared, services)
    if verdict is None and declared:
        troubles.append(no_verdict)
    elif verdict and verdict.health_state != "happy":
        troubles.append(f"the cluster is {verdict.health_state}: {verdict.reason}")
    if no_counts:
        troubles.append(no_counts)
    if as_json:
        print_json(
            {
                "profile": profile,
                "healthy": not troubles,
                "troubles": troubles,
                "stacks": counts,
                "containers": [asdict(one) for one in listed],
                "verdict": verdict.model_dump(mode="json") if verdict else None,
                "outputs": outputs,
            }
        )
    else:
        totals = ", ".join(f"{name} {count}" for name, count in counts.items()) or "unknown"
        print_out(f"stack     {profile} (resources: {totals})")
        _print_status(services, verdict, outputs)
        for trouble in troubles:
            print_out(f"trouble   {trouble}")
    if troubles:
        raise typer.Exit(1)


def _containers(profile: str) -> tuple[list[Container], str]:
    """The containers, or why they are unknown."""
    try:
        return containers(profile), ""
    except TdeployError as error:
        return [], str(error)


def _troubles(profile: str, declared: set[str], services: Mapping[str, Container]) -> list[str]:
    if not declared:
        return [f"nothing of the stack {profile} runs: `tdeploy up -p {profile}` starts it"]
    missing = sorted(declared - services.keys())
    unhealthy = [f"{one.service} is {one.state}" for one in services.values() if not one.is_healthy]
    troubles = []
    if missing:
        fix = f"`tdeploy up -p {profile}` creates them again"
        troubles.append(f"without a container: {', '.join(missing)}; {fix}")
    if unhealthy:
        see = f"see `tdeploy services logs -p {profile} SERVICE`"
        troubles.append(f"not healthy: {', '.join(unhealthy)}; {see}")
    return troubles


def fetch_verdict(url: str | None) -> tuple[StatusVerdict | None, str]:
    """The verdict of the Copilot's API at a URL, or why there is none."""
    if not url:
        return None, "the stack has no Copilot"
    try:
        with urlopen(f"{url}/status", timeout=_API_SECONDS) as answer:  # noqa: S310
            return StatusVerdict.model_validate_json(answer.read()), ""
    except HTTPError as error:
        return None, f"the Copilot gives no verdict: {_reason(error)}"
    except (URLError, OSError) as error:
        return None, f"the Copilot does not answer at {url}: {getattr(error, 'reason', error)}"
    except ValidationError:
        return None, f"the server at {url} is not the Copilot"


def _reason(error: HTTPError) -> str:
    try:
        return str(json.load(error)["reason"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"


def _print_status(
    services: Mapping[str, Container], verdict: StatusVerdict | None, outputs: dict[str, Any]
) -> None:
    if verdict:
        age = verdict.data_age_seconds
        since = f", {age:.0f} s ago" if age is not None else ""
        print_out(f"verdict   {verdict.health_state}{since}: {verdict.reason}")
        for notice in verdict.notices:
            print_out(f"notice    {notice.title}: {notice.description}")
    healthy = sum(one.is_healthy for one in services.values())
    print_out(f"services  {healthy} of {len(services)} healthy")
    for one in services.values():
        print_out(f"  {one.service:20} {one.state}")
    if services:
        print_out("addresses")
        print_addresses(outputs, indent="  ")
