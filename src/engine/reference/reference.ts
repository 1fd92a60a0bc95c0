// The reference engine: the decoder, its derivatives and its optimizer in plain float64 TypeScript, one
// position at a time. It is the oracle that fast engines are held to, itself held to PyTorch by the golden
// numbers of oracles/engine; it is never optimised, and never changed to agree with a faster one.
import { EngineError } from '../../errors.ts';
import { openModel } from '../../model/open.ts';
import type { Engine, ModelSpec, Trainable } from '../engine.ts';
import { checkSpec } from '../requests.ts';
import { ReferenceModel } from './trainable.ts';
import { readWeights } from './weights.ts';

class ReferenceEngine implements Engine {
  readonly name = 'reference';
  readonly description = 'reference: TypeScript, float64, one position at a time';
  readonly instructionSet = 'float64';
  readonly capabilities = {
    fullFineTune: true,
    lora: false,
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
    checkSpec(spec, this.name, (model) => model instanceof ReferenceModel && !model.trains);
    const folder = await openModel(spec.folder);
    const model = new ReferenceModel(folder, await readWeights(folder), spec.trainable);
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
