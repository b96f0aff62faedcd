"""Alloy's configuration, read by Alloy's own parser."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stacks.catalogue.by_stack import catalogue_for
from stacks.catalogue.catalogue import Catalogue
from stacks.settings import CopilotSettings, LocalSettings

PARSER = Path(__file__).parent / "alloy_syntax"
BUILD_SECONDS = 900


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parser as a program. Without Go the tests are skipped, or fail in CI."""
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Go is not installed")
        pytest.skip("needs Go")
    binary = tmp_path_factory.mktemp("bin") / "alloy-syntax"
    subprocess.run(
        [go, "build", "-buildvcs=false", "-o", str(binary), "."],
        cwd=PARSER,
        check=True,
        timeout=BUILD_SECONDS,
    )
    return binary


def refusal(parser: Path, text: str) -> str:
    answer = subprocess.run(
        [str(parser)], input=text, capture_output=True, text=True, timeout=180, check=False
    )
    assert (answer.returncode == 0) == (answer.stderr == "")
    return answer.stderr


@pytest.mark.parametrize(
    "catalogue",
    [
        catalogue_for(LocalSettings()),
        catalogue_for(CopilotSettings()),
        catalogue_for(LocalSettings(worker_targets=("orders-1:9464", "orders-2:9464"))),
    ],
    ids=["local", "copilot", "local with workers"],
)
def test_alloy_understands_its_configuration(parser: Path, catalogue: Catalogue) -> None:
    (file,) = catalogue.workloads["alloy"].files
    assert isinstance(file.content, str)
    assert refusal(parser, file.content) == ""


def test_the_parser_refuses_what_is_wrong(parser: Path) -> None:
    assert "expected" in refusal(parser, 'prometheus.scrape "x" {')
