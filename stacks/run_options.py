"""Options of one run of the program, which `tdeploy` passes in the environment.

They are not stored, so that a plain `pulumi up` always means that everything runs.
"""

import os
from dataclasses import dataclass
from typing import Literal

import pulumi

SERVICES_VARIABLE = "TDEPLOY_SERVICES"
OVERWRITE_VARIABLE = "TDEPLOY_OVERWRITE"
ContainerMode = Literal["running", "stopped", "none", "images", "unasked"]
"""Which Docker resources a run declares.

`running`: all. `stopped`: network and volumes. `none`: nothing, and Docker is not needed. For
updates of selected targets: `images`, the images that are built here; `unasked`, the same as
`running` without a request to the Docker engine.
"""


def container_mode() -> ContainerMode:
    """The mode in the environment. Raises pulumi.RunError for an unknown word."""
    value = os.environ.get(SERVICES_VARIABLE, "running")
    match value:
        case "running" | "stopped" | "none" | "images" | "unasked":
            return value
        case _:
            raise pulumi.RunError(f"{SERVICES_VARIABLE}={value}: use running, stopped or none")


@dataclass(frozen=True)
class OverwriteRequest:
    """A confirmed request to drop a schema: the job that creates it, and the database's host."""

    job: str
    host: str

    def require_host(self, host: str) -> None:
        """Raise pulumi.RunError where the job's database is not on the confirmed host."""
        if host != self.host:
            raise pulumi.RunError(
                f"the database of {self.job} is now on {host}, and {self.host} was confirmed: bring"
                f" the stack up first, or pass --endpoint {host}"
            )


def overwrite_request() -> OverwriteRequest | None:
    """The request of `tdeploy schema`; None in every other run. Raises pulumi.RunError."""
    value = os.environ.get(OVERWRITE_VARIABLE, "")
    job, _, host = value.partition("@")
    if value and not (job and host):
        raise pulumi.RunError(
            f"{OVERWRITE_VARIABLE}={value}: unset it, only `tdeploy schema` sets it"
        )
    return OverwriteRequest(job, host) if value else None
