// What the words around a mention say it is: the answer ("so the total comes to 42"), a label ("step 3"), a count of the
// hint's own parts ("in three steps"), or a working part of an instruction ("divide by 2"). It sees a place in a text
// and knows neither problems nor answers.
import { sentenceAround } from './reading.ts';

export interface Surroundings {
  /** The sentence up to the mention, in lower case, without signs of currency and quotes at its end. */
  readonly before: string;
  /** The sentence from the mention on. */
  readonly after: string;
  /** The sentence ends with a question mark. */
  readonly question: boolean;
}

export function surroundings(text: string, start: number, end: number): Surroundings {
  const sentence = sentenceAround(text, start, end);
  return {
    before: text
      .slice(sentence.start, start)
      .toLowerCase()
      .replace(/\\text\s*\{|[{}]/g, ' '),
    after: text.slice(end, sentence.end).toLowerCase(),
    question: text.slice(sentence.start, sentence.end).trimEnd().endsWith('?'),
  };
}

const MARKUP = String.raw`(?:\s|[$€£¥({\["'*:=~≈]|\\[([$]|\\(?:boxed|text|mathbf|approx)\b)*`;
const FILL = String.raw`(?:\s*(?:exactly|just|simply|precisely|only|about|approximately|roughly|nearly|around|equal\s+to|to\s+be|indeed|then|therefore|thus|hence|really|actually|in\s+fact|namely|clearly|obviously|a|an|the|value|number|amount|option|choice)\b)*${MARKUP}`;
const BE = String.raw`(?:is|are|was|were|be|becomes?|being|equals?|equalling|comes?\s+(?:out\s+)?(?:to|as)|works?\s+out\s+(?:to|as|at)|turns?\s+out(?:\s+to\s+be)?|has\s+to\s+be|as|->)`;
const THING = String.raw`(?:answers?|solutions?|results?|outcome|output|final\s+[a-z]+(?:\s+[a-z]+)?|correct\s+[a-z]+|right\s+(?:answer|number|value|choice|option|result)|key|conclusion|rest|remainder|what\s+(?:remains|is\s+left))`;
const REACH = String.raw`(?:(?:you|we|one|they|she|he|it|this|that|which|to|should|will|would|must|can|'ll|and|then)\s+(?:should\s+|will\s+|then\s+|finally\s+|must\s+|would\s+|can\s+|'ll\s+)*(?:get|gets|obtain|obtains|have\s+left|find|see|reach|arrive\s+at|land\s+on|conclude))`;
const COMES = String.raw`(?:end(?:s|ing)?\s+(?:up\s+)?(?:with|at|on|in)|com(?:es?|ing)\s+(?:out\s+)?(?:to|as|at)|work(?:s|ing)?\s+out\s+(?:to|as|at)|amount(?:s|ing)?\s+to|add(?:s|ing)?\s+up\s+to|total(?:s|ling|ing)|sum(?:s|ming)?\s+to|evaluat(?:es?|ing)\s+to|simplif(?:y|ies|ying)\s+to|reduc(?:es?|ing)\s+to|boils?\s+down\s+to|turns?\s+out\s+to\s+be|equals?|equal(?:ling|ing)?\s+to|equals\s+to|left\s+with|arriv(?:es?|ing)\s+at|resulting\s+in|results?\s+in|evaluates\s+as|yielding|yields?|getting|obtaining|you\s+should\s+(?:get|see|have))`;
const CONCLUDE = String.raw`(?:(?:\bi\.e\.|\bthat\s+is,|\b(?:so|therefore|thus|hence|finally|consequently|ie|that\s+is|namely|in\s+short|spoiler|answer|ans|result|check|solution|final)\b)[\s,:;-]*(?:(?:it|that|this|there|he|she|they|we|you)(?:\s*'s|\s*'re|\s+is|\s+are|\s+was|\s+were|\s+will\s+be|\s+must\s+be|\s+has|\s+have|\s+needs?)?\s*)?)`;

const ANSWER_BEFORE = [
  new RegExp(`\\b${THING}\\b[^.?!\\n]{0,60}?(?:\\b${BE}\\b|[:=→])${FILL}$`),
  new RegExp(`(?:####|boxed|\\bans(?:wer)?\\s*[:=]?)${MARKUP}$`),
  new RegExp(`\\b${REACH}${FILL}$`),
  new RegExp(`\\b${COMES}${FILL}$`),
  new RegExp(`${CONCLUDE}${FILL}$`),
];
const ANSWER_AFTER =
  /^\W{0,4}(?:[a-z°%]+\s+){0,2}?(?:is|are|was|must\s+be|would\s+be|will\s+be|being|as)\s+(?:indeed\s+|clearly\s+)?(?:(?:the|your|our)\s+)?(?:(?:final|right|correct|desired|expected|required|only|actual)\s+)*(?:answer|result|solution|correct|right|what\s+(?:you|we|the)|the\s+number\s+(?:you|we)|how\s+many|total)\b/;

/** The words say that the mention is the answer or what comes out. */
export function statedAsAnswer({ before, after, question }: Surroundings): boolean {
  if (ANSWER_AFTER.test(after) && !question) return true;
  const near = before.slice(-160);
  return ANSWER_BEFORE.some((pattern) => pattern.test(near)) && !/\bnot${FILL}$/.test(near);
}

const VALUE_BEFORE = new RegExp(
  `\\b(?:is|are|was|were|be|becomes?|equals?|gives?|giving|leaves?|leaving|makes?|making|takes?|needs?|gets?|has|have|find|there(?:'s|\\s+are|\\s+is)|it's|that's|comes?\\s+to|exactly)${FILL}$`,
);

/** The words say that something has this value; less than that it is the answer. */
export function statedAsValue({ before, after, question }: Surroundings): boolean {
  return (
    !question &&
    VALUE_BEFORE.test(before.slice(-80)) &&
    !/^\s*(?:of|more|less|fewer|times|numbers|or|digits|steps)\b/.test(after)
  );
}

/** Nothing but a mark, or the end, comes behind it. */
export function endsClause({ after }: Surroundings): boolean {
  return /^["')\]*$]*\s*(?:[.!;,:]|$)/.test(after);
}

/** Arithmetic with words among its numbers, up to the equality sign: "8 lessons * 3 cleans per lesson =". */
const WORKED_BEFORE =
  /\d[^=?!]{0,80}?(?:[*×·÷+/^–-]|\s-\s|\s[xX]\s)[^=?!]{0,40}?\d[^=?!]{0,60}(?:=|\bequals?\b)\s*(?:in\s+|about\s+)?[$€£(\\]*$/;

export function isWorkedBefore({ before }: Surroundings): boolean {
  return WORKED_BEFORE.test(before.slice(-200));
}

/** "on day 2": which, not how many. */
export function periodLabel({ before }: Surroundings): string | null {
  return /\b(day|week|month|year|hour|minute|lap|page)\s+$/.exec(before)?.[1] ?? null;
}

const LABEL =
  /(?:\b(?:step|steps|part|hint|level|case|equation|eq|method|rule|figure|fig|question|chapter|section|stage|phase|example|clue|tip|line|row|column|number|no|item|point|theorem|lemma|problem|exercise|round|version|grade|sub-?question)s?\.?|(?<!#)#)\s*\(?$/;
const STRUCTURE =
  /^[\s-]*(?:\w+[\s-]+){0,2}?(?:steps?|parts?|cases?|ways?|numbers?|equations?|quantit(?:y|ies)|values?|terms?|unknowns?|variables?|things?|stages?|pieces?|questions?|hints?|sub-?questions?|factors?|sides?|digits?|amounts?|kinds?|types?|conditions?|facts?|operations?|phases?|sections?|expressions?|fractions?|ingredients|components?|sets?\s+of|figures?|results?|calculations?|computations?|scenarios?|possibilities|options?|choices?|categories|groups?|situations?|decimals?|decimal\s+places?|places?|sums?|products?|differences?|ratios?|rates?|roots?|solutions?|points?|lines?|triangles?|roles?|clues?|ideas?|sentences?|statements?|events?|moves?|loops?|functions?|pointers?|passes|pass|lists?|dimensions?|dimensional|d\b|people|persons?|friends|siblings|brothers|sisters|children|at\s+a\s+time|by\s+(?:one|two|three)|after\s+another|more\s+step|and\s+only|way|step)\b/;
const WORKING_BEFORE =
  /(?:\b(?:by|times|divide|divides|multiply|subtract|subtracting|add|adding|plus|minus|over|power|powers|power\s+of|mod|modulo|base|degree|squared|index|log|root|multiples?\s+of|divisible\s+by|factors?\s+of|every|per|exponent|of\s+order|count\s+by|out\s+of|at\s+least|at\s+most|or|than|until|position|index|from|with|in|into|first|last|next|other|the\s+(?:last|first|next|other)|these|those|both|all|for\s+each)|[-+*/^×·÷])\s*[($]*$/;
const WORKING_AFTER =
  /^(?:\s*(?:times|x\b|%|\\%|percent|per\s+cent|fold|more\b|less\b|fewer\b|squared|cubed|[-+*/^×·÷])|-(?:digit|step|sided|way|fold|dimensional|by|variable|column|part|stage|to|times|d\b))/;

const PART_OF = /^\s*of\s+(?:them|these|those|the)\b/;

/** The mention names a part of the hint or counts its parts, or is what an instruction works with. */
export function structural({ before, after }: Surroundings): boolean {
  if (PART_OF.test(after))
    return before.trim() !== '' && !/^\s*of\s+\w+\s+(?:\w+\s+)?(?:are|were|is|was|have|remain)\b/.test(after);
  return (
    LABEL.test(before) || STRUCTURE.test(after) || WORKING_BEFORE.test(before) || WORKING_AFTER.test(after)
  );
}

export function isLabel({ before }: Surroundings): boolean {
  return LABEL.test(before);
}
