// Writes a GGUF file as a model folder that transformers opens: node bench/lm-eval/export.mjs FILE.gguf FOLDER
import { createNativeEngine } from '../../dist/engine/native/native.js';

const [file, folder] = process.argv.slice(2);
const engine = createNativeEngine();
try {
  const model = await engine.open({ folder: file, head: 'lm', adapter: { kind: 'none' }, trainable: false });
  await model.exportWeights(folder);
} finally {
  await engine.close();
}
