from collections.abc import AsyncIterator

import httpx
import pytest

from copilot.api.app import create_app
from copilot.settings import Settings
from copilot.store.repository import Repository


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The defaults: with 30 s cycles a verdict counts for 90 s."""
    monkeypatch.setenv("COPILOT_DATABASE_URL", database_url)
    return Settings()


@pytest.fixture
async def api(repository: Repository, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The application on a migrated, empty store."""
    transport = httpx.ASGITransport(app=create_app(settings, repository))
    async with httpx.AsyncClient(transport=transport, base_url="http://copilot.test") as client:
        yield client
