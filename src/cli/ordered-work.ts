// Asynchronous work on a stream of items, so many at once, with results in the order of the items. A result is given as
// soon as those before it are, also while the next item is waited for; and no more than so many are held for the sake
// of a slow one before them, so a stream without end needs bounded memory.

/** Results held for each one under way, so that a slow one does not leave the others idle at once. */
const HELD = 16;

/** `work` must not throw; a result it cannot give is for it to say. What `items` throws comes after the results before it. */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const source = items[Symbol.asyncIterator]();
  /** Oldest first; a result once it is there. */
  const held: { result: { readonly value: Result } | null; readonly settled: Promise<void> }[] = [];
  let underWay = 0;
  let reading: Promise<void> | null = null;
  let end: { readonly error?: unknown } | null = null;

  const begin = (item: Item) => {
    underWay++;
    const entry: (typeof held)[number] = {
      result: null,
      settled: work(item).then((value) => {
        underWay--;
        entry.result = { value };
      }),
    };
    held.push(entry);
  };
  const read = () =>
    source.next().then(
      (next) => {
        reading = null;
        if (next.done === true) end = {};
        else begin(next.value);
      },
      (error: unknown) => {
        reading = null;
        end = { error };
      },
    );

  try {
    for (;;) {
      while (held[0]?.result) yield held.shift()!.result!.value;
      const room = underWay < atOnce && held.length < atOnce * HELD;
      if (end === null && room) reading ??= read();
      const waiting = held.filter(({ result }) => result === null).map(({ settled }) => settled);
      if (reading !== null) waiting.push(reading);
      if (waiting.length === 0) break;
      await Promise.race(waiting);
    }
  } finally {
    await source.return?.();
  }
  throwErrorOf(end);
}

function throwErrorOf(end: { readonly error?: unknown } | null): void {
  if (end !== null && 'error' in end) throw end.error;
}
