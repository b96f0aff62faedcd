"""The metrics client returns an answer in time, whatever the store does, with the reason."""

import asyncio
import math

import pytest

from copilot.access.settings import MetricsAccess
from copilot.errors import SettingsError
from copilot.signals.instant_query import Answer
from copilot.signals.prometheus import MetricsClient
from copilot.signals.reading import Absence
from tests.fakes.http_source import (
    NEVER,
    Reply,
    closed_port,
    fake_metrics_store,
    silent_port,
    vector,
)


def client(url: str, **changes: float) -> MetricsClient:
    options = {"timeout_seconds": 60.0, "budget_seconds": 120.0} | changes
    return MetricsClient(url, MetricsAccess(), concurrency=4, **options)


async def answer(reply: Reply, **changes: float) -> Answer:
    async with (
        fake_metrics_store(lambda _: reply) as store,
        client(store.url, **changes) as metrics,
    ):
        return await metrics.query("up")


async def test_values_come_with_their_labels() -> None:
    found = await answer(Reply(vector("1.5", job="temporal-history")))
    assert found.absence is None
    assert [(s.labels, s.value) for s in found.samples] == [({"job": "temporal-history"}, 1.5)]


async def test_nan_and_infinities_are_returned() -> None:
    found = await answer(Reply(vector("NaN", "+Inf", "-Inf")))
    values = [sample.value for sample in found.samples]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


async def test_no_series_is_an_answer() -> None:
    assert await answer(Reply(vector())) == Answer()


@pytest.mark.parametrize(
    ("reply", "absence", "said"),
    [
        (Reply("boom", 500), Absence.SERVER_ERROR, "HTTP 500: boom"),
        (Reply("", 503), Absence.SERVER_ERROR, "HTTP 503"),
        (Reply("not here", 404), Absence.SERVER_ERROR, "HTTP 404: not here"),
        (Reply("", 302), Absence.BAD_ANSWER, "HTTP 302"),
        (
            Reply('{"status":"error","errorType":"bad_data","error":"parse\\nerror"}', 400),
            Absence.SERVER_ERROR,
            "HTTP 400: parse error",
        ),
        (
            Reply('{"status":"error","errorType":"timeout","error":"query timed out"}', 503),
            Absence.TIMED_OUT,
            "within 60 s",
        ),
        (Reply("<html>Log in</html>"), Absence.BAD_ANSWER, "<html>Log in</html>"),
        (Reply(""), Absence.BAD_ANSWER, "did not answer as Prometheus does"),
        (Reply('{"status":"error","error":"x"}'), Absence.BAD_ANSWER, "as Prometheus does"),
        (Reply('{"status":"success","data":{}}'), Absence.BAD_ANSWER, "as Prometheus does"),
        (Reply(vector("one")), Absence.BAD_ANSWER, "as Prometheus does"),
        (Reply("9" * 100_000), Absence.BAD_ANSWER, "as Prometheus does"),
    ],
)
async def test_each_failure_has_its_reason(reply: Reply, absence: Absence, said: str) -> None:
    found = await answer(reply)
    assert found.absence is absence
    assert said in found.detail
    assert found.detail.startswith("metrics store http://127.0.0.1:")
    assert "\n" not in found.detail
    assert len(found.detail) < 400


async def test_an_unreachable_store_refuses() -> None:
    async with client(f"http://127.0.0.1:{closed_port()}") as metrics:
        found = await metrics.query("up")
    assert found.absence is Absence.REFUSED
    assert "refused the connection" in found.detail


async def test_another_protocol_gives_a_bad_answer() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server, client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as metrics:
        found = await metrics.query("up")
    assert found.absence is Absence.BAD_ANSWER
    assert "does not speak HTTP" in found.detail


async def test_a_slow_query_times_out() -> None:
    found = await answer(Reply(vector("1"), after_seconds=NEVER), timeout_seconds=0.2)
    assert found.absence is Absence.TIMED_OUT
    assert "within 0.2 s" in found.detail


async def test_the_store_gets_the_limit_in_whole_milliseconds() -> None:
    async with (
        fake_metrics_store(lambda _: Reply(vector("1"))) as store,
        client(store.url, timeout_seconds=60.5) as metrics,
    ):
        assert (await metrics.query("up")).samples
    assert store.forms == [{"query": "up", "timeout": "60500ms"}]


async def test_a_batch_keeps_to_its_concurrency_and_sends_equal_queries_once() -> None:
    quick = Reply(vector("1"), after_seconds=0.02)
    async with fake_metrics_store(lambda _: quick) as store, client(store.url) as metrics:
        answers = await metrics.query_all([f"up{n % 20}" for n in range(40)])
    assert store.most_at_once <= 4
    assert len(store.queries) == 20
    assert all(found.samples for found in answers.values())


async def test_one_failing_query_leaves_the_others_their_answers() -> None:
    def reply(query: str) -> Reply:
        return Reply("no", 422) if query == "bad" else Reply(vector("1"))

    async with fake_metrics_store(reply) as store, client(store.url) as metrics:
        answers = await metrics.query_all(["a", "bad", "b"])
    assert answers["bad"].absence is Absence.SERVER_ERROR
    assert answers["a"].samples
    assert answers["b"].samples


async def test_one_slow_query_costs_no_other_its_answer() -> None:
    def reply(query: str) -> Reply:
        return Reply(vector("1"), after_seconds=NEVER if query == "slow" else 0)

    async with (
        fake_metrics_store(reply) as store,
        client(store.url, timeout_seconds=5) as metrics,
    ):
        answers = await metrics.query_all(["slow", *map(str, range(20))])
    assert answers.pop("slow").absence is Absence.TIMED_OUT
    assert all(found.samples for found in answers.values())


async def test_a_silent_store_costs_one_time_out_and_not_one_a_query() -> None:
    clock = asyncio.get_running_loop()
    async with (
        silent_port() as port,
        client(f"http://127.0.0.1:{port}", timeout_seconds=1) as metrics,
    ):
        begin = clock.time()
        answers = await metrics.query_all(map(str, range(400)))
        # One a query, of which four run at once, would be 100 s.
        assert clock.time() - begin < 50
    assert {found.absence for found in answers.values()} == {Absence.TIMED_OUT}
    assert len(answers) == 400


async def test_queries_beyond_the_budget_time_out() -> None:
    def reply(query: str) -> Reply:
        return Reply(vector("1"), after_seconds=0 if query in {"0", "afterwards"} else NEVER)

    async with (
        fake_metrics_store(reply) as store,
        client(store.url, budget_seconds=3) as metrics,
    ):
        answers = await metrics.query_all(map(str, range(40)))
        again = await metrics.query("afterwards")
    late = [found for found in answers.values() if found.absence is Absence.TIMED_OUT]
    assert answers["0"].samples
    assert len(late) == len(answers) - 1 == 39
    assert "within 3 s" in late[0].detail
    assert again.samples


async def test_credentials_of_the_endpoint_are_not_in_the_detail() -> None:
    async with client(f"http://user:secret@127.0.0.1:{closed_port()}") as metrics:
        found = await metrics.query("up")
    assert "secret" not in found.detail


@pytest.mark.parametrize("endpoint", ["http://[::1", "http://host:port"])
def test_an_invalid_url_is_a_settings_error(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="PROMETHEUS_ENDPOINT"):
        client(endpoint)
