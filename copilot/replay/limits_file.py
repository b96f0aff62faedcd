"""Other limits for a replay: a file in YAML or JSON that names what differs from the defaults."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import yaml
from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode

from copilot.errors import FileError
from copilot.health.contradictions import TIERS, contradictions
from copilot.health.thresholds import Thresholds, TierLimits

Place = tuple[str, int]
"""The text of a limit, and its line."""


def read_limits(path: Path) -> Thresholds:
    """The default limits, but for those in the file.

    Raises FileError, with every problem and its line, for a file that cannot be read or parsed, for
    an unknown name, and for limits that contradict each other.
    """
    places = _places(path)
    limits, problems = _apply(Thresholds(), places)
    if not problems:
        for names, problem in contradictions(limits):
            line = max((places[name][1] for name in names if name in places), default=0)
            problems.append((line, problem))
    if problems:
        where = "; ".join(f"line {line}: {problem}" for line, problem in sorted(problems))
        raise FileError(f"{path}, {where}")
    return limits


def _places(path: Path) -> dict[str, Place]:
    """Text and line of each limit, by its name."""
    try:
        text = path.read_text("utf-8")
        root = yaml.compose(_without_tabs(text), Loader=yaml.SafeLoader)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise FileError(f"{path}, line {line}: not UTF-8") from error
    except yaml.YAMLError as error:
        raise _syntax_error(error, path, text) from error
    except RecursionError as error:
        raise FileError(f"{path}, line 1: not a file of limits: it nests too deep") from error
    if root is None or root.value in ("", [], {}):
        raise FileError(f"{path} is empty: name at least one limit")
    found: dict[str, Place] = {}
    for name, place in _limits_of(root, path):
        if name in found:
            raise FileError(f"{path}, line {place[1]}: {name} is set twice")
        found[name] = place
    return found


def _without_tabs(text: str) -> str:
    """JSON may be indented with tabs, YAML may not; a tab in a JSON string is written as \\t."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text.replace("\t", " ")


def _syntax_error(error: yaml.YAMLError, path: Path, text: str) -> FileError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        line, problem = error.problem_mark.line + 1, error.problem or "wrong syntax"
    elif isinstance(error, yaml.reader.ReaderError):
        line, problem = text.count("\n", 0, error.position) + 1, error.reason
    else:
        line, problem = 1, "wrong syntax"
    return FileError(f"{path}, line {line}: neither YAML nor JSON: {problem}")


def _limits_of(root: Node, path: Path) -> Iterator[tuple[str, Place]]:
    for key, line, value in _entries(root, path, "a file of limits is a mapping"):
        if key in TIERS:
            for name, its_line, limit in _entries(value, path, f"{key} takes a mapping"):
                yield f"{key}.{name}", (_text(limit, path, f"{key}.{name}"), its_line)
        elif key in Thresholds.model_fields:
            yield key, (_text(value, path, key), line)
        else:
            yield key, ("", line)


def _entries(node: Node, path: Path, wanted: str) -> Iterator[tuple[str, int, Node]]:
    """Key, line and value of each entry."""
    if not isinstance(node, MappingNode):
        raise FileError(f"{path}, line {_line(node)}: {wanted} of names to numbers")
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise FileError(f"{path}, line {_line(key)}: {wanted} of names to numbers")
        yield key.value, _line(key), value


def _text(node: Node, path: Path, name: str) -> str:
    if not isinstance(node, ScalarNode):
        raise FileError(f"{path}, line {_line(node)}: {name} takes a number")
    return str(node.value)


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _apply(
    limits: Thresholds, places: dict[str, Place]
) -> tuple[Thresholds, list[tuple[int, str]]]:
    """The limits with those of the file, and what is wrong with each."""
    problems: list[tuple[int, str]] = []
    values = limits.model_dump()
    names = [*_names()]
    for name, (text, line) in places.items():
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            problems.append((line, f"{name}: no such limit{hint}"))
            continue
        tier, _, field = name.rpartition(".")
        (values[tier] if tier else values)[field] = text
    try:
        return Thresholds.model_validate(values), problems
    except ValidationError as error:
        for item in error.errors(include_url=False):
            name = ".".join(str(part) for part in item["loc"])
            kind = "whole number" if item["type"].startswith("int") else "number"
            problems.append((places[name][1], f"{name}: {item['input']!r} is not a {kind}"))
        return limits, problems


def _names() -> Iterator[str]:
    for name in Thresholds.model_fields:
        if name in TIERS:
            yield from (f"{name}.{field}" for field in TierLimits.model_fields)
        else:
            yield name
