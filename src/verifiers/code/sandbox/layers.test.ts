// Each layer alone against the escapes it is there to stop, with the others off: as code that had broken out of its
// interpreter would try them. The first row shows that without layers every escape succeeds, so the probe can tell.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SandboxChild, type ExchangeOptions } from './child.ts';
import { launchOf, sandboxLayers, type LayerName } from './layers.ts';
import { encodeProgram, seccompProgram } from './seccomp.ts';

const PROBE = `
import * as fs from 'node:fs';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
const [folder, port] = process.argv.slice(2);
const tell = (line) => fs.writeSync(1, line + '\\n');
const attempt = (name, work) => { try { if (work()) tell(name); } catch {} };
attempt('eval', () => new Function('return 1')() === 1);
attempt('environment', () => process.env.GUIDERAIL_TEST_SECRET === 'x');
attempt('read', () => fs.readFileSync('/etc/passwd').length > 0);
attempt('signal', () => process.kill(process.ppid, 0));
attempt('spawn', () => spawnSync('/bin/true').status === 0);
attempt('unlink', () => { fs.unlinkSync(folder + '/victim'); return true; });
attempt('write', () => { fs.writeFileSync(folder + '/written', 'x'); return true; });
await new Promise((done) => {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('connect', () => { tell('network'); socket.destroy(); done(); }).on('error', done);
});
try { new Worker('0', { eval: true }); tell('worker'); } catch {}
`;
const ESCAPES = ['eval', 'environment', 'read', 'signal', 'spawn', 'unlink', 'write', 'network', 'worker'];

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'guiderail-layers-')));
  writeFileSync(join(folder, 'probe.mjs'), PROBE);
  process.env.GUIDERAIL_TEST_SECRET = 'x';
  server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  delete process.env.GUIDERAIL_TEST_SECRET;
  server.close();
  rmSync(folder, { recursive: true });
});

/** The escapes that succeed behind these layers. */
async function escapes(...layers: LayerName[]): Promise<string[]> {
  writeFileSync(join(folder, 'victim'), '');
  const { command, args, env } = launchOf({
    script: join(folder, 'probe.mjs'),
    args: [folder, String((server.address() as AddressInfo).port)],
    readable: [],
    layers: new Set(layers),
  });
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  await new Promise((done) => child.on('close', done));
  return ESCAPES.filter((name) => told.split('\n').includes(name));
}

const active = (name: LayerName) => sandboxLayers().some((layer) => layer.name === name && layer.active);

describe('without layers', () => {
  it('every escape succeeds', async () => {
    expect(await escapes()).toEqual(ESCAPES);
  });
});

describe.each<[LayerName, string[]]>([
  ['environment', ['environment']],
  ['code-generation', ['eval']],
  ['permissions', ['read', 'spawn', 'unlink', 'write', 'worker']],
  ['namespaces', ['network']],
  ['seccomp', ['signal', 'spawn', 'unlink', 'write', 'network']],
])('%s alone', (name, stopped) => {
  it.skipIf(!active(name))(`stops ${stopped.join(', ')}, and nothing that it does not claim`, async () => {
    expect(await escapes(name)).toEqual(ESCAPES.filter((escape) => !stopped.includes(escape)));
  });
});

describe('seccomp alone', () => {
  it.skipIf(!active('seccomp'))('ends a child that loops when the host is killed', async () => {
    const script = join(folder, 'loop.mjs');
    writeFileSync(script, 'for (;;) {}');
    const started = async (...layers: LayerName[]) => {
      const { command, args } = launchOf({ script, args: [], readable: [], layers: new Set(layers) });
      const line = JSON.stringify([command, args, { stdio: 'ignore' }]);
      const host = spawn(process.execPath, [
        '-e',
        `console.log(require('child_process').spawn(...${line}).pid); setInterval(() => {}, 1000);`,
      ]);
      const [pid] = (await once(host.stdout, 'data')) as [Buffer];
      await vi.waitFor(() => expect(commandOf(Number(pid))).toContain('loop.mjs'), 20_000);
      host.kill('SIGKILL');
      await once(host, 'close');
      return Number(pid);
    };
    const [with_, without] = [await started('seccomp'), await started()];
    await vi.waitFor(() => expect(commandOf(with_)).toBe(''), 20_000);
    expect(commandOf(without)).toContain('loop.mjs');
    process.kill(without, 'SIGKILL');
  });

  /** The command line of a process once it is Node; empty where there is none any more. */
  const commandOf = (pid: number): string => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.startsWith(process.execPath) ? line : '';
    } catch {
      return '';
    }
  };
});

describe('limits alone', () => {
  it.skipIf(!active('limits'))('ends a process that writes a file', async () => {
    expect(await escapes('limits')).not.toContain('write');
    expect(await escapes('limits')).toContain('spawn');
  });
});

describe('all layers together', () => {
  it.skipIf(!active('permissions') || !active('namespaces'))('leave no escape', async () => {
    expect(await escapes(...sandboxLayers().map(({ name }) => name))).toEqual([]);
  });

  it('say in words what each does or why it is not active', () => {
    for (const { name, reason } of sandboxLayers()) expect(`${name}: ${reason}`).toMatch(/^[\w-]+: .{15,}/);
  });
});

describe('the filter of system calls', () => {
  it('is a program whose jumps stay inside it and whose every path returns', () => {
    const program = seccompProgram();
    program.forEach(([code, ifTrue, ifFalse], at) => {
      const isReturn = code === 0x06;
      if (!isReturn) expect(at + 1 + Math.max(ifTrue, ifFalse)).toBeLessThan(program.length);
    });
    expect(program.at(-1)![0]).toBe(0x06);
    expect(encodeProgram([[0x15, 1, 2, 0xc000003e]]).toString('hex')).toBe('150001023e0000c0');
  });
});

describe('a child that breaks the protocol', () => {
  const options: ExchangeOptions = { fresh: true, timeMs: 5000, memoryBytes: 2 ** 20, outputBytes: 1000 };
  const begin =
    'const say = (m) => fs.writeSync(3, JSON.stringify(m) + "\\n");\nsay({ token: "", type: "began" });\n';
  const read =
    'const buffer = Buffer.alloc(10000);\nconst { token } = JSON.parse(buffer.toString("utf8", 0, fs.readSync(3, buffer)));\n';

  async function endingOf(body: string, own: Partial<ExchangeOptions> = {}) {
    const script = join(folder, 'child.mjs');
    writeFileSync(script, `import * as fs from 'node:fs';\n${begin}${read}${body}`);
    const child = await SandboxChild.start({ script, args: [], readable: [], layers: new Set() });
    const ending = await child.exchange({ op: 'run', code: '' }, { ...options, ...own });
    child.kill();
    return { ending, usable: child.usable };
  }

  const done = '{ token, type: "done", text: JSON.stringify({ error: null }), stdout: "", worn: false }';
  it('is believed only under the token of its request, and after it began', async () => {
    expect(
      (await endingOf(`say({ token, type: "began" }); say(${done}); fs.readSync(3, buffer);`)).ending.kind,
    ).toBe('result');
    expect(
      (await endingOf(`say({ token, type: "began" }); say({ ...${done}, token: "0".repeat(32) });`)).ending
        .kind,
    ).toBe('forged');
    expect((await endingOf(`say(${done});`)).ending.kind).toBe('forged');
    expect(
      await endingOf(
        'say({ token, type: "began" }); fs.writeSync(3, "anything\\n"); fs.readSync(3, buffer);',
      ),
    ).toEqual({
      ending: { kind: 'forged' },
      usable: false,
    });
  });

  it('is ended when it floods the channel', async () => {
    const flood = 'say({ token, type: "began" }); for (;;) fs.writeSync(3, "x".repeat(60000));';
    expect((await endingOf(flood)).ending.kind).toBe('output');
  });

  it.skipIf(!active('memory'))('is ended over its resident memory, which V8 does not bound', async () => {
    const bomb =
      'say({ token, type: "began" }); const all = []; for (;;) { all.push(Buffer.alloc(2 ** 24, 1)); }';
    expect((await endingOf(bomb, { timeMs: 60_000 })).ending.kind).toBe('memory');
  });

  it('is no fault of the program where it ends before its time or never begins', async () => {
    expect((await endingOf('process.kill(process.pid, "SIGTERM"); for (;;) {}')).ending).toMatchObject({
      kind: 'died',
      signal: 'SIGTERM',
    });
    expect((await endingOf('for (;;) {}', { beginMs: 1 })).ending.kind).toBe('stalled');
  });

  it('is reported with what it said where it does not start', async () => {
    const script = join(folder, 'broken.mjs');
    writeFileSync(script, 'throw new Error("no interpreter here");');
    const start = SandboxChild.start({ script, args: [], readable: [], layers: new Set() });
    await expect(start).rejects.toThrow(/did not start: .*\n?.*no interpreter here/s);
  });
});
