// The native engine: the C++ addon behind the engine interface. Float32 throughout, but for the factors of linear
// layers where bf16 is asked for (docs/decisions/0002), on its own threads; the instruction set is the fastest the
// machine has unless GUIDERAIL_ISA names another.
import { availableParallelism } from 'node:os';
import { EngineError, messageOf } from '../../errors.ts';
import { LORA_TARGETS, adapterTable, type LoraConfig } from '../../model/adapter.ts';
import { ropeFrequencies } from '../../model/rope.ts';
import { parameterTable, type ModelShape, type Parameter } from '../../model/shape.ts';
import type { Engine, EngineCapabilities, ModelSpec, Trainable } from '../engine.ts';
import { openWithAdapter, requireSameBase } from '../adapters.ts';
import { checkSpec } from '../requests.ts';
import { ARRAYS, loadAddon, type Addon, type ModelHandle, type RuntimeHandle } from './addon.ts';
import { availableMemory, requireMemory, type Dtype } from './memory.ts';
import { NativeModel, tensorTable } from './model.ts';
import { Turns } from './turns.ts';

export interface NativeOptions {
  /** Default fp32. */
  readonly dtype?: Dtype;
  /** Threads that compute; default: the cores this process may use. Changes no result. */
  readonly threads?: number;
  /** Default: GUIDERAIL_ISA, or the fastest. */
  readonly instructionSet?: string;
  /** Activations a pass may keep; what is over is computed again in backward. Changes no result. Default 1024. */
  readonly activationBudgetMiB?: number;
}

const PRECISIONS: Readonly<Record<Dtype, string>> = {
  fp32: 'float32',
  bf16: 'bf16 products in float32 sums',
};

class NativeEngine implements Engine {
  readonly name = 'native';
  readonly description: string;
  readonly instructionSet: string;
  readonly capabilities: EngineCapabilities = {
    fullFineTune: true,
    lora: true,
    valueHead: false,
    exactLogprobs: true,
    exactResume: true,
    entropyGradient: true,
    gradientClipping: true,
  };
  readonly #addon: Addon;
  readonly #dtype: Dtype;
  readonly #runtime: RuntimeHandle;
  readonly #budgetBytes: number;
  readonly #turns = new Turns();
  readonly #models: NativeModel[] = [];
  #closed = false;

  constructor(options: NativeOptions) {
    this.#addon = loadAddon();
    const budgetMiB = options.activationBudgetMiB ?? 1024;
    this.#budgetBytes = budgetMiB * 2 ** 20;
    this.#dtype = options.dtype ?? 'fp32';
    const threads = options.threads ?? availableParallelism();
    const asked = options.instructionSet ?? process.env.GUIDERAIL_ISA ?? '';
    try {
      this.#runtime = this.#addon.createRuntime(threads, asked, this.#dtype === 'bf16');
    } catch (error) {
      throw new EngineError(messageOf(error));
    }
    const available = this.#addon.instructionSets();
    this.instructionSet = asked === '' ? available.at(-1)! : asked;
    const why = asked === '' ? 'the fastest' : 'as GUIDERAIL_ISA or the caller asks';
    this.description = `native: C++, ${PRECISIONS[this.#dtype]}, ${threads} threads, up to ${budgetMiB} MiB of activations, ${this.instructionSet} (${why} of ${available.join(', ')})`;
  }

  async open(spec: ModelSpec): Promise<Trainable> {
    if (this.#closed) throw new EngineError('The native engine was closed; make another.');
    checkSpec(spec, this.name, (model) => model instanceof NativeModel && !model.trainsBase);
    const { base, adapter, readAdapter } = await openWithAdapter(spec);
    const shared = spec.sharesBaseWith instanceof NativeModel ? spec.sharesBaseWith.shared : null;
    requireSameBase(base, shared?.base);
    const { trainable } = spec;
    if (shared === null) {
      requireMemory(base.shape, { trainable, adapter }, this.#dtype, base.path, availableMemory());
    }
    const handle = this.#create(base.shape, trainable, adapter, shared?.handle ?? null);
    try {
      this.#checkTable(handle, base.shape, adapter);
      const table = parameterTable(base.shape);
      if (shared === null) await this.#fill(handle, 0, table, (name) => base.readTensor(name));
      if (adapter !== null) {
        const tensors = await readAdapter(adapter);
        await this.#fill(handle, table.length, adapterTable(base.shape, adapter), (name) =>
          tensors.get(name)!,
        );
      }
      await this.#turns.take(() => this.#addon.weightsChanged(handle));
    } catch (error) {
      this.#addon.closeModel(handle);
      throw error;
    }
    const model = new NativeModel(this.#addon, handle, this.#turns, base, adapter, trainable);
    this.#models.push(model);
    return model;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const model of this.#models) await model.close();
  }

  #create(
    shape: ModelShape,
    trainable: boolean,
    adapter: LoraConfig | null,
    sharesBaseWith: ModelHandle | null,
  ): ModelHandle {
    const native = adapter && {
      rank: adapter.rank,
      scale: adapter.alpha / adapter.rank,
      targets: LORA_TARGETS.reduce(
        (bits, target, i) => bits | (adapter.targets.includes(target) ? 1 << i : 0),
        0,
      ),
    };
    try {
      return this.#addon.createModel(
        this.#runtime,
        { ...shape, ropeFrequencies: ropeFrequencies(shape) },
        trainable,
        this.#budgetBytes,
        native,
        sharesBaseWith,
      );
    } catch (error) {
      throw new EngineError(messageOf(error));
    }
  }

  /** Tensor by tensor, so that there is never a second copy of all weights. */
  async #fill(
    handle: ModelHandle,
    first: number,
    table: readonly Parameter[],
    read: (name: string) => FloatArray | Promise<FloatArray>,
  ): Promise<void> {
    for (const [index, { name }] of table.entries()) {
      const data = await read(name);
      const values = data instanceof Float32Array ? data : Float32Array.from(data);
      this.#addon.writeArray(handle, ARRAYS.weights, first + index, values);
    }
  }

  /** The order of tensors is written twice, in TypeScript and in C++; an addon of another version is caught here. */
  #checkTable(handle: ModelHandle, shape: ModelShape, adapter: LoraConfig | null): void {
    const sizes = this.#addon.tensorSizes(handle);
    const expected = tensorTable(shape, adapter).flatMap(({ dims }) =>
      dims.length === 1 ? [1, dims[0]!] : dims,
    );
    if (expected.length !== sizes.length || expected.some((size, index) => size !== sizes[index])) {
      throw new EngineError(
        'The native addon was built from other sources than this code; run `npm run build:native`.',
      );
    }
  }
}

type FloatArray = Float32Array | Float64Array;

export function createNativeEngine(options: NativeOptions = {}): Engine {
  return new NativeEngine(options);
}
