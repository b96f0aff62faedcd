"""Names that a style has rewritten are matched to real ones; no other queue is asked."""

from copilot.signals.measurement import Measurement, NamespaceLoad, TaskFailures, WorkflowOutcome
from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.real_names import RealNames


def workflow(name: str, namespace: str = "default") -> QueueKey:
    return QueueKey(namespace=namespace, name=name, kind=QueueKind.WORKFLOW)


def activity(name: str, namespace: str = "default") -> QueueKey:
    return QueueKey(namespace=namespace, name=name, kind=QueueKind.ACTIVITY)


def measured(*queues: QueueKey) -> Measurement:
    return Measurement(readings={}, targets={}, active_queues=queues)


def test_a_queue_is_asked_only_by_a_name_that_is_known() -> None:
    real = RealNames(("default",), (workflow("order-fulfilment"), workflow("a_b")))
    before = measured(
        workflow("order_fulfilment"),
        activity("order_fulfilment"),
        workflow("a_b"),
        # Nothing in it can be rewritten.
        activity("orders"),
        # May be batch-jobs or batch.jobs.
        activity("batch_jobs"),
    )
    assert real.unknown(before.active_queues) == 1
    assert real.apply(before).active_queues == (
        workflow("order-fulfilment"),
        activity("order-fulfilment"),
        workflow("a_b"),
        activity("orders"),
    )


def test_all_queues_that_are_written_alike_are_asked() -> None:
    alike = (workflow("a-b"), workflow("a.b"), workflow("a_b"))
    assert RealNames((), alike).apply(measured(workflow("a_b"))).active_queues == alike


def test_a_queue_of_another_namespace_is_no_match() -> None:
    real = RealNames(("other-one", "default"), (workflow("a-b", "other-one"),))
    assert real.apply(measured(workflow("a_b"))).active_queues == ()
    found = real.apply(measured(workflow("a_b", "other_one"), workflow("c", "other_one")))
    assert found.active_queues == (workflow("a-b", "other-one"), workflow("c", "other-one"))


def test_evidence_has_real_names() -> None:
    outcome = WorkflowOutcome(
        namespace="my_team",
        task_queue="a_b",
        workflow_type="T",
        success_rate=1,
        failed_rate=0,
    )
    before = Measurement(
        readings={},
        targets={},
        outcomes=(outcome, outcome.model_copy(update={"task_queue": "c_d"})),
        refusals=(NamespaceLoad(namespace="my_team", request_rate=1, refused_rate=1),),
        task_failures=(TaskFailures(namespace="my_team", reason="x", rate=1),),
    )
    found = RealNames(("my-team",), (workflow("a-b", "my-team"),)).apply(before)
    assert [(one.namespace, one.task_queue) for one in found.outcomes] == [
        ("my-team", "a-b"),
        ("my-team", "c_d"),
    ]
    assert found.refusals[0].namespace == found.task_failures[0].namespace == "my-team"
