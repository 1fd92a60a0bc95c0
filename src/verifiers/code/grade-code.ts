// The verifier of kind 'code': takes the program out of a response, has it run against the tests of the task, and
// makes a verdict of the outcome. It knows neither interpreters nor processes. A program that could not be run
// for want of something the sandbox lacks is no evidence about the policy (graderError); one that runs into
// its limits is wrong.
import { messageOf } from '../../errors.ts';
import type { Verdict } from '../../types.ts';
import type { Verifier } from '../verifier.ts';
import { DEFAULT_CODE_LIMITS, type CodeBackend, type CodeLimits, type TestsOutcome } from './backend.ts';
import { extractProgram } from './extract.ts';
import { LocalSandbox } from './local-sandbox.ts';
import { SandboxFusion } from './sandbox-fusion.ts';
import { parseCodeTask, type CodeTask } from './task.ts';

/** Names a Sandbox Fusion server to use instead of the sandbox on this machine. */
const FUSION_VARIABLE = 'GUIDERAIL_SANDBOX_FUSION_URL';

let shared: CodeBackend | null = null;

/** The backend of the process: one pool of interpreters, started when the first program comes. */
export function sharedCodeBackend(): CodeBackend {
  const url = process.env[FUSION_VARIABLE];
  return (shared ??= url === undefined || url === '' ? new LocalSandbox() : new SandboxFusion(url));
}

/** Grades one response. Never throws for what a model wrote. */
export async function gradeCode(
  response: string,
  task: CodeTask,
  limits: CodeLimits = DEFAULT_CODE_LIMITS,
  backend: CodeBackend = sharedCodeBackend(),
): Promise<Verdict> {
  const extracted = extractProgram(response, task.language, task.extract);
  if (extracted === null) {
    return {
      kind: 'malformed',
      reason: `No program found: expected a \`\`\`${task.language} block.`,
      extracted: null,
    };
  }
  const program = task.prelude === '' ? extracted.code : `${task.prelude}\n${extracted.code}`;
  const outcome = await outcomeOf(program, task, limits, backend);
  if (outcome.kind === 'syntax' && extracted.whole) {
    const reason = `No program found: the response has no code block and is not ${task.language} as a whole.`;
    return { kind: 'malformed', reason, extracted: null };
  }
  return { kind: verdictKind(outcome), reason: outcome.reason, extracted: extracted.code };
}

async function outcomeOf(
  program: string,
  task: CodeTask,
  limits: CodeLimits,
  backend: CodeBackend,
): Promise<TestsOutcome> {
  try {
    const first = await backend.run(program, task, limits);
    return first.kind === 'died' ? await backend.run(program, task, limits) : first;
  } catch (error) {
    return { kind: 'graderError', reason: messageOf(error) };
  }
}

function verdictKind({ kind }: TestsOutcome): Verdict['kind'] {
  switch (kind) {
    case 'passed':
      return 'correct';
    case 'failed':
    case 'syntax':
    case 'died': // a second time, in a new interpreter: the program does it
      return 'wrong';
    case 'graderError':
    case 'graderTimeout':
      return kind;
  }
}

export const codeVerifier: Verifier = {
  kind: 'code',
  // It starts children with limits of their own, and a gold answer is tests, not a program.
  inPool: false,
  goldResponse: () => null,
  close: () => {
    shared?.close();
    shared = null;
  },
  verify: async ({ problem, response, finish }) => {
    const verdict = await gradeCode(response, parseCodeTask(problem.answer));
    if (verdict.kind !== 'malformed' || finish !== 'length') return verdict;
    const reason = 'The response reached the token limit before it gave a program.';
    return { kind: 'truncated', reason, extracted: null };
  },
};
