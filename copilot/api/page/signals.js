// Every primary signal of the last cycle.

import { byId, el } from "./dom.js";
import { absence, quantity } from "./format.js";

export function showSignals({ primary_signals: signals }) {
  byId("signals").replaceChildren(...signals.map(row));
}

function row({ title, unit, value, absence: reason, detail }) {
  const [figure, shownUnit] = quantity(value, unit);
  return el("div", {},
    el("dt", {}, title),
    value === null
      ? el("dd", { class: "absent", title: detail || null }, absence(reason))
      : el("dd", {}, figure, shownUnit ? el("span", { class: "unit" }, ` ${shownUnit}`) : null));
}
