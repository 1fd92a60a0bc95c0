// Opens what writes hints for a command: a server by its URL, or the policy itself with its engine. The one place where
// the key of a server is read; it goes into the client and nowhere else.
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadTokenizer } from '../data/tokenizer.ts';
import { ConfigError } from '../errors.ts';
import { SYSTEM_CLOCK, type Clock } from '../hints/generate/clock.ts';
import { onlyModelOf, OpenAITeacher } from '../hints/generate/openai-teacher.ts';
import { SelfTeacher } from '../hints/generate/self-teacher.ts';
import type { Teacher } from '../hints/generate/teacher.ts';
import type { CommandIO } from './command-io.ts';
import { engineFrom, type EngineOptions } from './engine-options.ts';

export interface TeacherOptions extends EngineOptions {
  /** A URL, or self. */
  readonly teacher: string;
  readonly model?: string;
  readonly jobs: number;
  readonly retries: number;
  readonly temperature: number;
  readonly maxNewTokens: number;
  /** Seconds for one request. */
  readonly timeout: number;
  readonly seed: number;
}

/** Opens the teacher for `work`, and closes what it needs. */
export async function withTeacher(
  io: CommandIO,
  options: TeacherOptions,
  {
    clock = SYSTEM_CLOCK,
    note,
  }: { readonly clock?: Clock | undefined; readonly note: (sentence: string) => void },
  work: (teacher: Teacher) => Promise<void>,
): Promise<void> {
  if (options.teacher === 'self') return withSelf(io, options, work);
  const { teacher: url, retries, jobs, seed, temperature, maxNewTokens } = options;
  const key = keyFor(url, io.env);
  const model = options.model ?? (await onlyModelOf(url, key));
  const patience = { clock, seed, retries, failuresInARow: Math.max(8, jobs), onPause: note };
  const server = { url, key, model, temperature, maxNewTokens, timeoutMs: options.timeout * 1000 };
  await work(new OpenAITeacher({ ...patience, ...server, onFallback: note }));
}

async function withSelf(
  io: CommandIO,
  options: TeacherOptions,
  work: (teacher: Teacher) => Promise<void>,
): Promise<void> {
  const { temperature, maxNewTokens, seed } = options;
  if (options.model === undefined) {
    throw new ConfigError(
      'Expected --model with --teacher self: the folder or GGUF file of the model that writes the hints.',
    );
  }
  const folder = resolve(io.cwd, options.model);
  const tokenizer = await loadTokenizer(folder);
  const engine = engineFrom(options);
  try {
    const sampler = await engine.open({ folder, head: 'lm', adapter: { kind: 'none' }, trainable: false });
    const model = await weightsName(folder);
    const computed = `${options.engine} ${options.dtype}`;
    await work(
      new SelfTeacher({ sampler, tokenizer, model, temperature, maxNewTokens, seed, engine: computed }),
    );
  } finally {
    await engine.close();
  }
}

/**
 * The key for a server, from the environment alone. OPENAI_API_KEY is many people's one key and is not sent in the clear
 * to other machines.
 */
export function keyFor(url: string, env: CommandIO['env']): string | null {
  const own = env['GUIDERAIL_TEACHER_KEY'];
  if (own !== undefined && own !== '') return own;
  const { protocol = '', hostname = '' } = URL.canParse(url) ? new URL(url) : {};
  const inTheClear = protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
  const shared = env['OPENAI_API_KEY'];
  return shared === undefined || shared === '' || inTheClear ? null : shared;
}

/** Path, size and time of change: another model under the same name gives other replies. */
async function weightsName(folder: string): Promise<string> {
  const names = ['model.safetensors', 'model.safetensors.index.json', 'adapter_model.safetensors', ''];
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found !== null) return `self:${folder}:${found.size}:${Math.round(found.mtimeMs)}`;
  }
  return `self:${folder}`;
}
