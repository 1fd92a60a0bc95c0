// guiderail hints: where hints come from, and what they do.
import { Command } from 'commander';
import type { CommandIO } from '../command-io.ts';
import { hintsGenerateCommand } from './hints-generate.ts';
import { hintsLiftCommand } from './hints-lift.ts';

export function hintsCommand(io: CommandIO): Command {
  return new Command('hints')
    .description('write and measure hints')
    .addCommand(hintsGenerateCommand(io))
    .addCommand(hintsLiftCommand(io));
}
