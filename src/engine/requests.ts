// Checks requests on entry, so that nothing inside checks again and nothing is changed by a bad one.
import { EngineError } from '../errors.ts';
import { LORA_TARGETS } from '../model/adapter.ts';
import type { ModelShape } from '../model/shape.ts';
import type {
  AdamWUpdate,
  Cotangents,
  ForwardOptions,
  ModelSpec,
  SampleRequest,
  ScoredSequence,
  Scorer,
} from './engine.ts';

function checkTokens(tokens: Int32Array, shape: ModelShape, where: string): void {
  if (tokens.length === 0) throw new EngineError(`Expected ${where} to have at least one token, got none.`);
  const bad = tokens.find((token) => token < 0 || token >= shape.vocabularySize);
  if (bad !== undefined) {
    throw new EngineError(
      `Expected token ids from 0 to ${shape.vocabularySize - 1} in ${where}, got ${bad}; is the tokenizer the model's own?`,
    );
  }
}

function checkLength(length: number, shape: ModelShape, where: string): void {
  if (length > shape.maxSequenceLength) {
    throw new EngineError(
      `Expected at most ${shape.maxSequenceLength} tokens in ${where}, got ${length}; shorten the prompt or the response.`,
    );
  }
}

/**
 * Engines divide logits in float32. A smaller temperature than this becomes 0 there, or takes them out of range: at
 * 1e-30 logits may still be as large as 3e8.
 */
const MIN_TEMPERATURE = 1e-30;
const MAX_TEMPERATURE = 2 ** 127;

function isTemperature(value: number): boolean {
  return value >= MIN_TEMPERATURE && value <= MAX_TEMPERATURE;
}

export function checkSampleRequests(requests: readonly SampleRequest[], shape: ModelShape): void {
  requests.forEach((request, index) => {
    const where = `sample request ${index}`;
    checkTokens(request.promptTokens, shape, `the prompt of ${where}`);
    if (!Number.isSafeInteger(request.maxNewTokens) || request.maxNewTokens < 1) {
      throw new EngineError(
        `Expected maxNewTokens of ${where} to be an integer from 1, got ${request.maxNewTokens}.`,
      );
    }
    checkLength(
      request.promptTokens.length + request.maxNewTokens,
      shape,
      `${where} (prompt and maxNewTokens)`,
    );
    if (request.temperature !== 0 && !isTemperature(request.temperature)) {
      throw new EngineError(
        `Expected the temperature of ${where} to be 0 (greedy) or from ${MIN_TEMPERATURE} to 2^127, got ${request.temperature}; for the likeliest token take 0.`,
      );
    }
    const bad = request.stopTokens.find(
      (token) => !Number.isSafeInteger(token) || token < 0 || token >= shape.vocabularySize,
    );
    if (bad !== undefined) {
      throw new EngineError(
        `Expected stop tokens of ${where} from 0 to ${shape.vocabularySize - 1}, got ${bad}.`,
      );
    }
    if (request.seed < 0n || request.seed >= 1n << 64n) {
      throw new EngineError(
        `Expected the seed of ${where} to be a 64-bit unsigned integer, got ${request.seed}.`,
      );
    }
  });
}

export function checkForward(
  sequences: readonly ScoredSequence[],
  options: ForwardOptions,
  shape: ModelShape,
  trainable: boolean,
): void {
  if (!isTemperature(options.temperature)) {
    throw new EngineError(
      `Expected the temperature of forward to be from ${MIN_TEMPERATURE} to 2^127, got ${options.temperature}; log-probs of greedy sampling are those of temperature 1.`,
    );
  }
  if (options.want.values === true) {
    throw new EngineError(
      'This model has no value head; open it with head "value" on an engine that has the capability.',
    );
  }
  if (options.gradient && !trainable) {
    throw new EngineError(
      'A model opened with trainable: false has no gradients; call forward with gradient: false.',
    );
  }
  sequences.forEach(({ promptTokens, responseTokens }, index) => {
    checkTokens(promptTokens, shape, `the prompt of sequence ${index}`);
    checkTokens(responseTokens, shape, `the response of sequence ${index}`);
    checkLength(
      promptTokens.length + responseTokens.length,
      shape,
      `sequence ${index} (prompt and response)`,
    );
  });
}

/** @param lengths response length of each sequence of the pass. */
function checkCotangents(
  cotangents: Cotangents,
  wanted: ForwardOptions['want'],
  lengths: readonly number[],
): void {
  for (const name of ['logprobs', 'entropies', 'values'] as const) {
    const arrays = cotangents[name];
    if (arrays === undefined) continue;
    if (wanted[name] !== true) {
      throw new EngineError(`Cotangents of ${name} were given, but the forward did not want ${name}.`);
    }
    if (arrays.length !== lengths.length) {
      throw new EngineError(
        `Expected cotangents of ${name} for the ${lengths.length} sequences of the pass, got ${arrays.length}.`,
      );
    }
    arrays.forEach((array, index) => {
      if (array.length !== lengths[index]) {
        throw new EngineError(
          `Expected ${lengths[index]} cotangents of ${name} for the response of sequence ${index}, got ${array.length}.`,
        );
      }
    });
  }
}

export function checkUpdate(update: AdamWUpdate): void {
  const fail = (name: keyof AdamWUpdate, range: string): never => {
    throw new EngineError(`Expected ${name} of the AdamW update to be ${range}, got ${update[name]}.`);
  };
  if (!Number.isFinite(update.learningRate) || update.learningRate < 0) fail('learningRate', '0 or above');
  if (!(update.beta1 >= 0 && update.beta1 < 1)) fail('beta1', 'from 0 to below 1');
  if (!(update.beta2 >= 0 && update.beta2 < 1)) fail('beta2', 'from 0 to below 1');
  if (!Number.isFinite(update.epsilon) || update.epsilon <= 0) fail('epsilon', 'above 0');
  if (!Number.isFinite(update.weightDecay) || update.weightDecay < 0) fail('weightDecay', '0 or above');
  if (!(update.maxGradNorm > 0)) fail('maxGradNorm', 'above 0 (Infinity for no clipping)');
}

/** What an engine remembers of a pass it made. */
export interface PassFacts {
  readonly options: ForwardOptions;
  /** Response length of each sequence. */
  readonly lengths: readonly number[];
  /** How often step and load had changed the weights when it was made. */
  readonly weightsVersion: number;
  /** false: used or released. */
  readonly live: boolean;
}

/** Whether backward may use a pass with these cotangents; undefined for a pass the model did not make. */
export function checkPass(pass: PassFacts | undefined, weightsVersion: number, cotangents: Cotangents): void {
  if (pass === undefined) {
    throw new EngineError('This pass comes from another model; give it to the model that made it.');
  }
  if (!pass.live) {
    throw new EngineError(
      'This pass was already used or released; a pass takes one backward. Call forward again.',
    );
  }
  if (pass.weightsVersion !== weightsVersion) {
    throw new EngineError('The weights changed since this pass was made (step or load); call forward again.');
  }
  if (!pass.options.gradient) {
    throw new EngineError('This pass was made with gradient: false; call forward with gradient: true.');
  }
  checkCotangents(cotangents, pass.options.want, pass.lengths);
}

/**
 * What an engine without value head and shared weights of trained models refuses to open. `isFrozen` says whether a
 * model is one of its own whose base does not train.
 */
export function checkSpec(spec: ModelSpec, engine: string, isFrozen: (model: Scorer) => boolean): void {
  if (spec.head !== 'lm') {
    throw new EngineError(
      `The ${engine} engine has no value head; open the critic with an engine that declares valueHead.`,
    );
  }
  const { adapter } = spec;
  if (adapter.kind === 'lora') {
    const known: readonly string[] = LORA_TARGETS;
    const wrong = adapter.targets.find((target) => !known.includes(target));
    if (wrong !== undefined || adapter.targets.length === 0) {
      throw new EngineError(
        `Expected the adapter to have targets among ${LORA_TARGETS.join(', ')}, got ${wrong ?? 'none'}.`,
      );
    }
    if (!Number.isSafeInteger(adapter.rank) || adapter.rank < 1 || adapter.rank > 65536) {
      throw new EngineError(`Expected the rank of the adapter to be from 1 to 65536, got ${adapter.rank}.`);
    }
    if (!(adapter.alpha > 0 && Number.isFinite(adapter.alpha))) {
      throw new EngineError(`Expected the alpha of the adapter to be positive, got ${adapter.alpha}.`);
    }
  }
  if (spec.sharesBaseWith === undefined) return;
  if (!isFrozen(spec.sharesBaseWith)) {
    throw new EngineError(
      'Base weights can be shared only with a model of this engine whose base does not train. Leave sharesBaseWith out.',
    );
  }
  if (spec.trainable && adapter.kind === 'none') {
    throw new EngineError(
      'A model that trains all its weights cannot share them; give it an adapter or leave sharesBaseWith out.',
    );
  }
}
