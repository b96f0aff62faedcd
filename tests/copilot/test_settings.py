"""The environment is read whole: defaults fit the lab, and every problem is told at once."""

from pathlib import Path

import pytest

from copilot import settings
from copilot.errors import SettingsError

URL = "postgresql://copilot:hunter2@127.0.0.1:5432/copilot"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.variables():
        monkeypatch.delenv(name, raising=False)


def test_one_variable_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    loaded = settings.load()
    assert loaded.cluster == "monitored"
    assert loaded.temporal_address == "127.0.0.1:7243"
    assert loaded.monitored_address == "127.0.0.1:7233"
    assert loaded.prometheus_endpoint == "http://127.0.0.1:9009/prometheus"
    assert loaded.monitored_namespaces == ("default",)
    assert (loaded.cycle_seconds, loaded.api_port, loaded.worker_port) == (30, 8081, 8083)
    assert loaded.unknown_after_seconds == 90
    assert loaded.stale_after_seconds == 60


def test_names_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    monkeypatch.setenv("MONITORED_NAMESPACES", "default, billing ,")
    assert settings.load().monitored_namespaces == ("default", "billing")


def test_all_problems_come_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_CYCLE_SECOND", "30")
    monkeypatch.setenv("COPILOT_API_PORT", "eighty")
    monkeypatch.setenv("PROMETHEUS_ENDPOINT", "prometheus:9090")
    monkeypatch.setenv("COPILOT_DEEP_MODEL", "openai:some-model")
    monkeypatch.setenv("COPILOT_SHORT_WINDOW_SECONDS", "20")
    with pytest.raises(SettingsError) as caught:
        settings.load()
    message = str(caught.value)
    assert "COPILOT_CYCLE_SECOND: no such variable, did you mean COPILOT_CYCLE_SECONDS?" in message
    assert "COPILOT_API_PORT: " in message
    assert "PROMETHEUS_ENDPOINT: should be a URL, such as http://" in message
    assert "COPILOT_DEEP_MODEL: needs COPILOT_MODEL, which is none" in message
    assert "COPILOT_SHORT_WINDOW_SECONDS: must be at least twice COPILOT_SCRAPE_SECONDS" in message
    assert "COPILOT_DATABASE_URL: is required" in message
    assert "\n" not in message


def test_windows_that_cannot_hold_two_scrapes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    monkeypatch.setenv("COPILOT_SCRAPE_SECONDS", "60")
    with pytest.raises(SettingsError, match="at least twice COPILOT_SCRAPE_SECONDS"):
        settings.load()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COPILOT_DSQL_HOST", "x.on.aws"),
        ("COPILOT_KNOWLEDGE_BASE_ID", "KNOWLEDGE1"),
        ("COPILOT_MODEL", "bedrock:some.model"),
        ("COPILOT_DEEP_MODEL", "bedrock:some.model"),
    ],
)
def test_what_is_in_aws_needs_its_region(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_MODEL", "openai:some-model")
    if variable != "COPILOT_DSQL_HOST":
        monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"settings: {variable}: needs AWS_REGION$"):
        settings.load()
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert value in settings.load().model_dump().values()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_REGION", "Ireland!"),
        ("COPILOT_CLUSTER", "a b"),
        ("COPILOT_DEEP_MODEL", "clever"),
        ("COPILOT_DSQL_HOST", "https://x.on.aws"),
        ("COPILOT_KNOWLEDGE_BASE_ID", "a/b"),
        ("COPILOT_LOG_LEVEL", "loud"),
        ("COPILOT_MODEL", "clever"),
        ("LOKI_URL", "loki:3100"),
        ("TEMPORAL_ADDRESS", "http://127.0.0.1:7243"),
    ],
)
def test_what_a_variable_should_be_is_said_in_words(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable}: (should be [a-z]|Input should be 'DEB)"):
        settings.load()


def test_a_password_shows_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    assert "hunter2" not in repr(settings.load())
    monkeypatch.setenv("COPILOT_API_PORT", "0")
    with pytest.raises(SettingsError) as caught:
        settings.load()
    assert "hunter2" not in str(caught.value)


def test_every_variable_is_described() -> None:
    assert all(description for description, _ in settings.variables().values())


def test_the_documentation_lists_every_variable() -> None:
    """`as_markdown()` writes it anew."""
    written = Path(__file__).parent.parent.parent / "docs" / "settings.md"
    assert written.read_text(encoding="utf-8") == settings.as_markdown()
