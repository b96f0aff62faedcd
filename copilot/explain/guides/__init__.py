"""A guide for each rule: title, effect, likely causes and next checks."""

from types import MappingProxyType

from copilot.explain.guides import progress, queues, server_parts, services, stores, view, workflows

_PARTS = (view, services, progress, stores, server_parts, queues, workflows)
GUIDES = MappingProxyType({rule: guide for part in _PARTS for rule, guide in part.GUIDES.items()})
"""By rule."""
