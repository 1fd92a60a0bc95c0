// The contract between algorithms and engines. An engine knows transformers and optimizers and nothing of
// reinforcement learning: it samples, gives log-probs (or values) of given tokens, takes derivatives of a
// loss with respect to those log-probs, and steps. Everything else is pure code over small arrays.
//
// Promises every engine keeps (engine/conformance.case.ts tests them on each):
// - Tokens and lengths are checked on entry; a bad request rejects with EngineError and changes nothing.
// - Results do not depend on the order or batching of requests within one call.
// - Log-probs are at the temperature of the call: log softmax(logits / temperature), in nats. At
//   temperature 0 (greedy; sampling only) they are reported at temperature 1.
// - With capability `exactLogprobs`, the log-prob `sample` reports equals the one `forward` computes for the
//   same tokens under the same weights, bit for bit.
// - A ForwardPass is single-use: it takes one backward or a release, and is refused after step or load.
// - Gradients accumulate over backward calls until step, which clears them whether or not it applied.

import type { LoraConfig } from '../model/adapter.ts';

/** What an engine can do. Shared code asks for a capability, never for a name. */
export interface EngineCapabilities {
  readonly fullFineTune: boolean;
  readonly lora: boolean;
  readonly valueHead: boolean;
  /** `sample` and `forward` agree bit for bit. */
  readonly exactLogprobs: boolean;
  /** `save` and `load` restore every bit that later results depend on. */
  readonly exactResume: boolean;
  /** `backward` accepts cotangents of entropies. */
  readonly entropyGradient: boolean;
  /** `step` clips by global norm. */
  readonly gradientClipping: boolean;
}

/** lora: adapters (LoRA, Hu et al. 2021) beside weights that do not train, made from the seed. */
export type AdapterSpec =
  { readonly kind: 'none' } | (LoraConfig & { readonly kind: 'lora'; readonly seed: number });

export interface ModelSpec {
  /**
   * A model folder in Hugging Face layout or a GGUF file; or a folder of a PEFT adapter (what `Trainable.save` writes of a
   * model with one), which opens its base with it: then `adapter` is none.
   */
  readonly folder: string;
  readonly head: 'lm' | 'value';
  readonly adapter: AdapterSpec;
  /** false: no gradients or moments are allocated; backward and step are refused. */
  readonly trainable: boolean;
  /** A model of the same engine and the same base, whose weights do not train, to share them with. */
  readonly sharesBaseWith?: Scorer;
}

export interface Engine {
  readonly name: string;
  readonly capabilities: EngineCapabilities;
  /** One line for run.json: what computes, and in which precision. */
  readonly description: string;
  /** Log-probs and results are comparable bit for bit within one instruction set only. */
  readonly instructionSet: string;
  open(spec: ModelSpec): Promise<Trainable>;
  close(): Promise<void>;
}

/** What a run will ask of a model at most, by the numbers that decide memory. */
export interface Workload {
  /** Sequences of one call of sample, and how many prompts they have. */
  readonly sampled: number;
  readonly sampledPrompts: number;
  /** Sequences of the passes with gradient that are there at once, and how many prompts they have; 0 for none. */
  readonly trained: number;
  readonly trainedPrompts: number;
  /** Of the longest sequence. */
  readonly promptTokens: number;
  readonly newTokens: number;
}

/** What the engine will hold of this machine's memory for given work. */
export interface MemoryPlan {
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  readonly bytes: number;
  /** What this process may come to hold in all. */
  readonly availableBytes: number;
}

export interface ModelInfo {
  readonly vocabularySize: number;
  /** The longest sequence (prompt and response together) that the model takes. */
  readonly maxSequenceLength: number;
  readonly parameterCount: number;
}

/**
 * Sampling from a part of the distribution. The tokens are put in order of their probability at the request's
 * temperature, equals by ascending id; what may be drawn is a beginning of that order, cut by each field in turn (the
 * order of transformers; vLLM's newer engine applies minP first). A token is then drawn by the inverse CDF over
 * ascending ids of the kept ones, in proportion to their probabilities. The most likely token is always kept, so
 * greedy sampling is as without.
 *
 * The log-probs that sampling reports stay those of the whole distribution at the temperature, as `forward` computes
 * them. The policy that sampled is the truncated one, so ratios of these log-probs are biased (by the log of the kept
 * share, token by token): for evaluation, not for responses that are trained on.
 */
export interface Truncation {
  /** Keeps the first topK tokens, never more of equals; an integer, 0 or absent for all. */
  readonly topK?: number;
  /**
   * Of the tokens that topK left, with their probabilities scaled to sum to 1, keeps the fewest whose sum is at least
   * topP: the token that reaches it is kept. Above 0, at most 1; 1 or absent for all.
   */
  readonly topP?: number;
  /** Keeps tokens with at least minP times the probability of the most likely one. From 0 to 1; 0 or absent for all. */
  readonly minP?: number;
}

export interface SampleRequest extends Truncation {
  /** At least one token. */
  readonly promptTokens: Int32Array;
  /** At least 1; prompt length plus this must not exceed maxSequenceLength. */
  readonly maxNewTokens: number;
  /** 0 is greedy (ties: the lowest token id). */
  readonly temperature: number;
  /** A response ends with the first of these, which is part of it. */
  readonly stopTokens: readonly number[];
  /** Token t of the response uses uniform number t of this seed (random.ts: uniformAt). */
  readonly seed: bigint;
  /**
   * Is told each token of the response and its log-prob, in order, on the JavaScript thread, before the next token of
   * this response is computed; 'stop' ends the response with this token (finish 'stop'). What it throws ends the
   * iteration. It is called while the iteration is being read, and not after the signal was aborted. Neither
   * watching nor stopping a response changes a bit of others.
   */
  readonly onToken?: (token: number, logprob: number) => 'continue' | 'stop';
}

export interface SampledSequence {
  /** Position of its request in the call. */
  readonly index: number;
  /** Response tokens, the stop token included. */
  readonly tokens: Int32Array;
  /** One per response token. */
  readonly logprobs: Float64Array;
  readonly finish: 'stop' | 'length';
}

export interface Sampler {
  readonly info: ModelInfo;
  /** Absent where the model is not in this machine's memory, or is of a toy's size. */
  planMemory?(work: Workload): MemoryPlan;
  /** Yields each sequence as it ends, in any order; an aborted signal ends the iteration with its reason. */
  sample(requests: readonly SampleRequest[], signal?: AbortSignal): AsyncIterable<SampledSequence>;
  close(): Promise<void>;
}

/** A prompt and the response whose tokens are scored. Both have at least one token. */
export interface ScoredSequence {
  readonly promptTokens: Int32Array;
  readonly responseTokens: Int32Array;
}

export interface ForwardOptions {
  /** true: the pass can be given to backward. */
  readonly gradient: boolean;
  readonly want: {
    readonly logprobs?: boolean;
    readonly entropies?: boolean;
    readonly values?: boolean;
    readonly topTokens?: boolean;
  };
  /** > 0 */
  readonly temperature: number;
}

/** Results of one forward, one array per sequence, one number per response token; absent where not wanted. */
export interface ForwardPass {
  readonly logprobs?: readonly Float64Array[];
  /** Entropy of the distribution each response token was drawn from, in nats. */
  readonly entropies?: readonly Float64Array[];
  /** Value of the state before each response token. */
  readonly values?: readonly Float64Array[];
  /** The token that greedy sampling would draw in place of each response token: the likeliest, ties to the lowest id. */
  readonly topTokens?: readonly Int32Array[];
  /** Their log-probs, at the temperature of the call; wanted with topTokens. */
  readonly topLogprobs?: readonly Float64Array[];
  /** Frees what backward would need. Releasing twice is fine. */
  release(): void;
}

export interface Scorer extends Sampler {
  forward(
    sequences: readonly ScoredSequence[],
    options: ForwardOptions,
    signal?: AbortSignal,
  ): Promise<ForwardPass>;
}

/** ∂loss/∂output, shaped as the outputs of the pass. */
export interface Cotangents {
  readonly logprobs?: readonly Float64Array[];
  readonly entropies?: readonly Float64Array[];
  readonly values?: readonly Float64Array[];
}

/** AdamW (Loshchilov & Hutter 2019) with bias correction; decay is decoupled and not applied to vectors (norms, biases). */
export interface AdamWUpdate {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Gradients are scaled by min(1, maxGradNorm / (norm + 1e-6)), as torch clip_grad_norm_ does; Infinity for none. */
  readonly maxGradNorm: number;
}

export interface StepResult {
  /** Global L2 norm before clipping; may be NaN or Infinity when the update was refused. */
  readonly gradNorm: number;
  /** false: a gradient was not finite; weights, moments and the step count are as before. */
  readonly applied: boolean;
}

export interface Trainable extends Scorer {
  /** Adds Σ cotangent · ∂output/∂parameter to the gradients and consumes the pass. */
  backward(pass: ForwardPass, cotangents: Cotangents): Promise<void>;
  step(update: AdamWUpdate): Promise<StepResult>;
  /** Writes what trains, its moments and the step count into an empty or missing folder: a model folder, or a PEFT adapter's. */
  save(dir: string): Promise<void>;
  load(dir: string): Promise<void>;
  /**
   * Writes a folder in Hugging Face layout: config.json, model.safetensors and the tokenizer files it was opened with. An
   * adapter is merged into the weights.
   */
  exportWeights(dir: string): Promise<void>;
}
