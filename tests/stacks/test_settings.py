"""Settings: what is refused, and how that is said."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import pulumi
import pytest
from pydantic import ValidationError

from stacks import copilot, dev, local
from stacks.settings import CopilotSettings, DevSettings, LocalSettings, Ulimits
from tests.components.pulumi_run import run

S = TypeVar("S")


def read(
    configured: Callable[[], S],
    configuration: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
) -> S:
    found: list[S] = []
    run(lambda: found.append(configured()), configuration=configuration, secrets=secrets)
    return found[0]


def refusal(
    configured: Callable[[], object],
    configuration: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        read(configured, configuration, secrets)
    return str(raised.value)


@pytest.mark.parametrize(
    ("configured", "defaults"),
    [
        (local.configured, LocalSettings()),
        (copilot.configured, CopilotSettings()),
        (dev.configured, DevSettings()),
    ],
)
def test_nothing_has_to_be_set(configured: Callable[[], object], defaults: object) -> None:
    assert read(configured, {}) == defaults


def test_values_are_typed() -> None:
    chosen = read(
        copilot.configured,
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


def test_every_problem_is_in_one_message() -> None:
    said = refusal(
        local.configured,
        {"histroy_shards": "4", "cycle_seconds": "soon", "ports": '{"grafana": 80}'},
    )
    assert said.splitlines()[0] == "wrong settings:"
    assert "copilot:histroy_shards: no such name, did you mean history_shards?" in said
    assert "copilot:cycle_seconds: Input should be a valid integer" in said
    assert "copilot:ports.grafana: Input should be greater than or equal to 1024" in said
    assert len(said.splitlines()) == 4


@pytest.mark.parametrize(
    ("configured", "key", "value", "said"),
    [
        (local.configured, "ports", '{"grafanna": 3001}', "did you mean grafana?"),
        (local.configured, "ports", "3000", "copilot:ports: Input should be a valid dictionary"),
        (local.configured, "memory", '{"elasticsearch": 512}', "elasticsearch: no such name"),
        (local.configured, "images", '{"golang": "golang:1.25"}', "golang: no such name"),
        (local.configured, "images", '{"grafana": "grafana"}', "grafana: should be NAME:TAG or"),
        (local.configured, "monitored_namespaces", '["a b"]', "monitored_namespaces.0: should be"),
        (local.configured, "region", "eu-west-1", "copilot:region: no such name"),
        (local.configured, "history_shards", "0", "greater than or equal to 1"),
        (local.configured, "short_window_seconds", "20", "at least twice scrape_seconds"),
        (local.configured, "worker_targets", '["http://orders:9464"]', "worker_targets.0"),
        (local.configured, "long_window_seconds", "30", "must not be shorter"),
        (local.configured, "monitored_namespaces", "[]", "copilot:monitored_namespaces:"),
        (local.configured, "log_level", "loud", "'debug', 'info', 'warn' or 'error'"),
        (copilot.configured, "images", '{"postgres": "postgres:17"}', "postgres: no such name"),
        (copilot.configured, "ulimits", '{"nproc": 5}', "copilot:ulimits.nproc: Extra inputs"),
        (copilot.configured, "region", "Ireland", "copilot:region: should be the code of"),
        (copilot.configured, "shared_dsql_endpoint", "localhost", "should be an endpoint of"),
        (
            copilot.configured,
            "shared_dsql_endpoint",
            "abc.dsql.us-east-1.on.aws",
            "copilot:shared_dsql_endpoint: is in us-east-1, region is eu-west-1",
        ),
        (copilot.configured, "temporal_source", "/nowhere", "has no cmd/tools/dsql"),
        (copilot.configured, "model", "clever", "copilot:model: should be none or provider:"),
        (dev.configured, "protected", "perhaps", "copilot:protected: Input should be a valid"),
        (dev.configured, "ports", "{}", "copilot:ports: no such name"),
        (dev.configured, "project_name", "p" * 32, "copilot:project_name: should be 2 to 31"),
    ],
)
def test_what_is_wrong_is_said(
    configured: Callable[[], object], key: str, value: str, said: str
) -> None:
    assert said in refusal(configured, {key: value})


def test_values_that_do_not_fit_each_other_are_told_beside_the_others() -> None:
    said = refusal(
        copilot.configured,
        {
            "log_level": "loud",
            "scrape_seconds": "60",
            "shared_dsql_endpoint": "abc.dsql.us-east-1.on.aws",
            "short_window_seconds": "110",
        },
    )
    assert [line.split(":")[1] for line in said.splitlines()[1:]] == [
        "log_level",
        "shared_dsql_endpoint",
        "short_window_seconds",
    ]


def test_a_checkout_of_the_fork_is_taken(tmp_path: Path) -> None:
    (tmp_path / "cmd" / "tools" / "dsql").mkdir(parents=True)
    chosen = read(copilot.configured, {"temporal_source": str(tmp_path)})
    assert chosen.temporal_source == tmp_path


def test_a_secret_does_not_stand_in_clear_text() -> None:
    said = refusal(local.configured, {"grafana_password": "hunter2"})
    assert "copilot:grafana_password: must not stand in clear text" in said
    assert "pulumi config set -s local --secret grafana_password" in said
    assert "hunter2" not in said


def test_secrets_are_known_keys() -> None:
    secrets = {"grafana_password": "g", "database_password": "d"}
    assert read(local.configured, {}, secrets) == LocalSettings()


def test_the_copilot_stack_has_no_password_for_its_database() -> None:
    said = refusal(copilot.configured, {}, {"database_password": "d"})
    assert "copilot:database_password: no such name" in said


def test_claude_explains_in_the_region_unless_somebody_chooses() -> None:
    here = CopilotSettings()
    assert here.quick_words.startswith("bedrock:eu.anthropic.claude-sonnet")
    assert here.deep_words.startswith("bedrock:eu.anthropic.claude-opus")
    assert CopilotSettings(region="us-east-1").quick_words.startswith("bedrock:us.anthropic.")
    assert CopilotSettings(region="ap-south-1").quick_words.startswith("bedrock:global.")
    chosen = CopilotSettings(model="bedrock:amazon.nova-pro-v1:0")
    assert (chosen.quick_words, chosen.deep_words) == ("bedrock:amazon.nova-pro-v1:0", "")
    nobody = CopilotSettings(model="none")
    assert (nobody.quick_words, nobody.deep_words) == ("none", "")
    with pytest.raises(ValidationError, match="needs model, which is none"):
        CopilotSettings(model="none", deep_model="bedrock:x")
