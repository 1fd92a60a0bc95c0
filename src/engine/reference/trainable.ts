// One open model of the reference engine: requests in, checked; numbers out. It ties the decoder, the
// distribution and the optimizer together and owns what they change. Every computation runs in one go on the
// JavaScript thread, so no two ever interleave; only reading and writing folders takes turns.
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { EngineError } from '../../errors.ts';
import type { LoraConfig } from '../../model/adapter.ts';
import type { ModelSource } from '../../model/model-source.ts';
import { writeModelFolder } from '../../model/folder.ts';
import type { ModelShape, Parameter } from '../../model/shape.ts';
import { parameterCount, parameterTable } from '../../model/shape.ts';
import { loadState, saveState, stateTable, type StateOwner } from '../../model/training-state.ts';
import { uniformAt } from '../../random.ts';
import type {
  AdamWUpdate,
  Cotangents,
  ForwardOptions,
  ForwardPass,
  ModelInfo,
  SampledSequence,
  SampleRequest,
  ScoredSequence,
  StepResult,
  Trainable,
} from '../engine.ts';
import { adamwStep, clipFactor, gradientNorm } from './adamw.ts';
import type { Trace } from './decoder.ts';
import {
  emptyCache,
  emptyTrace,
  logitsBackward,
  logitsForward,
  positionForward,
  sequenceBackward,
} from './decoder.ts';
import { adapterGradients, mergeInto } from './lora.ts';
import {
  distributionBackward,
  drawToken,
  entropyOf,
  greedyToken,
  logSoftmax,
  truncate,
} from './distribution.ts';
import {
  checkForward,
  checkPass,
  checkSampleRequests,
  checkUpdate,
  truncationOf,
  type PassFacts,
} from '../requests.ts';
import type { DecoderWeights, Tensors } from './weights.ts';
import { decoderWeights, zerosLike } from './weights.ts';

/** What only a model that trains has. */
interface Training {
  /** Of every weight that the decoder computes with. */
  readonly decoderGradients: Tensors;
  readonly gradientTree: DecoderWeights;
  /** Of what trains: the same, or those of an adapter. */
  readonly gradients: Tensors;
  readonly firstMoments: Tensors;
  readonly secondMoments: Tensors;
  step: number;
}

/** One sequence of a pass: the results, and what backward needs of it. */
interface ScoredTrace {
  readonly responseTokens: Int32Array;
  /** Position whose logits predict response token 0. */
  readonly firstPosition: number;
  /** By response token. */
  readonly logits: readonly Float64Array[];
  readonly logprobs: Float64Array;
  readonly entropies: Float64Array;
  readonly topTokens: Int32Array;
  readonly topLogprobs: Float64Array;
  readonly trace: Trace | null;
}

interface PassState {
  readonly options: ForwardOptions;
  readonly weightsVersion: number;
  /** Emptied when the pass is consumed or released. */
  sequences: readonly ScoredTrace[] | null;
}

function factsOf({ options, weightsVersion, sequences }: PassState): PassFacts {
  const lengths = sequences?.map(({ responseTokens }) => responseTokens.length) ?? [];
  return { options, lengths, weightsVersion, live: sequences !== null };
}

function copyOf(tensors: Tensors): Tensors {
  return new Map([...tensors].map(([name, data]) => [name, data.slice()]));
}

function overwrite(target: Tensors, source: Tensors): void {
  for (const [name, data] of target) data.set(source.get(name)!);
}

export class ReferenceModel implements Trainable {
  readonly info: ModelInfo;
  readonly trains: boolean;
  readonly #shape: ModelShape;
  readonly #owner: StateOwner;
  /** Of what trains. */
  readonly #table: readonly Parameter[];
  readonly base: ModelSource;
  /** As they were opened, where an adapter is merged into copies of them. */
  readonly #base: Tensors;
  /** What the decoder computes with. */
  readonly #weights: Tensors;
  /** What is trained, saved and loaded. */
  readonly #own: Tensors;
  readonly #tree: DecoderWeights;
  readonly #training: Training | null;
  readonly #passes = new WeakMap<ForwardPass, PassState>();
  /** Counts step and load, which make older passes stale. */
  #weightsVersion = 0;
  #closed = false;

  constructor(
    folder: ModelSource,
    weights: Tensors,
    adapter: { readonly config: LoraConfig; readonly tensors: Tensors } | null,
    trainable: boolean,
  ) {
    this.#shape = folder.shape;
    this.#owner = { shape: folder.shape, adapter: adapter?.config ?? null };
    this.#table = stateTable(this.#owner);
    this.base = folder;
    this.#base = weights;
    this.#weights = adapter === null ? weights : copyOf(weights);
    this.#own = adapter?.tensors ?? weights;
    this.#merge();
    this.#tree = decoderWeights(folder.shape, this.#weights);
    this.trains = trainable;
    this.info = {
      vocabularySize: folder.shape.vocabularySize,
      maxSequenceLength: folder.shape.maxSequenceLength,
      parameterCount: parameterCount(folder.shape),
    };
    if (!trainable) {
      this.#training = null;
      return;
    }
    const decoderGradients = zerosLike(parameterTable(folder.shape));
    this.#training = {
      decoderGradients,
      gradientTree: decoderWeights(folder.shape, decoderGradients),
      gradients: adapter === null ? decoderGradients : zerosLike(this.#table),
      firstMoments: zerosLike(this.#table),
      secondMoments: zerosLike(this.#table),
      step: 0,
    };
  }

  /** Whether its base moves, so that no other model can share it. */
  get trainsBase(): boolean {
    return this.trains && this.#owner.adapter === null;
  }

  /** After what trains was written. */
  #merge(): void {
    const { adapter } = this.#owner;
    if (adapter !== null) mergeInto(this.#weights, this.#base, this.#own, this.#shape, adapter);
  }

  async *sample(requests: readonly SampleRequest[], signal?: AbortSignal): AsyncGenerator<SampledSequence> {
    this.#checkOpen();
    checkSampleRequests(requests, this.#shape);
    const version = this.#weightsVersion;
    const mayGoOn = (): void => {
      signal?.throwIfAborted();
      this.#checkOpen();
      if (version !== this.#weightsVersion) {
        throw new EngineError(
          'The weights changed during sampling; finish reading the samples before step or load.',
        );
      }
    };
    for (const [index, request] of requests.entries()) {
      // Without it an interrupt would not be heard before the last sequence.
      await turnOfEventLoop();
      yield this.#sampleOne(index, request, mayGoOn);
    }
  }

  /** @param mayGoOn throws if not; asked wherever code of others may have run. */
  #sampleOne(index: number, request: SampleRequest, mayGoOn: () => void): SampledSequence {
    const shape = this.#shape;
    const stopTokens = new Set(request.stopTokens);
    const truncation = truncationOf(request);
    const cutsNothing = truncation.topK === 0 && truncation.topP === 1 && truncation.minP === 0;
    const cache = emptyCache(shape);
    const tokens: number[] = [];
    const logprobs: number[] = [];
    let finish: 'stop' | 'length' = 'length';
    let pending: Iterable<number> = request.promptTokens;
    while (tokens.length < request.maxNewTokens && finish === 'length') {
      let final_H: Float64Array = new Float64Array(0);
      for (const token of pending) {
        mayGoOn();
        final_H = positionForward(shape, this.#tree, token, cache, null);
      }
      const logits_V = logitsForward(shape, this.#tree, final_H);
      const greedy = request.temperature === 0;
      const logprobs_V = logSoftmax(logits_V, greedy ? 1 : request.temperature);
      const token = greedy
        ? greedyToken(logits_V)
        : drawToken(
            cutsNothing ? logprobs_V : truncate(logprobs_V, truncation),
            uniformAt(request.seed, tokens.length),
          );
      tokens.push(token);
      logprobs.push(logprobs_V[token]);
      if (request.onToken?.(token, logprobs_V[token]) === 'stop' || stopTokens.has(token)) finish = 'stop';
      pending = [token];
    }
    mayGoOn();
    return { index, tokens: Int32Array.from(tokens), logprobs: Float64Array.from(logprobs), finish };
  }

  async forward(
    sequences: readonly ScoredSequence[],
    options: ForwardOptions,
    signal?: AbortSignal,
  ): Promise<ForwardPass> {
    this.#checkOpen();
    checkForward(sequences, options, this.#shape, this.trains);
    const scored = sequences.map((sequence) => this.#score(sequence, options, signal));
    const state: PassState = { options, weightsVersion: this.#weightsVersion, sequences: scored };
    const pass: ForwardPass = {
      ...(options.want.logprobs === true ? { logprobs: scored.map((one) => one.logprobs) } : {}),
      ...(options.want.entropies === true ? { entropies: scored.map((one) => one.entropies) } : {}),
      ...(options.want.topTokens === true
        ? {
            topTokens: scored.map((one) => one.topTokens),
            topLogprobs: scored.map((one) => one.topLogprobs),
          }
        : {}),
      release: () => {
        state.sequences = null;
      },
    };
    this.#passes.set(pass, state);
    return pass;
  }

  #score(sequence: ScoredSequence, options: ForwardOptions, signal: AbortSignal | undefined): ScoredTrace {
    const shape = this.#shape;
    const { promptTokens, responseTokens } = sequence;
    const firstPosition = promptTokens.length - 1;
    const cache = emptyCache(shape);
    const trace = options.gradient ? emptyTrace(shape, cache) : null;
    const logits: Float64Array[] = [];
    const logprobs = new Float64Array(responseTokens.length);
    const entropies = new Float64Array(responseTokens.length);
    const topTokens = new Int32Array(responseTokens.length);
    const topLogprobs = new Float64Array(responseTokens.length);
    // The last token predicts nothing that is asked for.
    const inputs = [...promptTokens, ...responseTokens.subarray(0, -1)];
    for (const [position, token] of inputs.entries()) {
      signal?.throwIfAborted();
      const final_H = positionForward(shape, this.#tree, token, cache, trace);
      const r = position - firstPosition;
      if (r < 0) continue;
      const logits_V = logitsForward(shape, this.#tree, final_H);
      const logprobs_V = logSoftmax(logits_V, options.temperature);
      logprobs[r] = logprobs_V[responseTokens[r]];
      if (options.want.entropies === true) entropies[r] = entropyOf(logprobs_V);
      if (options.want.topTokens === true) {
        topTokens[r] = greedyToken(logits_V);
        topLogprobs[r] = logprobs_V[topTokens[r]];
      }
      if (options.gradient) logits.push(logits_V);
    }
    // The caller owns what it passed and what it gets; backward must not see later changes of either.
    return {
      responseTokens: responseTokens.slice(),
      firstPosition,
      logits,
      logprobs,
      entropies,
      topTokens,
      topLogprobs,
      trace,
    };
  }

  async backward(pass: ForwardPass, cotangents: Cotangents): Promise<void> {
    this.#checkOpen();
    const training = this.#requireTraining('backward');
    const state = this.#passes.get(pass);
    checkPass(state && factsOf(state), this.#weightsVersion, cotangents);
    state!.sequences!.forEach((scored, index) => {
      this.#backwardOne(
        scored,
        state!.options.temperature,
        cotangents.logprobs?.[index],
        cotangents.entropies?.[index],
        training.gradientTree,
      );
    });
    state!.sequences = null;
  }

  #backwardOne(
    scored: ScoredTrace,
    temperature: number,
    dLogprobs_R: Float64Array | undefined,
    dEntropies_R: Float64Array | undefined,
    gradients: DecoderWeights,
  ): void {
    const trace = scored.trace!;
    const dFinal_T_H = trace.final_T_H.map((final_H, t) => {
      const r = t - scored.firstPosition;
      if (r < 0) return new Float64Array(final_H.length);
      const dLogits_V = distributionBackward(
        scored.logits[r],
        temperature,
        scored.responseTokens[r],
        dLogprobs_R?.[r] ?? 0,
        dEntropies_R?.[r] ?? 0,
      );
      return logitsBackward(this.#shape, this.#tree, final_H, dLogits_V, gradients);
    });
    sequenceBackward(this.#shape, this.#tree, trace, dFinal_T_H, gradients);
  }

  async step(update: AdamWUpdate): Promise<StepResult> {
    this.#checkOpen();
    const training = this.#requireTraining('step');
    checkUpdate(update);
    const { adapter } = this.#owner;
    if (adapter !== null)
      adapterGradients(training.gradients, training.decoderGradients, this.#own, this.#shape, adapter);
    const gradNorm = gradientNorm(training.gradients);
    const applied = Number.isFinite(gradNorm);
    if (applied) {
      training.step++;
      adamwStep(
        this.#table,
        this.#own,
        training.gradients,
        training.firstMoments,
        training.secondMoments,
        training.step,
        clipFactor(gradNorm, update.maxGradNorm),
        update,
      );
      this.#merge();
    }
    this.#clearGradients();
    return { gradNorm, applied };
  }

  async save(dir: string): Promise<void> {
    this.#checkOpen();
    const { firstMoments, secondMoments, step } = this.#requireTraining('save');
    // Copies: writing takes several turns of the event loop, and a step may come between them.
    const state = {
      weights: copyOf(this.#own),
      firstMoments: copyOf(firstMoments),
      secondMoments: copyOf(secondMoments),
      step,
    };
    await saveState(dir, this.#owner, state, this.base.path);
  }

  /** Reads everything before it changes anything. A model that does not train takes the weights alone. */
  async load(dir: string): Promise<void> {
    this.#checkOpen();
    const state = await loadState(dir, this.#owner, Float64Array);
    this.#checkOpen();
    overwrite(this.#own, state.weights);
    this.#merge();
    if (this.#training !== null) {
      overwrite(this.#training.firstMoments, state.firstMoments);
      overwrite(this.#training.secondMoments, state.secondMoments);
      this.#training.step = state.step;
    }
    this.#clearGradients();
  }

  async exportWeights(dir: string): Promise<void> {
    this.#checkOpen();
    const rounded = new Map([...this.#weights].map(([name, data]) => [name, Float32Array.from(data)]));
    await writeModelFolder(dir, this.#shape, rounded, { copyTokenizerFrom: this.base.path });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #clearGradients(): void {
    this.#weightsVersion++;
    if (this.#training === null) return;
    for (const gradient of this.#training.decoderGradients.values()) gradient.fill(0);
  }

  #checkOpen(): void {
    if (this.#closed) throw new EngineError('This model was closed; open it again.');
  }

  #requireTraining(call: string): Training {
    if (this.#training === null) {
      throw new EngineError(
        `A model opened with trainable: false has no ${call}; open it with trainable: true.`,
      );
    }
    return this.#training;
  }
}
