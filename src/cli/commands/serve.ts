// guiderail serve: a trained model behind an OpenAI-compatible URL, until Ctrl-C. It turns options into what
// src/serve needs and has no idea of requests.
import { basename, resolve } from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { loadTokenizer, type ChatTokenizer } from '../../data/tokenizer.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { guardFor } from '../../serve/guard.ts';
import { startServer } from '../../serve/server.ts';
import type { CommandIO } from '../command-io.ts';
import { addEngineOptions, engineFrom, type EngineOptions } from '../engine-options.ts';
import { listenForInterrupt } from '../interrupt.ts';

interface ServeOptions extends EngineOptions {
  readonly model: string;
  readonly host: string;
  readonly port: number;
  readonly tokenEnv: string;
}

const TOKEN_ENV = 'GUIDERAIL_SERVE_TOKEN';

export function serveCommand(io: CommandIO): Command {
  return addEngineOptions(new Command('serve'))
    .description('an OpenAI-compatible endpoint for a model: chat, completions and log-probs')
    .requiredOption('--model <path>', 'model folder or GGUF file')
    .option('--port <n>', 'port; 0 takes a free one', portNumber, 8080)
    .option('--host <host>', 'address to listen on; beyond this machine a token is needed', '127.0.0.1')
    .option('--token-env <name>', 'environment variable with the token clients must send', TOKEN_ENV)
    .action((options: ServeOptions) => runServe(io, options));
}

async function runServe(io: CommandIO, options: ServeOptions) {
  const { model: path, host, port, tokenEnv } = options;
  const guard = guardFor(host, tokenFrom(io, tokenEnv), tokenEnv);
  const folder = resolve(io.cwd, path);
  const { tokenizer, chatRefusal } = await loadForChat(folder);
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const engine = engineFrom(options);
  try {
    const model = await engine.open({ folder, head: 'lm', adapter: { kind: 'none' }, trainable: false });
    const modelName = basename(folder).replace(/\.gguf$/i, '');
    const fingerprint = `guiderail-${engine.name}-${engine.instructionSet}`;
    const log = (line: string) => io.stderr.write(`${line}\n`);
    const { signal } = interrupt;
    const settings = { model, tokenizer, modelName, fingerprint, chatRefusal, guard, signal, log };
    const server = await startServer(settings, host, port);
    io.stdout.write(
      `Serving ${modelName} at ${server.url}${chatRefusal === undefined ? '' : ', completions alone as it has no chat template'} (Ctrl-C stops it)\n`,
    );
    if (!signal.aborted) {
      await new Promise<void>((stop) => {
        signal.addEventListener('abort', () => stop(), { once: true });
      });
    }
    await server.close();
  } finally {
    interrupt.dispose();
    await engine.close();
  }
}

/** @throws ConfigError for a variable that was named and is not set, or is empty. */
function tokenFrom(io: CommandIO, name: string): string | undefined {
  const token = io.env[name];
  if (token === '' || (token === undefined && name !== TOKEN_ENV)) {
    throw new ConfigError(
      `Expected a token in the environment variable ${name}, but it is ${token === '' ? 'empty' : 'not set'}.`,
    );
  }
  return token;
}

/** A model without a chat template completes texts, and says why it does not chat. */
async function loadForChat(folder: string): Promise<{ tokenizer: ChatTokenizer; chatRefusal?: string }> {
  try {
    return { tokenizer: await loadTokenizer(folder) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    // What fails for another reason than the template fails again.
    const tokenizer = await loadTokenizer(folder, { withoutChatTemplate: 'concatenate' });
    return { tokenizer, chatRefusal: error.message };
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('Expected a port from 0 to 65535.');
  return port;
}
