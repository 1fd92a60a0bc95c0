// What runs in a thread of the pool: verifies one response after the other and says the verdict. It knows nothing of
// limits; whoever started it ends it. A verifier that throws costs its own request alone.
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { Verdict } from '../types.ts';
import { loadCustomVerifier } from './custom.ts';
import {
  verdictSchema,
  type CustomModules,
  type NumberedRequest,
  type ThreadReply,
} from './pool-messages.ts';
import { verifierFor } from './registry.ts';
import type { Verifier, VerifierInput } from './verifier.ts';

const custom = workerData as CustomModules;
const port = parentPort!;
const loaded = new Map<string, Verifier>();

const reply = (message: ThreadReply) => port.postMessage(message);

async function load(kind: string, number: number): Promise<Verifier> {
  const url = custom[kind];
  const verifier = url === undefined ? verifierFor(kind) : await loadCustomVerifier(kind, url);
  await verifier.prepare?.();
  loaded.set(kind, verifier);
  reply({ type: 'loaded', number });
  return verifier;
}

/** @throws whatever the verifier throws, and an Error if what it returns is no verdict. */
async function verdictOf(verifier: Verifier, input: VerifierInput): Promise<Verdict> {
  const verdict = verdictSchema.safeParse(await verifier.verify(input));
  if (verdict.success) return verdict.data;
  const issue = verdict.error.issues[0]!;
  throw new Error(`what it returned is no verdict: ${issue.path.join('.') || 'all of it'}: ${issue.message}`);
}

async function serve({ number, request: { kind, input } }: NumberedRequest): Promise<void> {
  try {
    const verifier = loaded.get(kind) ?? (await load(kind, number));
    if (input === null) return;
    const started = performance.now();
    const verdict = await verdictOf(verifier, input);
    reply({ type: 'verdict', number, verdict, milliseconds: performance.now() - started });
  } catch (error) {
    reply({ type: 'failed', number, reason: messageOf(error) });
  }
}

port.on('message', (request: NumberedRequest) => void serve(request));
reply({ type: 'ready' });
