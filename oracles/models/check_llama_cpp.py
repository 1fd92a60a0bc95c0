"""Whether llama.cpp reads a GGUF file that guiderail wrote as guiderail does: tokens of texts, log-probs, greedy tokens.

Run from the repository root, after `npm run build` and `npm run build:native`:
    pip install llama-cpp-python==0.3.36 numpy
    npx guiderail export --model MODEL --out model.gguf
    python oracles/models/check_llama_cpp.py model.gguf

Nothing is written; it fails with the first difference. llama.cpp multiplies float16 matrices by activations rounded to
float16, so log-probs agree to about 1e-2, and greedy tokens to the first near tie: where they part, the two tokens must
be that near.
"""

import json
import subprocess
import sys

import llama_cpp
import numpy as np

TEXTS = ["Hello world, it's 12345 o'clock!\n\n  OK", "don't STOP", "caf\u00e9 \u65e5\u672c\u8a9e \U0001f600 x+=1;\tif (a != b) {}\r\n"]
PROMPTS = ["What is the capital of France?", "Write a sentence about the sea, with the number 1234 in it.", "List three prime numbers."]
NEW_TOKENS, NEAR = 32, 0.05
GUIDERAIL = """
const [path, texts, prompts, count] = JSON.parse(process.argv[1]);
const { loadTokenizer } = await import(process.cwd() + '/dist/data/tokenizer.js');
const { createNativeEngine } = await import(process.cwd() + '/dist/engine/native/native.js');
const tokenizer = await loadTokenizer(path);
const model = await createNativeEngine({}).open({ folder: path, head: 'lm', adapter: { kind: 'none' }, trainable: false });
const requests = prompts.map((content) => ({ promptTokens: tokenizer.renderChat([{ role: 'user', content }]),
  maxNewTokens: count, temperature: 0, stopTokens: tokenizer.stopTokens, seed: 1n }));
const responses = [];
for await (const { index, tokens } of model.sample(requests)) responses[index] = tokens;
const sequences = requests.map(({ promptTokens }, index) => ({ promptTokens, responseTokens: responses[index] }));
const pass = await model.forward(sequences, { gradient: false, want: { logprobs: true }, temperature: 1 });
console.log(JSON.stringify({ texts: texts.map((text) => [...tokenizer.encode(text)]), cases: sequences.map((one, index) =>
  ({ prompt: [...one.promptTokens], response: [...one.responseTokens], logprobs: [...pass.logprobs[index]] })) }));
"""


def main(path):
    request = json.dumps([path, TEXTS, PROMPTS, NEW_TOKENS])
    command = ["node", "--input-type=module", "-e", GUIDERAIL, request]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    model = llama_cpp.Llama(path, n_ctx=128, logits_all=True, verbose=False, n_threads=2)
    for text, tokens in zip(TEXTS, ours["texts"]):
        theirs = model.tokenize(text.encode(), add_bos=False, special=True)
        assert theirs == tokens, f"{text!r}: llama.cpp {theirs}, guiderail {tokens}"
    differences, same = [], 0
    for case in ours["cases"]:
        prompt, response = case["prompt"], case["response"]
        model.reset()
        model.eval(prompt + response)
        logits = np.array(model.scores[len(prompt) - 1 : len(prompt) + len(response) - 1], dtype=np.float64)
        logprobs = logits - np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True)) - logits.max(-1, keepdims=True)
        chosen = logprobs[np.arange(len(response)), response]
        differences.append(np.abs(chosen - np.array(case["logprobs"])).max())
        short = logprobs.max(-1) - chosen
        assert short.max() < NEAR, f"{response[short.argmax()]} is not llama.cpp's choice at {short.argmax()}: {short.max()} below"
        same += int((short == 0).sum())
    total = sum(len(case["response"]) for case in ours["cases"])
    assert max(differences) < NEAR, differences
    print(f"texts: same tokens; greedy: {same} of {total} the same, the others near ties; log-probs within {max(differences):.4f}")


main(sys.argv[1])
