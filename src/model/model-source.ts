// What an engine is opened from, whatever it is stored as: a folder in Hugging Face layout or a GGUF file. Its one
// idea: a source that opens is complete, every parameter of its shape there with the right dims, so engines check
// nothing again.
import type { ModelShape } from './shape.ts';

export interface ModelSource {
  /** The folder or the file. */
  readonly path: string;
  readonly shape: ModelShape;
  /** A row of parameterTable(shape), row-major; Float64Array only where the file stores F64. @throws ModelError */
  readTensor(name: string): Promise<Float32Array | Float64Array>;
}
