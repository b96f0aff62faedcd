"""The page when there is no verdict, an old one, no store, or no API."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import Browser, Page, expect

from copilot.settings import Settings
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from tests.browser.conftest import PATIENCE_MS, Site, reading, site_on
from tests.copilot.factories import judged, snapshot
from tests.postgres import running

expect.set_options(timeout=PATIENCE_MS)


async def expect_past(page: Page, explanation: str) -> None:
    """Unknown in the headline, and what was seen before marked as past."""
    await expect(page.locator("h1")).to_have_text("Unknown")
    await expect(page.locator("#summary")).to_contain_text(explanation)
    await expect(page.locator("#past")).to_contain_text("Below is the past")
    await expect(page.locator("#causes li")).to_have_count(0)
    await expect(page.get_by_role("region", name="Why")).to_be_visible()


async def test_first_start_says_what_is_awaited_and_then_shows_it(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    async with reading(chromium, site.url) as reader:
        await expect(reader.page.locator("h1")).to_have_text("Unknown")
        await expect(reader.page.locator("#summary")).to_contain_text("No verdict yet")
        await expect(reader.page.locator("#why")).not_to_be_visible()
        await repository.save(judged([snapshot(datetime.now(UTC))]))
        await expect(reader.page.locator("h1")).to_have_text("Happy")
        await expect(reader.page.locator("#why")).to_be_visible()
        assert reader.problems == []


async def test_old_verdict_is_unknown_and_its_evidence_is_past(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    await repository.save(judged([snapshot(at, down=["history"])]))
    async with reading(chromium, site.url) as reader:
        await expect_past(reader.page, "is the worker running?")


async def test_lost_store_is_unknown_until_it_is_back(
    chromium: Browser, settings: Settings
) -> None:
    with running() as own_postgres, own_postgres.database() as url:
        await migrate(url)
        async with (
            Repository.open(url) as repository,
            site_on(repository, settings) as site,
        ):
            await repository.save(judged([snapshot(datetime.now(UTC))]))
            async with reading(chromium, site.url) as reader:
                await expect(reader.page.locator("h1")).to_have_text("Happy")
                own_postgres.stop()
                try:
                    await expect_past(reader.page, "start PostgreSQL")
                    await expect(reader.page.locator("#refreshed")).to_contain_text("Trying again")
                finally:
                    own_postgres.start()
                await expect(reader.page.locator("h1")).to_have_text("Happy")
                await expect(reader.page.locator("#past")).to_be_empty()


async def test_lost_api_is_unknown_until_it_is_back(
    chromium: Browser, repository: Repository, settings: Settings
) -> None:
    await repository.save(judged([snapshot(datetime.now(UTC))]))
    async with site_on(repository, settings) as site, reading(chromium, site.url) as reader:
        await expect(reader.page.locator("h1")).to_have_text("Happy")
        await site.stop()
        await expect_past(reader.page, "The API does not answer.")
        await expect(reader.page.locator("#refreshed")).to_contain_text("Trying again")
        async with site_on(repository, settings, site.port):
            await expect(reader.page.locator("h1")).to_have_text("Happy")
