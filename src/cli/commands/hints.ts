// guiderail hints: what hints do, and where they come from.
import { Command } from 'commander';
import type { CommandIO } from '../command-io.ts';
import { hintsLiftCommand } from './hints-lift.ts';

export function hintsCommand(io: CommandIO): Command {
  return new Command('hints').description('measure hints').addCommand(hintsLiftCommand(io));
}
