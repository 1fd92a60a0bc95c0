// What is said to a teacher. The words are files that a user can replace (prompts/hints/README.md); this module only
// puts a problem into them. Its one idea: what the teacher reads is a pure function of files, problem and faults, so a
// request can be recognised by its text, and the version of the prompts is the hash of their content.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, messageOf } from '../../errors.ts';
import type { ChatMessage, Problem } from '../../types.ts';

export const DEFAULT_PROMPTS = fileURLToPath(new URL('../../../prompts/hints', import.meta.url));

export interface HintPrompts {
  /** 16 hex digits of the SHA-256 of names and contents of the files that are read. */
  readonly version: string;
  /** Names of the levels, the mildest first. */
  readonly levelNames: readonly string[];
  /** The conversation that asks for the hints of levels 1 to `levels`; `faults` say what was wrong with an earlier reply. */
  messages(problem: Problem, levels: number, faults: readonly string[]): ChatMessage[];
}

/** Without these nothing sensible could be asked. */
const NEEDED = { 'request.md': ['problem', 'levels'], 'again.md': ['faults'] } as const;
const FILES = ['system.md', 'request.md', 'again.md'] as const;
const LEVEL_FILE = /^([1-9]\d*)-(.+)\.md$/;
/** A longer answer (such as a list of tests) is cut. */
const LONGEST_ANSWER = 2000;

/** @throws ConfigError where a file is missing, empty or without a placeholder it needs. */
export async function loadPrompts(dir: string): Promise<HintPrompts> {
  const files = new Map<string, string>();
  for (const name of [...FILES, ...(await levelFiles(dir))]) files.set(name, await readPrompt(dir, name));
  for (const [name, places] of Object.entries(NEEDED)) {
    for (const place of places) requirePlace(join(dir, name), files.get(name)!, place);
  }
  const levels = [...files].filter(([name]) => LEVEL_FILE.test(name));
  return {
    version: versionOf(files),
    levelNames: levels.map(([name]) => LEVEL_FILE.exec(name)![2]!),
    messages: (problem, count, faults) => [
      { role: 'system', content: files.get('system.md')! },
      { role: 'user', content: requestText(files, levels.slice(0, count), problem, faults) },
    ],
  };
}

async function levelFiles(dir: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    throw new ConfigError(
      `Expected a folder with the prompts at ${dir}, but it cannot be read: ${messageOf(error)}.`,
    );
  }
  const numberOf = (name: string) => Number(LEVEL_FILE.exec(name)![1]);
  const found = names.filter((name) => LEVEL_FILE.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
  const gap = found.findIndex((name, index) => numberOf(name) !== index + 1);
  if (found.length === 0 || gap !== -1) {
    const missing = gap === -1 ? 1 : gap + 1;
    throw new ConfigError(
      `Expected the levels in ${dir} as files 1-NAME.md, 2-NAME.md, … without a gap, got ` +
        `${found.length === 0 ? 'none' : found.join(', ')}; exactly one file must begin with ${missing}-.`,
    );
  }
  return found;
}

async function readPrompt(dir: string, name: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(join(dir, name), 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  } catch (error) {
    throw new ConfigError(
      `Expected the prompt ${join(dir, name)}, but it cannot be read: ${messageOf(error)}. Copy it from ${DEFAULT_PROMPTS}.`,
    );
  }
  if (text.trim() === '') throw new ConfigError(`Expected words in the prompt ${join(dir, name)}, got none.`);
  // again.md begins with its blank line on purpose: it follows the request.
  return text.trimEnd();
}

function requirePlace(file: string, text: string, place: string): void {
  if (!text.includes(`{${place}}`))
    throw new ConfigError(`Expected the prompt ${file} to have the placeholder {${place}}, but it has not.`);
}

function versionOf(files: ReadonlyMap<string, string>): string {
  const content = JSON.stringify([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

function requestText(
  files: ReadonlyMap<string, string>,
  levels: readonly (readonly [string, string])[],
  problem: Problem,
  faults: readonly string[],
): string {
  const count = String(levels.length);
  const request = fill(files.get('request.md')!, {
    problem: problemText(problem),
    solution: problem.solution ?? 'None is given. Work the problem out for yourself first.',
    answer: answerText(problem),
    count,
    levels: levels.map(([, text], index) => fill(text, { n: String(index + 1) })).join('\n\n'),
    slots: levels.map((_, index) => `"hint ${index + 1}"`).join(', '),
  });
  if (faults.length === 0) return request;
  const again = fill(files.get('again.md')!, {
    faults: faults.map((fault) => `- ${fault}`).join('\n'),
    count,
  });
  return `${request}\n${again}`;
}

/** In one pass, so that a placeholder or a `$` inside a problem stays as it is. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name]! : whole,
  );
}

function problemText({ messages }: Problem): string {
  if (messages.length === 1) return messages[0]!.content;
  return messages.map(({ role, content }) => `[${role}] ${content}`).join('\n\n');
}

function answerText({ answer, verifier }: Problem): string {
  if (verifier === 'code') return 'A finished program that passes hidden tests.';
  return answer.length > LONGEST_ANSWER ? `${answer.slice(0, LONGEST_ANSWER)} …` : answer;
}
