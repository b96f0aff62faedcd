"""Before and after a model is asked: what it is told, whether it may be asked, what it may say."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from copilot.activities.models import AssessRequest, Conclusion, Preparation, Told, Took
from copilot.activities.store_access import StoreAccess
from copilot.explain.answer import AnswerError, admitted
from copilot.explain.assessment import Depth
from copilot.explain.brief import MAX_CHARACTERS, Reference, brief
from copilot.explain.budget import Limits
from copilot.explain.explanation import Citation, ExplainedBy, Explanation
from copilot.explain.trends import Trend, trend
from copilot.health.decision import Decision
from copilot.knowledge.retriever import Query, Retriever
from copilot.model import MAX_OUTPUT_TOKENS
from copilot.self_metrics import SelfMetrics
from copilot.settings import Settings
from copilot.store.rows import ModelAnswer

# Ten cycles are five minutes: what went before has another cause.
TREND_CYCLES = 10
# The prompt, at three characters a token, with instructions and schema, and the longest answer.
MOST_TOKENS = MAX_CHARACTERS // 3 + 1_200 + MAX_OUTPUT_TOKENS


class Assess:
    """Both raise StoreError while the store is away: a call that is not counted is not made."""

    def __init__(
        self,
        *,
        store: StoreAccess,
        settings: Settings,
        retriever: Retriever,
        metrics: SelfMetrics,
        unusable: Mapping[str, str],
    ) -> None:
        """`unusable` says of a model why it cannot be asked here."""
        self._store = store
        self._unusable = unusable
        self._models = {
            Depth.QUICK: settings.model,
            Depth.DEEP: settings.deep_model or settings.model,
        }
        self._limits = Limits(
            calls_per_hour=settings.model_calls_per_hour,
            tokens_per_day=settings.model_tokens_per_day,
        )
        self._retriever = retriever
        self._metrics = metrics

    @activity.defn
    async def prepare(self, request: AssessRequest) -> Preparation:
        """Write the prompt, and note the call before it is made, so that each one counts."""
        async with self._store.use() as repository:
            record = await repository.cycle(request.key)
            assessment = await repository.assessment(request.key)
            if record is None or assessment is None:
                raise ApplicationError(
                    f"cycle {request.key} of {request.cluster} is not stored", non_retryable=True
                )
            decision = record.decision
            recent = await repository.decisions(request.cluster, decision.at, TREND_CYCLES)
        found = await self._retriever.passages(Query.of(decision))
        references = tuple(
            Reference(
                citation=Citation(
                    document=passage.document, heading=passage.heading, uri=passage.uri
                ),
                text=passage.text,
            )
            for passage in found.passages
        )
        trends = _trends(recent)
        told = brief(decision, record.snapshot, trends, references)
        model = self._models[assessment.depth]
        async with self._store.use() as repository:
            refusal = self._unusable.get(model) or await repository.ask_model(
                request.key, model, self._limits, tokens=MOST_TOKENS, now=datetime.now(UTC)
            )
            if refusal:
                await repository.note(request.key, "; ".join(filter(None, (refusal, found.note))))
        if refusal:
            activity.logger.info("the template explains: %s", refusal)
        return Preparation(
            refusal=refusal,
            model=model,
            prompt=told.prompt,
            references=references,
            trends=trends,
            note=found.note,
        )

    @activity.defn
    async def conclude(self, conclusion: Conclusion) -> Told:
        """Let through what the answer may say, and store it, or why the template's words stay."""
        async with self._store.use() as repository:
            record = await repository.cycle(conclusion.key)
            assessment = await repository.assessment(conclusion.key)
            if record is None or assessment is None:
                raise ApplicationError(
                    f"cycle {conclusion.key} is stored no longer", non_retryable=True
                )
            deep = assessment.depth is Depth.DEEP
            by = ExplainedBy.DEEP_MODEL if deep else ExplainedBy.QUICK_MODEL
            explanation: Explanation | None = None
            failure = conclusion.failure
            preparation = conclusion.preparation
            if conclusion.answer:
                told = brief(
                    record.decision, record.snapshot, preparation.trends, preparation.references
                )
                try:
                    explanation = admitted(
                        conclusion.answer, record.decision, record.explanation, told, by
                    )
                except AnswerError as error:
                    failure = f"the answer of {preparation.model} was refused: {error}"
            took = conclusion.took or Took(
                input_tokens=assessment.input_tokens, output_tokens=0, cost_usd=None
            )
            await repository.conclude(
                conclusion.key,
                ModelAnswer(
                    explanation=explanation,
                    **took.model_dump(),
                    failure=failure,
                    note=preparation.note,
                ),
            )
        if explanation:
            self._metrics.assessed(assessment.trigger, by)
        self._metrics.asked(
            assessment.depth,
            input_tokens=took.input_tokens,
            output_tokens=took.output_tokens,
            cost_usd=took.cost_usd,
            failed=bool(failure),
        )
        if failure:
            activity.logger.warning("the template explains: %s", failure)
        return Told(explained_by=by if explanation else ExplainedBy.RULES, failure=failure)


def _trends(recent: Sequence[Decision]) -> dict[str, Trend]:
    """Of each fired gate's signal, as the gates observed it; and of progress and demand."""
    if not recent:
        return {}
    found = {
        "workflow updates": trend(recent[-1].memory.update_rates[-TREND_CYCLES:]),
        "starts asked for": trend(recent[-1].memory.demand_rates[-TREND_CYCLES:]),
    }
    for gate in recent[-1].fired:
        values = [
            other.observed
            for decision in recent
            for other in decision.gates
            if (other.name, other.subject, other.threshold, other.severity)
            == (gate.name, gate.subject, gate.threshold, gate.severity)
            and other.observed is not None
        ]
        found[gate.signal] = trend(values)
    return found
