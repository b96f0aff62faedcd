"""The base image's command ends cleanly when it runs out of time."""

import os
import shutil
from pathlib import Path

import pytest

from tests.docker import debian
from tests.docker.machine import NotHereError

# As debootstrap while it configures packages: /proc is mounted in the new root.
_SLOW = """#!/bin/sh
mkdir -p "$4/proc" && mount -t proc proc "$4/proc" && touch "$4/mounted"
sleep 1000 & wait
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare, to mount"
)
def test_what_a_slow_command_mounted_is_gone_before_its_folder_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "debootstrap"
    slow.parent.mkdir()
    slow.write_text(_SLOW)
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(debian, "_TIME_LIMIT_SECONDS", 3)
    with pytest.raises(NotHereError) as raised:
        debian.write_root_archive(tmp_path / "root.tar")
    assert "\n" not in str(raised.value)
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    shutil.rmtree(tmp_path / "root.root", ignore_errors=True)
    assert not (tmp_path / "root.root").exists()
