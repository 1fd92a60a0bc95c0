// A map from 64-bit hashes to whole numbers in typed arrays: 24 to 48 bytes an entry where a Map of
// strings has a hundred and more. It knows nothing of what is hashed. Two texts with one hash are one in 1.8e19 of pairs.

/** Hash of a text or a row of words in two halves of 32 bits. */
export interface Hash64 {
  high: number;
  low: number;
}

/** Two 32-bit multiplicative hashes (FNV-1a's form) over UTF-16 units with unlike multipliers, each mixed at the end. */
export function hashText(text: string, start = 0, end = text.length): Hash64 {
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let index = start; index < end; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x5bd1e995);
  }
  return { high: mix(high), low: mix(low ^ (end - start)) };
}

/** The finaliser of MurmurHash3 (Appleby, public domain): every bit of the input moves every bit of the output. */
export function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const EMPTY = -1;

export class HashTable {
  #high: Uint32Array;
  #low: Uint32Array;
  #values: Int32Array;
  #size = 0;

  constructor(capacity = 1024) {
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#values = new Int32Array(capacity).fill(EMPTY);
  }

  get size(): number {
    return this.#size;
  }

  /** undefined where there is none. */
  get(high: number, low: number): number | undefined {
    const value = this.#values[this.#slotOf(high, low)]!;
    return value === EMPTY ? undefined : value;
  }

  /** @param value from 0 up. */
  set(high: number, low: number, value: number): void {
    if (this.#size * 2 >= this.#values.length) this.#grow();
    const slot = this.#slotOf(high, low);
    if (this.#values[slot] === EMPTY) this.#size++;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#values[slot] = value;
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#values.length - 1;
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
    while (
      this.#values[slot] !== EMPTY &&
      (this.#high[slot] !== high >>> 0 || this.#low[slot] !== low >>> 0)
    ) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [high, low, values] = [this.#high, this.#low, this.#values];
    const capacity = values.length * 2;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#values = new Int32Array(capacity).fill(EMPTY);
    this.#size = 0;
    for (let slot = 0; slot < values.length; slot++) {
      if (values[slot] !== EMPTY) this.set(high[slot]!, low[slot]!, values[slot]!);
    }
  }
}
