"""`.env` and `.env.example`."""

import shlex
import stat
from pathlib import Path

import pytest

from stacks import env_file
from stacks.generated import example

VALUES = {variable.output: f"value of {variable.output}" for variable in env_file.VARIABLES}
# Section 7 of the specification of the environment, and what the stack `watch` watches.
NAMES = {
    "AWS_REGION",
    "COPILOT_CLUSTER",
    "COPILOT_CLUSTERS_FOLDER",
    "COPILOT_DSQL_DATABASE",
    "COPILOT_DSQL_HOST",
    "COPILOT_KNOWLEDGE_BASE_ID",
    "DSQL_RESERVOIR_ENABLED",
    "LOKI_URL",
    "MONITORED_TEMPORAL_ADDRESS",
    "PROMETHEUS_ENDPOINT",
    "TEMPORAL_ELASTICSEARCH_HOST",
    "TEMPORAL_ELASTICSEARCH_INDEX",
    "TEMPORAL_ELASTICSEARCH_PORT",
    "TEMPORAL_ELASTICSEARCH_SCHEME",
    "TEMPORAL_ELASTICSEARCH_VERSION",
    "TEMPORAL_HISTORY_SHARDS",
    "TEMPORAL_IMAGE",
    "TEMPORAL_LOG_LEVEL",
    "TEMPORAL_SQL_AWS_REGION",
    "TEMPORAL_SQL_CONNECTION_TIMEOUT",
    "TEMPORAL_SQL_DATABASE",
    "TEMPORAL_SQL_HOST",
    "TEMPORAL_SQL_IAM_AUTH",
    "TEMPORAL_SQL_MAX_CONNS",
    "TEMPORAL_SQL_MAX_CONN_LIFETIME",
    "TEMPORAL_SQL_MAX_IDLE_CONNS",
    "TEMPORAL_SQL_PLUGIN",
    "TEMPORAL_SQL_PLUGIN_NAME",
    "TEMPORAL_SQL_PORT",
    "TEMPORAL_SQL_TLS_ENABLED",
    "TEMPORAL_SQL_USER",
}
ROOT = Path(__file__).parent.parent.parent


def test_every_specified_variable_exists() -> None:
    assert {variable.name for variable in env_file.VARIABLES} == NAMES


@pytest.mark.parametrize("value", ["", "plain", "two words", '$HOME `id` \\ "', "it's"])
def test_a_shell_reads_the_written_value(value: str) -> None:
    text = env_file.rendered({**VALUES, "region": value})
    (line,) = [line for line in text.splitlines() if line.startswith("AWS_REGION=")]
    assert shlex.split(line) == [f"AWS_REGION={value}"]


def test_only_the_file_of_the_same_outputs_is_removed(tmp_path: Path) -> None:
    env_file.remove(tmp_path, VALUES)
    env_file.write(tmp_path, VALUES)
    env_file.remove(tmp_path, {**VALUES, "region": "of another stack"})
    assert (tmp_path / ".env").is_file()
    env_file.remove(tmp_path, VALUES)
    assert not list(tmp_path.iterdir())


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    env_file.write(tmp_path, VALUES)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_it_is_replaced_atomically(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("old")
    (tmp_path / ".env").chmod(0o644)
    env_file.write(tmp_path, VALUES)
    assert (tmp_path / ".env").read_text() == env_file.rendered(VALUES)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_stack_has_the_variables_of_its_own_outputs() -> None:
    outputs = {"metrics_url": "http://prometheus:9090", "copilot_api_url": "http://127.0.0.1:8081"}
    assert env_file.variables(outputs) == {"PROMETHEUS_ENDPOINT": "http://prometheus:9090"}
    assert not env_file.variables({})


def test_the_example_is_up_to_date() -> None:
    committed = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert committed == example(), "run `make generated`"
