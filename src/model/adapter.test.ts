import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import {
  LORA_TARGETS,
  adapterTable,
  initializeAdapter,
  mergedWeight,
  readAdapterFolder,
  readAdapterTensors,
  writeAdapterFolder,
} from './adapter.ts';
import { readModelFolder } from './folder.ts';
import { openSafetensors, writeSafetensors } from './safetensors.ts';

const GOLDEN = join(import.meta.dirname, '../../oracles/golden/engine');
const { shape } = await readModelFolder(join(GOLDEN, 'llama'));
const CONFIG = { rank: 2, alpha: 6, targets: ['down_proj', 'q_proj'] as const };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-adapter-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the tensors of an adapter', () => {
  it('stand layer by layer, A before B, under the names and with the dims that PEFT gives them', async () => {
    const { config } = await readAdapterFolder(join(GOLDEN, 'lora'));
    const { shape: base } = await readModelFolder(join(GOLDEN, 'qwen3'));
    const file = await openSafetensors(join(GOLDEN, 'lora/adapter_model.safetensors'));
    const table = adapterTable(base, config);
    expect(table.map(({ name }) => name).sort()).toEqual([...file.tensors.keys()].sort());
    for (const { name, dims } of table) expect(dims, name).toEqual(file.tensors.get(name)!.dims);
    expect(
      adapterTable(shape, CONFIG).map(({ name }) => name.slice('base_model.model.model.layers.'.length)),
    ).toEqual([
      '0.self_attn.q_proj.lora_A.weight',
      '0.self_attn.q_proj.lora_B.weight',
      '0.mlp.down_proj.lora_A.weight',
      '0.mlp.down_proj.lora_B.weight',
      '1.self_attn.q_proj.lora_A.weight',
      '1.self_attn.q_proj.lora_B.weight',
      '1.mlp.down_proj.lora_A.weight',
      '1.mlp.down_proj.lora_B.weight',
    ]);
  });

  it('begin so that nothing is added: B zero, A uniform within ±1/√in, named by the seed', () => {
    const tensors = initializeAdapter(shape, { ...CONFIG, rank: 64 }, 5);
    for (const [name, data] of tensors) {
      if (name.includes('lora_B')) expect(data.every((value) => value === 0)).toBe(true);
      else {
        const bound = 1 / Math.sqrt(data.length / 64);
        expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(bound);
        expect(Math.max(...data)).toBeGreaterThan(0.9 * bound);
        expect(Math.min(...data)).toBeLessThan(-0.9 * bound);
      }
    }
    expect(initializeAdapter(shape, { ...CONFIG, rank: 64 }, 5)).toEqual(tensors);
    expect(initializeAdapter(shape, { ...CONFIG, rank: 64 }, 6)).not.toEqual(tensors);
  });

  it('are merged as W + (alpha / rank)·B·A', () => {
    // W is [2, 3], A [2, 3], B [2, 2]; by hand, alpha / rank = 3.
    const W = Float64Array.of(1, 2, 3, 4, 5, 6);
    const A = Float64Array.of(1, 0, 2, 0, 1, -1);
    const B = Float64Array.of(1, 2, 0, -1);
    expect([...mergedWeight(W, A, B, CONFIG)]).toEqual([1 + 3, 2 + 6, 3 + 0, 4, 5 - 3, 6 + 3]);
    expect([...W]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('an adapter folder', () => {
  const written = async () => {
    const dir = join(folder, 'adapter');
    const tensors = initializeAdapter(shape, CONFIG, 1);
    await writeAdapterFolder(dir, join(GOLDEN, 'llama'), shape, CONFIG, tensors);
    return { dir, tensors };
  };
  const change = async (dir: string, changes: object) => {
    const path = join(dir, 'adapter_config.json');
    const json = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...json, ...changes }));
  };

  it('comes back as it was written, with the base it is of', async () => {
    const { dir, tensors } = await written();
    const { base, config } = await readAdapterFolder(dir);
    expect(base).toBe(join(GOLDEN, 'llama'));
    expect({ ...config, targets: [...config.targets].sort() }).toEqual({
      ...CONFIG,
      targets: [...CONFIG.targets].sort(),
    });
    expect(await readAdapterTensors(dir, shape, config)).toEqual(tensors);
  });

  it("finds a base from the adapter's folder, and says where it looked for one that is not there", async () => {
    const { dir } = await written();
    await cp(join(GOLDEN, 'llama'), join(folder, 'base'), { recursive: true });
    await change(dir, { base_model_name_or_path: '../base' });
    expect((await readAdapterFolder(dir)).base).toBe(join(folder, 'base'));
    await change(dir, { base_model_name_or_path: 'org/nowhere' });
    await expect(readAdapterFolder(dir)).rejects.toThrow(
      /"org\/nowhere".*there is none at .*adapter\/org\/nowhere/,
    );
  });

  it.each([
    [{ use_dora: true }, /use_dora/],
    [{ use_rslora: true }, /use_rslora/],
    [{ modules_to_save: ['lm_head'] }, /modules_to_save/],
    [{ rank_pattern: { q_proj: 3 } }, /rank_pattern/],
    [{ init_lora_weights: 'pissa' }, /init_lora_weights/],
    [{ a_key_of_tomorrow: 'yes' }, /a_key_of_tomorrow/],
    [{ bias: 'all' }, /"bias"/],
    [{ target_modules: 'all-linear' }, /"target_modules"/],
    [{ target_modules: ['embed_tokens'] }, /"target_modules\.0"/],
    [{ r: 0 }, /"r"/],
    [{ peft_type: 'IA3' }, /"peft_type"/],
  ])('that asks for more than plain LoRA is refused by name: %j', async (changes, sentence) => {
    const { dir } = await written();
    await change(dir, changes);
    await expect(readAdapterFolder(dir)).rejects.toThrow(sentence);
    await expect(readAdapterFolder(dir)).rejects.toThrow(ModelError);
  });

  it('is refused with tensors of another base, too few or too many', async () => {
    const { dir, tensors } = await written();
    const { shape: other } = await readModelFolder(join(GOLDEN, 'qwen3'));
    await expect(readAdapterTensors(dir, other, CONFIG)).rejects.toThrow(/q_proj.*\[32, 2\].*got \[16, 2\]/);
    await expect(readAdapterTensors(dir, shape, { ...CONFIG, targets: LORA_TARGETS })).rejects.toThrow(
      /k_proj.*got none/,
    );
    const named = adapterTable(shape, CONFIG).map((row) => ({ ...row, data: tensors.get(row.name)! }));
    const extra = { name: 'base_model.model.lm_head.lora_A.weight', dims: [1], data: new Float32Array(1) };
    await writeSafetensors(join(dir, 'adapter_model.safetensors'), [...named, extra]);
    await expect(readAdapterTensors(dir, shape, CONFIG)).rejects.toThrow(/lm_head/);
  });
});
