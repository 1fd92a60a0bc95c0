// Adapters in the reference engine: it computes with the merged weights W' = W + s·B·A, whose derivatives give those of A
// and B by the chain rule, ∂A = s·Bᵀ·∂W' and ∂B = s·∂W'·Aᵀ. The same function as y = x·Wᵀ + s·(x·Aᵀ)·Bᵀ, so
// an engine that never merges is held to it within rounding.
import { adaptedWeights, mergedWeight, type LoraConfig } from '../../model/adapter.ts';
import type { ModelShape } from '../../model/shape.ts';
import type { Tensors } from './weights.ts';

/** Overwrites the adapted tensors of `merged`. */
export function mergeInto(
  merged: Tensors,
  base: Tensors,
  adapter: Tensors,
  shape: ModelShape,
  config: LoraConfig,
): void {
  for (const { weight, a, b } of adaptedWeights(shape, config)) {
    const sum = mergedWeight(base.get(weight.name)!, adapter.get(a.name)!, adapter.get(b.name)!, config);
    merged.get(weight.name)!.set(sum);
  }
}

/** Overwrites `gradients` of A and B from those of the merged weights. */
export function adapterGradients(
  gradients: Tensors,
  merged: Tensors,
  adapter: Tensors,
  shape: ModelShape,
  config: LoraConfig,
): void {
  const { rank } = config;
  const scale = config.alpha / rank;
  for (const { weight, a, b } of adaptedWeights(shape, config)) {
    const [out, columns] = weight.dims;
    const dW = merged.get(weight.name)!;
    const A = adapter.get(a.name)!;
    const B = adapter.get(b.name)!;
    const dA = gradients.get(a.name)!.fill(0);
    const dB = gradients.get(b.name)!.fill(0);
    for (let o = 0; o < out; o++) {
      for (let r = 0; r < rank; r++) {
        for (let c = 0; c < columns; c++) {
          dA[r * columns + c] += scale * B[o * rank + r] * dW[o * columns + c];
          dB[o * rank + r] += scale * dW[o * columns + c] * A[r * columns + c];
        }
      }
    }
  }
}
