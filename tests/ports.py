"""Ports of 127.0.0.1 that no process listens on."""

import random
import socket
from collections.abc import Iterable

# Above the privileged ports, and below those that the kernel assigns to this machine's programs.
_CANDIDATES = range(20_000, 30_000)


def free_port() -> int:
    """A port that the kernel chooses, for a server that starts at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """A port for each name, for servers that start later: the kernel assigns none of them."""
    candidates = iter(random.sample(_CANDIDATES, len(_CANDIDATES)))
    return {name: next(filter(_is_free, candidates)) for name in names}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
