"""Checks request parameters against a service's own model, as botocore ships it.

botocore checks types, required members and minimum lengths when it sends a request. The services
check enumerations, patterns and maximums too; those are in the same model and are checked here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

_SESSION = botocore.session.Session()


def problems(service: str, operation: str, params: Mapping[str, Any]) -> list[str]:
    """What the service would refuse in a request, each with the path of the parameter."""
    shape = _SESSION.get_service_model(service).operation_model(operation).input_shape
    assert shape
    report = ParamValidator().validate(params, shape)
    return [*report.generate_report().splitlines(), *_constraints(shape, params, operation)]


def _constraints(shape: Shape, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401  as decoded
    match shape:
        case StructureShape() if isinstance(value, Mapping):
            for name, member in value.items():
                if name in shape.members:
                    yield from _constraints(shape.members[name], member, f"{path}.{name}")
        case ListShape() if isinstance(value, Sequence):
            yield from _size(shape, len(value), path)
            for number, member in enumerate(value):
                yield from _constraints(shape.member, member, f"{path}[{number}]")
        case MapShape() if isinstance(value, Mapping):
            yield from _size(shape, len(value), path)
            for name, member in value.items():
                yield from _constraints(shape.key, name, f"{path} key")
                yield from _constraints(shape.value, member, f"{path}.{name}")
        case StringShape() if isinstance(value, str):
            yield from _size(shape, len(value), path)
            yield from _form(shape, value, path)
        case _ if isinstance(value, int | float):
            yield from _size(shape, value, path)


def _size(shape: Shape, size: float, path: str) -> Iterator[str]:
    maximum = shape.metadata.get("max")
    if maximum is not None and size > maximum:
        yield f"{path}: {size} is more than {maximum}"


def _form(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value} is none of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_python(pattern), value):
        yield f"{path}: {value} does not match {pattern}"


def _python(pattern: str) -> str:
    """The classes of characters that Java has and Python lacks, by their nearest ones."""
    for java, python in {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}.items():
        pattern = pattern.replace(java, python)
    return pattern
