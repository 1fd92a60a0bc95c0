// guiderail hints: the group of commands that make hints.
import { Command } from 'commander';
import type { CommandIO } from '../command-io.ts';
import { hintsGenerateCommand } from './hints-generate.ts';

export function hintsCommand(io: CommandIO): Command {
  return new Command('hints').description('make hints').addCommand(hintsGenerateCommand(io));
}
