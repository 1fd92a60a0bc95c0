// guiderail models: fetches models of the Hugging Face hub. What it is told by options and environment goes to
// src/model/hub.ts; what that reports becomes progress.
import { basename, join, resolve } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { openModel } from '../../model/open.ts';
import { pullModel, type PullProgress } from '../../model/hub.ts';
import type { CommandIO } from '../command-io.ts';
import { InterruptedError, listenForInterrupt } from '../interrupt.ts';
import { createProgress } from '../progress.ts';

interface PullCommandOptions {
  readonly revision: string;
  readonly out?: string;
  readonly file?: string;
}

const MIB = 2 ** 20;

export function modelsCommand(io: CommandIO): Command {
  const pull = new Command('pull')
    .description('fetch the files of a model that training needs; goes on where an earlier run ended')
    .argument('<org/name>', 'model of the hub; HF_TOKEN and HF_ENDPOINT are honoured')
    .option('--revision <name>', 'branch, tag or commit', 'main')
    .option('--out <dir>', 'folder for the files; models/<name> by default')
    .option('--file <path>', 'one GGUF file of the repository instead of a model folder')
    .action((repo: string, options: PullCommandOptions) => runPull(io, repo, options));
  return new Command('models').description('models of the Hugging Face hub').addCommand(pull);
}

async function runPull(io: CommandIO, repo: string, options: PullCommandOptions): Promise<void> {
  const out = options.out ?? join('models', basename(repo));
  const progress = createProgress(io.stderr);
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const started = performance.now();
  const onProgress = ({ file, bytes, totalBytes, bytesBefore }: PullProgress) =>
    progress.update({
      label: 'MiB',
      step: Math.floor(bytes / MIB),
      totalSteps: Math.ceil(totalBytes / MIB),
      startStep: Math.floor(bytesBefore / MIB),
      unit: 'MiB',
      seconds: (performance.now() - started) / 1000,
      phase: file,
      figures: {},
    });
  try {
    const { files, bytes } = await pullModel({
      ...{ repo, revision: options.revision, file: options.file, dir: resolve(io.cwd, out) },
      token: io.env['HF_TOKEN'] === '' ? undefined : io.env['HF_TOKEN'],
      hubUrl: io.env['HF_ENDPOINT'] === '' ? undefined : io.env['HF_ENDPOINT'],
      signal: interrupt.signal,
      onProgress,
    });
    progress.done();
    const model = options.file === undefined ? out : join(out, basename(options.file));
    await openModel(resolve(io.cwd, model));
    io.stdout.write(`${model}: ${files.length} files, ${(bytes / MIB).toFixed(1)} MiB\n`);
  } catch (error) {
    if (error !== interrupt.signal.reason) throw error;
    throw new InterruptedError('Interrupted. The same command goes on from there.');
  } finally {
    progress.done();
    interrupt.dispose();
  }
}
