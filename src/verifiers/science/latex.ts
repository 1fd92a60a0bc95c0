// From the LaTeX and Unicode that models write to plain ASCII that the parsers of this folder read. It knows
// nothing of what the text means. Its one idea: super- and subscripts end up as `^` and `_`, words of layout go
// away, and nothing else changes.

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻';
const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉₊₋';
const PLAIN = '0123456789+-';

const WRAPPERS =
  /\\(?:text(?:bf|rm|it|sf|tt)?|emph|math(?:rm|bf|it|sf|tt|ord)|operatorname|ce|mbox|bm|boldsymbol|si|SI)\s*\{/g;

const VULGAR: Readonly<Record<string, string>> = {
  '½': '1/2',
  '¼': '1/4',
  '¾': '3/4',
  '⅓': '1/3',
  '⅔': '2/3',
};

const SYMBOLS: readonly (readonly [RegExp, string | ((found: string) => string)])[] = [
  [/\{\s*\}/g, ''],
  [/\\(?:[,;:! ]|quad|qquad|displaystyle|limits)|~|[\u00a0\u2009\u202f]/g, ' '],
  [/\\(?:left|right|bigg?|Bigg?)(?=[^a-zA-Z]|$)/g, ''],
  [/\\(?:rightleftharpoons|leftrightarrow|longleftrightarrow|leftrightharpoons)|[⇌↔⇄]|<=>|<-+>/g, ' <-> '],
  [/\\xrightarrow\s*(?:\[[^\]]{0,100}\])?\s*\{[^{}]{0,100}\}/g, ' -> '],
  [/\\(?:long)?(?:rightarrow|to)(?![a-zA-Z])|\\Rightarrow(?![a-zA-Z])|[→⟶⇒]|(?<!<)[-=]+>/g, ' -> '],
  [/\\(?:cdot|times|bullet|ast)(?![a-zA-Z])|[·×⋅•∙]/g, ' * '],
  [/\^\s*\{?\s*(?:\\circ|°|\\degree)\s*\}?\s*|\\degree(?![a-zA-Z])|º/g, '°'],
  [/\\pm(?![a-zA-Z])/g, '±'],
  [/\\(?:up|down)arrow(?![a-zA-Z])|[↑↓]/g, ''],
  [/℃/g, '°C'],
  [/℉/g, '°F'],
  [/[−–—‒‐‑]/g, '-'],
  [/(?<=\d)\s*--\s*(?=\d)/g, '-'],
  [/(?<!\d\s*)[½¼¾⅓⅔]/g, (sign) => VULGAR[sign]!],
  [/\\pi(?![a-zA-Z])|π/g, ' pi '],
  [/\\(?:mu|upmu)(?![a-zA-Z])\s*|[µμ]/g, 'u'],
  [/\\(?:Omega|ohm)(?![a-zA-Z])|[ΩΩ]/g, 'ohm'],
  [/\\AA(?![a-zA-Z])|\\(?:mathring|r)\s*\{A\}|[ÅÅ]/g, 'angstrom'],
  [/\\(?:approx|simeq|sim)(?![a-zA-Z])|[≈≃]/g, ' ~ '],
  [/\\%/g, '%'],
  [/\\?\$|\\[()[\]]/g, ''],
];

/** Text without LaTeX's wrappers and spacing; fractions as (a)/(b), scripts as ^ and _. */
export function plainText(text: string): string {
  let plain = siunitx(scripts(text.normalize('NFC')))
    .replace(/<(sub|sup)>([^<>]{0,20})<\/\1>/g, (_, kind, inner) => `${kind === 'sub' ? '_' : '^'}{${inner}}`)
    .replace(
      /\\sqrt\s*(?:\{([^{}]*)\}|(\d))|√\s*\(?(\d+(?:\.\d+)?)\)?/g,
      (_, a, b, c) => `sqrt(${a ?? b ?? c})`,
    );
  for (let depth = 0; depth < 4 && WRAPPERS.test(plain); depth++) plain = unwrap(plain);
  WRAPPERS.lastIndex = 0;
  plain = plain.replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, '($1)/($2)');
  plain = plain.replace(/\\[dt]?frac\s*(\d)\s*(\d)/g, '($1)/($2)').replace(/\{,\}/g, ',');
  // A function and a string are two overloads of replace.
  for (const [pattern, replacement] of SYMBOLS)
    plain = plain.replace(pattern, (found) =>
      typeof replacement === 'string' ? replacement : replacement(found),
    );
  return plain.replace(/\s+/g, ' ').trim();
}

/** `\SI{9.8}{\meter\per\second\squared}` as `9.8 meter / second^2`. */
function siunitx(text: string): string {
  return text.replace(
    /\\(?:SI|qty)\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g,
    (_, number: string, unit: string) =>
      `${number} ${unit
        .replace(/\\per(?![a-zA-Z])/g, ' / ')
        .replace(/\\squared/g, '^2')
        .replace(/\\cubed/g, '^3')
        .replace(/\\([a-zA-Z]+)/g, ' $1')}`,
  );
}

/** Takes away one level of \text{…} and the like, each with the brace that closes it. */
function unwrap(text: string): string {
  WRAPPERS.lastIndex = 0;
  const found = WRAPPERS.exec(text);
  if (found === null) return text;
  const pieces: string[] = [];
  const closers: number[] = []; // depth at which a wrapper opened
  let depth = 0;
  let position = 0;
  let next: RegExpExecArray | null = found;
  while (position < text.length) {
    if (next !== null && position === next.index) {
      // \cdot\text{s} must not become \cdots.
      if (/\\[a-zA-Z]+$/.test(pieces.slice(-12).join(''))) pieces.push(' ');
      closers.push(depth++);
      position += next[0].length;
      next = WRAPPERS.exec(text);
      continue;
    }
    const character = text[position++]!;
    if (character === '{') depth++;
    if (character === '}') {
      depth--;
      if (closers.at(-1) === depth) {
        closers.pop();
        continue;
      }
    }
    pieces.push(character);
  }
  WRAPPERS.lastIndex = 0;
  return pieces.join('');
}

/** ² as ^{2}, ₂ as _{2}. */
function scripts(text: string): string {
  const replace = (input: string, alphabet: string, mark: string) =>
    input.replace(
      new RegExp(`[${alphabet}]+`, 'g'),
      (run) => `${mark}{${[...run].map((character) => PLAIN[alphabet.indexOf(character)]).join('')}}`,
    );
  return replace(replace(text, SUPERSCRIPTS, '^'), SUBSCRIPTS, '_');
}
