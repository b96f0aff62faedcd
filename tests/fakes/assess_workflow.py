"""Fakes of the workflow Assess."""

from temporalio import workflow

from copilot.activities.models import AssessmentResult, AssessRequest
from copilot.explain.explanation import ExplainedBy
from copilot.workflows.model_readings import ASSESS


@workflow.defn(name=ASSESS, sandboxed=False)
class Explains:
    """A model that answers."""

    @workflow.run
    async def run(self, request: AssessRequest) -> AssessmentResult:
        assert request.cluster
        return AssessmentResult(explained_by=ExplainedBy.DEEP_MODEL)


@workflow.defn(name=ASSESS, sandboxed=False)
class Fails:
    """A model that fails."""

    @workflow.run
    async def run(self, request: AssessRequest) -> AssessmentResult:
        assert request.cluster
        return AssessmentResult(failure="throttled")


@workflow.defn(name=ASSESS, sandboxed=False)
class Hangs:
    """A model that never answers."""

    @workflow.run
    async def run(self, request: AssessRequest) -> AssessmentResult:
        assert request.cluster
        await workflow.wait_condition(lambda: False)
        raise AssertionError("unreachable")
