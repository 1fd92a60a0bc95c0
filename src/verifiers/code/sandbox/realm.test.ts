// In a process of its own, because watching freezes the functions of the language.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');

/** What the watch says after each change, each undone before the next. */
function changes(list: readonly (readonly [change: string, undo: string])[]): string[] {
  const program = `
    const { watchRealm } = await import(${JSON.stringify(join(root, 'dist/verifiers/code/sandbox/realm.js'))});
    const own = class { get a() { return 1; } static b = NaN; };
    let said = '';
    const changed = watchRealm([own]);
    said += changed() + '\\n';
    ${list.map(([change, undo]) => `try { ${change} } catch {}\nsaid += changed() ? 'seen\\n' : 'unseen\\n';\n${undo}`).join('\n')}
    said += changed() + '\\n';
    process.stdout.write(said);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

describe('watchRealm', () => {
  it('sees what was added, replaced, taken away or given another prototype, and nothing where nothing was', () => {
    const list = [
      ['Object.prototype.toJSON = () => 1;', 'delete Object.prototype.toJSON;'],
      [
        'var set = Object.getPrototypeOf(Uint8Array.prototype).set; Object.getPrototypeOf(Uint8Array.prototype).set = () => {};',
        'Object.getPrototypeOf(Uint8Array.prototype).set = set;',
      ],
      [
        'Object.defineProperty(Array.prototype, 0, { set() {}, configurable: true });',
        'delete Array.prototype[0]; Array.prototype.length = 0;',
      ],
      [
        'var parse = JSON.parse; delete JSON.parse;',
        'Object.defineProperty(JSON, "parse", { value: parse, writable: true, configurable: true });',
      ],
      [
        'Object.setPrototypeOf(Map.prototype, { then: 1 });',
        'Object.setPrototypeOf(Map.prototype, Object.prototype);',
      ],
      [
        'var next = Object.getPrototypeOf([][Symbol.iterator]()); var was = next.next; next.next = () => ({ done: true });',
        'next.next = was;',
      ],
      ['Error.shown = () => 1;', 'delete Error.shown;'],
      ['own.b = 2;', 'own.b = NaN;'],
      ['Object.defineProperty(own.prototype, "a", { get: () => 2 });', ''],
    ] as const;
    expect(changes(list)).toEqual(['false', ...list.map(() => 'seen'), 'true']);
    expect(changes(list.slice(0, -1))).toEqual(['false', ...list.slice(1).map(() => 'seen'), 'false']);
  });

  it('lets no function be changed', () => {
    const list = [
      ['Array.prototype.push.call = () => 1; if (Array.prototype.push.call === 1) throw 1;', ''],
    ] as const;
    expect(changes(list)).toEqual(['false', 'unseen', 'false']);
  });
});
