"""What the worker runs beside the loop to have a model explain."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.worker import Plugin

from copilot.activities.store_access import StoreAccess
from copilot.knowledge.retriever import Retriever
from copilot.self_metrics import SelfMetrics
from copilot.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Explaining:
    """Nothing at all without a model."""

    workflows: Sequence[type] = ()
    activities: Sequence[Callable[..., Any]] = ()
    plugins: Sequence[Plugin] = ()


def explaining_with(
    settings: Settings, store: StoreAccess, retriever: Retriever, metrics: SelfMetrics
) -> Explaining:
    """Imports what models need. One that cannot be used is logged, and said beside explanations."""
    from pydantic_ai.durable_exec.temporal import PydanticAIPlugin  # noqa: PLC0415

    from copilot import model  # noqa: PLC0415
    from copilot.activities.assess import Assess  # noqa: PLC0415
    from copilot.workflows.assess import AssessCycle  # noqa: PLC0415

    names = filter(None, (settings.model, settings.deep_model))
    problems = {name: model.register(name, settings.aws_region) for name in names}
    for problem in filter(None, problems.values()):
        log.warning("the template explains: %s", problem)
    assess = Assess(
        store=store,
        settings=settings,
        retriever=retriever,
        metrics=metrics,
        unusable=problems,
    )
    return Explaining(
        workflows=[AssessCycle],
        activities=[assess.prepare, assess.conclude],
        plugins=[PydanticAIPlugin()],
    )
