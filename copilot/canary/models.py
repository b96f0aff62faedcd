"""Input and output of the probe's activity. Field names are in recorded histories."""

from copilot.canary.sweep import Sweep
from copilot.signals.probe import Probe
from copilot.signals.queue import QueueKey
from copilot.signals.reading import Frozen


class ProbeRequest(Frozen):
    """Look at the cluster for `seconds`, or until its troubles are others than `known`.

    `chain` names the loop, and so the canary's workflows; `sweep` goes on from the last look.
    `instances` are the cluster's processes by the address of their metrics, `reached` those that
    answered there. `queues` are some of its task queues.
    """

    cluster: str
    chain: str
    seconds: float
    known: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    queues: tuple[QueueKey, ...] = ()
    sweep: Sweep = Sweep()


class ProbeResult(Frozen):
    """`turned` is True when `troubles` differ from those known before."""

    probe: Probe
    sweep: Sweep
    reached: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    turned: bool = False
