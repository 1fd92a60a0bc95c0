// The \boxed{…} and \fbox{…} of a text, braces matched in one pass, and which of them belong together as the
// parts of one answer.

export interface Box {
  readonly start: number;
  /** Just after the closing brace. */
  readonly end: number;
  readonly content: string;
}

const MARKERS = ['\\boxed', '\\fbox'];

/** All outermost complete boxes, in order. */
export function findBoxes(text: string): Box[] {
  const boxes: Box[] = [];
  const open: { at: number; box: number }[] = [];
  if (!MARKERS.some((marker) => text.includes(marker))) return boxes;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') {
      const marker = MARKERS.find((name) => text.startsWith(name, at));
      const brace = marker === undefined ? -1 : skipSpaces(text, at + marker.length);
      if (marker !== undefined && text[brace] === '{') {
        open.push({ at: brace, box: at });
        at = brace;
      } else if (
        marker !== undefined &&
        brace < text.length &&
        !/[a-zA-Z]/.test(text[at + marker.length] ?? '')
      ) {
        const length = unbraced(text, brace);
        boxes.push({ start: at, end: brace + length, content: text.slice(brace, brace + length) });
        at = brace + Math.max(0, length - 1);
      } else {
        at++; // an escaped brace opens and closes nothing
      }
    } else if (character === '{') {
      open.push({ at, box: -1 });
    } else if (character === '}') {
      const opened = open.pop();
      if (opened === undefined || opened.box === -1) continue;
      while (boxes.length > 0 && boxes.at(-1)!.start > opened.box) boxes.pop(); // boxes inside this one
      boxes.push({ start: opened.box, end: at + 1, content: text.slice(opened.at + 1, at) });
    }
  }
  return boxes.filter(({ content }) => content.trim() !== '');
}

function skipSpaces(text: string, at: number): number {
  let end = at;
  while (text[end] === ' ') end++;
  return end;
}

/** \boxed 5: the number or the one character that follows. */
function unbraced(text: string, at: number): number {
  return /^-?\d+(?:\.\d+)?/.exec(text.slice(at, at + 40))?.[0].length ?? 1;
}

/** The content of a last box that is never closed, up to the end of its line or formula. */
export function unclosedBox(text: string): string | null {
  const start = Math.max(...MARKERS.map((marker) => text.lastIndexOf(`${marker}{`)));
  if (start === -1) return null;
  const rest = text.slice(text.indexOf('{', start) + 1);
  const end = rest.search(/[\n$]|\\\]|\\\)/);
  const content = (end === -1 ? rest : rest.slice(0, end)).trim();
  return content === '' ? null : content;
}

const CONNECTOR = /(?:^|[^a-zA-Z])(?:and|or|und|et|y)(?![a-zA-Z])|[,;&+]/;
const DECORATION = /\\(?:quad|qquad|text|mathrm|left|right|textbf)(?![a-zA-Z])|\\[,;:! ()[\]]|[\s${}]/g;

/** Whether only separators stand between two boxes, or words with a connector among them. */
export function boxGap(gap: string): 'tight' | 'loose' | 'apart' {
  if (gap.length > 80) return 'apart';
  const letters = gap.replace(DECORATION, ' ').replace(/(?<![a-zA-Z])(?:and|or)(?![a-zA-Z])/g, ' ');
  if (!/[a-zA-Z0-9=]/.test(letters)) return gap.includes('=') ? 'apart' : 'tight';
  return CONNECTOR.test(gap) && !/[.!?]\s|\n\s*\n/.test(gap) ? 'loose' : 'apart';
}

/** The last boxes that form one answer: those with a tight gap, and with a loose one where asked for. */
export function lastGroup(text: string, boxes: readonly Box[], loose: boolean): readonly Box[] {
  let first = boxes.length - 1;
  while (first > 0) {
    const gap = boxGap(text.slice(boxes[first - 1]!.end, boxes[first]!.start));
    if (gap === 'apart' || (gap === 'loose' && !loose)) break;
    first--;
  }
  return boxes.slice(Math.max(0, first));
}

export function joinBoxes(boxes: readonly Box[]): string {
  return boxes.map(({ content }) => content.trim()).join(boxes.length > 1 ? ' ; ' : '');
}
