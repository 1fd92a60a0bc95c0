// Claims about words and values that the problem itself has, such as one of two names: "Tom is the oldest", "choose
// Tom", "yes, because". Mentioning them says nothing; claiming them is stating the answer.
import { statedAsAnswer, surroundings } from './context.ts';

const CHOSEN_BEFORE =
  /(?:\b(?:[a-z]{2,}est|the\s+[a-z]{3,}er|most\s+[a-z]+|least\s+[a-z]+|winner|odd\s+one(?:\s+out)?|only\s+one)(?:\s+(?:one|of\s+\w+|person|\w+))?\s+(?:is|are|was|were|must\s+be)|\b(?:choose|pick|select|answer(?:\s+with)?|say|write|conclude(?:s)?(?:\s+that)?|must|should|can\s+only|has\s+to|have\s+to|is\s+(?:obviously|clearly|definitely))(?:\s+be)?|\b(?:it|that|this|he|she|which|they)(?:'s|\s+is|\s+are|\s+was|\s+were)(?:\s+(?:indeed|actually|really|clearly))?|(?:called|named|known\s+as|termed))\s*[:"'(]*(?:the\s+|an?\s+)?$/;
const CONCLUDED_BEFORE = /(?:^|[.!?:;]\s*|\b(?:so|therefore|thus|hence|indeed)\s*,?\s*)["'(]*$/;
/** "is the fastest", "wins": what answers a question of which or who. */
const SUPERLATIVE =
  /^['"]?\s*(?:is|are|was|were|has|have|had|does|did|gets?|got|comes?|will\s+be|must\s+be)?\s*(?:(?:the|by|far|clearly|indeed|therefore|also|definitely|always)\s+)*(?:[a-z]{2,}est\b|most\b|least\b|best\b|worst\b|first\b|last\b|[a-z]{3,}er\b(?=\s+(?:than|of|one)|\W*$|\.)|more\b|less\b|fewer\b|wins?\b|won\b|winner|correct|right|the\s+(?:one|winner|answer|only))/;
const VERDICT_BEFORE =
  /(?:\b(?:answer|statement|claim|conclusion|response|result|hypothesis)\b[^.?!]{0,30}|\b(?:it|this|that|which)\s*)(?:'s|is|are|must\s+be|has\s+to\s+be|should\s+be|turns\s+out)\s*(?:simply|clearly|actually|therefore|thus)?\s*["'(]*$/;

/**
 * Whether something that the problem itself has is claimed to be what it asks for.
 * @param problem the text of the problem without spaces, in lower case: what it claims itself is no news.
 */
export function claimed(text: string, start: number, end: number, problem: string): boolean {
  const around = surroundings(text, start, end);
  const word = text.slice(start, end).toLowerCase();
  if (around.question) return false;
  if (/\b(?:whether|if|not|n't|when|unless|either|or)\b[^.?!,]{0,40}$/.test(around.before)) return false;
  if (/^\s*(?:or|and\s+not)\b/.test(around.after)) return false;
  if (statedAsAnswer(around)) return true;
  if (/^(?:yes|no|true|false)$/.test(word)) {
    const opens = /^\s*["'(]*$/.test(around.before) && /^["')]*\s*(?:[,.!;:]|-\s|$)/.test(around.after);
    return opens || VERDICT_BEFORE.test(around.before);
  }
  if (CHOSEN_BEFORE.test(around.before)) return true;
  const claim = CONCLUDED_BEFORE.test(around.before) && SUPERLATIVE.test(around.after);
  return claim && !problem.includes((word + around.after.slice(0, 30)).replace(/\s/g, ''));
}
