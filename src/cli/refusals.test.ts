// Mistakes as people make them. Each must be answered by a sentence that has the place and the way out, without a
// stack, with an exit code other than 0, and with nothing written.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ROWS, Scratch } from './scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

async function expectRefusal(argv: readonly string[], sentence: RegExp): Promise<void> {
  const before = scratch.content();
  const { code, out, err } = await scratch.run(argv);
  expect(err).toMatch(sentence);
  expect(err).not.toMatch(/^ +at /m);
  expect(code).toBe(1);
  expect(out).toBe('');
  expect(scratch.content()).toEqual(before);
}

const train = (...set: string[]) => ['train', 'train.yaml', ...set.flatMap((change) => ['--set', change])];
const sft = (...set: string[]) => ['sft', 'sft.yaml', ...set.flatMap((change) => ['--set', change])];
const evaluate = (...more: string[]) => [
  ...['eval', '--model', 'model', '--problems', 'problems.jsonl', '--samples', '2', '--max-new-tokens', '16'],
  ...more,
];
const asked = (key: string, place: string, near: string) =>
  new RegExp(`train\\.yaml: unknown key "${key}" ${place}; did you mean "${near}"\\?`);

describe('a misspelt option is answered with the name that was meant', () => {
  it.each([
    ['sede=1', 'sede', 'at the top level', 'seed'],
    ['engine.kindd=reference', 'kindd', 'in engine', 'kind'],
    ['model.foldr=model', 'foldr', 'in model', 'folder'],
    ['problems.heldout.file=a', 'heldout', 'in problems', 'heldOut'],
    ['problems.train.flie=a', 'flie', 'in problems.train', 'file'],
    ['problems.train={machines: {}, split: train, cuont: 1}', 'cuont', 'in problems.train', 'count'],
    [
      'problems.train={machines: {depht: 1}, split: train, count: 1}',
      'depht',
      'in problems.train.machines',
      'depth',
    ],
    ['prompt.hint_template=a', 'hint_template', 'in prompt', 'hintTemplate'],
    ['sampling.groupPerStep=1', 'groupPerStep', 'in sampling', 'groupsPerStep'],
    ['guidance.strategi=joint', 'strategi', 'in guidance', 'strategy'],
    ['loss.cliplow=0.1', 'cliplow', 'in loss', 'clipLow'],
    ['loss.shaping={kind: constant, gama: 1}', 'gama', 'in loss.shaping', 'gamma'],
    ['loss.aggregation={fixedlenght: 1}', 'fixedlenght', 'in loss.aggregation', 'fixedLength'],
    ['optimizer.learning-rate=1', 'learning-rate', 'in optimizer', 'learningRate'],
    ['evaluation.passat=[1]', 'passat', 'in evaluation', 'passAt'],
    ['checkpoint.everyStep=1', 'everyStep', 'in checkpoint', 'everySteps'],
    ['record.rolloutEverySteps=1', 'rolloutEverySteps', 'in record', 'rolloutsEverySteps'],
  ])('--set %s', (change, key, place, near) => expectRefusal(train(change), asked(key, place, near)));

  it('of sft too', async () => {
    await expectRefusal(
      sft('model={initialize: {hiddensize: 8}}'),
      /sft\.yaml: unknown key "hiddensize" in model\.initialize; did you mean "hiddenSize"\?/,
    );
    await expectRefusal(
      sft('demonstrations={machines: {alfabet: 8}}'),
      /sft\.yaml: unknown key "alfabet" in demonstrations\.machines; did you mean "alphabet"\?/,
    );
  });

  it('and one at another level with the place where it belongs', () =>
    expectRefusal(
      train('learningRate=1e-3'),
      /unknown key "learningRate" at the top level; it belongs at optimizer\.learningRate\./,
    ));
});

describe('a value that cannot be', () => {
  it.each([
    ['steps=many', /train\.yaml: steps: expected a number, got "many"\./],
    ['steps=1.5', /steps: expected a whole number, got 1\.5\./],
    ['steps=', /steps: expected a number, got nothing\./],
    ['model=model', /model: expected a map, got "model"\./],
    ['sampling.k=1', /sampling\.k: expected at least 2, got 1\./],
    ['optimizer.beta1=1', /optimizer\.beta1: expected less than 1, got 1\./],
    [
      'guidance.strategy=jiont',
      /guidance\.strategy: expected one of .*, got "jiont"; did you mean "joint"\?/,
    ],
    ['engine.kind=refrence', /engine\.kind: expected .*, got "refrence"; did you mean "reference"\?/],
    [
      'loss.shaping={kind: percentil}',
      /loss\.shaping\.kind: .* got "percentil"; did you mean "percentile"\?/,
    ],
    ['name=a/b', /name: must be letters, digits, dots, dashes and underscores\./],
    ['prompt.hintTemplate=Hint', /prompt\.hintTemplate: must contain both \{content\} .* and \{hint\}\./],
    ['evaluation.samples=0', /evaluation\.samples: expected more than 0, got 0\./],
    [
      'evaluation.passAt=[1, 8]',
      /evaluation\.passAt: asks for pass@8 from 2 samples; raise evaluation\.samples to at least 8 or leave 8 out\./,
    ],
    [
      'guidance.minEvidence=5',
      /guidance\.minEvidence: is 5, more than the 4 rollouts of a group \(sampling\.k\)/,
    ],
    ['minibatches=3', /minibatches: is 3, more than sampling\.groupsPerStep \(2\)/],
    [
      'guidance.level=3',
      /hint of level 3 .* none of the 4 in \S*problems\.jsonl has one; add hints, lower guidance\.level, or set guidance\.strategy: none/,
    ],
    ['steps', /Expected --set to be path=value, such as --set optimizer\.learningRate=1e-4, got "steps"/],
    ['steps.a=1', /expected steps to be a map or a list, but it is 2/],
    ['steps=[1', /Expected the value of --set "steps=\[1" to be YAML/],
  ])('--set %s', (change, sentence) => expectRefusal(train(change), sentence));
});

describe('a recipe that is none', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdefg'].map((name, index) =>
    index === 0
      ? name
      : `${name}: &${name} [${Array(10)
          .fill(`*${'abcdefg'[index - 1]}`)
          .join(', ')}]`,
  );

  it.each([
    [
      'an unclosed list',
      'name: x\nsteps: [1\nmodel: { folder: a }\n',
      /own\.yaml:3:1: expected YAML: .*close what is opened/,
    ],
    ['a colon in text', 'name: first: run\n', /own\.yaml:1:7: expected YAML: .*quote text that has ": "/],
    ['a tab', 'model:\n\tfolder: model\n', /own\.yaml:2:1: expected YAML: Tabs .*Indent with spaces/],
    [
      'a key twice',
      'name: x\nsteps: 1\nname: y\n',
      /own\.yaml:3:1: expected YAML: Map keys must be unique\. Leave one/,
    ],
    ['two documents', 'name: x\n---\nname: y\n', /own\.yaml:2:1: .*leave out the line ---/],
    [
      'an alias without anchor',
      'name: *x\n',
      /own\.yaml to be a recipe, but its aliases .*Write the values out instead/,
    ],
    [
      'an alias bomb',
      bomb.join('\n'),
      /own\.yaml to be a recipe, but its aliases .*Write the values out instead/,
    ],
    ['a list', '- name: x\n', /own\.yaml: the whole of it: expected a map, got a list\./],
    ['nothing', '', /own\.yaml: name: expected text, but it is missing\./],
  ])('%s', async (_, text, sentence) => {
    scratch.write('own.yaml', text);
    await expectRefusal(['train', 'own.yaml'], sentence);
    await expectRefusal(['sft', 'own.yaml'], sentence);
  });

  it('because there is no such file, or it is a folder', async () => {
    await expectRefusal(
      ['train', 'none.yaml'],
      /recipe at \S+\/none\.yaml, but there is no such file; check the path\./,
    );
    await expectRefusal(
      ['sft', 'model'],
      /recipe at \S+\/model, but that is a folder; name a YAML file in it\./,
    );
  });
});

describe('problems that cannot be used', () => {
  const trainOn = (file: string) => train(`problems.train.file=${file}`);
  const evaluateOn = (file: string) => evaluate('--problems', file);

  it.each([
    ['no file', null, /problems at \S+\/own\.jsonl, but there is no such file; check the path\./],
    ['no rows', [], /at least one problem in \S+own\.jsonl, but it is empty\. A row is \{"prompt"/],
    [
      'no usable row',
      [{ prompt: 'a' }],
      /own\.jsonl, but all 1 were refused \(line 1, answer: must be a string or a number\)/,
    ],
  ])('%s', async (_, rows, sentence) => {
    rmSync(scratch.at('own.jsonl'), { force: true });
    if (rows !== null) scratch.writeRows('own.jsonl', rows);
    await expectRefusal(trainOn('own.jsonl'), sentence);
    await expectRefusal(evaluateOn('own.jsonl'), sentence);
    await expectRefusal(train('problems.heldOut.file=own.jsonl'), sentence);
  });

  it.each([
    ['no answer', { prompt: 'What comes out ?' }, /own\.jsonl:2 \(answer\): must be a string or a number/],
    ['a torn line', '{"prompt": "What', /own\.jsonl:2 \(row\): not JSON/],
    ['the same problem again', ROWS[0], /own\.jsonl:2 \(row\): the same messages and answer as line 1/],
  ])('%s', async (_, row, place) => {
    scratch.writeRows('own.jsonl', [ROWS[0], row, ROWS[1]]);
    await expectRefusal(trainOn('own.jsonl'), place);
    await expectRefusal(
      trainOn('own.jsonl'),
      /\nMend them, or set problems\.unusable: drop to leave them out\.\n$/,
    );
    await expectRefusal(evaluateOn('own.jsonl'), place);
    await expectRefusal(
      evaluateOn('own.jsonl'),
      /\nMend them, or pass --drop-unusable to leave them out\.\n$/,
    );
  });

  it('a verifier there is not', async () => {
    scratch.writeRows('own.jsonl', [{ ...ROWS[0], verifier: 'exakt' }]);
    const sentence = /own\.jsonl, problem "ZORB is fed a d c \. .*" .* got "exakt"; did you mean "exact"\?/;
    await expectRefusal(trainOn('own.jsonl'), sentence);
    await expectRefusal(evaluateOn('own.jsonl'), sentence);
  });

  it('a word the tokenizer does not have', async () => {
    scratch.writeRows('own.jsonl', [{ prompt: 'What is six times seven ?', answer: '42', hint: 'does' }]);
    const sentence = /tokenizer in \S+\/model has no token for "six" .*use only words of its vocabulary/;
    await expectRefusal(trainOn('own.jsonl'), sentence);
    await expectRefusal(evaluateOn('own.jsonl'), sentence);
  });

  it('a prompt longer than the context', async () => {
    scratch.writeRows('own.jsonl', [ROWS[0], { ...ROWS[1], prompt: `What is ${'a '.repeat(70)}?` }]);
    await expectRefusal(
      trainOn('own.jsonl'),
      /takes 64 tokens and sampling\.maxNewTokens is 16\), but 1 do not:\nproblem "What is a a .*: 75 tokens in the plain context\nLower sampling\.maxNewTokens, or set problems\.unusable: drop/,
    );
    await expectRefusal(
      evaluateOn('own.jsonl'),
      /that of "What is a a .*has 75; lower --max-new-tokens or take the problem out of own\.jsonl\./,
    );
  });

  it('demonstrations', async () => {
    await expectRefusal(
      sft('demonstrations.file=none.jsonl'),
      /demonstrations at \S+\/none\.jsonl, but there is no such file; check the path\./,
    );
    scratch.writeRows('own.jsonl', [{ prompt: 'a', response: 'b' }, { prompt: 'a' }]);
    await expectRefusal(
      sft('demonstrations.file=own.jsonl'),
      /own\.jsonl:2: response: expected text, but it is missing\./,
    );
    scratch.writeRows('own.jsonl', [{ prompt: 'a', response: 'b '.repeat(70) }]);
    await expectRefusal(
      sft('demonstrations.file=own.jsonl'),
      /64 tokens .* number 1 has 7\d; shorten it or leave it out/,
    );
  });
});

describe('a model that cannot be opened', () => {
  const broken = () => scratch.at('broken');
  const weights = () => join(broken(), 'model.safetensors');
  beforeEach(() => {
    rmSync(broken(), { recursive: true, force: true });
    cpSync(scratch.at('model'), broken(), { recursive: true });
  });

  async function expectRefused(sentence: RegExp): Promise<void> {
    await expectRefusal(train('model.folder=broken'), sentence);
    await expectRefusal(sft('model.folder=broken'), sentence);
    await expectRefusal(evaluate('--model', 'broken'), sentence);
  }

  it('because there is no such folder', async () => {
    rmSync(broken(), { recursive: true });
    await expectRefused(
      /model folder at \S+\/broken, but there is no such folder; check the path\. .*download it/,
    );
    writeFileSync(broken(), '');
    await expectRefused(/model folder at \S+\/broken, but there is no such folder/);
  });

  it('because the folder is another', async () => {
    rmSync(broken(), { recursive: true });
    mkdirSync(broken());
    await expectRefused(/tokenizer in \S+\/broken, but there is no tokenizer\.json; point at a model folder/);
  });

  it.each([
    [
      'config.json',
      /broken\/config\.json cannot be read: .* Name a folder in Hugging Face layout, with all the files/,
    ],
    [
      'model.safetensors',
      /broken to hold model\.safetensors or .*neither\. Download the weights as safetensors/,
    ],
    [
      'tokenizer_config.json',
      /chat template in \S+\/broken, .*take the instruct variant of the model, or add a template/,
    ],
  ])('without %s', async (name, sentence) => {
    rmSync(join(broken(), name));
    await expectRefused(sentence);
  });

  it.each([
    [
      { model_type: 'gpt2' },
      /broken\/config\.json asks for model_type "gpt2", .*; use a llama, mistral, qwen2 or qwen3 model/,
    ],
    [{ num_hidden_layers: 3 }, /broken lacks tensor "model\.layers\.2\./],
    [
      { vocab_size: 30 },
      /"model\.embed_tokens\.weight" of \S+ to be \[30, 16\] as config\.json says, got \[31, 16\]/,
    ],
  ])('whose config says %j', async (change, sentence) => {
    const path = join(broken(), 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...config, ...change }));
    await expectRefused(sentence);
  });

  it.each(['config.json', 'tokenizer.json'])('whose %s is not JSON', async (name) => {
    writeFileSync(join(broken(), name), '{ "model_type": ');
    await expectRefused(
      new RegExp(`JSON in \\S+/broken/${name.replace('.', '\\.')}: .*; fetch the file again`),
    );
  });

  it('whose weights are cut off', async () => {
    const bytes = readFileSync(weights());
    writeFileSync(weights(), bytes.subarray(0, -100));
    await expectRefused(
      /model\.safetensors ends at byte \d+, but the file has \d+; it is cut off, download it again/,
    );
    writeFileSync(weights(), bytes.subarray(0, 500));
    await expectRefused(
      /broken\/model\.safetensors to fit in the file of 500 bytes .* is cut off or not in safetensors/,
    );
  });

  it('whose weights have a header that lies', async () => {
    const bytes = readFileSync(weights());
    bytes.writeBigUInt64LE(1n << 60n, 0);
    writeFileSync(weights(), bytes);
    await expectRefused(/model\.safetensors to fit in the file .* claims 1152921504606846976/);
  });

  it('whose tensors lie elsewhere than the header says', async () => {
    const bytes = readFileSync(weights());
    const length = Number(bytes.readBigUInt64LE(0));
    const header = bytes.subarray(8, 8 + length).toString();
    const end = Number(/"data_offsets":\s*\[\d+,\s*(\d+)\]/.exec(header)![1]);
    const lie = header.replace(`${end}]`, `${end + 4}]`);
    expect(lie).not.toBe(header);
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(Buffer.byteLength(lie)));
    writeFileSync(weights(), Buffer.concat([prefix, Buffer.from(lie), bytes.subarray(8 + length)]));
    await expectRefused(
      /Tensor "\S+" of \S+\/broken\/model\.safetensors has \d+ bytes where its shape .*; the file is damaged/,
    );
  });
});

describe('options of eval', () => {
  it.each([
    [['--samples', '0'], /'--samples <n>' argument '0' is invalid\. Expected a whole number from 1 up\./],
    [['--samples', 'ten'], /'--samples <n>' argument 'ten' is invalid\. Expected a whole number from 1 up\./],
    [['--seed', '-1'], /'--seed <n>' argument '-1' is invalid\. Expected a whole number from 0 up\./],
    [['--temperature', '-1'], /'--temperature <t>' argument '-1' is invalid\. Expected a number from 0 up\./],
    [['--top-k', '1.5'], /'--top-k <n>' argument '1\.5' is invalid\. Expected a whole number from 0 up\./],
    [['--top-p', '0'], /'--top-p <p>' argument '0' is invalid\. Expected a number above 0, up to 1\./],
    [['--min-p', '2'], /'--min-p <p>' argument '2' is invalid\. Expected a number from 0 to 1\./],
    [
      ['--stop-string', ''],
      /'--stop-string <text>' argument '' is invalid\. Expected a text of one character or more\./,
    ],
    [['--engine', 'gpu'], /'--engine <kind>' argument 'gpu' is invalid\. Allowed choices are /],
    [
      ['--hint-template', 'Hint'],
      /'--hint-template <text>' argument 'Hint' is invalid\. It must contain both /,
    ],
    [
      ['--level', '2'],
      /hint of level 2 in problems\.jsonl, but the highest level there is 1; lower --level\./,
    ],
    [
      ['--level', '1', '--context', 'plain'],
      /--level 1 with --context hint, got --context plain; leave one of them out/,
    ],
    [['--max-new-tokens', '60'], /room for 60 new tokens within the 64 .*; lower --max-new-tokens/],
  ])('%j', (options, sentence) => expectRefusal(evaluate(...options), sentence));

  it('a hint where no problem has one', async () => {
    scratch.writeRows('own.jsonl', [{ prompt: 'a', answer: 'b' }]);
    await expectRefusal(
      evaluate('--problems', 'own.jsonl', '--context', 'hint'),
      /hint of level 1 in own\.jsonl, but none has a hint; add hints, or leave out --context hint\./,
    );
  });

  it('leave none out that is needed', async () => {
    const withoutSamples = ['eval', '--model', 'model', '--problems', 'problems.jsonl'];
    await expectRefusal(withoutSamples, /required option '--samples <n>' not specified/);
  });
});
