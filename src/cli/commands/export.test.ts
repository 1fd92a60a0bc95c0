import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openModel } from '../../model/open.ts';
import { openSafetensors } from '../../model/safetensors.ts';
import { Scratch } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const TINY = join(import.meta.dirname, '../../../test/fixtures/models/tiny-qwen3.gguf');
const run = (model: string, out: string, ...more: string[]) =>
  scratch.run(['export', '--model', model, '--out', out, ...more]);

describe('guiderail export', () => {
  it.each([
    [[], 'F32'],
    [['--dtype', 'bf16'], 'BF16'],
    [['--dtype', 'f16'], 'F16'],
  ])('with %j writes a folder of %s', async (options, dtype) => {
    const { code, out } = await run(TINY, dtype, ...options);
    expect(code).toBe(0);
    expect(out).toMatch(/: qwen3, 0\.01\d+M parameters in \w+\n$/);
    expect((await openModel(scratch.at(dtype))).shape).toEqual((await openModel(TINY)).shape);
    const { tensors } = await openSafetensors(scratch.at(dtype, 'model.safetensors'));
    expect(tensors.get('model.norm.weight')?.dtype).toBe(dtype);
    expect(await readdir(scratch.at(dtype))).toContain('tokenizer.json');
  });

  it('writes a GGUF file, from a folder as well', async () => {
    expect(await run(TINY, 'once.gguf')).toMatchObject({ code: 0 });
    expect(await run(TINY, 'folder')).toMatchObject({ code: 0 });
    expect(await run('folder', 'twice.gguf', '--dtype', 'f16')).toMatchObject({ code: 0 });
    const [once, twice] = [
      await openModel(scratch.at('once.gguf')),
      await openModel(scratch.at('twice.gguf')),
    ];
    expect(twice.shape).toEqual(once.shape);
    const name = 'model.layers.0.self_attn.q_proj.weight';
    expect(await twice.readTensor(name)).toEqual(await once.readTensor(name));
  });

  it.each([
    ['model', 'bad.gguf', [], /llama\.cpp takes byte-level BPE alone/],
    [TINY, 'bad.gguf', ['--dtype', 'bf16'], /Expected --dtype f16, or none, for a GGUF file, got bf16/],
    [TINY, 'model', [], /to be empty or missing, but it holds/],
    [TINY, 'there.gguf', [], /there\.gguf to be new, but it is there/],
    ['nothing', 'new', [], /config\.json/],
  ])('refuses %s to %s with %j in a sentence', async (model, out, options, sentence) => {
    scratch.write('there.gguf', 'precious');
    const { code, err } = await run(model, out, ...options);
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(existsSync(scratch.at('bad.gguf'))).toBe(false);
    expect(scratch.read('there.gguf')).toBe('precious');
  });
});
