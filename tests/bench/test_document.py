"""docs/benchmark.md shows what docs/benchmark.json holds, and new runs replace old ones."""

import json

from tests.bench.document import DOCUMENT, STORED, merge, with_block

MACHINE = {"cores": "2", "Temporal server": "1.31.0"}


def run(date: str, *faults: str, **machine: str) -> dict[str, object]:
    found = [{"fault": fault, "judge": "copilot", "detected": len(date)} for fault in faults]
    machine = {"date": date, **MACHINE, **machine}
    return {"machine": machine, "figures": [], "faults": found, "controls": []}


def dates(merged: dict[str, object]) -> list[tuple[str, str]]:
    faults = merged["faults"]
    assert isinstance(faults, list)
    return [(one["fault"], one["date"]) for one in faults]


def test_the_document_has_the_tables_of_the_stored_runs() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert with_block(document, json.loads(STORED.read_text(encoding="utf-8"))) == document


def test_a_new_run_replaces_the_faults_that_it_tried_again() -> None:
    first = merge({}, run("monday", "kill-history", "kill-history", "stop-scrape"))
    second = merge(first, run("tuesday", "kill-history"))
    assert dates(second) == [("stop-scrape", "monday"), ("kill-history", "tuesday")]


def test_a_run_on_another_machine_replaces_everything() -> None:
    first = merge({}, run("monday", "stop-scrape"))
    second = merge(first, run("tuesday", "kill-history", cores="8"))
    assert dates(second) == [("kill-history", "tuesday")]
