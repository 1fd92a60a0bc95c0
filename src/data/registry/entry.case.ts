// Rows of a data set for tests of its entry: invented ones with all the columns of the cited schema, what answers them
// wrongly, and what makes a row no problem.
export interface GoodRow {
  readonly raw: Readonly<Record<string, unknown>>;
  /** A response that must be graded wrong. */
  readonly wrong: string;
  /** A right response, where neither the gold answer nor the solution is one. */
  readonly right?: string;
  /** Fields of the problem that are worth pinning. */
  readonly problem: Readonly<Record<string, unknown>>;
}

export interface BadRow {
  /** Replaces columns of the first good row; undefined takes one out. */
  readonly change: Readonly<Record<string, unknown>>;
  readonly field: string;
  readonly reason: RegExp;
}

export interface EntryCase {
  readonly good: readonly GoodRow[];
  readonly bad: readonly BadRow[];
}

/** A program as a response gives it. */
export function fenced(program: string): string {
  return `Here it is:\n\`\`\`python\n${program}\n\`\`\`\n`;
}
