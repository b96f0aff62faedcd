"""The caller's AWS credentials in containers."""

import os
from pathlib import Path

import pulumi

from components.workload import Mount
from stacks.catalogue.stores import Access

_HOME = "/home/caller"
# Folders in ~/.aws where the AWS CLI and SDKs write renewed tokens. They are shared with this
# machine: a renewed token invalidates the former one, and containers need the next sign-in.
_CACHES = ("cli/cache", "sso/cache")


def caller_access(region: str) -> Access:
    """The caller's AWS profile for a container that runs with the caller's user id.

    No other user can read the files. All but the caches is mounted read-only.
    """
    folder = Path.home() / ".aws"
    environment = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": region, "HOME": _HOME}
    # botocore knows both; other SDKs in the containers may not.
    if profile := os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE"):
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


def create_caches() -> None:
    """Create the folders to mount, which the engine would create as root's.

    Raises pulumi.RunError.
    """
    for cache in _CACHES:
        folder = Path.home() / ".aws" / cache
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise pulumi.RunError(f"cannot create {folder}: {error.strerror}") from error
