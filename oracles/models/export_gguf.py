"""A tiny GGUF file, and what gguf-py and transformers make of it; the same for the real SmolLM2.

Run (rewrites test/fixtures/models/tiny-llama.gguf, oracles/golden/gguf.json and gguf-storages.json):
    pip install torch==2.15.0 transformers==5.23.0 gguf==0.19.0
    python oracles/models/export_gguf.py
With GUIDERAIL_SMOLLM2_GGUF naming SmolLM2-135M-Instruct.Q4_1.gguf it writes oracles/golden/smollm2.json instead:
48 greedy tokens, in float32, for each of three prompts, and the log-probs of each.
"""

import base64
import json
import os
from pathlib import Path

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

ROOT = Path(__file__).resolve().parent.parent.parent
FIXTURE = ROOT / "test" / "fixtures" / "models" / "tiny-llama.gguf"
GOLDEN = ROOT / "oracles" / "golden"
HIDDEN, INTERMEDIATE, LAYERS, HEADS, KV_HEADS = 32, 64, 2, 2, 1
PROMPTS = [
    "What is the capital of France?",
    "Write a sentence about the sea, with the number 1234 in it.",
    "List three prime numbers.",
]
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def write_fixture():
    rng = np.random.default_rng(7)
    writer = gguf.GGUFWriter(FIXTURE, "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INTERMEDIATE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    merges = ["h e", "l l", "he ll", "hell o", "\u0120 w", "1 2"]
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *bytes_to_unicode().values()]
    tokens += [merge.replace(" ", "") for merge in merges]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * 3 + [1] * (len(tokens) - 3))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    types = gguf.GGMLQuantizationType
    dequantised = {}

    def add(name, shape, kind, centre=0.0, spread=0.5):
        values = (centre + spread * rng.standard_normal(shape)).astype(np.float32)
        stored = gguf.quants.quantize(values, kind)
        writer.add_tensor(name, stored, raw_dtype=kind)
        dequantised[name] = gguf.quants.dequantize(stored, kind).astype(np.float64)

    kv = HIDDEN // HEADS * KV_HEADS
    add("token_embd.weight", (len(tokens), HIDDEN), types.Q8_0)
    add("output_norm.weight", (HIDDEN,), types.F32, 1.0, 0.1)
    for layer in range(LAYERS):
        at = f"blk.{layer}."
        add(at + "attn_norm.weight", (HIDDEN,), types.F32, 1.0, 0.1)
        add(at + "ffn_norm.weight", (HIDDEN,), types.F32, 1.0, 0.1)
        add(at + "attn_q.weight", (HIDDEN, HIDDEN), types.Q4_1)
        add(at + "attn_k.weight", (kv, HIDDEN), types.Q4_1)
        add(at + "attn_v.weight", (kv, HIDDEN), types.F16)
        add(at + "attn_output.weight", (HIDDEN, HIDDEN), types.F32)
        add(at + "ffn_gate.weight", (INTERMEDIATE, HIDDEN), types.Q4_1)
        add(at + "ffn_up.weight", (INTERMEDIATE, HIDDEN), types.Q8_0)
        add(at + "ffn_down.weight", (HIDDEN, INTERMEDIATE), types.F16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return dequantised


# Offsets of the float16 scales in a block: random bytes there could be infinite.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108]}
SCALES |= {"Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def export_storages():
    """Random bytes of each type, three blocks (two of 256), and the float32 values that gguf-py makes of them."""
    rng = np.random.default_rng(11)
    golden = {}
    for name in ["F32", "F16", "BF16", *SCALES]:
        kind = gguf.GGMLQuantizationType[name]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        if name in SCALES:
            stored = rng.integers(0, 256, (2 if elements == 256 else 3, size), dtype=np.uint8)
            for offset in SCALES[name]:
                scale = (0.01 * rng.standard_normal((len(stored), 1))).astype(np.float16)
                stored[:, offset : offset + 2] = scale.view(np.uint8)
        else:
            values = rng.standard_normal((1, 8)).astype(np.float32)
            stored = gguf.quants.quantize(values, kind).view(np.uint8)
        values = gguf.quants.dequantize(stored if name not in ("F32", "F16") else stored.view(f"f{size}"), kind)
        assert values.dtype == np.float32 and np.isfinite(values).all()
        encode = lambda array: base64.b64encode(array.tobytes()).decode()
        golden[name] = {"number": int(kind), "blocks": encode(stored), "values": encode(values)}
    (GOLDEN / "gguf-storages.json").write_text(json.dumps(golden) + "\n")


def load(path):
    folder, name = str(path.parent), path.name
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder, gguf_file=name)


def logprobs(model, prompt, response):
    with torch.no_grad():
        logits = model(torch.tensor([prompt + response])).logits[0, len(prompt) - 1 : -1].double()
    return logits.log_softmax(-1).gather(-1, torch.tensor(response)[:, None])[:, 0].tolist()


def export_tiny():
    dequantised = write_fixture()
    model, _ = load(FIXTURE)
    prompt, response = [5, 200, 17, 260, 99], [8, 8, 21, 0, 140, 27, 2]
    weights = {name: tensor for name, tensor in model.state_dict().items()}
    golden = {
        "dequantised": {name: values.flatten()[:96].tolist() for name, values in dequantised.items() if "blk.1" not in name},
        "sums": {name: float(values.sum()) for name, values in dequantised.items()},
        "q_proj": weights["model.layers.0.self_attn.q_proj.weight"][:16, 0].tolist(),
        "promptTokens": prompt,
        "responseTokens": response,
        "logprobs": logprobs(model, prompt, response),
    }
    (GOLDEN / "gguf.json").write_text(json.dumps(golden) + "\n")


def export_real(path):
    model, tokenizer = load(path)
    cases = []
    for text in PROMPTS:
        rendered = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, tokenize=False
        )
        prompt = tokenizer.encode(rendered, add_special_tokens=False)
        out = model.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), do_sample=False, max_new_tokens=48, eos_token_id=2, pad_token_id=2
        )
        response = out[0, len(prompt) :].tolist()
        cases.append(
            dict(content=text, promptTokens=prompt, responseTokens=response, logprobs=logprobs(model, prompt, response))
        )
    (GOLDEN / "smollm2.json").write_text(json.dumps(cases) + "\n")


if "GUIDERAIL_SMOLLM2_GGUF" in os.environ:
    export_real(Path(os.environ["GUIDERAIL_SMOLLM2_GGUF"]).resolve())
else:
    export_tiny()
    export_storages()
