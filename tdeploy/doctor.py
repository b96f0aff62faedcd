"""`tdeploy doctor`: whether this machine and this account can run a stack, and what to mend."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from tdeploy.console import say, say_json
from tdeploy.profile import DEFAULT, AsJson, Profile

if TYPE_CHECKING:
    from tdeploy.checks import Check


def doctor(profile: Profile = DEFAULT, as_json: AsJson = False) -> None:
    """Check what a stack needs here and in AWS, with each fix.

    Exits with 1 if something is wrong. Nothing is changed.

    Example: tdeploy doctor -p local
    """
    from tdeploy.checks import every_check  # noqa: PLC0415

    checks: list[Check] = []
    for check in every_check(profile):
        checks.append(check)
        if not as_json:
            say(f"{check.state:8} {check.name}: {check.finding}")
            if check.fix:
                say(f"{'':8}   {check.fix}")
    if as_json:
        say_json([asdict(check) for check in checks])
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(1)
