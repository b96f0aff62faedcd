"""The activities before and after a model's requests: write the prompt, save the answer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError

from copilot.activities.models import (
    AssessmentResult,
    AssessRequest,
    ModelRun,
    ModelUsage,
    Preparation,
)
from copilot.activities.store_access import StoreAccess
from copilot.explain.assessment import Depth
from copilot.explain.explanation import Citation, ExplainedBy, Explanation
from copilot.health.decision import Decision
from copilot.knowledge.passage import Passage
from copilot.knowledge.query import Query
from copilot.knowledge.retriever import Retriever
from copilot.model.agent import MAX_OUTPUT_TOKENS
from copilot.model.answer import find_problem, with_reading
from copilot.model.budget import Limits
from copilot.model.prompt import MAX_CHARACTERS, Reference, write_prompt
from copilot.model.trends import Trend, trend
from copilot.settings import Settings
from copilot.store.records import CycleRecord, ModelAnswer, StoredAssessment
from copilot.store.repository import Repository
from copilot.worker.metrics import WorkerMetrics

# Ten cycles are five minutes: what went before has another cause.
TREND_CYCLES = 10
# The prompt, at three characters a token, with instructions and schema, and the longest answer.
MOST_TOKENS = MAX_CHARACTERS // 3 + 1_200 + MAX_OUTPUT_TOKENS
# By the number of requests; the second one contains the first answer.
MOST_TOKENS_OF_REQUESTS = {1: MOST_TOKENS, 2: 2 * MOST_TOKENS + MAX_OUTPUT_TOKENS}


class Assess:
    """Both activities raise StoreError while the store is away: no request without its count."""

    def __init__(
        self,
        *,
        store: StoreAccess,
        settings: Settings,
        retriever: Retriever,
        metrics: WorkerMetrics,
        clusters: Callable[[], int],
        unusable: Mapping[str, str],
    ) -> None:
        """`clusters` returns how many share the budget of models.

        `unusable` has the reason for each model that cannot be used here.
        """
        self._store = store
        self._unusable = unusable
        self._models = {
            Depth.QUICK: settings.model,
            Depth.DEEP: settings.deep_model or settings.model,
        }
        self._settings = settings
        self._clusters = clusters
        self._retriever = retriever
        self._metrics = metrics

    @activity.defn(name="prepare")
    async def prepare_prompt(self, request: AssessRequest) -> Preparation:
        """Write the prompt, and count the requests before they are sent."""
        async with self._store.use() as repository:
            record, assessment = await _stored(repository, request.key)
            decision = record.decision
            recent = await repository.decisions(request.cluster, decision.at, TREND_CYCLES)
        found = await self._retriever.passages(Query.of(decision))
        references = tuple(map(_reference, found.passages))
        trends = _trends(recent)
        prompt = write_prompt(decision, record.snapshot, trends, references)
        model = self._models[assessment.depth]
        async with self._store.use() as repository:
            refusal, requests = self._unusable.get(model, ""), 0
            if not refusal:
                refusal, requests = await self._reserve(repository, request.key, model)
            if refusal:
                await repository.add_note(
                    request.key, "; ".join(filter(None, (refusal, found.note)))
                )
        if refusal:
            activity.logger.info("no reading by a model: %s", refusal)
        return Preparation(
            refusal=refusal,
            model=model,
            prompt=prompt.text,
            references=references,
            trends=trends,
            note=found.note,
            requests=requests,
        )

    async def _reserve(self, repository: Repository, key: UUID, model: str) -> tuple[str, int]:
        """Why no request may be sent, and how many the budget allows."""
        limits = Limits(
            calls_per_hour=self._settings.model_calls_per_hour,
            tokens_per_day=self._settings.model_tokens_per_day,
            clusters=self._clusters(),
        )
        refusal = ""
        for requests, tokens in sorted(MOST_TOKENS_OF_REQUESTS.items(), reverse=True):
            refusal = await repository.reserve_model_call(
                key, model, limits, tokens=tokens, now=datetime.now(UTC), requests=requests
            )
            if not refusal:
                return "", requests
        return refusal, 0

    @activity.defn(name="conclude")
    async def save_answer(self, run: ModelRun) -> AssessmentResult:
        """Check the answer, and store the reading, or why there is none."""
        preparation, failure = run.preparation, run.failure
        explanation: Explanation | None = None
        async with self._store.use() as repository:
            record, assessment = await _stored(repository, run.key)
            deep = assessment.depth is Depth.DEEP
            by = ExplainedBy.DEEP_MODEL if deep else ExplainedBy.QUICK_MODEL
            if run.answer and (problem := find_problem(run.answer, preparation.prompt)):
                failure = f"the answer of {preparation.model} was refused: {problem}"
            elif run.answer:
                prompt = write_prompt(
                    record.decision, record.snapshot, preparation.trends, preparation.references
                )
                explanation = with_reading(
                    record.explanation, run.answer, record.decision, prompt, by
                )
            usage = run.usage or ModelUsage(
                requests=preparation.requests,
                input_tokens=assessment.input_tokens,
                output_tokens=0,
                cost_usd=None,
            )
            await repository.save_model_answer(
                run.key,
                ModelAnswer(
                    explanation=explanation,
                    **usage.model_dump(),
                    failure=failure,
                    note=preparation.note,
                ),
            )
        if explanation:
            self._metrics.count_assessment(assessment.trigger, by)
        self._metrics.count_model_call(assessment.depth, **usage.model_dump(), failed=bool(failure))
        if failure:
            activity.logger.warning("no reading by a model: %s", failure)
        return AssessmentResult(
            explained_by=by if explanation else ExplainedBy.RULES, failure=failure
        )


async def _stored(repository: Repository, key: UUID) -> tuple[CycleRecord, StoredAssessment]:
    record, assessment = await repository.cycle(key), await repository.assessment(key)
    if record is None or assessment is None:
        raise ApplicationError(f"cycle {key} is not stored", non_retryable=True)
    return record, assessment


def _reference(passage: Passage) -> Reference:
    citation = Citation(document=passage.document, heading=passage.heading, uri=passage.uri)
    return Reference(citation=citation, text=passage.text)


def _trends(recent: Sequence[Decision]) -> dict[str, Trend]:
    """Trends of progress, of demand, and of each fired rule's signal, by name."""
    if not recent:
        return {}
    trends = {
        "workflow updates": trend(recent[-1].memory.update_rates[-TREND_CYCLES:]),
        "start requests": trend(recent[-1].memory.demand_rates[-TREND_CYCLES:]),
    }
    for rule in recent[-1].fired:
        values = [
            other.observed
            for decision in recent
            for other in decision.gates
            if (other.name, other.subject, other.threshold, other.severity)
            == (rule.name, rule.subject, rule.threshold, rule.severity)
            and other.observed is not None
        ]
        trends[rule.signal] = trend(values)
    return trends
