// What limits the cluster, and the contributing signals. They explain and decide nothing.

import { byId, el, setText } from "./dom.js";
import { absence, plural, quantity } from "./format.js";

const SENTENCES = {
  none: "No bottleneck was found.",
  server: "The server is the bottleneck.",
  worker: "Users' workers are the bottleneck.",
  mixed: "Both the server and users' workers are bottlenecks.",
};
const SOURCES = { amplifier: "Server", worker: "Workers" };

export function showBottleneck({ bottleneck, bottleneck_reasons: reasons, amplifiers, timestamp }) {
  byId("bottleneck").dataset.bottleneck = timestamp ? bottleneck : "";
  setText(byId("bottleneck"), timestamp ? SENTENCES[bottleneck] : "No cycle was evaluated yet.");
  byId("bottleneck-reasons").replaceChildren(...reasons.map((reason) => el("li", {}, reason)));
  const [absent, exported] = splitByExport(amplifiers);
  setText(byId("amplifiers-title"), plural(exported.length, "contributing signal"));
  byId("amplifiers").replaceChildren(
    el("table", {},
      el("thead", {}, el("tr", {},
        el("th", { scope: "col" }, "Signal"), el("th", { scope: "col" }, "Source"), el("th", { scope: "col", class: "figure" }, "Value"))),
      el("tbody", {}, exported.map(row))));
  byId("amplifiers-absent").replaceChildren(...notes(absent));
}

// Signals that no exporter has here would be empty rows of the table.
function splitByExport(signals) {
  const isAbsent = (signal) => signal.absence === "not_exported";
  return [signals.filter(isAbsent), signals.filter((signal) => !isAbsent(signal))];
}

function row({ title, meaning, kind, unit, value, absence: reason, detail }) {
  const [figure, shownUnit] = quantity(value, unit);
  return el("tr", {},
    el("th", { scope: "row" }, el("span", { class: "name" }, title), el("span", { class: "note" }, meaning)),
    el("td", { "data-title": "Source" }, SOURCES[kind]),
    value === null
      ? el("td", { class: "figure absent", "data-title": "Value", title: detail || null }, absence(reason))
      : el("td", { class: "figure", "data-title": "Value" }, figure, shownUnit ? el("span", { class: "unit" }, ` ${shownUnit}`) : null));
}

function notes(absent) {
  const reasons = new Map();
  for (const { detail, title } of absent) reasons.set(detail, [...(reasons.get(detail) ?? []), title]);
  return [...reasons].map(([reason, titles]) =>
    el("p", { class: "note" }, `Not exported here: ${titles.join(", ")}. They are ${reason}.`));
}
