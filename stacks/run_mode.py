"""What one run of the program is asked for beside its settings, by the environment.

Nothing of it is remembered, so that a plain `pulumi up` always means everything, running.
"""

import os
from dataclasses import dataclass
from typing import Literal

import pulumi

SERVICES_VARIABLE = "TDEPLOY_SERVICES"
OVERWRITE_VARIABLE = "TDEPLOY_OVERWRITE"
Services = Literal["running", "stopped", "none", "images", "unasked"]
"""What is left of the containers.

`stopped` keeps network and volumes, `none` does without Docker. For updates of a part alone,
`images` knows of nothing but the images that are built here, and `unasked` of everything as
`running` does, without asking Docker.
"""


def services() -> Services:
    """What this run should leave. Raises pulumi.RunError for a word that is none of them."""
    value = os.environ.get(SERVICES_VARIABLE, "running")
    match value:
        case "running" | "stopped" | "none" | "images" | "unasked":
            return value
        case _:
            raise pulumi.RunError(f"{SERVICES_VARIABLE}={value}: use running, stopped or none")


@dataclass(frozen=True)
class Overwriting:
    """That a schema is to be made anew: the job that makes it, and the database's agreed host."""

    job: str
    host: str

    def require_agreed(self, host: str) -> None:
        """Raise pulumi.RunError where the database has become another."""
        if host != self.host:
            raise pulumi.RunError(
                f"the database of {self.job} is {host} by now, and what was agreed to is"
                f" {self.host}: bring the stack up first, or name the former with --endpoint"
            )


def overwriting() -> Overwriting | None:
    """The schema that this run makes anew; None, as it always is but for `tdeploy schema`.

    Raises pulumi.RunError.
    """
    value = os.environ.get(OVERWRITE_VARIABLE, "")
    job, _, host = value.partition("@")
    if value and not (job and host):
        raise pulumi.RunError(f"{OVERWRITE_VARIABLE}={value}: unset it, it is of `tdeploy schema`")
    return Overwriting(job, host) if value else None
