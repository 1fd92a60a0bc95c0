// guiderail hints: what hints do, what they give away, and where they come from.
import { Command } from 'commander';
import type { CommandIO } from '../command-io.ts';
import { hintsCheckCommand } from './hints-check.ts';
import { hintsLiftCommand } from './hints-lift.ts';

export function hintsCommand(io: CommandIO): Command {
  return new Command('hints')
    .description('check and measure hints')
    .addCommand(hintsCheckCommand(io))
    .addCommand(hintsLiftCommand(io));
}
