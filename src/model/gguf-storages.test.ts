import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { STORAGES } from './gguf-storages.ts';

const golden = z
  .record(z.string(), z.object({ number: z.int(), blocks: z.base64(), values: z.base64() }))
  .parse(
    JSON.parse(await readFile(join(import.meta.dirname, '../../oracles/golden/gguf-storages.json'), 'utf8')),
  );

describe.each(Object.values(STORAGES))('$name', ({ name, elements, bytes, expand }) => {
  const expected = golden[name];
  const stored = Uint8Array.from(Buffer.from(expected.blocks, 'base64'));
  const values = Uint8Array.from(Buffer.from(expected.values, 'base64'));

  it('is dequantised bit for bit as gguf-py does it, several blocks with every bit of theirs in use', () => {
    const count = (stored.length / bytes) * elements;
    expect(STORAGES[expected.number].name).toBe(name);
    const expanded = expand(stored, count);
    expect(new Uint32Array(expanded.buffer)).toEqual(new Uint32Array(values.buffer));
  });
});

it('has every type that was exported', () => {
  expect(Object.keys(golden).sort()).toEqual(
    Object.values(STORAGES)
      .map(({ name }) => name)
      .sort(),
  );
});
