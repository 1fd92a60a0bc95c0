import { describe, expect, it } from 'vitest';
import { Patience, type TryOutcome } from './patience.ts';
import { FakeClock } from './scripted-teacher.case.ts';
import { RequestError, TeacherError } from './teacher.ts';

const reply: TryOutcome = { kind: 'reply', reply: { text: 'x', finish: 'stop', usage: null } };
const busy = (retryAfterMs: number | null = null): TryOutcome => ({
  kind: 'busy',
  reason: 'Busy',
  retryAfterMs,
});
const running = new AbortController().signal;

function patienceOn(clock: FakeClock, { retries = 6, failuresInARow = 3, seed = 1 } = {}) {
  return new Patience({ clock, seed, retries, failuresInARow });
}

/** Tries that end so, in order; the last for ever. */
function outcomes(...list: TryOutcome[]) {
  let tries = 0;
  const attempt = async () => list[Math.min(tries++, list.length - 1)];
  return { attempt, tries: () => tries };
}

describe('Patience', () => {
  it('waits twice as long each time, between half and the whole of it, and a minute at most', async () => {
    const clock = new FakeClock();
    const { attempt } = outcomes(...new Array<TryOutcome>(8).fill(busy()), reply);
    await patienceOn(clock, { retries: 8 }).ask('k', attempt, running);
    const whole = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000);
    expect(clock.waits).toHaveLength(8);
    for (const [index, most] of whole.entries()) {
      expect(clock.waits[index]).toBeGreaterThanOrEqual(most / 2);
      expect(clock.waits[index]).toBeLessThanOrEqual(most);
    }
  });

  it('draws the length of a pause from the seed and the name of the request', async () => {
    const pausesOf = async (key: string, seed: number) => {
      const clock = new FakeClock();
      await patienceOn(clock, { seed }).ask(key, outcomes(busy(), reply).attempt, running);
      return clock.waits;
    };
    expect(await pausesOf('a', 1)).toEqual(await pausesOf('a', 1));
    expect(await pausesOf('a', 1)).not.toEqual(await pausesOf('b', 1));
    expect(await pausesOf('a', 1)).not.toEqual(await pausesOf('a', 2));
  });

  it('waits as long as the server asks for, and lets nobody else ask meanwhile', async () => {
    const clock = new FakeClock();
    const times: number[] = [];
    const others: Promise<unknown>[] = [];
    const answer = async () => {
      times.push(clock.now());
      return reply;
    };
    const patience: Patience = new Patience({
      ...{ clock, seed: 1, retries: 6, failuresInARow: 3 },
      // Another request comes while the first is told to wait.
      onPause: () => others.push(patience.ask('b', answer, running)),
    });
    let tries = 0;
    await patience.ask('a', async () => (tries++ === 0 ? busy(20_000) : answer()), running);
    await Promise.all(others);
    expect(times).toHaveLength(2);
    for (const time of times) expect(time).toBeGreaterThanOrEqual(20_000);
  });

  it('ends the run where the server wants hours', async () => {
    const asked = patienceOn(new FakeClock()).ask('k', outcomes(busy(3_600_000)).attempt, running);
    await expect(asked).rejects.toThrow(/asks to wait 60 minutes/);
    await expect(asked).rejects.toBeInstanceOf(TeacherError);
  });

  it('gives one request up after so many tries, and the run after so many requests', async () => {
    const patience = patienceOn(new FakeClock(), { retries: 2, failuresInARow: 3 });
    const { attempt, tries } = outcomes(busy());
    for (const key of ['a', 'b']) {
      const asked = patience.ask(key, attempt, running);
      await expect(asked).rejects.toBeInstanceOf(RequestError);
      await expect(asked).rejects.toThrow('Busy (tried 3 times).');
    }
    expect(tries()).toBe(6);
    await expect(patience.ask('c', attempt, running)).rejects.toBeInstanceOf(TeacherError);
  });

  it('counts only failures that no reply came between', async () => {
    const patience = patienceOn(new FakeClock(), { retries: 0, failuresInARow: 2 });
    const fail = () => patience.ask('k', outcomes(busy()).attempt, running);
    await expect(fail()).rejects.toBeInstanceOf(RequestError);
    await patience.ask('k', outcomes(reply).attempt, running);
    await expect(fail()).rejects.toBeInstanceOf(RequestError);
    await expect(fail()).rejects.toBeInstanceOf(TeacherError);
  });

  it('tries a refused request no second time', async () => {
    const { attempt, tries } = outcomes({ kind: 'refused', reason: 'Too long' });
    await expect(patienceOn(new FakeClock()).ask('k', attempt, running)).rejects.toThrow('Too long.');
    expect(tries()).toBe(1);
  });

  it('waits out no pause once it is told to stop', async () => {
    const stop = new AbortController();
    const { attempt, tries } = outcomes(busy());
    const asked = patienceOn(new FakeClock()).ask(
      'k',
      () => (stop.abort(new Error('stopped')), attempt()),
      stop.signal,
    );
    await expect(asked).rejects.toThrow('stopped');
    expect(tries()).toBe(1);
  });
});
