// Adds up what failed before and what vitest's JSON reports say; a suite that did not run counts as a failure.
import { readFileSync } from 'node:fs';

let passed = 0;
const [before, ...reports] = process.argv.slice(2);
let failed = Number(before);
for (const path of reports) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'));
    passed += report.numPassedTests;
    failed +=
      report.numFailedTests +
      report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
        .length;
  } catch {
    failed += 1;
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
