"""The page with several clusters: the list, and one of them."""

from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, expect

from copilot.settings import Settings
from copilot.store.repository import Repository
from tests.browser.conftest import PATIENCE_MS, open_page, site_on
from tests.builders import records_of, snapshot

expect.set_options(timeout=PATIENCE_MS)


async def test_the_worst_cluster_is_first_and_a_click_shows_it(
    chromium: Browser, repository: Repository, settings: Settings, tmp_path: Path
) -> None:
    for name, down in (("calm", []), ("failing", ["history"])):
        (tmp_path / f"{name}.yaml").write_text(
            f"cluster: {name}\nmonitored_address: {name}:7233\nprometheus_endpoint: http://{name}\n"
        )
        observed = snapshot(datetime.now(UTC), down=down).model_copy(update={"cluster": name})
        await repository.save(records_of([observed]))
    several = settings.model_copy(update={"clusters_folder": str(tmp_path)})
    async with (
        site_on(repository, several) as site,
        open_page(chromium, site.url) as session,
    ):
        page = session.page
        names = page.locator("#clusters-list .name")
        await expect(names).to_have_text(["failing", "calm"])
        await expect(page.locator("#why")).not_to_be_visible()
        await names.first.click()
        await expect(page.locator("h1")).to_have_text("Stressed")
        await expect(page.locator("#cluster")).to_have_text("failing")
        await expect(page.locator("#clusters-list")).not_to_be_visible()
        await page.get_by_role("link", name="All clusters").click()
        await expect(names).to_have_text(["failing", "calm"])
        assert session.problems == []
