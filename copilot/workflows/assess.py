"""A model's reading of one cycle, whose template explanation is stored already.

Whatever fails, the template explanation stays and the loop that started this goes on.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from pydantic_ai import RunUsage, UsageLimits
    from pydantic_ai.exceptions import AgentRunError, UnexpectedModelBehavior

    from copilot.activities.assess import MOST_TOKENS, Assess
    from copilot.activities.models import (
        AssessmentResult,
        AssessRequest,
        ModelRun,
        ModelUsage,
        Preparation,
    )
    from copilot.model.agent import EXPLAINER, priced_as
    from copilot.model.failures import failure_reason, may_be_billed
    from copilot.model.prices import cost_usd

NAME = "Assess"
# The store has the cycle already, and the passages come within 12 s.
STORE_SECONDS = timedelta(seconds=50)
STORE_RETRIES = RetryPolicy(maximum_interval=timedelta(seconds=5))


@workflow.defn(name=NAME)
class AssessCycle:
    """Prepares the prompt, runs the model, saves the answer."""

    __pydantic_ai_agents__ = (EXPLAINER,)

    @workflow.run
    async def run(self, request: AssessRequest) -> AssessmentResult:
        preparation = await workflow.execute_activity_method(
            Assess.prepare_prompt,
            request,
            schedule_to_close_timeout=STORE_SECONDS,
            start_to_close_timeout=STORE_SECONDS / 2,
            retry_policy=STORE_RETRIES,
        )
        if preparation.refusal:
            return AssessmentResult(refusal=preparation.refusal)
        return await workflow.execute_activity_method(
            Assess.save_answer,
            await self._run_model(request, preparation),
            schedule_to_close_timeout=STORE_SECONDS,
            start_to_close_timeout=STORE_SECONDS / 2,
            retry_policy=STORE_RETRIES,
        )

    async def _run_model(self, request: AssessRequest, preparation: Preparation) -> ModelRun:
        usage = RunUsage()
        answer, failure = None, ""
        unanswered, reserved_tokens = 0, 0
        try:
            result = await EXPLAINER.run(
                preparation.prompt,
                model=preparation.model,
                usage=usage,
                usage_limits=UsageLimits(request_limit=preparation.requests),
                retries=preparation.requests - 1,
            )
            answer = result.output
        except (AgentRunError, FailureError) as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("%s: %s", preparation.model, error)
            failure = failure_reason(error, preparation.model)
            unanswered = not isinstance(error, UnexpectedModelBehavior)
            reserved_tokens = MOST_TOKENS if unanswered and may_be_billed(error) else 0
        return ModelRun(
            key=request.key,
            preparation=preparation,
            answer=answer,
            failure=failure,
            usage=ModelUsage(
                requests=usage.requests + unanswered,
                input_tokens=usage.input_tokens + reserved_tokens,
                output_tokens=usage.output_tokens,
                cost_usd=None if reserved_tokens else cost_usd(priced_as(preparation.model), usage),
            ),
        )
