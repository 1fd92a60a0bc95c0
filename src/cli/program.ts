// The command line as a function: arguments and a CommandIO in, an exit code out. Lists the commands; each is a
// file in commands/ that makes one commander Command.
import { Command, CommanderError } from 'commander';
import { GuiderailError } from '../errors.ts';
import { packageInfo } from '../runs/provenance.ts';
import type { CommandIO } from './command-io.ts';
import { dataCommand } from './commands/data.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand, systemProbe } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { exportCommand } from './commands/export.ts';
import { gradeCommand } from './commands/grade.ts';
import { hintsCommand } from './commands/hints.ts';
import { modelsCommand } from './commands/models.ts';
import { scoreCommand } from './commands/score.ts';
import { serveCommand } from './commands/serve.ts';
import { sftCommand } from './commands/sft.ts';
import { trainCommand } from './commands/train.ts';
import { engineStatuses } from './engines.ts';
import { InterruptedError } from './interrupt.ts';

export type CommandFactory = (io: CommandIO) => Command;

export const COMMANDS: readonly CommandFactory[] = [
  demoCommand,
  trainCommand,
  sftCommand,
  evalCommand,
  scoreCommand,
  gradeCommand,
  dataCommand,
  hintsCommand,
  exportCommand,
  serveCommand,
  modelsCommand,
  (io) =>
    doctorCommand(
      io,
      systemProbe(async () => engineStatuses()),
    ),
];

/** Exit code of a program that ended because of Ctrl-C (128 + SIGINT). */
const INTERRUPTED = 130;

export function buildProgram(io: CommandIO, commands: readonly CommandFactory[] = COMMANDS): Command {
  const program = new Command('guiderail')
    .description('Reinforcement learning of language models with verifiable rewards and hints in context.')
    .version(packageInfo().version)
    .showHelpAfterError('(add --help for the options)');
  for (const make of commands) program.addCommand(make(io));
  confine(program, io);
  return program;
}

/** Makes a command and those below it throw instead of exiting, and write to `io` only. */
function confine(command: Command, io: CommandIO): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    writeErr: (text) => void io.stderr.write(text),
  });
  for (const child of command.commands) confine(child, io);
}

/**
 * Runs one command line (without `node` and the script) and gives the exit code. An error meant for a person
 * is printed as its sentence, an unexpected one with its stack.
 */
export async function runCli(
  argv: readonly string[],
  io: CommandIO,
  commands: readonly CommandFactory[] = COMMANDS,
): Promise<number> {
  const program = buildProgram(io, commands);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // commander has printed its own message; --help and --version come here with exit code 0.
    if (error instanceof CommanderError) return error.exitCode;
    io.stderr.write(`${describe(error)}\n`);
    return error instanceof InterruptedError ? INTERRUPTED : 1;
  }
}

function describe(error: unknown): string {
  if (error instanceof GuiderailError) return `guiderail: ${error.message}`;
  if (error instanceof Error) return error.stack ?? error.message;
  return `guiderail: ${String(error)}`;
}
