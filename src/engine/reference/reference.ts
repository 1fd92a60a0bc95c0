// The reference engine: the decoder, its derivatives and its optimizer in plain float64 TypeScript, one
// position at a time. It is the oracle that fast engines are held to, itself held to PyTorch by the golden
// numbers of oracles/engine; it is never optimised, and never changed to agree with a faster one.
import { EngineError } from '../../errors.ts';
import type { Engine, ModelSpec, Trainable } from '../engine.ts';
import { openWithAdapter, requireSameBase } from '../adapters.ts';
import { checkSpec } from '../requests.ts';
import { ReferenceModel } from './trainable.ts';
import { readWeights, widened } from './weights.ts';

class ReferenceEngine implements Engine {
  readonly name = 'reference';
  readonly description = 'reference: TypeScript, float64, one position at a time';
  readonly instructionSet = 'float64';
  readonly capabilities = {
    fullFineTune: true,
    lora: true,
    valueHead: false,
    exactLogprobs: true,
    exactResume: true,
    entropyGradient: true,
    gradientClipping: true,
  };
  readonly #models: ReferenceModel[] = [];
  #closed = false;

  async open(spec: ModelSpec): Promise<Trainable> {
    if (this.#closed) throw new EngineError('The reference engine was closed; make another.');
    checkSpec(spec, this.name, (model) => model instanceof ReferenceModel && !model.trainsBase);
    const { base, adapter, readAdapter } = await openWithAdapter(spec);
    const shared = spec.sharesBaseWith instanceof ReferenceModel ? spec.sharesBaseWith.base : undefined;
    requireSameBase(base, shared);
    const own = adapter && { config: adapter, tensors: widened(await readAdapter(adapter)) };
    const model = new ReferenceModel(base, await readWeights(base), own, spec.trainable);
    this.#models.push(model);
    return model;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const model of this.#models) await model.close();
  }
}

export function createReferenceEngine(): Engine {
  return new ReferenceEngine();
}
