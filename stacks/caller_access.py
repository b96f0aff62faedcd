"""This user's sign-in to AWS, lent to containers."""

import os
from pathlib import Path

import pulumi

from components.service import Mount
from stacks.stores import Access

_HOME = "/home/caller"
# Where AWS's command and SDKs write tokens that they renewed, below ~/.aws. Shared with this
# machine, because a renewed token replaces the one before it, and a new sign-in has to be seen.
_CACHES = ("cli/cache", "login/cache", "sso/cache")


def caller_access(region: str) -> Access:
    """This user's AWS profile for a container that runs with this user's id.

    Another user could not read the files, which are this user's alone. All but the caches is
    read-only.
    """
    folder = Path.home() / ".aws"
    environment = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": region, "HOME": _HOME}
    if profile := os.environ.get("AWS_PROFILE"):
        environment["AWS_PROFILE"] = profile
    return Access(
        environment=environment,
        mounts=(
            Mount(f"{_HOME}/.aws", folder=str(folder)),
            *(
                Mount(f"{_HOME}/.aws/{cache}", folder=str(folder / cache), writable=True)
                for cache in _CACHES
            ),
        ),
        user=f"{os.getuid()}:{os.getgid()}",
    )


def make_caches() -> None:
    """Make the caches that are mounted; the engine would make a missing one as root's.

    Raises pulumi.RunError.
    """
    for cache in _CACHES:
        folder = Path.home() / ".aws" / cache
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise pulumi.RunError(f"cannot make {folder}: {error.strerror}") from error
