"""The job that waits until a service answers."""

import pytest

from stacks.jobs import await_answer
from tests.stacks.jobs.answers import answering


def test_it_ends_as_soon_as_the_url_answers(capsys: pytest.CaptureFixture[str]) -> None:
    statuses = iter([503, 404, 200])
    with answering(lambda *_: next(statuses)) as url:
        assert await_answer.main([f"{url}/ready", "120"]) == 0
    assert f"{url}/ready" in capsys.readouterr().out


def test_the_reason_is_printed_at_the_time_limit(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda *_: 503) as url:
        assert await_answer.main([url, "0"]) == 1
    assert "503" in capsys.readouterr().out


def test_a_refused_connection_is_awaited_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert await_answer.main(["http://127.0.0.1:9/", "0"]) == 1
    assert "refused" in capsys.readouterr().out
