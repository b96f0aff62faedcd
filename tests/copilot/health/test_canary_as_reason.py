"""A canary that passes says that the engine works: then quiet is idle, and not stuck."""

import pytest

from copilot.health.decision import State
from copilot.signals.snapshot import Snapshot
from tests.builders import cycle_time, decisions_of
from tests.copilot.health.test_situations import USUAL_CYCLES, running, silent, with_canary

USUAL = running(0.4, 145)
# Few workflows start, and then wait for days; nothing else goes on.
WAITING = running(0.4, 0.8)
STOPPED = silent(0.4, 300)
TIMERS_LATE = silent(0, 300, scheduled_queue_lag_p95=400)


def states_after(*cycles: Snapshot) -> list[State]:
    """The states after a usual time, each cycle with a time of its own."""
    every = [*[USUAL] * USUAL_CYCLES, *cycles]
    at = [one.model_copy(update={"at": cycle_time(number)}) for number, one in enumerate(every)]
    return [decision.state for decision in decisions_of(at)][USUAL_CYCLES:]


@pytest.mark.parametrize(
    ("cycles", "states"),
    [
        pytest.param([WAITING] * 2, [State.STRESSED] * 2, id="without a canary nobody knows"),
        pytest.param([with_canary(WAITING)] * 4, [State.HAPPY] * 4, id="a canary passes"),
        pytest.param(
            [with_canary(WAITING), WAITING, with_canary(WAITING)],
            [State.HAPPY] * 3,
            id="one look does not come back",
        ),
        pytest.param(
            [with_canary(WAITING), WAITING, WAITING, WAITING],
            [State.HAPPY] * 3 + [State.STRESSED],
            id="no look comes back any more",
        ),
        pytest.param(
            [STOPPED] * 3, [State.STRESSED, State.STRESSED, State.CRITICAL], id="no canary, stuck"
        ),
        pytest.param(
            [with_canary(STOPPED)] * 2,
            [State.STRESSED] * 2,
            id="accepted starts make no update at all",
        ),
        pytest.param(
            [with_canary(TIMERS_LATE)] * 2,
            [State.STRESSED] * 2,
            id="timers of users are late, whatever passes",
        ),
    ],
)
def test_a_passing_canary_is_a_reason_for_quiet(
    cycles: list[Snapshot], states: list[State]
) -> None:
    assert states_after(*cycles) == states
