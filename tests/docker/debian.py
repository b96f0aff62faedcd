"""A Debian with Python and the tools that services' probes call, from Debian's packages.

It is below every image of the tests, so that they need no registry of images.
"""

import shutil
import subprocess
from pathlib import Path

from tests.docker.machine import NotHereError

_PACKAGES = (
    "ca-certificates",
    "curl",
    "netcat-openbsd",
    "python3",
    "python3-venv",
    "tzdata",
    "wget",
)
_TIME_LIMIT_SECONDS = 1200
_ISOLATED = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
# Files that no container reads.
_LEFT_OUT = (
    *("usr/share/doc", "usr/share/locale", "usr/share/man"),
    *("var/cache/apt", "var/lib/apt/lists"),
)


def write_root_archive(archive: Path) -> None:
    """Write a new root file system, of the same Debian as this machine's, as a tar archive.

    Raises NotHereError with the last lines of the command that failed.
    """
    root = archive.with_suffix(".root")
    _run("debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", suite(), str(root))
    for left_out in _LEFT_OUT:
        shutil.rmtree(root / left_out, ignore_errors=True)
    # The public Python images have this name too.
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    _run("tar", "--create", f"--file={archive}", "-C", str(root), ".")


def suite() -> str:
    """The code name of this machine's Debian. Raises NotHereError on another system."""
    release = Path("/etc/os-release")
    lines = release.read_text(encoding="utf-8").splitlines() if release.is_file() else []
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    if values.get("ID") != "debian" or "VERSION_CODENAME" not in values:
        raise NotHereError("needs Debian, because the images are made from its packages")
    return values["VERSION_CODENAME"]


def _run(*command: str) -> None:
    """Run to the end, in namespaces that end with it: its processes, and what they mounted.

    The folder can then be deleted however the command ends, because a folder that another
    namespace's mount covers is an ordinary one here.
    """
    with subprocess.Popen(
        [*_ISOLATED, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=_TIME_LIMIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise NotHereError(
                f"{command[0]} did not end within {_TIME_LIMIT_SECONDS} seconds"
            ) from error
        finally:
            process.kill()
            # Its output ends with the last of its processes.
            process.communicate()
    if process.returncode:
        last = "; ".join(output.strip().splitlines()[-5:])
        raise NotHereError(f"{command[0]} ended with {process.returncode}: {last}")
