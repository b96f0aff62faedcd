"""The budget of models: calls an hour, tokens a day, and a pause after repeated failures."""

from datetime import timedelta

from pydantic import FiniteFloat

from copilot.signals.reading import Frozen, UtcDatetime

# Five failures in a row are not an accident; in ten minutes a quota or a region may recover.
FAILURES_TO_OPEN = 5
OPEN_FOR = timedelta(minutes=10)


# Of the budget that a cluster leaves to the others once it has used its share.
RESERVED = 0.25


class Limits(Frozen):
    """`calls_per_hour` in any 60 minutes, `tokens_per_day` since midnight UTC; for all clusters.

    Each of `clusters` may use an equal share, and its first request of the period in any case.
    Beyond it, a cluster may use what the others leave, but for a quarter of the budget.
    """

    calls_per_hour: int
    tokens_per_day: int
    clusters: int = 1


class Spend(Frozen):
    """Use of models, for all clusters together; `own_calls` and `own_tokens` are one cluster's.

    A call without an answer yet counts as failed. `cost_usd_today` is None if the price of a call
    is not known.
    """

    calls_last_hour: int = 0
    tokens_today: int = 0
    own_calls: int = 0
    own_tokens: int = 0
    cost_usd_today: FiniteFloat | None = 0.0
    failures_in_a_row: int = 0
    last_failure_at: UtcDatetime | None = None
    last_failure: str = ""


def open_until(spend: Spend) -> UtcDatetime | None:
    """When the circuit breaker closes again; None while it is closed."""
    if spend.failures_in_a_row < FAILURES_TO_OPEN or spend.last_failure_at is None:
        return None
    return spend.last_failure_at + OPEN_FOR


def refusal(spend: Spend, limits: Limits, tokens: int, now: UtcDatetime, requests: int = 1) -> str:
    """Why no request may be sent to a model now; "" if one may.

    `requests` and `tokens` are the most that the answer may take.
    """
    closed_at = open_until(spend)
    if closed_at and now < closed_at:
        return (
            f"no request to a model until {closed_at:%H:%M} UTC:"
            f" it failed {spend.failures_in_a_row} times in a row"
        )
    if spend.calls_last_hour + requests > limits.calls_per_hour:
        return (
            f"models were called {spend.calls_last_hour} times in the last hour,"
            f" and COPILOT_MODEL_CALLS_PER_HOUR is {limits.calls_per_hour}"
        )
    if spend.tokens_today + tokens > limits.tokens_per_day:
        return (
            f"models used {spend.tokens_today} tokens today,"
            f" and COPILOT_MODEL_TOKENS_PER_DAY is {limits.tokens_per_day}"
        )
    if not _leaves_enough(
        limits.calls_per_hour, limits.clusters, spend.own_calls, spend.calls_last_hour, requests
    ):
        return (
            f"this cluster used its share of COPILOT_MODEL_CALLS_PER_HOUR"
            f" ({spend.own_calls} of {limits.calls_per_hour}); the rest is for the other clusters"
        )
    if not _leaves_enough(
        limits.tokens_per_day, limits.clusters, spend.own_tokens, spend.tokens_today, tokens
    ):
        return (
            f"this cluster used its share of COPILOT_MODEL_TOKENS_PER_DAY"
            f" ({spend.own_tokens} of {limits.tokens_per_day}); the rest is for the other clusters"
        )
    return ""


def _leaves_enough(limit: int, clusters: int, own: int, total: int, wanted: int) -> bool:
    """Whether a cluster may use more of what is left: see Limits."""
    if clusters == 1 or own == 0 or own + wanted <= limit / clusters:
        return True
    return total + wanted <= (1 - RESERVED) * limit
