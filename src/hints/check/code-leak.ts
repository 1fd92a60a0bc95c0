// Whether a hint has the program asked for: code that passes the tests of the problem, run by the problem's own
// verifier, or code that is the reference solution with other names, spaces and comments.
import { parseCodeTask, type CodeTask } from '../../verifiers/code/task.ts';
import type { Problem } from '../../types.ts';
import { codePieces, programsOf, type CodePiece, type Wanted } from './code-pieces.ts';
import type { VerifierFor } from './judge.ts';
import type { Finding } from './verdict.ts';

/** Programs run for one hint: each may take as long as its tests. */
const MOST_RUNS = 16;
/** Tokens that a shared run must have, and its share of the solution's. */
const LEAST_SHARED = 20;
const SHARED = 0.8;

export interface CodeLeaks {
  readonly findings: Finding[];
  /** Why a program could not be run; null where all could. */
  readonly fault: string | null;
}

/** @throws DataError where the answer of the problem is no task. */
export async function codeLeaks(
  problem: Problem,
  hint: string,
  verifierFor: VerifierFor,
): Promise<CodeLeaks> {
  const pieces = codePieces(hint);
  if (pieces.length === 0) return { findings: [], fault: null };
  const task = parseCodeTask(problem.answer);
  const same = pieces.map((piece) => likeSolution(piece, problem)).find((one) => one !== null);
  if (same !== undefined && same !== null) return { findings: [same], fault: null };
  const wanted = wantedOf(task, problem);
  const verifier = verifierFor(problem.verifier);
  const tried = new Set<string>();
  let fault: string | null = null;
  for (const piece of pieces) {
    for (const program of programsOf(piece, wanted)) {
      if (tried.has(program)) continue;
      if (tried.size >= MOST_RUNS) {
        const reason = `It has more code than is tried: ${MOST_RUNS} programs were run and none passed.`;
        return { findings: [], fault: fault ?? reason };
      }
      tried.add(program);
      const fence = program.includes('```') ? '~~~~~' : '```';
      const response = `${fence}${task.language}\n${program}\n${fence}`;
      const verdict = await verifier.verify({ problem, response, finish: 'stop' });
      if (verdict.kind === 'correct')
        return {
          findings: [finding(piece, `The code passes the tests of the problem: ${verdict.reason}`)],
          fault,
        };
      if (verdict.kind === 'graderError' || verdict.kind === 'graderTimeout') fault ??= verdict.reason;
    }
  }
  return { findings: [], fault };
}

function finding({ start, end }: CodePiece, reason: string): Finding {
  return { kind: 'codeLeak', span: { start, end }, reason, action: 'regenerate' };
}

function wantedOf(task: CodeTask, problem: Problem): Wanted {
  const { language, prelude } = task;
  if (task.style === 'stdio') return { language, name: null, signature: null, openBody: false };
  const tests = task.style === 'asserts' ? task.tests.join('\n') : '';
  const name = task.entryPoint ?? /assert\s+(?:not\s+)?(?:\w+\.)?(\w+)\s*\(/.exec(tests)?.[1] ?? null;
  if (name === null) return { language, name, signature: null, openBody: false };
  const places = [prelude, ...problem.messages.map(({ content }) => content), problem.solution ?? ''];
  const pattern =
    language === 'python'
      ? new RegExp(`\\bdef\\s+${name}\\s*\\([^)]*\\)[^:\\n]*:`)
      : new RegExp(`\\bfunction\\s+${name}\\s*\\([^)]*\\)\\s*\\{`);
  const signature =
    places.map((text) => pattern.exec(text)?.[0]).find((found) => found !== undefined) ?? null;
  return { language, name, signature, openBody: pattern.test(prelude) };
}

const TOKEN =
  /#[^\n]*|\/\/[^\n]*|\/\*[^]*?\*\/|("""|''')[^]*?\1|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`|[A-Za-z_$][\w$]*|\d+(?:\.\d+)?|[^\s\w]/g;
const KEYWORDS = new Set(
  (
    'def return for in if elif else while not and or is lambda import from class with as try except yield break continue ' +
    'pass None True False function const let var of new null undefined true false async await'
  ).split(' '),
);

/** Tokens without comments and docstrings; names by the order they first come in, those of attributes and calls as they are. */
export function programTokens(code: string): string[] {
  const names = new Map<string, string>();
  const tokens: string[] = [];
  const source = code
    .split('\n')
    .filter((line) => !/^\s*(?:import|from)\s/.test(line))
    .join('\n');
  for (const match of source.matchAll(TOKEN)) {
    const text = match[0];
    const comment =
      /^(?:#|\/\/|\/\*|"""|''')/.test(text) &&
      !(text.startsWith('//') && /[\w)\]]\s*$/.test(source.slice(0, match.index)));
    if (comment || text === ';') continue;
    if (!/^[A-Za-z_$]/.test(text) || KEYWORDS.has(text)) tokens.push(text.replace(/^"([^]*)"$/, "'$1'"));
    else if (tokens.at(-1) === '.') tokens.push(text);
    else {
      if (!names.has(text)) names.set(text, `name${names.size}`);
      tokens.push(names.get(text)!);
    }
  }
  return tokens;
}

function likeSolution(piece: CodePiece, problem: Problem): Finding | null {
  if (problem.solution === undefined) return null;
  const blocks = [...problem.solution.matchAll(/```[^\n]*\n([^]*?)```/g)].map((match) => match[1]!);
  const solution = programTokens(blocks.length > 0 ? blocks.join('\n') : problem.solution.slice(0, 20_000));
  const own = programTokens(piece.code);
  if (own.length >= 8 && own.join(' ') === solution.join(' '))
    return finding(piece, 'The code is the reference solution, but for names, spaces and comments.');
  const shape = (tokens: readonly string[]) =>
    tokens.map((token) => (/^name\d+$/.test(token) ? 'name' : token));
  const shared = longestShared(shape(own), shape(solution));
  if (shared < LEAST_SHARED || shared < SHARED * solution.length) return null;
  return finding(
    piece,
    `The code has ${shared} of the ${solution.length} tokens of the reference solution in one run.`,
  );
}

/** Length of the longest run that both have; the texts are short. */
function longestShared(a: readonly string[], b: readonly string[]): number {
  const [left, right] = [a.slice(0, 1500), b.slice(0, 1500)];
  let previous = new Uint16Array(right.length + 1);
  let longest = 0;
  for (const token of left) {
    const current = new Uint16Array(right.length + 1);
    for (let at = 0; at < right.length; at++) {
      if (token !== right[at]) continue;
      current[at + 1] = previous[at]! + 1;
      longest = Math.max(longest, current[at + 1]!);
    }
    previous = current;
  }
  return longest;
}
