"""The Pulumi program: read the stack's settings, declare the stack."""

from importlib import import_module

import pulumi

STACKS = ("dev", "copilot", "local")

stack = pulumi.get_stack()
if stack not in STACKS:
    raise pulumi.RunError(f"there is no stack {stack} in this project: use {', '.join(STACKS)}")
# Only the chosen stack's module, because the others would load the AWS SDK for nothing.
module = import_module(f"stacks.{stack}")
module.declare(module.configured())
