// README.md is what a newcomer types: its commands run as written (with one step instead of all), its files exist, and
// its first problem is the first row of the file it stands for.
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { packageInfo } from '../runs/provenance.ts';
import { Scratch } from './scratch.case.ts';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const readme = readFileSync(root('README.md'), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map((match) => match[1]);

describe('README.md', () => {
  const scratch = new Scratch();
  afterAll(() => scratch.remove());

  it('has commands that work, in their order', async () => {
    for (const folder of ['recipes', 'test']) symlinkSync(root(folder), scratch.at(folder));
    const commands = blocks('sh')
      .flatMap((block) => block.split('\n'))
      .filter((line) => line.startsWith('npx guiderail '))
      .map((line) => line.split(' ').slice(2));
    expect(commands.map(([name]) => name)).toEqual(['train', 'eval', 'eval', 'grade', 'data']);
    for (const command of commands) {
      const sooner = command[0] === 'train' ? ['--set', 'steps=1'] : [];
      const { code, out } = await scratch.run([...command, ...sooner]);
      expect(code).toBe(0);
      const untimed = (text: string) => text.replace(/"ms":[\d.]+/g, '');
      if (command[0] === 'grade') expect(untimed(out)).toBe(untimed(blocks('jsonl')[0]));
    }
  });

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !existsSync(root(link)))).toEqual([]);
  });

  it('shows the first problem as it is in the file', () => {
    const [first] = readFileSync(root('recipes/first/problems.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(first)).toMatchObject(JSON.parse(blocks('json')[0]) as object);
  });

  it('asks for the Node that package.json asks for', () => {
    expect(`>=${/Node (\d+\.\d+) or newer/.exec(readme)?.[1]}`).toBe(packageInfo().nodeRange);
  });
});
