// One open model of the native engine: requests in, checked; flat arrays to the addon; numbers out. Calls take turns,
// those of all models of an engine together, since they share its threads.
import { EngineError } from '../../errors.ts';
import type { ModelSource } from '../../model/model-source.ts';
import { adapterTable, type LoraConfig } from '../../model/adapter.ts';
import { writeModelFolder, type TensorsByName } from '../../model/folder.ts';
import {
  parameterCount,
  parameterTable,
  sizeOf,
  type ModelShape,
  type Parameter,
} from '../../model/shape.ts';
import {
  STATE_ARRAYS,
  openState,
  saveState,
  stateTable,
  type StateOwner,
} from '../../model/training-state.ts';
import type {
  AdamWUpdate,
  Cotangents,
  ForwardOptions,
  ForwardPass,
  MemoryPlan,
  ModelInfo,
  SampledSequence,
  SampleRequest,
  ScoredSequence,
  StepResult,
  Trainable,
  Workload,
} from '../engine.ts';
import { checkForward, checkPass, checkSampleRequests, checkUpdate, type PassFacts } from '../requests.ts';
import { ARRAYS, type Addon, type CancelFlag, type ModelHandle } from './addon.ts';
import { cut, joined, joinedFloats, lengthsOf } from './flat-arrays.ts';
import { availableMemory } from './memory.ts';
import { startSampling, tellTokens } from './sampling.ts';
import type { Turns } from './turns.ts';

interface PassState {
  readonly options: ForwardOptions;
  readonly lengths: Int32Array;
  readonly weightsVersion: number;
  /** The addon's name of the pass; null once used or released, 0 without gradient. */
  pass: number | null;
}

/** The order of the addon's tensors: those of the base, then those of the adapter. */
export function tensorTable(shape: ModelShape, adapter: LoraConfig | null): Parameter[] {
  return [...parameterTable(shape), ...(adapter === null ? [] : adapterTable(shape, adapter))];
}

export class NativeModel implements Trainable {
  readonly info: ModelInfo;
  readonly trains: boolean;
  readonly #addon: Addon;
  readonly #handle: ModelHandle;
  readonly #turns: Turns;
  readonly #base: ModelSource;
  readonly #owner: StateOwner;
  /** The tensors of the addon's model, in its order; and where each stands. */
  readonly #table: readonly Parameter[];
  readonly #indices: ReadonlyMap<string, number>;
  readonly #passes = new WeakMap<ForwardPass, PassState>();
  /** Counts step and load, which make older passes stale and end samplings. */
  #weightsVersion = 0;
  #closed = false;

  constructor(
    addon: Addon,
    handle: ModelHandle,
    turns: Turns,
    base: ModelSource,
    adapter: LoraConfig | null,
    trains: boolean,
  ) {
    this.#addon = addon;
    this.#handle = handle;
    this.#turns = turns;
    this.#base = base;
    this.#owner = { shape: base.shape, adapter };
    this.#table = tensorTable(base.shape, adapter);
    this.#indices = new Map(this.#table.map(({ name }, index) => [name, index]));
    this.trains = trains;
    this.info = {
      vocabularySize: base.shape.vocabularySize,
      maxSequenceLength: base.shape.maxSequenceLength,
      parameterCount: parameterCount(base.shape),
    };
  }

  /** Whether its base moves, so that no other model can share it. */
  get trainsBase(): boolean {
    return this.trains && this.#owner.adapter === null;
  }

  /** What sharing its base takes. */
  get shared(): { readonly handle: ModelHandle; readonly base: ModelSource } {
    return { handle: this.#handle, base: this.#base };
  }

  planMemory(work: Workload): MemoryPlan {
    this.#checkOpen();
    const numbers = [
      work.sampled,
      work.sampledPrompts,
      work.trained,
      work.trainedPrompts,
      work.promptTokens,
      work.newTokens,
    ];
    const planned = this.#addon.planMemory(this.#handle, Float64Array.from(numbers));
    const parts = Object.entries(planned)
      .map(([name, bytes]) => ({ name, bytes }))
      .filter(({ bytes }) => bytes > 0);
    return {
      parts,
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
      // What this model holds already is no longer among what is available.
      availableBytes: availableMemory() + this.#addon.memoryUse().bytes,
    };
  }

  async *sample(requests: readonly SampleRequest[], signal?: AbortSignal): AsyncGenerator<SampledSequence> {
    this.#checkOpen();
    checkSampleRequests(requests, this.#base.shape);
    signal?.throwIfAborted();
    if (requests.length === 0) return;
    const version = this.#weightsVersion;
    const sampling = startSampling(this.#addon, this.#handle, requests);
    let stopping = new Set<number>();
    try {
      for (;;) {
        const { drawn, ended } = await this.#cancellable(signal, (flag) => {
          this.#checkOpen();
          if (version !== this.#weightsVersion) {
            throw new EngineError('The weights changed while sampling (step or load); sample again.');
          }
          return this.#addon.nextSampled(sampling, flag, Int32Array.from(stopping));
        });
        if (drawn.length === 0 && ended.length === 0) return;
        stopping = tellTokens(requests, drawn, signal);
        for (const { index, tokens, logprobs, stopped } of ended) {
          signal?.throwIfAborted();
          const finish = stopped || stopping.has(index) ? 'stop' : 'length';
          yield { index, tokens, logprobs: Float64Array.from(logprobs), finish };
        }
      }
    } finally {
      this.#addon.endSampling(sampling);
    }
  }

  async forward(
    sequences: readonly ScoredSequence[],
    options: ForwardOptions,
    signal?: AbortSignal,
  ): Promise<ForwardPass> {
    this.#checkOpen();
    checkForward(sequences, options, this.#base.shape, this.trains);
    signal?.throwIfAborted();
    const prompts = sequences.map(({ promptTokens }) => promptTokens);
    const responses = sequences.map(({ responseTokens }) => responseTokens);
    const lengths = lengthsOf(responses);
    let weightsVersion = this.#weightsVersion;
    const result = await this.#cancellable(signal, (flag) => {
      this.#checkOpen();
      weightsVersion = this.#weightsVersion;
      return this.#addon.forward(
        this.#handle,
        flag,
        joined(prompts),
        lengthsOf(prompts),
        joined(responses),
        lengths,
        options.temperature,
        options.gradient,
        options.want.entropies === true,
        options.want.topTokens === true,
      );
    });
    const state: PassState = { options, lengths, weightsVersion, pass: result.pass };
    const pass: ForwardPass = {
      ...(options.want.logprobs === true ? { logprobs: cut(result.logprobs, lengths) } : {}),
      ...(options.want.entropies === true ? { entropies: cut(result.entropies, lengths) } : {}),
      ...(options.want.topTokens === true
        ? {
            topTokens: cut(result.topTokens, lengths).map((row) => Int32Array.from(row)),
            topLogprobs: cut(result.topLogprobs, lengths),
          }
        : {}),
      release: () => this.#release(state),
    };
    this.#passes.set(pass, state);
    return pass;
  }

  /** Takes its turn later and cannot fail: a pass that is gone by then needs no release. */
  #release(state: PassState): void {
    const { pass } = state;
    state.pass = null;
    if (pass === null || pass === 0 || this.#closed) return;
    void this.#turns.take(async () => {
      if (!this.#closed) await this.#addon.release(this.#handle, pass);
    });
  }

  async backward(pass: ForwardPass, cotangents: Cotangents): Promise<void> {
    this.#checkOpen();
    this.#requireTraining('backward');
    const state = this.#passes.get(pass);
    checkPass(state && factsOf(state), this.#weightsVersion, cotangents);
    const { pass: name, lengths } = state!;
    state!.pass = null;
    const flat = (arrays: readonly Float64Array[] | undefined) =>
      arrays === undefined ? null : joinedFloats(arrays);
    await this.#take(() =>
      this.#addon.backward(
        this.#handle,
        name!,
        lengths,
        flat(cotangents.logprobs),
        flat(cotangents.entropies),
      ),
    );
  }

  async step(update: AdamWUpdate): Promise<StepResult> {
    this.#checkOpen();
    this.#requireTraining('step');
    checkUpdate(update);
    const { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm } = update;
    return this.#take(() => {
      this.#weightsVersion++;
      return this.#addon.step(this.#handle, learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm);
    });
  }

  async save(dir: string): Promise<void> {
    this.#checkOpen();
    this.#requireTraining('save');
    await this.#takeWriting((tensors) => {
      const state = {
        weights: tensors(ARRAYS.weights),
        firstMoments: tensors(ARRAYS.firstMoments),
        secondMoments: tensors(ARRAYS.secondMoments),
        step: this.#addon.stepCount(this.#handle),
      };
      return saveState(dir, this.#owner, state, this.#base.path);
    });
  }

  /**
   * Checks the files before it changes anything. A model that does not train takes the weights alone; one whose
   * files cannot be read to the end all the same is closed, for it has weights of two states.
   */
  async load(dir: string): Promise<void> {
    this.#checkOpen();
    const state = await openState(dir, this.#owner, Float32Array);
    await this.#take(async () => {
      this.#weightsVersion++;
      try {
        for (const array of STATE_ARRAYS.slice(0, this.trains ? undefined : 1)) {
          for (const { name } of stateTable(this.#owner)) {
            const tensor = this.#indices.get(name)!;
            this.#addon.writeArray(this.#handle, ARRAYS[array], tensor, await state.read(array, name));
          }
        }
      } catch (error) {
        this.#closed = true;
        this.#addon.closeModel(this.#handle);
        throw error;
      }
      if (this.trains) this.#addon.setStepCount(this.#handle, state.step);
      await this.#addon.weightsChanged(this.#handle);
    });
  }

  async exportWeights(dir: string): Promise<void> {
    this.#checkOpen();
    const { shape, path } = this.#base;
    await this.#takeWriting((tensors) =>
      writeModelFolder(dir, shape, tensors(ARRAYS.merged), { copyTokenizerFrom: path }),
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turns.take(async () => this.#addon.closeModel(this.#handle));
  }

  /** A turn that finds the model still open. */
  #take<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      this.#checkOpen();
      try {
        return await work();
      } catch (error) {
        throw asEngineError(error);
      }
    });
  }

  /**
   * A turn that lasts until all is written, so that a step cannot come between the tensors. They are read one by
   * one as they are written, into the same memory.
   */
  #takeWriting(write: (tensors: (which: number) => TensorsByName) => Promise<void>): Promise<void> {
    return this.#turns.take(async () => {
      this.#checkOpen();
      const space = new Float32Array(Math.max(...this.#table.map(sizeOf)));
      const read = (which: number, name: string): Float32Array => {
        const index = this.#indices.get(name)!;
        const values = space.subarray(0, sizeOf(this.#table[index]!));
        this.#addon.readArray(this.#handle, which, index, values);
        return values;
      };
      await write((which) => ({ dtype: 'F32', read: (name) => read(which, name) }));
    });
  }

  /** A turn whose native call ends early when the signal is aborted, with the signal's reason. */
  #cancellable<T>(signal: AbortSignal | undefined, call: (flag: CancelFlag) => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      signal?.throwIfAborted();
      const flag = this.#addon.createCancelFlag();
      const onAbort = () => this.#addon.cancel(flag);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return await call(flag);
      } catch (error) {
        signal?.throwIfAborted();
        throw asEngineError(error);
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    });
  }

  #checkOpen(): void {
    if (this.#closed) throw new EngineError('This model was closed; open it again.');
  }

  #requireTraining(call: string): void {
    if (!this.trains) {
      throw new EngineError(
        `A model opened with trainable: false has no ${call}; open it with trainable: true.`,
      );
    }
  }
}

function factsOf({ options, lengths, weightsVersion, pass }: PassState): PassFacts {
  return { options, lengths: [...lengths], weightsVersion, live: pass !== null };
}

/** Errors of the core are sentences for a person; those that are already typed stay as they are. */
function asEngineError(error: unknown): unknown {
  return error instanceof Error && error.name === 'Error' ? new EngineError(error.message) : error;
}
