"""Stand-ins for the workflow that asks a model."""

from temporalio import workflow

from copilot.activities.models import AssessRequest, Told
from copilot.explain.explanation import ExplainedBy
from copilot.workflows.observe import ASSESS


@workflow.defn(name=ASSESS, sandboxed=False)
class Explains:
    """A model that answers."""

    @workflow.run
    async def run(self, request: AssessRequest) -> Told:
        assert request.cluster
        return Told(explained_by=ExplainedBy.DEEP_MODEL)


@workflow.defn(name=ASSESS, sandboxed=False)
class Fails:
    """A model that does not."""

    @workflow.run
    async def run(self, request: AssessRequest) -> Told:
        assert request.cluster
        return Told(failure="throttled")


@workflow.defn(name=ASSESS, sandboxed=False)
class Hangs:
    """A model that lets one wait."""

    @workflow.run
    async def run(self, request: AssessRequest) -> Told:
        assert request.cluster
        await workflow.wait_condition(lambda: False)
        raise AssertionError("unreachable")
