// Who worded the summary, on what it leans, what it cost, and what a model advises.

import { byId, el } from "./dom.js";
import { capital, clock, number } from "./format.js";

export function showExplanation(summary, status, spend) {
  byId("told").replaceChildren(...parts(summary, spend).flatMap((part, index) => (index ? [" · ", part] : [part])));
  const actions = byModel(summary) ? status.recommended_actions : [];
  byId("actions-section").hidden = actions.length === 0;
  byId("actions").replaceChildren(...actions.map(action));
}

function byModel(summary) {
  return summary.explained_by !== null && summary.explained_by !== "rules";
}

function parts(summary, spend) {
  const told = byModel(summary)
    ? [`Worded by ${summary.model} at ${clock(summary.assessed_at)}`, cost(summary)]
    : ["Worded by the rules"];
  if (summary.fallback_reason) told.push(capital(summary.fallback_reason));
  if (summary.citations.length) told.push(el("span", {}, "Leans on ", ...summary.citations.flatMap(source)));
  if (spend.model !== "none") told.push(`${number(spend.tokens_today)} of ${number(spend.tokens_per_day)} tokens today`);
  return told;
}

function cost({ input_tokens: input, output_tokens: output, cost_usd: usd }) {
  const tokens = `${number(input + output)} tokens`;
  return usd === null ? tokens : `${tokens}, $${usd.toFixed(4)}`;
}

// A document of ours is a link; a place in S3 can only be named.
function source({ document: name, heading, uri }, index) {
  const text = heading ? `${name}: ${heading}` : name;
  const shown = uri.startsWith("/knowledge/") ? el("a", { href: uri }, text) : el("span", { title: uri }, text);
  return index ? [", ", shown] : [shown];
}

function action({ action_type: type, target_service: target, description, confidence, risk_level: risk }) {
  const sure = confidence === null ? "" : `, ${Math.round(confidence * 100)} % sure`;
  return el("li", {},
    el("span", { class: "name" }, `${capital(type)} ${target}`),
    el("span", { class: "note" }, `${risk} risk${sure}`),
    el("p", {}, description));
}
