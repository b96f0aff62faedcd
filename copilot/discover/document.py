"""A proposal as text: the cluster file with its reasons as comments, or JSON."""

from collections.abc import Iterator, Sequence

import yaml

from copilot.discover.proposal import Key, Missing, Proposal, Value
from copilot.discover.split import Sureness


def as_yaml(proposal: Proposal) -> str:
    """The cluster file."""
    return "\n".join([*_head(proposal), *_keys(proposal.keys), *_missing(proposal), ""])


def as_json(proposal: Proposal) -> dict[str, object]:
    """The same as fields, and `file` as the text."""
    return {
        "cluster": proposal.name,
        "file": as_yaml(proposal),
        "can_judge": proposal.can_judge,
        "is_own_temporal": proposal.is_own,
        "keys": [
            {
                "key": key.path,
                "value": key.value,
                "sureness": _word(key.sureness),
                "reason": key.reason,
            }
            for key in proposal.keys
        ],
        "notes": proposal.notes,
        "missing": [
            {"what": one.what, "rules": one.rules, "lines": one.lines} for one in proposal.missing
        ],
    }


def _head(proposal: Proposal) -> Iterator[str]:
    yield "# Proposed by `python -m copilot discover`; above each key how sure it is, and why."
    if proposal.is_own:
        yield "# This is the Temporal of a Copilot, which need not be monitored."
    for note in proposal.notes:
        yield f"# Note: {note}"
    yield ""


def _keys(keys: Sequence[Key]) -> Iterator[str]:
    """Each key under its reason; the keys of a group follow each other."""
    group = ""
    for key in keys:
        its, _, name = key.path.rpartition(".")
        if its != group and its:
            yield f"{its}:"
        group = its
        indent = "  " if its else ""
        yield f"{indent}# {_word(key.sureness)}: {key.reason}"
        yield f"{indent}{name}: {_value(key.value)}"


def _missing(proposal: Proposal) -> Iterator[str]:
    if not proposal.missing:
        return
    yield ""
    yield "# Missing to judge:"
    for one in proposal.missing:
        yield f"# - {one.what}"
        if one.rules:
            yield f"#   rules that cannot decide: {', '.join(one.rules)}"
        yield from _lines(one)


def _lines(missing: Missing) -> Iterator[str]:
    if missing.lines:
        yield "#   add where the servers are scraped:"
        for line in missing.lines.splitlines():
            yield f"#     {line}"


def _word(sureness: Sureness) -> str:
    return sureness.name.lower()


def _value(value: Value) -> str:
    """A scalar, or a list on one line."""
    content: str | list[str] = value if isinstance(value, str) else list(value)
    text = yaml.safe_dump(content, default_flow_style=True, width=float("inf"), allow_unicode=True)
    return str(text).removesuffix("\n").removesuffix("\n...")
