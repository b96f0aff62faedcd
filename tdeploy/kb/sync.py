"""Synchronise a bucket with a folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tdeploy.kb.bucket import CorpusBucket, Stored
from tdeploy.kb.corpus import Plan, compare_digests, digests


@dataclass(frozen=True)
class Comparison:
    """The necessary changes, and the bucket's objects before them."""

    plan: Plan
    stored: Mapping[str, Stored]


def compare(folder: Path, bucket: CorpusBucket) -> Comparison:
    """Compare a folder with a bucket. Raises CorpusError and AwsError."""
    wanted, stored = digests(folder), bucket.stored()
    etags = {key: item.etag for key, item in stored.items()}
    return Comparison(compare_digests(wanted, etags), stored)


def apply(
    plan: Plan, folder: Path, bucket: CorpusBucket, uploaded: Callable[[int, int], None]
) -> Mapping[str, str]:
    """Upload new and changed files, then delete missing ones. Returns a message by failed key.

    Deletes nothing unless every upload succeeded: a renamed file would be lost under both names.
    `uploaded` receives the numbers of files done and in total. Raises AwsError.
    """
    failures = bucket.upload(folder, plan.uploads, uploaded)
    return failures or bucket.delete(plan.removed)
