// Custom verifiers as files, for tests: what a response says is what the verifier does.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Judges by the first letter as the tests of training do (c, w, m); h hangs, b backtracks, i multiplies, g grows, a grows at once, x exits, t throws, l throws later, n says nonsense, o throws an object, p posts what is no reply, q replies to the first request again, u returns a long text. */
const OBEDIENT = `
import { parentPort } from 'node:worker_threads';
const VERDICTS = { c: 'correct', w: 'wrong', m: 'malformed' };
let calls = 0;
export default async function verify({ problem, response }) {
  calls++;
  switch (response[0]) {
    case 'h': for (;;);
    case 'b': return { kind: /^(a+)+$/.test('a'.repeat(40) + '!') ? 'correct' : 'wrong', reason: '', extracted: null };
    case 'g': { const all = []; for (;;) all.push(new Array(10_000).fill(all.length)); }
    case 'a': { const all = []; for (;;) all.push(new Array(1e7).fill(1.5)); }
    case 'i': { let all = 1n << 1_000_000n; for (;;) all = (all * all) >> 1_000_000n; }
    case 'x': process.exit(3);
    case 't': throw new Error('cannot grade ' + response);
    case 'l': setTimeout(() => { throw new Error('thrown later'); }); return new Promise(() => {});
    case 'n': return { kind: 'perfect' };
    case 'o': throw { toString: null };
    case 'p': parentPort.postMessage({ type: 'verdict', verdict: { kind: 'perfect' } }); break;
    case 'q': {
      const verdict = { kind: 'correct', reason: 'not asked', extracted: null };
      setTimeout(() => parentPort.postMessage({ type: 'verdict', number: 1, verdict, milliseconds: 0 }), 1);
      break;
    }
    case 'u': return { kind: 'correct', reason: 'x'.repeat(2 ** 21), extracted: null };
    case 'r': await import('node:timers/promises').then(({ setTimeout }) => setTimeout(20));
  }
  return { kind: VERDICTS[response[0]] ?? 'correct', reason: problem.answer + ' ' + calls, extracted: response };
}
`;

export class ScriptedVerifiers {
  readonly dir = mkdtempSync(join(tmpdir(), 'guiderail-verifiers-'));
  readonly obedient = this.write('obedient.mjs', OBEDIENT);

  write(name: string, code: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, code);
    return path;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }
}
