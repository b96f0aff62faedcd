"""Ports of 127.0.0.1 that no process listens on.

Every process of the tests takes them from a block of its own: servers of another layer would
otherwise take a port between its choice and its use, which may be minutes later.
"""

import socket
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import cycle

# Above the privileged ports; below those of labs, and those that the kernel assigns to programs.
_BLOCKS = range(10_000, 15_000, 200)


def free_port() -> int:
    return next(filter(_is_free, _block()))


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """A port for each name."""
    return {name: free_port() for name in names}


@cache
def _block() -> Iterator[int]:
    """The ports of a block in turn. This process holds the block's first port while it lives."""
    for first in _BLOCKS:
        holder = socket.socket()
        try:
            holder.bind(("127.0.0.1", first))
        except OSError:
            holder.close()
            continue
        _holders.append(holder)
        return cycle(range(first + 1, first + _BLOCKS.step))
    raise AssertionError("every block of ports is in use by another process of the tests")


_holders: list[socket.socket] = []


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
