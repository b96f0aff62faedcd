"""Models as rows: a field is a column, and a structured value is JSON in a TEXT column.

Aurora DSQL has no column type for JSON.
"""

from collections.abc import Mapping, Sequence
from typing import LiteralString, TypeVar

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.rows import TupleRow, class_row
from psycopg.types.string import StrDumperUnknown
from pydantic import BaseModel
from pydantic_core import to_json

Connection = AsyncConnection[TupleRow]
Row = TypeVar("Row", bound=BaseModel)


def without_nul(text: str) -> str:
    """The text as PostgreSQL can store it: its TEXT holds any character but NUL."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


class _TextDumper(StrDumperUnknown):
    def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
        return super().dump(without_nul(obj))


class _JsonDumper(Dumper):
    def dump(self, obj: object) -> bytes:
        return to_json(obj)


ADAPTERS = AdaptersMap(psycopg.adapters)
"""The context of every connection to the store."""
ADAPTERS.register_dumper(str, _TextDumper)
ADAPTERS.register_dumper(BaseModel, _JsonDumper)
ADAPTERS.register_dumper(tuple, _JsonDumper)


async def insert(
    connection: Connection, table: LiteralString, key: LiteralString, values: Mapping[str, object]
) -> bool:
    """Insert a row, by column; returns False when a row with its `key` is stored already."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO NOTHING").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
        sql.Identifier(key),
    )
    return (await connection.execute(statement, list(values.values()))).rowcount > 0


async def select(
    connection: Connection,
    model: type[Row],
    source: LiteralString,
    parameters: Sequence[object] | Mapping[str, object],
) -> list[Row]:
    """The rows of a query as models; `source` is the query from its FROM on."""
    columns = sql.SQL(", ").join(map(sql.Identifier, model.model_fields))
    async with connection.cursor(row_factory=class_row(model)) as cursor:
        await cursor.execute(sql.SQL("SELECT {} " + source).format(columns), parameters)
        return await cursor.fetchall()
