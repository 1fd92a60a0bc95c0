// Weights of an untrained model, fixed by a seed: every tensor draws from a stream of its own name, so the
// same seed gives the same weights whatever order they are made in.
import { UniformStream, seedOf } from '../random.ts';
import type { ModelShape } from './shape.ts';
import { parameterTable, sizeOf } from './shape.ts';

/**
 * Matrices are normal with standard deviation `initializerRange` (Hugging Face's name and default; widths under
 * about 100 want 0.1), those that write to the residual stream (o_proj,
 * down_proj) scaled by 1/√(2·layers) (GPT-2; Radford et al. 2019, section 2.3); norms are 1, biases 0.
 * @returns one tensor per row of parameterTable(shape), in its order.
 */
export function initializeModel(
  shape: ModelShape,
  seed: number,
  initializerRange = 0.02,
): Map<string, Float32Array> {
  const tensors = new Map<string, Float32Array>();
  for (const parameter of parameterTable(shape)) {
    const { name, kind } = parameter;
    const data = new Float32Array(sizeOf(parameter));
    if (kind === 'matrix') {
      const stream = new UniformStream(seedOf(seed, 'initialize', name));
      const residual = name.endsWith('.o_proj.weight') || name.endsWith('.down_proj.weight');
      const deviation = residual ? initializerRange / Math.sqrt(2 * shape.layers) : initializerRange;
      for (let i = 0; i < data.length; i++) data[i] = deviation * stream.normal();
    } else if (name.endsWith('norm.weight')) {
      data.fill(1);
    }
    tensors.set(name, data);
  }
  return tensors;
}
