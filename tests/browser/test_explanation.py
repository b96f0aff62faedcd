"""Who explains, on what, at what cost: on the page, in a real Chromium."""

from datetime import UTC, datetime

from playwright.async_api import Browser, expect

from copilot.store.repository import Repository
from copilot.store.rows import ModelAnswer
from tests.browser.conftest import PATIENCE_MS, Site, reading
from tests.copilot.api.test_assessments import MODEL, asked, troubled, worded

expect.set_options(timeout=PATIENCE_MS)


async def test_a_models_words_stand_with_their_sources_and_their_cost(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    records = troubled(datetime.now(UTC))
    await repository.save(records)
    words = worded(records[0])
    hostile = words.model_copy(update={"summary": f"{words.summary} <img src=x onerror=alert(1)>"})
    answer = ModelAnswer(explanation=hostile, input_tokens=2000, output_tokens=300, cost_usd=0.0105)
    await asked(repository, records[0], answer)
    async with reading(chromium, site.url, dark=True) as reader:
        page = reader.page
        # Markup in a model's words is text.
        await expect(page.locator("#summary")).to_contain_text("<img src=x")
        told = page.locator("#told")
        await expect(told).to_contain_text(f"Worded by {MODEL}")
        await expect(told).to_contain_text("2,300 tokens, $0.0105")
        actions = page.get_by_role("region", name="What to do")
        await expect(actions).to_contain_text("Restart orders")
        await expect(actions).to_contain_text("80 % sure")
        issues = page.get_by_role("region", name="Issues")
        await expect(issues).to_contain_text("Nobody polls it.")
        # The rules' own words and figures stay beside the model's.
        await expect(issues).to_contain_text("Evidence:")
        await told.get_by_role("link", name="starved-queue: Causes").click()
        await expect(page.locator("body")).to_contain_text("# ")
        assert not reader.problems


async def test_without_a_model_the_rules_are_named_and_no_advice_is_made_up(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    records = troubled(datetime.now(UTC))
    await repository.save(records)
    await asked(repository, records[0], ModelAnswer(failure=f"{MODEL} is throttled", cost_usd=0.0))
    async with reading(chromium, site.url, width=375) as reader:
        told = reader.page.locator("#told")
        await expect(told).to_contain_text("Worded by the rules")
        await expect(told).to_contain_text("is throttled")
        await expect(reader.page.locator("#actions-section")).to_be_hidden()
        overflow = await reader.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0
        assert not reader.problems
