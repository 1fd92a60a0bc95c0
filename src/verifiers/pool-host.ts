// The process around a thread of the pool. It answers each request of its parent, one at a time, and ends with it. It
// knows nothing of verifiers. Its one idea: V8 ends the whole process when a thread makes one allocation far over its
// limit of memory, and a native crash does the same; here that costs a request and not the run.
import process from 'node:process';
import type { HostSettings, Outcome, VerifyRequest } from './pool-messages.ts';
import { PoolWorker } from './pool-worker.ts';

const settings = JSON.parse(process.argv[2]!) as HostSettings;
let worker = new PoolWorker(settings);

// What a verifier prints is worth no verdict, also where nobody reads it any more.
process.stdout.on('error', () => undefined);

process.on('message', (request: VerifyRequest) => {
  if (worker.over) worker = new PoolWorker(settings);
  void worker.run(request).then((outcome: Outcome) => process.send!(outcome));
});
// However the parent ends, and whatever the thread is doing.
process.on('disconnect', () => process.exit());
