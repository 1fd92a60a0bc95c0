// Asynchronous work on a stream of items, so many at once, with results in the order of the items. Holds no more items
// than that: a slow one makes the reading wait, so a stream without end needs bounded memory.

/** `work` must not throw; a result it cannot give is for it to say. */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  for await (const item of items) {
    underWay.push(work(item));
    if (underWay.length >= atOnce) yield await underWay.shift()!;
  }
  for (const result of underWay) yield await result;
}
