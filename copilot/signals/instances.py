"""Processes of the cluster, asked directly: a dead one is told from a slow scrape at once."""

import asyncio
from collections.abc import Collection, Iterable

from copilot.signals.snapshot import Instance, Probe, Reading, Snapshot

_CONNECT_SECONDS = 2.0
MOST = 50
"""Instances that are asked; of a larger cluster, the first of each role."""


async def answers(name: str) -> bool | None:
    """Whether something listens at `name`, host:port of a scrape's `instance`.

    None when that cannot be known from here: a host that does not answer at all may be behind a
    firewall, and a name without a port is none that can be asked.
    """
    host, _, port = name.rpartition(":")
    if not host or not port.isdigit():
        return None
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except ConnectionRefusedError:
        return False
    except (OSError, TimeoutError):
        return None
    writer.close()
    return True


async def ask(names: Iterable[str]) -> dict[str, bool | None]:
    """`answers` of each name, all at once."""
    asked = tuple(names)
    return dict(zip(asked, await asyncio.gather(*map(answers, asked)), strict=True))


def names(snapshot: Snapshot) -> tuple[str, ...]:
    """Instances that the metrics store scrapes, at most `MOST`."""
    found = (one.name for group in snapshot.metrics.instances.values() for one in group)
    return tuple(dict.fromkeys(found))[:MOST]


def with_probe(snapshot: Snapshot, probe: Probe) -> Snapshot:
    """The snapshot with the look before it: instances that are known to be dead are down."""
    dead = set(probe.dead)
    metrics = snapshot.metrics
    instances = {role: _without(group, dead) for role, group in metrics.instances.items()}
    gone = {
        role: Reading.of(0)
        for role, group in instances.items()
        if group and not any(one.up for one in group)
    }
    changed = metrics.model_copy(
        update={"instances": instances, "targets": {**metrics.targets, **gone}}
    )
    return snapshot.model_copy(update={"metrics": changed, "probe": probe})


def _without(group: Iterable[Instance], dead: Collection[str]) -> tuple[Instance, ...]:
    return tuple(one.model_copy(update={"up": False}) if one.name in dead else one for one in group)
