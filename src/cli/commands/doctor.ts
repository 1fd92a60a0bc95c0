// `guiderail doctor`: what this machine can do for a run, and what is wrong with it. Collects facts through a
// DoctorProbe, judges them in a pure function, prints them as text or JSON.
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { cpus, freemem, availableParallelism, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { GuiderailError } from '../../errors.ts';
import { packageInfo } from '../../runs/provenance.ts';
import { byteSize } from '../../sizes.ts';
import { sandboxLayers } from '../../verifiers/code/sandbox/layers.ts';
import type { CommandIO } from '../command-io.ts';

export interface EngineStatus {
  readonly name: string;
  readonly usable: boolean;
  /** What it is, or why it cannot be used and what to do. */
  readonly detail: string;
}

/** One of the walls around programs that models write. */
export interface SandboxLayerStatus {
  readonly name: string;
  readonly active: boolean;
  /** What it holds off, or why it is not active here and what is open without it. */
  readonly reason: string;
}

/** The CPU features that decide which kernels can run. */
export const CPU_FEATURES = [
  'avx2',
  'fma',
  'avx512f',
  'avx512_bf16',
  'avx512_vnni',
  'amx_tile',
  'amx_bf16',
] as const;

export interface DoctorProbe {
  readonly nodeVersion: string;
  readonly nodeRange: string;
  readonly cpuModel: string;
  readonly cores: number;
  /** What a process may use: the machine's memory, or the limit of its container. */
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  /** Text of /proc/cpuinfo, or null where there is none. */
  cpuInfo(): Promise<string | null>;
  engines(): Promise<readonly EngineStatus[]>;
  sandbox(): readonly SandboxLayerStatus[];
  /** Whether files can be created in `dir`, or in the nearest folder above it that exists. */
  isWritable(dir: string): Promise<boolean>;
}

export interface DoctorReport {
  readonly node: { readonly version: string; readonly required: string; readonly supported: boolean };
  readonly cpu: {
    readonly model: string;
    readonly cores: number;
    /** null: the system does not list them. */
    readonly features: readonly string[] | null;
  };
  readonly memory: { readonly bytes: number; readonly freeBytes: number };
  readonly engines: readonly EngineStatus[];
  readonly sandbox: readonly SandboxLayerStatus[];
  readonly runs: { readonly dir: string; readonly writable: boolean };
  /** One sentence for each thing that stands in the way of a run. */
  readonly problems: readonly string[];
}

export const REFERENCE_ENGINE: EngineStatus = {
  name: 'reference',
  usable: true,
  detail: 'plain TypeScript, on every machine; for toy sizes',
};

export function systemProbe(
  engines: () => Promise<readonly EngineStatus[]> = () => Promise.resolve([REFERENCE_ENGINE]),
): DoctorProbe {
  const limit = process.constrainedMemory();
  return {
    nodeVersion: process.versions.node,
    nodeRange: packageInfo().nodeRange,
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    freeMemoryBytes: freemem(),
    cpuInfo: () => readFile('/proc/cpuinfo', 'utf8').catch(() => null),
    engines,
    sandbox: sandboxLayers,
    isWritable,
  };
}

async function isWritable(dir: string): Promise<boolean> {
  try {
    if (!(await stat(dir)).isDirectory()) return false;
  } catch {
    const parent = dirname(dir);
    return parent !== dir && isWritable(parent);
  }
  return access(dir, constants.W_OK).then(
    () => true,
    () => false,
  );
}

export async function diagnose(probe: DoctorProbe, cwd: string): Promise<DoctorReport> {
  const runsDir = resolve(cwd, 'runs');
  const report = {
    node: {
      version: probe.nodeVersion,
      required: probe.nodeRange,
      supported: satisfies(probe.nodeVersion, probe.nodeRange),
    },
    cpu: { model: probe.cpuModel, cores: probe.cores, features: parseFeatures(await probe.cpuInfo()) },
    memory: { bytes: probe.memoryBytes, freeBytes: probe.freeMemoryBytes },
    engines: await probe.engines(),
    sandbox: probe.sandbox(),
    runs: { dir: runsDir, writable: await probe.isWritable(runsDir) },
  };
  return { ...report, problems: problemsOf(report) };
}

function problemsOf(report: Omit<DoctorReport, 'problems'>): string[] {
  const problems: string[] = [];
  if (!report.node.supported) {
    problems.push(
      `Expected Node ${report.node.required}, but this is ${report.node.version}; install a newer Node.`,
    );
  }
  if (!report.engines.some((engine) => engine.usable))
    problems.push('No engine can be used on this machine.');
  if (!report.runs.writable) {
    problems.push(
      `Expected to be able to write to ${report.runs.dir}; change its permissions or pass another directory with --out.`,
    );
  }
  return problems;
}

/** Whether a version satisfies a range of the only kind package.json uses here: `>=major.minor`. */
export function satisfies(version: string, range: string): boolean {
  const [major = 0, minor = 0, patch = 0] = numbersIn(version);
  const [wantMajor = 0, wantMinor = 0, wantPatch = 0] = numbersIn(range);
  if (major !== wantMajor) return major > wantMajor;
  if (minor !== wantMinor) return minor > wantMinor;
  return patch >= wantPatch;
}

function numbersIn(text: string): number[] {
  return (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number);
}

/** The features of CPU_FEATURES that /proc/cpuinfo lists (`flags`, or `Features` on ARM). */
export function parseFeatures(cpuInfo: string | null): string[] | null {
  const line = cpuInfo === null ? null : /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo);
  if (line === null) return null;
  const flags = new Set(line[1]!.trim().split(/\s+/));
  return CPU_FEATURES.filter((feature) => flags.has(feature));
}

export function formatReport(report: DoctorReport): string {
  const { node, cpu, memory, engines, sandbox, runs, problems } = report;
  const features =
    cpu.features === null ? 'features unknown' : cpu.features.join(' ') || 'no vector features';
  const lines = [
    line(node.supported, 'Node', `${node.version} (${node.required} required)`),
    line(true, 'CPU', `${cpu.model}, ${cpu.cores} cores; ${features}`),
    line(true, 'Memory', `${byteSize(memory.bytes)}, ${byteSize(memory.freeBytes)} free`),
    ...engines.map(({ name, usable, detail }) => line(usable, `Engine ${name}`, detail)),
    ...sandboxLines(sandbox),
    line(runs.writable, 'Runs', `${runs.dir} ${runs.writable ? 'can' : 'cannot'} be written`),
    ...(problems.length === 0 ? ['', 'Ready.'] : ['', ...problems]),
  ];
  return `${lines.join('\n')}\n`;
}

function sandboxLines(layers: readonly SandboxLayerStatus[]): string[] {
  const active = layers.filter((layer) => layer.active).length;
  const what = active === layers.length ? `all ${active}` : `${active} of ${layers.length}`;
  return [
    line(active === layers.length, 'Sandbox', `${what} layers hold around programs that models write`),
    ...layers.map(({ name, active: holds, reason }) => line(holds, `  ${name}`, reason)),
  ];
}

function line(good: boolean, name: string, text: string): string {
  return `${good ? 'ok' : '--'}  ${name.padEnd(17)} ${text}`;
}

export function doctorCommand(io: CommandIO, probe: DoctorProbe = systemProbe()): Command {
  return new Command('doctor')
    .description('show what this machine can do for a run, and what stands in its way')
    .option('--json', 'print the report as JSON')
    .action(async (options: { json?: boolean }) => {
      const report = await diagnose(probe, io.cwd);
      io.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
      if (report.problems.length > 0) {
        throw new GuiderailError(`${report.problems.length} of the checks above failed.`);
      }
    });
}
