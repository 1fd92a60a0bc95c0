// The program in a response: its last fenced block of the task's language, else its last block that names no
// language, else (where the task allows it) the whole response, of which only the interpreter can say whether
// it is code. It knows nothing of tests.

export interface ExtractedProgram {
  readonly code: string;
  /** The response had no code block, so the text may not be code at all. */
  readonly whole: boolean;
}

const NAMES: Readonly<Record<'python' | 'javascript', readonly string[]>> = {
  python: ['python', 'python3', 'py'],
  javascript: ['javascript', 'js', 'node', 'nodejs', 'mjs', 'cjs'],
};

interface Block {
  readonly language: string;
  readonly code: string;
  readonly closed: boolean;
}

/** Null where the response has no block and the whole of it may not be taken, or is blank. */
export function extractProgram(
  response: string,
  language: 'python' | 'javascript',
  extract: 'fenced' | 'fenced-or-whole',
): ExtractedProgram | null {
  const all = fencedBlocks(response);
  const blocks = all.filter(({ code }) => code.trim() !== '');
  const named = blocks.filter((block) => NAMES[language].includes(block.language));
  const unnamed = blocks.filter((block) => block.language === '');
  // A block that was never closed counts only where there is no complete one.
  const chosen = [named, unnamed].flatMap((group) => [
    group.findLast(({ closed }) => closed) ?? group.at(-1),
  ]);
  const block = chosen.find((candidate) => candidate !== undefined);
  if (block !== undefined) return { code: block.code, whole: false };
  if (extract === 'fenced' || all.length > 0 || response.trim() === '') return null;
  return { code: response, whole: true };
}

/** Blocks between lines of three or more backticks or tildes; the closing fence is at least as long. */
function fencedBlocks(response: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; indent: number; language: string; lines: string[] } | null = null;
  for (const line of response.split(/\r?\n/)) {
    const { indent, fence, info } = fenceOf(line);
    if (open === null) {
      if (fence === '') continue;
      const language = /^[\w+#.-]*/.exec(info)?.[0].toLowerCase() ?? '';
      open = { fence, indent: indent.length, language, lines: [] };
    } else if (fence.startsWith(open.fence) && info.trim() === '') {
      blocks.push({ language: open.language, code: textOf(open.lines, open.indent), closed: true });
      open = null;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== null)
    blocks.push({ language: open.language, code: textOf(open.lines, open.indent), closed: false });
  return blocks;
}

const NO_FENCE = { indent: '', fence: '', info: '' };

/** A line as a fence. In two steps: as one expression, a long line of white space can be tried in many ways. */
function fenceOf(line: string): typeof NO_FENCE {
  const [, indent = '', fence = '', rest = ''] = /^([ \t]*)(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
  return rest.includes('`') ? NO_FENCE : { indent, fence, info: rest.trimStart() };
}

/** A block inside a list item is indented as its fence is. */
function textOf(lines: readonly string[], indent: number): string {
  const lead = new RegExp(`^[ \\t]{0,${indent}}`);
  return `${lines.map((line) => (indent === 0 ? line : line.replace(lead, ''))).join('\n')}\n`;
}
