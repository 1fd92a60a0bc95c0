// AdamW exactly as torch.optim.AdamW computes it (Loshchilov & Hutter 2019, algorithm 2): decoupled decay
// before the update, both moments bias-corrected, ε added after the correction and outside the root; and the
// clipping of torch.nn.utils.clip_grad_norm_.
import type { Parameter } from '../../model/shape.ts';
import type { AdamWUpdate } from '../engine.ts';
import type { Tensors } from './weights.ts';

/** Global L2 norm over all parameters: the norm of the norms. */
export function gradientNorm(gradients: Tensors): number {
  let total = 0;
  for (const gradient of gradients.values()) {
    let squares = 0;
    for (const g of gradient) squares += g * g;
    total += squares;
  }
  return Math.sqrt(total);
}

/** The factor that clips gradients of this norm: min(1, maxNorm / (norm + 1e-6)). */
export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}

/**
 * Update number `step` (from 1) of weights and moments in place.
 * @param scale factor on every gradient (clipping).
 */
export function adamwStep(
  table: readonly Parameter[],
  weights: Tensors,
  gradients: Tensors,
  firstMoments: Tensors,
  secondMoments: Tensors,
  step: number,
  scale: number,
  update: AdamWUpdate,
): void {
  const { learningRate, beta1, beta2, epsilon } = update;
  const stepSize = learningRate / (1 - beta1 ** step);
  const correction = Math.sqrt(1 - beta2 ** step);
  for (const { name, kind } of table) {
    const w = weights.get(name)!;
    const gradient = gradients.get(name)!;
    const m = firstMoments.get(name)!;
    const v = secondMoments.get(name)!;
    const keep = kind === 'matrix' ? 1 - learningRate * update.weightDecay : 1;
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i] * scale;
      m[i] += (g - m[i]) * (1 - beta1);
      v[i] = v[i] * beta2 + (1 - beta2) * g * g;
      w[i] = w[i] * keep - stepSize * (m[i] / (Math.sqrt(v[i]) / correction + epsilon));
    }
  }
}
