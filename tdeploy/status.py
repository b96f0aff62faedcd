"""`tdeploy status`: services, verdict and addresses of a stack."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Annotated, Any

import typer

from tdeploy.console import print_json, print_out
from tdeploy.containers import Container, containers
from tdeploy.engine.project import pulumi_cli, resource_counts
from tdeploy.engine.stack import ManagedStack
from tdeploy.errors import TdeployError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, AsJson, Profile
from tdeploy.up import print_addresses
from tdeploy.verdicts import Verdicts, fetch_verdicts, reason

app = typer_app()


@app.command()
def status(
    profile: Profile = DEFAULT,
    cluster: Annotated[
        str, typer.Option(help="the cluster to show, of several that the stack watch has")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show services, verdicts and addresses on one screen.

    Exits with 0 if every service is healthy and each verdict is happy, else with 1.

    Example: tdeploy status -p local --json
    """
    # Before the threads, so that only one installs a missing CLI.
    pulumi_cli()
    with ThreadPoolExecutor() as pool:
        future_counts = pool.submit(resource_counts)
        future_containers = pool.submit(_containers, profile)
        resources, outputs = ManagedStack(profile).state()
        verdicts = fetch_verdicts(outputs.get("copilot_api_url"), cluster)
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
    if verdicts.missing and declared:
        troubles.append(verdicts.missing)
    troubles += verdicts.troubles
    if no_counts:
        troubles.append(no_counts)
    verdict = verdicts.verdict
    if as_json:
        print_json(
            {
                "profile": profile,
                "healthy": not troubles,
                "troubles": troubles,
                "stacks": counts,
                "containers": [asdict(one) for one in listed],
                "verdict": verdict.model_dump(mode="json") if verdict else None,
                "clusters": [one.model_dump(mode="json") for one in verdicts.clusters],
                "outputs": outputs,
            }
        )
    else:
        totals = ", ".join(f"{name} {count}" for name, count in counts.items()) or "unknown"
        print_out(f"stack     {profile} (resources: {totals})")
        _print_status(services, verdicts, outputs)
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


def _print_status(
    services: Mapping[str, Container], verdicts: Verdicts, outputs: dict[str, Any]
) -> None:
    if verdict := verdicts.verdict:
        since = _age(verdict.data_age_seconds)
        print_out(f"verdict   {verdict.health_state}{since}: {verdict.reason}")
        for notice in verdict.notices:
            print_out(f"notice    {notice.title}: {notice.description}")
    else:
        for cluster in verdicts.clusters:
            why = f": {text}" if (text := reason(cluster)) else ""
            since = _age(cluster.data_age_seconds)
            print_out(f"cluster   {cluster.cluster} {cluster.health_state}{since}{why}")
    healthy = sum(one.is_healthy for one in services.values())
    print_out(f"services  {healthy} of {len(services)} healthy")
    for one in services.values():
        print_out(f"  {one.service:20} {one.state}")
    if services:
        print_out("addresses")
        print_addresses(outputs, indent="  ")


def _age(seconds: float | None) -> str:
    return f", {seconds:.0f} s ago" if seconds is not None else ""
