// Open issues with likely causes and next checks.

import { byId, el, glyph } from "./dom.js";
import { clock, duration } from "./format.js";

const STATES = { critical: "critical", blind: "unknown", stressed: "stressed" };

// The fired ones of `gates` have the root first.
export function showIssues({ issues }, { gates }) {
  const box = byId("issues");
  if (issues.length === 0) {
    box.replaceChildren(el("p", { class: "lede" }, "No open issue."));
    return;
  }
  // Keep what the reader opened or closed.
  const open = new Map([...box.querySelectorAll("details")].map((details) => [details.dataset.id, details.open]));
  const severities = Object.keys(STATES);
  const order = (issue) => gates.findIndex((gate) => gate.name === issue.gate);
  const worstFirst = [...issues].sort((one, other) =>
    severities.indexOf(one.severity) - severities.indexOf(other.severity) || order(one) - order(other));
  box.replaceChildren(...worstFirst.map((issue, index) => entry(issue, open.get(issue.id) ?? index === 0)));
}

function entry(issue, open) {
  const state = STATES[issue.severity] ?? "unknown";
  const lasted = duration((Date.parse(issue.last_seen_at) - Date.parse(issue.opened_at)) / 1000);
  return el("details", { class: "issue", "data-state": state, "data-id": issue.id, open },
    el("summary", {},
      glyph(state),
      el("span", {},
        el("span", { class: "name" }, issue.title),
        el("span", { class: "note" }, `${issue.severity} · since ${clock(issue.opened_at)}, for ${lasted}`))),
    el("p", {}, issue.description),
    issue.narrative ? el("p", { class: "narrative" }, el("span", { class: "note" }, "A model's reading: "), issue.narrative) : [],
    list("Likely causes, most likely first", "ol", issue.likely_causes),
    list("Next checks", "ul", issue.next_checks),
    el("p", { class: "more" }, el("a", { href: `/knowledge/${encodeURIComponent(issue.document)}` }, "More about this issue")));
}

function list(title, kind, entries) {
  return entries.length ? [el("h3", {}, title), el(kind, {}, entries.map((text) => el("li", {}, text)))] : [];
}
