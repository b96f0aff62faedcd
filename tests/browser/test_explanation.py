"""A model's reading with its sources and cost: on the page, in a real Chromium."""

from datetime import UTC, datetime

from playwright.async_api import Browser, expect

from copilot.store.records import ModelAnswer
from copilot.store.repository import Repository
from tests.browser.conftest import PATIENCE_MS, Site, open_page
from tests.copilot.api.assessed_cycles import (
    MODEL,
    save_model_answer,
    starved_cycles,
    with_reading,
)

expect.set_options(timeout=PATIENCE_MS)


async def test_a_models_reading_is_apart_from_the_verdict_with_its_sources_and_cost(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    records = starved_cycles(datetime.now(UTC))
    await repository.save(records)
    explanation = with_reading(records[0])
    hostile = explanation.model_copy(
        update={"reading": f"{explanation.reading} <img src=x onerror=alert(1)>"}
    )
    answer = ModelAnswer(explanation=hostile, input_tokens=2000, output_tokens=300, cost_usd=0.0105)
    await save_model_answer(repository, records[0], answer)
    async with open_page(chromium, site.url, dark=True) as session:
        page = session.page
        section = page.locator("#reading-section")
        # Markup in a model's text is text.
        await expect(section).to_contain_text("<img src=x")
        await expect(page.locator("#summary")).to_have_text(records[-1].explanation.summary)
        await expect(section).to_contain_text(MODEL)
        await expect(page.locator("#reading-source")).to_contain_text("2,300")
        await expect(page.locator("#reading-source")).to_contain_text("$0.0105")
        action = page.locator("#actions li")
        await expect(action).to_contain_text("orders")
        await expect(action).to_contain_text("80 %")
        issues = page.get_by_role("region", name="Issues")
        await expect(issues).to_contain_text("Nobody polls it.")
        # The rules' description stays beside the model's narrative.
        await expect(issues).to_contain_text(records[-1].explanation.issues[0].description)
        await section.get_by_role("link", name="starved-queue: Causes").click()
        await expect(page).to_have_url(f"{site.url}/knowledge/starved-queue")
        assert not session.problems


async def test_without_a_reading_the_reason_is_shown_and_no_advice(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    records = starved_cycles(datetime.now(UTC))
    await repository.save(records)
    await save_model_answer(
        repository, records[0], ModelAnswer(failure=f"{MODEL} is throttled", cost_usd=0.0)
    )
    async with open_page(chromium, site.url, width=375) as session:
        await expect(session.page.locator("#model-note")).to_contain_text("is throttled")
        await expect(session.page.locator("#reading-section")).to_be_hidden()
        overflow = await session.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0
        assert not session.problems
