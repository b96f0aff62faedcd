"""The budget of models: calls an hour, tokens a day, and a pause after repeated failures."""

from datetime import timedelta

from pydantic import FiniteFloat

from copilot.signals.snapshot import Frozen, UtcDatetime

# Five failures in a row are not an accident; in ten minutes a quota or a region may recover.
FAILURES_TO_OPEN = 5
OPEN_FOR = timedelta(minutes=10)


class Limits(Frozen):
    """`calls_per_hour` in any 60 minutes, `tokens_per_day` since midnight UTC."""

    calls_per_hour: int
    tokens_per_day: int


class Spend(Frozen):
    """Use of models, for all clusters together.

    A call without an answer yet counts as failed. `cost_usd_today` is None if the price of a call
    is not known.
    """

    calls_last_hour: int = 0
    tokens_today: int = 0
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
    return ""
