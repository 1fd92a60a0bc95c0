// The spellings: which LaTeX commands, Unicode characters and words stand for which token. Only tables.

/** Commands that say nothing about the value. */
export const IGNORED_COMMANDS = new Set(
  (
    'left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr displaystyle textstyle ' +
    'scriptstyle limits nolimits quad qquad rm bf it mathop bm boldsymbol mathbf vec ' +
    'overrightarrow hat widehat tilde mathcal mathfrak mathscr mathsf ' +
    'underline displaylimits space thinspace nobreak boxed fbox circ hfill middle ensuremath tiny small normalsize ' +
    'large Large LARGE huge Huge tt sf sc boldmath unboldmath therefore because blacksquare square Box qed qedhere checkmark'
  ).split(' '),
);

/** Commands that say nothing about the value, and whose first argument does not either: colours, space, labels. */
export const DROPPED_WITH_ARGUMENT = new Set(
  'color textcolor colorbox hspace vspace mspace phantom hphantom vphantom tag label'.split(' '),
);

/** Commands whose argument is prose. */
export const TEXT_COMMANDS = new Set(
  'text textbf textit textrm textsf texttt textnormal mathrm mathit operatorname mbox hbox emph textup'.split(
    ' ',
  ),
);

/** Commands that are one mark. */
export const COMMAND_MARKS: Readonly<Record<string, string>> = {
  le: '<=',
  leq: '<=',
  leqslant: '<=',
  leqq: '<=',
  ge: '>=',
  geq: '>=',
  geqslant: '>=',
  geqq: '>=',
  lt: '<',
  gt: '>',
  ne: '!=',
  neq: '!=',
  in: 'in',
  notin: 'notin',
  approx: '~',
  approxeq: '~',
  sim: '~',
  simeq: '~',
  equiv: '==',
  cdot: '*',
  times: '*',
  ast: '*',
  div: '/',
  pm: 'pm',
  mp: 'mp',
  cup: 'cup',
  cap: 'cap',
  setminus: 'setminus',
  backslash: 'setminus',
  lbrace: '\\{',
  rbrace: '\\}',
  langle: '(',
  rangle: ')',
  lparen: '(',
  rparen: ')',
  lbrack: '[',
  rbrack: ']',
  lvert: '|',
  rvert: '|',
  vert: '|',
  mid: '|',
  lfloor: 'lfloor',
  rfloor: 'rfloor',
  lceil: 'lceil',
  rceil: 'rceil',
  colon: ':',
  land: 'and',
  lor: 'or',
  wedge: 'and',
  vee: 'or',
  ldots: 'dots',
  dots: 'dots',
  cdots: 'dots',
  to: 'to',
  rightarrow: 'to',
  implies: 'implies',
  Rightarrow: 'implies',
};

export const COMMAND_SYMBOLS: Readonly<Record<string, string>> = {
  infty: 'inf',
  infin: 'inf',
  imath: 'i',
  jmath: 'j',
  ell: 'l',
  top: 'T',
  intercal: 'T',
  Pr: 'P',
  varnothing: 'empty',
  emptyset: 'empty',
  varepsilon: 'epsilon',
  varphi: 'phi',
  vartheta: 'theta',
};

export const GREEK = new Set(
  (
    'pi alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi ' +
    'psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega'
  ).split(' '),
);

/** Functions of one argument that may be written without brackets. */
export const FUNCTIONS = new Set(
  (
    'sin cos tan cot sec csc arcsin arccos arctan arccot sinh cosh tanh coth ln log lg exp arg det ' +
    'gcd lcm max min floor ceil abs sqrt cbrt sgn sign Re Im cis'
  ).split(' '),
);

export const FUNCTION_NAMES: Readonly<Record<string, string>> = {
  asin: 'arcsin',
  acos: 'arccos',
  atan: 'arctan',
  lg: 'log',
  sign: 'sgn',
  Max: 'max',
  Min: 'min',
};

/** Words for a mark or a symbol. */
export const WORD_MARKS: Readonly<Record<string, string>> = {
  and: 'and',
  or: 'or',
  where: ',',
  with: ',',
  union: 'cup',
  pct: '%',
  percent: '%',
  percents: '%',
};
export const WORD_SYMBOLS: Readonly<Record<string, string>> = {
  pi: 'pi',
  infinity: 'inf',
  inf: 'inf',
  oo: 'inf',
  infty: 'inf',
};

/** Units of two or three letters, which would else be read as products; longer words are never products. */
export const SHORT_UNITS = new Set(
  (
    'mm cm dm km nm um in ft yd mi mg kg lb lbs oz ml mL cl dl kL gal qt pt ms ns min mins sec secs hr hrs yr yrs ' +
    'mph kmh kph rpm Hz kHz MHz GHz kJ cal kW MW kV mV mA kN Pa kPa atm bar mol eV deg rad USD EUR GBP Rs usd ' +
    'st nd rd th sq cu pts pcs day men way box cup cent am pm AM PM bp lit hour mon units sqm'
  ).split(' '),
);
/** Short words that are never products of letters. */
export const PROSE_WORDS = new Set(
  'is are of the an per no yes all for if to at by as we so it he DNE not Rs'.split(' '),
);
/** Letters that may be units where they follow a number and a space. */
export const LETTER_UNITS = new Set('m g s h L l J N W V A K C F d'.split(' '));

/** Words for powers of ten. */
export const SCALES: Readonly<Record<string, bigint>> = {
  thousand: 3n,
  million: 6n,
  billion: 9n,
  trillion: 12n,
};

/** Characters outside ASCII by what they stand for. */
export const UNICODE: Readonly<Record<string, string>> = {
  '−': '-',
  '–': '-',
  '—': '-',
  '‐': '-',
  '‑': '-',
  '×': '*',
  '·': '*',
  '⋅': '*',
  '∙': '*',
  '∗': '*',
  '÷': '/',
  '∕': '/',
  '⁄': '/',
  '±': '\\pm ',
  '∓': '\\mp ',
  '≤': '<=',
  '⩽': '<=',
  '≥': '>=',
  '⩾': '>=',
  '≠': '!=',
  '≈': '\\approx ',
  '≡': '\\equiv ',
  '∈': '\\in ',
  '∉': '\\notin ',
  '∪': '\\cup ',
  '∩': '\\cap ',
  '∖': '\\setminus ',
  '∅': '\\emptyset ',
  '∞': '\\infty ',
  π: '\\pi ',
  θ: '\\theta ',
  α: '\\alpha ',
  β: '\\beta ',
  γ: '\\gamma ',
  λ: '\\lambda ',
  μ: '\\mu ',
  φ: '\\phi ',
  ω: '\\omega ',
  Δ: '\\Delta ',
  '√': '\\sqrt ',
  '∛': '\\sqrt[3] ',
  '∜': '\\sqrt[4] ',
  ℝ: '\\mathbb{R}',
  ℤ: '\\mathbb{Z}',
  ℕ: '\\mathbb{N}',
  ℚ: '\\mathbb{Q}',
  ℂ: '\\mathbb{C}',
  ε: '\\epsilon ',
  δ: '\\delta ',
  ρ: '\\rho ',
  σ: '\\sigma ',
  τ: '\\tau ',
  ψ: '\\psi ',
  Ω: '\\Omega ',
  Γ: '\\Gamma ',
  Σ: '\\Sigma ',
  '∑': '\\sum ',
  '∏': '\\prod ',
  '∫': '\\int ',
  '⌊': '\\lfloor ',
  '⌋': '\\rfloor ',
  '⌈': '\\lceil ',
  '⌉': '\\rceil ',
  '∧': '\\land ',
  '∨': '\\lor ',
  '∠': '\\angle ',
  '△': '\\triangle ',
  '→': '\\to ',
  '⇒': '\\implies ',
  '∴': '\\therefore ',
  '≦': '<=',
  '≧': '>=',
  '∶': ':',
  '＝': '=',
  '＋': '+',
  '－': '-',
  '％': '%',
  '｛': '{',
  '｝': '}',
  '、': ',',
  '°': '^\\circ ',
  '…': '\\dots ',
  '′': "'",
  '’': "'",
  '⟨': '(',
  '⟩': ')',
  '（': '(',
  '）': ')',
  '，': ',',
  '：': ':',
  '；': ';',
  '。': '. ',
  '½': '\\frac{1}{2}',
  '⅓': '\\frac{1}{3}',
  '⅔': '\\frac{2}{3}',
  '¼': '\\frac{1}{4}',
  '¾': '\\frac{3}{4}',
  '⅕': '\\frac{1}{5}',
  '⅖': '\\frac{2}{5}',
  '⅗': '\\frac{3}{5}',
  '⅘': '\\frac{4}{5}',
  '⅙': '\\frac{1}{6}',
  '⅚': '\\frac{5}{6}',
  '⅛': '\\frac{1}{8}',
  '⅜': '\\frac{3}{8}',
  '⅝': '\\frac{5}{8}',
  '⅞': '\\frac{7}{8}',
  '\u00a0': ' ',
  '\u2009': ' ',
  '\u202f': ' ',
  '\u200b': '',
};

/** Raised and lowered characters, a run of which is one exponent or one subscript. */
export const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ⁽⁾';
export const LOWERED = '₀₁₂₃₄₅₆₇₈₉₋₊ₙ';
export const ON_THE_LINE = '0123456789-+n()';

/** Marks written with two characters. */
export const TWO_CHARACTER_MARKS: Readonly<Record<string, string>> = {
  '<=': '<=',
  '>=': '>=',
  '!=': '!=',
  '=<': '<=',
  '=>': '>=',
  '==': '=',
  ':=': '=',
  '**': '^',
  '\\{': '\\{',
  '\\}': '\\}',
  '\\%': '%',
  '\\&': '&',
  '\\|': '|',
  '\\\\': '\\\\',
};

/** Names of bases below a number. */
export const BASE_WORDS: Readonly<Record<string, number>> = {
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  sixteen: 16,
};
