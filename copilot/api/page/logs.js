// Known patterns in the servers' logs: names and counts, never a log line. They decide nothing, so
// a pattern shows its severity as a word and not as a state's shape.

import { byId, el, setText } from "./dom.js";
import { number, sentence } from "./format.js";

const STATES = { critical: "critical", warning: "stressed", info: "unknown" };

export function showLogs({ log_patterns: patterns, logs_missing: missing }) {
  const none = patterns.length ? "" : "No known log pattern since the previous cycle.";
  setText(byId("logs-lede"), missing || none);
  byId("logs").replaceChildren(...patterns.map(row));
}

function row({ name, service, severity, count, meaning }) {
  return el("li", { class: "log", "data-state": STATES[severity] ?? "unknown" },
    el("p", { class: "name" }, sentence(name)),
    el("p", { class: "count" }, number(count), el("span", { class: "unit" }, count === 1 ? " line" : " lines")),
    el("p", { class: "note" }, el("b", {}, severity), ` · ${service} · ${meaning}`));
}
