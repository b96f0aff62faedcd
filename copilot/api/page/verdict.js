// The headline: state, duration, age, summary and causes.

import { byId, drawGlyph, el, setText } from "./dom.js";
import { dayAndClock, duration, sentence, words } from "./format.js";

const KINDS = {
  source: "no data", service: "service", persistence: "database", queue: "task queue",
  workflow_type: "workflow type", shards: "shards", namespace: "namespace",
  visibility: "visibility", version: "worker version",
};

export function showVerdict({ state, explanation, causes, cluster }) {
  if (document.body.dataset.state !== state || !byId("glyph").firstChild) drawGlyph(byId("glyph"), state);
  document.body.dataset.state = state;
  setText(byId("state"), sentence(state));
  setText(byId("summary"), explanation);
  setText(byId("announcement"), `Health is ${state}.`);
  byId("causes").replaceChildren(...causes.map(cause));
  document.title = `${sentence(state)} · ${cluster ?? "Temporal SRE Copilot"}`;
}

function cause({ kind, name }) {
  return el("li", {}, el("span", { class: "kind" }, KINDS[kind] ?? words(kind)), el("span", { class: "name" }, name));
}

// An age is the server's figure plus the seconds since the response, so it does not depend on this
// machine's clock.
export function showFacts(status, elapsed, problem) {
  const facts = status?.timestamp ? [...verdictFacts(status, elapsed, problem), ...sizeFacts(status)] : [];
  const list = byId("facts");
  const text = JSON.stringify(facts);
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  list.replaceChildren(...facts.map(([name, value, note]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value), el("dd", { class: "note" }, note))));
}

function verdictFacts(status, elapsed, problem) {
  const age = status.data_age_seconds + elapsed;
  const verdict = ["Verdict", `${duration(age)} ago`, `cycle ${status.cycle}, ${dayAndClock(status.timestamp)}`];
  if (!status.since || problem) return [verdict];
  const held = (Date.parse(status.timestamp) - Date.parse(status.since)) / 1000 + age;
  return [["For", duration(held), `${status.previous_state} until ${dayAndClock(status.since)}`], verdict];
}

function sizeFacts(status) {
  return status.scale_band ? [["Size", words(status.scale_band), status.idle ? "idle now" : "by usual demand"]] : [];
}
