"""Workflow ids and their shards; tests/lab/test_canary.py compares with a real server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.canary.shards import fingerprint32, ids_by_shard, shard_of

NAMESPACE_ID = "32049b68-7872-4094-8e63-d0dd59896a83"


@pytest.mark.parametrize(
    ("workflow_id", "expected"),
    [
        ("", 1399196244),
        ("order-1", 2494920717),
        ("ein längerer Name — ünïcode", 2348747231),
        ("x" * 300, 711805885),
    ],
)
def test_the_hash_is_that_of_farmhash(workflow_id: str, expected: int) -> None:
    """Expected values by Google's library, through PyPI's cityhash 0.4.10."""
    assert fingerprint32(f"{NAMESPACE_ID}_{workflow_id}".encode()) == expected


def test_a_key_that_the_hash_cannot_take_is_refused() -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        fingerprint32(b"x" * 24)


@given(st.uuids(), st.text(), st.integers(1, 16384))
def test_every_workflow_has_one_of_the_shards(
    namespace_id: object, workflow_id: str, shards: int
) -> None:
    assert 1 <= shard_of(str(namespace_id), workflow_id, shards) <= shards


@given(st.uuids(), st.integers(1, 64))
def test_there_is_one_id_for_each_shard(namespace_id: object, shards: int) -> None:
    ids = ids_by_shard(str(namespace_id), "canary-1", shards)
    found = [shard_of(str(namespace_id), workflow_id, shards) for workflow_id in ids]
    assert found == list(range(1, shards + 1))
