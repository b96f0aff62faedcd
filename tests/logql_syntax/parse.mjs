// Parses each query of a JSON list on stdin; prints a JSON list with what is wrong in each, or "".
import { readFileSync } from "node:fs";
import { parser } from "@grafana/lezer-logql";

const queries = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(queries.map(problem)));

function problem(query) {
  const wrong = [];
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) wrong.push(`at ${from}: ${query.slice(from, to) || "something is missing"}`);
    },
  });
  return wrong.join("; ");
}
