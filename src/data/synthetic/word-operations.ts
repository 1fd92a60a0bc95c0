// What a machine can do to a word: eight operations on words whose letters all differ, and the effect of a
// sequence of them. It knows nothing of problems or prompts. Its one idea: a sequence's effect is a permutation
// of positions and a shift of letters, and two probe words tell any two effects apart.

/** In the order in which `operations: n` takes the first n. */
export const WORD_OPERATIONS = [
  'reverse',
  'rotate-left',
  'rotate-right',
  'swap-ends',
  'swap-first',
  'swap-last',
  'next-letter',
  'previous-letter',
] as const;

export type WordOperation = (typeof WORD_OPERATIONS)[number];

/** A sequence of operations, the first applied first. */
export type Procedure = readonly WordOperation[];

/** The word after one operation; letters wrap around within `alphabet`. Words have at least two letters. */
export function applyOperation(operation: WordOperation, word: string, alphabet: string): string {
  const last = word.length - 1;
  switch (operation) {
    case 'reverse':
      return [...word].reverse().join('');
    case 'rotate-left':
      return word.slice(1) + word.charAt(0);
    case 'rotate-right':
      return word.charAt(last) + word.slice(0, last);
    case 'swap-ends':
      return swap(word, 0, last);
    case 'swap-first':
      return swap(word, 0, 1);
    case 'swap-last':
      return swap(word, last - 1, last);
    case 'next-letter':
      return shift(word, 1, alphabet);
    case 'previous-letter':
      return shift(word, -1, alphabet);
  }
}

/** The words after each operation of a procedure, in order. */
export function traceProcedure(procedure: Procedure, word: string, alphabet: string): string[] {
  const trace: string[] = [];
  let current = word;
  for (const operation of procedure) {
    current = applyOperation(operation, current, alphabet);
    trace.push(current);
  }
  return trace;
}

function swap(word: string, first: number, second: number): string {
  const letters = [...word];
  letters[first] = word.charAt(second);
  letters[second] = word.charAt(first);
  return letters.join('');
}

function shift(word: string, by: number, alphabet: string): string {
  const size = alphabet.length;
  return [...word].map((letter) => alphabet.charAt((alphabet.indexOf(letter) + by + size) % size)).join('');
}

/**
 * What a procedure does to every word of a length, as a key: equal keys, equal effects. The images of `abc…`
 * alone would not do: with an alphabet as long as the word, `next-letter` rotates it like `rotate-left`. The
 * same word with its first two letters swapped tells those apart (word length at least 3).
 */
export function effectOf(procedure: Procedure, wordLength: number, alphabet: string): string {
  return probes(wordLength, alphabet)
    .map((probe) => traceProcedure(procedure, probe, alphabet).at(-1) ?? probe)
    .join(' ');
}

function probes(wordLength: number, alphabet: string): string[] {
  const ordered = alphabet.slice(0, wordLength);
  return [ordered, swap(ordered, 0, 1)];
}

/** The effects of all procedures of at most `depth` operations, the empty one included. */
export function effectsWithin(
  depth: number,
  operations: Procedure,
  wordLength: number,
  alphabet: string,
): Set<string> {
  let frontier = [effectOf([], wordLength, alphabet)];
  const effects = new Set(frontier);
  for (let length = 1; length <= depth; length++) {
    const next: string[] = [];
    for (const effect of frontier) {
      for (const operation of operations) {
        const images = effect.split(' ').map((image) => applyOperation(operation, image, alphabet));
        const reached = images.join(' ');
        if (effects.has(reached)) continue;
        effects.add(reached);
        next.push(reached);
      }
    }
    frontier = next;
  }
  return effects;
}
