// A model made of a script, for tests of everything above the engines: what it answers, how probable it says its
// answers are and how its updates end are written down by the test, so that every number can be checked by
// hand. Tokens are character codes, so prompts and responses are readable strings; '.' is the stop token.
import type {
  AdamWUpdate,
  Cotangents,
  ForwardOptions,
  ForwardPass,
  SampledSequence,
  SampleRequest,
  ScoredSequence,
  StepResult,
  Trainable,
} from '../engine/engine.ts';
import type { Problem, Verdict, VerdictKind } from '../types.ts';
import type { Verifier } from '../verifiers/verifier.ts';
import type { ResponderSettings } from './responder.ts';

const STOP = '.';

export function encode(text: string): Int32Array {
  return Int32Array.from(text, (character) => character.charCodeAt(0));
}

export function decode(tokens: Int32Array): string {
  return String.fromCharCode(...tokens);
}

export interface Script {
  /** The response to the n-th request (from 0) with this prompt in a call; it ends by itself if by '.'. */
  readonly respond?: (prompt: string, n: number, seed: bigint) => string;
  /** Log-prob of token t as sampling reports it. Default −0.5. */
  readonly sampledLogprob?: (prompt: string, response: string, t: number) => number;
  /** Log-prob of token t as forward computes it after so many updates. Default: as sampled. */
  readonly scoredLogprob?: (prompt: string, response: string, t: number, updates: number) => number;
  /** Sequences end in the order of the requests, or the last first. */
  readonly completion?: 'inOrder' | 'reversed';
  readonly maxSequenceLength?: number;
  readonly step?: () => StepResult;
}

interface ScriptedPass extends ForwardPass {
  readonly sequences: readonly ScoredSequence[];
}

export class ScriptedModel implements Trainable {
  readonly info;
  /** The prompts of each call of sample. */
  readonly sampledPrompts: string[][] = [];
  readonly requests: SampleRequest[] = [];
  /** forward, backward, release and step, in the order they were called. */
  readonly calls: string[] = [];
  /** `prompt>response` of each sequence of each forward. */
  readonly scored: string[][] = [];
  readonly forwardOptions: ForwardOptions[] = [];
  readonly cotangents: Float64Array[][] = [];
  readonly updates: AdamWUpdate[] = [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
    this.info = {
      vocabularySize: 128,
      maxSequenceLength: script.maxSequenceLength ?? 100,
      parameterCount: 0,
    };
  }

  async *sample(requests: readonly SampleRequest[], signal?: AbortSignal): AsyncIterable<SampledSequence> {
    this.sampledPrompts.push(requests.map(({ promptTokens }) => decode(promptTokens)));
    this.requests.push(...requests);
    const seen = new Map<string, number>();
    const sequences = requests.map((request, index) => {
      const prompt = decode(request.promptTokens);
      const n = seen.get(prompt) ?? 0;
      seen.set(prompt, n + 1);
      return this.#sequence(request, prompt, n, index);
    });
    if (this.#script.completion === 'reversed') sequences.reverse();
    for (const sequence of sequences) {
      signal?.throwIfAborted();
      yield sequence;
    }
  }

  #sequence(request: SampleRequest, prompt: string, n: number, index: number): SampledSequence {
    const response = this.#script.respond?.(prompt, n, request.seed) ?? `w${STOP}`;
    const tokens = encode(response);
    const logprobs = Float64Array.from(response, (_, t) => this.#sampledLogprob(prompt, response, t));
    const stop = tokens.findIndex((token, t) => request.onToken?.(token, logprobs[t]) === 'stop');
    return {
      index,
      tokens: stop < 0 ? tokens : tokens.slice(0, stop + 1),
      logprobs: stop < 0 ? logprobs : logprobs.slice(0, stop + 1),
      finish: stop >= 0 || response.endsWith(STOP) ? 'stop' : 'length',
    };
  }

  #sampledLogprob(prompt: string, response: string, t: number): number {
    return this.#script.sampledLogprob?.(prompt, response, t) ?? -0.5;
  }

  async forward(sequences: readonly ScoredSequence[], options: ForwardOptions): Promise<ForwardPass> {
    this.calls.push('forward');
    this.forwardOptions.push(options);
    const texts = sequences.map(({ promptTokens, responseTokens }) => ({
      prompt: decode(promptTokens),
      response: decode(responseTokens),
    }));
    this.scored.push(texts.map(({ prompt, response }) => `${prompt}>${response}`));
    const score = this.#script.scoredLogprob ?? this.#sampledLogprob.bind(this);
    const pass: ScriptedPass = {
      sequences,
      logprobs: texts.map(({ prompt, response }) =>
        Float64Array.from(response, (_, t) => score(prompt, response, t, this.updates.length)),
      ),
      entropies: texts.map(({ response }) => new Float64Array(response.length).fill(0.25)),
      release: () => this.calls.push('release'),
    };
    return pass;
  }

  async backward(_pass: ForwardPass, cotangents: Cotangents): Promise<void> {
    this.calls.push('backward');
    this.cotangents.push([...cotangents.logprobs!]);
  }

  async step(update: AdamWUpdate): Promise<StepResult> {
    this.calls.push('step');
    this.updates.push(update);
    return this.#script.step?.() ?? { gradNorm: 1, applied: true };
  }

  async save(): Promise<void> {}
  async load(): Promise<void> {}
  async exportWeights(): Promise<void> {}
  async close(): Promise<void> {}
}

/** One letter a rollout, plain and with the hint of level 1: { A: 'cw', B: 'ww/cc' }; see VERDICTS. */
export function respondByLetters(letters: Readonly<Record<string, string>>): NonNullable<Script['respond']> {
  return (prompt, n) => {
    const [name, context] = prompt.split('+');
    const group = letters[name].split('/')[context === undefined ? 0 : 1];
    return group[n % group.length] + STOP;
  };
}

const VERDICTS: Readonly<Record<string, VerdictKind>> = {
  c: 'correct',
  w: 'wrong',
  m: 'malformed',
  t: 'truncated',
};

/** Judges a response by its first letter; 'e' makes it throw. */
export const letterVerifier: Verifier = {
  kind: 'letter',
  verify: async ({ response }): Promise<Verdict> => {
    const kind = VERDICTS[response[0]];
    if (kind === undefined) throw new Error(`cannot grade ${response}`);
    return { kind, reason: `begins with ${response[0]}`, extracted: response };
  },
};

/** Its prompt is its name, and `name+hint1` with the hint. */
export function problemNamed(name: string, fields: Partial<Problem> = {}): Problem {
  return {
    id: name,
    messages: [{ role: 'user', content: name }],
    answer: 'c',
    verifier: 'letter',
    hints: ['a hint'],
    source: `test/${name}`,
    ...fields,
  };
}

export function scriptedResponder(fields: Partial<ResponderSettings> = {}): ResponderSettings {
  return {
    renderPrompt: (problem, context) => encode(context === 'plain' ? problem.id : `${problem.id}+${context}`),
    decode,
    stopTokens: [STOP.charCodeAt(0)],
    stopStrings: [],
    verifierFor: () => letterVerifier,
    maxNewTokens: 10,
    temperature: 1,
    runSeed: 7,
    ...fields,
  };
}
