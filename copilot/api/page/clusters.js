// All clusters, in the order of the API: the worst first.

import { byId, el, glyph, setText } from "./dom.js";
import { duration, sentence } from "./format.js";

export function showClusters({ clusters, problems }) {
  document.body.dataset.view = "clusters";
  document.body.dataset.state = clusters[0]?.health_state ?? "unknown";
  const title = `${clusters.length} clusters`;
  setText(byId("clusters-title"), title);
  setText(byId("clusters-lede"), clusters.length ? "The worst is first." : "No cluster is described.");
  byId("clusters-list").replaceChildren(...clusters.map(entry));
  byId("clusters-problems").replaceChildren(...problems.map((problem) => el("li", {}, problem)));
  document.title = `${clusters.length ? sentence(clusters[0].health_state) : "Unknown"} · ${title}`;
}

function entry(one) {
  const held = one.since ? `for ${duration((Date.now() - Date.parse(one.since)) / 1000)}` : "";
  const age = one.timestamp ? `verdict ${duration(one.data_age_seconds)} ago` : "";
  const why = one.reason || one.causes.map((cause) => cause.name).join(", ");
  return el("li", { "data-state": one.health_state },
    el("a", { href: `/?${new URLSearchParams({ cluster: one.cluster })}` },
      glyph(one.health_state),
      el("span", { class: "name" }, one.cluster),
      el("span", { class: "state" }, sentence(one.health_state)),
      el("span", { class: "note" }, [held, age].filter(Boolean).join(", ")),
      el("span", { class: "reason" }, why)));
}
