// npm test: sets up, runs every test and ends with the line `N passed, N failed` (`, N skipped` may follow).
// Arguments are passed on to vitest, so `npm test -- src/algorithms` runs a part.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildNative } from './build-native.mjs';
import { setup } from './setup.mjs';

setup();
buildNative('core_tests');
const scratch = mkdtempSync(join(tmpdir(), 'guiderail-test-'));
const report = join(scratch, 'report.json');
const result = spawnSync(
  'npx',
  [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', shell: process.platform === 'win32' },
);
let summary;
try {
  summary = JSON.parse(readFileSync(report, 'utf8'));
} catch {
  process.stdout.write('The tests ended without a report; the messages above say why.\n0 passed, 1 failed\n');
  process.exit(1);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const skipped = summary.numPendingTests + summary.numTodoTests;
// A test file that cannot be loaded has no failed test of its own; it counts as one.
const brokenFiles = summary.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const failed = summary.numFailedTests + brokenFiles;
process.stdout.write(
  `${summary.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
);
process.exit(result.status === 0 && failed === 0 ? 0 : 1);
