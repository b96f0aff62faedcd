"""Errors of single objects in S3; MiniStack only refuses whole requests."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from tdeploy.kb import bucket
from tdeploy.kb.bucket import CorpusBucket
from tests.fakes.ministack import REGION
from tests.tdeploy.kb.aws_world import client


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """A fake for S3's answers."""
    stubbed = client("s3", "http://127.0.0.1:9")

    def stubbed_client(*_: object, **__: object) -> Any:  # noqa: ANN401
        return stubbed

    monkeypatch.setattr(bucket, "client", stubbed_client)
    with Stubber(stubbed) as answers:
        yield answers
        answers.assert_no_pending_responses()


def test_each_object_that_stays_has_its_reason(s3: Stubber) -> None:
    errors = [
        {"Key": "a.md", "Code": "AccessDenied", "Message": "Access Denied"},
        {"Key": "b.md", "Code": "InternalError", "Message": "We encountered an internal error."},
    ]
    s3.add_response("delete_objects", {"Errors": errors})
    failures = CorpusBucket("corpus", REGION).delete(["a.md", "b.md", "c.md"])
    assert failures.keys() == {"a.md", "b.md"}
    assert "s3:DeleteObject" in failures["a.md"]
    assert "We encountered an internal error." in failures["b.md"]


def test_s3_deletes_a_thousand_at_once(s3: Stubber) -> None:
    keys = [f"{number}.md" for number in range(1001)]
    for some in (keys[:1000], keys[1000:]):
        listed = {"Objects": [{"Key": key} for key in some], "Quiet": True}
        s3.add_response("delete_objects", {}, {"Bucket": "corpus", "Delete": listed})
    assert CorpusBucket("corpus", REGION).delete(keys) == {}


def test_s3_lists_a_thousand_at_once(s3: Stubber) -> None:
    item = {"ETag": '"0"', "LastModified": "2026-01-02T03:04:05Z"}
    first = {
        "Contents": [{"Key": "a.md", **item}],
        "IsTruncated": True,
        "NextContinuationToken": "x",
    }
    s3.add_response("list_objects_v2", first)
    s3.add_response(
        "list_objects_v2",
        {"Contents": [{"Key": "b.md", **item}]},
        {"Bucket": "corpus", "ContinuationToken": "x"},
    )
    stored = CorpusBucket("corpus", REGION).stored()
    assert {key: item.etag for key, item in stored.items()} == {"a.md": "0", "b.md": "0"}
