"""One question to a model about one cycle, whose template assessment is stored already.

It may fail in any way: the template's words stay, and the loop that started it goes on.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from pydantic_ai import RunUsage
    from pydantic_ai.exceptions import AgentRunError

    from copilot.activities.assess import Assess
    from copilot.activities.models import AssessRequest, Conclusion, Preparation, Told, Took
    from copilot.model import EXPLAINER, ONE_REQUEST, cost_usd, reason, was_refused

NAME = "Assess"
# The store has the cycle already, and knowledge comes within 12 s: what takes longer, nobody needs.
STORE_SECONDS = timedelta(seconds=50)
STORE_RETRIES = RetryPolicy(maximum_interval=timedelta(seconds=5))


@workflow.defn(name=NAME)
class AssessCycle:
    """Prepares, asks once, concludes."""

    __pydantic_ai_agents__ = (EXPLAINER,)

    @workflow.run
    async def run(self, request: AssessRequest) -> Told:
        preparation = await workflow.execute_activity_method(
            Assess.prepare,
            request,
            schedule_to_close_timeout=STORE_SECONDS,
            start_to_close_timeout=STORE_SECONDS / 2,
            retry_policy=STORE_RETRIES,
        )
        if preparation.refusal:
            return Told(refusal=preparation.refusal)
        return await workflow.execute_activity_method(
            Assess.conclude,
            await self._ask(request, preparation),
            schedule_to_close_timeout=STORE_SECONDS,
            start_to_close_timeout=STORE_SECONDS / 2,
            retry_policy=STORE_RETRIES,
        )

    async def _ask(self, request: AssessRequest, preparation: Preparation) -> Conclusion:
        usage = RunUsage()
        answer, failure = None, ""
        try:
            result = await EXPLAINER.run(
                preparation.prompt,
                model=preparation.model,
                usage=usage,
                usage_limits=ONE_REQUEST,
            )
            answer = result.output
        except (AgentRunError, FailureError) as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("%s: %s", preparation.model, error)
            failure = reason(error, preparation.model)
            if not usage.input_tokens and not was_refused(error):
                # It may have been generated and billed: what was set aside for it stays spent.
                return Conclusion(key=request.key, preparation=preparation, failure=failure)
        return Conclusion(
            key=request.key,
            preparation=preparation,
            answer=answer,
            failure=failure,
            took=Took(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cost_usd=cost_usd(preparation.model, usage),
            ),
        )
