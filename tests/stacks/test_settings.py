"""The settings of the stacks: values, defaults and refusals."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pulumi
import pytest
from pydantic import ValidationError

from stacks.configuration import load
from stacks.settings import (
    CopilotSettings,
    DevSettings,
    LocalSettings,
    StackSettings,
    Ulimits,
)
from tests.components.pulumi_run import run

S = TypeVar("S", bound=StackSettings)


def read(
    model: type[S],
    configuration: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
) -> S:
    loaded: list[S] = []
    run(lambda: loaded.append(load(model)), configuration=configuration, secrets=secrets)
    return loaded[0]


def refusal(
    model: type[StackSettings],
    configuration: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        read(model, configuration, secrets)
    return str(raised.value)


@pytest.mark.parametrize("model", [LocalSettings, CopilotSettings, DevSettings])
def test_nothing_has_to_be_set(model: type[StackSettings]) -> None:
    assert read(model, {}) == model()


def test_values_are_typed() -> None:
    chosen = read(
        CopilotSettings,
        {
            "history_shards": "512",
            "keep_volumes": "true",
            "ports": json.dumps({"grafana": 13000}),
            "memory": json.dumps({"mimir": 1024}),
            "images": json.dumps({"python": "registry.example.org/python:3.13"}),
            "ulimits": json.dumps({"nofile": 20000, "memlock": 8388608}),
            "monitored_namespaces": json.dumps(["orders", "payments"]),
            "shared_dsql_endpoint": "abc.dsql.eu-west-1.on.aws",
        },
    )
    assert chosen.history_shards == 512
    assert chosen.keep_volumes is True
    assert chosen.ports == {"grafana": 13000}
    assert chosen.memory == {"mimir": 1024}
    assert chosen.images == {"python": "registry.example.org/python:3.13"}
    assert chosen.ulimits == Ulimits(nofile=20000, memlock=8388608)
    assert chosen.monitored_namespaces == ("orders", "payments")


def named(message: str) -> list[str]:
    """The setting that each line after the first is about."""
    return [line.split(":")[1] for line in message.splitlines()[1:]]


def test_every_problem_is_in_one_message() -> None:
    message = refusal(
        LocalSettings,
        {"histroy_shards": "4", "cycle_seconds": "soon", "ports": '{"grafana": 80}'},
    )
    assert named(message) == ["cycle_seconds", "histroy_shards", "ports.grafana"]
    assert "history_shards?" in message


@pytest.mark.parametrize(
    ("model", "key", "value", "part"),
    [
        (LocalSettings, "ports", '{"grafanna": 3001}', "grafana?"),
        (LocalSettings, "ports", "3000", ""),
        (LocalSettings, "memory", '{"temporal_dsql": 512}', "temporal_dsql"),
        (LocalSettings, "visibility", "postgresql", "elasticsearch"),
        (LocalSettings, "images", '{"golang": "golang:1.25"}', "golang"),
        (LocalSettings, "images", '{"grafana": "grafana"}', "grafana"),
        (LocalSettings, "monitored_namespaces", '["a b"]', "0"),
        (LocalSettings, "region", "eu-west-1", ""),
        (LocalSettings, "history_shards", "0", "1"),
        (LocalSettings, "short_window_seconds", "20", "scrape_seconds"),
        (LocalSettings, "worker_targets", '["http://orders:9464"]', "0"),
        (LocalSettings, "long_window_seconds", "30", "short_window_seconds"),
        (LocalSettings, "monitored_namespaces", "[]", ""),
        (LocalSettings, "log_level", "loud", "'debug', 'info', 'warn' or 'error'"),
        (CopilotSettings, "images", '{"postgres": "postgres:17"}', "postgres"),
        (CopilotSettings, "ulimits", '{"nproc": 5}', "nproc"),
        (CopilotSettings, "region", "Ireland", "eu-west-1"),
        (CopilotSettings, "shared_dsql_endpoint", "localhost", "abc.dsql.eu-west-1.on.aws"),
        (CopilotSettings, "shared_dsql_endpoint", "abc.dsql.us-east-1.on.aws", "us-east-1"),
        (CopilotSettings, "temporal_source", "/nowhere", "cmd/tools/dsql"),
        (CopilotSettings, "model", "clever", "provider:model"),
        (DevSettings, "protected", "perhaps", ""),
        (DevSettings, "ports", "{}", ""),
        (DevSettings, "project_name", "p" * 32, "2 to 31"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_its_setting(
    model: type[StackSettings], key: str, value: str, part: str
) -> None:
    message = refusal(model, {key: value})
    assert {name.split(".")[0] for name in named(message)} == {key}
    assert part in message


def test_values_that_do_not_fit_together_are_named_beside_the_others() -> None:
    message = refusal(
        CopilotSettings,
        {
            "log_level": "loud",
            "scrape_seconds": "60",
            "shared_dsql_endpoint": "abc.dsql.us-east-1.on.aws",
            "short_window_seconds": "110",
        },
    )
    assert named(message) == ["log_level", "shared_dsql_endpoint", "short_window_seconds"]


def test_a_checkout_of_the_fork_is_taken(tmp_path: Path) -> None:
    (tmp_path / "cmd" / "tools" / "dsql").mkdir(parents=True)
    chosen = read(CopilotSettings, {"temporal_source": str(tmp_path)})
    assert chosen.temporal_source == tmp_path


def test_a_secret_in_clear_text_is_refused() -> None:
    message = refusal(LocalSettings, {"grafana_password": "hunter2"})
    assert named(message) == ["grafana_password"]
    assert "pulumi config set -s local --secret grafana_password" in message
    assert "hunter2" not in message


def test_secrets_are_known_keys() -> None:
    secrets = {"grafana_password": "g", "database_password": "d"}
    assert read(LocalSettings, {}, secrets) == LocalSettings()


def test_the_copilot_stack_has_no_password_for_its_database() -> None:
    message = refusal(CopilotSettings, {}, {"database_password": "d"})
    assert named(message) == ["database_password"]


def test_the_default_model_is_a_claude_that_serves_the_region() -> None:
    here = CopilotSettings()
    assert here.effective_model.startswith("bedrock:eu.anthropic.claude-sonnet")
    assert here.effective_deep_model.startswith("bedrock:eu.anthropic.claude-opus")
    assert CopilotSettings(region="us-east-1").effective_model.startswith("bedrock:us.anthropic.")
    assert CopilotSettings(region="ap-south-1").effective_model.startswith("bedrock:global.")
    for region, area in (("ap-northeast-1", "jp"), ("ap-southeast-2", "au")):
        japan_or_australia = CopilotSettings(region=region)
        assert japan_or_australia.effective_model.startswith(f"bedrock:{area}.anthropic.")
    chosen = CopilotSettings(model="bedrock:amazon.nova-pro-v1:0")
    assert (chosen.effective_model, chosen.effective_deep_model) == (
        "bedrock:amazon.nova-pro-v1:0",
        "",
    )
    nobody = CopilotSettings(model="none")
    assert (nobody.effective_model, nobody.effective_deep_model) == ("none", "")
    with pytest.raises(ValidationError, match="deep_model"):
        CopilotSettings(model="none", deep_model="bedrock:x")
