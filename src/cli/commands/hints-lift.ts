// guiderail hints lift: what each hint level does for a model before any training.
import { resolve } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { ConfigError } from '../../errors.ts';
import { contextsOf, liftOf, measureHints, type SourceLift } from '../../hints/lift.ts';
import { levelsOf, MeasurementFile } from '../../hints/measurements.ts';
import { recordToJson } from '../../runs/record-json.ts';
import { checkedPlan } from '../../train/memory.ts';
import type { Problem } from '../../types.ts';
import { VerifierPool } from '../../verifiers/pool.ts';
import type { CommandIO } from '../command-io.ts';
import { addCustomOption, customModules, positiveInteger } from '../custom-option.ts';
import { addEngineOptions, engineFrom, type EngineOptions } from '../engine-options.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { PROBLEMS } from '../problem-source.ts';
import { problemsOf, type LoadOptions } from '../load-problems.ts';
import { createProgress, type Progress } from '../progress.ts';
import {
  addSamplingOptions,
  passAtFor,
  requireRoom,
  responderFor,
  settingsOf,
  type SamplingOptions,
} from '../sampling-options.ts';

interface LiftOptions extends EngineOptions, SamplingOptions, LoadOptions {
  readonly model: string;
  readonly out?: string;
  readonly custom: readonly string[];
  readonly json: boolean;
}

export function hintsLiftCommand(io: CommandIO): Command {
  return addSamplingOptions(addCustomOption(addEngineOptions(new Command('lift'))))
    .description('measure pass@k without hints and with each level, before any training')
    .argument('<problems>', `${PROBLEMS}; with hints`)
    .requiredOption('--model <dir>', 'model folder')
    .option('--limit <n>', 'use the first n problems', positiveInteger)
    .option(
      '--out <file>',
      'keep what is measured, problem by problem: the same command goes on from there, and guidance.lift of a recipe reads it',
    )
    .option('--drop-unusable', 'leave out rows that cannot be used instead of refusing the file', false)
    .option('--json', 'print one JSON object', false)
    .action((file: string, options: LiftOptions) => runLift(io, file, options));
}

async function runLift(io: CommandIO, file: string, options: LiftOptions): Promise<void> {
  const progress = createProgress(io.stderr);
  const folder = resolve(io.cwd, options.model);
  const verifiers = new VerifierPool({ custom: customModules(options.custom, io.cwd) });
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const engine = engineFrom(options);
  let measurements: MeasurementFile | null = null;
  try {
    const problems = await hintedProblems(io, file, options, verifiers, progress);
    await verifiers.checkCustom();
    const responder = responderFor(await loadTokenizer(folder), options, verifiers);
    const sampler = await engine.open({ folder, head: 'lm', adapter: { kind: 'none' }, trainable: false });
    const longest = requireRoom(problems, contextsOf, responder, sampler, file);
    const contexts = problems.reduce((sum, problem) => sum + contextsOf(problem).length, 0);
    const memory = checkedPlan(sampler, {
      sampled: Math.min(contexts, 64) * options.samples,
      sampledPrompts: Math.min(contexts, 64),
      trained: 0,
      trainedPrompts: 0,
      promptTokens: longest,
      newTokens: options.maxNewTokens,
    });
    if (memory !== null) progress.note(memory);
    const { hintTemplate, systemPrompt = null, samples, engine: kind, dtype } = options;
    const settings = {
      model: options.model,
      engine: kind,
      dtype,
      samples,
      ...settingsOf(options),
      hintTemplate,
      systemPrompt,
    };
    if (options.out !== undefined)
      measurements = await MeasurementFile.open(resolve(io.cwd, options.out), settings);
    const known = measurements;
    const done = problems.flatMap((problem) =>
      contextsOf(problem).filter((context) => known?.find(problem, context)),
    ).length;
    const measured = await measureHints({
      sampler,
      responder,
      problems,
      samples,
      file: measurements,
      signal: interrupt.signal,
      onRollout: counter(progress, done * samples, contexts * samples),
    });
    progress.done();
    const levels = liftOf(measured, { passAt: passAtFor(samples), runSeed: options.seed });
    io.stdout.write(options.json ? `${recordToJson({ ...settings, file, levels })}\n` : describe(levels));
  } finally {
    progress.done();
    interrupt.dispose();
    await measurements?.close();
    await verifiers.close();
    await engine.close();
  }
}

/** Problems without any hint say nothing about hints. */
async function hintedProblems(
  io: CommandIO,
  file: string,
  options: LiftOptions,
  verifiers: VerifierPool,
  progress: Progress,
): Promise<Problem[]> {
  const problems = await problemsOf(io, file, options, verifiers, progress);
  const hinted = problems.filter((problem) => levelsOf([problem]).length > 0);
  if (hinted.length === 0)
    throw new ConfigError(`Expected problems with hints in ${file}, but none has one; add hints.`);
  if (hinted.length < problems.length) {
    progress.note(
      `${problems.length - hinted.length} of ${problems.length} problems have no hint and are left out.`,
    );
  }
  return hinted;
}

function counter(progress: Progress, before: number, all: number): () => void {
  const started = performance.now();
  let step = before;
  return () =>
    progress.update({
      label: 'measuring',
      step: ++step,
      totalSteps: all,
      startStep: before,
      seconds: (performance.now() - started) / 1000,
      figures: {},
    });
}

const rounded = (value: number) => value.toFixed(3);

/** A paragraph a level and source. */
function describe(levels: readonly SourceLift[]): string {
  return levels
    .map((one) => {
      const passes = one.passAtK.map(
        ({ k, plain, hinted, lift }) =>
          `  pass@${k} ${rounded(plain.mean)} → ${rounded(hinted.mean)}: lift ${rounded(lift.mean)} ` +
          `[${rounded(lift.low)}, ${rounded(lift.high)}]`,
      );
      return (
        `level ${one.level}, ${one.source === 'all' ? 'all sources' : one.source} (${one.problems} problems): ${one.verdict}\n` +
        `${passes.join('\n')}\n` +
        `  solved only with the hint: ${one.rescued}, only without: ${one.lost}; ` +
        `repeats the hint in ${(100 * one.copied).toFixed(1)} % of its words (without seeing it: ${(100 * one.copiedPlain).toFixed(1)} %)\n`
      );
    })
    .join('');
}
