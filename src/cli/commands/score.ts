// guiderail score: the log-probs of given responses under a model, as JSON Lines in and out. Its one idea: scoring may
// take long, so a file is read through and checked before anything is scored, and a result file appears whole. Standard
// input cannot be read twice: there, rows before a bad one are scored and written, and then it is named.
import { resolve } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { z } from 'zod';
import { loadTokenizer, type ChatTokenizer } from '../../data/tokenizer.ts';
import type { ScoredSequence, Trainable } from '../../engine/engine.ts';
import { DataError, messageOf } from '../../errors.ts';
import { writeAside } from '../../model/safetensors.ts';
import type { CommandIO } from '../command-io.ts';
import { addEngineOptions, engineFrom, type EngineOptions } from '../engine-options.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { LONGEST_LINE, linesOf, type Line } from '../json-lines.ts';

interface ScoreOptions extends EngineOptions {
  readonly model: string;
  readonly in?: string;
  readonly out?: string;
}

/** Rows scored in one forward. */
const BATCH_ROWS = 16;

const id = z.union([z.string(), z.number()]);
const tokens = z.array(z.int().nonnegative()).min(1);
const text = z.string().min(1);
const message = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
/** What a row gives its prompt by decides how it is read. */
const SCHEMAS = {
  promptTokens: z.strictObject({ id, promptTokens: tokens, responseTokens: tokens }),
  prompt: z.strictObject({ id, prompt: text, response: text }),
  messages: z.strictObject({ id, messages: z.array(message).min(1), response: text }),
};

interface Row extends ScoredSequence {
  readonly id: string | number;
  /** The row was text, so its tokens are told with its log-probs. */
  readonly fromText: boolean;
}

export function scoreCommand(io: CommandIO): Command {
  return addEngineOptions(new Command('score'))
    .description('log-probs of given responses under a model, one JSON object a line')
    .requiredOption('--model <path>', 'model folder or GGUF file')
    .option(
      '--in <file>',
      'rows as JSONL with an id and promptTokens and responseTokens, prompt and response, or messages and response; standard input by default',
    )
    .option('--out <file>', 'where to write {id, logprobs}; standard output by default')
    .action((options: ScoreOptions) => runScore(io, options));
}

async function runScore(io: CommandIO, options: ScoreOptions): Promise<void> {
  const folder = resolve(io.cwd, options.model);
  const tokenizer = await loadTokenizer(folder);
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const engine = engineFrom(options);
  try {
    const model = await engine.open({ folder, head: 'lm', adapter: { kind: 'none' }, trainable: false });
    const open = () => readRows(io, options.in, tokenizer, model);
    if (options.in !== undefined) for await (const row of open()) void row;
    const write = async (sink: (line: string) => unknown) => {
      for await (const batch of batches(open())) {
        for (const line of await scoreBatch(model, batch, interrupt.signal)) await sink(line);
      }
    };
    if (options.out === undefined) await write((line) => io.stdout.write(line));
    else await writeAside(resolve(io.cwd, options.out), (file) => write((line) => file.writeFile(line)));
  } finally {
    interrupt.dispose();
    await engine.close();
  }
}

async function scoreBatch(model: Trainable, batch: readonly Row[], signal: AbortSignal): Promise<string[]> {
  const pass = await model.forward(
    batch,
    { gradient: false, want: { logprobs: true }, temperature: 1 },
    signal,
  );
  pass.release();
  return batch.map(({ id, fromText, responseTokens }, index) => {
    const logprobs = [...pass.logprobs![index]!];
    const told = fromText ? { responseTokens: [...responseTokens] } : {};
    return `${JSON.stringify({ id, ...told, logprobs })}\n`;
  });
}

/** Rows in order, by batches. What the reading of a row throws comes after the rows before it. */
async function* batches(rows: AsyncIterable<Row>): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  try {
    for await (const row of rows) {
      batch.push(row);
      if (batch.length < BATCH_ROWS) continue;
      yield batch;
      batch = [];
    }
  } catch (error) {
    if (batch.length > 0) yield batch;
    throw error;
  }
  if (batch.length > 0) yield batch;
}

/** Rows in order; blank lines are passed over. @throws DataError naming line and field. */
async function* readRows(
  io: CommandIO,
  path: string | undefined,
  tokenizer: ChatTokenizer,
  model: Trainable,
): AsyncGenerator<Row> {
  for await (const line of linesOf(io, path)) {
    yield parseRow(line, `line ${line.number} of ${path ?? 'standard input'}`, tokenizer, model);
  }
}

function parseRow(line: Line, where: string, tokenizer: ChatTokenizer, model: Trainable): Row {
  if (line.cut)
    throw new DataError(`Expected a row on ${where}, got a line of over ${LONGEST_LINE} characters.`);
  let json: unknown;
  try {
    json = JSON.parse(line.text);
  } catch (error) {
    throw new DataError(`Expected JSON on ${where}: ${messageOf(error)}.`);
  }
  const row = tokenized(json, where, tokenizer);
  const { vocabularySize, maxSequenceLength } = model.info;
  for (const field of ['promptTokens', 'responseTokens'] as const) {
    const outside = row[field].find((token) => token >= vocabularySize);
    if (outside !== undefined) {
      throw new DataError(
        `Expected ${field} on ${where} to be below the vocabulary size ${vocabularySize}, got ${outside}.`,
      );
    }
    if (row[field].length === 0)
      throw new DataError(`Expected ${field} on ${where} to have a token, got none.`);
  }
  const length = row.promptTokens.length + row.responseTokens.length;
  if (length > maxSequenceLength) {
    throw new DataError(
      `Row ${JSON.stringify(row.id)} on ${where} has ${length} tokens, but the model takes ${maxSequenceLength}; shorten its prompt or leave it out.`,
    );
  }
  return row;
}

function tokenized(json: unknown, where: string, tokenizer: ChatTokenizer): Row {
  const given = (key: string) => typeof json === 'object' && json !== null && Object.hasOwn(json, key);
  if (given('promptTokens')) {
    const { id, promptTokens, responseTokens } = checked(SCHEMAS.promptTokens, json, where);
    return {
      id,
      promptTokens: Int32Array.from(promptTokens),
      responseTokens: Int32Array.from(responseTokens),
      fromText: false,
    };
  }
  if (given('messages')) {
    const { id, messages, response } = checked(SCHEMAS.messages, json, where);
    return {
      id,
      promptTokens: tokenizer.renderChat(messages),
      responseTokens: tokenizer.encode(response),
      fromText: true,
    };
  }
  const { id, prompt, response } = checked(SCHEMAS.prompt, json, where);
  return {
    id,
    promptTokens: tokenizer.encode(prompt),
    responseTokens: tokenizer.encode(response),
    fromText: true,
  };
}

function checked<Schema extends z.ZodType>(schema: Schema, json: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DataError(
    `Expected a row to score on ${where}, but "${issue?.path.join('.') || 'the row'}" is not valid: ${issue?.message}.`,
  );
}
