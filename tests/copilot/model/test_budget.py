"""No request beyond the budget."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from copilot.model.budget import FAILURES_TO_OPEN, OPEN_FOR, Limits, Spend, refusal

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@given(
    st.integers(0, 30),
    st.integers(0, 1000),
    st.integers(0, 30),
    st.integers(1, 1000),
    st.integers(1, 2),
)
def test_requests_and_tokens_stay_within_their_limits(
    calls: int, tokens: int, calls_per_hour: int, wanted: int, requests: int
) -> None:
    limits = Limits(calls_per_hour=calls_per_hour, tokens_per_day=800)
    spend = Spend(calls_last_hour=calls, tokens_today=tokens)
    allowed = not refusal(spend, limits, wanted, NOW, requests)
    assert allowed == (calls + requests <= calls_per_hour and tokens + wanted <= 800)


@given(st.integers(0, 10), st.integers(0, 20))
def test_a_model_that_keeps_failing_is_paused(failures: int, minutes: int) -> None:
    ago = timedelta(minutes=minutes)
    spend = Spend(failures_in_a_row=failures, last_failure_at=NOW - ago if failures else None)
    reason = refusal(spend, Limits(calls_per_hour=9, tokens_per_day=9), 1, NOW)
    assert bool(reason) == (failures >= FAILURES_TO_OPEN and ago < OPEN_FOR)


@given(st.integers(2, 60), st.integers(1, 60), st.integers(1, 2))
def test_a_noisy_cluster_leaves_a_quarter_and_none_is_refused_its_share(
    clusters: int, calls_per_hour: int, requests: int
) -> None:
    limits = Limits(calls_per_hour=calls_per_hour, tokens_per_day=1000, clusters=clusters)
    noisy = 0
    while not refusal(Spend(calls_last_hour=noisy, own_calls=noisy), limits, 1, NOW, requests):
        noisy += requests
    share = calls_per_hour / clusters
    assert noisy <= max(0.75 * calls_per_hour, share, requests)
    assert noisy > min(share, calls_per_hour) - requests
    left = Spend(calls_last_hour=noisy, own_calls=0)
    assert bool(refusal(left, limits, 1, NOW)) == (noisy + 1 > calls_per_hour)


def test_a_cluster_uses_no_more_of_a_day_than_the_others_can_spare() -> None:
    limits = Limits(calls_per_hour=99, tokens_per_day=1000, clusters=4)
    within = Spend(tokens_today=900, own_tokens=200)
    beyond = Spend(tokens_today=700, own_tokens=300)
    assert not refusal(within, limits, 50, NOW)
    assert not refusal(beyond, limits, 50, NOW)
    assert "share" in refusal(beyond, limits, 51, NOW)
