// Each Temporal role, and the persistence behind them.

import { byId, el, glyph } from "./dom.js";
import { absence, quantityText, sentence, words } from "./format.js";

export function showServices({ services, reason }) {
  byId("services").replaceChildren(...services.map((service) => row(service, reason)));
}

// The headline already shows a reason that all services share.
function row(service, common) {
  const up = service.up === false ? " · target down" : "";
  return el("li", { class: "service", "data-state": service.status },
    glyph(service.status),
    el("div", {},
      el("p", { class: "name" }, sentence(service.name), el("span", { class: "word" }, service.status + up)),
      service.status === "happy" || service.reason === common ? null : el("p", { class: "note" }, words(service.reason)),
      service.key_signals.length ? el("dl", { class: "key" }, service.key_signals.map(signal)) : null));
}

function signal({ title, unit, value, absence: reason }) {
  const shown = value === null ? el("dd", { class: "absent" }, absence(reason)) : el("dd", {}, quantityText(value, unit));
  return el("div", {}, el("dt", {}, title), shown);
}
