"""The settings of a stack, in its file beside Pulumi.yaml."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from pulumi.automation import ConfigValue
from pulumi.automation.errors import CommandError, StackNotFoundError
from pydantic import ValidationError

from stacks.registry import STACKS
from stacks.settings import problems
from stacks.workspace import passphrase, pulumi_errors
from tdeploy.engine.project import (
    PROJECT,
    ROOT,
    create_stacks,
    environment,
    failure,
    message_of,
    open_stack,
    pulumi_cli,
    require_language_host,
)
from tdeploy.errors import NoError, TdeployError


def read(stack: str) -> dict[str, str]:
    """The settings by key, without the project's name. Secrets only of a stack that exists."""
    try:
        values = {key: one.value for key, one in open_stack(stack).get_all_config().items()}
    except StackNotFoundError:
        values = _plain_values(ROOT / f"Pulumi.{stack}.yaml")
    except CommandError as error:
        raise failure(f"cannot read the settings of {stack}", error) from error
    prefix = f"{PROJECT}:"
    return {
        key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)
    }


def write(stack: str, values: Mapping[str, str], *, secret: bool = False) -> None:
    """Write settings into the stack's file. Raises TdeployError, and writes none if one is wrong.

    A key such as `labels.role` is one of a group. Secrets are not validated.
    """
    if not secret:
        require_valid(stack, values)
    create_stacks()
    try:
        for key, value in values.items():
            config = ConfigValue(value, secret=secret)
            open_stack(stack).set_config(f"{PROJECT}:{key}", config, path="." in key)
    except CommandError as error:
        raise failure(f"cannot set {key} of {stack}", error) from error


@contextmanager
def kept_on_success(stack: str, values: Mapping[str, str]) -> Iterator[None]:
    """Write settings for the block, and restore the former file if it raises."""
    require_valid(stack, values)
    # The block runs the program; without a language host, fail before a build of the CLI.
    require_language_host()
    create_stacks()
    path = ROOT / f"Pulumi.{stack}.yaml"
    before = path.read_bytes()
    try:
        write(stack, values)
        yield
    except BaseException:
        # A file that was not written may not be writable.
        if path.read_bytes() != before:
            path.write_bytes(before)
        raise


def require_valid(stack: str, values: Mapping[str, str]) -> None:
    """Raise TdeployError if the stack refuses one of these settings."""
    model = STACKS[stack].settings
    nested: dict[str, object] = {key: text for key, text in values.items() if "." not in key}
    for group in {key.partition(".")[0] for key in values if "." in key}:
        begin = f"{group}."
        nested[group] = {
            key.removeprefix(begin): text for key, text in values.items() if key.startswith(begin)
        }
    try:
        model.model_validate(nested)
    except ValidationError as error:
        raise TdeployError(f"wrong settings: {'; '.join(problems(error, model))}") from error


def require_equal(
    stack: str, expected: Mapping[str, str | None], actual: Mapping[str, str | None]
) -> None:
    """Raise NoError if a value that the user expects is not the stack's."""
    for name, value in expected.items():
        if value and actual.get(name) != value:
            raise NoError(
                f"the stack {stack} has {name} {actual.get(name) or 'not set'}, not {value}:"
                " docs/stacks.md lists the settings that choose it"
            )


def require_passphrase(stack: str) -> None:
    """Raise TdeployError if the passphrase is not that of the stack. Changes nothing."""
    path = ROOT / f"Pulumi.{stack}.yaml"
    try:
        if passphrase.SALT.encode() not in path.read_bytes():
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise TdeployError(pulumi_errors.access_problem(ROOT, path, error.strerror)) from error
    # Pulumi checks its passphrase only when it writes a secret, here into a copy.
    with TemporaryDirectory() as folder:
        copy = str(shutil.copyfile(path, Path(folder) / path.name))
        arguments = ["config", "set", "--stack", stack, "--config-file", copy]
        try:
            pulumi_cli().run([*arguments, "--secret", "probe", "0"], str(ROOT), environment())
        except CommandError as error:
            raise TdeployError(message_of(error)) from error


def _plain_values(path: Path) -> dict[str, str]:
    """The values in a stack's file in Pulumi's form, without secrets."""
    if not path.is_file():
        return {}
    for problem in pulumi_errors.settings_problems(path.parent, path.name):
        raise TdeployError(problem)
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in (content.get("config") or {}).items()
        if not (isinstance(value, dict) and "secure" in value)
    }
