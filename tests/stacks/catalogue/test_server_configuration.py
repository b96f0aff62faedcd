"""The Temporal servers' configuration, read by a real server: it drops keys that it does not know.

The server is the stock one, which reads the settings of the DSQL plugin without having it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.catalogue.by_stack import copilot_catalogue, local_catalogue
from stacks.settings import CopilotSettings, LocalSettings
from tests.fakes.pulumi.go_duration import nanoseconds
from tools.build import ensure
from tools.servers import TEMPORAL_SERVER, find

ENDPOINTS = ("shared.dsql.eu-west-1.on.aws", "own.dsql.eu-west-1.on.aws")
PASSWORD = 'a "quoted": {{password}} of $signs'  # noqa: S105
CATALOGUES = {
    "local": local_catalogue(LocalSettings(), database_password=PASSWORD),
    "copilot": copilot_catalogue(
        CopilotSettings(), monitored_endpoint=ENDPOINTS[0], copilot_endpoint=ENDPOINTS[1]
    ),
}


@pytest.fixture(scope="module")
def server() -> Path:
    """The server's program. Without Go the tests are skipped with the reason, or fail in CI."""
    if find(TEMPORAL_SERVER) is None and not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip("needs temporal-server: install Go, then run `python -m tools build`")
    return ensure(TEMPORAL_SERVER, print)


def ask(server: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(server), *arguments], capture_output=True, text=True, timeout=180, check=False
    )


def rendered(server: Path, folder: Path, text: str) -> dict[str, Any]:
    """What the server makes of its configuration file."""
    (folder / "file.yaml").write_text(text, encoding="utf-8")
    answer = ask(server, "--config", str(folder), "--env", "file", "render-config")
    assert answer.returncode == 0, answer.stderr
    parsed: dict[str, Any] = yaml.safe_load(answer.stdout)
    return parsed


def leaves(part: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value with its path."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from leaves(value, f"{path}.{key}")
    else:
        yield path, part


def as_read(value: object) -> object:
    """A duration as its length, because the server writes it in another way."""
    is_duration = isinstance(value, str) and re.fullmatch(r"(\d+[hms])+", value)
    return nanoseconds(str(value)) if is_duration else value


@pytest.mark.parametrize("stack", CATALOGUES)
@pytest.mark.parametrize("name", ["temporal-history", "copilot-temporal"])
def test_the_server_takes_every_value(server: Path, tmp_path: Path, stack: str, name: str) -> None:
    files = {file.path: file.content for file in CATALOGUES[stack].workloads[name].files}
    text = files["/etc/temporal/server.yaml"]
    assert isinstance(text, str)
    taken = dict(leaves(rendered(server, tmp_path, text)))
    for path, value in leaves(yaml.safe_load(text)):
        if path.endswith(".password"):
            assert value == PASSWORD
            assert set(str(taken[path])) == {"*"}
        else:
            assert as_read(taken.get(path)) == as_read(value), path


def dynamic_configuration(stack: str, name: str) -> str:
    files = {file.path: file.content for file in CATALOGUES[stack].workloads[name].files}
    text = files["/etc/temporal/dynamic.yaml"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("stack", CATALOGUES)
@pytest.mark.parametrize("name", ["temporal-history", "copilot-temporal"])
def test_the_server_takes_every_dynamic_value(
    server: Path, tmp_path: Path, stack: str, name: str
) -> None:
    path = tmp_path / "dynamic.yaml"
    path.write_text(dynamic_configuration(stack, name), encoding="utf-8")
    answer = ask(server, "validate-dynamic-config", str(path))
    assert answer.returncode == 0
    # Only the fork knows this one.
    assert answer.stdout.splitlines() == [
        str(path),
        '  warning: unregistered key "system.enablenexus"',
    ]


@pytest.mark.parametrize("name", ["temporal-frontend", "temporal-history", "copilot-temporal"])
def test_a_value_that_aurora_dsql_cannot_store_is_refused_by_the_server(name: str) -> None:
    settings = yaml.safe_load(dynamic_configuration("copilot", name))
    limits = {
        key: settings[key][0]["value"]
        for key in ("system.transactionSizeLimit", "limit.blobSize.error", "limit.memoSize.error")
    }
    column = 1024 * 1024
    assert max(limits.values()) < column
    # A batch of events holds a payload and more.
    assert limits["limit.blobSize.error"] < limits["system.transactionSizeLimit"]
