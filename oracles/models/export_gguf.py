"""Tiny GGUF files, and what gguf-py and transformers make of them; the same for the real SmolLM2.

Run (rewrites test/fixtures/models/tiny-*.gguf, and gguf.json, gguf-storages.json, gguf-families.json in oracles/golden):
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
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, Qwen2Config, Qwen3Config
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


SHARED = dict(
    vocab_size=260, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
    num_key_value_heads=1, max_position_embeddings=128, bos_token_id=0, eos_token_id=2, pad_token_id=None,
)
LLAMA3_ROPE = dict(
    rope_type="llama3", rope_theta=100.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=32,
)
FAMILIES = {
    "llama3": ("llama", "llama-bpe", LlamaConfig(**SHARED, tie_word_embeddings=False, rope_parameters=LLAMA3_ROPE)),
    "qwen2": ("qwen2", "qwen2", Qwen2Config(**SHARED, tie_word_embeddings=True)),
    # Heads of 32: twice the hidden size.
    "qwen3": ("qwen3", "qwen2", Qwen3Config(**SHARED, head_dim=32, tie_word_embeddings=True)),
}
# A type for each ending of a name, so that most types are read as part of a model as well.
STORED = {
    "embed_tokens.weight": "Q8_0", "lm_head.weight": "Q5_1", "q_proj.weight": "Q5_0", "k_proj.weight": "Q4_0",
    "v_proj.weight": "Q4_1", "o_proj.weight": "BF16", "gate_proj.weight": "Q8_0", "up_proj.weight": "F16",
    "down_proj.weight": "Q5_0",
}


def llama_order(rows, heads):
    """Rows in llama.cpp's order: within each head, row j + half comes behind row j (LlamaModel.permute)."""
    half = rows // heads // 2
    return [head * 2 * half + side * half + j for head in range(heads) for j in range(half) for side in range(2)]


def llama3_factors(rope, dim):
    """What conversion stores for llama3 scaling: by how much each frequency is divided."""
    low, high, original = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    factors = []
    for i in range(dim // 2):
        turns = original * rope["rope_theta"] ** (-2 * i / dim) / (2 * np.pi)
        ramp = min(max((turns - low) / (high - low), 0), 1)
        factors.append(1 / ((1 - ramp) / rope["factor"] + ramp))
    return np.array(factors, dtype=np.float32)


def export_families():
    golden = {}
    for number, (family, (architecture, pre, config)) in enumerate(FAMILIES.items()):
        torch.manual_seed(20 + number)
        model = AutoModelForCausalLM.from_config(config).eval()
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[architecture.upper()], config.num_hidden_layers)
        writer = gguf.GGUFWriter(FIXTURE.with_name(f"tiny-{family}.gguf"), architecture)
        head_dim = model.model.layers[0].self_attn.head_dim
        writer.add_block_count(config.num_hidden_layers)
        writer.add_context_length(config.max_position_embeddings)
        writer.add_embedding_length(config.hidden_size)
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_head_count(config.num_attention_heads)
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
        tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *bytes_to_unicode().values(), "\u0120w"]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_list(tokens)
        writer.add_token_types([3] * 3 + [1] * 257)
        writer.add_token_merges(["\u0120 w"])
        writer.add_bos_token_id(0)
        writer.add_eos_token_id(2)
        writer.add_chat_template(TEMPLATE)
        if config.rope_parameters["rope_type"] == "llama3":
            writer.add_rope_scaling_orig_ctx_len(config.rope_parameters["original_max_position_embeddings"])
            writer.add_tensor("rope_freqs.weight", llama3_factors(config.rope_parameters, head_dim))
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                noise = torch.randn(parameter.shape)
                parameter.copy_(1 + 0.2 * noise if name.endswith("norm.weight") else 0.4 * noise)
                ending = ".".join(name.split(".")[-2:])
                kind = gguf.GGMLQuantizationType[STORED[ending] if ending in STORED else "F32"]
                rows = parameter.numpy()
                heads = {"q": config.num_attention_heads, "k": config.num_key_value_heads}.get(ending[0])
                order = np.arange(rows.shape[0])
                if architecture == "llama" and ending in ("q_proj.weight", "k_proj.weight"):
                    order = llama_order(rows.shape[0], heads)
                stored = gguf.quants.quantize(rows[order], kind)
                writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), stored, raw_dtype=kind)
                back = gguf.quants.dequantize(stored, kind)
                parameter.copy_(torch.from_numpy(back[np.argsort(order)]))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        prompt, response = [5, 200, 17, 250, 99], [8, 8, 21, 0, 140, 27, 2]
        golden[family] = {
            "promptTokens": prompt,
            "responseTokens": response,
            "logprobs": logprobs(model.double(), prompt, response),
        }
    (GOLDEN / "gguf-families.json").write_text(json.dumps(golden) + "\n")


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
    export_families()
