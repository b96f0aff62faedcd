"""The stack `local`: everything on this machine, without an AWS account."""

import pulumi

from stacks import environment, outputs, preflight, run_mode, secrets, settings
from stacks.images import copilot_build
from stacks.postgresql import PostgreSQL
from stacks.services import Catalogue, catalogue
from stacks.settings import LocalSettings

STACK = "local"


def configured() -> LocalSettings:
    """The stack's settings. Raises pulumi.RunError naming every problem."""
    return settings.load(LocalSettings, planned(LocalSettings()).known)


def planned(chosen: LocalSettings) -> Catalogue:
    """What the stack runs, without its secrets."""
    return services(chosen, _stores(chosen, ""), "")


def services(
    chosen: LocalSettings, stores: PostgreSQL, grafana_password: pulumi.Input[str]
) -> Catalogue:
    """Everything that the stack runs; knowledge and wording are those in the Copilot itself."""
    return catalogue(STACK, chosen, stores, knowledge={}, grafana_password=grafana_password)


def declare(chosen: LocalSettings) -> None:
    """Declare the stack. Raises pulumi.RunError where this machine cannot run it."""
    mode = run_mode.services()
    builds = {"copilot": copilot_build(chosen.images)}
    if mode == "images":
        preflight.require(preflight.build_problems())
        environment.declare_images(STACK, public={}, builds=builds)
        outputs.export_last()
        return
    stores = _stores(chosen, secrets.database_password())
    known = services(chosen, stores, secrets.grafana_password())
    if mode == "running":
        preflight.require(preflight.engine_problems(STACK, known, built=builds))
    ends = environment.declare(STACK, known, chosen, services=mode, builds=builds)
    outputs.export(outputs.describe(known, chosen, stores, made={}), ends)


def _stores(chosen: LocalSettings, password: pulumi.Input[str]) -> PostgreSQL:
    return PostgreSQL(password, chosen.sql_max_conns, chosen.copilot_sql_max_conns)
