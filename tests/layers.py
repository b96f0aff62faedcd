"""The layers of `make test`: tests that share fixtures and run in one pytest process."""

from dataclasses import dataclass
from pathlib import Path

from lab.binaries import SERVERS as OF_A_LAB
from tools.servers import (
    PROMETHEUS,
    PROMTOOL,
    PULUMI,
    TEMPORAL_ELASTICSEARCH_TOOL,
    TEMPORAL_SERVER,
    TEMPORAL_SQL_TOOL,
    Server,
)


@dataclass(frozen=True)
class Layer:
    """Tests that share fixtures. `is_timed`: they have limits for the reaction of real servers, so
    one such layer runs at a time, and the processes of the others yield the CPU to it."""

    name: str
    paths: tuple[str, ...]
    is_timed: bool = False
    servers: tuple[Server, ...] = ()
    """The layer starts once they are built. A missing one would be built by its tests."""


# Half the time of tests/tdeploy, which would end last.
_LONG_COMMANDS = ("infra", "build", "schema", "doctor")
# They start servers of their own, and wait for them as long as it takes.
_OWN_SERVERS = ("styles", "labels", "discover", "large_cluster", "demo")

# The longest first, so that none starts last.
LAYERS = (
    Layer("verdicts", ("tests/lab/verdicts",), is_timed=True, servers=OF_A_LAB),
    Layer(
        "docker",
        ("tests/docker",),
        is_timed=True,
        servers=(*OF_A_LAB, TEMPORAL_ELASTICSEARCH_TOOL, PULUMI),
    ),
    Layer(
        "commands",
        tuple(f"tests/tdeploy/test_{name}.py" for name in _LONG_COMMANDS),
        servers=(PULUMI,),
    ),
    Layer("tdeploy", ("tests/tdeploy",), servers=(PULUMI,)),
    Layer(
        "elasticsearch",
        ("tests/lab/test_elasticsearch.py",),
        is_timed=True,
        servers=(*OF_A_LAB, TEMPORAL_ELASTICSEARCH_TOOL),
    ),
    Layer("engine", ("tests/engine",), servers=(PULUMI,)),
    Layer(
        "clusters",
        tuple(f"tests/lab/test_{name}.py" for name in _OWN_SERVERS),
        servers=(*OF_A_LAB, PROMTOOL),
    ),
    Layer("lab", ("tests/lab",), is_timed=True, servers=OF_A_LAB),
    Layer("copilot", ("tests/copilot",), servers=(TEMPORAL_SERVER, PROMETHEUS, PROMTOOL)),
    Layer("browser", ("tests/browser",)),
    Layer("program", ("tests",), servers=(TEMPORAL_SERVER, TEMPORAL_SQL_TOOL)),
)


def arguments(layer: Layer) -> list[str]:
    """Return pytest's arguments: the layer's paths without those of other layers below them."""
    below = [
        path
        for other in LAYERS
        for path in other.paths
        if other != layer and any(Path(path).is_relative_to(parent) for parent in layer.paths)
    ]
    return [*layer.paths, *(f"--ignore={path}" for path in below)]
