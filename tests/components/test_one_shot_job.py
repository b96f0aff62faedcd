"""One-shot jobs: their dependents, and what a failed job leaves."""

import pulumi
import pytest

from components import docker_engine
from components.cleanup_hooks import CleanupHooks
from components.container import SharedResources
from components.drift import REPLACES_LABEL, Drift
from components.one_shot_job import REDO_LABEL, OneShotJob
from components.workload import Job, Mount, Probe, Service
from tests.components.pulumi_run import CONTAINER, FakeProviders, Run, run

JOB = Job(name="schema", image="tools", purpose="creates the schema", memory_mb=64)
NEXT = Job(name="next", image="tools", purpose="needs the schema", memory_mb=64)


@pytest.fixture(autouse=True)
def has_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """The container of a job that has ended exists."""
    monkeypatch.setattr(docker_engine, "may_have_container", lambda _name: True)


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the containers that were removed."""
    names: list[str] = []
    monkeypatch.setattr(docker_engine, "remove_container", names.append)
    return names


STORE = Service(
    name="store",
    image="tools",
    purpose="keeps things",
    memory_mb=64,
    mounts=(Mount("/data", volume="data"),),
    health=Probe(("is-ready",)),
)
NO_DRIFT = Drift()


def run_jobs(
    providers: FakeProviders | None = None,
    *,
    redo_with: tuple[str, ...] = (),
    drift: Drift | None = NO_DRIFT,
    preview: bool = False,
) -> Run:
    def program() -> None:
        hooks = CleanupHooks.for_stack("local")
        shared = SharedResources("local", "net", {}, {"tools": "sha256:1"}, hooks, drift)
        first = OneShotJob(JOB, shared, redo_with=redo_with, stores=[STORE])
        OneShotJob(NEXT, shared, depends_on=[first.done])

    return run(program, providers=providers, preview=preview)


def ending_with(exit_code: int | None, logs: str) -> FakeProviders:
    return FakeProviders({"schema": {"exitCode": exit_code, "containerLogs": logs}})


def test_a_job_runs_once_and_its_log_is_read() -> None:
    inputs = run_jobs().containers["schema"].inputs
    assert (inputs["attach"], inputs["logs"], inputs["mustRun"]) == (True, True, False)
    assert inputs["restart"] == "no"
    assert "wait" not in inputs


def test_a_dependent_starts_after_the_job() -> None:
    assert "schema" in run_jobs().containers["next"].depends_on


def test_a_failed_job_ends_the_run_with_its_last_lines(
    removed: list[str], errors: list[str]
) -> None:
    logs = "".join(f"line {number}\n" for number in range(50))
    with pytest.raises(pulumi.RunError, match=r"schema.* exit code 3"):
        run_jobs(ending_with(3, logs))
    [message] = errors
    assert "exit code 3" in message
    assert "line 49" in message
    assert "line 29\n" not in message
    # Data that the store may have created half.
    assert "docker volume rm copilot-local-data" in message
    assert removed == ["local-schema"]


def test_dependents_of_a_failed_job_are_not_registered(
    removed: list[str], errors: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[str] = []
    answers = ending_with(1, "")
    original = answers.new_resource

    def note(args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        if args.typ == CONTAINER:
            registered.append(args.name)
        return original(args)

    monkeypatch.setattr(answers, "new_resource", note)
    with pytest.raises(pulumi.RunError, match="schema"):
        run_jobs(answers)
    assert "schema" in errors[0]
    assert registered == ["schema"]
    assert removed


def test_a_job_that_did_not_end_has_failed(removed: list[str]) -> None:
    with pytest.raises(pulumi.RunError, match="schema"):
        run_jobs(ending_with(None, "half"))
    assert removed == ["local-schema"]


def test_a_container_that_cannot_be_removed_is_named(
    errors: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str) -> None:
        raise docker_engine.DockerEngineError("Docker does not answer")

    monkeypatch.setattr(docker_engine, "remove_container", refuse)
    with pytest.raises(pulumi.RunError, match="schema"):
        run_jobs(ending_with(1, ""))
    assert "docker rm -f local-schema" in errors[0]


def test_a_job_that_failed_in_an_earlier_run_does_not_fail_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(docker_engine, "may_have_container", lambda _name: False)
    assert "next" in run_jobs(ending_with(1, "")).containers


@pytest.mark.parametrize("drift", [None, Drift({"schema": "1"}, faulty=frozenset({"schema-id"}))])
def test_a_job_that_this_run_left_alone_does_not_fail_it(drift: Drift | None) -> None:
    assert "next" in run_jobs(ending_with(1, ""), drift=drift).containers


def test_a_faulty_container_is_replaced() -> None:
    drift = Drift({"schema": "0a1b2c3d4e5f"})
    labels = run_jobs(drift=drift).containers["schema"].inputs["labels"]
    assert {"label": REPLACES_LABEL, "value": "0a1b2c3d4e5f"} in labels


def test_a_preview_does_not_evaluate_a_job() -> None:
    assert "next" in run_jobs(FakeProviders(jobs_end=False), preview=True).containers


def test_a_job_runs_again_with_a_new_container_of_its_store() -> None:
    labels = run_jobs(redo_with=("b", "c")).containers["schema"].inputs["labels"]
    assert {"label": REDO_LABEL, "value": "b,c"} in labels
