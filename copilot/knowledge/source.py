"""Which of the two sources of knowledge the settings choose."""

from copilot.knowledge.bedrock import Bedrock
from copilot.knowledge.local import Local
from copilot.knowledge.retriever import Retriever
from copilot.settings import Settings


def knowledge(settings: Settings) -> Retriever:
    """The knowledge base when its id is set, with local ranking behind it; else that alone."""
    local = Local()
    if not settings.knowledge_base_id:
        return local
    return Bedrock(settings.knowledge_base_id, settings.aws_region, fallback=local)
