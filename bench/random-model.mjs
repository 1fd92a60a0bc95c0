// Writes a folder with a random model: NAME PATH. A process of its own, so that whoever measures memory is free of it.
import { LARGEST, SHAPES, writeRandomModel } from './models.mjs';

const [name, path] = process.argv.slice(2);
await writeRandomModel(path, { ...SHAPES, ...LARGEST }[name]);
