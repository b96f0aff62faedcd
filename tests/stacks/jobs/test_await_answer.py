"""The job that waits until a service answers."""

import pytest

from stacks.jobs import await_answer
from tests.stacks.jobs.answers import answering


def test_it_ends_as_soon_as_the_url_answers(capsys: pytest.CaptureFixture[str]) -> None:
    statuses = iter([503, 404, 200])
    with answering(lambda *_: next(statuses)) as url:
        assert await_answer.main([f"{url}/ready", "10"]) == 0
    assert capsys.readouterr().out == f"{url}/ready answers\n"


def test_it_says_why_it_gave_up(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda *_: 503) as url:
        assert await_answer.main([url, "0"]) == 1
    assert "does not answer after 0 s: HTTP Error 503" in capsys.readouterr().out


def test_nobody_listening_is_waited_for_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert await_answer.main(["http://127.0.0.1:9/", "0"]) == 1
    assert "refused" in capsys.readouterr().out
