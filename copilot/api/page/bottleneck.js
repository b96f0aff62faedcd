// What limits the cluster, and the signals that say why: they explain, and decide nothing.

import { byId, el, setText } from "./dom.js";
import { absence, plural, quantity } from "./format.js";

const LEDES = {
  none: "No bottleneck is seen.",
  server: "The server is the bottleneck.",
  worker: "Users' workers are the bottleneck.",
  mixed: "Both the server and users' workers are bottlenecks.",
};
const SOURCES = { amplifier: "Server", worker: "Workers" };

export function showBottleneck({ bottleneck, bottleneck_reasons: reasons, amplifiers, timestamp }) {
  setText(byId("bottleneck"), timestamp ? LEDES[bottleneck] : "No cycle was judged yet.");
  byId("bottleneck-reasons").replaceChildren(...reasons.map((reason) => el("li", {}, reason)));
  const [absent, here] = split(amplifiers);
  setText(byId("amplifiers-title"), `${plural(here.length, "signal")} that may say why`);
  byId("amplifiers").replaceChildren(
    el("table", {},
      el("thead", {}, el("tr", {},
        el("th", { scope: "col" }, "Signal"), el("th", { scope: "col" }, "Of"), el("th", { scope: "col", class: "figure" }, "Value"))),
      el("tbody", {}, here.map(row))));
  byId("amplifiers-absent").replaceChildren(...notes(absent));
}

// What nobody here exports would fill the table with nothing.
function split(signals) {
  const isAbsent = (signal) => signal.absence === "not_exported";
  return [signals.filter(isAbsent), signals.filter((signal) => !isAbsent(signal))];
}

function row({ title, meaning, kind, unit, value, absence: reason, detail }) {
  const [figure, shownUnit] = quantity(value, unit);
  return el("tr", {},
    el("th", { scope: "row" }, el("span", { class: "name" }, title), el("span", { class: "note" }, meaning)),
    el("td", { "data-title": "Of" }, SOURCES[kind]),
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
