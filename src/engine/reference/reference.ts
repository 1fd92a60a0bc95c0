// The reference engine: the decoder, its derivatives and its optimizer in plain float64 TypeScript, one
// position at a time. It is the oracle that fast engines are held to, itself held to PyTorch by the golden
// numbers of oracles/engine; it is never optimised, and never changed to agree with a faster one.
import { EngineError } from '../../errors.ts';
import { readModelFolder } from '../../model/folder.ts';
import type { Engine, ModelSpec, Trainable } from '../engine.ts';
import { ReferenceModel } from './trainable.ts';
import { readWeights } from './weights.ts';

function checkSpec(spec: ModelSpec): void {
  if (spec.head !== 'lm') {
    throw new EngineError(
      'The reference engine has no value head; open the critic with an engine that declares valueHead.',
    );
  }
  if (spec.adapter.kind !== 'none') {
    throw new EngineError(
      'The reference engine trains all weights and has no LoRA; set the adapter to none or use an engine that declares lora.',
    );
  }
  const base = spec.sharesBaseWith;
  if (base !== undefined && (!(base instanceof ReferenceModel) || base.trains)) {
    throw new EngineError(
      'Base weights can be shared only with a model of this engine that does not train: without an adapter, training moves them. Leave sharesBaseWith out.',
    );
  }
}

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
    checkSpec(spec);
    const folder = await readModelFolder(spec.folder);
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
