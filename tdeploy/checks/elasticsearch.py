"""The check of a running Elasticsearch: indices exist, have Temporal's fields, accept writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, build_opener

from pydantic import BaseModel, TypeAdapter, ValidationError

from stacks.catalogue.by_stack import catalogue_for
from stacks.catalogue.elasticsearch import INDICES, INDICES_JOB, NAME
from stacks.settings import ContainerSettings
from tdeploy.checks.check import Check, wrong_or_ok

# Not by the proxy of the user's environment.
_DIRECT = build_opener(ProxyHandler({}))
_SECONDS = 5
_BLOCKS = ("read_only", "read_only_allow_delete", "write")
_TEMPLATE = "temporal_visibility_v1_template"
_NAMED_FIELDS = 3


class _Mappings(BaseModel):
    properties: Mapping[str, Mapping[str, Any]] = {}

    @property
    def types(self) -> dict[str, str]:
        """Type of each field."""
        return {name: str(one.get("type", "object")) for name, one in self.properties.items()}


class _Index(BaseModel):
    """An index, or the template of indices; `settings` has flat keys."""

    settings: Mapping[str, Any] = {}
    mappings: _Mappings = _Mappings()

    @property
    def is_read_only(self) -> bool:
        return any(self.settings.get(f"index.blocks.{block}") == "true" for block in _BLOCKS)


_Indices = TypeAdapter(Mapping[str, _Index])


@dataclass(frozen=True)
class _Store:
    url: str
    stack: str
    indices: Mapping[str, _Index]
    wanted: Mapping[str, str]
    """Type of each field, by the template that the stack's job has written."""

    def problems(self) -> Iterator[str]:
        run_job = f"`docker rm {self.stack}-{INDICES_JOB}` and `tdeploy up -p {self.stack}`"
        for name in INDICES:
            index = self.indices.get(name)
            if index is None:
                yield (
                    f"the index {name} is missing: {run_job} create it; what it listed does not"
                    " come back"
                )
                continue
            if index.is_read_only:
                yield (
                    f"the index {name} is read-only, as a full disk makes it: free disk space,"
                    " after which it accepts writes again by itself; lists of workflows stay old"
                    " until then"
                )
            found = index.mappings.types
            if lacking := [field for field in self.wanted if field not in found]:
                yield (
                    f"the index {name} is of an older version, without {_some(lacking)}: {run_job}"
                    " add them"
                )
            if other := [
                f"{field} as {found[field]} instead of {expected}"
                for field, expected in self.wanted.items()
                if found.get(field, expected) != expected
            ]:
                yield (
                    f"the index {name} is not one that Temporal can use, with {_some(other)}:"
                    f" `curl -X DELETE {self.url}/{name}`, then {run_job} create another, without"
                    " what this one listed"
                )


def check_elasticsearch(settings: ContainerSettings) -> Iterator[Check]:
    """Nothing for a stack without Elasticsearch, or whose Elasticsearch does not run."""
    ports = [port for service, port in catalogue_for(settings).ports if service.name == NAME]
    for port in ports:
        try:
            indices = _read(f"{port.url}/_all")
            templates = _read(f"{port.url}/_template")
        except (OSError, ValidationError):
            continue
        template = templates.get(_TEMPLATE, _Index())
        store = _Store(port.url, settings.stack, indices, template.mappings.types)
        yield from wrong_or_ok(
            NAME, store.problems(), "its indices exist, have Temporal's fields and accept writes"
        )


def _read(url: str) -> Mapping[str, _Index]:
    with _DIRECT.open(f"{url}?flat_settings=true", None, _SECONDS) as answer:
        return _Indices.validate_json(answer.read())


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_FIELDS} more" if len(names) > _NAMED_FIELDS else ""
    return ", ".join(names[:_NAMED_FIELDS]) + more
