"""OpenSearch's jars: got once by Maven, and refused if one is not the pinned one."""

import hashlib
from pathlib import Path

import pytest

from tools import opensearch
from tools.errors import ToolsError
from tools.servers import CACHE_VARIABLE

JAR = b"a jar"
PINNED = f"{hashlib.sha256(JAR).hexdigest()}  one.jar\n"


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Java and Maven, and with an empty cache."""
    folder = tmp_path / "path"
    folder.mkdir()
    pins = tmp_path / "jars.sha256"
    pins.write_text(PINNED)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(opensearch, "_HASHES", pins)
    return folder


def stub(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def stub_java(folder: Path, version: str) -> None:
    stub(folder / "java", f"echo 'openjdk version \"{version}\"' >&2")


def stub_maven(folder: Path, content: str) -> None:
    """A fake Maven, which writes one jar and counts its runs."""
    find = 'for word; do case "$word" in -DoutputDirectory=*) out=${word#*=};; esac; done'
    write = f'/bin/mkdir -p "$out"; printf "{content}" > "$out/one.jar"'
    stub(folder / "mvn", f'echo run >> "{folder}/runs"; {find}; {write}')


def silent(_: str) -> None:
    """A Progress without output."""


def test_without_java_or_with_an_old_one_it_says_what_is_missing(path: Path) -> None:
    assert "no Java" in opensearch.missing()
    stub_java(path, "11.0.2")
    assert "Java 11" in opensearch.missing()
    with pytest.raises(ToolsError, match="needs Java 17"):
        opensearch.ensure_jars(silent)
    stub_java(path, "17.0.15")
    assert "Maven" in opensearch.missing()


def test_jars_are_got_once(path: Path) -> None:
    stub_java(path, "21")
    stub_maven(path, JAR.decode())
    assert opensearch.missing() == ""
    jars = opensearch.ensure_jars(silent)
    assert (jars / "one.jar").read_bytes() == JAR
    (path / "mvn").unlink()
    assert opensearch.missing() == ""
    assert opensearch.ensure_jars(silent) == jars
    assert (path / "runs").read_text() == "run\n"


def test_a_jar_that_is_not_the_pinned_one_is_refused(path: Path) -> None:
    stub_java(path, "17")
    stub_maven(path, "another jar")
    with pytest.raises(ToolsError, match=r"one\.jar is not the jar"):
        opensearch.ensure_jars(silent)
    assert not opensearch.folder().exists()
    assert [entry.name for entry in opensearch.folder().parent.iterdir()] == ["opensearch.lock"]
