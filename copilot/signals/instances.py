"""Processes of the cluster, asked directly: a dead one is told from a slow scrape at once."""

import asyncio
from collections.abc import Collection, Iterable, Mapping

from copilot.signals.measurement import Instance, Measurement
from copilot.signals.probe import Probe
from copilot.signals.reading import Absence, Reading
from copilot.signals.snapshot import Snapshot

_CONNECT_SECONDS = 2.0
_REQUEST = b"HEAD / HTTP/1.0\r\n\r\n"
MOST = 50
"""Instances that are asked; of a larger cluster, the first of each role."""


async def answers(name: str) -> bool | None:
    """Whether something listens at `name`, the host:port of a scrape.

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


async def responds(name: str, seconds: float) -> bool | None:
    """Whether the process at `name` answers a request, or at least refuses it, within `seconds`.

    False when nothing listens. None when that cannot be known: a process that hangs accepts
    connections as well, and answers nothing.
    """
    host, _, port = name.rpartition(":")
    if not host or not port.isdigit():
        return None
    writer = None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.write(_REQUEST)
            await reader.read(1)  # nothing where it closes the connection, which is an answer
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        return True
    except (OSError, TimeoutError):
        return None
    finally:
        if writer:
            writer.close()
    return True


async def ask(names: Iterable[str]) -> dict[str, bool | None]:
    """`answers` of each name, all at once."""
    asked = tuple(names)
    return dict(zip(asked, await asyncio.gather(*map(answers, asked)), strict=True))


def addresses(snapshot: Snapshot) -> tuple[str, ...]:
    """Where instances that the metrics store scrapes can be asked, at most `MOST`."""
    found = (one.asked_at for group in snapshot.metrics.instances.values() for one in group)
    return tuple(dict.fromkeys(found))[:MOST]


async def ask_unscraped(measured: Measurement, seconds: float) -> Measurement:
    """The measurement with what the instances answer whose scrapes fail, at most `MOST`."""
    groups = measured.instances.values()
    failing = [one.asked_at for group in groups for one in group if not one.up]
    asked = failing[:MOST]
    given = await asyncio.gather(*(responds(name, seconds) for name in asked))
    return with_answers(measured, dict(zip(asked, given, strict=True)))


def with_answers(measured: Measurement, answers: Mapping[str, bool | None]) -> Measurement:
    """With what addresses answer: a role that is not scraped but answers is not down.

    What it exports is missing.
    """
    instances = {role: _answered(group, answers) for role, group in measured.instances.items()}
    unscraped = {
        role: _cannot_be_scraped(group)
        for role, group in instances.items()
        if any(one.is_unscraped for one in group) and not any(one.up for one in group)
    }
    return measured.model_copy(
        update={"instances": instances, "targets": {**measured.targets, **unscraped}}
    )


def _answered(
    group: Iterable[Instance], answers: Mapping[str, bool | None]
) -> tuple[Instance, ...]:
    return tuple(
        one.model_copy(update={"answers": answers[one.asked_at]})
        if one.asked_at in answers
        else one
        for one in group
    )


def _cannot_be_scraped(group: Iterable[Instance]) -> Reading:
    names = ", ".join(one.name for one in group if one.is_unscraped)
    return Reading.missing(Absence.BAD_ANSWER, f"{names}: answers, but its scrapes fail")


def with_probe(snapshot: Snapshot, probe: Probe) -> Snapshot:
    """The snapshot with the look before it: instances that are known to be dead are down."""
    dead = set(probe.dead)
    metrics = snapshot.metrics
    instances = {role: _without(group, dead) for role, group in metrics.instances.items()}
    gone = {
        role: Reading.of(0)
        for role, group in instances.items()
        if group and all(one.is_down for one in group)
    }
    changed = metrics.model_copy(
        update={"instances": instances, "targets": {**metrics.targets, **gone}}
    )
    return snapshot.model_copy(update={"metrics": changed, "probe": probe})


def _without(group: Iterable[Instance], dead: Collection[str]) -> tuple[Instance, ...]:
    return tuple(
        one.model_copy(update={"up": False}) if one.asked_at in dead else one for one in group
    )
