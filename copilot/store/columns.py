"""How the values of models become columns, and come back."""

import json
from collections.abc import Iterable

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from pydantic import TypeAdapter

from copilot.health.decision import Cause

Connection = AsyncConnection[TupleRow]

_CAUSES = TypeAdapter(tuple[Cause, ...])


def from_causes(causes: tuple[Cause, ...]) -> str:
    return _CAUSES.dump_json(causes).decode()


def to_causes(text: str) -> tuple[Cause, ...]:
    return _CAUSES.validate_json(text)


def from_names(names: Iterable[str]) -> str:
    return json.dumps(list(names))


def to_names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def storable(text: str) -> str:
    """PostgreSQL's text holds any character but NUL; in JSON it is escaped anyway."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
