import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProblems } from '../../data/problems.ts';
import type { HintCheck } from '../../hints/generate/generate.ts';
import {
  FakeClock,
  ScriptedTeacher,
  type ScriptedAnswer,
  type ScriptedRequest,
} from '../../hints/generate/scripted-teacher.case.ts';
import type { InterruptSource } from '../command-io.ts';
import { runCli } from '../program.ts';
import { FakeInterrupts, Scratch } from '../scratch.case.ts';
import { recordedIO } from '../test-io.case.ts';
import { keyFor } from '../teachers.ts';
import { hintsGenerateCommand } from './hints-generate.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

let server: ScriptedTeacher;
let clock: FakeClock;
beforeEach(async () => {
  server = new ScriptedTeacher();
  clock = new FakeClock();
  server.onSilence = () => clock.expire();
  server.answer = () => GOOD;
  await server.start();
});
afterEach(() => server.stop());

const GOOD: ScriptedAnswer = { hints: ['first way', 'second way'] };
const NAMES = ['ant', 'bee', 'cat', 'dog', 'eel', 'fox', 'gnu', 'hen', 'ibis', 'jay'];
const rows = (count: number) =>
  NAMES.slice(0, count).map((name, index) => ({
    own: index,
    prompt: `How many legs has one ${name}?`,
    answer: index,
    solution: `Count the legs of the ${name}.`,
  }));
const nameIn = (content: string) => /has one (\w+)\?/.exec(content)![1];

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command with what a test puts in the place of time, checks and the environment. */
async function generate(
  options: string,
  given: {
    check?: HintCheck | 'real';
    env?: Record<string, string>;
    interrupts?: InterruptSource;
    file?: string;
  } = {},
): Promise<Ran> {
  const { env = {}, interrupts, file = 'rows.jsonl' } = given;
  const io = { ...recordedIO(scratch.dir), env, ...(interrupts && { interrupts }) };
  const argv = ['hints', 'generate', file, '--levels', '2', ...options.split(' ')];
  // The real check refuses hints of two words.
  const { check = async () => ({ ok: true, reason: '' }) } = given;
  const tools = { clock, ...(check !== 'real' && { check }) };
  const code = await runCli(argv, io, [
    (io) => new Command('hints').addCommand(hintsGenerateCommand(io, tools)),
  ]);
  return { code, out: io.out(), err: io.err() };
}

let outputs = 0;
const fresh = () => `out-${outputs++}.jsonl`;
const served = (out: string) => `--teacher ${server.url} --out ${out}`;
const repeats = () => server.contents.filter((content, at) => server.contents.indexOf(content) !== at);

describe('guiderail hints generate', () => {
  it('writes every row with its hints, in order, so that they can be read as problems', async () => {
    scratch.writeRows('rows.jsonl', rows(3));
    const out = fresh();
    server.answer = ({ content }) => ({ hints: [`think of the ${nameIn(content)}`, 'count two at a time'] });
    const { code, out: said } = await generate(`${served(out)} --price-in 1000 --price-out 10000`);
    expect(code).toBe(0);
    expect(said).toContain('3 problems: 3 with 2 hints, 0 with fewer, 0 without');
    // 3 × 100 tokens in and 3 × 10 out.
    expect(said).toContain('Used: 300 tokens in and 30 out, price 0.6;');
    const written = scratch.lines(out);
    expect(written[1]).toEqual({
      ...rows(3)[1],
      hints: ['think of the bee', 'count two at a time'],
      hintGeneration: {
        status: 'complete',
        model: 'scripted',
        prompts: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        attempts: 1,
      },
    });
    const { problems, rejected } = await readProblems(scratch.at(out));
    expect(rejected).toEqual([]);
    expect(problems.map(({ hints }) => hints[0])).toEqual(
      ['ant', 'bee', 'cat'].map((x) => `think of the ${x}`),
    );
  });

  it('bears every fault of a server: nothing is lost, and nothing that was answered is asked again', async () => {
    scratch.writeRows('rows.jsonl', rows(10));
    const faults: Record<string, ScriptedAnswer> = {
      ant: { status: 429, headers: { 'retry-after': '3' } },
      bee: { status: 500 },
      cat: 'silence',
      dog: 'cut',
      eel: { text: '{"hints": ["first way", "sec', finish: 'length' },
      fox: { text: '{"hints": ["first way", "sec' },
      gnu: { text: 'Think.' },
      hen: { text: '{"hints": "first way"}' },
      ibis: { text: null, refusal: 'No.' },
      jay: { body: '<html>' },
    };
    const answered: ScriptedRequest[] = [];
    server.answer = (request) => {
      const fault = faults[nameIn(request.content)];
      const asked = server.requests.filter(({ content }) => nameIn(content) === nameIn(request.content));
      if (asked.length === 1 && !(typeof fault === 'object' && 'text' in fault)) return fault;
      answered.push(request);
      return asked.length === 1 ? fault : GOOD;
    };
    const out = fresh();
    const { code, out: said } = await generate(`${served(out)} --jobs 1`);
    expect(code).toBe(0);
    expect(said).toContain('10 problems: 10 with 2 hints');
    expect(scratch.lines(out).map(({ own, hints }) => [own, hints])).toEqual(
      NAMES.map((_, index) => [index, ['first way', 'second way']]),
    );
    const contents = answered.map(({ content }) => content);
    expect(new Set(contents).size).toBe(contents.length);
    // Two requests for each: those without an answer were the same, the others named the fault.
    expect(server.requests).toHaveLength(20);
    expect(repeats().map(nameIn)).toEqual(['ant', 'bee', 'cat', 'dog', 'jay']);
    expect(clock.waits[0]).toBeGreaterThanOrEqual(3000);

    const again = await generate(`${served(fresh())} --cache ${out}.cache --jobs 3`);
    expect(again.out).toContain('Replies: 0 asked, 15 from the cache');
    expect(server.requests).toHaveLength(20);
  });

  it('keeps a problem that no reply helps, with the reason, and fails at the end', async () => {
    scratch.writeRows('rows.jsonl', rows(3));
    server.answer = ({ content }) => (nameIn(content) === 'bee' ? { text: 'No idea.' } : GOOD);
    const out = fresh();
    const { code, err } = await generate(`${served(out)} --attempts 2`);
    expect(code).toBe(1);
    expect(err).toContain('rows.jsonl:2: no hints: No reply could be used.');
    expect(err).toContain('1 problem of 3 without new hints');
    expect(scratch.lines(out)[1]).toMatchObject({
      own: 1,
      hints: [],
      hintGeneration: { status: 'failed', attempts: 2 },
    });
    expect((await readProblems(scratch.at(out))).problems).toHaveLength(3);
    // --attempts allows one more, and that one alone is asked.
    const asked = server.requests.length;
    server.answer = () => GOOD;
    expect((await generate(`${served(out)} --attempts 3`)).code).toBe(0);
    expect(server.requests.length - asked).toBe(1);
  });

  it('keeps a problem whose request fails, and asks that one alone the next time', async () => {
    scratch.writeRows('rows.jsonl', rows(3));
    let broken = true;
    server.answer = ({ content }) => (broken && nameIn(content) === 'bee' ? { status: 502 } : GOOD);
    const out = fresh();
    const first = await generate(`${served(out)} --retries 1`);
    expect(first.code).toBe(1);
    expect(scratch.lines(out).map(({ hints }) => (hints as string[]).length)).toEqual([2, 0, 2]);
    broken = false;
    const before = server.requests.length;
    expect((await generate(served(out))).code).toBe(0);
    expect(server.contents.slice(before).map(nameIn)).toEqual(['bee']);
  });

  it('lets a check refuse hints: asked anew with the reason, dropped in the end, and counted', async () => {
    scratch.writeRows('rows.jsonl', rows(2));
    server.answer = ({ content }) => {
      if (nameIn(content) === 'bee') return { hints: ['first way', 'result 1'] };
      return { hints: ['first way', content.includes('It names the result.') ? 'second way' : 'result 0'] };
    };
    const check: HintCheck = async ({ hints }, level) => ({
      ok: !hints[level - 1].includes('result'),
      reason: 'It names the result.',
    });
    const out = fresh();
    const { code, out: said } = await generate(`${served(out)} --attempts 2`, { check });
    expect(code).toBe(0);
    expect(said).toContain('2 problems: 1 with 2 hints, 1 with fewer, 0 without');
    expect(said).toContain('hints refused 3, dropped 1');
    expect(scratch.lines(out).map(({ hints }) => hints)).toEqual([
      ['first way', 'second way'],
      ['first way'],
    ]);
    expect(scratch.lines(out)[1].hintGeneration).toMatchObject({
      status: 'partial',
      dropped: [{ level: 2, reason: 'It names the result.' }],
    });
  });

  it('checks hints as hints check does, unless it is told not to', async () => {
    const robe =
      'A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts in total?';
    scratch.writeRows('rows.jsonl', [
      { prompt: robe, answer: 3, verifier: 'math', solution: 'Take half, then add.' },
    ]);
    const leak = 'Halve the blue fiber, then add both, which makes three bolts.';
    server.answer = ({ content }) => {
      const second = content.includes('EARLIER')
        ? 'Halve the blue fiber first, then add both amounts.'
        : leak;
      return { hints: ['How much is half of the blue fiber?', second] };
    };
    const out = fresh();
    expect((await generate(served(out), { check: 'real' })).out).toContain('hints refused 1, dropped 0');
    expect(scratch.lines(out)[0].hints).toEqual([
      'How much is half of the blue fiber?',
      'Halve the blue fiber first, then add both amounts.',
    ]);
    expect(server.contents[1]).toContain(`Hint 2 was "${leak}".`);
    await generate(`${served(out)} --no-check`, { check: 'real' });
    expect(scratch.lines(out)[0].hints).toContain(leak);
    expect(server.requests).toHaveLength(2);
  });

  it('refuses a verifier that there is not, before anything is asked', async () => {
    scratch.writeRows('rows.jsonl', [{ ...rows(1)[0], verifier: 'maths' }]);
    const { code, err } = await generate(served(fresh()), { check: 'real' });
    expect(code).toBe(1);
    expect(err).toMatch(/rows\.jsonl:1: .*"math"/);
    expect(server.requests).toEqual([]);
  });

  it('asks what its options say', async () => {
    scratch.writeRows('rows.jsonl', rows(4));
    const out = fresh();
    const options = '--model mine --temperature 0.2 --max-new-tokens 33 --limit 2 --cache replies';
    expect((await generate(`${served(out)} ${options} --levels 1`)).code).toBe(1);
    expect(server.requests).toHaveLength(2 * 3);
    expect(server.requests[0].body).toMatchObject({ model: 'mine', temperature: 0.2, max_tokens: 33 });
    expect(scratch.lines('replies', 'replies.jsonl')).toHaveLength(6);
    // Two hints where one was asked for are no use; with two levels they are.
    const again = await generate(`${served(out)} ${options}`);
    expect(again.code).toBe(0);
    expect(scratch.lines(out)).toHaveLength(2);
  });

  it('leaves hints alone that are there, unless they are to be replaced', async () => {
    const [first, second] = rows(2);
    scratch.writeRows('rows.jsonl', [{ ...first, hint: 'mine' }, second]);
    const out = fresh();
    const kept = await generate(served(out));
    expect(kept.out).toContain(
      '1 with 2 hints, 0 with fewer, 0 without, 0 not asked, 1 with the hints they had',
    );
    expect(scratch.lines(out)[0]).toEqual({ ...first, hint: 'mine' });
    expect(server.contents.map(nameIn)).toEqual(['bee']);
    await generate(`${served(out)} --replace`);
    expect(scratch.lines(out)[0]).toMatchObject({ hints: ['first way', 'second way'] });
    expect(scratch.lines(out)[0]).not.toHaveProperty('hint');
  });

  it('shows the first prompts and an estimate in a dry run, and does nothing else', async () => {
    scratch.writeRows('rows.jsonl', rows(3));
    const before = scratch.content();
    const { code, out, err } = await generate(`${served('none.jsonl')} --dry-run --price-in 1 --price-out 2`);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('rows.jsonl:1\n--- system\n');
    expect(out).toContain('How many legs has one bee?');
    expect(out).not.toContain('How many legs has one cat?');
    expect(out).toMatch(/Estimate \(.*\): 3 requests, [\d,]+ tokens in and 600 out, a price of 0\.00/);
    expect(out).toContain('Nothing was asked or written.');
    expect(server.requests).toEqual([]);
    expect(scratch.content()).toEqual(before);
  });

  it('stops at its limit of tokens, writes what there is, and goes on with a higher one', async () => {
    scratch.writeRows('rows.jsonl', rows(6));
    const out = fresh();
    const common = `${served(out)} --jobs 2 --max-new-tokens 100`;
    const first = await generate(`${common} --max-tokens 1500`);
    expect(first.code).toBe(1);
    expect(first.err).toContain('The limit of spending was reached');
    const asked = server.requests.length;
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(6);
    // 110 are used by each; not one more would have fitted with its prompt.
    expect(asked * 110).toBeLessThan(1500);
    expect(scratch.lines(out)).toHaveLength(6);
    expect(scratch.lines(out).filter(({ hints }) => (hints as string[]).length === 2)).toHaveLength(asked);
    // What was spent counts, so the same limit asks for nothing more.
    expect((await generate(`${common} --max-tokens 1500`)).code).toBe(1);
    expect(server.requests).toHaveLength(asked);
    expect((await generate(`${common} --max-tokens 100000`)).code).toBe(0);
    expect(server.requests).toHaveLength(6);
  });

  it('stops at its limit of price', async () => {
    scratch.writeRows('rows.jsonl', rows(6));
    // A request costs 0.2, and reserves a thousandth for each token of its prompt and 0.2 for its reply.
    const prices = '--price-in 1000 --price-out 10000 --max-price 1.5 --max-new-tokens 20';
    const { code, out } = await generate(`${served(fresh())} --jobs 1 ${prices}`);
    expect(code).toBe(1);
    const spent = Number(/price ([\d.]+);/.exec(out)![1]);
    expect(spent).toBeGreaterThan(0);
    expect(spent).toBeLessThanOrEqual(1.5);
  });

  it('takes the key from the environment, and writes it nowhere', async () => {
    scratch.writeRows('rows.jsonl', rows(2));
    const env = { GUIDERAIL_TEACHER_KEY: 'sk-own-secret', OPENAI_API_KEY: 'sk-shared-secret' };
    const out = fresh();
    const good = await generate(served(out), { env });
    server.answer = () => ({ status: 401, message: 'Incorrect API key provided: sk-own-secret' });
    const bad = await generate(`${served(fresh())} --model m`, { env });
    expect(bad.code).toBe(1);
    expect(bad.err).toContain('Incorrect API key provided: [key]');
    expect(server.requests.map(({ authorization }) => authorization)).toEqual(
      new Array(server.requests.length).fill('Bearer sk-own-secret'),
    );
    const everything = [good, bad].flatMap(({ out, err }) => [out, err]).join('');
    const files = scratch.read(out) + scratch.read(`${out}.cache`, 'replies.jsonl');
    expect(everything + files).not.toContain('secret');
  });

  it('falls back on OPENAI_API_KEY, but does not send it in the clear to another machine', async () => {
    scratch.writeRows('rows.jsonl', rows(1));
    await generate(served(fresh()), { env: { OPENAI_API_KEY: 'sk-shared' } });
    expect(server.requests[0].authorization).toBe('Bearer sk-shared');
    const env = { OPENAI_API_KEY: 'sk-shared' };
    expect(keyFor('http://teacher.example/v1', env)).toBeNull();
    expect(keyFor('http://127.0.0.1.example/v1', env)).toBeNull();
    expect(keyFor('https://teacher.example/v1', env)).toBe('sk-shared');
    expect(keyFor('http://[::1]:8000/v1', env)).toBe('sk-shared');
    expect(keyFor('http://teacher.example/v1', { ...env, GUIDERAIL_TEACHER_KEY: 'own' })).toBe('own');
  });

  it('hears Ctrl-C: what is under way is kept, nothing more is asked, and the same command goes on', async () => {
    scratch.writeRows('rows.jsonl', rows(6));
    const interrupts = new FakeInterrupts();
    server.answer = ({ content }) => {
      if (nameIn(content) === 'cat') interrupts.press();
      return GOOD;
    };
    const out = fresh();
    const { code, err } = await generate(`${served(out)} --jobs 1`, { interrupts });
    expect(code).toBe(130);
    expect(err).toMatch(/Interrupted after 3 of 6 problems\. 3 replies kept in .*replies\.jsonl/);
    expect(existsSync(scratch.at(out))).toBe(false);
    expect(existsSync(scratch.at(`${out}.partial`))).toBe(false);
    expect(interrupts.listeners()).toBe(0);
    expect((await generate(`${served(out)} --jobs 4`)).code).toBe(0);
    expect(server.contents.map(nameIn)).toEqual(NAMES.slice(0, 6));
    expect(scratch.lines(out)).toHaveLength(6);
  });

  it.skipIf(!existsSync(MAIN))('outlives SIGKILL: only the request under way is asked again', async () => {
    scratch.writeRows('rows.jsonl', rows(6));
    const out = fresh();
    const argv = [
      'hints',
      'generate',
      'rows.jsonl',
      '--levels',
      '2',
      '--no-check',
      '--jobs',
      '1',
      '--teacher',
      server.url,
      '--out',
      out,
    ];
    const live = () => {
      const child = spawn(process.execPath, [MAIN, ...argv], { cwd: scratch.dir, stdio: 'ignore' });
      const ended = new Promise((done) => child.on('close', (code, signal) => done(signal ?? code)));
      return { child, ended };
    };
    const first = live();
    server.answer = ({ content }) => {
      if (nameIn(content) !== 'dog') return GOOD;
      first.child.kill('SIGKILL');
      return 'silence';
    };
    expect(await first.ended).toBe('SIGKILL');
    expect(existsSync(scratch.at(out))).toBe(false);
    // As if it had been killed in the middle of a line.
    const replies = scratch.at(`${out}.cache`, 'replies.jsonl');
    writeFileSync(replies, `${readFileSync(replies, 'utf8')}{"key": "to`);
    server.answer = () => GOOD;
    expect(await live().ended).toBe(0);
    expect(server.contents.map(nameIn)).toEqual(['ant', 'bee', 'cat', 'dog', 'dog', 'eel', 'fox']);
    expect(scratch.lines(out).map(({ own }) => own)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('ends where the teacher cannot be used, with what is kept', async () => {
    scratch.writeRows('rows.jsonl', rows(4));
    server.answer = ({ content }) => (nameIn(content) === 'cat' ? { status: 403, message: 'expired' } : GOOD);
    const { code, err } = await generate(`${served(fresh())} --jobs 1`);
    expect(code).toBe(1);
    expect(err).toMatch(/does not accept the key \(403\).*expired\. 2 replies kept in/);
    expect(server.requests).toHaveLength(3);
  });

  it('asks the policy itself, and draws the same again', async () => {
    // The micro model knows the words of these alone, and writes no JSON.
    mkdirSync(scratch.at('prompts'));
    scratch.write('prompts/system.md', 'a b');
    scratch.write('prompts/request.md', '{problem} {levels}');
    scratch.write('prompts/again.md', 'c {faults}');
    scratch.write('prompts/1-nudge.md', 'd');
    const options =
      '--teacher self --model model --replace --levels 1 --prompts prompts --attempts 1 --max-new-tokens 8';
    const texts: unknown[] = [];
    for (const seed of [1, 1, 2]) {
      const out = fresh();
      const { err } = await generate(`${options} --seed ${seed} --out ${out}`, { file: 'problems.jsonl' });
      expect(err).toContain('4 problems of 4 without new hints');
      const kept = scratch.lines(`${out}.cache`, 'replies.jsonl');
      expect(kept).toHaveLength(4);
      texts.push(Object.fromEntries(kept.map(({ key, text }) => [key, text])));
    }
    expect(texts[1]).toEqual(texts[0]);
    expect(texts[2]).not.toEqual(texts[0]);
  });

  it.each([
    ['--teacher self --out o', /Expected --model with --teacher self/],
    ['--teacher http://127.0.0.1:1/v1 --model m --out o --levels 9', /--levels to be at most 4/],
    [
      '--teacher http://127.0.0.1:1/v1 --model m --out o --max-price 1',
      /both --price-in and --price-out.*got neither/,
    ],
    ['--teacher http://127.0.0.1:1/v1 --model m --out o --price-in 1', /got one of them/],
    ['--teacher here --model m --out o', /Expected --teacher to be self, or the URL/],
    ['--teacher http://127.0.0.1:1/v1 --out o', /does not say which models it has.*--model/],
    ['--teacher http://127.0.0.1:1/v1 --model m --out o --timeout 301', /up to 300/],
    [
      '--teacher http://127.0.0.1:1/v1 --model m --out o --prompts nowhere',
      /Expected a folder with the prompts/,
    ],
  ])('refuses %s', async (options, message) => {
    scratch.writeRows('rows.jsonl', rows(1));
    const { code, err } = await generate(options);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(existsSync(scratch.at('o'))).toBe(false);
  });

  it('refuses a file with rows that are no problems before anything is asked, or leaves them out', async () => {
    scratch.writeRows('rows.jsonl', [...rows(1), { prompt: 'no answer' }, '{"torn', ...rows(2).slice(1)]);
    const out = fresh();
    const refused = await generate(served(out));
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /2 cannot be used:\nrows\.jsonl:2 \(answer\).*\nrows\.jsonl:3 \(row\): not JSON/,
    );
    expect(server.requests).toEqual([]);
    expect((await generate(`${served(out)} --drop-unusable`)).code).toBe(0);
    expect(scratch.lines(out).map(({ own }) => own)).toEqual([0, 1]);
  });
});
