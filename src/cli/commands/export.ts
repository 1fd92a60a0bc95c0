// guiderail export: a model written anew as a folder or as a GGUF file, for other programs to load. It computes nothing.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { ConfigError } from '../../errors.ts';
import type { ExportType } from '../../model/export.ts';
import { exportFolder } from '../../model/export.ts';
import { isGguf } from '../../model/gguf.ts';
import { writeGguf } from '../../model/gguf-writer.ts';
import { openModel } from '../../model/open.ts';
import { parameterCount } from '../../model/shape.ts';
import type { CommandIO } from '../command-io.ts';

const TYPES = { f32: 'float32', bf16: 'bfloat16', f16: 'float16' } as const satisfies Record<
  string,
  ExportType
>;

interface ExportOptions {
  readonly model: string;
  readonly out: string;
  readonly dtype?: keyof typeof TYPES;
}

export function exportCommand(io: CommandIO): Command {
  return new Command('export')
    .description('a model as a folder in Hugging Face layout, or as a GGUF file for llama.cpp')
    .requiredOption('--model <path>', 'model folder or GGUF file')
    .requiredOption('--out <path>', 'an empty or new folder, or a new file that ends in .gguf')
    .addOption(
      new Option(
        '--dtype <type>',
        'how weights are stored: f32 in a folder, f16 in a GGUF file, by default',
      ).choices(Object.keys(TYPES)),
    )
    .action((options: ExportOptions) => runExport(io, options));
}

async function runExport(io: CommandIO, options: ExportOptions): Promise<void> {
  const out = resolve(io.cwd, options.out);
  const source = await openModel(resolve(io.cwd, options.model));
  const dtype = options.dtype ?? (isGguf(out) ? 'f16' : 'f32');
  if (isGguf(out)) {
    if (dtype !== 'f16') {
      throw new ConfigError(
        `Expected --dtype f16, or none, for a GGUF file, got ${dtype}; give a folder as --out.`,
      );
    }
    const there = await stat(out).catch(() => undefined);
    if (there !== undefined)
      throw new ConfigError(`Expected ${out} to be new, but it is there; choose another name.`);
    await writeGguf(out, source);
  } else {
    await exportFolder(out, source, TYPES[dtype]);
  }
  const millions = (parameterCount(source.shape) / 1e6).toPrecision(3);
  io.stdout.write(`${out}: ${source.shape.family}, ${millions}M parameters in ${dtype}\n`);
}
