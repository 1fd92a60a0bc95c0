#!/usr/bin/env node
// The executable: hands the process to runCli and nothing else. It sets the exit code instead of exiting, so that
// what is being written gets out.
import process from 'node:process';
import { runCli } from './program.ts';

for (const stream of [process.stdout, process.stderr]) {
  // A reader that goes away (`guiderail … | head`) must neither show as a crash nor end a run that trains.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  env: process.env,
});
