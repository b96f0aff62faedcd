"""Bringing a bucket up to a folder: what goes there, what goes from there, what went wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tdeploy.corpus import Plan, digests, plan
from tdeploy.corpus_bucket import CorpusBucket, Stored


@dataclass(frozen=True)
class Comparison:
    """What has to change, and what the bucket held when it was asked."""

    plan: Plan
    stored: Mapping[str, Stored]


def compare(folder: Path, bucket: CorpusBucket) -> Comparison:
    """Compare a folder with a bucket. Raises CorpusError and AwsError."""
    wanted, stored = digests(folder), bucket.stored()
    return Comparison(plan(wanted, {key: item.etag for key, item in stored.items()}), stored)


def carry_out(
    chosen: Plan, folder: Path, bucket: CorpusBucket, uploaded: Callable[[int, int], None]
) -> Mapping[str, str]:
    """Upload what is new or changed, then delete what is gone; a sentence for each failure by key.

    Nothing is deleted unless every upload succeeded: of a file that was renamed, neither would be
    left. `uploaded` gets the files done and all to do. Raises AwsError where nothing can be done.
    """
    failures = bucket.upload(folder, chosen.uploads, uploaded)
    return failures or bucket.delete(chosen.removed)
