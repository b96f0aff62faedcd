"""`tdeploy status`: one screen that says whether the stack is there and its cluster well."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import typer

from tdeploy.console import say, say_json
from tdeploy.errors import TdeployError
from tdeploy.lifecycle import say_pages
from tdeploy.profile import DEFAULT, AsJson, Profile

if TYPE_CHECKING:
    from copilot.api.responses import Verdict
    from tdeploy.containers import Container

_API_SECONDS = 1.0


def status(profile: Profile = DEFAULT, as_json: AsJson = False) -> None:
    """Show services, the verdict and addresses on one screen.

    Exits with 0 where every service runs and the verdict is happy, else with 1.

    Example: tdeploy status -p local --json
    """
    from tdeploy.project import command, resource_counts  # noqa: PLC0415
    from tdeploy.stack import ManagedStack  # noqa: PLC0415

    # Once, before two ask for it at once and each installs it.
    command()
    with ThreadPoolExecutor() as ask:
        asked_counts = ask.submit(resource_counts)
        running = ask.submit(_containers, profile)
        resources, outputs = ManagedStack(profile).seen()
        verdict, no_verdict = _verdict(outputs.get("copilot_api_url"))
    listed, no_docker = running.result()
    counts: dict[str, int] = {}
    no_counts = ""
    try:
        counts = asked_counts.result()
    except TdeployError as error:
        # About another stack: of this one everything was read.
        no_counts = str(error)
    services = {one.service: one for one in listed if not one.is_job}
    wanted = {one.name for one in resources if "ContainerService$" in one.urn}
    troubles = [no_docker] if no_docker else _troubles(profile, wanted, services)
    if verdict is None and wanted:
        troubles.append(no_verdict)
    elif verdict and verdict.health_state != "happy":
        troubles.append(f"the cluster is {verdict.health_state}: {verdict.reason}")
    if no_counts:
        troubles.append(no_counts)
    if as_json:
        say_json(
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
        others = ", ".join(f"{name} {count}" for name, count in counts.items()) or "unknown"
        say(f"stack     {profile} (resources: {others})")
        _print_running(services, verdict, outputs)
        for trouble in troubles:
            say(f"trouble   {trouble}")
    if troubles:
        raise typer.Exit(1)


def _containers(profile: str) -> tuple[list["Container"], str]:
    from tdeploy.containers import containers  # noqa: PLC0415

    try:
        return containers(profile), ""
    except TdeployError as error:
        return [], str(error)


def _troubles(profile: str, wanted: set[str], services: Mapping[str, "Container"]) -> list[str]:
    if not wanted:
        return [f"nothing of the stack {profile} runs: `tdeploy up -p {profile}` starts it"]
    missing = sorted(wanted - services.keys())
    unwell = [f"{one.service} is {one.state}" for one in services.values() if not one.is_well]
    troubles = []
    if missing:
        mend = f"`tdeploy up -p {profile}` makes them again"
        troubles.append(f"without a container: {', '.join(missing)}; {mend}")
    if unwell:
        see = f"see `tdeploy services logs -p {profile} SERVICE`"
        troubles.append(f"not well: {', '.join(unwell)}; {see}")
    return troubles


def _verdict(url: str | None) -> tuple["Verdict | None", str]:
    """What the Copilot says, or why it says nothing."""
    from pydantic import ValidationError  # noqa: PLC0415

    from copilot.api.responses import Verdict  # noqa: PLC0415

    if not url:
        return None, "there is no Copilot to ask"
    try:
        with urlopen(f"{url}/status", timeout=_API_SECONDS) as answer:  # noqa: S310
            return Verdict.model_validate_json(answer.read()), ""
    except HTTPError as error:
        return None, f"the Copilot gives no verdict: {_reason(error)}"
    except (URLError, OSError) as error:
        return None, f"the Copilot does not answer at {url}: {getattr(error, 'reason', error)}"
    except ValidationError:
        return None, f"what answers at {url} is not the Copilot"


def _reason(error: HTTPError) -> str:
    try:
        return str(json.load(error)["reason"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"


def _print_running(
    services: Mapping[str, "Container"], verdict: "Verdict | None", outputs: dict[str, Any]
) -> None:
    if verdict:
        age = verdict.data_age_seconds
        since = f", {age:.0f} s ago" if age is not None else ""
        say(f"verdict   {verdict.health_state}{since}: {verdict.reason}")
    well = sum(one.is_well for one in services.values())
    say(f"services  {well} of {len(services)} well")
    for one in services.values():
        say(f"  {one.service:20} {one.state}")
    if services:
        say("addresses")
        say_pages(outputs, indent="  ")
