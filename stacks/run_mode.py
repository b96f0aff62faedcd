"""What one run of the program is asked for beside its settings, by the environment.

Nothing of it is remembered, so that a plain `pulumi up` always means everything, running.
"""

import os
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
            raise pulumi.RunError(
                f"{SERVICES_VARIABLE}={value}: use running, stopped, none or images"
            )


def overwritten() -> str:
    """Name of the job whose schema this run makes anew; empty, as it always is but on request."""
    return os.environ.get(OVERWRITE_VARIABLE, "")
