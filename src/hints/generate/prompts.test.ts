import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../types.ts';
import { DEFAULT_PROMPTS, loadPrompts } from './prompts.ts';

const root = mkdtempSync(join(tmpdir(), 'guiderail-prompts-'));
afterAll(() => rmSync(root, { recursive: true }));
let copies = 0;
/** The shipped prompts with other files beside or in place of them; null removes one. */
function copyWith(files: Record<string, string | null>): string {
  const dir = join(root, String(copies++));
  cpSync(DEFAULT_PROMPTS, dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    if (text === null) rmSync(join(dir, name));
    else writeFileSync(join(dir, name), text);
  }
  return dir;
}

const PROBLEM: Problem = {
  id: 'p',
  messages: [{ role: 'user', content: 'What is $& + {answer}?' }],
  answer: '42',
  verifier: 'exact',
  hints: [],
  solution: 'Add {problem}.',
  source: 's',
};

describe('the prompts that are shipped', () => {
  it('have four levels, and ask for as many as are wanted', async () => {
    const prompts = await loadPrompts(DEFAULT_PROMPTS);
    expect(prompts.levelNames).toEqual(['nudge', 'approach', 'plan', 'outline']);
    const [system, user] = prompts.messages(PROBLEM, 2, []);
    expect([system.role, user.role]).toEqual(['system', 'user']);
    expect(user.content).toContain('Hint 1 is a NUDGE');
    expect(user.content).toContain('Hint 2 is an APPROACH');
    expect(user.content).not.toContain('a PLAN');
    expect(user.content).toContain('{"hints": ["hint 1", "hint 2"]}');
  });

  it('forbid the result at every level', async () => {
    const prompts = await loadPrompts(DEFAULT_PROMPTS);
    for (const level of [1, 2, 3, 4]) {
      const text = prompts.messages(PROBLEM, level, [])[1].content;
      const own = text.slice(text.indexOf(`Hint ${level} is`)).split('Running example')[0];
      expect(own).toMatch(/no result|result is not given/);
    }
  });

  it('show the problem as it stands, whatever it looks like', async () => {
    const prompts = await loadPrompts(DEFAULT_PROMPTS);
    const text = prompts.messages(PROBLEM, 1, [])[1].content;
    expect(text).toContain('PROBLEM\nWhat is $& + {answer}?\n');
    expect(text).toContain('Add {problem}.');
    expect(text).toContain('(must not appear in any hint)\n42\n');
  });

  it('say that there is no solution, and keep the tests of programs to themselves', async () => {
    const prompts = await loadPrompts(DEFAULT_PROMPTS);
    const without: Problem = { ...PROBLEM };
    delete (without as { solution?: string }).solution;
    const text = prompts.messages({ ...without, verifier: 'code', answer: '{"tests": []}' }, 1, [])[1]
      .content;
    expect(text).toContain('None is given.');
    expect(text).not.toContain('{"tests": []}');
  });

  it('name the faults of an earlier attempt after the request', async () => {
    const prompts = await loadPrompts(DEFAULT_PROMPTS);
    const first = prompts.messages(PROBLEM, 1, [])[1].content;
    const again = prompts.messages(PROBLEM, 1, ['It said 42.', 'It was dull.'])[1].content;
    expect(again.startsWith(first)).toBe(true);
    expect(again).toContain('- It said 42.\n- It was dull.\n');
  });
});

describe('prompts of one’s own', () => {
  it('have a version that changes with what is said and with nothing else', async () => {
    const { version } = await loadPrompts(DEFAULT_PROMPTS);
    expect(version).toMatch(/^[0-9a-f]{16}$/);
    const versionWith = async (files: Record<string, string | null>) =>
      (await loadPrompts(copyWith(files))).version;
    expect(await versionWith({})).toBe(version);
    expect(await versionWith({ 'README.md': 'mine', 'notes.txt': 'x' })).toBe(version);
    expect(await versionWith({ '1-nudge.md': 'one word.' })).not.toBe(version);
    expect(await versionWith({ '5-proof.md': 'a proof.' })).not.toBe(version);
  });

  it('may have levels of their own', async () => {
    const files = { '1-nudge.md': null, '2-approach.md': null, '3-plan.md': null, '4-outline.md': null };
    const prompts = await loadPrompts(copyWith({ ...files, '1-riddle.md': 'Hint {n} is a {riddle}.' }));
    expect(prompts.levelNames).toEqual(['riddle']);
    expect(prompts.messages(PROBLEM, 1, [])[1].content).toContain('Hint 1 is a {riddle}.');
  });

  it('sort their levels by number, ten after nine', async () => {
    const more = Object.fromEntries([5, 6, 7, 8, 9, 10].map((n) => [`${n}-l${n}.md`, 'x']));
    expect((await loadPrompts(copyWith(more))).levelNames.slice(4)).toEqual([
      'l5',
      'l6',
      'l7',
      'l8',
      'l9',
      'l10',
    ]);
  });

  it.each([
    [{ '2-approach.md': null }, /without a gap.*must begin with 2-/],
    [{ '2-more.md': 'x' }, /must begin with 3-/],
    [{ 'system.md': null }, /system\.md, but it cannot be read/],
    [{ 'system.md': ' \n' }, /Expected words/],
    [{ 'request.md': 'Problem {problem}, {count} hints.' }, /placeholder \{levels\}/],
    [{ 'again.md': 'Again.' }, /placeholder \{faults\}/],
  ])('are refused with %j', async (files, message) => {
    await expect(loadPrompts(copyWith(files))).rejects.toThrow(message);
  });

  it('are refused where there are none', async () => {
    await expect(loadPrompts(join(root, 'nowhere'))).rejects.toThrow(/Expected a folder with the prompts/);
  });
});
