"""`tdeploy init`: the passphrase, the stacks and the settings of a fresh clone."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from stacks.configuration import parsed
from stacks.registry import CONTAINER_STACKS
from stacks.settings import CopilotSettings
from stacks.watch_settings import WatchSettings, require_none_of_one_cluster
from stacks.workspace import passphrase
from tdeploy import settings
from tdeploy.console import print_err, print_out
from tdeploy.discovery import discover, write_cluster_files
from tdeploy.engine.project import create_stacks
from tdeploy.errors import TdeployError
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, Profile, Yes

app = typer_app()
_SHARED = "dev"
_SHARED_KEYS = ("project_name", "region")


@dataclass(frozen=True)
class Question:
    """The question for a setting. Not set, it has the stack's default, or is empty."""

    key: str
    text: str


_QUESTIONS = {
    CopilotSettings.stack: (
        Question("project_name", "prefix of names in AWS"),
        Question("region", "AWS region"),
        Question("temporal_source", "checkout of the DSQL fork of Temporal (empty: none)"),
        Question("model", "model that writes readings: bedrock:ID or none (empty: Claude)"),
    ),
    WatchSettings.stack: (
        Question("monitored_address", "host:port of the cluster's frontend, for containers"),
        Question("prometheus_endpoint", "URL of the metrics store, without /api/v1"),
    ),
}
"""By profile."""
_OF_A_CLUSTER = (
    Question("cluster", "name of the cluster: its label `cluster`, unless labels are set"),
    Question("monitored_namespaces", "namespaces to watch, with commas between (* is all of them)"),
)
"""Asked of `watch` when its metrics store was searched for clusters."""
_FOLDER = "clusters_folder"
_OF_SEARCH = ("monitored_address", "prometheus_endpoint")
"""Settings by which `watch` can search a metrics store for the files of its folder."""


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
    frontend: Annotated[
        str | None, typer.Option(help="of watch: host:port of the cluster's frontend")
    ] = None,
    metrics: Annotated[str | None, typer.Option(help="of watch: URL of the metrics store")] = None,
    cluster: Annotated[
        str | None, typer.Option(help="of watch: name of the cluster, as discover has it")
    ] = None,
    namespaces: Annotated[
        str | None, typer.Option(help="of watch: namespaces, with commas between")
    ] = None,
    clusters_folder: Annotated[
        Path | None,
        typer.Option(
            help="of watch: folder with a file for each of several clusters; with --metrics, those"
            " that are found there are written"
        ),
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
    options = {
        "project_name": project,
        "region": region,
        "temporal_source": source,
        "model": model,
        "monitored_address": frontend,
        "prometheus_endpoint": metrics,
        "cluster": cluster,
        "monitored_namespaces": namespaces,
        _FOLDER: str(clusters_folder.expanduser().absolute()) if clusters_folder else None,
    }
    given = {key: value for key, value in options.items() if value is not None}
    if profile == WatchSettings.stack and _FOLDER in {**current, **given}:
        answers = _folder_of_clusters(current, given)
    else:
        answers = _answers_of_stack(profile, current, given, yes=yes)
    settings.write(profile, {key: value for key, value in answers.items() if value})
    if profile == DEFAULT:
        settings.write(_SHARED, {key: answers[key] for key in _SHARED_KEYS})
    asks_password = "grafana_password" in CONTAINER_STACKS[profile].secrets
    if not yes and asks_password and "grafana_password" not in current:
        text = "password of Grafana's user admin, on 127.0.0.1 only (empty: admin)"
        password = typer.prompt(text, default="", hide_input=True, show_default=False, err=True)
        if password:
            settings.write(profile, {"grafana_password": password}, secret=True)
    where = passphrase.user_variable() or passphrase.FILE
    print_err(f"the settings are in Pulumi.{profile}.yaml, the passphrase is in {where}: keep both")
    print_out("next:")
    for line in _next_commands(profile):
        print_out(f"  {line}")


def _answers_of_stack(
    profile: str, current: Mapping[str, str], given: Mapping[str, str], *, yes: bool
) -> dict[str, str]:
    """The settings of a stack, of `watch` beside one cluster."""
    questions = _QUESTIONS.get(profile, ())
    of_a_cluster = _OF_A_CLUSTER if profile == WatchSettings.stack else ()
    _require_asked(profile, given, {one.key for one in (*questions, *of_a_cluster)})
    answers = _answers(profile, questions, current, given, yes=yes)
    if of_a_cluster:
        chosen = _not_default(current)
        found = _discovered(answers, current, given.get("cluster") or chosen.get("cluster", ""))
        answers |= _answers(profile, of_a_cluster, {**found, **chosen}, given, yes=yes)
        if found and answers["cluster"] != found["cluster"]:
            found = _discovered(answers, current, answers["cluster"])
        answers = {**found, **answers}
    return answers


def _folder_of_clusters(current: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The setting of `watch` beside several clusters; files are written where it is to search."""
    stack = WatchSettings.stack
    _require_asked(f"{stack} with {_FOLDER}", given, {_FOLDER, *_OF_SEARCH})
    folder = given.get(_FOLDER) or current[_FOLDER]
    searched = {key: given[key] for key in _OF_SEARCH if key in given}
    settings.require_valid(stack, searched)
    try:
        require_none_of_one_cluster(_not_default(current))
        if searched:
            Path(folder).mkdir(parents=True, exist_ok=True)
    except ValueError as error:
        raise TdeployError(str(error)) from error
    except OSError as error:
        raise TdeployError(f"{folder}: cannot be created: {error.strerror}") from error
    answer = {_FOLDER: folder}
    settings.require_valid(stack, answer)
    if searched:
        write_cluster_files(WatchSettings.model_validate(searched), Path(folder))
    return answer


def _require_asked(stack: str, given: Mapping[str, str], keys: set[str]) -> None:
    others = sorted(given.keys() - keys)
    if others:
        raise TdeployError(
            f"the stack {stack} does not ask for {', '.join(others)}: omit the options"
        )


def _answers(
    profile: str,
    questions: Sequence[Question],
    current: Mapping[str, str],
    given: Mapping[str, str],
    *,
    yes: bool,
) -> dict[str, str]:
    # Before the first question, because a wrong option ends the command.
    settings.require_valid(profile, {key: value for key, value in given.items() if value})
    fields = CONTAINER_STACKS[profile].model_fields
    answers = {}
    for question in questions:
        key = question.key
        default = _as_text(parsed(current[key]) if key in current else fields[key].default)
        if key in given:
            answers[key] = given[key]
        else:
            answers[key] = default if yes else _ask(profile, question, default)
    return answers


def _not_default(current: Mapping[str, str]) -> dict[str, str]:
    """Settings of `watch` that an earlier run did not just write as they are by default."""
    fields = WatchSettings.model_fields
    return {
        key: text
        for key, text in current.items()
        if key not in fields or text != _as_text(fields[key].default)
    }


def _discovered(
    answers: Mapping[str, str], current: Mapping[str, str], cluster: str
) -> dict[str, str]:
    """What the metrics store says about a cluster; nothing where its labels are set already."""
    if "labels" in current:
        return {}
    every = {key: text for key, text in {**current, **answers}.items() if text}
    secrets = WatchSettings.secrets
    values = {key: parsed(text) for key, text in every.items() if key not in secrets}
    return discover(WatchSettings.model_validate(values), cluster)


def _as_text(value: object) -> str:
    """A setting's value as it is typed."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _ask(profile: str, question: Question, default: str) -> str:
    """The first valid answer; prints why the others are not."""
    while True:
        answer = str(typer.prompt(question.text, default=default, err=True)).strip()
        try:
            settings.require_valid(profile, {question.key: answer} if answer else {})
        except TdeployError as error:
            print_err(str(error))
        else:
            return answer


def _next_commands(profile: str) -> list[str]:
    if profile == WatchSettings.stack:
        return [
            f"tdeploy build copilot -p {profile}    # the image that also checks the sources",
            f"tdeploy doctor -p {profile}           # does each source answer?",
            f"tdeploy up -p {profile}",
        ]
    if profile != DEFAULT:
        return [f"tdeploy doctor -p {profile}", f"tdeploy up -p {profile}"]
    return [
        "tdeploy doctor                  # check this machine and AWS",
        "tdeploy infra apply-shared      # once: the shared Aurora DSQL cluster",
        "tdeploy up",
        "tdeploy kb populate             # the corpus into the knowledge base",
    ]
