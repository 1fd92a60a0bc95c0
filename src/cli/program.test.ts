import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { RunError } from '../errors.ts';
import { packageInfo } from '../runs/provenance.ts';
import { InterruptedError } from './interrupt.ts';
import { runCli } from './program.ts';
import type { CommandFactory } from './program.ts';
import { recordedIO } from './test-io.case.ts';

const throwing =
  (error: unknown): CommandFactory =>
  () =>
    new Command('break').action(() => {
      throw error;
    });

describe('runCli', () => {
  it('prints version and help to stdout and succeeds', async () => {
    const io = recordedIO();
    expect(await runCli(['--version'], io)).toBe(0);
    expect(io.out()).toBe(`${packageInfo().version}\n`);
    expect(await runCli(['--help'], io)).toBe(0);
    expect(io.out()).toContain('doctor');
    expect(await runCli(['doctor', '--help'], io)).toBe(0);
    expect(io.out()).toContain('--json');
    expect(io.err()).toBe('');
  });

  it('refuses what it does not know on stderr, in subcommands too', async () => {
    const io = recordedIO();
    expect(await runCli(['dcotor'], io)).toBe(1);
    expect(io.err()).toMatch(/unknown command 'dcotor'\s+\(Did you mean doctor\?\)/);
    expect(await runCli(['doctor', '--jsn'], io)).toBe(1);
    expect(io.err()).toContain("unknown option '--jsn'");
    expect(io.out()).toBe('');
  });

  it('prints the sentence of an error meant for a person, and no stack', async () => {
    const io = recordedIO();
    expect(await runCli(['break'], io, [throwing(new RunError('The disk is full.'))])).toBe(1);
    expect(io.err()).toBe('guiderail: The disk is full.\n');
  });

  it('prints the stack of an unexpected error', async () => {
    const io = recordedIO();
    expect(await runCli(['break'], io, [throwing(new TypeError('x is not a function'))])).toBe(1);
    expect(io.err()).toMatch(/^TypeError: x is not a function\n {4}at .*program\.test\.ts/);
  });

  it('exits as an interrupted program does after Ctrl-C', async () => {
    const io = recordedIO();
    expect(await runCli(['break'], io, [throwing(new InterruptedError('Interrupted.'))])).toBe(130);
  });

  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  it.skipIf(!existsSync(main))('is what the built executable runs', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--version']);
    expect(stdout).toBe(`${packageInfo().version}\n`);
  });
});
