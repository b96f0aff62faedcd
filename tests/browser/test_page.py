"""The page in a real Chromium, on the real API and a real store."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from copilot.signals.names import SignalName as S
from copilot.signals.snapshot import Absence, LogCount, QueueKind, Reading, Snapshot
from copilot.store.repository import Repository
from tests.browser.conftest import PATIENCE_MS, Site, reading
from tests.copilot.factories import every_cycle, facts, judged, logged, snapshot, starved

expect.set_options(timeout=PATIENCE_MS)

HOSTILE = "<img src=x onerror=alert(1)>" + "and-a-very-long-name" * 10
LOGGED = (
    LogCount(pattern="database_unreachable", service="history", count=1412),
    LogCount(pattern="deadline_exceeded", service="history", count=1),
    LogCount(pattern="membership_changed", service="frontend", count=3),
)
SLOW = {S.PERSISTENCE_LATENCY_P95: 640.0}


def troubled(last: datetime, count: int = 5) -> list[Snapshot]:
    """Happy, then stressed by a slow database and a queue with a hostile name."""
    times = every_cycle(last, count)
    queues = [starved(HOSTILE), facts("orders"), facts("orders", QueueKind.ACTIVITY, backlog=3)]
    return [
        *(snapshot(t, queues=[facts("orders")]) for t in times[:2]),
        *(snapshot(t, SLOW, queues=queues, logs=logged(t, *LOGGED)) for t in times[2:]),
    ]


async def test_state_causes_and_gates_are_told_with_numbers(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(judged(troubled(datetime.now(UTC))))
    async with reading(chromium, site.url) as reader:
        page = reader.page
        await expect(page.get_by_role("heading", level=1)).to_have_text("Stressed")
        await expect(page).to_have_title(re.compile("^Stressed"))
        await expect(page.locator("#summary")).to_contain_text("monitored is stressed")
        await expect(page.locator("#causes")).to_contain_text("persistence")
        await expect(page.locator("#facts")).to_contain_text("happy until")

        why = page.get_by_role("region", name="Why")
        slow = why.locator(".gate[data-outcome=fired]", has_text="Persistence latency")
        await expect(slow).to_contain_text("640 ms")
        await expect(slow).to_contain_text("> 400 ms")
        await expect(why.get_by_text("Service down").first).not_to_be_visible()
        await why.get_by_text("gates passed").click()
        await expect(why.get_by_text("Service down").first).to_be_visible()

        services = page.get_by_role("region", name="Services").get_by_role("listitem")
        await expect(services.filter(has_text="Persistence")).to_contain_text("stressed")
        await expect(services.filter(has_text="Matching")).to_contain_text("happy")
        issues = page.get_by_role("region", name="Issues")
        await expect(issues).to_contain_text("Persistence is slow")
        await expect(issues.get_by_text("Likely causes").first).to_be_visible()
        await issues.get_by_role("link", name="What is known of this").first.click()
        await expect(page.locator("body")).to_contain_text("## Likely causes")
        await page.go_back()

        busy = page.get_by_role("row").filter(has_text="orders").filter(has_text="activity")
        await expect(busy).to_contain_text("4.2/s")
        await expect(page.get_by_role("region", name="Primary signals")).to_contain_text(
            "Workflow updates"
        )
        assert reader.problems == []


async def test_the_bottleneck_has_its_reasons_and_signals_that_say_why(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(judged(troubled(datetime.now(UTC))))
    async with reading(chromium, site.url) as reader:
        section = reader.page.get_by_role("region", name="Bottleneck")
        await expect(section).to_contain_text("Both the server and users' workers are bottlenecks")
        reasons = section.locator(".reasons li")
        await expect(reasons.nth(0)).to_contain_text("640 ms, over its limit of 400 ms")
        await expect(reasons.nth(1)).to_contain_text("nobody polls it")
        await expect(reasons.nth(1)).to_contain_text("<img src=x onerror=alert(1)>")
        # Folded: they explain, and most readers do not need them.
        waiting = section.get_by_role("row").filter(has_text="Workflow task schedule-to-start")
        await expect(waiting).not_to_be_visible()
        await section.get_by_text("signals that may say why").click()
        await expect(waiting).to_contain_text("16 ms")
        await expect(waiting).to_contain_text("Workers")
        hits = section.get_by_role("row").filter(has_text="Workflow cache hits")
        await expect(hits).to_contain_text("83 %")
        # No metrics of workers: neither 0 slots nor a row without a figure.
        assert await section.get_by_role("row").filter(has_text="Free workflow slots").count() == 0
        await expect(section).to_contain_text("Not exported here: Free workflow slots")
        assert reader.problems == []


async def test_timeline_shows_each_period_in_shape_and_words(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    now = datetime.now(UTC)
    earlier = troubled(now - timedelta(hours=6))
    await repository.save(judged([*earlier, *(snapshot(t) for t in every_cycle(now, 3))]))
    async with reading(chromium, site.url) as reader:
        band = reader.page.get_by_role("img", name=re.compile("happy .*stressed .*unknown"))
        heights = {}
        for state in ("happy", "stressed"):
            box = await band.locator(f'[data-state="{state}"]').first.bounding_box()
            assert box is not None
            heights[state] = box["height"]
        assert heights["stressed"] > heights["happy"]
        await reader.page.get_by_text("periods").click()
        periods = reader.page.locator("#changes-list li")
        # The last period first: no clear cycle yet ends the stress of before the gap.
        states = await periods.locator(".word").all_inner_texts()
        assert states == ["happy", "stressed", "unknown", "stressed", "happy"]
        await expect(periods.nth(2)).to_contain_text("no verdict was made")


async def test_new_verdict_appears_without_reload(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    now = datetime.now(UTC)
    times = every_cycle(now, 5)
    records = judged([snapshot(times[0]), *(snapshot(t, down=["history"]) for t in times[1:])])
    await repository.save(records[:1])
    async with reading(chromium, site.url) as reader:
        await expect(reader.page.locator("h1")).to_have_text("Happy")
        # With nothing wrong, the gates that passed are there to be read.
        await expect(reader.page.locator("#gates-passed")).to_be_visible()
        await reader.page.evaluate("document.body.dataset.notReloaded = 'yes'")
        await repository.save(records[1:])
        await expect(reader.page.locator("h1")).to_have_text("Critical")
        await expect(reader.page.locator("#announcement")).to_have_text("Health is critical.")
        await expect(reader.page.locator("#gates-fired")).to_contain_text("down")
        await expect(reader.page.locator("body")).to_have_attribute("data-not-reloaded", "yes")


async def test_phone_shows_everything_without_sideways_scrolling(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(judged(troubled(datetime.now(UTC))))
    async with reading(chromium, site.url, width=360) as reader:
        await expect(reader.page.locator("h1")).to_have_text("Stressed")
        await reader.page.evaluate(
            "document.querySelectorAll('details').forEach((details) => { details.open = true })"
        )
        width = await reader.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360
        hidden = await reader.page.evaluate(
            """[...document.querySelectorAll('main *')].filter((element) =>
                 !element.closest('.unseen, thead')
                 && element.getBoundingClientRect().right > innerWidth + 1)
                 .map((element) => element.outerHTML.slice(0, 80))"""
        )
        assert hidden == []


async def test_hostile_names_are_text(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(judged(troubled(datetime.now(UTC))))
    async with reading(chromium, site.url) as reader:
        for place in ("#causes", "#queues", "#gates-fired", "#issues", "#summary"):
            await expect(reader.page.locator(place)).to_contain_text("<img src=x onerror=alert(1)>")
        assert await reader.page.locator("main img").count() == 0
        assert reader.problems == []


async def test_nothing_is_asked_of_another_origin(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(judged(troubled(datetime.now(UTC))))
    async with reading(chromium, site.url) as reader:
        async with reader.page.expect_request(lambda r: urlsplit(r.url).path == "/status"):
            pass  # the refresh, too
        origins = {url.netloc for url in reader.urls}
        assert origins == {f"127.0.0.1:{site.port}"}
        paths = {url.path for url in reader.urls}
        assert {"/", "/page/page.js", "/page/style.css", "/status", "/status/gates"} <= paths


async def test_missing_readings_say_why(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    stale = Reading.missing(Absence.STALE, "the newest sample is 75 s old")
    await repository.save(judged([snapshot(datetime.now(UTC), {S.PERSISTENCE_LATENCY_P95: stale})]))
    async with reading(chromium, site.url) as reader:
        await expect(reader.page.locator("h1")).to_have_text("Unknown")
        missing = reader.page.locator("#missing")
        await expect(missing).to_contain_text("1 gate could not be read")
        await expect(missing).to_contain_text("newest sample too old")
        await expect(missing).to_contain_text("75 s old")


async def test_log_patterns_are_counted_and_explained(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(judged(troubled(datetime.now(UTC))))
    async with reading(chromium, site.url) as reader:
        logs = reader.page.get_by_role("region", name="Log patterns")
        rows = logs.get_by_role("listitem")
        await expect(rows).to_have_count(3)
        await expect(rows.nth(0)).to_contain_text("Database unreachable")
        await expect(rows.nth(0)).to_contain_text("1,412 lines")
        await expect(rows.nth(0)).to_contain_text("critical · history · The service has no usable")
        await expect(rows.nth(1)).to_contain_text("1 line")
        await expect(logs.locator(".lede")).not_to_be_visible()
        assert reader.problems == []


async def test_missing_logs_are_said(chromium: Browser, site: Site, repository: Repository) -> None:
    now = datetime.now(UTC)
    first, second, third = every_cycle(now, 3)
    detail = "Loki http://loki:3100 did not answer within 5 s"
    late = logged(second, absence=Absence.TIMED_OUT, detail=detail)
    records = judged(
        [snapshot(first), snapshot(second, logs=late), snapshot(third, logs=logged(third))]
    )
    await repository.save(records[:1])
    async with reading(chromium, site.url) as reader:
        logs = reader.page.get_by_role("region", name="Log patterns")
        await expect(logs).to_contain_text("No logs were read, because LOKI_URL is not set.")
        await repository.save(records[1:2])
        await expect(logs).to_contain_text(f"No logs were read: {detail}.")
        await repository.save(records[2:])
        await expect(logs).to_contain_text("No known pattern was logged since the cycle before.")
        await expect(reader.page.locator("h1")).to_have_text("Happy")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("state", ["happy", "stressed", "critical", "unknown"])
async def test_text_is_readable_in_each_state(
    chromium: Browser, site: Site, repository: Repository, state: str, dark: bool
) -> None:
    now = datetime.now(UTC)
    times = every_cycle(now, 6)
    stale = Reading.missing(Absence.STALE)
    scenes = {
        "happy": [snapshot(t, queues=[facts("orders")]) for t in times],
        "stressed": troubled(now),
        "critical": [snapshot(times[0]), *(snapshot(t, down=["history"]) for t in times[1:])],
        "unknown": [snapshot(t, {S.PERSISTENCE_LATENCY_P95: stale}) for t in times],
    }
    await repository.save(judged(scenes[state]))
    async with reading(chromium, site.url, dark=dark) as reader:
        await expect(reader.page.locator("body")).to_have_attribute("data-state", state)
        await reader.page.evaluate(
            "document.querySelectorAll('details').forEach((details) => { details.open = true })"
        )
        assert await reader.page.evaluate(FAINT_TEXT) == []


# WCAG 2.2, 1.4.3: 4.5 to 1, and 3 to 1 for large text. A canvas turns any colour into numbers.
FAINT_TEXT = """() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => colour.slice(0, 3).reduce((sum, part, index) => {
    const value = part / 255;
    const linear = value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return sum + linear * [0.2126, 0.7152, 0.0722][index];
  }, 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest('.unseen, noscript, .skip')) continue;
    const style = getComputedStyle(element);
    const [text, ground] = [luminance(rgba(style.color)), luminance(behind(element))];
    const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = `${ratio.toFixed(2)} ${element.outerHTML.slice(0, 90)}`;
    if (ratio < (large ? 3 : 4.5)) faint.push(found);
  }
  return faint;
}"""
