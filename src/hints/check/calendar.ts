// Dates and times of day, in the ways people write and say them: 21:25, 9:25 pm, "twenty-five past nine"; April 10, 10
// April, 4/10, 10.04., "the tenth of April"; months and days of the week by short names. It says whether a text has the
// one that is the answer.
import type { Leak } from './answer-leak.ts';
import { wordNumbers } from './number-words.ts';

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const ORDINALS =
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth'.split(
    ' ',
  );

/** Places where a text says the date, the time, the month or the day of the week that is the answer. */
export function statedCalendar(text: string, gold: string, problem: string): Leak[] {
  const time = /^\s*(\d{1,2})[:.h](\d{2})\s*(?:(am|pm|a\.m\.|p\.m\.)|uhr|h)?\s*$/i.exec(gold);
  if (time !== null)
    return without(problem, text, (source) => times(source, Number(time[1]) % 12, Number(time[2])));
  const bare = gold.toLowerCase().replace(/[,.]/g, ' ').trim();
  const day = /(?<![\d/])(\d{1,2})(?:st|nd|rd|th)?(?!\d)/.exec(bare);
  const month = MONTHS.findIndex((name) => new RegExp(`\\b${name}\\b|\\b${name.slice(0, 3)}\\b`).test(bare));
  if (month !== -1 && day !== null)
    return without(problem, text, (source) => dates(source, month, Number(day[1])));
  if (month !== -1 && /^[a-z]+$/.test(bare))
    return without(problem, text, (source) => monthPlaces(source, month));
  const weekday = DAYS.indexOf(bare);
  if (weekday === -1) return [];
  return without(problem, text, (source) =>
    matches(source, `\\b${DAYS[weekday]!.slice(0, 3)}(?:s|nes|rs|ur)?\\b\\.?`),
  );
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** Nothing where the problem has it too. */
function without(problem: string, text: string, search: (source: string) => Place[]): Leak[] {
  if (search(problem).length > 0) return [];
  return search(text).map(({ start, end }) => {
    const reason = `"${text.slice(start, end)}" is the answer in another spelling, and the problem does not give it.`;
    return { start, end, reason };
  });
}

function matches(text: string, pattern: string): Place[] {
  return [...text.matchAll(new RegExp(pattern, 'gi'))].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** @param hour from 0 to 11: a clock has no halves of the day. */
function times(text: string, hour: number, minute: number): Place[] {
  const places: Place[] = [];
  for (const match of text.matchAll(
    /(?<![\d:])(\d{1,2})(?:[:.h]\s?(\d{2})(?!\d)|\s*(?=[ap]\.?m\b|o'clock))/gi,
  )) {
    if (Number(match[1]) % 12 === hour && Number(match[2] ?? 0) === minute)
      places.push({ start: match.index, end: match.index + match[0].length });
  }
  for (const { start, end, past, base } of spokenTimes(text)) {
    const total = (((base * 60 + past) % 720) + 720) % 720;
    if (total === hour * 60 + minute) places.push({ start, end });
  }
  return places;
}

/** "quarter past one", "ten to nine", "half past two", "nine twenty-five", "three o'clock". */
function spokenTimes(text: string): (Place & { past: number; base: number })[] {
  const numbers = [
    ...wordNumbers(text).map(({ start, end, value }) => ({ start, end, value: Number(value) })),
    ...[...text.matchAll(/\b\d{1,2}\b/g)].map((match) => ({
      start: match.index,
      end: match.index + match[0].length,
      value: Number(match[0]),
    })),
  ].sort((a, b) => a.start - b.start);
  const found: (Place & { past: number; base: number })[] = [];
  for (const match of text.matchAll(
    /\b(?:(a\s+)?quarter|half|([\w-]+(?:\s+[\w-]+)?)(?:\s+minutes?)?)\s+(past|after|to|before|till)\s+/gi,
  )) {
    const hour = numbers.find(({ start }) => start === match.index + match[0].length);
    const own = numbers
      .filter(({ start, end }) => start >= match.index && end <= match.index + match[0].length)
      .at(-1);
    const minutes = /quarter/i.test(match[0]) ? 15 : /half/i.test(match[0]) ? 30 : own?.value;
    if (hour === undefined || minutes === undefined || !(minutes < 60)) continue;
    const past = /past|after/i.test(match[3]!) ? minutes : -minutes;
    found.push({ start: match.index, end: hour.end, past, base: hour.value });
  }
  for (const [index, hour] of numbers.entries()) {
    const minute = numbers[index + 1];
    const next = minute !== undefined && /^\s+$/.test(text.slice(hour.end, minute.start)) ? minute : null;
    if (next !== null && hour.value <= 24 && next.value < 60)
      found.push({ start: hour.start, end: next.end, past: next.value, base: hour.value });
    if (/^\s+o'?clock/i.test(text.slice(hour.end, hour.end + 9)))
      found.push({ start: hour.start, end: hour.end, past: 0, base: hour.value });
  }
  // "nine twenty-five" is read as one phrase of two numbers, and as 9 × 100 + 25 by none.
  return found;
}

function dates(text: string, month: number, day: number): Place[] {
  const name = `(?:${MONTHS[month]}|${MONTHS[month]!.slice(0, 3)}\\b\\.?)`;
  const word = ORDINALS[day - 1];
  const number = `(?:0?${day}(?:st|nd|rd|th|\\.)?(?!\\d)${word === undefined ? '' : `|${word}`})`;
  const [m, d] = [`0?${month + 1}`, `0?${day}`];
  return [
    ...matches(text, `${name}\\s+(?:the\\s+)?${number}`),
    ...matches(text, `${number}\\s+(?:day\\s+)?(?:of\\s+)?${name}`),
    ...matches(text, `(?<![\\d/.-])(?:${m}[/-]${d}|${d}[/.]\\s?${m})(?![\\d])`),
    ...matches(text, `(?<=\\d{4}-)${m}-${d}(?!\\d)`),
  ];
}

function monthPlaces(text: string, month: number): Place[] {
  const word = ORDINALS[month]!;
  return [
    ...matches(text, `\\b${MONTHS[month]!.slice(0, 3)}\\b\\.?`),
    ...matches(
      text,
      `\\b(?:${word}|${month + 1}(?:st|nd|rd|th))\\s+month\\b|\\bmonth\\s+(?:number\\s+)?${month + 1}\\b`,
    ),
  ];
}
