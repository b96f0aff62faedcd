"""`tdeploy init`: the passphrase, the stacks and the settings of a fresh clone."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from stacks.settings import CopilotSettings
from stacks.workspace import passphrase
from tdeploy import settings
from tdeploy.console import print_err, print_out
from tdeploy.engine.project import create_stacks
from tdeploy.errors import TdeployError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, Profile, Yes

app = typer_app()
_SHARED = "dev"
_SHARED_KEYS = ("project_name", "region")


@dataclass(frozen=True)
class Question:
    """The question for a setting; `default` if it is not set yet."""

    key: str
    text: str
    default: str


@app.command()
def init(
    *,
    profile: Profile = DEFAULT,
    project: Annotated[str | None, typer.Option(help="prefix of names in AWS")] = None,
    region: Annotated[str | None, typer.Option("--region", "-r", help="AWS region")] = None,
    temporal_source: Annotated[
        Path | None, typer.Option(help="checkout of the DSQL fork of Temporal to build")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="model that writes readings: bedrock:ID or none")
    ] = None,
    yes: Yes = False,
) -> None:
    """Set up a fresh clone: stacks, passphrase, settings.

    Asks for the settings that no option gives, with the current value as the default, so it can be
    run again.

    Example: tdeploy init --region eu-west-1 --temporal-source ../temporal-dsql
    """
    if not yes and not sys.stdin.isatty():
        raise TdeployError("stdin is not a terminal: pass the answers as options, with --yes")
    create_stacks()
    settings.require_passphrase(profile)
    current = settings.read(profile)
    source = str(temporal_source.expanduser().absolute()) if temporal_source else None
    options = {"project_name": project, "region": region, "temporal_source": source, "model": model}
    if profile == DEFAULT:
        answers = _answers(current, options, yes=yes)
        settings.write(profile, {key: value for key, value in answers.items() if value})
        settings.write(_SHARED, {key: answers[key] for key in _SHARED_KEYS})
    elif any(options.values()):
        raise TdeployError(f"the stack {profile} has none of these settings: omit the options")
    if not yes and "grafana_password" not in current:
        text = "password of Grafana's user admin, on 127.0.0.1 only (empty: admin)"
        password = typer.prompt(text, default="", hide_input=True, show_default=False, err=True)
        if password:
            settings.write(profile, {"grafana_password": password}, secret=True)
    where = passphrase.user_variable() or passphrase.FILE
    print_err(f"the settings are in Pulumi.{profile}.yaml, the passphrase is in {where}: keep both")
    print_out("next:")
    for line in _next_commands(profile):
        print_out(f"  {line}")


def _answers(
    current: Mapping[str, str], options: Mapping[str, str | None], *, yes: bool
) -> dict[str, str]:
    plain = CopilotSettings()
    questions = (
        Question("project_name", "prefix of names in AWS", plain.project_name),
        Question("region", "AWS region", plain.region),
        Question("temporal_source", "checkout of the DSQL fork of Temporal (empty: none)", ""),
        Question("model", "model that writes readings: bedrock:ID or none (empty: Claude)", ""),
    )
    # Before the first question, because a wrong option ends the command.
    settings.require_valid(DEFAULT, {key: value for key, value in options.items() if value})
    answers = {}
    for question in questions:
        default = current.get(question.key, question.default)
        answer = options[question.key]
        if answer is None:
            answer = default if yes else _ask(question, default)
        answers[question.key] = answer
    return answers


def _ask(question: Question, default: str) -> str:
    """The first valid answer; prints why the others are not."""
    while True:
        answer = str(typer.prompt(question.text, default=default, err=True)).strip()
        try:
            settings.require_valid(DEFAULT, {question.key: answer} if answer else {})
        except TdeployError as error:
            print_err(str(error))
        else:
            return answer


def _next_commands(profile: str) -> list[str]:
    if profile != DEFAULT:
        return [f"tdeploy doctor -p {profile}", f"tdeploy up -p {profile}"]
    return [
        "tdeploy doctor                  # check this machine and AWS",
        "tdeploy infra apply-shared      # once: the shared Aurora DSQL cluster",
        "tdeploy up",
        "tdeploy kb populate             # the corpus into the knowledge base",
    ]
