// Queries the API every few seconds. Without a fresh verdict the state is unknown, and the last
// evidence stays on the page, marked as past.

import { get } from "./api.js";
import { showBottleneck } from "./bottleneck.js";
import { showClusters } from "./clusters.js";
import { byId, setText } from "./dom.js";
import { capital, dayAndClock, duration, zone } from "./format.js";
import { showGates } from "./gates.js";
import { showIssues } from "./issues.js";
import { showLogs } from "./logs.js";
import { showQueues } from "./queues.js";
import { showReading } from "./reading.js";
import { showServices } from "./services.js";
import { showSignals } from "./signals.js";
import { fetchTimeline, showTimeline } from "./timeline.js";
import { showFacts, showVerdict } from "./verdict.js";

const REFRESH_MS = 5000;
const FIRST_START = "The worker's first cycle gives one, usually within a minute.";

const cluster = new URLSearchParams(location.search).get("cluster");
const parameters = cluster ? { cluster } : {};

// `status` is the last response, received at `at` (monotonic); `drawn` identifies the cycle on the
// page, and `listed` is set once all clusters were shown instead.
const shown = { listed: false, status: null, at: 0, drawn: "", problem: null, loading: false };

async function refresh() {
  if (shown.loading || document.hidden) return;
  shown.loading = true;
  try {
    const list = await get("/clusters");
    byId("all-clusters").hidden = list.clusters.length < 2;
    if (!cluster && list.clusters.length !== 1) {
      showClusters(list);
      Object.assign(shown, { listed: true, at: performance.now(), problem: null });
      return;
    }
    document.body.dataset.view = "cluster";
    const status = await get("/status", parameters);
    const key = [status.cluster, status.cycle, status.timestamp, status.stale].join();
    if (key !== shown.drawn) await draw(status);
    Object.assign(shown, { status, at: performance.now(), drawn: key, problem: null });
    showStatus(status);
  } catch (error) {
    // Also shows errors of the page itself.
    shown.problem = error;
    shown.drawn = "";
    showProblem(error);
  } finally {
    shown.loading = false;
    tick();
  }
}

async function draw(status) {
  const [summary, spend, gates, services, queues, issues, timeline] = await Promise.all([
    get("/status/summary", parameters),
    get("/status/spend"),
    get("/status/gates", parameters),
    get("/status/services", parameters),
    get("/status/queues", parameters),
    get("/status/issues", { ...parameters, limit: 20 }),
    fetchTimeline(parameters),
  ]);
  shown.summary = summary.summary;
  showReading(summary, status, spend);
  showGates(gates);
  showServices(services);
  showQueues(queues);
  showIssues(issues, gates);
  showLogs(status);
  showBottleneck(status);
  showSignals(status);
  showTimeline(timeline);
}

function showStatus(status) {
  const first = status.timestamp === null;
  const explanation = first ? `${capital(status.reason)} ${FIRST_START}` : status.stale ? capital(status.reason) : shown.summary;
  setText(byId("cluster"), status.cluster);
  showVerdict({ state: status.health_state, explanation, causes: status.stale ? [] : status.causes, cluster: status.cluster });
  document.body.dataset.evidence = first ? "none" : status.stale ? "past" : "fresh";
  setText(byId("past"), status.stale ? pastNotice(status.timestamp) : "");
}

function showProblem(error) {
  const last = shown.status?.timestamp ?? null;
  showVerdict({ state: "unknown", explanation: capital(error.message), causes: [], cluster: shown.status?.cluster });
  document.body.dataset.evidence = last ? "past" : "none";
  setText(byId("past"), last ? pastNotice(last) : "");
}

const pastNotice = (timestamp) => `Past data below: the verdict of ${dayAndClock(timestamp)}.`;

function tick() {
  const elapsed = (performance.now() - shown.at) / 1000;
  showFacts(shown.status, elapsed, shown.problem);
  const loaded = shown.status || shown.listed;
  document.body.dataset.link = shown.problem ? "lost" : loaded ? "live" : "first";
  const age = loaded ? `updated ${duration(elapsed)} ago` : "no data yet";
  setText(byId("refreshed"), shown.problem ? `Retrying, ${age}` : `Live, ${age}`);
}

setText(byId("zone"), zone());
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, REFRESH_MS);
setInterval(tick, 1000);
refresh();
