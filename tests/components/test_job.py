"""One-shot jobs: what waits for them, and what a failed one leaves."""

import pulumi
import pytest

from components import docker_engine
from components.container import Surroundings
from components.healing import Healing
from components.job import REDO_LABEL, OneShotJob
from components.service import Job, Text
from tests.components.pulumi_run import CONTAINER, Answers, Run, run

JOB = Job(name="schema", image="tools", purpose="makes the schema", memory_mb=64)
NEXT = Job(name="next", image="tools", purpose="needs the schema", memory_mb=64)


@pytest.fixture(autouse=True)
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    """The container of a job that ended is still there."""
    monkeypatch.setattr(docker_engine, "may_have_container", lambda _name: True)


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the containers that were removed."""
    names: list[str] = []
    monkeypatch.setattr(docker_engine, "remove_container", names.append)
    return names


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Errors that the program told the engine at once."""
    messages: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", messages.append)
    return messages


def run_jobs(
    answers: Answers | None = None, *, redo_with: tuple[Text, ...] = (), preview: bool = False
) -> Run:
    def program() -> None:
        around = Surroundings("local", "net", {}, {"tools": "sha256:1"}, Healing.of_stack("local"))
        first = OneShotJob(JOB, around, redo_with=redo_with)
        OneShotJob(NEXT, around, depends_on=[first.done])

    return run(program, answers=answers, preview=preview)


def ending_with(exit_code: int | None, logs: str) -> Answers:
    return Answers({"schema": {"exitCode": exit_code, "containerLogs": logs}})


def test_a_job_runs_once_to_its_end_and_keeps_its_log() -> None:
    inputs = run_jobs().containers["schema"].inputs
    assert (inputs["attach"], inputs["logs"], inputs["mustRun"]) == (True, True, False)
    assert inputs["restart"] == "no"
    assert "wait" not in inputs


def test_what_needs_a_job_comes_after_its_success() -> None:
    assert "schema" in run_jobs().containers["next"].depends_on


def test_a_failed_job_ends_the_run_with_its_last_lines(removed: list[str], said: list[str]) -> None:
    logs = "".join(f"line {number}\n" for number in range(50))
    with pytest.raises(pulumi.RunError, match=r"the job schema failed with exit code 3"):
        run_jobs(ending_with(3, logs))
    [message] = said
    assert message.startswith("the job schema failed with exit code 3")
    assert "line 49" in message
    assert "line 29\n" not in message
    assert removed == ["local-schema"]


def test_what_needs_a_failed_job_is_never_made(
    removed: list[str], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    answers = ending_with(1, "")
    original = answers.new_resource

    def note(args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        if args.typ == CONTAINER:
            made.append(args.name)
        return original(args)

    monkeypatch.setattr(answers, "new_resource", note)
    with pytest.raises(pulumi.RunError, match="the job schema failed"):
        run_jobs(answers)
    assert "it said nothing" in said[0]
    assert made == ["schema"]
    assert removed


def test_a_job_that_was_cut_short_did_not_succeed(removed: list[str]) -> None:
    with pytest.raises(pulumi.RunError, match="the job schema did not end"):
        run_jobs(ending_with(None, "half"))
    assert removed == ["local-schema"]


def test_a_container_that_cannot_be_removed_is_named(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str) -> None:
        raise docker_engine.DockerEngineError("Docker does not answer")

    monkeypatch.setattr(docker_engine, "remove_container", refuse)
    with pytest.raises(pulumi.RunError, match="the job schema failed"):
        run_jobs(ending_with(1, ""))
    assert "docker rm -f local-schema" in said[0]


def test_a_job_that_failed_in_an_earlier_run_is_not_judged_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(docker_engine, "may_have_container", lambda _name: False)
    assert "next" in run_jobs(ending_with(1, "")).containers


def test_a_preview_decides_nothing_about_a_job() -> None:
    assert "next" in run_jobs(Answers(jobs_end=False), preview=True).containers


def test_a_job_is_redone_when_what_it_worked_on_is_new() -> None:
    labels = run_jobs(redo_with=("b", "c")).containers["schema"].inputs["labels"]
    assert {"label": REDO_LABEL, "value": "b,c"} in labels
