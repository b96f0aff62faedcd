"""The checks of this clone: Pulumi CLI, passphrase, settings, files, state and disk."""

import os
import shutil
from collections.abc import Generator, Iterator

from pydantic import ValidationError

from stacks.catalogue.by_stack import fullest_catalogue
from stacks.configuration import parsed
from stacks.registry import CONTAINER_STACKS
from stacks.settings import ContainerSettings, problems
from stacks.workspace import passphrase, pulumi_errors
from tdeploy import settings
from tdeploy.checks.check import Check, unknown, wrong, wrong_or_ok
from tdeploy.engine import pulumi_binary
from tdeploy.engine.project import ROOT
from tdeploy.engine.pulumi_binary import HOW_TO_INSTALL
from tdeploy.errors import TdeployError

# The images take about 5 GB, and the stores grow.
_DISK_GB = 10
_GIGABYTE = 1024**3


def check_pulumi_and_settings(profile: str) -> Generator[Check, None, ContainerSettings | None]:
    """The CLI, the passphrase and the settings. Returns the settings, None if they are wrong."""
    pulumi, is_installed = _pulumi()
    yield pulumi
    if not is_installed:
        yield from unknown(("passphrase", "settings"), "the Pulumi CLI is missing")
        return None
    if any(pulumi_errors.settings_problems(ROOT, f"Pulumi.{profile}.yaml")):
        yield from unknown(("passphrase",), "the settings cannot be read")
    else:
        yield _passphrase(profile)
    valid, check = _settings(profile)
    yield check
    return valid


def check_state(profile: str) -> Iterator[Check]:
    """Access to the clone's files, and the format of the state."""
    yield _files(profile)
    finding = f"the files in {ROOT / '.state'} are complete"
    yield from wrong_or_ok("state", pulumi_errors.state_problems(ROOT), finding)


def check_disk() -> Check:
    """Free space for images and volumes."""
    free = shutil.disk_usage(ROOT).free / _GIGABYTE
    finding = f"{free:.0f} GB free at {ROOT}"
    if free >= _DISK_GB:
        return Check("disk", "ok", finding)
    return Check("disk", "warning", finding, f"free {_DISK_GB} GB: images take about half of that")


def _pulumi() -> tuple[Check, bool]:
    """The check, and whether a CLI is installed."""
    try:
        cli = pulumi_binary.find_installed()
    except TdeployError as error:
        return Check("pulumi", "wrong", str(error), "correct or unset PULUMI_BIN"), False
    if cli is None:
        fix = f"with a network nothing: the first command installs it; else {HOW_TO_INSTALL}"
        return Check("pulumi", "warning", "not installed", fix), False
    if not cli.has_language_host:
        finding = f"{cli.version} at {cli.command} has no language host for Python beside it"
        fix = f"with a network nothing: `up` installs a complete one; else {HOW_TO_INSTALL}"
        return Check("pulumi", "wrong", finding, fix), True
    return Check("pulumi", "ok", f"{cli.version} at {cli.command}"), True


def _passphrase(profile: str) -> Check:
    name = "passphrase"
    variable = passphrase.user_variable()
    if variable is None and not (ROOT / passphrase.FILE).is_file():
        if passphrase.encrypted_stacks(ROOT):
            return wrong(name, passphrase.missing_message(ROOT))
        return Check(name, "ok", "created with the first stack")
    try:
        settings.require_passphrase(profile)
    except TdeployError as error:
        return wrong(name, str(error))
    return Check(name, "ok", f"in {variable or passphrase.FILE}")


def _settings(profile: str) -> tuple[ContainerSettings | None, Check]:
    name = "settings"
    model = CONTAINER_STACKS[profile]
    try:
        texts = settings.read(profile)
    except TdeployError as error:
        return None, wrong(name, str(error))
    values = {key: parsed(text) for key, text in texts.items() if key not in model.secrets}
    try:
        valid = model.model_validate(values, context=fullest_catalogue(model).overridable)
    except ValidationError as error:
        fix = (
            f"`tdeploy pulumi config set -s {profile} KEY VALUE`, or"
            f" `tdeploy pulumi config rm -s {profile} KEY`"
        )
        return None, Check(name, "wrong", "; ".join(problems(error, model)), fix)
    return valid, Check(name, "ok", f"Pulumi.{profile}.yaml is valid")


def _files(profile: str) -> Check:
    state = passphrase.STATES / f"{profile}.json"
    names = (passphrase.FILE.parent, passphrase.FILE, state.parent, state, f"Pulumi.{profile}.yaml")
    for path in (ROOT, *(ROOT / one for one in names)):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            return wrong("files", pulumi_errors.access_problem(ROOT, path, "permission denied"))
    return Check("files", "ok", f"{ROOT} can be read and written")
