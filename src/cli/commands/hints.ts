// guiderail hints: where hints come from, what they give away, and what they do.
import { Command } from 'commander';
import type { CommandIO } from '../command-io.ts';
import { hintsCheckCommand } from './hints-check.ts';
import { hintsGenerateCommand } from './hints-generate.ts';
import { hintsLiftCommand } from './hints-lift.ts';

export function hintsCommand(io: CommandIO): Command {
  return new Command('hints')
    .description('write, check and measure hints')
    .addCommand(hintsGenerateCommand(io))
    .addCommand(hintsCheckCommand(io))
    .addCommand(hintsLiftCommand(io));
}
