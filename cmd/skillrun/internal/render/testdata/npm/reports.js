// Reads the reports of one check as those that they are for: SARIF by its schema, the code
// quality report by what GitLab documents, and the workflow commands beside those that
// GitHub's own library prints of the same findings.
// usage: node reports.js FOLDER, with sarif.json, gitlab.json, github.txt and check.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as core from "@actions/core";
import Draft4 from "ajv-draft-04";
import formats from "ajv-formats";

const require = createRequire(import.meta.url);
const read = (name) => readFileSync(join(process.argv[2], name), "utf8");
const findings = JSON.parse(read("check.json")).diagnostics;
const problems = [];
const want = (ok, what) => ok || problems.push(what);
want(findings.length > 100, `only ${findings.length} findings`);

// A pattern of the schema of SARIF is none with the flag u.
const validator = () => formats(new Draft4({ allErrors: true, strict: false, unicodeRegExp: false }));
function valid(schema, data, what) {
  const validate = validator().compile(schema);
  if (!validate(data)) {
    problems.push(...validate.errors.slice(0, 5).map((e) => `${what}${e.instancePath}: ${e.message}`));
  }
  return validate;
}

const schema = require("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
const sarif = JSON.parse(read("sarif.json"));
const validate = valid(schema, sarif, "sarif");
want(sarif.runs[0].results.length === findings.length, "sarif has not every finding");
want(sarif.runs[0].results.some((r) => r.fixes) && sarif.runs[0].results.some((r) => r.relatedLocations), "sarif has no fix, or nothing related");
sarif.runs[0].results[0].levle = "error";
want(!validate(sarif), "the schema of SARIF accepts a member that there is not");

const gitlab = JSON.parse(read("gitlab.json"));
valid({
  type: "array",
  items: {
    type: "object",
    required: ["description", "check_name", "fingerprint", "severity", "location"],
    properties: {
      description: { type: "string", minLength: 1 },
      check_name: { type: "string", minLength: 1 },
      fingerprint: { type: "string", minLength: 1 },
      severity: { enum: ["info", "minor", "major", "critical", "blocker"] },
      location: {
        type: "object",
        required: ["path", "lines"],
        properties: {
          path: { type: "string", pattern: "^(?!\\./|/)" },
          lines: { type: "object", required: ["begin"], properties: { begin: { type: "integer", minimum: 1 } } },
        },
      },
    },
  },
}, gitlab, "gitlab");
want(gitlab.length === findings.length, "gitlab has not every finding");
want(new Set(gitlab.map((x) => x.fingerprint)).size === gitlab.length, "gitlab has two findings of one fingerprint");

const printed = [];
const write = process.stdout.write;
process.stdout.write = (text) => printed.push(text);
for (const { severity, code, message, hint, at } of findings) {
  const { start, end } = at;
  const properties = { title: code, file: at.file };
  if (start.line) {
    Object.assign(properties, { startLine: start.line, endLine: end.line });
    if (start.line === end.line) {
      Object.assign(properties, { startColumn: start.col, endColumn: end.col });
    }
  }
  core[severity](hint ? `${message}\n${hint}` : message, properties);
}
process.stdout.write = write;
const theirs = printed.join("").trimEnd().split("\n");
const ours = read("github.txt").trimEnd().split("\n");
want(ours.length === theirs.length, `${ours.length} commands, GitHub's library prints ${theirs.length}`);
ours.forEach((line, i) => want(line === theirs[i], `ours:   ${line}\ntheirs: ${theirs[i]}`));

console.log(`${findings.length} findings in three formats, ${problems.length} problems`);
if (problems.length) {
  console.error(problems.slice(0, 20).join("\n"));
  process.exit(1);
}
