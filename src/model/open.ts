// The one place that knows what a model can be stored as.
import { openGgufModel } from './gguf-model.ts';
import { isGguf } from './gguf.ts';
import { readModelFolder } from './folder.ts';
import type { ModelSource } from './model-source.ts';

/** Opens a folder in Hugging Face layout, or a file that ends in .gguf. @throws ModelError naming file and tensor. */
export async function openModel(path: string): Promise<ModelSource> {
  return isGguf(path) ? openGgufModel(path) : readModelFolder(path);
}
