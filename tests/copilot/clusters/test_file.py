"""Cluster files: what is accepted, and what is refused with its file and key."""

import os
from pathlib import Path

import pytest

from copilot import settings
from copilot.clusters.cluster import ClusterSettings
from copilot.clusters.file import read_cluster
from copilot.errors import FileError

NEEDED = """\
cluster: prod
monitored_address: temporal.example:7233
prometheus_endpoint: https://prometheus.example
"""


def file_of(folder: Path, content: str | bytes) -> Path:
    path = folder / "prod.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_has_the_settings_that_the_environment_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in settings.variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "COPILOT_DATABASE_URL": "postgresql://copilot@127.0.0.1/copilot",
        "COPILOT_CLUSTER": "1.10",
        "MONITORED_TEMPORAL_ADDRESS": "temporal.example:7233",
        "MONITORED_NAMESPACES": "default,billing",
        "PROMETHEUS_ENDPOINT": "https://prometheus.example",
        "COPILOT_CANARY": "off",
        "COPILOT_METRICS_TOKEN_FILE": "/run/token",
        "COPILOT_METRICS_HEADERS": "X-Scope-OrgID=team",
        "COPILOT_MONITORED_TLS": "true",
    }.items():
        monkeypatch.setenv(name, value)
    path = file_of(
        tmp_path,
        """\
        cluster: 1.10
        monitored_address: temporal.example:7233
        monitored_namespaces: [default, billing]
        prometheus_endpoint: https://prometheus.example
        canary: off
        metrics:
          token_file: /run/token
          headers: X-Scope-OrgID=team
        monitored: {tls: true}
        """,
    )
    assert read_cluster(path) == ClusterSettings.of_environment(settings.load())
    assert len({read_cluster(path), read_cluster(path)}) == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "empty"),
        ("- cluster", "mapping"),
        ("cluster: [", "line 1"),
        (b"cluster: \xff", "UTF-8"),
        ("cluster: prod\n", "monitored_address: .*prometheus_endpoint: "),
        (NEEDED + "cluster: prod\n", "cluster: .*twice"),
        (NEEDED + "lokiurl: http://loki\n", "lokiurl: .*loki_url"),
        (NEEDED + "cycle_seconds: 5\n", "cycle_seconds: no such key"),
        (NEEDED + "metrics: {token_fil: /run/token}\n", r"metrics\.token_fil: .*token_file"),
        (NEEDED + "metrics: {TOKEN_FILE: /run/token}\n", r"metrics\.TOKEN_FILE: no such key"),
        (NEEDED + "metrics: {token: hunter2}\n", r"metrics\.token: .*metrics\.token_file"),
        (NEEDED + "logs: {password: hunter2}\n", r"logs\.password: .*logs\.password_file"),
        (NEEDED + "monitored: {api_key: hunter2}\n", r"monitored\.api_key: .*api_key_file"),
        (NEEDED + "loki_url: http://me:hunter2@loki\n", r"loki_url: .*logs\.password_file"),
        (NEEDED + "loki_url: 'http://:x'\n", "loki_url: is not a URL"),
        (NEEDED + "metrics: {proxy: 'http://:x'}\n", r"metrics\.proxy: is not a URL"),
        (NEEDED + "metrics: {headers: hunter2}\n", r"metrics\.headers: header 1"),
        (NEEDED + "monitored: {key_file: /key}\n", r"monitored\.key_file: needs"),
        (NEEDED + "canary: perhaps\n", "canary: "),
        (NEEDED + "canary: [on]\n", "canary: takes"),
        (NEEDED + "metrics:\n", "metrics: takes"),
        (NEEDED + "metrics: &loop {headers: *loop}\n", r"metrics\.headers: takes"),
        (NEEDED + "? [a]\n: b\n", "line 4"),
        (NEEDED.replace("prod", "a b"), "cluster: should be"),
    ],
)
def test_a_wrong_file_is_one_line_with_its_key(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    path = file_of(tmp_path, content)
    with pytest.raises(FileError, match=f"{path}: .*{problem}") as caught:
        read_cluster(path)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_readable_file_is_one_line(tmp_path: Path) -> None:
    loop, pipe = tmp_path / "loop.yaml", tmp_path / "pipe.yaml"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    for path in (loop, pipe, tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(FileError, match=f"{path}: "):
            read_cluster(path)
