// Numbers in English words, with where they stand: forty-two, two hundred and five, a dozen, three quarters, two and a
// half, 1.5 million, minus three point five. It says what a phrase is worth and knows nothing of answers. Each is
// written for a verifier as digits or as a fraction.

export interface WordNumber {
  readonly start: number;
  readonly end: number;
  /** 42, -3.5, 3/4, 5/2. */
  readonly value: string;
  /**
   * Whether the phrase is more often something else than a number: "one" (a pronoun), "half" and "a third" (of
   * something), "a couple".
   */
  readonly weak: boolean;
}

const UNITS = new Map(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
    'eighteen nineteen'
  )
    .split(' ')
    .map((word, value) => [word, value]),
);
const TENS = new Map(
  'twenty thirty forty fifty sixty seventy eighty ninety'
    .split(' ')
    .map((word, index) => [word, 20 + 10 * index]),
);
TENS.set('fourty', 40);
const SCALES = new Map([
  ['hundred', 100],
  ['thousand', 1000],
  ['million', 1_000_000],
  ['billion', 1_000_000_000],
  ['trillion', 1_000_000_000_000],
]);
const GROUPS = new Map([
  ['dozen', 12],
  ['score', 20],
  ['gross', 144],
]);
const PARTS = new Map([
  ['half', 2],
  ['halves', 2],
  ['third', 3],
  ['quarter', 4],
  ['fourth', 4],
  ['fifth', 5],
  ['sixth', 6],
  ['seventh', 7],
  ['eighth', 8],
  ['ninth', 9],
  ['tenth', 10],
  ['eleventh', 11],
  ['twelfth', 12],
  ['fifteenth', 15],
  ['sixteenth', 16],
  ['twentieth', 20],
  ['hundredth', 100],
  ['thousandth', 1000],
]);

/** From the eleventh on: earlier ones number parts of anything. */
const LATE_ORDINALS =
  'eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth'.split(
    ' ',
  );

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN = /[A-Za-z]+|\d+(?:,\d{3})*(?:\.\d+)?/g;
/** What may stand between the words of one number. */
const JOINT = /^(?:[ \t]+|[ \t]*-[ \t]*|\n)$/;

/** From left to right, none inside another. */
export function wordNumbers(text: string): WordNumber[] {
  const words: Word[] = [...text.matchAll(TOKEN)].map((match) => ({
    text: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));
  const found: WordNumber[] = [];
  for (let at = 0; at < words.length;) {
    const read = readAt(words, at, text);
    if (read === null) {
      at++;
      continue;
    }
    found.push(read.number);
    at = read.next;
  }
  return found;
}

interface Read<T> {
  readonly value: T;
  readonly next: number;
}

function readAt(
  words: readonly Word[],
  first: number,
  text: string,
): { number: WordNumber; next: number } | null {
  const joined = (index: number) =>
    index > 0 && index < words.length && JOINT.test(text.slice(words[index - 1]!.end, words[index]!.start));
  let at = first;
  // Between two values it is a sign of subtraction, and behind "plus or" no sign of its own.
  const before = joined(first) && first > 0 ? words[first - 1]!.text : '';
  const binary =
    /^(?:[a-z]|\d.*|squared|cubed|and|or|root)$/.test(before) ||
    UNITS.has(before) ||
    TENS.has(before) ||
    SCALES.has(before);
  const negative = /^(?:negative|minus)$/.test(words[at]!.text) && joined(at + 1) && !binary;
  if (negative) at++;
  const number = (value: string, next: number, weak: boolean) => ({
    number: {
      start: words[first]!.start,
      end: words[next - 1]!.end,
      value: negative ? `-${value}` : value,
      weak: weak && !negative,
    },
    next,
  });
  const part = fraction(words, at, joined);
  if (part !== null) return number(part.value.text, part.next, part.value.weak);
  const ordinal = LATE_ORDINALS.indexOf(words[at]!.text);
  if (ordinal !== -1) return number(String(11 + ordinal), at + 1, false);
  const whole = integer(words, at, joined, text);
  if (whole === null) return null;
  const next = whole.next;
  const mixed = mixedPart(words, next, joined);
  if (mixed !== null) {
    const [above, below] = mixed.value;
    const sizeAt = (index: number) => {
      const word = words[index]!.text;
      return GROUPS.get(word.replace(/s$/, '')) ?? SCALES.get(word);
    };
    // "a dozen and a half" is 18; "three and a half dozen" is 42.
    const before = sizeAt(next - 1);
    if (before !== undefined)
      return number(String(whole.value + (before * above) / below), mixed.next, false);
    const all = whole.value * below + above;
    const behind = joined(mixed.next) ? sizeAt(mixed.next) : undefined;
    if (behind !== undefined) return number(String((all * behind) / below), mixed.next + 1, false);
    return number(`${all}/${below}`, mixed.next, false);
  }
  if (joined(next) && words[next]!.text === 'point' && joined(next + 1)) {
    let digits = '';
    let end = next + 1;
    while (
      end < words.length &&
      (end === next + 1 || joined(end)) &&
      (UNITS.get(words[end]!.text) ?? 10) < 10
    ) {
      digits += String(UNITS.get(words[end]!.text));
      end++;
    }
    if (digits !== '') return number(`${whole.value}.${digits}`, end, false);
  }
  // "nineteen eighty-nine": a year, or a price.
  if (whole.value >= 10 && whole.value < 100 && joined(next) && !/^\d/.test(words[at]!.text)) {
    const second = integer(words, next, joined, text);
    const tens = TENS.has(words[next]!.text) || /teen$|^(?:ten|eleven|twelve)$/.test(words[next]!.text);
    if (second !== null && tens && second.value >= 10 && second.value < 100)
      return number(String(whole.value * 100 + second.value), second.next, false);
  }
  const only = next - at === 1 ? words[at]!.text : '';
  if (/^\d/.test(words[at]!.text) && next - at === 1) return null; // digits alone are not words
  return number(String(whole.value), next, only === 'one');
}

type Joined = (index: number) => boolean;

/** half, a half, one third, three quarters, half a dozen. */
function fraction(
  words: readonly Word[],
  at: number,
  joined: Joined,
): Read<{ text: string; weak: boolean }> | null {
  const first = words[at]!.text;
  if (first === 'half' && joined(at + 2) && joined(at + 1) && words[at + 1]!.text === 'a') {
    const group = GROUPS.get(words[at + 2]!.text) ?? SCALES.get(words[at + 2]!.text);
    if (group !== undefined) return { value: { text: String(group / 2), weak: false }, next: at + 3 };
  }
  if (first === 'half') return { value: { text: '1/2', weak: true }, next: at + 1 };
  const article = first === 'a' || first === 'an' || first === 'one';
  const above = article ? 1 : UNITS.get(first);
  if (above === undefined || above === 0 || !joined(at + 1)) return null;
  const second = words[at + 1]!.text;
  const ten = TENS.get(second);
  const unit =
    ten !== undefined && joined(at + 2) ? PARTS.get(words[at + 2]!.text.replace(/s$/, '')) : undefined;
  if (ten !== undefined && unit !== undefined && unit > 2 && unit < 10)
    return { value: { text: `${above}/${ten + unit}`, weak: false }, next: at + 3 };
  const below = PARTS.get(second) ?? PARTS.get(second.replace(/s$/, ''));
  if (below === undefined) return null;
  if (above > 1 && !/s$/.test(second) && second !== 'half') return null; // "two third graders"
  return { value: { text: `${above}/${below}`, weak: above === 1 }, next: at + 2 };
}

/** "and a half", "and three quarters" behind a whole number. */
function mixedPart(words: readonly Word[], at: number, joined: Joined): Read<[number, number]> | null {
  if (!joined(at) || words[at]!.text !== 'and' || !joined(at + 1)) return null;
  const part = fraction(words, at + 1, joined);
  const parts = part === null ? null : /^(\d+)\/(\d+)$/.exec(part.value.text);
  return parts === null ? null : { value: [Number(parts[1]), Number(parts[2])], next: part!.next };
}

/** A whole number in words, or digits with a scale ("42 thousand", "3 dozen"). */
function integer(words: readonly Word[], first: number, joined: Joined, text: string): Read<number> | null {
  let at = first;
  let total = 0; // of finished thousands
  let group = 0; // below the next scale
  let last: 'start' | 'unit' | 'ten' | 'hundred' | 'scale' = 'start';
  const follows = () => at < words.length && (at === first || joined(at));
  const dozen = words[at + 3]?.text === 'dozen' ? text.slice(words[at]!.start, words[at + 3]!.end) : '';
  if (/^an?\s+baker(?:'s|s')\s+dozen$/i.test(dozen.replace(/bakers'\s/i, "baker's ")))
    return { value: 13, next: at + 4 };
  const article = /^an?$/.test(words[at]!.text);
  if (article) {
    const next = joined(at + 1) ? words[at + 1]!.text : '';
    if (!SCALES.has(next) && !GROUPS.has(next)) return null;
    const counted = /^\s+of\b/.test(text.slice(words[at + 1]?.end ?? 0));
    if ((next === 'score' || next === 'gross') && !counted) return null;
    group = 1;
    last = 'unit';
    at++;
  }
  while (follows()) {
    const { text: word } = words[at]!;
    const unit = UNITS.get(word);
    const ten = TENS.get(word);
    const scale = SCALES.get(word);
    const many = GROUPS.get(word.replace(/s$/, '')) ?? null;
    if (word === 'and' && (last === 'hundred' || last === 'scale') && joined(at + 1)) {
      const next = words[at + 1]!.text;
      if (!UNITS.has(next) && !TENS.has(next)) break;
      if (PARTS.has((joined(at + 2) ? words[at + 2]!.text : '').replace(/s$/, ''))) break;
      at++;
      continue;
    }
    if (/^\d/.test(word) && last === 'start') {
      group = Number(word.replaceAll(',', ''));
      last = 'unit';
    } else if (unit !== undefined && (last === 'start' || last === 'hundred' || last === 'scale')) {
      group += unit;
      last = 'unit';
    } else if (unit !== undefined && unit < 10 && unit > 0 && last === 'ten') {
      group += unit;
      last = 'unit';
    } else if (ten !== undefined && (last === 'start' || last === 'hundred' || last === 'scale')) {
      group += ten;
      last = 'ten';
    } else if (scale === 100 && (last === 'unit' || last === 'ten')) {
      group *= 100;
      last = 'hundred';
    } else if (scale !== undefined && scale > 100 && group > 0 && last !== 'scale') {
      total += group * scale;
      group = 0;
      last = 'scale';
    } else if (many !== null && last === 'unit') {
      return { value: total + group * many, next: at + 1 };
    } else break;
    at++;
  }
  return last === 'start' ? null : { value: total + group, next: at };
}
