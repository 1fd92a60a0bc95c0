// What the tests of hostile programs share: a secret of the host, tight limits, and grading a program in a sandbox.
import { DEFAULT_CODE_LIMITS } from './backend.ts';
import { gradeCode } from './grade-code.ts';
import type { LocalSandbox } from './local-sandbox.ts';
import { parseCodeTask } from './task.ts';

/** Stands in the environment while such tests run. */
export const SECRET = 'not-for-programs';

export const HOSTILE_LIMITS = { ...DEFAULT_CODE_LIMITS, timeMs: 500, memoryMb: 64, outputBytes: 100_000 };

export const gradeIn = (
  sandbox: LocalSandbox,
  language: string,
  program: string,
  task: object,
  limits = HOSTILE_LIMITS,
) =>
  gradeCode(
    `\`\`\`${language}\n${program}\n\`\`\``,
    parseCodeTask(JSON.stringify({ language, ...task })),
    limits,
    sandbox,
  );

export const stdio = { style: 'stdio', tests: [{ stdin: '20\n', stdout: 'yes' }] };
