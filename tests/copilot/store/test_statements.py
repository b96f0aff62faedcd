"""Every SQL statement in the Copilot's code is one that Aurora DSQL has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import copilot
from tests import dsql_lint

PACKAGE = Path(copilot.__file__).parent
# `select` of copilot/store/sql.py takes a query from its FROM on.
STATEMENT = re.compile(r"(SELECT|INSERT INTO|UPDATE|DELETE FROM|DROP TABLE|FROM) ")
EXECUTES = re.compile(r"\.execute\(|\bselect\(")


def statements(code: str) -> Iterator[str]:
    """The SQL among a module's texts, with `$1` or `x` for each placeholder."""
    tree = ast.parse(code)
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in formatted for part in node.values}
    texts = [
        node.value.decode() if isinstance(node.value, bytes) else node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str | bytes)
        and id(node) not in parts
    ]
    texts += [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        for node in formatted
    ]
    for text in texts:
        if STATEMENT.match(text):
            whole = f"SELECT x {text}" if text.startswith("FROM ") else text
            yield re.sub(r"%s|%\(\w+\)s", "$1", whole).replace("{}", "x")


def test_every_statement_exists_in_aurora_dsql(tmp_path: Path) -> None:
    modules = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    found = {
        path.relative_to(PACKAGE): list(statements(code))
        for path, code in modules.items()
        if EXECUTES.search(code)
    }
    assert [path for path, known in found.items() if not known] == []
    every = [statement for known in found.values() for statement in known]
    assert dsql_lint.problems_of(every, tmp_path) == []


def test_what_aurora_dsql_does_not_have_is_found(tmp_path: Path) -> None:
    wrong = ["TRUNCATE cycles", "SAVEPOINT a", "CREATE INDEX i ON cycles (at)", "LOCK TABLE cycles"]
    assert len(dsql_lint.problems_of(wrong, tmp_path)) == len(wrong)
