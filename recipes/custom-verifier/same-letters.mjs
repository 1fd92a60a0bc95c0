// A verifier of one's own: the answer may have its letters in any order. It runs in a process of the pool, with the limits
// of verification.timeoutSeconds and memoryMiB; what it throws is a fault of the grader and never a wrong answer.

/** @type {import('guiderail').Verifier['verify']} */
export default async function sameLetters({ problem, response, finish }) {
  const extracted = /####\s*(.+)/.exec(response)?.[1]?.trim() ?? null;
  if (extracted === null) {
    const kind = finish === 'length' ? 'truncated' : 'malformed';
    return { kind, reason: 'No answer found: expected #### followed by letters.', extracted };
  }
  const letters = (text) => text.split(/\s+/).sort().join(' ');
  return letters(extracted) === letters(problem.answer)
    ? { kind: 'correct', reason: 'It has the letters of the answer.', extracted }
    : { kind: 'wrong', reason: `Its letters are not those of ${problem.answer}.`, extracted };
}
