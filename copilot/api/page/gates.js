// Why: each rule with what it saw and where its limit is, those that fired first.

import { byId, el, glyph, setText } from "./dom.js";
import { absence, plural, quantity, quantityText, sentence } from "./format.js";

const SIGNS = { above: ">", below: "<" };
const SEVERITIES = { blind: "unknown", critical: "critical", stressed: "stressed" };

export function showGates({ gates }) {
  const named = gates.map((gate) => ({ ...gate, label: label(gate, gates) }));
  const of = (outcome) => named.filter((gate) => gate.outcome === outcome);
  const [fired, missing, passed] = [of("fired"), of("missing"), of("passed")];
  setText(byId("why-lede"), lede(fired, missing, passed));
  byId("gates-fired").replaceChildren(...fired.map(row));
  byId("gates-missing").replaceChildren(...missing.map(row));
  byId("gates-passed").replaceChildren(...passed.map(row));
  byId("missing").hidden = missing.length === 0;
  byId("passed").hidden = passed.length === 0;
  openWhenQuiet(fired.length + missing.length === 0);
  setText(byId("missing-title"), `${plural(missing.length, "gate")} could not be read`);
  setText(byId("passed-title"), `${plural(passed.length, "gate")} passed`);
}

// With nothing wrong, how near each limit is deserves the space; the reader's choice then stands.
function openWhenQuiet(quiet) {
  const passed = byId("passed");
  if (passed.dataset.quiet === String(quiet)) return;
  passed.dataset.quiet = String(quiet);
  passed.open = quiet;
}

function lede(fired, missing, passed) {
  if (!fired.length && !missing.length && !passed.length) return "No gate was read yet.";
  if (fired.length) return `${plural(fired.length, "gate")} fired.`;
  return missing.length ? "No gate fired, but not all could be read." : "Every gate was read and none fired.";
}

function row(gate) {
  const mark = gate.outcome === "fired" ? SEVERITIES[gate.severity] : gate.outcome === "missing" ? "unknown" : "happy";
  return el("li", { class: "gate", "data-outcome": gate.outcome, "data-state": mark },
    glyph(mark),
    el("div", { class: "what" },
      el("p", { class: "name" }, sentence(gate.name), gate.label ? el("span", { class: "subject" }, gate.label) : null),
      gate.detail ? el("p", { class: "note" }, gate.detail) : null),
    figures(gate),
    gauge(gate));
}

// What tells gates of one name apart: a role, a queue, or which of two limits it is.
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

// Up or down, seen or not: nothing to measure.
const isPlain = (gate) => gate.signal === "up" || gate.fires_when === "missing" || gate.threshold === null;

function observed(gate) {
  if (gate.observed === null) return [absence(gate.absence), ""];
  if (gate.signal === "up") return [gate.observed > 0 ? "up" : "down", ""];
  return gate.fires_when === "missing" ? ["seen", ""] : quantity(gate.observed, gate.unit);
}

// The limit stands at the middle of the track, so that near and far are seen at a glance.
function gauge(gate) {
  if (gate.observed === null || isPlain(gate) || gate.threshold === 0) return null;
  const ratio = gate.observed / gate.threshold;
  const bar = el("span", { class: "gauge", "data-side": gate.fires_when, "aria-hidden": "true" }, el("i"));
  bar.firstChild.style.inlineSize = `${Math.min(100, Math.max(0, ratio * 50))}%`;
  return bar;
}
