// What the machine allows, measured in turns with what is held against it: multiply-adds on registers and reading
// memory, by the program of bench/kernels. Its one idea is the roofline (Williams, Waterman & Patterson 2009): no work
// ends before its arithmetic at the peak, nor before its bytes at the rate at which so large a set of them is read.
// A limit is the best of its rounds: whatever else runs only takes away.
import { fileURLToPath } from 'node:url';
import { buildNative, nativeProduct } from '../scripts/build-native.mjs';
import { Child } from './child.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The kernels' program; its first line is already read. */
export async function startKernels({ isa, dtype, threads }) {
  buildNative('kernel_bench');
  const child = new Child('The bench of kernels', nativeProduct('kernel_bench'), [
    isa,
    dtype,
    String(threads),
  ]);
  const [instructionSet, ...available] = (await child.read()).split(' ');
  return { child, instructionSet, available };
}

/** Sets of bytes are told apart by powers of two; above the last, they come from memory whatever the machine. */
const SMALLEST = 2 ** 16;
const LARGEST = 2 ** 28;
const sizeClass = (bytes) => Math.min(LARGEST, Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes))));

export class Limits {
  #kernels = {};
  #samples = new Map();
  #threads;

  static async open({ isa, threads }) {
    const limits = new Limits();
    limits.#threads = threads;
    for (const dtype of ['fp32', 'bf16']) {
      limits.#kernels[dtype] = await startKernels({ isa, dtype, threads });
    }
    return limits;
  }

  get instructionSet() {
    return this.#kernels.fp32.instructionSet;
  }

  get available() {
    return this.#kernels.fp32.available;
  }

  async #sample(key, dtype, question) {
    const answer = Number(await this.#kernels[dtype].child.ask(question));
    this.#samples.set(key, [...(this.#samples.get(key) ?? []), answer]);
  }

  /** One sample of the peaks and of reading sets of these sizes; call it in every round. */
  async measure(workingSets) {
    for (const dtype of ['fp32', 'bf16']) await this.#sample(dtype, dtype, 'peak');
    for (const bytes of new Set(workingSets.map(sizeClass))) {
      await this.#sample(bytes, 'fp32', `read ${bytes} ${this.#threads}`);
    }
  }

  /** GFLOP/s; NaN for an instruction set without a measurement. */
  peak(dtype) {
    return Math.max(...this.#samples.get(dtype)) || NaN;
  }

  /** GB/s of reading a set of so many bytes over and over. */
  readRate(workingSet) {
    return Math.max(...this.#samples.get(sizeClass(workingSet)));
  }

  /**
   * Seconds below which the work cannot be done, and what binds it.
   * @param work `flops` of linear layers in `dtype`, `attentionFlops` (always in fp32), `bytes` to be read and the
   * `workingSet` they are part of
   */
  bound({ dtype, flops, attentionFlops = 0, bytes, workingSet = bytes }) {
    const compute = flops / (this.peak(dtype) * 1e9) + attentionFlops / (this.peak('fp32') * 1e9);
    const memory = bytes / (this.readRate(workingSet) * 1e9);
    return memory > compute || Number.isNaN(compute)
      ? { seconds: memory, by: 'memory' }
      : { seconds: compute, by: 'arithmetic' };
  }

  close() {
    for (const { child } of Object.values(this.#kernels)) child.close();
  }
}
