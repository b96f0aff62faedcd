"""How soon assessments were stored, and how long the prompt of the present cycle is."""

from copilot.explain.explanation import Citation
from copilot.knowledge.passage import MAX_PASSAGES
from copilot.model.prompt import INSTRUCTIONS, MAX_PASSAGE, Reference, write_prompt
from copilot.settings import Settings
from copilot.store.location import locate_store
from copilot.store.repository import Repository
from lab.cluster import Lab

_CHARACTERS_A_TOKEN = 3
# The longest possible passage.
_PASSAGE = Reference(
    citation=Citation(document="bench", heading="bench", uri=""), text="x" * MAX_PASSAGE
)


async def explained(lab: Lab) -> tuple[float, float]:
    """Seconds to the slowest stored assessment, and tokens of the last cycle's prompt."""
    settings = Settings.model_validate(lab.environment())
    async with Repository.open(locate_store(settings)) as repository:
        assessments = await repository.newest_assessments(settings.cluster, 20)
        latest = await repository.latest(settings.cluster)
    stored = max(((one.stored_at - one.at).total_seconds() for one in assessments), default=0.0)
    if latest is None:
        return stored, 0
    prompt = write_prompt(latest.decision, latest.snapshot, {}, [_PASSAGE] * MAX_PASSAGES)
    return stored, (len(prompt.text) + len(INSTRUCTIONS)) / _CHARACTERS_A_TOKEN
