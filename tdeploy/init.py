"""`tdeploy init`: the few things that a fresh clone has to be told."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tdeploy.console import remark, say
from tdeploy.errors import TdeployError
from tdeploy.profile import DEFAULT, Profile, Yes

_SHARED = "dev"
_IN_BOTH = ("project_name", "region")


@dataclass(frozen=True)
class Question:
    """A setting that is asked for; `default` is what it is now."""

    key: str
    text: str
    default: str


def init(
    *,
    profile: Profile = DEFAULT,
    project: Annotated[str | None, typer.Option(help="prefix of names in AWS")] = None,
    region: Annotated[str | None, typer.Option("--region", "-r", help="AWS region")] = None,
    temporal_source: Annotated[
        Path | None, typer.Option(help="checkout of the DSQL fork of Temporal to build")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="model that words explanations, as bedrock:ID, or none")
    ] = None,
    yes: Yes = False,
) -> None:
    """Set up a fresh clone: stacks, passphrase, settings.

    It asks, and can be run again: what is set is the default then. An option answers its question
    before it is asked.

    Example: tdeploy init --region eu-west-1 --temporal-source ../temporal-dsql
    """
    from stacks import passphrase  # noqa: PLC0415
    from tdeploy import settings  # noqa: PLC0415
    from tdeploy.project import make_stacks  # noqa: PLC0415

    if not yes and not sys.stdin.isatty():
        raise TdeployError("nobody is there to be asked: give the answers as options, with --yes")
    make_stacks()
    settings.require_passphrase(profile)
    known = settings.known(profile)
    source = str(temporal_source.expanduser().absolute()) if temporal_source else None
    given = {"project_name": project, "region": region, "temporal_source": source, "model": model}
    if profile == DEFAULT:
        answers = _answers(known, given, yes=yes)
        settings.store(profile, {key: value for key, value in answers.items() if value})
        settings.store(_SHARED, {key: answers[key] for key in _IN_BOTH})
    elif any(given.values()):
        raise TdeployError(f"the stack {profile} has none of these settings: leave the options out")
    if not yes and "grafana_password" not in known:
        text = "password of Grafana's admin, which serves 127.0.0.1 only; empty: admin"
        password = typer.prompt(text, default="", hide_input=True, show_default=False, err=True)
        if password:
            settings.store(profile, {"grafana_password": password}, secret=True)
    where = passphrase.chosen() or passphrase.FILE
    remark(f"Pulumi.{profile}.yaml is set, the passphrase is in {where}: keep both")
    say("next:")
    for line in _next(profile):
        say(f"  {line}")


def _answers(
    known: Mapping[str, str], given: Mapping[str, str | None], *, yes: bool
) -> dict[str, str]:
    from stacks.settings import CopilotSettings  # noqa: PLC0415
    from tdeploy.catalogue import require_valid  # noqa: PLC0415

    plain = CopilotSettings()
    questions = (
        Question("project_name", "prefix of names in AWS", plain.project_name),
        Question("region", "AWS region", plain.region),
        Question("temporal_source", "checkout of the DSQL fork of Temporal, or empty", ""),
        Question("model", "model that words explanations: bedrock:ID, none, or empty: Claude", ""),
    )
    # Before anything is asked, because an option cannot be corrected here.
    require_valid(DEFAULT, {key: said for key, said in given.items() if said})
    answers = {}
    for question in questions:
        default = known.get(question.key, question.default)
        said = given[question.key]
        if said is None:
            said = default if yes else _asked(question, default)
        answers[question.key] = said
    return answers


def _asked(question: Question, default: str) -> str:
    """An answer that the stack takes: with the reason, it is asked again until it is one."""
    from tdeploy.catalogue import require_valid  # noqa: PLC0415

    while True:
        said = str(typer.prompt(question.text, default=default, err=True)).strip()
        try:
            require_valid(DEFAULT, {question.key: said} if said else {})
        except TdeployError as error:
            remark(str(error))
        else:
            return said


def _next(profile: str) -> list[str]:
    if profile != DEFAULT:
        return [f"tdeploy doctor -p {profile}", f"tdeploy up -p {profile}"]
    return [
        "tdeploy doctor                  # what is missing on this machine and in AWS",
        "tdeploy infra apply-shared      # once: the shared Aurora DSQL cluster",
        "tdeploy up",
        "tdeploy kb populate             # the corpus into the knowledge base",
    ]
