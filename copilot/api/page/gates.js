// The section Why: each rule with observed value and limit, fired ones first.

import { byId, el, glyph, setText } from "./dom.js";
import { absence, plural, quantity, quantityText, sentence } from "./format.js";

const SIGNS = { above: ">", below: "<" };
const SEVERITIES = { blind: "unknown", critical: "critical", stressed: "stressed", notice: "unknown" };

export function showGates({ gates }) {
  const named = gates.map((gate) => ({ ...gate, label: label(gate, gates) }));
  const of = (outcome) => named.filter((gate) => gate.outcome === outcome);
  const [fired, notices, missing, passed] = [of("fired"), of("notice"), of("missing"), of("passed")];
  setText(byId("why-lede"), lede(fired, missing, passed));
  byId("gates-fired").replaceChildren(...fired.map(row));
  byId("gates-notices").replaceChildren(...notices.map(row));
  byId("gates-missing").replaceChildren(...missing.map(row));
  byId("gates-passed").replaceChildren(...passed.map(row));
  byId("notices").hidden = notices.length === 0;
  byId("missing").hidden = missing.length === 0;
  byId("passed").hidden = passed.length === 0;
  openPassedWhenHealthy(fired.length + missing.length === 0);
  setText(byId("notices-title"), `${plural(notices.length, "notice")}, no change of state`);
  setText(byId("missing-title"), `${plural(missing.length, "rule")} could not be evaluated`);
  setText(byId("passed-title"), `${plural(passed.length, "rule")} passed`);
}

// Opens the passed gates once when nothing is wrong; after that the reader opens and closes them.
function openPassedWhenHealthy(healthy) {
  const passed = byId("passed");
  if (passed.dataset.healthy === String(healthy)) return;
  passed.dataset.healthy = String(healthy);
  passed.open = healthy;
}

function lede(fired, missing, passed) {
  if (!fired.length && !missing.length && !passed.length) return "No rule was evaluated yet.";
  if (fired.length) return `${plural(fired.length, "rule")} fired.`;
  return missing.length ? "No rule fired, but not all could be evaluated." : "Every rule was evaluated; none fired.";
}

function row(gate) {
  const mark = { passed: "happy", missing: "unknown" }[gate.outcome] ?? SEVERITIES[gate.severity];
  return el("li", { class: "gate", "data-outcome": gate.outcome, "data-state": mark },
    glyph(mark),
    el("div", { class: "rule" },
      el("p", { class: "name" }, sentence(gate.name), gate.label ? el("span", { class: "subject" }, gate.label) : null),
      gate.detail ? el("p", { class: "note" }, gate.detail) : null),
    figures(gate),
    gauge(gate));
}

// Distinguishes gates of one name: by a role, a queue, or one of two limits.
function label(gate, gates) {
  const alike = gates.filter(({ name, subject }) => name === gate.name && subject === gate.subject);
  return [gate.subject, alike.length > 1 ? `${gate.severity} limit` : ""].filter(Boolean).join(", ");
}

function figures(gate) {
  const [figure, unit] = observed(gate);
  const limit = isPlain(gate) ? null : `${SIGNS[gate.fires_when]} ${quantityText(gate.threshold, gate.unit)}`;
  return el("p", { class: "figures" },
    el("span", { class: gate.observed === null ? "absent" : "observed" }, figure),
    unit ? el("span", { class: "unit" }, ` ${unit}`) : null,
    limit ? el("span", { class: "limit" }, el("span", { class: "unseen" }, " fires when "), limit) : null);
}

// Gates on up or down, and on presence, have no limit to show.
const isPlain = (gate) => gate.signal === "up" || gate.fires_when === "missing" || gate.threshold === null;

function observed(gate) {
  if (gate.observed === null) return [absence(gate.absence), ""];
  if (gate.signal === "up") return [gate.observed > 0 ? "up" : "down", ""];
  return gate.fires_when === "missing" ? ["present", ""] : quantity(gate.observed, gate.unit);
}

// The limit is at the middle of the track.
function gauge(gate) {
  if (gate.observed === null || isPlain(gate) || gate.threshold === 0) return null;
  const ratio = gate.observed / gate.threshold;
  const bar = el("span", { class: "gauge", "data-side": gate.fires_when, "aria-hidden": "true" }, el("i"));
  bar.firstChild.style.inlineSize = `${Math.min(100, Math.max(0, ratio * 50))}%`;
  return bar;
}
