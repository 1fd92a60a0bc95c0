// Every random draw has a name. A seed is the hash of the run's seed, the purpose of the draw and whatever
// identifies it; the numbers come from a counter-based generator (Philox4x32-10, Salmon et al., "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011), so the n-th number of a seed needs no state and does not
// depend on the order in which others were drawn. There is no global random state anywhere.
import { createHash } from 'node:crypto';

/** A 64-bit seed, 0 <= seed < 2^64. */
export type Seed = bigint;

/**
 * The seed of a named draw: the first 64 bits of SHA-256 over the parts, each part length-prefixed so that
 * ('a', 'bc') and ('ab', 'c') differ.
 */
export function seedOf(runSeed: number, purpose: string, ...parts: readonly (string | number)[]): Seed {
  const hash = createHash('sha256');
  for (const part of [runSeed, purpose, ...parts]) {
    const text = typeof part === 'number' ? `#${part}` : part;
    hash.update(`${Buffer.byteLength(text)}:${text}`);
  }
  return hash.digest().readBigUInt64BE(0);
}

export function seedToHex(seed: Seed): string {
  return seed.toString(16).padStart(16, '0');
}

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const middleLow = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middleLow / 0x10000)) >>> 0;
}

/** One Philox4x32-10 block: four 32-bit words from a 128-bit counter (least significant word first) and a 64-bit key. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * The `position`-th uniform of a seed, in [0, 1) with 53 bits: words 0 and 1 of the Philox block whose
 * counter is `position` (0 <= position < 2^53) and whose key is the seed (low word first).
 */
export function uniformAt(seed: Seed, position: number): number {
  return uniformOfKey(keyOf(seed), position);
}

type PhiloxKey = readonly [number, number];

function keyOf(seed: Seed): PhiloxKey {
  return [Number(seed & 0xffffffffn), Number(seed >> 32n)];
}

function uniformOfKey(key: PhiloxKey, position: number): number {
  const [w0, w1] = philox4x32([position >>> 0, Math.floor(position / 0x100000000), 0, 0], key);
  return ((w0 >>> 5) * 0x4000000 + (w1 >>> 6)) / 0x20000000000000;
}

/** The uniforms of one seed in order, for draws that have no natural position. */
export class UniformStream {
  /** Split once: arithmetic on bigints would be most of the time of a draw. */
  readonly #key: PhiloxKey;
  #position = 0;

  constructor(seed: Seed) {
    this.#key = keyOf(seed);
  }

  next(): number {
    return uniformOfKey(this.#key, this.#position++);
  }

  /** An integer in [0, bound). */
  integer(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** A standard normal (Box-Muller, one of the pair). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }
}

/** A permutation of 0..length-1 (Fisher-Yates) fixed by the seed. */
export function permutation(length: number, seed: Seed): Int32Array {
  const order = Int32Array.from({ length }, (_, index) => index);
  const stream = new UniformStream(seed);
  for (let last = length - 1; last > 0; last--) {
    const chosen = stream.integer(last + 1);
    const moved = order[last];
    order[last] = order[chosen]!;
    order[chosen] = moved;
  }
  return order;
}
