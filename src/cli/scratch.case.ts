// A folder in which a test uses the command line as a person would: the micro model, problems, recipes, and commands
// run in this process with relative paths.
import { EventEmitter } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InterruptSignal, InterruptSource } from './command-io.ts';
import { runCli } from './program.ts';
import { recordedStream } from './test-io.case.ts';

const MICRO_BASE = fileURLToPath(new URL('../../test/fixtures/micro-base', import.meta.url));

/** Rows that the micro model reads: it guesses without the hint, and follows it now and then. */
export const ROWS = [
  row('ZORB', 'a d c', 'rotate-left then rotate-left', 'c a d', 'a'),
  row('FLIM', 'a d b', 'swap-first then rotate-left', 'a b d', 'b'),
  row('QUAX', 'a b d', 'swap-first', 'b a d', 'c'),
  row('QUAX', 'c a b', 'swap-first', 'a c b', 'd'),
];

function row(name: string, word: string, procedure: string, answer: string, source: string) {
  const prompt = `${name} is fed ${word} . What comes out ? Show each step .`;
  return { prompt, answer, hint: `${name} does ${procedure} .`, source };
}

/** Two steps with guidance, and an evaluation in both contexts after each. */
const TRAIN_RECIPE = `name: first
steps: 2
model: { folder: model }
problems: { train: { file: problems.jsonl }, heldOut: { file: problems.jsonl, limit: 2 } }
sampling: { k: 4, groupsPerStep: 2, maxRounds: 1, maxNewTokens: 16 }
optimizer: { learningRate: 2e-3 }
evaluation: { everySteps: 1, samples: 2, passAt: [1, 2] }
`;

const SFT_RECIPE = `name: warm-up
steps: 2
batchSize: 2
model: { folder: model }
demonstrations: { file: demonstrations.jsonl }
optimizer: { learningRate: 1e-2 }
`;

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunSettings {
  /** Relative to the scratch folder. */
  readonly cwd?: string;
  readonly interrupts?: InterruptSource;
  /** Called with everything the command has written to stderr so far. */
  readonly onStderr?: (text: string) => void;
}

export class Scratch {
  /** Has model/, problems.jsonl, demonstrations.jsonl, train.yaml and sft.yaml. */
  readonly dir = mkdtempSync(join(tmpdir(), 'guiderail-cli-'));

  constructor() {
    cpSync(MICRO_BASE, this.at('model'), { recursive: true });
    this.writeRows('problems.jsonl', ROWS);
    this.writeRows(
      'demonstrations.jsonl',
      ROWS.map(({ prompt, answer }) => ({ prompt, response: `#### ${answer}` })),
    );
    this.write('train.yaml', TRAIN_RECIPE);
    this.write('sft.yaml', SFT_RECIPE);
  }

  at(...path: string[]): string {
    return join(this.dir, ...path);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.at(name), content);
  }

  /** Rows as JSON Lines; a string is a line as it stands. */
  writeRows(name: string, rows: readonly unknown[]): void {
    this.write(name, rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join(''));
  }

  read(...path: string[]): string {
    return readFileSync(this.at(...path), 'utf8');
  }

  lines<T = Record<string, unknown>>(...path: string[]): T[] {
    const text = this.read(...path).trim();
    return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as T);
  }

  /** Every file below the folder with its size and time of change. */
  content(): string[] {
    return readdirSync(this.dir, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((name) => `${name} ${statSync(this.at(name)).size} ${statSync(this.at(name)).mtimeMs}`);
  }

  async run(argv: readonly string[], settings: RunSettings = {}): Promise<Ran> {
    const out = recordedStream();
    const err = recordedStream();
    const write = (text: string) => {
      err.stream.write(text);
      settings.onStderr?.(err.text());
    };
    const { cwd = '.', interrupts } = settings;
    const io = { stdout: out.stream, stderr: { write }, cwd: this.at(cwd), env: {} };
    const code = await runCli(argv, interrupts === undefined ? io : { ...io, interrupts });
    return { code, out: out.text(), err: err.text() };
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }
}

/** What a process is to Ctrl-C, without a process. */
export class FakeInterrupts implements InterruptSource {
  readonly exits: number[] = [];
  readonly #emitter = new EventEmitter();

  on(signal: InterruptSignal, listener: () => void): void {
    this.#emitter.on(signal, listener);
  }

  off(signal: InterruptSignal, listener: () => void): void {
    this.#emitter.off(signal, listener);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  press(): void {
    this.#emitter.emit('SIGINT');
  }

  listeners(): number {
    return this.#emitter.listenerCount('SIGINT') + this.#emitter.listenerCount('SIGTERM');
  }
}
