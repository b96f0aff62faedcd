import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from copilot.store import connections, location
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from tests.postgres import Postgres, running

# A busy machine is slow, not wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A run in the background ignores SIGINT, and so would every program that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def patient_store() -> Iterator[None]:
    """A machine that stands still for seconds is no store that is down."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(location, "CONNECT_TIMEOUT_SECONDS", 60)
        patch.setattr(connections, "WAIT_SECONDS", 61)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole session."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[Postgres]:
    """A second PostgreSQL, for tests that stop it."""
    with running() as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """A new and empty database."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def own_database_url(own_postgres: Postgres) -> Iterator[str]:
    """A new and empty database on the server that a test may stop."""
    with own_postgres.database() as url:
        yield url


@pytest.fixture
async def repository(database_url: str) -> AsyncIterator[Repository]:
    """A migrated and empty store."""
    await migrate(database_url)
    async with Repository.open(database_url) as opened:
        yield opened
