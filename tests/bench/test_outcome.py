"""What became of faults and controls in the eyes of a judge."""

from dataclasses import replace

import pytest

from lab.faults import FAULTS
from tests.bench.alarms import Alarm
from tests.bench.outcome import Detection, Quiet, Trial, points_to

TRIAL = Trial("kill-history", began=100, released=160, healed=165, ended=230, load=1.0)
HISTORY = FAULTS["kill-history"]


def alarm(
    at: float, ended: float | None, cause: str = "service temporal-history", name: str = "stressed"
) -> Alarm:
    return Alarm(name, cause, at, at, at, ended)


def detection(*alarms: Alarm) -> Detection:
    return Detection.of(TRIAL, HISTORY, "judge", alarms, counts=lambda one: one.name != "unknown")


def quiet(*alarms: Alarm, grace: float = 0.0) -> Quiet:
    return Quiet.of(TRIAL, "judge", alarms, grace)


def test_a_fault_is_detected_with_its_cause_and_cleared() -> None:
    found = detection(alarm(112, 130), alarm(130, 200, name="critical"))
    assert (found.detected, found.cleared) == (12, 35)
    assert found.is_right
    assert not found.is_quiet


def test_the_first_cause_counts_not_a_later_one() -> None:
    found = detection(alarm(112, 130, "service temporal-frontend"), alarm(130, 200))
    assert (found.detected, found.is_right) == (12, False)


def test_of_alarms_that_come_together_one_may_be_right() -> None:
    assert detection(alarm(112, 130, "service temporal-frontend"), alarm(112, 130)).is_right


def test_alarms_from_before_the_fault_are_not_of_it() -> None:
    found = detection(alarm(90, None))
    assert (found.detected, found.due, found.cleared, found.named) == (None, None, None, "")
    assert not found.is_quiet


def test_a_pending_alert_says_when_it_would_be_due() -> None:
    pending = replace(alarm(115, 170), fired=None, due=415)
    found = detection(pending)
    assert (found.detected, found.due, found.is_right) == (None, 315, True)
    assert found.is_quiet


def test_an_alert_that_fires_after_the_fault_has_not_detected_it() -> None:
    late = replace(alarm(115, 250), fired=175, due=175)
    assert detection(late).detected is None


@pytest.mark.parametrize("ended", [None, 231])
def test_an_alarm_that_lasts_until_the_next_trial_is_not_cleared(ended: float | None) -> None:
    assert detection(alarm(112, ended)).cleared is None


def test_an_alarm_that_comes_back_after_healing_clears_when_it_ends() -> None:
    assert detection(alarm(112, 170), alarm(180, 215)).cleared == 50


def test_what_is_no_report_of_the_fault_does_not_detect_it() -> None:
    assert detection(alarm(105, 110, name="unknown")).detected is None


def test_a_control_is_quiet_with_alarms_of_before_and_after() -> None:
    assert quiet(alarm(90, 120), alarm(231, 250)).false_alarms == ()


def test_a_control_counts_each_alarm_once_and_time_without_a_view_apart() -> None:
    found = quiet(alarm(110, 115), alarm(120, 125), alarm(130, 140, name="unknown"))
    assert found.false_alarms == ("stressed: service temporal-history",)
    assert found.blind == 10


def test_a_pending_alert_is_no_false_alarm() -> None:
    assert quiet(replace(alarm(110, 130), fired=None)).false_alarms == ()


def test_an_alarm_of_the_fault_before_may_last_for_the_grace_but_not_be_critical() -> None:
    assert quiet(alarm(90, 150), grace=75).false_alarms == ()
    assert quiet(alarm(90, 190), grace=75).false_alarms
    assert quiet(alarm(110, 120, name="critical"), grace=75).false_alarms


def test_a_cause_points_to_a_fault_by_kind_and_end_of_its_name() -> None:
    assert points_to("service temporal-history", HISTORY)
    assert not points_to("service temporal", HISTORY)
    assert not points_to("persistence history", HISTORY)
    assert points_to("queue default/order-fulfilment", FAULTS["abandon-queue"])
