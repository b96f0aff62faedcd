"""The parts of the worker that call a language model."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.worker import Plugin

from copilot.activities.store_access import StoreAccess
from copilot.knowledge.retriever import Retriever
from copilot.settings import Settings
from copilot.worker.metrics import WorkerMetrics

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerParts:
    """What a language model adds to the worker; nothing without a model."""

    workflows: Sequence[type] = ()
    activities: Sequence[Callable[..., Any]] = ()
    plugins: Sequence[Plugin] = ()


def assessment_parts(
    settings: Settings,
    store: StoreAccess,
    retriever: Retriever,
    metrics: WorkerMetrics,
    clusters: Callable[[], int],
) -> WorkerParts:
    """Imports the libraries of models. An unusable model is logged and noted in assessments.

    `clusters` returns how many share the budget of models.
    """
    from pydantic_ai.durable_exec.temporal import PydanticAIPlugin  # noqa: PLC0415

    from copilot.activities.assess import Assess  # noqa: PLC0415
    from copilot.model import agent  # noqa: PLC0415
    from copilot.workflows.assess import AssessCycle  # noqa: PLC0415

    names = filter(None, (settings.model, settings.deep_model))
    problems = {name: agent.register(name, settings.aws_region) for name in names}
    for problem in filter(None, problems.values()):
        log.warning("no reading by a model: %s", problem)
    assess = Assess(
        store=store,
        settings=settings,
        retriever=retriever,
        metrics=metrics,
        clusters=clusters,
        unusable=problems,
    )
    return WorkerParts(
        workflows=[AssessCycle],
        activities=[assess.prepare_prompt, assess.save_answer],
        plugins=[PydanticAIPlugin()],
    )
