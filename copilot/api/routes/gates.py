"""`/status/gates`: every rule as the last cycle applied it."""

from collections.abc import Iterable
from typing import Literal

from fastapi import APIRouter
from pydantic import FiniteFloat

from copilot.api.dependencies import CurrentHealth
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.verdict import Verdict
from copilot.health.decision import Cause, RuleName, RuleResult, Severity, Stage
from copilot.health.root_cause import root_first
from copilot.signals.reading import Absence, Frozen

router = APIRouter(prefix="/status", tags=["cycle"], responses=DATA_PROBLEMS)


class GateResult(Frozen):
    """One rule as it was applied. `missing` could not be evaluated; it is not a pass.

    `notice` fired and changes no state.
    """

    name: RuleName
    stage: Stage
    severity: Severity
    signal: str
    subject: str
    outcome: Literal["fired", "notice", "missing", "passed"]
    observed: FiniteFloat | None
    threshold: FiniteFloat | None
    fires_when: Literal["above", "below", "missing"]
    unit: str
    absence: Absence | None
    detail: str
    cause: Cause | None


class Gates(Verdict):
    """Every gate: fired ones with the root first, then the others in the order of the rules."""

    gates: tuple[GateResult, ...]


@router.get("/gates")
async def gates(health: CurrentHealth) -> Gates:
    """Every rule as it was applied, with observed value and limit."""
    decision = health.record.decision if health.record else None
    fired = root_first(decision.fired) if decision else []
    others = [result for result in decision.gates if result not in fired] if decision else []
    return Gates(**health.verdict.model_dump(), gates=gate_results([*fired, *others]))


def gate_results(results: Iterable[RuleResult]) -> tuple[GateResult, ...]:
    """The results of rules, as the API reports them."""
    return tuple(GateResult(**result.model_dump(), outcome=_outcome(result)) for result in results)


def _outcome(result: RuleResult) -> Literal["fired", "notice", "missing", "passed"]:
    if result.fired:
        return "notice" if result.severity is Severity.NOTICE else "fired"
    return "missing" if result.is_missing else "passed"
