"""Seconds from a fault to its verdict and cause, at the default cadence."""

import asyncio
import time
from dataclasses import dataclass

from copilot.explain.explanation import Citation
from copilot.knowledge.passage import MAX_PASSAGES
from copilot.model.prompt import INSTRUCTIONS, MAX_PASSAGE, Reference, write_prompt
from copilot.settings import Settings
from copilot.store.location import locate_store
from copilot.store.repository import Repository
from lab.cluster import Lab
from lab.fault import Fault
from lab.faults import FAULTS
from tests.bench.figure import Figure
from tests.bench.running import Report, running
from tests.lab.watch import LateError, detected

TARGET_SECONDS = 75
LIMIT_SECONDS = 240
SETTLE_CYCLES = 3
# Detected once its last starts are queued and the server has unloaded it: no target.
WITHOUT_TARGET = {"abandon-queue"}


STORED_TARGET_SECONDS = 5
PROMPT_TARGET_TOKENS = 6000
# The longest possible passage.
PASSAGE = Reference(
    citation=Citation(document="bench", heading="bench", uri=""), text="x" * MAX_PASSAGE
)


@dataclass(frozen=True)
class Run:
    """One fault: seconds to detection (the limit when there was none), criticals before it,
    seconds from a look to its stored assessment, and tokens of the prompt at its end."""

    detected_seconds: float
    criticals: int
    stored_seconds: float
    prompt_tokens: float


def measure(report: Report, repeat: int) -> list[Figure]:
    """One figure per fault, the longest of `repeat` runs, and the figures of all runs."""
    figures: list[Figure] = []
    every: list[Run] = []
    for fault in (fault for fault in FAULTS.values() if _is_measured(fault)):
        runs = [_once(fault) for _ in range(repeat)]
        every += runs
        seconds = max(run.detected_seconds for run in runs)
        report(f"{fault.name}: detected after {seconds:.1f} s")
        target = None if fault.name in WITHOUT_TARGET else TARGET_SECONDS
        figures.append(Figure(f"detection of {fault.name}", seconds, "s", target))
    stored = max(run.stored_seconds for run in every)
    tokens = max(run.prompt_tokens for run in every)
    return [
        *figures,
        Figure("criticals while healthy", sum(run.criticals for run in every), "", 0),
        Figure("look to stored assessment", stored, "s", STORED_TARGET_SECONDS),
        Figure("prompt of the worst fault", tokens, "tokens", PROMPT_TARGET_TOKENS),
    ]


def _is_measured(fault: Fault) -> bool:
    """Whether an ordinary lab can have it, and the verdict changes."""
    return fault.verdict != "happy" and not (fault.needs_elasticsearch or fault.needs_histories)


def _once(fault: Fault) -> Run:
    with running() as copilot:
        watch = copilot.watch
        watch.cycles(SETTLE_CYCLES, within=150)
        criticals = watch.states.count("critical")
        begin = time.monotonic()
        copilot.lab.inject(fault.name)
        try:
            watch.until(detected(fault), LIMIT_SECONDS, f"detected: {fault.name}")
            elapsed = time.monotonic() - begin
        except LateError:
            elapsed = LIMIT_SECONDS
        stored, tokens = asyncio.run(_explained(copilot.lab))
        return Run(elapsed, criticals, stored, tokens)


async def _explained(lab: Lab) -> tuple[float, float]:
    """Seconds to the slowest stored assessment, and tokens of the last cycle's prompt, at three
    characters each."""
    settings = Settings.model_validate(lab.environment())
    async with Repository.open(locate_store(settings)) as repository:
        assessments = await repository.newest_assessments(settings.cluster, 20)
        latest = await repository.latest(settings.cluster)
    stored = max((one.stored_at - one.at).total_seconds() for one in assessments)
    if latest is None:
        return stored, 0
    prompt = write_prompt(latest.decision, latest.snapshot, {}, [PASSAGE] * MAX_PASSAGES)
    return stored, (len(prompt.text) + len(INSTRUCTIONS)) / 3
