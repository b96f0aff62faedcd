"""What has to change in the bucket: for any folder and any bucket, and for real folders."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdeploy.corpus import digests, plan
from tdeploy.errors import CorpusError

KEYS = st.sampled_from(["a.md", "b.md", "deep/a.md", "é.md", "picture.png", "md", "readme.txt"])
MARKDOWN = st.sampled_from(["a.md", "b.md", "deep/a.md", "é.md"])
DIGESTS = st.sampled_from(["0", "1", "2-2"])


@given(st.dictionaries(MARKDOWN, DIGESTS), st.dictionaries(KEYS, DIGESTS))
def test_a_plan_makes_the_bucket_hold_the_folder_and_nothing_that_is_gone(
    wanted: dict[str, str], stored: dict[str, str]
) -> None:
    chosen = plan(wanted, stored)
    after = {key: value for key, value in stored.items() if key not in chosen.removed}
    after |= {key: wanted[key] for key in chosen.uploads}
    others = {key: value for key, value in stored.items() if not key.endswith(".md")}
    assert after == wanted | others


@given(st.dictionaries(MARKDOWN, DIGESTS), st.dictionaries(KEYS, DIGESTS))
def test_a_plan_does_nothing_in_vain_and_counts_each_file_once(
    wanted: dict[str, str], stored: dict[str, str]
) -> None:
    chosen = plan(wanted, stored)
    assert all(wanted[key] != stored.get(key) for key in chosen.uploads)
    assert sorted(chosen.new + chosen.changed + chosen.unchanged) == sorted(wanted)
    assert not set(chosen.removed) & set(wanted)
    assert set(chosen.removed) | set(chosen.changed) | set(chosen.unchanged) <= set(stored)


def test_keys_are_paths_below_the_folder(tmp_path: Path) -> None:
    for name in ("a.md", "deep/er/b.md", "deep/c.txt", "folder.md/d.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("hello")
    assert digests(tmp_path) == dict.fromkeys(
        ("a.md", "deep/er/b.md", "folder.md/d.md"), "5d41402abc4b2a76b9719d911017c592"
    )


def test_what_cannot_be_read_does_not_pass_for_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("hello")
    (tmp_path / "bad.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "worse.md").symlink_to("worse.md")
    with pytest.raises(CorpusError, match=r"bad\.md: No such file.*worse\.md: Too many") as raised:
        digests(tmp_path)
    assert str(raised.value).endswith("nothing was uploaded")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("hello")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(CorpusError, match="closed: Permission denied"):
        digests(tmp_path)


def test_a_name_that_is_no_key_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text("hello")
    with pytest.raises(CorpusError, match="not UTF-8: rename the file"):
        digests(tmp_path)


def test_a_folder_without_markdown_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(CorpusError, match=r"no \.md file is in .*--source"):
        digests(tmp_path)
