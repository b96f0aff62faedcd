// A model's reading, apart from the rules' verdict: its model, time, cost, sources and suggested
// actions; without one, the reason.

import { byId, el, setText } from "./dom.js";
import { capital, clock, number } from "./format.js";

export function showReading(summary, status, spend) {
  const byModel = summary.explained_by !== null && summary.explained_by !== "rules";
  byId("reading-section").hidden = !byModel;
  byId("reading-source").replaceChildren(...joined(byModel ? source(summary) : []));
  setText(byId("reading"), summary.reading);
  byId("actions").replaceChildren(...(byModel ? status.recommended_actions.filter(hasConfidence) : []).map(action));
  byId("model-note").replaceChildren(...joined(notes(summary, spend)));
}

// Only a model's actions have a confidence.
function hasConfidence({ confidence }) {
  return confidence !== null;
}

function joined(parts) {
  return parts.flatMap((part, index) => (index ? [" · ", part] : [part]));
}

function source(summary) {
  const parts = [`${summary.model} at ${clock(summary.assessed_at)}`, cost(summary)];
  if (summary.citations.length) parts.push(el("span", {}, "Sources: ", ...summary.citations.flatMap(citation)));
  return parts;
}

function notes(summary, spend) {
  const reason = summary.fallback_reason ? [capital(summary.fallback_reason)] : [];
  if (spend.model === "none") return reason;
  return [...reason, `Models used ${number(spend.tokens_today)} of ${number(spend.tokens_per_day)} tokens today`];
}

function cost({ input_tokens: input, output_tokens: output, cost_usd: usd }) {
  const tokens = `${number(input + output)} tokens`;
  return usd === null ? tokens : `${tokens}, $${usd.toFixed(4)}`;
}

// Documents of the corpus are links; a browser cannot open an object in S3.
function citation({ document: name, heading, uri }, index) {
  const text = heading ? `${name}: ${heading}` : name;
  const shown = uri.startsWith("/knowledge/") ? el("a", { href: uri }, text) : el("span", { title: uri }, text);
  return index ? [", ", shown] : [shown];
}

function action({ action_type: type, target_service: target, description, confidence, risk_level: risk }) {
  return el("li", {},
    el("span", { class: "name" }, `${capital(type)} ${target}`),
    el("span", { class: "note" }, `${risk} risk, ${Math.round(confidence * 100)} % confidence`),
    el("p", {}, description));
}
