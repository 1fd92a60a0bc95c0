// Chemical formulae and reaction equations as text to a form in which equal ones are equal strings. It knows the
// symbols of the elements and no chemistry: CH3CH2OH is not CH3OCH3 although the atoms are the same, while C6H12O6 is
// C6O6H12, because where each element stands once the order says nothing.

const ELEMENTS = new Set(
  (
    'H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo ' +
    'Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl ' +
    'Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og D T'
  ).split(' '),
);
const LONGEST_FORMULA = 120;
const LONGEST_EQUATION = 400;
const DEEPEST = 8;
const STATE = /\s*_?\{?\((?:g|l|s|aq)\)\}?/g;

/** A formula in one spelling, its charge included; null if the text (from latex.ts) is not one. */
export function parseFormula(text: string): string | null {
  if (text.length > LONGEST_FORMULA) return null;
  const bare = text
    .replace(STATE, '')
    .trim()
    .replace(/\.$/, '')
    .replace(/\(\s*(\d*\s*[-+]|[-+]\s*\d+)\s*\)$/, '^{$1}'); // SO4(2-)
  if (/^e\s*(?:\^?\{?\s*1?-\s*\}?)$/.test(bare)) return 'e^-1';
  const { body, charge } = splitCharge(bare);
  const parts = body.replace(/^\[([^[\]]*)\]$/, '$1').split(/\s*[*.]\s*/);
  const keys = parts.map(partKey);
  if (keys.some((key) => key === null)) return null;
  return `${keys.join('*')}${charge === 0 ? '' : `^${charge}`}`;
}

/** `5H2O` behind the dot of a hydrate has a coefficient. */
function partKey(part: string, index: number): string | null {
  const split = /^(\d*)\s*(.+)$/.exec(part);
  if (split === null || (index === 0 && split[1] !== '')) return null;
  const key = bodyKey(split[2]!);
  return key === null ? null : `${split[1] === '' ? 1 : Number(split[1])}:${key}`;
}

function splitCharge(text: string): { body: string; charge: number } {
  const marked = /^(.*?)\s*\^\s*\{?\s*(?:(\d*)\s*([-+]+)|([-+])(\d+))\s*\}?$/.exec(text);
  if (marked !== null) {
    const signs = marked[3] ?? marked[4]!;
    const size = Number(marked[2] || marked[5] || signs.length);
    return { body: marked[1]!, charge: signs.startsWith('-') ? -size : size };
  }
  const bare = /^(.*?)(\d*)([-+]+)$/.exec(text);
  if (bare === null) return { body: text, charge: 0 };
  const [, stem, digits, signs] = bare as unknown as [string, string, string, string];
  const sign = signs.startsWith('-') ? -1 : 1;
  // Fe3+ and [Fe(CN)6]3+ have the charge 3, NH4+ has four hydrogens; SO42- has both, the last digit is the charge.
  const single = /^[A-Z][a-z]?$|\]$/.test(stem);
  if (digits === '' || signs.length > 1) return { body: `${stem}${digits}`, charge: sign * signs.length };
  if (single) return { body: stem, charge: sign * Number(digits) };
  if (digits.length === 1) return { body: `${stem}${digits}`, charge: sign };
  return { body: `${stem}${digits.slice(0, -1)}`, charge: sign * Number(digits.at(-1)) };
}

/** Elements with counts in the order written, or sorted where each stands once and outside of groups. */
function bodyKey(text: string): string | null {
  const compact = text
    .replace(/[{}_\s]/g, '')
    .replace(/\[/g, '(')
    .replace(/\]/g, ')');
  const tokens = compact.match(/[A-Z][a-z]?|\d+|[()]/g) ?? [];
  if (tokens.length === 0 || tokens.join('') !== compact) return null;
  let depth = 0;
  let grouped = false;
  const entries: string[] = [];
  const seen: string[] = [];
  for (const [index, token] of tokens.entries()) {
    const count = /^\d+$/.test(tokens[index + 1] ?? '') ? Number(tokens[index + 1]) : 1;
    if (token === '(') {
      grouped = true;
      if (++depth > DEEPEST) return null;
      entries.push('(');
    } else if (token === ')') {
      if (--depth < 0 || tokens[index - 1] === '(') return null;
      entries.push(`)${count}`);
    } else if (/^\d/.test(token)) {
      if (index === 0 || tokens[index - 1] === '(' || Number(token) === 0) return null;
    } else {
      if (!ELEMENTS.has(token)) return null;
      seen.push(token);
      entries.push(`${token}${count}`);
    }
  }
  if (depth !== 0) return null;
  const unordered = !grouped && new Set(seen).size === seen.length;
  return (unordered ? entries.sort() : entries).join('');
}

export interface Equation {
  /** Species and their coefficients, smallest whole numbers over both sides, as one string a side. */
  readonly left: string;
  readonly right: string;
}

/** A reaction equation; sides joined by an arrow or `=`. Null if the text (from latex.ts) is not one. */
export function parseEquation(text: string): Equation | null {
  if (text.length > LONGEST_EQUATION) return null;
  const sides = text.replace(/\.$/, '').split(/\s*(?:<->|->|=)\s*/);
  if (sides.length !== 2) return null;
  const [left, right] = sides.map(parseSide);
  if (!left || !right) return null;
  const denominator = [...left.values(), ...right.values()].reduce((all, [, below]) => lcm(all, below), 1);
  const whole = (side: Side) =>
    new Map([...side].map(([key, [above, below]]) => [key, (above * denominator) / below]));
  const [leftWhole, rightWhole] = [whole(left), whole(right)];
  const divisor = [...leftWhole.values(), ...rightWhole.values()].reduce(gcd, 0);
  const sideKey = (side: ReadonlyMap<string, number>) =>
    [...side]
      .map(([key, count]) => `${count / divisor} ${key}`)
      .sort()
      .join(' + ');
  return { left: sideKey(leftWhole), right: sideKey(rightWhole) };
}

/** Coefficient of each species as a fraction. */
type Side = ReadonlyMap<string, readonly [number, number]>;

function parseSide(text: string): Side | null {
  const side = new Map<string, readonly [number, number]>();
  // A plus between species has a space before it or a capital, a digit or a bracket behind it; that of a charge has neither.
  const terms = text.trim().split(/\s+\+\s*|(?<=[\w)}\]])\+(?=\s*\(?[\dA-Z[])/);
  for (const term of terms) {
    const split = /^(?:(\d{1,6})(?:\s*\/\s*(\d{1,6}))?|\((\d{1,6})\)\/\((\d{1,6})\))?\s*\*?\s*(\D.*)$/.exec(
      term.trim(),
    );
    if (split === null) return null;
    const key = parseFormula(split[5]!);
    const [above, below] = [Number(split[1] ?? split[3] ?? 1), Number(split[2] ?? split[4] ?? 1)];
    if (key === null || above === 0 || below === 0) return null;
    const [before, over] = side.get(key) ?? [0, 1];
    side.set(key, [before * below + above * over, over * below]);
  }
  return side;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function lcm(a: number, b: number): number {
  return (a / gcd(a, b)) * b;
}
