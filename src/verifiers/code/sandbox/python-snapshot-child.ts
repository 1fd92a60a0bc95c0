// Makes the memory of a freshly started Pyodide, with the harness and the modules it imports, into bytes that later children
// start from in a fraction of the time. It runs nothing but the interpreter's own start.
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { loadPyodide } from 'pyodide';
import { PYTHON_ENVIRONMENT, PYTHON_HARNESS, PYTHON_INSTALL } from './python-harness.ts';

const PIPE = 3;
const [folder = ''] = process.argv.slice(2);
const { loadPyodide: load } = (await import(pathToFileURL(`${folder}/pyodide.mjs`).href)) as {
  loadPyodide: typeof loadPyodide;
};
const python = await load({
  indexURL: `${folder}/`,
  env: PYTHON_ENVIRONMENT,
  _makeSnapshot: true,
});
(python.globals as unknown as { set(name: string, value: string): void }).set('source', PYTHON_HARNESS);
python.runPython(PYTHON_INSTALL);
const bytes = (python as unknown as { makeMemorySnapshot(): Uint8Array }).makeMemorySnapshot();
let written = 0;
while (written < bytes.length) written += writeSync(PIPE, bytes, written, bytes.length - written);
