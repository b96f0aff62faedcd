// The states of the last 24 hours: as a band, and as a list.

import { get } from "./api.js";
import { byId, el, glyph, setText } from "./dom.js";
import { clock, dayAndClock, duration, plural } from "./format.js";

const PAGE_SIZE = 1000;
const MAX_PAGES = 5;
const STATES = ["happy", "stressed", "critical", "unknown"];
const TICKS = 4;
// A period that ends this close to now still goes on.
const ONGOING_MS = 1000;

export async function fetchTimeline(parameters) {
  const first = await get("/status/timeline", { ...parameters, limit: PAGE_SIZE });
  const changes = [...first.timeline];
  let cursor = first.next_cursor;
  for (let page = 1; cursor && page < MAX_PAGES; page += 1) {
    const next = await get("/status/timeline", { ...parameters, start: first.start, end: first.end, limit: PAGE_SIZE, cursor });
    changes.push(...next.timeline);
    cursor = next.next_cursor;
  }
  return { ...first, timeline: changes };
}

export function showTimeline(response) {
  const [start, end] = [Date.parse(response.start), Date.parse(response.end)];
  const segments = response.gaps.reduce(cutGap, stateSegments(response, start, end));
  const share = (from, to) => ((to - from) / (end - start)) * 100;
  const band = byId("band");
  band.setAttribute("role", "img");
  band.setAttribute("aria-label", `${legendText(segments)}. The list below has the times.`);
  band.replaceChildren(...segments.map((segment) => bar(segment, share(start, segment.from), share(segment.from, segment.to))));
  byId("axis").replaceChildren(...ticks(start, end));
  byId("legend").replaceChildren(...legend(segments));
  const shown = segments.filter((segment) => !segment.before).reverse();
  setText(byId("changes-count"), shown.length ? plural(shown.length, "period") : "No verdict in this time");
  byId("changes-list").replaceChildren(...shown.map((segment) => row(segment, end)));
}

function stateSegments({ state_at_start: first, timeline }, start, end) {
  const initial = { state: first, from: start, causes: [], before: first === "unknown" };
  const all = [initial, ...timeline.map((change) => ({
    state: change.health_state, from: Date.parse(change.timestamp), causes: change.causes, before: false,
  }))];
  return all
    .map((segment, index) => ({ ...segment, to: all[index + 1]?.from ?? end }))
    .filter((segment) => segment.to > segment.from);
}

// In a gap between verdicts the state is unknown.
function cutGap(segments, gap) {
  const [from, to] = [Date.parse(gap.start), Date.parse(gap.end)];
  const unknown = { state: "unknown", from, to, causes: [], before: false, note: "no verdict" };
  const outside = segments.flatMap((segment) => [
    { ...segment, to: Math.min(segment.to, from) },
    { ...segment, from: Math.max(segment.from, to) },
  ]).filter((segment) => segment.to > segment.from);
  return [...outside, unknown].sort((one, other) => one.from - other.from);
}

function bar({ state, from, to, before }, left, width) {
  const title = `${state}, ${clock(from)} to ${clock(to)}`;
  const element = el("i", { "data-state": before ? "none" : state, title: before ? "nothing stored" : title });
  element.style.insetInlineStart = `${left}%`;
  element.style.inlineSize = `${width}%`;
  return element;
}

function ticks(start, end) {
  return Array.from({ length: TICKS + 1 }, (_, index) =>
    el("span", {}, index === TICKS ? "now" : clock(start + ((end - start) * index) / TICKS)));
}

function totals(segments) {
  return STATES.map((state) => [state, segments
    .filter((segment) => segment.state === state && !segment.before)
    .reduce((sum, segment) => sum + segment.to - segment.from, 0) / 1000]).filter(([, seconds]) => seconds > 0);
}

const legend = (segments) => totals(segments).map(([state, seconds]) =>
  el("li", { "data-state": state }, glyph(state), `${state} ${duration(seconds)}`));

const legendText = (segments) => totals(segments).map(([state, seconds]) => `${state} ${duration(seconds)}`).join(", ");

function row({ state, from, to, causes, note }, end) {
  const length = duration((to - from) / 1000);
  return el("li", { "data-state": state },
    el("time", { datetime: new Date(from).toISOString() }, dayAndClock(from)),
    glyph(state),
    el("span", { class: "word" }, state),
    el("span", { class: "length" }, end - to < ONGOING_MS ? `${length} so far` : length),
    el("span", { class: "note" }, note ?? causes.map((cause) => cause.name).join(", ")));
}
