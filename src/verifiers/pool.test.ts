import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import type { Problem, Verdict } from '../types.ts';
import { exactAnswer } from './exact-answer.ts';
import { VerifierPool, type PoolOptions } from './pool.ts';
import { ScriptedVerifiers } from './scripted-verifiers.case.ts';

const scripts = new ScriptedVerifiers();
const pools: VerifierPool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));
afterAll(() => scripts.remove());

function poolOf(options: PoolOptions = {}): VerifierPool {
  const pool = new VerifierPool({ size: 1, custom: { obedient: scripts.obedient }, ...options });
  pools.push(pool);
  return pool;
}

const problem = (answer: string, verifier = 'obedient'): Problem => ({
  id: '0'.repeat(16),
  messages: [{ role: 'user', content: 'Which?' }],
  answer,
  verifier,
  hints: [],
  source: 'test',
});

const verify = (pool: VerifierPool, response: string, answer = '', kind = 'obedient'): Promise<Verdict> =>
  pool.verifierFor(kind).verify({ problem: problem(answer, kind), response, finish: 'stop' });

describe('the pool', () => {
  it('gives each request its own verdict, whichever comes first', async () => {
    const pool = poolOf({ size: 2 });
    // The first of each pair waits, so that with two threads the second overtakes it.
    const responses = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 'r' : 'w') + String(index));
    const order: string[] = [];
    const verdicts = await Promise.all(
      responses.map(async (response, index) => {
        const verdict = await verify(pool, response, `gold ${index}`);
        order.push(response);
        return verdict;
      }),
    );
    expect(verdicts.map(({ extracted }) => extracted)).toEqual(responses);
    expect(verdicts.map(({ reason }) => reason.replace(/ \d+$/, ''))).toEqual(
      responses.map((_, i) => `gold ${i}`),
    );
    expect(order).not.toEqual(responses);
  });

  it('uses one thread for one request after the other', async () => {
    const pool = poolOf();
    const verdicts = [];
    for (const response of ['c', 'w', 'c']) verdicts.push(await verify(pool, response));
    expect(verdicts.map(({ reason }) => reason)).toEqual([' 1', ' 2', ' 3']);
  });

  it.each([
    ['hangs', 'h', 'graderTimeout', /stopped: verifying one response took more than 0\.5 s/],
    ['backtracks without end', 'b', 'graderTimeout', /more than 0\.5 s/],
    ['multiplies without end', 'i', 'graderTimeout', /more than 0\.5 s/],
    ['grows without end', 'g', 'graderError', /more than 48 MiB of memory/],
    ['allocates all at once', 'a', 'graderError', /ended by SIG\w+, as when one allocation is far over/],
    ['ends its thread', 'x', 'graderError', /ended with exit code 3/],
    ['throws', 't', 'graderError', /failed: cannot grade t/],
    ['throws outside of its promise', 'l', 'graderError', /failed: thrown later/],
    ['returns no verdict', 'n', 'graderError', /no verdict: kind/],
    ['returns a text without end', 'u', 'graderError', /no verdict: reason/],
    ['throws what is no error and has no text', 'o', 'graderError', /failed: \S/],
    ['posts to its host', 'p', 'graderError', /a message that is no reply/],
  ])('makes of a verifier that %s a verdict on that response alone', async (_, response, kind, reason) => {
    const timeoutMs = kind === 'graderTimeout' ? 500 : 60_000;
    const pool = poolOf({ size: 2, timeoutMs, memoryMiB: 48 });
    const verdicts = await Promise.all(
      ['c1', response, 'w2', response, 'm3', 'c4'].map((r) => verify(pool, r)),
    );
    expect(verdicts.map((verdict) => verdict.kind)).toEqual([
      'correct',
      kind,
      'wrong',
      kind,
      'malformed',
      'correct',
    ]);
    expect(verdicts[1]).toMatchObject({ reason: expect.stringMatching(reason) as string, extracted: null });
    expect(await verify(pool, 'c5')).toMatchObject({ kind: 'correct' });
  });

  it('takes a second reply to a request for no reply to the next one', async () => {
    const pool = poolOf();
    expect(await verify(pool, 'q1')).toMatchObject({ extracted: 'q1' });
    // It waits for longer than the second reply to the first takes.
    expect(await verify(pool, 'r2')).toMatchObject({ extracted: 'r2' });
  });

  it('keeps a burst apart', async () => {
    const pool = poolOf({ size: 2 });
    const responses = Array.from({ length: 10_000 }, (_, index) => `${'cw'[index % 2]}${index}`);
    const verdicts = await Promise.all(responses.map((response) => verify(pool, response)));
    expect(verdicts.map(({ extracted }) => extracted)).toEqual(responses);
  });

  it('says what the verifier took, without the load of the verifier and the wait for a thread', async () => {
    const loading = 'await new Promise((done) => setTimeout(done, 1000));\n';
    const slow = scripts.write(
      'slow.mjs',
      `${loading}export default async () => { ${loading.replace('1000', '40')} return { kind: 'wrong', reason: '', extracted: null }; };`,
    );
    const pool = poolOf({ custom: { slow } });
    const verdicts = await Promise.all([1, 2, 3, 4].map((n) => verify(pool, String(n), '', 'slow')));
    for (const verdict of verdicts) {
      expect(pool.millisecondsOf(verdict)).toBeGreaterThan(35);
      // The third and fourth waited, and the first for the load.
      expect(pool.millisecondsOf(verdict)).toBeLessThan(1000);
    }
  });

  it('is not put out by a process that is busy past the limit of time', async () => {
    const pool = poolOf({ timeoutMs: 150 });
    await verify(pool, 'c');
    const verdict = verify(pool, 'c');
    const until = performance.now() + 600;
    while (performance.now() < until);
    expect(await verdict).toMatchObject({ kind: 'correct' });
  });

  it('calls here what says so, and in a thread what does not', async () => {
    const pool = poolOf();
    expect(pool.verifierFor('exact')).toBe(exactAnswer);
    expect(await verify(pool, '\\boxed{3 km}', '3000 m', 'science')).toMatchObject({ kind: 'correct' });
    expect(pool.verifierFor('science').goldResponse!('5 m')).toBe('#### 5 m');
  });

  it('closes with requests under way and waiting, and takes none afterwards', async () => {
    const pool = poolOf({ timeoutMs: 60_000 });
    const waiting = Promise.all([verify(pool, 'h'), verify(pool, 'c')]);
    await pool.close();
    for (const verdict of [...(await waiting), await verify(pool, 'c')]) {
      expect(verdict).toMatchObject({
        kind: 'graderError',
        reason: expect.stringContaining('closed') as string,
      });
    }
  });
});

describe('custom verifiers', () => {
  it.each([
    [
      'an object',
      'export default { verify: async () => ({ kind: "wrong", reason: "no", extracted: null }) };',
    ],
    ['a function', 'export const verify = () => ({ kind: "wrong", reason: "no", extracted: null });'],
  ])('may be exported as %s', async (_, code) => {
    const pool = poolOf({ custom: { mine: scripts.write(`mine-${code.length}.mjs`, code) } });
    await pool.checkCustom();
    expect(await verify(pool, 'x', '', 'mine')).toEqual({ kind: 'wrong', reason: 'no', extracted: null });
  });

  it.each([
    ['there is no file', null, /Cannot load .*missing\.mjs/],
    ['it does not parse', 'export default (;', /Cannot load/],
    ['it exports something else', 'export const grade = 1;', /as default .* got exports grade/],
    ['it ends its thread', 'process.exit(0);', /exit code 0/],
    [
      'it never loads',
      'await new Promise(() => setInterval(() => {}, 1000));',
      /loading the verifier took more than/,
    ],
  ])('are refused beforehand if %s', async (_, code, message) => {
    const path = code === null ? `${scripts.dir}/missing.mjs` : scripts.write(`bad-${code.length}.mjs`, code);
    const pool = poolOf({ custom: { bad: path }, loadTimeoutMs: code?.startsWith('await') ? 600 : 60_000 });
    const error: unknown = await pool.checkCustom().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message).toMatch(message);
  });

  it('serve kinds of their own, which the sentence about an unknown kind names', () => {
    expect(() => poolOf({ custom: { exact: scripts.obedient } })).toThrow(/kind of its own, got "exact"/);
    expect(() => poolOf().verifierFor('obediant')).toThrow(DataError);
    expect(() => poolOf().verifierFor('obediant')).toThrow(/mean "obedient"/);
  });
});
