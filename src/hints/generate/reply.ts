// From the text of a teacher's reply to the hints in it, or to what is wrong with it, in words that can be said back to
// the teacher. Replies are untrusted. Its one idea: mend what is only badly written, never what is missing. A JSON
// repairer closes whatever is open, and so would pass half a hint as a whole one; a reply that does not end is
// refused before it is repaired.
import { jsonrepair } from 'jsonrepair';
import { z } from 'zod';
import type { TeacherReply } from './teacher.ts';

export type ReplyHints = { readonly hints: readonly string[] } | { readonly fault: string };

/** What a response_format of type json_schema asks for. */
export function hintsJsonSchema(levels: number): Record<string, unknown> {
  return {
    type: 'object',
    properties: {
      hints: { type: 'array', items: { type: 'string' }, minItems: levels, maxItems: levels },
    },
    required: ['hints'],
    additionalProperties: false,
  };
}

const hint = z
  // Some write an object for each level, whatever they were shown.
  .union([z.string(), z.looseObject({ hint: z.string() }).transform((object) => object.hint)])
  .transform((text) => text.trim());
const replySchema = z.looseObject({ hints: z.array(hint) });

/** Longer replies are no hints, and repairing them would take its time. */
const LONGEST_REPLY = 200_000;

/** @param asked what the teacher was told: a hint that stands in it word for word is none. */
export function hintsOf(reply: TeacherReply, levels: number, asked: string): ReplyHints {
  if (reply.finish === 'refused')
    return { fault: `The reply was a refusal${reply.text === '' ? '.' : `: ${quote(reply.text)}`}` };
  const text = withoutThoughts(reply.text).trim();
  const cutOff = reply.finish === 'length' && { fault: 'The reply was cut off because it was too long.' };
  if (text === '') return cutOff || { fault: 'The reply was empty.' };
  if (text.length > LONGEST_REPLY) return { fault: 'The reply was far too long.' };
  const start = startOfObject(text);
  if (start === -1) return cutOff || { fault: `The reply was no JSON object: ${quote(text)}` };
  const end = endOfObject(text, start);
  // What was cut off behind the object is no loss.
  if (end === -1) return cutOff || { fault: 'The reply ended in the middle of its JSON object.' };
  const value = parseLeniently(withLatexEscaped(text.slice(start, end)));
  if (value === undefined) return { fault: `The reply was not valid JSON: ${quote(text)}` };
  const parsed = replySchema.safeParse(value);
  if (!parsed.success)
    return { fault: `The reply was not of the form {"hints": ["…"]}: ${quote(text.slice(start, end))}` };
  const { hints } = parsed.data;
  if (hints.length !== levels)
    return { fault: `The list "hints" had ${hints.length} strings where ${levels} were asked for.` };
  const empty = hints.indexOf('');
  if (empty !== -1) return { fault: `Hint ${empty + 1} was empty.` };
  const wordless = hints.findIndex((hint) => !/\p{L}{2}/u.test(hint));
  if (wordless !== -1) return { fault: `Hint ${wordless + 1} had no words: ${quote(hints[wordless]!)}` };
  const copied = hints.findIndex((hint) => asked.includes(hint));
  if (copied !== -1)
    return { fault: `Hint ${copied + 1} was copied from this request: ${quote(hints[copied]!)}` };
  return { hints };
}

/** Reasoning models whose server does not take their thoughts out. */
function withoutThoughts(text: string): string {
  const end = '</think>';
  const at = text.lastIndexOf(end);
  return at === -1 ? text : text.slice(at + end.length);
}

/** Before it there may be words, a code fence, and braces in the words. */
function startOfObject(text: string): number {
  const named = text.search(/\{\s*["']?hints\b/);
  return named === -1 ? text.indexOf('{') : named;
}

/**
 * Where the object that begins at `start` ends, or -1 where it does not. A quotation mark too many may hide its end, or
 * show one too early; then the reply counts as torn, or does not parse.
 */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '"') inString = !inString;
    else if (inString) continue;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return -1;
}

/**
 * LaTeX written with single backslashes is valid JSON of another meaning (\frac is a form feed and "rac") or none at all
 * (\sqrt). So a backslash counts as one of LaTeX unless it begins an escape of JSON; and \b, \f, \r before a letter, and
 * \n and \t where they begin a command of LaTeX, count as one too.
 */
const ESCAPE = new RegExp(
  [
    String.raw`\\["\\/]`,
    String.raw`\\u[0-9a-fA-F]{4}`,
    String.raw`\\[bfr](?![a-z])`,
    String.raw`\\n(?!(?:eq|e|u|abla|ot|eg|geq|leq)(?![a-z]))`,
    String.raw`\\t(?!(?:imes|ext[a-z]*|heta|au|an|anh|o|op|riangle|herefore|frac|ilde)(?![a-z]))`,
    String.raw`\\`,
  ].join('|'),
  'g',
);

function withLatexEscaped(json: string): string {
  return json.replace(ESCAPE, (escape) => (escape === '\\' ? '\\\\' : escape));
}

function parseLeniently(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    try {
      return JSON.parse(jsonrepair(json));
    } catch {
      return undefined;
    }
  }
}

function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return `"${line.length > 120 ? `${line.slice(0, 120)}…` : line}"`;
}
