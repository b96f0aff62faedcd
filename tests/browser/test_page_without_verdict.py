"""The page when there is no verdict, an old one, no store, or no API."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import Browser, Page, expect

from copilot.settings import Settings
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from tests.browser.conftest import PATIENCE_MS, Site, open_page, site_on
from tests.builders import records_of, snapshot
from tests.postgres import Postgres

expect.set_options(timeout=PATIENCE_MS)


async def expect_past(page: Page, link: str) -> None:
    """Unknown in the headline with its reason, and the last evidence marked as past."""
    await expect(page.locator("h1")).to_have_text("Unknown")
    await expect(page.locator("#summary")).not_to_be_empty()
    await expect(page.locator("body")).to_have_attribute("data-evidence", "past")
    await expect(page.locator("body")).to_have_attribute("data-link", link)
    await expect(page.locator("#past")).to_be_visible()
    await expect(page.locator("#causes li")).to_have_count(0)
    await expect(page.get_by_role("region", name="Why")).to_be_visible()


async def test_before_the_first_verdict_no_evidence_is_shown(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    async with open_page(chromium, site.url) as session:
        await expect(session.page.locator("h1")).to_have_text("Unknown")
        await expect(session.page.locator("body")).to_have_attribute("data-evidence", "none")
        await expect(session.page.locator("#why")).not_to_be_visible()
        await repository.save(records_of([snapshot(datetime.now(UTC))]))
        await expect(session.page.locator("h1")).to_have_text("Happy")
        await expect(session.page.locator("#why")).to_be_visible()
        assert session.problems == []


async def test_old_verdict_is_unknown_and_its_evidence_is_past(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    await repository.save(records_of([snapshot(at, down=["history"])]))
    async with open_page(chromium, site.url) as session:
        await expect_past(session.page, "live")


async def test_lost_store_is_unknown_until_it_is_back(
    chromium: Browser, settings: Settings, own_postgres: Postgres, own_database_url: str
) -> None:
    await migrate(own_database_url)
    async with (
        Repository.open(own_database_url) as repository,
        site_on(repository, settings) as site,
    ):
        await repository.save(records_of([snapshot(datetime.now(UTC))]))
        async with open_page(chromium, site.url) as session:
            await expect(session.page.locator("h1")).to_have_text("Happy")
            with own_postgres.stopped():
                await expect_past(session.page, "lost")
            await expect(session.page.locator("h1")).to_have_text("Happy")
            await expect(session.page.locator("#past")).to_be_empty()


async def test_lost_api_is_unknown_until_it_is_back(
    chromium: Browser, repository: Repository, settings: Settings
) -> None:
    await repository.save(records_of([snapshot(datetime.now(UTC))]))
    async with site_on(repository, settings) as site, open_page(chromium, site.url) as session:
        await expect(session.page.locator("h1")).to_have_text("Happy")
        await site.stop()
        await expect_past(session.page, "lost")
        async with site_on(repository, settings, site.port):
            await expect(session.page.locator("h1")).to_have_text("Happy")
