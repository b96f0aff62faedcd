// Numbers, times and names for people.

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, {
  weekday: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

const ABSENCES = {
  no_observations: "no observations",
  no_series: "no such series",
  not_exported: "not exported here",
  stale: "last sample too old",
  not_a_number: "not a number",
  refused: "connection refused",
  denied: "access denied",
  timed_out: "timed out",
  server_error: "source returned an error",
  bad_answer: "unreadable response",
};

export const number = (value) => (Math.abs(value) >= 100 ? COUNT : FINE).format(value);

// [figure, unit], scaled to a short figure.
export function quantity(value, unit) {
  if (value === null || value === undefined) return ["–", ""];
  if (unit === "ratio") return [FINE.format(value * 100), "%"];
  if (unit === "ms" && Math.abs(value) >= 10000) return [FINE.format(value / 1000), "s"];
  if (unit === "s" && Math.abs(value) >= 120) return [duration(value), ""];
  if (unit === "1/s") return [number(value), "/s"];
  return [number(value), unit];
}

export const quantityText = (value, unit) => quantity(value, unit).join(" ").trim();

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 600 && whole % 60) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

export const clock = (time) => CLOCK.format(new Date(time));
export const dayAndClock = (time) => DAY.format(new Date(time));
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local";

export const words = (name) => String(name).replaceAll("_", " ");
export const capital = (text) => text.replace(/^./, (first) => first.toUpperCase());
export const sentence = (name) => capital(words(name));
export const absence = (name) => ABSENCES[name] ?? words(name ?? "missing");
export const plural = (count, one, many = `${one}s`) => `${COUNT.format(count)} ${count === 1 ? one : many}`;
