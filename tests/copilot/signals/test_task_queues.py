"""Task queues of an unreachable frontend; tests/lab/test_signals.py has a real one."""

import asyncio

import pytest
from temporalio.client import Client

from copilot.errors import MonitoredClusterError
from copilot.signals.matchers import is_lasting_user_queue
from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.reading import Absence
from copilot.signals.task_queues import survey, visible_queues
from tests.fakes.http_source import closed_port, silent_port

KEYS = tuple(
    QueueKey(namespace="default", name=name, kind=QueueKind.WORKFLOW) for name in ("a", "b", "c")
)


async def client_of(port: int) -> Client:
    return await Client.connect(f"127.0.0.1:{port}", lazy=True)


@pytest.mark.parametrize("keys", [(), KEYS])
async def test_an_unreachable_frontend_refuses(keys: tuple[QueueKey, ...]) -> None:
    port = closed_port()
    found = await survey(await client_of(port), keys, call_seconds=60, budget_seconds=120)
    assert found.absence is Absence.REFUSED
    assert found.detail == (
        f"monitored cluster at 127.0.0.1:{port}: no connection to the frontend: Connection refused"
    )
    assert found.unanswered == keys
    assert found.queues == ()


async def test_a_silent_frontend_costs_one_time_out() -> None:
    keys = [KEYS[0].model_copy(update={"name": f"queue-{number}"}) for number in range(200)]
    clock = asyncio.get_running_loop()
    async with silent_port() as port:
        client = await client_of(port)
        for _ in range(2):
            begin = clock.time()
            found = await survey(client, keys, budget_seconds=600, call_seconds=1)
            assert clock.time() - begin < 30
            assert found.absence is Absence.TIMED_OUT
            assert "within 1 s" in found.detail


async def test_a_failure_of_visibility_is_one_line() -> None:
    client = await client_of(closed_port())
    with pytest.raises(
        MonitoredClusterError, match="of namespace default: no connection"
    ) as raised:
        await visible_queues(client, ["default"], call_seconds=60)
    assert "\n" not in str(raised.value)
    assert "MONITORED_TEMPORAL_ADDRESS" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "lasting"),
    [
        ("orders", True),
        ("order-fulfilment", True),
        ("späte Bestellungen", True),
        ("temporal-sys-per-ns-tq", False),
        ("/_sys/orders/1", False),
        ("__sticky__", False),
        ("tenant-6f1c9b1e-1111-4222-8333-123456789abc-orders", True),
        ("orders-6f1c9b1e11114222833312345678abcd12345678", True),
        ("", False),
    ],
)
def test_a_queue_of_the_server_is_not_a_users(name: str, lasting: bool) -> None:
    assert is_lasting_user_queue(name) is lasting
