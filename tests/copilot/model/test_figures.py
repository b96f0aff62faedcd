"""Which figures of a text come from the text that was given, and which are made up."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from copilot.model.figures import made_up_figures

EVIDENCE = """\
G1 starved_queue: queue-1 waits. backlog_age is 1,800 s, limit: above 60 s; 1,270 tasks
G2 persistence_latency: persistence_latency_p95 is 4,800 ms, limit: above 400 ms
G3 persistence_errors: 96.0%, limit: above 70.0%; 9.10 starts/s; usual: 145.2 updates/s
1,250 ms; 0.455 1/s
[P1] 1. Look at the queue. 2. Compare with the last deployment. 3. Read the log.
"""


@pytest.mark.parametrize(
    "text",
    [
        "Requests take 4,800 ms at the 95th percentile.",
        "p95 and P99 rise; the 99.9th percentile and the 50 percentile do not.",
        "It is the 3rd time, and the 2nd queue.",
        "1. Start the workers. 2. Read the log. 3. Compare. 4. Wait.",
        "(1) Start the workers, (2) read the log.",
        "Step 7 of the list, and checks 8 and 9.",
        "G1 and G2-3 follow from P1; queue-1 and namespace-12 wait.",
        "The frontend answers with 5xx.",
        "All 5 rules follow from one cause, and the other 4 rules say so.",
        "4.8 s, 4800ms, about 5 seconds, 4.8-second requests",
        "1.3 s, 1.25 s, 1,300 ms",
        "30 minutes, 0.5 h",
        "about 1,300 tasks, over 1,200 tasks, 1.3k tasks",
        "96 percent, 96%, 0.96 of the requests, nearly 100 %",
        "9 starts/s, 145 updates/s, over 140 updates/s, 0.5 1/s",
        "from 70 to 96%",
    ],
)
def test_what_the_evidence_gives_is_not_made_up(text: str) -> None:
    assert made_up_figures(text, EVIDENCE) == []


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("The backlog is 4711 tasks.", "4711"),
        ("4,711 tasks wait", "4,711"),
        ("12 workers poll", "12"),
        ("The limit is 7. Then it falls.", "7"),
        ("The limit is 400 s.", "400"),
        ("It takes 48 ms.", "48"),
        ("It takes 2.5 s.", "2.5"),
        ("4 s", "4"),
        ("40% of the requests fail", "40"),
        ("100 updates/s", "100"),
        ("20 times as slow", "20"),
        ("It listens on port 7233.", "7233"),
        ("70,000 tasks", "70,000"),
        ("1,270,000 tasks", "1,270,000"),
    ],
)
def test_what_is_nowhere_in_the_evidence_is_made_up(text: str, figure: str) -> None:
    assert made_up_figures(text, EVIDENCE) == [figure]


FIGURES = st.floats(1, 1e9).map(lambda value: float(f"{value:.6g}"))


@given(FIGURES, st.integers(2, 6))
def test_a_rounding_to_two_digits_or_more_is_given(value: float, digits: int) -> None:
    rounded = float(f"{value:.{digits}g}")
    assert made_up_figures(f"about {rounded:,.10g} tasks", f"{value:,.10g} tasks wait") == []


@given(FIGURES)
def test_a_time_is_the_same_in_milliseconds_and_seconds(milliseconds: float) -> None:
    seconds = f"{milliseconds / 1000:,.9f} s"
    assert made_up_figures(seconds, f"{milliseconds:,.10g} ms") == []
    assert made_up_figures(f"{milliseconds:,.10g} ms", seconds) == []


@given(FIGURES, st.lists(FIGURES, max_size=20))
def test_what_is_far_from_each_given_figure_is_made_up(value: float, others: list[float]) -> None:
    # Without a unit a figure may be a share of 1 for a percentage, and no more.
    assume(all(abs(value - other) > max(0.5, 0.11 * other) for other in others))
    text = f"{value:,.10g}"
    evidence = ", ".join(f"{other:.10g} tasks" for other in others)
    assert made_up_figures(f"{text} tasks wait", evidence) == [text]
