// The code in a hint: fenced blocks, lines that read as code, code between backticks, and single statements inside
// sentences; and the programs that each could be (the whole of it, the body of the function asked for, an expression it
// returns). It runs nothing.
import type { Span } from './verdict.ts';

export interface CodePiece extends Span {
  readonly code: string;
  /** In a fence or between backticks, or several lines of code: meant as code. */
  readonly marked: boolean;
}

export type Language = 'python' | 'javascript';

const FENCE = /^([ \t]*)(`{3,}|~{3,})[^\n]*\n([^]*?)(?:\n[ \t]*\2[ \t]*(?=\n|$)|$(?![^]))/gm;
const CODE_LINE =
  /^\s*(?:def |class |return\b|for\b.*[:{]\s*$|for\b.*\bin\b.*:|while\b.*[:{]|if\b.*[:{]\s*|elif\b.*:|else\s*:?\s*\{?\s*$|try\s*:|except\b.*:|with\b.*:|import \w|from \w+ import|print\s*\(|function\b.*\{|const |let |var |[}\])]+;?\s*$|async |@\w+|#\s|\/\/|[\w.[\], ]+\s*(?:[-+*/%&|^]|\/\/|\*\*)?=(?!=)\s*\S|[\w.]+\([^)]*\)\s*;?\s*$|(?:yield|raise|throw|break|continue|pass|assert)\b)/;
const MOST_PIECES = 12;
const LONGEST_PIECE = 20_000;

export function codePieces(hint: string): CodePiece[] {
  const fenced = [...hint.matchAll(FENCE)].map((match): CodePiece => {
    const start = match.index + match[0].indexOf('\n') + 1;
    return { start, end: start + match[3]!.length, code: dedent(match[3]!), marked: true };
  });
  const pieces = [...fenced];
  if (fenced.length > 1) {
    const [first, last] = [fenced[0]!, fenced.at(-1)!];
    pieces.push({
      start: first.start,
      end: last.end,
      code: fenced.map(({ code }) => code).join('\n'),
      marked: true,
    });
  }
  const outside = (start: number, end: number) => fenced.every((one) => end <= one.start || one.end <= start);
  for (const piece of [...lineRuns(hint), ...inlinePieces(hint)])
    if (outside(piece.start, piece.end)) pieces.push(piece);
  return pieces
    .filter(({ code }) => code.trim().length > 3 && code.length <= LONGEST_PIECE)
    .slice(0, MOST_PIECES);
}

/** Lines of code one after another, blank ones among them. */
function lineRuns(hint: string): CodePiece[] {
  const found: CodePiece[] = [];
  let run: { start: number; end: number; lines: string[] } | null = null;
  let at = 0;
  const close = () => {
    if (run !== null)
      found.push({
        start: run.start,
        end: run.end,
        code: dedent(run.lines.join('\n')),
        marked: run.lines.length > 1,
      });
    run = null;
  };
  for (const line of hint.split('\n')) {
    const prose = /^[A-Z][a-z]+ [a-z]+ [a-z]+/.test(line.trim()) && !/[;{]$/.test(line.trim());
    const code = CODE_LINE.test(line) && !prose;
    const inside = run !== null && (line.trim() === '' || /^\s+\S/.test(line));
    if (code || inside) {
      run ??= { start: at, end: at, lines: [] };
      run.lines.push(line);
      if (line.trim() !== '') run.end = at + line.length;
    } else close();
    at += line.length + 1;
  }
  close();
  return found;
}

const STATEMENT =
  /\bdef\s+\w+\s*\([^)\n]*\)[^:\n]*:[^\n]*|\blambda\b[^\n]*|\breturn\s+[^\n]*|\bfunction\b[^\n]*\}|\([\w, ]*\)\s*=>[^\n]*|\bprint\s*\([^\n]*\)/g;

/** Between backticks, and statements inside sentences: up to the end of the line, and to that of the sentence. */
function inlinePieces(hint: string): CodePiece[] {
  const found: CodePiece[] = [];
  const ticked: string[] = [];
  for (const match of hint.matchAll(/(?<!`)(`{1,2})(?!`)([^`\n]+)\1(?!`)/g)) {
    const code = match[2]!.trim();
    ticked.push(code);
    if (!/[([=+*/%<>-]|\breturn\b|\bimport\b/.test(code)) continue;
    const start = match.index + match[1]!.length;
    found.push({ start, end: start + match[2]!.length, code, marked: true });
  }
  // Several statements between backticks may be the lines of one program.
  if (ticked.length > 1 && ticked.some((code) => /\breturn\b|\bprint\s*\(/.test(code)))
    found.push({ start: 0, end: hint.length, code: ticked.join('\n'), marked: false });
  for (const match of hint.matchAll(STATEMENT)) {
    const whole = match[0].replace(/`/g, '').trim();
    const sentence = whole.split(/[.;,]\s+(?=[A-Z])|[.]\s*$/, 1)[0]!.trim();
    for (const code of new Set([whole, sentence]))
      found.push({ start: match.index, end: match.index + match[0].length, code, marked: false });
  }
  return found;
}

function dedent(code: string): string {
  const lines = code.replace(/\t/g, '    ').split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)![0].length);
  const least = indents.length === 0 ? 0 : Math.min(...indents);
  return lines
    .map((line) => line.slice(least))
    .join('\n')
    .trimEnd();
}

export interface Wanted {
  readonly language: Language;
  /** The function asked for; null for a program that reads standard input. */
  readonly name: string | null;
  /** `def name(a, b):` or `function name(a, b) {` where it is known. */
  readonly signature: string | null;
  /** Code before the program ends inside the function: its body may follow, indented. */
  readonly openBody: boolean;
}

/** The programs that a piece of code could be, the likeliest first. */
export function programsOf(piece: CodePiece, { language, name, signature, openBody }: Wanted): string[] {
  const { code } = piece;
  const programs: string[] = piece.marked || /\b(?:def|function|print|lambda)\b|=>/.test(code) ? [code] : [];
  if (name === null) return programs;
  const python = language === 'python';
  const defined = python
    ? [...code.matchAll(/^(?:async\s+)?def\s+(\w+)/gm)].at(-1)?.[1]
    : [...code.matchAll(/(?:function\s+(\w+)|(?:const|let|var)\s+(\w+)\s*=)/g)]
        .map((match) => match[1] ?? match[2])
        .at(-1);
  const arrow = /(?:lambda\b[^\n]*|(?:\([\w, ]*\)|\w+)\s*=>[^]*)$/.exec(code)?.[0];
  if (arrow !== undefined)
    programs.push(python ? `${name} = ${arrow}` : `const ${name} = ${arrow.replace(/;$/, '')};`);
  if (defined !== undefined && defined !== name)
    programs.push(python ? `${code}\n${name} = ${defined}` : `${code}\nconst ${name} = ${defined};`);
  if (defined !== undefined && new RegExp(`\\b${defined}\\b`).test(code) && arrow === undefined)
    return programs;
  const body = /\breturn\b/.test(code) || code.includes('\n') ? code : `return ${code}`;
  const indented = body
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  if (openBody) programs.push(indented);
  if (signature !== null)
    programs.push(python ? `${signature}\n${indented}` : `${signature}\n${indented}\n}`);
  return programs;
}
