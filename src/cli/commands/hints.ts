// guiderail hints: look after the hints of a problem file. The group; each command is a file of its own.
import { Command } from 'commander';
import type { CommandIO } from '../command-io.ts';
import { hintsCheckCommand } from './hints-check.ts';

export function hintsCommand(io: CommandIO): Command {
  return new Command('hints')
    .description('look after the hints of problems')
    .addCommand(hintsCheckCommand(io));
}
