// Arithmetic said in words: "divide 84 by 2", "half of 84", "two less than 44", "25% of 168", "the square of 6". Each
// phrase is written as the arithmetic it stands for, and a verifier can say what comes out. It knows nothing of answers.

export interface SpokenOperation {
  readonly start: number;
  readonly end: number;
  /** As arithmetic: (84)/(2). */
  readonly value: string;
  readonly operands: readonly string[];
}

/** Numbers from a bound on: "at least five", "five and upwards", "less than 3". */
export function spokenBounds(text: string, values: readonly WrittenValue[]): SpokenOperation[] {
  const ordered = [...values].sort((a, b) => a.start - b.start);
  const { coded, placeOf } = withNumbersCoded(text, ordered);
  const found: SpokenOperation[] = [];
  for (const [pattern, relations] of BOUNDS) {
    for (const match of coded.matchAll(pattern)) {
      const bound = ordered[Number(match[1] ?? match[2])]!.value;
      const [start, end] = [placeOf(match.index), placeOf(match.index + match[0].length)];
      for (const relation of relations) found.push({ start, end, value: relation(bound), operands: [bound] });
    }
  }
  return found;
}

const BOUNDS: readonly (readonly [pattern: RegExp, relations: readonly ((bound: string) => string)[]])[] = [
  [
    /\bat\s+least\s+⟦(\d+)⟧|(?:from\s+)?⟦(\d+)⟧\s*(?:,?\s*(?:and|or)\s+)?(?:up(?:wards?)?|more|above|greater|larger|onwards?)\b/gi,
    [(a) => `x \\ge ${a}`, (a) => `[${a}, \\infty)`],
  ],
  [
    /\bat\s+most\s+⟦(\d+)⟧|⟦(\d+)⟧\s*(?:,?\s*(?:and|or)\s+)?(?:less|below|under|smaller|fewer|downwards?)\b/gi,
    [(a) => `x \\le ${a}`, (a) => `(-\\infty, ${a}]`],
  ],
  [
    /\b(?:more|greater|larger|bigger)\s+than\s+⟦(\d+)⟧|\babove\s+⟦(\d+)⟧/gi,
    [(a) => `x > ${a}`, (a) => `(${a}, \\infty)`],
  ],
  [
    /\b(?:less|smaller|fewer)\s+than\s+⟦(\d+)⟧|\bbelow\s+⟦(\d+)⟧/gi,
    [(a) => `x < ${a}`, (a) => `(-\\infty, ${a})`],
  ],
];

export interface WrittenValue {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

const N = String.raw`⟦(\d+)⟧`;
/** Words between an operation and its number: "the 84 eggs by". */
const FILL = String.raw`(?:\s+(?!and\b|by\b|from\b|to\b|with\b|then\b)[a-z'-]+){0,3}?`;
const LEAD = String.raw`(?:\s+(?:the|a|an|all|those|these|your|his|her|their|that|its|of))*\s*[$€£]?`;

const PATTERNS: readonly (readonly [pattern: string, value: (a: string, b: string) => string])[] = [
  [
    `(?:multiply|multiplying)${LEAD}${N}${FILL}\\s+(?:by|and|with|times)${LEAD}${N}`,
    (a, b) => `(${a})*(${b})`,
  ],
  [
    `(?:divide|dividing|split|splitting|share|sharing)${LEAD}${N}${FILL}\\s+(?:by|into|among|between)${LEAD}${N}`,
    (a, b) => `(${a})/(${b})`,
  ],
  [
    `(?:add|adding|combine|combining|sum)${LEAD}${N}${FILL}\\s+(?:and|to|with|plus)${LEAD}${N}`,
    (a, b) => `(${a})+(${b})`,
  ],
  [
    `(?:subtract|subtracting|take|taking|deduct|deducting|remove|removing)${LEAD}${N}${FILL}\\s+(?:away\\s+)?from${LEAD}${N}`,
    (a, b) => `(${b})-(${a})`,
  ],
  [`(?:the\\s+)?(?:sum|total)\\s+of${LEAD}${N}${FILL}\\s+and${LEAD}${N}`, (a, b) => `(${a})+(${b})`],
  [`(?:the\\s+)?product\\s+of${LEAD}${N}${FILL}\\s+and${LEAD}${N}`, (a, b) => `(${a})*(${b})`],
  [`(?:the\\s+)?quotient\\s+of${LEAD}${N}${FILL}\\s+and${LEAD}${N}`, (a, b) => `(${a})/(${b})`],
  [
    `(?:the\\s+)?difference\\s+(?:between|of)${LEAD}${N}${FILL}\\s+and${LEAD}${N}`,
    (a, b) => `|(${a})-(${b})|`,
  ],
  [
    `(?:the\\s+)?(?:average|mean|midpoint)\\s+(?:of|between)${LEAD}${N}${FILL}\\s+and${LEAD}${N}`,
    (a, b) => `((${a})+(${b}))/2`,
  ],
  [
    `${N}${FILL}\\s*(?:multiplied\\s+by|times|lots\\s+of|groups\\s+of|copies\\s+of|sets\\s+of)${LEAD}${N}`,
    (a, b) => `(${a})*(${b})`,
  ],
  [`${N}${FILL}\\s*(?:divided\\s+by|split\\s+(?:into|by|among)|over)${LEAD}${N}`, (a, b) => `(${a})/(${b})`],
  [
    `${N}${FILL}\\s*(?:plus|added\\s+to|increased\\s+by|more\\s+than|and\\s+another|greater\\s+than|above)${LEAD}${N}`,
    (a, b) => `(${a})+(${b})`,
  ],
  [
    `${N}${FILL}\\s*(?:minus|decreased\\s+by|reduced\\s+by|take\\s+away|without)${LEAD}${N}`,
    (a, b) => `(${a})-(${b})`,
  ],
  [
    `${N}${FILL}\\s*(?:less\\s+than|fewer\\s+than|subtracted\\s+from|taken\\s+(?:away\\s+)?from|below|short\\s+of|shy\\s+of|before)${LEAD}${N}`,
    (a, b) => `(${b})-(${a})`,
  ],
  [`${N}\\s*(?:%|\\\\%|percent|per\\s+cent)\\s+of${LEAD}${N}`, (a, b) => `(${a})/100*(${b})`],
  [`${N}\\s+of\\s+(?:an?|one|⟦\\d+⟧)\\s*(?:%|percent|per\\s+cent)`, (a) => `(${a})/100`],
  [`${N}\\s+of${LEAD}${N}`, (a, b) => (a.includes('/') ? `(${a})*(${b})` : '')],
  [
    `${N}\\s+of\\s+(?:the\\s+|every\\s+|each\\s+|all\\s+)?${N}`,
    (a, b) => (a.includes('/') ? '' : share(a, b)),
  ],
  [
    `real\\s+part(?:\\s+is|\\s*[:,])?\\s*${N}\\s*,?\\s*(?:and\\s+)?(?:the\\s+)?imaginary\\s+part(?:\\s+is|\\s*[:,])?\\s*${N}`,
    (a, b) => `(${a})+(${b})i`,
  ],
  [
    `${N}\\s+(?:to\\s+the\\s+power(?:\\s+of)?|raised\\s+to(?:\\s+the)?(?:\\s+power)?(?:\\s+of)?)\\s*${N}`,
    (a, b) => `(${a})^{${b}}`,
  ],
  [`${N}\\s+(?:in|out\\s+of)(?:\\s+(?:every|each|the|all))?${LEAD}${N}`, (a, b) => share(a, b)],
  [`(?:double|twice|doubling|two\\s+times)${LEAD}${N}`, (a) => `2*(${a})`],
  [`(?:triple|thrice|tripling)${LEAD}${N}`, (a) => `3*(${a})`],
  [`(?:quadruple|quadrupling)${LEAD}${N}`, (a) => `4*(${a})`],
  [`(?:halve|halving|half)${LEAD}${N}`, (a) => `(${a})/2`],
  [`(?:the\\s+)?square\\s+root\\s+of${LEAD}${N}`, (a) => `\\sqrt{${a}}`],
  [`(?:the\\s+)?cube\\s+root\\s+of${LEAD}${N}`, (a) => `\\sqrt[3]{${a}}`],
  [`(?:the\\s+)?square\\s+of${LEAD}${N}`, (a) => `(${a})^2`],
  [`(?:the\\s+)?cube\\s+of${LEAD}${N}`, (a) => `(${a})^3`],
  [`${N}\\s*(?:squared)`, (a) => `(${a})^2`],
  [`${N}\\s*(?:cubed)`, (a) => `(${a})^3`],
  [`${N}\\s*(?:doubled)`, (a) => `2*(${a})`],
  [`${N}\\s*(?:tripled)`, (a) => `3*(${a})`],
  [`${N}\\s*(?:halved)`, (a) => `(${a})/2`],
  [
    `(?:the\\s+)?(?:number|integer|whole\\s+number)\\s+(?:right\\s+|just\\s+|immediately\\s+)?(?:after|following)${LEAD}${N}`,
    (a) => `(${a})+1`,
  ],
  [
    `(?:the\\s+)?(?:number|integer|whole\\s+number)\\s+(?:right\\s+|just\\s+|immediately\\s+)?before${LEAD}${N}`,
    (a) => `(${a})-1`,
  ],
  [`(?:strictly\\s+|exactly\\s+)?between${LEAD}${N}\\s+and${LEAD}${N}`, (a, b) => pinned(a, b)],
  [
    `(?:more|greater|larger|bigger)\\s+than${LEAD}${N}${FILL}\\s*,?\\s*(?:but|and|yet)\\s+(?:less|fewer|smaller)\\s+than${LEAD}${N}`,
    (a, b) => pinned(a, b),
  ],
  [
    `${N}\\s+(?:written\\s+|read\\s+|spelled\\s+)?(?:backwards?|reversed|in\\s+reverse|the\\s+other\\s+way\\s+round)`,
    (a) => backwards(a),
  ],
];
/** Only the digits, the other way round. */
function backwards(a: string): string {
  return /^\d+$/.test(a) ? [...a].reverse().join('') : '';
}

const COMPILED = PATTERNS.map(
  ([pattern, value]) => [new RegExp(`(?<![a-z])${pattern}`, 'gi'), value] as const,
);

const PLURALS = [
  'ones',
  'twos',
  'threes',
  'fours',
  'fives',
  'sixes',
  'sevens',
  'eights',
  'nines',
  'tens',
  'elevens',
  'twelves',
];

/** "six sevens", "four tens and two ones". */
function multiples(
  coded: string,
): { readonly match: RegExpMatchArray; readonly value: (numbers: string[]) => string }[] {
  const plural = `(${PLURALS.join('|')})`;
  const pattern = new RegExp(
    `⟦(\\d+)⟧\\s+${plural}\\b(?:,?\\s*(?:and|plus)\\s+⟦(\\d+)⟧\\s+${plural}\\b)?`,
    'gi',
  );
  const worth = (word: string) => PLURALS.indexOf(word.toLowerCase()) + 1;
  return [...coded.matchAll(pattern)].map((match) => ({
    match,
    value: ([a, b]) => `(${a})*${worth(match[2]!)}${b === undefined ? '' : `+(${b})*${worth(match[4]!)}`}`,
  }));
}

/** Odds: seven in eight. */
function share(a: string, b: string): string {
  return /^\d+$/.test(a) && /^\d+$/.test(b) && Number(a) < Number(b) ? `${a}/${b}` : '';
}

/** The only whole number strictly between two; empty where there are others. */
function pinned(a: string, b: string): string {
  return Number(b) - Number(a) === 2 ? String(Number(a) + 1) : '';
}

/** @param values numbers of the text, in digits or words, none inside another. */
export function spokenOperations(text: string, values: readonly WrittenValue[]): SpokenOperation[] {
  const ordered = [...values].sort((a, b) => a.start - b.start);
  const { coded, placeOf } = withNumbersCoded(text, ordered);
  const found: SpokenOperation[] = [];
  for (const [pattern, value] of COMPILED) {
    for (const match of coded.matchAll(pattern)) {
      const operands = match.slice(1).map((index) => ordered[Number(index)]!.value);
      const arithmetic = value(operands[0]!, operands[1] ?? '');
      if (arithmetic === '') continue;
      const start = placeOf(match.index);
      found.push({ start, end: placeOf(match.index + match[0].length), value: arithmetic, operands });
    }
  }
  for (const { match, value } of multiples(coded)) {
    const operands = [match[1], match[3]].flatMap((index) =>
      index === undefined ? [] : [ordered[Number(index)]!.value],
    );
    const [start, end] = [placeOf(match.index!), placeOf(match.index! + match[0].length)];
    found.push({
      start,
      end,
      value: value(operands),
      operands: [...operands, String(PLURALS.indexOf(match[2]!.toLowerCase()) + 1)],
    });
  }
  return found;
}

/** Every number as ⟦index⟧, so that patterns need not know how numbers are written. */
function withNumbersCoded(text: string, values: readonly WrittenValue[]) {
  let coded = '';
  let at = 0;
  /** Where pieces of `coded` begin, and where they come from. */
  const pieces: { readonly coded: number; readonly source: number; readonly number: boolean }[] = [];
  for (const [index, { start, end }] of values.entries()) {
    if (start < at) continue;
    pieces.push({ coded: coded.length, source: at, number: false });
    coded += text.slice(at, start);
    pieces.push({ coded: coded.length, source: start, number: true });
    coded += `⟦${index}⟧`;
    at = end;
  }
  pieces.push({ coded: coded.length, source: at, number: false });
  coded += text.slice(at);
  const placeOf = (place: number): number => {
    const piece = pieces.findLast((candidate) => candidate.coded <= place)!;
    return piece.number ? piece.source : piece.source + place - piece.coded;
  };
  return { coded, placeOf };
}
