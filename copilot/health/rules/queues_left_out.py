"""Task queues that were not described, of a cluster with more than a cycle may ask about.

The server's metrics judge those that are left out: late ones are chosen first. So a notice is due
where even late ones are left out, or where no metrics tell which are late.
"""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.reading import Reading


def check(inputs: RuleInputs) -> list[RuleResult]:
    """A notice with the number of queues about which nothing better is known in this cycle."""
    survey = inputs.snapshot.queues
    if survey.absence or not survey.truncated:
        return []
    detail = (
        f"of {survey.truncated} queues that were not described, {survey.suspected_left_out} have"
        f" late tasks by their metrics, {survey.unjudged} have no metrics; each one's turn comes"
        f" within {survey.round_cycles} cycles"
    )
    return [
        apply_limit(
            RuleName.QUEUES_LEFT_OUT,
            Stage.STARVED,
            Severity.NOTICE,
            Reading.of(survey.suspected_left_out + survey.unjudged),
            0,
            signal="queues_left_out",
            unit="queues",
            detail=detail,
        )
    ]
