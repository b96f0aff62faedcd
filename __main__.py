"""The Pulumi program: read the stack's settings, declare the stack."""

import pulumi

from stacks import configuration
from stacks.registry import STACKS
from stacks.workspace import state_files

name = pulumi.get_stack()
if name not in STACKS:
    raise pulumi.RunError(f"this project has no stack {name}: use {', '.join(STACKS)}")
if not pulumi.runtime.is_dry_run():
    state_files.trim_history(name)
stack = STACKS[name]
stack.program.declare(configuration.load(stack.settings))
