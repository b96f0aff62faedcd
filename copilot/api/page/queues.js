// Task queues, worst first.

import { byId, el, glyph, setText } from "./dom.js";
import { absence, duration, number, plural } from "./format.js";

const COLUMNS = [
  ["Queue", queueName, ""],
  ["Backlog", (queue) => figure(queue.backlog), "figure"],
  ["Oldest", (queue) => (queue.backlog_age_seconds === null ? "–" : duration(queue.backlog_age_seconds)), "figure"],
  ["Added", (queue) => rate(queue.add_rate), "figure"],
  ["Dispatched", (queue) => rate(queue.dispatch_rate), "figure"],
  ["Pollers", (queue) => figure(queue.pollers), "figure"],
];

export function showQueues(answer) {
  const { queues } = answer;
  setText(byId("queues-lede"), lede(answer));
  if (queues.length === 0) return byId("queues").replaceChildren();
  byId("queues").replaceChildren(
    el("table", {},
      el("thead", {}, el("tr", {}, COLUMNS.map(([title, , kind]) => el("th", { scope: "col", class: kind }, title)))),
      el("tbody", {}, queues.map(row))));
}

function lede({ queues, absence: reason, detail, ...survey }) {
  if (reason) return `Task queues could not be read: ${absence(reason)}. ${detail}`.trim();
  if (queues.length === 0) return "No task queue is known yet.";
  const listed = `${plural(queues.length, "queue")}, worst first.`;
  if (!survey.truncated) return listed;
  const turn = survey.round_seconds ? `; each is read within ${duration(survey.round_seconds)}` : "";
  const rest = `${plural(survey.truncated, "other was", "others were")} not read in this cycle${turn}.`;
  const late = survey.suspected_left_out ? ` ${number(survey.suspected_left_out)} of them have late tasks by the metrics.` : "";
  const unjudged = survey.unjudged ? ` ${number(survey.unjudged)} of them have no metrics.` : "";
  return `${listed} ${rest}${late}${unjudged}`;
}

function row(queue) {
  return el("tr", { "data-state": queue.status },
    COLUMNS.map(([title, cell, kind], index) =>
      el(index ? "td" : "th", { class: kind, "data-title": title, scope: index ? null : "row" }, cell(queue))));
}

function queueName(queue) {
  const state = queue.status === "happy" ? "" : queue.status === "unknown" ? "unknown" : "starved";
  return el("span", { class: "queue" },
    glyph(queue.status),
    el("span", {},
      el("span", { class: "name" }, queue.name),
      el("span", { class: "note" }, `${queue.namespace} · ${queue.kind}`, state ? el("b", {}, ` · ${state}`) : null)));
}

const figure = (value) => (value === null ? "–" : number(value));
const rate = (value) => (value === null ? "–" : `${number(value)}/s`);
