"""A proposed cluster file: its keys, how sure each is and why."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from copilot.access.settings import Access, parse_headers
from copilot.clusters.labels import LabelMapping
from copilot.discover.roles import NO_LABEL, RoleLabel, escaped, instance_label
from copilot.discover.split import TENANT, Part, Sureness
from copilot.signals.roles import Role

TENANT_HEADER = "X-Scope-OrgID"
FRONTEND_PORT = 7233
"""The port of the frontend in Temporal's own configurations, charts and compose files."""

Value = str | tuple[str, ...]


@dataclass(frozen=True)
class Key:
    """One key of the file, such as `labels.matcher`."""

    path: str
    value: Value
    sureness: Sureness
    reason: str


@dataclass(frozen=True)
class Missing:
    """What the store lacks, the rules that cannot decide without it, and the lines that add it."""

    what: str
    rules: tuple[str, ...] = ()
    lines: str = ""


@dataclass(frozen=True)
class Proposal:
    """One cluster's file. `can_judge` is whether its rules gave a verdict with these keys."""

    name: str
    keys: tuple[Key, ...]
    notes: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    is_own: bool = False
    can_judge: bool = False


def matcher(selection: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """The label matchers of PromQL, without braces."""
    return ",".join(_matcher(name, values) for name, values in selection if name != TENANT)


def _matcher(name: str, values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return f'{name}="{_quoted(values[0])}"'
    return f'{name}=~"{_quoted("|".join(map(escaped, values)))}"'


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def cluster_names(parts: Sequence[Part]) -> list[str]:
    """A name for each part, from the values that select it; no two are equal."""
    candidates = [[_first_name(part), _long_name(part)] for part in parts]
    names = [short for short, _ in candidates]
    often = Counter(names)
    names = [long if often[short] > 1 else short for short, long in candidates]
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return unique


def _first_name(part: Part) -> str:
    return _as_name(_value(*part.selection[0]))


def _long_name(part: Part) -> str:
    return _as_name("-".join(_value(*one) for one in part.selection))


def _value(_: str, values: tuple[str, ...]) -> str:
    """The value, or what several begin with."""
    begin = values[0]
    while not all(value.startswith(begin) for value in values):
        begin = begin[:-1]
    return begin


def _as_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_.") or "temporal"


def label_keys(part: Part, name: str, roles: RoleLabel, namespace: str) -> Iterator[Key]:
    """The keys of the group `labels` that differ from their defaults.

    `namespace` is the label with Temporal's namespace, empty where no series has one.
    """
    defaults = LabelMapping()
    selecting = matcher(part.selection)
    if selecting != defaults.metrics_of(name):
        yield Key("labels.matcher", selecting, part.sureness, part.reason)
    yield from _role_keys(roles, defaults)
    instance, sureness, reason = instance_label(part)
    if instance != defaults.instance:
        yield Key("labels.instance", instance, sureness, reason)
    if namespace == "exported_namespace":
        reason = "`namespace` has the pod's"
        yield Key("labels.namespace", namespace, Sureness.SURE, reason)


def _role_keys(roles: RoleLabel, defaults: LabelMapping) -> Iterator[Key]:
    if roles is NO_LABEL:
        return
    if roles.label != defaults.role:
        yield Key("labels.role", roles.label, roles.sureness, roles.reason)
    for role, pattern in roles.patterns.items():
        if pattern != defaults.pattern(role):
            yield Key(f"labels.{role}", pattern, roles.sureness, roles.reason)


def guessed_address(part: Part) -> Key:
    """Where the frontend may be, by the labels of its target."""
    path = "monitored_address"
    for target in part.targets:
        if Role.FRONTEND not in target.roles:
            continue
        labels = target.labels
        service = labels.get("service", "").removesuffix("-headless")
        if service and "pod" in labels and labels.get("namespace"):
            address = f"{service}.{labels['namespace']}:{FRONTEND_PORT}"
            return Key(path, address, Sureness.GUESS, "the Kubernetes service of its target")
        host = labels.get("instance", "").rpartition(":")[0]
        if host:
            reason = f"the host of its target and Temporal's usual port {FRONTEND_PORT}"
            return Key(path, f"{host}:{FRONTEND_PORT}", Sureness.GUESS, reason)
    reason = "no label names the frontend's host"
    return Key(path, f"127.0.0.1:{FRONTEND_PORT}", Sureness.GUESS, reason)


def access_keys(group: str, variable: str, access: Access) -> Iterator[Key | str]:
    """The keys of a group of access as the environment has it, and a note for each secret.

    `variable` is what its variables begin with.
    """
    for name, its in type(access).model_fields.items():
        value = getattr(access, name)
        if value == its.default:
            continue
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        if name == "headers":
            headers = parse_headers(text.split(","))
            tenant = headers.pop(TENANT_HEADER.lower(), "")
            if tenant:
                value = f"{TENANT_HEADER}={tenant}"
                yield Key(f"{group}.headers", value, Sureness.SURE, f"as {variable}_{name.upper()}")
            if headers:
                yield f"{variable}_HEADERS has other headers, too: set {group}.headers_file"
        elif isinstance(value, SecretStr) and f"{name}_file" in type(access).model_fields:
            yield f"{variable}_{name.upper()} is a secret: set {group}.{name}_file"
        elif isinstance(value, SecretStr) and "@" in text:
            yield f"{variable}_{name.upper()} has a password: set {group}.{name} without it"
        else:
            text = text.lower() if isinstance(value, bool) else text
            yield Key(f"{group}.{name}", text, Sureness.SURE, f"as {variable}_{name.upper()}")
