"""Pulumi's property values on the wire, as Python values and back.

Secrets and outputs arrive wrapped; a provider that does not accept secrets gets them unwrapped by
the engine, which marks the same paths again in what the provider returns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value
from pulumi.runtime import rpc

Properties = dict[str, Any]
"""One level of a resource's inputs or outputs, by the property names of the wire (camelCase)."""


class Unknown(Enum):
    """A value that is known only after another resource exists; previews have them."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN
_SIGNATURE = rpc._special_sig_key
_WRAPPERS = {rpc._special_secret_sig, rpc._special_output_value_sig}
_ASSETS = {rpc._special_asset_sig, rpc._special_archive_sig}


@dataclass(frozen=True)
class Asset:
    """A file or archive: the engine's fields, of which `hash` tells whether two are the same."""

    fields: tuple[tuple[str, str], ...]


def decode(struct: Struct) -> Properties:
    """The properties of a request. Assets and unknowns are kept as what they are."""
    return {key: _decoded(value) for key, value in struct.fields.items()}


def encode(properties: Properties) -> Struct:
    """The properties for an answer; None is left out, as Pulumi has no null."""
    return Struct(fields=dict(_encoded_fields(properties)))


def is_known(value: object) -> bool:
    """Whether the value has no unknown inside."""
    if isinstance(value, dict):
        return all(is_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_known(item) for item in value)
    return value is not UNKNOWN


def _decoded(value: Value) -> object:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decoded(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _decoded_struct(value.struct_value)
    return None


def _decoded_struct(struct: Struct) -> object:
    signature = struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else None
    if signature in _WRAPPERS:
        return _decoded(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    if signature in _ASSETS:
        return Asset(tuple(sorted((k, v.string_value) for k, v in struct.fields.items())))
    return decode(struct)


def _encoded_fields(properties: Properties) -> Iterator[tuple[str, Value]]:
    for key, value in properties.items():
        if value is not None:
            yield key, _encoded(value)


def _encoded(value: object) -> Value:
    match value:
        case Unknown():
            return Value(string_value=rpc.UNKNOWN)
        case Asset(fields):
            return Value(struct_value=encode(dict(fields)))
        case bool():
            return Value(bool_value=value)
        case int() | float():
            return Value(number_value=value)
        case str():
            return Value(string_value=value)
        case list() | tuple():
            return Value(list_value=ListValue(values=[_encoded(item) for item in value]))
        case dict():
            return Value(struct_value=encode(value))
        case None:
            return Value(null_value=NullValue.NULL_VALUE)
    raise TypeError(f"{type(value).__name__} is no Pulumi value")
