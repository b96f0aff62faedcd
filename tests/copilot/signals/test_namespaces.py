"""Which namespaces a pattern matches; tests/lab/test_large_cluster.py lists those of a server."""

import pytest

from copilot.signals.monitored_frontend import UnansweredError
from copilot.signals.namespaces import Namespaces, in_turn
from tests.copilot.signals.test_task_queues import client_of
from tests.fakes.http_source import closed_port


async def test_names_need_no_frontend_and_patterns_do() -> None:
    client = await client_of(closed_port())
    assert await Namespaces(["default", "orders"]).current(client, 60) == ("default", "orders")
    with pytest.raises(UnansweredError):
        await Namespaces(["default", "team-*"]).current(client, 60)


@pytest.mark.parametrize(("names", "least"), [(1, 10), (7, 1), (200, 10), (205, 1)])
def test_each_has_one_turn_in_a_round(names: int, least: int) -> None:
    spaces = [f"space-{number}" for number in range(names)]
    cycles = max(least, -(-names // 20))
    turns = [in_turn(spaces, cycle, 20, least_cycles=least) for cycle in range(cycles)]
    assert sorted(name for turn in turns for name in turn) == sorted(spaces)
    assert max(map(len, turns)) <= 20
    assert in_turn(spaces, cycles, 20, least_cycles=least) == turns[0]
