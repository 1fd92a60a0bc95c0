import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../program.ts';
import { recordedIO } from '../test-io.case.ts';
import { diagnose, doctorCommand, parseFeatures, satisfies, systemProbe } from './doctor.ts';
import type { DoctorProbe, DoctorReport } from './doctor.ts';

const probe: DoctorProbe = {
  nodeVersion: '20.19.0',
  nodeRange: '>=20.19',
  cpuModel: 'AMD EPYC 9R14',
  cores: 2,
  memoryBytes: 8 * 2 ** 30,
  freeMemoryBytes: 3 * 2 ** 29,
  cpuInfo: async () => 'processor : 0\nflags\t\t: fpu avx2 fma avx512f avx512_bf16\nbugs : none\n',
  engines: async () => [
    { name: 'native', usable: false, detail: 'not built; run npm run build:native' },
    { name: 'reference', usable: true, detail: 'plain TypeScript' },
  ],
  sandbox: () => [
    { name: 'environment', active: true, reason: 'an empty environment' },
    { name: 'seccomp', active: false, reason: 'a facility of Linux; signals could be sent' },
  ],
  isWritable: async () => true,
};

async function doctor(changes: Partial<DoctorProbe>, ...args: string[]) {
  const io = recordedIO('/work');
  const code = await runCli(['doctor', ...args], io, [(own) => doctorCommand(own, { ...probe, ...changes })]);
  return { code, out: io.out(), err: io.err() };
}

describe('guiderail doctor', () => {
  it('says what the machine has and which engines can be used, and why', async () => {
    const { code, out } = await doctor({});
    expect(out).toBe(
      [
        'ok  Node              20.19.0 (>=20.19 required)',
        'ok  CPU               AMD EPYC 9R14, 2 cores; avx2 fma avx512f avx512_bf16',
        'ok  Memory            8.0 GiB, 1.5 GiB free',
        '--  Engine native     not built; run npm run build:native',
        'ok  Engine reference  plain TypeScript',
        '--  Sandbox           1 of 2 layers hold around programs that models write',
        'ok    environment     an empty environment',
        '--    seccomp         a facility of Linux; signals could be sent',
        'ok  Runs              /work/runs can be written',
        '',
        'Ready.',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  it('fails with a sentence for each thing in the way', async () => {
    const { code, out, err } = await doctor({
      nodeVersion: '18.20.4',
      isWritable: async () => false,
      engines: async () => [],
      cpuInfo: async () => null,
    });
    expect(code).toBe(1);
    expect(out).toContain('Expected Node >=20.19, but this is 18.20.4; install a newer Node.');
    expect(out).toContain('No engine can be used on this machine.');
    expect(out).toContain('Expected to be able to write to /work/runs;');
    expect(out).toContain('features unknown');
    expect(err).toBe('guiderail: 3 of the checks above failed.\n');
  });

  it('is a command of guiderail and finds the engines there are', async () => {
    const io = recordedIO(tmpdir());
    expect(await runCli(['doctor', '--json'], io)).toBe(0);
    const report = JSON.parse(io.out()) as DoctorReport;
    expect(report.engines).toContainEqual(expect.objectContaining({ name: 'reference', usable: true }));
    expect(report.runs.dir).toBe(join(tmpdir(), 'runs'));
  });

  it('prints the report as JSON', async () => {
    const { out } = await doctor({}, '--json');
    const report = JSON.parse(out) as DoctorReport;
    expect(report.cpu.features).toEqual(['avx2', 'fma', 'avx512f', 'avx512_bf16']);
    expect(report.problems).toEqual([]);
  });

  it('compares versions as numbers', () => {
    expect(satisfies('20.19.0', '>=20.19')).toBe(true);
    expect(satisfies('20.9.0', '>=20.19')).toBe(false);
    expect(satisfies('22.0.0', '>=20.19')).toBe(true);
    expect(satisfies('20.20.0-pre', '>=20.19.5')).toBe(true);
  });

  it('finds whole features only, on ARM too', () => {
    expect(parseFeatures('flags : avx512fp16 avx2x\n')).toEqual([]);
    expect(parseFeatures('Features\t: fp asimd\n')).toEqual([]);
    expect(parseFeatures('processor : 0\n')).toBeNull();
  });

  it('probes the real machine', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'guiderail-doctor-'));
    try {
      const report = await diagnose(systemProbe(), dir);
      expect(report.node.supported).toBe(true);
      expect(report.sandbox).toContainEqual(expect.objectContaining({ name: 'interpreter', active: true }));
      expect(report.memory.bytes).toBeGreaterThan(2 ** 20);
      expect(report.runs).toEqual({ dir: join(dir, 'runs'), writable: true });
      writeFileSync(join(dir, 'runs'), '');
      expect((await diagnose(systemProbe(), dir)).runs.writable).toBe(false);
    } finally {
      chmodSync(dir, 0o700);
      rmSync(dir, { recursive: true });
    }
  });
});
