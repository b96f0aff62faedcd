"""What the metrics store answers in one cycle."""

from enum import StrEnum

from pydantic import Field, FiniteFloat

from copilot.signals.queue import QueueKey
from copilot.signals.reading import Absence, Frozen, Reading
from copilot.signals.roles import Role


class WorkflowOutcome(Frozen):
    """Completions a second of one workflow type on one queue."""

    namespace: str
    task_queue: str
    workflow_type: str
    success_rate: FiniteFloat
    failed_rate: FiniteFloat


class NamespaceLoad(Frozen):
    """Requests a second of one namespace at the frontend, and how many a limit refused.

    `newly_refused_rate` is that of the newest scrapes; None where it is not known.
    """

    namespace: str
    request_rate: FiniteFloat
    refused_rate: FiniteFloat
    newly_refused_rate: FiniteFloat | None = None


class TaskFailures(Frozen):
    """Workflow tasks of one namespace that fail for one reason, a second over the long window."""

    namespace: str
    reason: str
    rate: FiniteFloat


class DeadLetters(Frozen):
    """Tasks of one category put into the dead letter queue in the long window."""

    category: str
    written: FiniteFloat


class StoreErrors(Frozen):
    """Calls to the store that fail with one type of error, a second."""

    error_type: str
    rate: FiniteFloat


class SizeKind(StrEnum):
    """Sizes of workflows that the server limits."""

    HISTORY_EVENTS = "history_events"
    HISTORY_BYTES = "history_bytes"
    PAYLOAD_BYTES = "payload_bytes"
    STATE_BYTES = "state_bytes"  # what the server keeps of a workflow beside its history


class LargestSize(Frozen):
    """The largest in one namespace in the long window, rounded up to a bound of its histogram."""

    kind: SizeKind
    namespace: str
    size: FiniteFloat


class OversizedRequests(Frozen):
    """How many requests were refused for the size of a payload in the long window."""

    namespace: str
    operation: str
    count: FiniteFloat


class OwnedShards(Frozen):
    """History shards of one instance, by the label of its scrapes that names an instance."""

    instance: str
    shards: FiniteFloat


class RoleCalls(Frozen):
    """Calls of other services to a role, a second; `unavailable_rate` found nobody who answers."""

    role: str
    rate: FiniteFloat
    unavailable_rate: FiniteFloat


class Instance(Frozen):
    """One process of a role, by the label of its scrapes that names an instance.

    `answers` is whether it answers when it is asked directly, which it is when its scrapes fail;
    None where that is not known. `address` is the host:port that is scraped; empty where the name
    is that.
    """

    name: str
    up: bool
    answers: bool | None = None
    address: str = ""

    @property
    def asked_at(self) -> str:
        """Where the process can be asked directly."""
        return self.address or self.name

    @property
    def is_down(self) -> bool:
        return not self.up and not self.answers

    @property
    def is_unscraped(self) -> bool:
        """It runs, but its metrics are missing."""
        return not self.up and bool(self.answers)


class InstanceRoles(Frozen):
    """The roles that the series of an instance told, whose scrapes' labels do not tell them.

    `label` is the value of the label that tells roles elsewhere, `name` the instance's.
    """

    label: str
    name: str
    roles: tuple[Role, ...]


class DroppedSamples(Frozen):
    """The share of the samples of a scrape job that are read and not kept."""

    job: str
    share: FiniteFloat


class Measurement(Frozen):
    """The answers of the metrics store in one cycle.

    `newest` has some readings over the newest scrapes alone; empty where one of these is missing.

    `readings` has one entry a signal of the catalogue. `targets` has one entry a role of the
    cluster (`frontend`, `history`, `matching`, `worker`): the highest `up` of its instances, 1 or
    0, or why it is not known, as where none is up but one answers. `instances` are the role's, as
    far as they are scraped now; empty in snapshots of earlier versions. `learned_roles` are for the
    next cycle, which another worker may collect. `source_absence` is set
    when the store itself did not answer; every reading is then missing for that reason.
    `active_queues` are the queues in the server's own series; `suspected_queues` and
    `suspected_namespaces` have late tasks by them, the latter tasks of Temporal's own workflows.
    They choose what is asked, and are left out of JSON: a large cluster has thousands of queues.
    `queues_absence` is why it is not known which queues have late tasks.
    `duplicates` are instances whose series the store has several times, `dropped` are jobs of which
    not all samples are kept. `identities` are the values of a label that tells clusters apart, as
    matchers, where the instances of one role have several.
    """

    readings: dict[str, Reading]
    newest: dict[str, Reading] = Field(default_factory=dict)
    targets: dict[str, Reading]
    instances: dict[str, tuple[Instance, ...]] = Field(default_factory=dict)
    learned_roles: tuple[InstanceRoles, ...] = ()
    outcomes: tuple[WorkflowOutcome, ...] = ()
    active_queues: tuple[QueueKey, ...] = Field((), exclude=True)
    suspected_queues: tuple[QueueKey, ...] = Field((), exclude=True)
    suspected_namespaces: tuple[str, ...] = Field((), exclude=True)
    queues_absence: Absence | None = Field(None, exclude=True)
    duplicates: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    dropped: tuple[DroppedSamples, ...] = ()
    refusals: tuple[NamespaceLoad, ...] = ()
    task_failures: tuple[TaskFailures, ...] = ()
    dead_letters: tuple[DeadLetters, ...] = ()
    store_errors: tuple[StoreErrors, ...] = ()
    owned_shards: tuple[OwnedShards, ...] = ()
    role_calls: tuple[RoleCalls, ...] = ()
    oversized: tuple[OversizedRequests, ...] = ()
    largest: tuple[LargestSize, ...] = ()
    source_absence: Absence | None = None
    source_detail: str = ""
