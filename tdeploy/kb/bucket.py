"""The bucket of the corpus, which the knowledge base reads."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tdeploy.aws import client, denied, translated_errors
from tdeploy.errors import AwsRefusalError, CorpusError

PARALLEL = 16
_DELETED_AT_ONCE = 1000


@dataclass(frozen=True)
class Stored:
    """An object in the bucket's list."""

    etag: str
    modified: datetime


class CorpusBucket:
    """Each method raises AwsError if the bucket is unreachable or missing."""

    def __init__(self, name: str, region: str) -> None:
        self.url = f"s3://{name}"
        self.name, self._region = name, region
        self._s3: Any = client("s3", region, connections=PARALLEL)

    def stored(self) -> dict[str, Stored]:
        """Every object by key."""
        with translated_errors(self.url, self._region):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
            return {
                item["Key"]: Stored(item["ETag"].strip('"'), item["LastModified"])
                for page in pages
                for item in page.get("Contents", ())
            }

    def upload(
        self, folder: Path, keys: Sequence[str], uploaded: Callable[[int, int], None]
    ) -> Mapping[str, str]:
        """Upload files in parallel. Returns a message by key for each file that failed.

        `uploaded` receives the numbers of files done and in total. An error that concerns every
        file stops the upload.
        """
        failures: dict[str, str] = {}
        pool = ThreadPoolExecutor(PARALLEL)
        try:
            futures = {pool.submit(self._put, folder, key): key for key in keys}
            for done, future in enumerate(as_completed(futures), start=1):
                try:
                    future.result()
                except (AwsRefusalError, CorpusError) as error:
                    failures[futures[future]] = str(error)
                uploaded(done, len(keys))
        finally:
            # After Ctrl-C too: finish the running uploads, and start no other.
            pool.shutdown(cancel_futures=True)
        return failures

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Delete objects. Returns a message by key for each object that stays."""
        failures: dict[str, str] = {}
        for begin in range(0, len(keys), _DELETED_AT_ONCE):
            failures |= self._delete(keys[begin : begin + _DELETED_AT_ONCE])
        return failures

    def _delete(self, keys: Sequence[str]) -> dict[str, str]:
        listed = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        try:
            with translated_errors(self.url, self._region):
                answer = self._s3.delete_objects(Bucket=self.name, Delete=listed)
        except AwsRefusalError as error:
            return dict.fromkeys(keys, str(error))
        return {
            problem["Key"]: f"{self.url}/{problem['Key']}: {_reason(problem)}"
            for problem in answer.get("Errors", ())
        }

    def _put(self, folder: Path, key: str) -> None:
        try:
            content = (folder / key).read_bytes()
        except OSError as error:
            raise CorpusError(f"cannot read {folder / key}: {error.strerror}") from error
        with translated_errors(f"{self.url}/{key}", self._region):
            # In one part, so that the ETag is the content's MD5.
            self._s3.put_object(
                Bucket=self.name, Key=key, Body=content, ContentType="text/markdown"
            )


def _reason(problem: Mapping[str, str]) -> str:
    return denied("s3:DeleteObject") if problem["Code"] == "AccessDenied" else problem["Message"]
