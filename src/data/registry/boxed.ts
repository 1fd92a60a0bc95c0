// The final answer of a worked solution in LaTeX: what stands in its last \boxed or \fbox. For reference solutions of data
// sets, which box one thing; what a model writes is read by the verifiers.

/** null where there is none, or its brace is never closed. `\boxed 5` has no braces: what is boxed is one token. */
export function lastBoxed(solution: string): string | null {
  const start = Math.max(solution.lastIndexOf('\\boxed'), solution.lastIndexOf('\\fbox'));
  if (start === -1) return null;
  const rest = solution.slice(start).replace(/^\\(?:boxed|fbox)\s*/, '');
  if (!rest.startsWith('{')) return /^(?:\\[a-zA-Z]+|[^\s$])/.exec(rest)?.[0] ?? null;
  let depth = 0;
  for (let at = 0; at < rest.length; at++) {
    if (rest[at] === '\\')
      at++; // an escaped brace opens and closes nothing
    else if (rest[at] === '{') depth++;
    else if (rest[at] === '}' && --depth === 0) return rest.slice(1, at).trim() || null;
  }
  return null;
}
