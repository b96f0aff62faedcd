"""A cluster file: one cluster in YAML.

Its keys are the fields of ClusterSettings. Scalars are read as text, as those of the environment
are: YAML would take `canary: off` for a Boolean, and a name such as `1.10` for a number.
"""

import stat
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import httpx
import yaml
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from copilot.clusters.cluster import ClusterSettings
from copilot.errors import FileError

# Their defaults are addresses of the lab: a file that forgets one would evaluate another cluster.
_REQUIRED = ("cluster", "monitored_address", "prometheus_endpoint")
# The environment allows them: it is not kept in a repository.
_WITHOUT_PASSWORD = {
    "prometheus_endpoint": "metrics.password_file",
    "loki_url": "logs.password_file",
}
# A Kubernetes ConfigMap, which may hold such files, is at most 1 MiB.
_MAX_BYTES = 1 << 20
_SCALAR, _LIST, _GROUP = "a text", "a text or a list of texts", "a mapping"


def read_cluster(path: Path) -> ClusterSettings:
    """The cluster that a file describes. Raises FileError with every problem."""
    return parse_cluster(path, read_content(path))


def read_content(path: Path) -> bytes:
    """Raises FileError for a path that is not a readable file, such as a loop of links."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileError(f"{path}: is not a file")
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > _MAX_BYTES:
        raise FileError(f"{path}: is larger than 1 MiB, so it is not a cluster file")
    return content


def parse_cluster(path: Path, content: bytes) -> ClusterSettings:
    """The cluster of a file's content. Raises FileError with every problem."""
    problems: list[str] = []
    values = _values(ClusterSettings, _root(path, content), "", problems)
    problems += _forbidden(values)
    try:
        cluster = ClusterSettings.model_validate(values, by_alias=False, by_name=True)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            # Nested fields have names of environment variables.
            key = ".".join(str(part).lower() for part in item["loc"])
            problems.append(f"{key}: {item['msg'].removeprefix('Value error, ')}")
    if problems:
        raise FileError(f"{path}: {'; '.join(problems)}")
    return cluster


def cluster_name(content: bytes) -> str:
    """The name that a file gives its cluster, also a wrong file; "" without one."""
    try:
        root = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return ""
    for key, value in root.value if isinstance(root, MappingNode) else ():
        if isinstance(value, ScalarNode) and key.value == "cluster":
            return str(value.value)
    return ""


def _root(path: Path, content: bytes) -> MappingNode:
    try:
        root = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: is not UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FileError(f"{path}: is not YAML{line}: {error.problem or 'wrong syntax'}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise FileError(f"{path}: is not YAML") from error
    if root is None:
        raise FileError(f"{path}: is empty: it should describe a cluster")
    if not isinstance(root, MappingNode):
        raise FileError(f"{path}: should be a mapping of keys to values")
    return root


def _values(
    model: type[BaseModel], node: MappingNode, group: str, problems: list[str]
) -> dict[str, object]:
    """The texts, lists and groups of a mapping, by key. The schema bounds the depth."""
    found: dict[str, object] = {}
    for key, value in _entries(node, group, problems):
        field = model.model_fields.get(key)
        name = f"{group}{key}"
        if field is None:
            close = get_close_matches(key, model.model_fields, n=1)
            hint = f", did you mean {group}{close[0]}?" if close else ""
            problems.append(f"{name}: no such key{hint}")
        elif key in found:
            problems.append(f"{name}: is set twice")
        elif _is_secret(key, field, model):
            problems.append(f"{name}: a secret is not written here: use {name}_file")
        else:
            its = _value(field, value, name, problems)
            if its is None:
                problems.append(f"{name}: takes {_kind(field)}")
            else:
                found[key] = its
    return found


def _entries(node: MappingNode, group: str, problems: list[str]) -> Iterator[tuple[str, Node]]:
    for key, value in node.value:
        if isinstance(key, ScalarNode):
            yield key.value, value
        else:
            where = f"{group}: " if group else ""
            problems.append(f"{where}line {key.start_mark.line + 1}: a key is a word")


def _value(field: FieldInfo, node: Node, name: str, problems: list[str]) -> object:
    """None for what the field does not take."""
    kind = _kind(field)
    if kind is _GROUP:
        if isinstance(node, MappingNode):
            group: type[BaseModel] = field.annotation  # type: ignore[assignment]
            return _values(group, node, f"{name}.", problems)
        return None
    if isinstance(node, ScalarNode):
        return node.value
    if kind is _LIST and isinstance(node, SequenceNode):
        texts = [part.value for part in node.value if isinstance(part, ScalarNode)]
        return texts if len(texts) == len(node.value) else None
    return None


def _kind(field: FieldInfo) -> str:
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        return _GROUP
    return _LIST if isinstance(field.default, tuple) else _SCALAR


def _is_secret(key: str, field: FieldInfo, model: type[BaseModel]) -> bool:
    """Headers are most often none: `X-Scope-OrgID` names a tenant."""
    has_file = f"{key}_file" in model.model_fields
    return field.annotation is SecretStr and has_file and key != "headers"


def _forbidden(values: dict[str, object]) -> Iterator[str]:
    """What the environment may leave out or have, and a file may not."""
    for key in _REQUIRED:
        if key not in values:
            yield f"{key}: is required"
    for key, instead in _WITHOUT_PASSWORD.items():
        url = _url(values.get(key))
        if url is None:
            yield f"{key}: is not a URL"
        elif url.password:
            yield f"{key}: a password is not written here: use {instead}"
    for group in ("metrics", "logs"):
        access = values.get(group)
        if isinstance(access, dict) and _url(access.get("proxy")) is None:
            yield f"{group}.proxy: is not a URL"


def _url(value: object) -> httpx.URL | None:
    """The value as the clients of the sources read it; None where they would refuse it."""
    try:
        return httpx.URL(str(value or ""))
    except httpx.InvalidURL:
        return None
