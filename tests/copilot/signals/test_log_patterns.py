"""Log patterns match lines of servers, and no text of users."""

import json
import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from copilot.signals.log_patterns import PATTERNS, KnownPattern, LogSeverity
from copilot.signals.loki import logql
from tests.logql import LogqlParser, logql_parser
from tools.build import ensure
from tools.servers import PROMTOOL, find

ROOT = Path(__file__).parent.parent.parent.parent
LINES = dict(
    line.split(" ", maxsplit=1)
    for line in Path(__file__).with_name("log_lines.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
)
NAMES = [pattern.name for pattern in PATTERNS]


@pytest.fixture(scope="module")
def grammar(tmp_path_factory: pytest.TempPathFactory) -> LogqlParser:
    return logql_parser(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def promtool() -> Path:
    if find(PROMTOOL) is None and not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip("needs promtool: install Go, then run `python -m tools build`")
    return ensure(PROMTOOL, print)


def matches(pattern: KnownPattern, line: str) -> bool:
    return re.search(pattern.regex, line) is not None


@pytest.mark.parametrize("pattern", PATTERNS, ids=NAMES)
def test_each_pattern_matches_its_line(pattern: KnownPattern) -> None:
    assert matches(pattern, LINES[pattern.name])


def test_each_line_belongs_to_a_pattern() -> None:
    assert set(LINES) == set(NAMES)
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("pattern", PATTERNS, ids=NAMES)
def test_names_of_workflows_never_match(pattern: KnownPattern) -> None:
    """Neither a bare phrase nor a whole line of a server in an id."""
    for text in (LINES[pattern.name], *LINES.values(), "connection refused, data loss, OC000"):
        line = {"level": "info", "msg": "Workflow task not found", "wf-id": text, "queue": text}
        assert not matches(pattern, json.dumps(line, separators=(",", ":")))


def test_an_ordinary_line_never_matches() -> None:
    line = '{"level":"warn","ts":"2026-11-25T10:00:05.1Z","msg":"Slow gRPC call","duration":1.2}'
    assert not [pattern.name for pattern in PATTERNS if matches(pattern, line)]


def test_the_most_severe_come_first() -> None:
    order = [LogSeverity.CRITICAL, LogSeverity.WARNING, LogSeverity.INFO]
    places = [order.index(pattern.severity) for pattern in PATTERNS]
    assert places == sorted(places)


def test_each_meaning_is_a_sentence() -> None:
    for pattern in PATTERNS:
        assert re.fullmatch(r"[A-Z].+\.", pattern.meaning), pattern.name


def test_the_corpus_has_an_entry_for_each() -> None:
    (guide,) = (ROOT / "copilot" / "knowledge" / "corpus").glob("log-patterns.md")
    text = guide.read_text("utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []


def test_every_query_is_logql(grammar: LogqlParser) -> None:
    queries = [logql(pattern, "monitored", timedelta(seconds=29.873)) for pattern in PATTERNS]
    assert grammar.problems(queries) == [""] * len(queries)


def test_the_grammar_refuses_wrong_queries(grammar: LogqlParser) -> None:
    good = logql(PATTERNS[0], "monitored", timedelta(seconds=30))
    for wrong in (good.replace("[", ""), good.replace("ms]", "x]"), good[:-1], good + "`"):
        assert grammar.problems([good, wrong])[0] == ""
        assert grammar.problems([good, wrong])[1], wrong


def test_every_expression_is_one_of_go(promtool: Path, tmp_path: Path) -> None:
    """Loki compiles them as Prometheus compiles its matchers: with Go's regexp (RE2)."""
    rules = [
        {"record": "found", "expr": f"up{{line=~{json.dumps(pattern.regex)}}}"}
        for pattern in PATTERNS
    ]
    assert refusal(promtool, tmp_path, rules) == ""
    lookahead = [{"record": "found", "expr": 'up{line=~"a(?=b)"}'}]
    assert "invalid" in refusal(promtool, tmp_path, lookahead)


def refusal(promtool: Path, folder: Path, rules: list[dict[str, str]]) -> str:
    file = folder / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "patterns", "rules": rules}]}))
    # Every rule has the same name on purpose.
    command = [str(promtool), "check", "rules", "--lint=none", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr
