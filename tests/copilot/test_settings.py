"""Settings from the environment: defaults, and every problem in one message."""

import re
from pathlib import Path

import pytest

from copilot import settings
from copilot.errors import SettingsError
from copilot.signals.roles import Role

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
    for problem in (
        r"COPILOT_CYCLE_SECOND: .*COPILOT_CYCLE_SECONDS\?",
        "COPILOT_API_PORT: ",
        "PROMETHEUS_ENDPOINT: ",
        "COPILOT_DEEP_MODEL: .*COPILOT_MODEL",
        "COPILOT_SHORT_WINDOW_SECONDS: .*COPILOT_SCRAPE_SECONDS",
        "COPILOT_DATABASE_URL: ",
    ):
        assert re.search(problem, message), problem
    assert "\n" not in message


def test_windows_that_cannot_hold_two_scrapes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    monkeypatch.setenv("COPILOT_SCRAPE_SECONDS", "60")
    with pytest.raises(
        SettingsError, match=r"COPILOT_SHORT_WINDOW_SECONDS: .*COPILOT_SCRAPE_SECONDS"
    ):
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
def test_a_service_of_aws_needs_a_region(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_MODEL", "openai:some-model")
    if variable != "COPILOT_DSQL_HOST":
        monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"settings: {variable}: .*AWS_REGION$"):
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
        ("COPILOT_LABELS_LOGS_MATCHER", 'namespace="temporal'),
        ("COPILOT_LABELS_MATCHER", '{cluster="prod"}'),
        ("COPILOT_LABELS_MATCHER", r'pod=~"temporal\.*"'),
        ("COPILOT_LABELS_ROLE", "app.kubernetes.io/component"),
        ("COPILOT_LOG_LEVEL", "loud"),
        ("COPILOT_MODEL", "clever"),
        ("LOKI_URL", "loki:3100"),
        ("TEMPORAL_ADDRESS", "http://127.0.0.1:7243"),
    ],
)
def test_a_wrong_value_is_an_error_that_describes_the_right_one(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable}: (should be [a-z]|Input should be 'DEB)"):
        settings.load()


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    assert "hunter2" not in repr(settings.load())
    monkeypatch.setenv("COPILOT_API_PORT", "0")
    with pytest.raises(SettingsError) as caught:
        settings.load()
    assert "hunter2" not in str(caught.value)


def test_every_variable_is_described() -> None:
    assert all(description for description, _ in settings.variables().values())


def test_the_documentation_lists_every_variable() -> None:
    """`as_markdown()` generates it."""
    written = Path(__file__).parent.parent.parent / "docs" / "settings.md"
    assert written.read_text(encoding="utf-8") == settings.as_markdown()


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"MONITORED_TLS": "perhaps"}, "MONITORED_TLS: .*boolean"),
        ({"MONITORED_HEADERS": "a=1,hunter2"}, "MONITORED_HEADERS: header 2"),
        ({"MONITORED_HEADERS": "Host=hunter2"}, "MONITORED_HEADERS: .*Host"),
        ({"MONITORED_KEY_FILE": "/key"}, "MONITORED_KEY_FILE: needs"),
        (
            {"MONITORED_API_KEY": "hunter2", "MONITORED_API_KEY_FILE": "/key"},
            "MONITORED_API_KEY_FILE: .*API_KEY",
        ),
        ({"MONITORED_CA_FIL": "/ca"}, "MONITORED_CA_FIL: .*MONITORED_CA_FILE"),
        ({"MONITORED": "{hunter2"}, "MONITORED: no such variable"),
    ],
)
def test_wrong_access_is_an_error_without_the_secret(
    variables: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    for name, value in variables.items():
        monkeypatch.setenv(f"COPILOT_{name}", value)
    with pytest.raises(SettingsError, match=f"settings: COPILOT_{problem}") as caught:
        settings.load()
    assert "hunter2" not in str(caught.value)


def test_access_is_read_and_its_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    monkeypatch.setenv("COPILOT_MONITORED_API_KEY", "hunter2")
    loaded = settings.load()
    assert loaded.monitored.api_key.get_secret_value() == "hunter2"
    assert loaded.monitored.has_tls
    assert "hunter2" not in repr(loaded)
    monkeypatch.setenv("COPILOT_MONITORED_TLS", "false")
    assert not settings.load().monitored.has_tls


def test_labels_are_mapped_by_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    assert settings.load().labels.metrics_of("prod") == 'cluster="prod"'
    monkeypatch.setenv("COPILOT_LABELS_MATCHER", r' namespace="temporal", pod=~"a\\.b|{c}" ')
    monkeypatch.setenv("COPILOT_LABELS_ROLE", "container")
    monkeypatch.setenv("COPILOT_LABELS_FRONTEND", "temporal-(internal-)?frontend")
    labels = settings.load().labels
    assert labels.metrics_of("prod") == r'namespace="temporal", pod=~"a\\.b|{c}"'
    assert labels.logs_of("prod") == 'cluster="prod"'
    assert labels.roles("temporal-internal-frontend") == {Role.FRONTEND}
    assert not labels.roles("temporal-frontend-headless")


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("COPILOT_LABELS_HISTORY", "temporal-.*", "temporal-frontend"),
        ("COPILOT_LABELS_WORKER", "(worker", "regular expression"),
        ("COPILOT_LABELS_ROLE", "service_name", "job"),
        ("COPILOT_LABELS_NAMESPACE", "ns", "exported_namespace"),
        ("COPILOT_LABELS_ROLES", "job", "COPILOT_LABELS_ROLE"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(
    variable: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"settings: {variable}: [^;\n]*{problem}[^;\n]*$"):
        settings.load()


def test_variables_of_one_cluster_are_refused_beside_a_folder_of_clusters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", URL)
    monkeypatch.setenv("COPILOT_CLUSTERS_FOLDER", "/etc/copilot/clusters")
    assert settings.load().clusters_folder == "/etc/copilot/clusters"
    for name in ("PROMETHEUS_ENDPOINT", "COPILOT_METRICS_TOKEN_FILE"):
        monkeypatch.setenv(name, "http://elsewhere")
        with pytest.raises(SettingsError, match=f"settings: {name}: .*COPILOT_CLUSTERS_FOLDER"):
            settings.load()
        monkeypatch.delenv(name)
