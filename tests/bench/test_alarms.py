"""What judges said over time, read from states and from `ALERTS`."""

from tests.bench.alarms import Alarm, Rules, Seen, alarms_of_series, alarms_of_states

RULES = Rules(
    "rival",
    causes={"Down": "service {{ $labels.job }}", "Slow": "persistence database"},
    held={"Down": 60.0, "Slow": 300.0},
    interval=15.0,
)


def series(name: str, state: str, *times: float, **labels: str) -> dict[str, object]:
    return {
        "metric": {"__name__": "ALERTS", "alertname": name, "alertstate": state, **labels},
        "values": [[at, "1"] for at in times],
    }


def test_an_alert_is_pending_then_fires_then_ends_at_the_next_evaluation() -> None:
    found = [
        series("Down", "pending", 100, 115, 130, 145, job="temporal-history"),
        series("Down", "firing", 160, 175, job="temporal-history"),
    ]
    (alarm,) = alarms_of_series(found, RULES, now=400)
    assert alarm == Alarm("Down", "service temporal-history", 100, 160, 160, 190)


def test_an_alert_that_never_fired_has_the_time_when_it_would_have() -> None:
    (alarm,) = alarms_of_series([series("Slow", "pending", 100, 115)], RULES, now=400)
    assert (alarm.fired, alarm.due, alarm.ended) == (None, 400, 130)


def test_an_alert_that_goes_on_has_no_end() -> None:
    (alarm,) = alarms_of_series([series("Down", "firing", 385, 400, job="x")], RULES, now=410)
    assert alarm.ended is None


def test_a_gap_makes_two_alarms_and_labels_make_others() -> None:
    found = [
        series("Down", "firing", 100, 200, job="a"),
        series("Down", "firing", 100, job="b"),
        series("Unknown", "firing", 100),
    ]
    alarms = alarms_of_series(found, RULES, now=1000)
    assert [(alarm.cause, alarm.pending) for alarm in alarms] == [
        ("service a", 100),
        ("service b", 100),
        ("service a", 200),
    ]


def test_states_but_happy_are_alarms_until_the_next_change() -> None:
    seen = [
        Seen(10, "happy"),
        Seen(20, "stressed", "service history"),
        Seen(30, "critical", "service history"),
        Seen(50, "happy"),
        Seen(60, "unknown", "source prometheus"),
    ]
    alarms = alarms_of_states(seen)
    assert [(alarm.name, alarm.fired, alarm.ended) for alarm in alarms] == [
        ("stressed", 20, 30),
        ("critical", 30, 50),
        ("unknown", 60, None),
    ]
