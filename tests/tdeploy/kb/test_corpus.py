"""The changes for any folder and any bucket, and the digests of real folders."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdeploy.errors import CorpusError
from tdeploy.kb.corpus import compare_digests, digests

KEYS = st.sampled_from(["a.md", "b.md", "deep/a.md", "é.md", "picture.png", "md", "readme.txt"])
MARKDOWN = st.sampled_from(["a.md", "b.md", "deep/a.md", "é.md"])
DIGESTS = st.sampled_from(["0", "1", "2-2"])


@given(st.dictionaries(MARKDOWN, DIGESTS), st.dictionaries(KEYS, DIGESTS))
def test_a_plan_makes_the_bucket_hold_the_folder(
    wanted: dict[str, str], stored: dict[str, str]
) -> None:
    plan = compare_digests(wanted, stored)
    after = {key: value for key, value in stored.items() if key not in plan.removed}
    after |= {key: wanted[key] for key in plan.uploads}
    others = {key: value for key, value in stored.items() if not key.endswith(".md")}
    assert after == wanted | others


@given(st.dictionaries(MARKDOWN, DIGESTS), st.dictionaries(KEYS, DIGESTS))
def test_a_plan_has_no_needless_change_and_each_file_once(
    wanted: dict[str, str], stored: dict[str, str]
) -> None:
    plan = compare_digests(wanted, stored)
    assert all(wanted[key] != stored.get(key) for key in plan.uploads)
    assert sorted(plan.new + plan.changed + plan.unchanged) == sorted(wanted)
    assert not set(plan.removed) & set(wanted)
    assert set(plan.removed) | set(plan.changed) | set(plan.unchanged) <= set(stored)


def test_keys_are_paths_from_the_folder(tmp_path: Path) -> None:
    for name in ("a.md", "deep/er/b.md", "deep/c.txt", "folder.md/d.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("hello")
    assert digests(tmp_path) == dict.fromkeys(
        ("a.md", "deep/er/b.md", "folder.md/d.md"), "5d41402abc4b2a76b9719d911017c592"
    )


def test_an_unreadable_file_is_not_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("hello")
    (tmp_path / "bad.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "worse.md").symlink_to("worse.md")
    with pytest.raises(CorpusError, match=r"bad\.md: .*worse\.md: "):
        digests(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_an_unreadable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("hello")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(CorpusError, match="closed: Permission denied"):
        digests(tmp_path)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text("hello")
    with pytest.raises(CorpusError, match="UTF-8"):
        digests(tmp_path)


def test_a_folder_without_markdown_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(CorpusError, match="--source"):
        digests(tmp_path)
