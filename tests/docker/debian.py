"""A Debian with Python, PostgreSQL and the small tools that services' probes use.

It stands below every image of the tests, because no registry of images is asked for any.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.servers import cache_folder

# What images in use have: Python and its installer, and what probes call.
_PACKAGES = (
    "ca-certificates",
    "curl",
    "netcat-openbsd",
    "postgresql",
    "python3",
    "python3-pip",
    "python3-venv",
    "tzdata",
    "wget",
)
_NEEDED = ("debootstrap", "dockerd", "ip", "iptables-save")
_TIME_LIMIT_SECONDS = 600
# Not read in a container.
_LEFT_OUT = ("usr/share/doc", "usr/share/man", "var/cache/apt/archives", "var/lib/apt/lists")


class NotHereError(Exception):
    """This machine cannot run the Docker tests; the message says what it lacks."""


def what_is_missing() -> str | None:
    """Why the tests cannot run here, or None when they can."""
    if os.geteuid() != 0:
        return "needs root, to start a Docker engine of its own"
    missing = [name for name in _NEEDED if not shutil.which(name)]
    if missing:
        return (
            f"needs {', '.join(missing)}: apt-get install docker.io iptables iproute2 debootstrap"
        )
    # A folder of that name is what a run that was killed left of a container's mount.
    if Path("/var/run/docker.sock").is_socket():
        return "needs a machine without a Docker engine, beside which it would start its own"
    if not _suite():
        return "needs Debian, from whose packages the images are made"
    return None


def base_archive() -> Path:
    """The root file system as a tar archive; made once, later found in the cache folder."""
    suite = _suite()
    inputs = hashlib.sha256(" ".join((suite, *_PACKAGES)).encode()).hexdigest()[:12]
    archive = cache_folder() / "images" / f"debian-{suite}-{inputs}.tar.gz"
    if not archive.is_file():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="debian-") as folder:
            _make(Path(folder), suite, archive)
    return archive


def _make(folder: Path, suite: str, archive: Path) -> None:
    root = folder / "root"
    packages = ",".join(_PACKAGES)
    _run("debootstrap", "--variant=minbase", f"--include={packages}", suite, str(root))
    for left_out in _LEFT_OUT:
        shutil.rmtree(root / left_out, ignore_errors=True)
    # As in the public Python images: a plain name, and an installer that installs.
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    unfinished = archive.with_suffix(".unfinished")
    _run(
        "tar",
        "--create",
        "--use-compress-program=gzip -1",
        f"--file={unfinished}",
        "-C",
        str(root),
        ".",
    )
    unfinished.replace(archive)


def _run(*command: str) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIME_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode:
        last = "; ".join(done.stdout.strip().splitlines()[-5:])
        raise NotHereError(f"{command[0]} ended with {done.returncode}: {last}")


def _suite() -> str:
    """The code name of this machine's Debian, or nothing on another system."""
    release = Path("/etc/os-release")
    lines = release.read_text(encoding="utf-8").splitlines() if release.is_file() else []
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return values.get("VERSION_CODENAME", "") if values.get("ID") == "debian" else ""
