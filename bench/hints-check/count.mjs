// Counts what "guiderail hints check" finds in hints of which it is known whether they leak:
//   node bench/hints-check/count.mjs FILE...   (rows of problems with one hint and "leak": true or false)
import { readFileSync } from 'node:fs';
import { problemOf } from '../../dist/data/problems.js';
import { HintChecker } from '../../dist/hints/check/check.js';
import { isLeak } from '../../dist/hints/check/verdict.js';
import { VerifierPool } from '../../dist/verifiers/pool.js';

const pool = new VerifierPool({ size: 2 });
const checker = new HintChecker(pool.verifierFor);
for (const file of process.argv.slice(2)) {
  const counts = { leaks: 0, found: 0, others: 0, falseAlarms: 0 };
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const row = JSON.parse(line);
    const problem = problemOf(row, { verifier: 'exact', source: 'bench' });
    const flagged = (await checker.checkProblem(problem)).some(({ kind }) => isLeak(kind));
    counts[row.leak ? 'leaks' : 'others']++;
    if (flagged) counts[row.leak ? 'found' : 'falseAlarms']++;
    if (flagged !== row.leak)
      process.stdout.write(`${row.leak ? 'missed' : 'false alarm'}: ${row.hints[0]}\n`);
  }
  const { leaks, found, others, falseAlarms } = counts;
  process.stdout.write(
    `${file}: ${found} of ${leaks} leaks found, ${falseAlarms} false alarms in ${others}\n`,
  );
}
await pool.close();
process.exit(0); // what runs programs keeps its interpreters
