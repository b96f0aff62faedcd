"""Which targets make one Temporal cluster: labels whose values divide them into whole clusters."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from copilot.discover.targets import Target
from copilot.signals.roles import Role

# Without one of them a cluster does nothing; the worker service may be left unscraped.
_NEEDED = frozenset({Role.FRONTEND, Role.HISTORY, Role.MATCHING})

TENANT = "__tenant_id__"
"""The label that Mimir adds to the series of several tenants; no series has it otherwise."""

_CLUSTERS = (
    r"temporal_cluster",
    r"cluster",
    r"(.*_)?cluster(_.*)?",
    r"__tenant_id__|(.*_)?tenant(_.*)?",
)
_SURROUNDINGS = (
    r"(.*_)?(env|environment|stage|stack|region|account|project|customer|team|org)(_.*)?",
    r"(.*_)?namespace(_.*)?",
    r"app_kubernetes_io_instance|(.*_)?release(_.*)?",
)
"""Names of labels whose values may be clusters, the clearest first.

No others, although the values of `zone` or `version` may also divide the targets into parts with
all roles: those of one cluster.
"""
_WITHIN = re.compile(
    r"(.*_)?(zone|node|host|hostname|pod|instance|ip|rack|version|hash|image|uid|id|chart|replica"
    r"|prometheus|receive|container|service|endpoint|job|component|role)(_.*)?"
)
_REPLICA = re.compile(r"(.*_)?replica(_.*)?|prometheus")


class Sureness(IntEnum):
    """How sure a proposed value is."""

    GUESS = 1
    LIKELY = 2
    SURE = 3


@dataclass(frozen=True)
class Part:
    """The targets of one cluster, with the labels and values that select them and no others."""

    targets: tuple[Target, ...]
    selection: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sureness: Sureness = Sureness.SURE
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(role for target in self.targets for role in target.roles)

    @property
    def is_whole(self) -> bool:
        return self.roles >= _NEEDED

    @property
    def is_own(self) -> bool:
        """Whether it is the Temporal of a Copilot."""
        return any(target.is_own for target in self.targets)

    def values(self, label: str) -> tuple[str, ...]:
        return tuple(sorted({target.labels.get(label, "") for target in self.targets}))

    def constant(self, label: str) -> str:
        """The label's value where all targets have the same, else an empty text."""
        values = self.values(label)
        return values[0] if len(values) == 1 else ""


def split(targets: Iterable[Target]) -> tuple[Part, ...]:
    """The clusters among the targets, as far as labels tell them apart."""
    everything = tuple(targets)
    parts = [Part(everything)] if everything else []
    for name in _labels(everything, _CLUSTERS):
        parts = [one for part in parts for one in _divided(part, name, any)]
    for name in _labels(everything, _SURROUNDINGS):
        parts = [one for part in parts for one in _divided(part, name, all)]
    parts = [one for part in parts for one in _by_job(part)]
    return tuple(_selected(part) for part in parts)


def _labels(targets: Iterable[Target], patterns: Sequence[str]) -> list[str]:
    """The labels with these names, in the order of the patterns."""
    names = sorted({name for target in targets for name in target.labels})
    return [name for pattern in patterns for name in names if re.fullmatch(pattern, name)]


def _divided(part: Part, label: str, enough: Callable[[Iterator[bool]], bool]) -> list[Part]:
    """A part for each value of the label where `enough` of them are whole, else the part itself."""
    parts = [
        replace(part, targets=group, selection=(*part.selection, (label, (value,))))
        for value, group in _by_value(part.targets, label)
    ]
    return parts if len(parts) > 1 and enough(one.is_whole for one in parts) else [part]


def _by_job(part: Part) -> list[Part]:
    """Parts by the names of their jobs without a role: `a-frontend`, `a-history`; `b-frontend`."""
    whole: list[Part] = []
    rest: list[Target] = []
    for _, group in _groups(part.targets, _job_without_role):
        one = replace(part, targets=group, sureness=Sureness.LIKELY)
        if one.is_whole:
            whole.append(one)
        else:
            rest += group
    if rest:
        whole.append(replace(part, targets=tuple(rest), sureness=Sureness.LIKELY))
    if len(whole) == 1 or not all(one.is_whole for one in whole):
        return [part]
    parts = [replace(one, selection=(*one.selection, ("job", one.values("job")))) for one in whole]
    return _scraped_once(parts)


def _scraped_once(parts: Sequence[Part]) -> list[Part]:
    """Without parts whose instances are those of another one: another job scrapes them, too."""
    kept: dict[tuple[str, ...], Part] = {}
    # The most jobs first: they tell roles apart.
    for part in sorted(parts, key=lambda one: -len(one.values("job"))):
        instances = part.values("instance")
        if instances in kept:
            other = kept[instances]
            note = f"the same instances are also scraped by job {', '.join(part.values('job'))}"
            kept[instances] = replace(other, notes=(*other.notes, note))
        else:
            kept[instances] = part
    return list(kept.values())


def _job_without_role(target: Target) -> str:
    if len(target.roles) != 1:
        return target.job
    (role,) = target.roles
    return re.sub(rf"(?<![a-z]){role}(?![a-z])", "*", target.job)


def _selected(part: Part) -> Part:
    """The part with labels that select it also from clusters that are added later."""
    names = {name for name, _ in part.selection} - {TENANT}
    clusters = _constants(part, (*_CLUSTERS, _SURROUNDINGS[0]))
    namespaces = _constants(part, _SURROUNDINGS[1:])
    chosen = list(part.selection)
    for constants in (clusters, namespaces):
        if constants and not {name for name, _ in constants} & names:
            chosen.append(constants[0])
            names.add(constants[0][0])
    if not names:
        chosen.append(("job", part.values("job")))
    by_job = any(name == "job" for name, _ in chosen)
    sureness = min(part.sureness, Sureness.LIKELY if by_job else Sureness.SURE)
    notes = (*part.notes, *_doubts(replace(part, selection=tuple(chosen))))
    return replace(
        part,
        selection=tuple(chosen),
        sureness=min(sureness, Sureness.LIKELY) if notes else sureness,
        reason=_reason(part),
        notes=notes,
    )


def _constants(part: Part, patterns: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    names = _labels(part.targets, patterns)
    constants = [(name, (value,)) for name in names if (value := part.constant(name))]
    return [one for one in constants if one[0] != TENANT]


def _reason(part: Part) -> str:
    count = len(part.targets)
    targets = "1 target" if count == 1 else f"{count} targets"
    if part.selection:
        names = " and ".join(name for name, _ in part.selection)
        return f"{names} divides the Temporal servers of the store into clusters; {targets} here"
    return f"all Temporal servers of the store have it: {targets}"


def _doubts(part: Part) -> Iterator[str]:
    """What may make several clusters of the part, or doubles it."""
    names = sorted({name for target in part.targets for name in target.labels})
    for name in names:
        groups = _by_value(part.targets, name)
        if _REPLICA.fullmatch(name) and len(groups) > 1:
            places = [{(t.job, t.labels.get("instance")) for t in group} for _, group in groups]
            if set.intersection(*places):
                yield f"each series is there {len(groups)} times, told apart by {name}"
            continue
        if _WITHIN.fullmatch(name) or name in dict(part.selection):
            continue
        if len(groups) > 1 and all(Part(group).is_whole for _, group in groups):
            values = ", ".join(value or "none" for value, _ in groups)
            yield f"if the values of {name} ({values}) are clusters, add it to the matcher"
    alike = [target for target in part.targets if target.roles >= _NEEDED]
    is_named = any(re.fullmatch("|".join(_CLUSTERS), name) for name, _ in part.selection)
    if len(alike) > 1 and not is_named:
        yield f"{len(alike)} processes have all roles and no label that tells clusters apart"


def _by_value(targets: Iterable[Target], label: str) -> list[tuple[str, tuple[Target, ...]]]:
    return _groups(targets, lambda target: target.labels.get(label, ""))


def _groups(
    targets: Iterable[Target], key: Callable[[Target], str]
) -> list[tuple[str, tuple[Target, ...]]]:
    found: defaultdict[str, list[Target]] = defaultdict(list)
    for target in targets:
        found[key(target)].append(target)
    return [(value, tuple(group)) for value, group in sorted(found.items())]
