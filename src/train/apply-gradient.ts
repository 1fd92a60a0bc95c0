// The second half of an update, for every loop: a loss that is not finite never reaches the model, and a gradient
// that is not is refused by the engine's step. Both are an update that was not applied, and neither is an error.
import type { AdamWUpdate, ForwardPass, StepResult, Trainable } from '../engine/engine.ts';

/** Consumes the pass. `onPhase` is called as backward and step end. */
export async function applyGradient(
  model: Trainable,
  pass: ForwardPass,
  { loss, dLogprobs }: { readonly loss: number; readonly dLogprobs: readonly Float64Array[] },
  optimizer: AdamWUpdate,
  onPhase: (phase: 'backward' | 'step') => void = () => {},
): Promise<StepResult> {
  if (!Number.isFinite(loss) || !dLogprobs.every((row) => row.every(Number.isFinite))) {
    pass.release();
    return { gradNorm: NaN, applied: false };
  }
  await model.backward(pass, { logprobs: dLogprobs });
  onPhase('backward');
  const result = await model.step(optimizer);
  onPhase('step');
  return result;
}
