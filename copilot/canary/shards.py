"""Which history shard a workflow belongs to, and ids that belong to a wanted shard.

The server takes FarmHash's Fingerprint32 of "namespace id_workflow id" modulo the number of shards,
plus 1 (`common.WorkflowIDToHistoryShard`). The libraries with this hash lack wheels for supported
machines: `cityhash` for Python 3.14, `pyfarmhash` for arm64 and macOS. A canary's key is always
longer than 24 bytes, so one of the hash's four branches is enough.
"""

from functools import lru_cache

_C1, _C2, _C3 = 0xCC9E2D51, 0x1B873593, 0xE6546B64
_WORD = 0xFFFFFFFF
_SHORTEST = 25
_BLOCK = 20


def shard_of(namespace_id: str, workflow_id: str, shards: int) -> int:
    """Number of the shard, from 1. `namespace_id` is the UUID, which DescribeNamespace answers."""
    return fingerprint32(f"{namespace_id}_{workflow_id}".encode()) % shards + 1


# For as many clusters as one worker may have.
@lru_cache(maxsize=1000)
def ids_by_shard(namespace_id: str, prefix: str, shards: int) -> tuple[str, ...]:
    """One workflow id for each shard, from shard 1; all begin with `prefix`.

    It takes about n ln n hashes: 0.01 s for 64 shards, 1 s for 4096.
    """
    found: dict[int, str] = {}
    number = 0
    while len(found) < shards:
        workflow_id = f"{prefix}-{number}"
        found.setdefault(shard_of(namespace_id, workflow_id, shards), workflow_id)
        number += 1
    return tuple(found[shard] for shard in range(1, shards + 1))


def fingerprint32(key: bytes) -> int:
    """FarmHash Fingerprint32 of a key of at least 25 bytes. Raises ValueError for a shorter one."""
    length = len(key)
    if length < _SHORTEST:
        raise ValueError(f"a key of {length} bytes, shorter than {_SHORTEST}")

    def word(at: int) -> int:
        return int.from_bytes(key[at : at + 4], "little")

    def tail(back: int) -> int:
        return _rotate(word(length - back) * _C1, 17) * _C2 & _WORD

    h, g = length, _C1 * length & _WORD
    f = g
    h = _mix(_mix(h ^ tail(4)) ^ tail(16))
    g = _mix(_mix(g ^ tail(8)) ^ tail(12))
    f = (_rotate(f + tail(20), 19) + 113) & _WORD
    for start in range(0, (length - 1) // _BLOCK * _BLOCK, _BLOCK):
        a, b, c, d, e = (word(start + offset) for offset in range(0, _BLOCK, 4))
        h, g, f = h + a, g + b, f + c
        h = _mur(d, h) + e
        g = _mur(c, g) + a
        f = _mur(b + e * _C1, f) + d
        f = (f + g) & _WORD
        g = (g + f) & _WORD
    g = _rotate(_rotate(g, 11) * _C1, 17) * _C1
    f = _rotate(_rotate(f, 11) * _C1, 17) * _C1
    h = _rotate(_mix(h + g), 17) * _C1
    return _rotate(_mix(h + f), 17) * _C1 & _WORD


def _rotate(value: int, bits: int) -> int:
    value &= _WORD
    return (value >> bits | value << (32 - bits)) & _WORD


def _mix(value: int) -> int:
    return (_rotate(value, 19) * 5 + _C3) & _WORD


def _mur(word: int, state: int) -> int:
    return _mix((state & _WORD) ^ (_rotate(word * _C1, 17) * _C2 & _WORD))
