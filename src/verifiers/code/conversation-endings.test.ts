// What a checker hears of a program that ends out of turn; the program is a script here, so that the turn is known.
import { expect, it } from 'vitest';
import type { Budget } from './budget.ts';
import { Conversation } from './conversation.ts';
import type { Ending, SandboxChild } from './sandbox/child.ts';

/** A program that answers whatever it is told with a question, and ends when the test says so or when it is killed. */
function asking() {
  const program = { killed: false, end: (ending: Ending): void => void ending };
  const child = {
    lastMs: 0,
    kill: () => {
      program.killed = true;
      program.end({ kind: 'died', detail: 'killed', signal: 'SIGKILL' });
    },
  };
  const exchange: Budget['exchange'] = (_child, _request, { onBridge }) =>
    new Promise((end) => {
      program.end = end;
      void onBridge!('question');
    });
  const conversation = new Conversation(child as unknown as SandboxChild, { exchange } as unknown as Budget);
  return { program, conversation };
}

it('tells a checker that answers a question of a program that the program has ended meanwhile', async () => {
  const { program, conversation } = asking();
  expect(await conversation.tell('call')).toBe('question');
  program.end({ kind: 'memory' });
  await new Promise(setImmediate);
  expect(await conversation.tell('answer')).toContain('the program has ended');
  expect(await conversation.close()).toEqual({ kind: 'memory' });
});

it('ends a program whose question the test does not answer, and holds nothing against it', async () => {
  const { program, conversation } = asking();
  expect(await conversation.tell('call')).toBe('question');
  expect(await conversation.close()).toBe(null);
  expect(program.killed).toBe(true);
});
