// Adds up what failed before and what vitest's JSON reports say, and names again, at the end of a long output,
// each test that failed; a suite that did not run counts as a failure, and so does a run that ended with an error
// although no test failed: one that came outside of them.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const longestReason = 1500;

let passed = 0;
const [before, ...runs] = process.argv.slice(2);
let failed = Number(before);
for (let run = 0; run < runs.length; run += 2) {
  const [path, exitCode] = [runs[run], Number(runs[run + 1])];
  const failedBefore = failed;
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    failed += 1;
    tell(path, error.message);
    continue;
  }
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  for (const file of report.testResults) {
    const name = relative(process.cwd(), file.name);
    if (file.status === 'failed' && file.assertionResults.length === 0) {
      failed += 1;
      tell(name, file.message);
    }
    for (const test of file.assertionResults) {
      if (test.status === 'failed') tell(`${name}: ${test.fullName}`, test.failureMessages.join('\n'));
    }
  }
  if (exitCode !== 0 && failed === failedBefore) {
    failed += 1;
    tell(
      `the run of ${path} (exit code ${exitCode})`,
      'no test failed: see above for what happened outside of them',
    );
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function tell(what, reason = '') {
  process.stdout.write(`FAILED ${what}\n${reason.slice(0, longestReason)}\n\n`);
}
