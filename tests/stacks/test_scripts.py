"""Shell scripts of jobs, with fakes for the tools that they call."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.catalogue.files import DOCKER
from tests import dsql_lint

DSQL_SCRIPT = DOCKER / "temporal" / "create-dsql-schema.sh"
ENDPOINT = "abc.dsql.eu-west-1.on.aws"
TABLES = DOCKER / "temporal" / "dsql-tables.txt"


# The SQL of a call of psql, after --command or on stdin, into a file.
_NOTE_STATEMENTS = """
previous=
for argument; do
  case $previous$argument in
    --command*) echo "$argument;" ;;
    --file-) cat ;;
  esac
  previous=$argument
done >> "{}"
"""


@dataclass(frozen=True)
class Tools:
    """A folder of fakes, each of which writes down how it was called."""

    folder: Path

    @property
    def calls(self) -> str:
        path = self.folder / "calls"
        return path.read_text() if path.exists() else ""

    @property
    def statements(self) -> Path:
        """The SQL that the fake database was sent."""
        return self.folder / "statements.sql"

    def add(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.folder}/calls"\n{body}\n')
        path.chmod(0o755)

    def run(self, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "AWS_REGION": "eu-west-1",
        }
        return subprocess.run(
            ["/bin/sh", str(script), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path)


def database(
    tools: Tools, *, tables: tuple[str, ...], version: str = "", namespaces: int = 0
) -> None:
    """A fake database that answers the script's queries so."""
    tools.add("aws", "echo a-token")
    tools.add("temporal-dsql-tool", "")
    counts = "\n".join(f"  *\"table_name = '{table}'\"*) echo 1 ;;" for table in tables)
    tools.add(
        "psql",
        f'test "$PGPASSWORD" = a-token || exit 2\n{_NOTE_STATEMENTS.format(tools.statements)}'
        f'case "$*" in\n{counts}\n'
        f'  *information_schema*) echo 0 ;;\n  *curr_version*) echo "{version}" ;;\n'
        f"  *namespaces*) echo {namespaces} ;;\nesac",
    )


def set_up(tools: Tools, *options: str) -> subprocess.CompletedProcess[str]:
    return tools.run(DSQL_SCRIPT, ENDPOINT, "1.1", str(TABLES), *options)


def test_an_empty_database_gets_the_schema(tools: Tools) -> None:
    database(tools, tables=())
    assert set_up(tools).returncode == 0
    assert tools.calls.splitlines()[-1] == (
        f"temporal-dsql-tool --endpoint {ENDPOINT} --region eu-west-1 setup-schema"
        " --schema-name dsql/temporal --version 1.1"
    )


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.10", "2.0"])
def test_a_schema_with_a_version_is_left_alone(tools: Tools, version: str) -> None:
    database(tools, tables=("schema_version", "namespaces"), version=version, namespaces=2)
    answer = set_up(tools)
    assert answer.returncode == 0
    assert version in answer.stdout
    assert "temporal-dsql-tool" not in tools.calls


@pytest.mark.parametrize("version", ["1.0", "0.9"])
def test_a_schema_that_is_too_old_fails_the_job(tools: Tools, version: str) -> None:
    database(tools, tables=("schema_version", "namespaces"), version=version, namespaces=2)
    answer = set_up(tools)
    assert answer.returncode == 1
    assert f"has version {version}, and the server needs 1.1" in answer.stderr
    assert "temporal-dsql-tool" not in tools.calls


def test_an_interrupted_set_up_starts_over(tools: Tools) -> None:
    database(tools, tables=("schema_version", "namespaces"))
    assert set_up(tools).returncode == 0
    assert tools.calls.splitlines()[-1].endswith("--version 1.1")


def test_data_is_never_dropped(tools: Tools) -> None:
    database(tools, tables=("schema_version", "namespaces"), namespaces=1)
    answer = set_up(tools)
    assert answer.returncode == 1
    assert "has data but no version" in answer.stderr
    assert "temporal-dsql-tool" not in tools.calls
    assert "--file" not in tools.calls


def test_every_statement_exists_in_aurora_dsql(tools: Tools) -> None:
    tables = ("schema_version", "namespaces")
    database(tools, tables=tables, version="1.1")
    assert set_up(tools).returncode == 0
    database(tools, tables=tables)
    assert set_up(tools, "--overwrite").returncode == 0
    assert set_up(tools).returncode == 0
    sent = tools.statements.read_text()
    for kind in ("curr_version FROM schema_version", "count(*) FROM namespaces", "DELETE", "DROP"):
        assert kind in sent
    assert dsql_lint.problems([tools.statements]) == []


def test_without_a_token_the_tool_does_not_run(tools: Tools) -> None:
    database(tools, tables=())
    tools.add("aws", "echo expired >&2; exit 255")
    assert set_up(tools).returncode != 0
    assert "temporal-dsql-tool" not in tools.calls


def test_a_database_that_does_not_answer_fails_the_job(tools: Tools) -> None:
    database(tools, tables=())
    tools.add("psql", "echo 'no route' >&2; exit 2")
    assert set_up(tools).returncode != 0
    assert "temporal-dsql-tool" not in tools.calls


def test_indices_are_created_after_their_template(tools: Tools) -> None:
    tools.add("temporal-elasticsearch-tool", "")
    script = DOCKER / "elasticsearch" / "create-indices.sh"
    assert tools.run(script, "one", "two").returncode == 0
    assert tools.calls.splitlines() == [
        "temporal-elasticsearch-tool setup-schema",
        "temporal-elasticsearch-tool create-index --index one",
        "temporal-elasticsearch-tool update-schema --index one",
        "temporal-elasticsearch-tool create-index --index two",
        "temporal-elasticsearch-tool update-schema --index two",
    ]


def test_overwrite_recreates_one_index(tools: Tools) -> None:
    tools.add("temporal-elasticsearch-tool", "")
    script = DOCKER / "elasticsearch" / "create-indices.sh"
    assert tools.run(script, "--overwrite", "one", "one", "two").returncode == 0
    dropped = tools.calls.index("drop-index --index one")
    assert "create-index --index one" in tools.calls[:dropped]
    assert "create-index --index one" in tools.calls[dropped:]
    assert "drop-index --index two" not in tools.calls


def test_both_databases_are_created_with_the_password_from_its_file(
    tools: Tools, tmp_path: Path
) -> None:
    tools.add("temporal-sql-tool", 'echo "$SQL_DATABASE $SQL_PASSWORD" >> "$0.seen"')
    (tmp_path / "password").write_text("hunter2\n")
    script = DOCKER / "temporal" / "create-postgresql-schema.sh"
    assert tools.run(script, "temporal", str(tmp_path / "password")).returncode == 0
    seen = (tmp_path / "temporal-sql-tool.seen").read_text().splitlines()
    assert seen == ["temporal hunter2"] * 3 + ["temporal_visibility hunter2"] * 3
    assert "hunter2" not in tools.calls
    assert tools.calls.splitlines()[-1] == (
        "temporal-sql-tool update-schema --schema-name postgresql/v12/visibility"
    )
