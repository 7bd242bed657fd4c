// Reads what `euromesh rules sample` writes and asks Cedar the same questions: verdict and deciding rules must be
// the same each time. Says where they differ, and ends with "# pass N" and "# fail N".
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const cedar = createRequire(import.meta.url)("@cedar-policy/cedar-wasm/nodejs");

// Cedar knows principal, action and resource; all of ours lies in the context.
function contextOf(request) {
  const { action, data, ...records } = request;
  return data ? { ...records, data: data[0] } : records;
}

function answerOf(policySet, request) {
  const answer = cedar.statefulIsAuthorized({
    principal: { type: "Principal", id: "p" },
    action: { type: "Action", id: request.action },
    resource: { type: "Resource", id: "r" },
    context: contextOf(request),
    preparsedPolicySetId: policySet,
    entities: [],
  });
  if (answer.type !== "success") throw new Error(JSON.stringify(answer.errors));
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) throw new Error(JSON.stringify(diagnostics.errors));
  return { allowed: decision === "allow", deciding: [...diagnostics.reason].sort() };
}

function compare(line, sampleNumber) {
  const { rules, policies, requests } = JSON.parse(line);
  const parsed = cedar.preparsePolicySet("sample", { staticPolicies: policies });
  if (parsed.type !== "success") throw new Error(`sample ${sampleNumber}: ${JSON.stringify(parsed.errors)}\n${rules}`);
  const counts = { same: 0, differ: 0, allowed: 0, forbidden: 0 };
  for (const { request, verdict } of requests) {
    const ours = { allowed: verdict.allowed, deciding: verdict.deciding.map((rule) => rule.rule).sort() };
    const theirs = answerOf("sample", request);
    counts.allowed += ours.allowed ? 1 : 0;
    counts.forbidden += verdict.ground === "forbidden" ? 1 : 0;
    if (JSON.stringify(ours) === JSON.stringify(theirs)) {
      counts.same += 1;
      continue;
    }
    counts.differ += 1;
    if (counts.differ === 1) {
      console.log(`sample ${sampleNumber} differs: ours ${JSON.stringify(ours)}, Cedar's ${JSON.stringify(theirs)}`);
      console.log(rules, JSON.stringify(policies), JSON.stringify(request));
    }
  }
  return counts;
}

const total = { same: 0, differ: 0, allowed: 0, forbidden: 0 };
let sampleNumber = 0;
const input = process.argv[2] ? createReadStream(process.argv[2]) : process.stdin;
for await (const line of createInterface({ input })) {
  const counts = compare(line, ++sampleNumber);
  for (const key of Object.keys(total)) total[key] += counts[key];
}
const asked = total.same + total.differ;
console.log(`${asked} requests in ${sampleNumber} sets: ${total.allowed} allowed, ${total.forbidden} forbidden, the rest without a permit`);
console.log(`# pass ${total.same}`);
console.log(`# fail ${asked === 0 ? 1 : total.differ}`);
process.exitCode = asked === 0 || total.differ > 0 ? 1 : 0;
