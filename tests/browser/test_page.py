"""The page in a real Chromium, on the real API and a real store."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from copilot.knowledge.corpus import document_name
from copilot.signals.catalog import BY_NAME
from copilot.signals.queue import QueueKind
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import LogCount, Snapshot
from copilot.store.repository import Repository
from tests.browser.conftest import PATIENCE_MS, Site, open_page
from tests.builders import cycle_times, log_survey, queue_facts, records_of, snapshot, starved_queue

expect.set_options(timeout=PATIENCE_MS)

HOSTILE = "<img src=x onerror=alert(1)>" + "and-a-very-long-name" * 10
LOGGED = (
    LogCount(pattern="database_unreachable", service="history", count=1412),
    LogCount(pattern="deadline_exceeded", service="history", count=1),
    LogCount(pattern="membership_changed", service="frontend", count=3),
)
SLOW = {S.PERSISTENCE_LATENCY_P95: 640.0}


def stressed_snapshots(last: datetime, count: int = 5) -> list[Snapshot]:
    """Happy, then stressed by a slow database and a queue with a hostile name."""
    times = cycle_times(last, count)
    queues = [
        starved_queue(HOSTILE),
        queue_facts("orders"),
        queue_facts("orders", QueueKind.ACTIVITY, backlog=3),
    ]
    return [
        *(snapshot(t, queues=[queue_facts("orders")]) for t in times[:2]),
        *(snapshot(t, SLOW, queues=queues, logs=log_survey(t, *LOGGED)) for t in times[2:]),
    ]


async def test_state_causes_and_gates_are_shown_with_numbers(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    records = records_of(stressed_snapshots(datetime.now(UTC)))
    await repository.save(records)
    async with open_page(chromium, site.url) as session:
        page = session.page
        await expect(page.get_by_role("heading", level=1)).to_have_text("Stressed")
        await expect(page).to_have_title(re.compile("^Stressed"))
        await expect(page.locator("#summary")).to_have_text(records[-1].explanation.summary)
        await expect(page.locator("#causes")).to_contain_text("persistence")
        await expect(page.locator("#facts")).to_contain_text("happy")

        why = page.get_by_role("region", name="Why")
        slow = why.locator(".gate[data-outcome=fired]", has_text="Persistence latency")
        await expect(slow).to_contain_text("640 ms")
        await expect(slow).to_contain_text("> 400 ms")
        await expect(why.get_by_text("Service down").first).not_to_be_visible()
        await why.locator("#passed summary").click()
        await expect(why.get_by_text("Service down").first).to_be_visible()

        services = page.get_by_role("region", name="Services").get_by_role("listitem")
        await expect(services.filter(has_text="Persistence")).to_contain_text("stressed")
        await expect(services.filter(has_text="Matching")).to_contain_text("happy")
        issues = page.get_by_role("region", name="Issues")
        issue = records[-1].explanation.issues[0]
        await expect(issues.locator("details[open]")).to_contain_text(issue.title)
        await expect(issues.locator("details[open] ol li")).to_have_count(len(issue.likely_causes))
        await issues.get_by_role("link").first.click()
        await expect(page).to_have_url(f"{site.url}/knowledge/{document_name(issue.gate)}")
        await page.go_back()

        busy = page.get_by_role("row").filter(has_text="orders").filter(has_text="activity")
        await expect(busy).to_contain_text("4.2/s")
        signals = page.get_by_role("region", name="Primary signals")
        await expect(signals).to_contain_text(BY_NAME[S.STATE_TRANSITIONS_RATE].title)
        assert session.problems == []


async def test_the_bottleneck_has_its_reasons_and_contributing_signals(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    records = records_of(stressed_snapshots(datetime.now(UTC)))
    await repository.save(records)
    async with open_page(chromium, site.url) as session:
        section = session.page.get_by_role("region", name="Bottleneck")
        await expect(section.locator("#bottleneck")).to_have_attribute("data-bottleneck", "mixed")
        reasons = section.locator("#bottleneck-reasons li")
        await expect(reasons).to_have_text(list(records[-1].decision.bottleneck_reasons))
        await expect(reasons.nth(1)).to_contain_text("<img src=x onerror=alert(1)>")
        # Folded, because most readers do not need them.
        title = BY_NAME[S.WORKFLOW_SCHEDULE_TO_START_P95].title
        waiting = section.get_by_role("row").filter(has_text=title)
        await expect(waiting).not_to_be_visible()
        await section.locator("#amplifiers-title").click()
        await expect(waiting).to_contain_text("16 ms")
        await expect(waiting).to_contain_text("Workers")
        hits = section.get_by_role("row").filter(has_text="Workflow cache hits")
        await expect(hits).to_contain_text("83 %")
        # Workers export no metrics here: neither 0 slots nor a row without a figure.
        slots = BY_NAME[S.WORKFLOW_SLOTS_AVAILABLE].title
        await expect(section.get_by_role("row").filter(has_text=slots)).to_have_count(0)
        await expect(section.locator("#amplifiers-absent")).to_contain_text(slots)
        assert session.problems == []


async def test_timeline_shows_each_period_as_shape_and_text(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    now = datetime.now(UTC)
    earlier = stressed_snapshots(now - timedelta(hours=6))
    await repository.save(records_of([*earlier, *(snapshot(t) for t in cycle_times(now, 3))]))
    async with open_page(chromium, site.url) as session:
        band = session.page.get_by_role("img", name=re.compile("happy .*stressed .*unknown"))
        heights = {}
        for state in ("happy", "stressed"):
            box = await band.locator(f'[data-state="{state}"]').first.bounding_box()
            assert box is not None
            heights[state] = box["height"]
        assert heights["stressed"] > heights["happy"]
        periods = session.page.locator("#changes-list li")
        await expect(periods).to_have_count(5)
        await session.page.locator("#changes summary").click()
        # The last period first. Stress lasts beyond the gap, until two clear cycles.
        states = await periods.locator(".word").all_inner_texts()
        assert states == ["happy", "stressed", "unknown", "stressed", "happy"]
        await expect(periods.nth(2).locator(".note")).not_to_be_empty()


async def test_new_verdict_appears_without_reload(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    now = datetime.now(UTC)
    times = cycle_times(now, 5)
    records = records_of([snapshot(times[0]), *(snapshot(t, down=["history"]) for t in times[1:])])
    await repository.save(records[:1])
    async with open_page(chromium, site.url) as session:
        await expect(session.page.locator("h1")).to_have_text("Happy")
        # Passed gates are open while nothing is wrong.
        await expect(session.page.locator("#gates-passed")).to_be_visible()
        await session.page.evaluate("document.body.dataset.notReloaded = 'yes'")
        await repository.save(records[1:])
        await expect(session.page.locator("h1")).to_have_text("Critical")
        await expect(session.page.locator("#announcement")).to_contain_text("critical")
        await expect(session.page.locator("#gates-fired .gate")).to_contain_text("history")
        await expect(session.page.locator("body")).to_have_attribute("data-not-reloaded", "yes")


async def test_phone_shows_everything_without_sideways_scrolling(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(records_of(stressed_snapshots(datetime.now(UTC))))
    async with open_page(chromium, site.url, width=360) as session:
        await expect(session.page.locator("h1")).to_have_text("Stressed")
        await session.page.evaluate(
            "document.querySelectorAll('details').forEach((details) => { details.open = true })"
        )
        width = await session.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360
        hidden = await session.page.evaluate(
            """[...document.querySelectorAll('main *')].filter((element) =>
                 !element.closest('.unseen, thead')
                 && element.getBoundingClientRect().right > innerWidth + 1)
                 .map((element) => element.outerHTML.slice(0, 80))"""
        )
        assert hidden == []


async def test_a_notice_is_shown_and_the_state_stays_happy(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    times = cycle_times(datetime.now(UTC), 3)
    some_down = {"history": [True, True, False]}
    await repository.save(records_of([snapshot(t, instances=some_down) for t in times]))
    async with open_page(chromium, site.url) as session:
        page = session.page
        await expect(page.get_by_role("heading", level=1)).to_have_text("Happy")
        notices = page.get_by_role("region", name="Why").locator(".gate[data-outcome=notice]")
        await expect(notices).to_have_count(1)
        await expect(notices).to_contain_text("history-2")
        await expect(page.get_by_role("region", name="Issues")).to_contain_text("No open issue")


async def test_hostile_names_are_text(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(records_of(stressed_snapshots(datetime.now(UTC))))
    async with open_page(chromium, site.url) as session:
        for place in ("#causes", "#queues", "#gates-fired", "#issues"):
            await expect(session.page.locator(place)).to_contain_text(
                "<img src=x onerror=alert(1)>"
            )
        assert await session.page.locator("main img").count() == 0
        assert session.problems == []


async def test_page_sends_no_request_to_another_origin(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(records_of(stressed_snapshots(datetime.now(UTC))))
    async with open_page(chromium, site.url) as session:
        async with session.page.expect_request(lambda r: urlsplit(r.url).path == "/status"):
            pass  # the refresh, too
        origins = {url.netloc for url in session.urls}
        assert origins == {f"127.0.0.1:{site.port}"}
        paths = {url.path for url in session.urls}
        assert {"/", "/page/page.js", "/page/style.css", "/status", "/status/gates"} <= paths


async def test_missing_readings_have_their_reason(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    stale = Reading.missing(Absence.STALE, "the newest sample is 75 s old")
    await repository.save(
        records_of([snapshot(datetime.now(UTC), {S.PERSISTENCE_LATENCY_P95: stale})])
    )
    async with open_page(chromium, site.url) as session:
        await expect(session.page.locator("h1")).to_have_text("Unknown")
        missing = session.page.locator("#gates-missing li")
        await expect(missing).to_have_count(1)
        await expect(missing.locator(".absent")).not_to_be_empty()
        await expect(missing).to_contain_text("75 s old")


async def test_log_patterns_are_counted_and_explained(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    await repository.save(records_of(stressed_snapshots(datetime.now(UTC))))
    async with open_page(chromium, site.url) as session:
        logs = session.page.get_by_role("region", name="Log patterns")
        rows = logs.get_by_role("listitem")
        await expect(rows).to_have_count(3)
        await expect(rows.nth(0)).to_contain_text("Database unreachable")
        await expect(rows.nth(0)).to_contain_text("1,412")
        await expect(rows.nth(0)).to_contain_text("critical · history")
        await expect(rows.nth(1).locator(".count")).to_contain_text("1")
        await expect(logs.locator(".lede")).not_to_be_visible()
        assert session.problems == []


async def test_missing_logs_have_their_reason(
    chromium: Browser, site: Site, repository: Repository
) -> None:
    now = datetime.now(UTC)
    first, second, third = cycle_times(now, 3)
    detail = "Loki http://loki:3100 did not answer within 5 s"
    late = log_survey(second, absence=Absence.TIMED_OUT, detail=detail)
    records = records_of(
        [snapshot(first), snapshot(second, logs=late), snapshot(third, logs=log_survey(third))]
    )
    await repository.save(records[:1])
    async with open_page(chromium, site.url) as session:
        logs = session.page.get_by_role("region", name="Log patterns")
        await expect(logs.locator(".lede")).to_have_text(records[0].decision.logs_missing)
        await repository.save(records[1:2])
        await expect(logs.locator(".lede")).to_have_text(records[1].decision.logs_missing)
        await repository.save(records[2:])
        await expect(logs.locator(".lede")).not_to_have_text(records[1].decision.logs_missing)
        await expect(logs.locator(".lede")).not_to_be_empty()
        await expect(session.page.locator("h1")).to_have_text("Happy")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("state", ["happy", "stressed", "critical", "unknown"])
async def test_text_is_readable_in_each_state(
    chromium: Browser, site: Site, repository: Repository, state: str, dark: bool
) -> None:
    now = datetime.now(UTC)
    times = cycle_times(now, 6)
    stale = Reading.missing(Absence.STALE)
    scenes = {
        "happy": [snapshot(t, queues=[queue_facts("orders")]) for t in times],
        "stressed": stressed_snapshots(now),
        "critical": [snapshot(times[0]), *(snapshot(t, down=["history"]) for t in times[1:])],
        "unknown": [snapshot(t, {S.PERSISTENCE_LATENCY_P95: stale}) for t in times],
    }
    await repository.save(records_of(scenes[state]))
    async with open_page(chromium, site.url, dark=dark) as session:
        await expect(session.page.locator("body")).to_have_attribute("data-state", state)
        await session.page.evaluate(
            "document.querySelectorAll('details').forEach((details) => { details.open = true })"
        )
        assert await session.page.evaluate(FAINT_TEXT) == []


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
