"""Golden numbers of the decoder: logits, log-probs, entropies, gradients and ten AdamW steps, per family.

Run (rewrites oracles/golden/engine/):
    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0
    python oracles/engine/export_golden.py

Everything is float64. transformers computes RMSNorm and RoPE in float32 whatever the type of the model, so
both are replaced by the same formulas in float64; the script then checks that the untouched float32 model
gives the same logits within float32 rounding. Weights are drawn in float64 and rounded to float32 before
anything is computed, so that every engine starts from the same bits.
"""

import json
import math
import shutil
from pathlib import Path

import torch
import transformers
from torch import nn
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.models.llama import modeling_llama
from transformers.models.mistral import modeling_mistral
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3

FORMAT = 1
OUT = Path(__file__).resolve().parent.parent / "golden" / "engine"
EXPECTED_VERSIONS = ("2.15.0", "5.23.0")

COMMON = dict(
    vocab_size=32,
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=128,
    pad_token_id=None,
    bos_token_id=None,
    attn_implementation="sdpa",
)
SMALL = COMMON | dict(hidden_size=8, intermediate_size=8, num_attention_heads=2, num_key_value_heads=1, head_dim=8)
# Of the wavelengths 6, 20, 63 and 199 the first is left alone, the second lies on the ramp, the others are slowed.
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 100.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
FAMILIES = {
    "llama": (LlamaForCausalLM, LlamaConfig(**COMMON, rms_norm_eps=1e-5, tie_word_embeddings=False, eos_token_id=2)),
    "qwen2": (
        Qwen2ForCausalLM,
        Qwen2Config(
            **COMMON,
            rms_norm_eps=1e-6,
            tie_word_embeddings=True,
            eos_token_id=[2, 3],
            rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        ),
    ),
    # Eight per head: heads * head_dim is twice the hidden size.
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**COMMON, head_dim=8, rms_norm_eps=1e-6, tie_word_embeddings=True, eos_token_id=2)),
    "llama3": (
        LlamaForCausalLM,
        LlamaConfig(**SMALL, rms_norm_eps=1e-5, tie_word_embeddings=True, eos_token_id=2, rope_parameters=LLAMA3_ROPE),
    ),
    "mistral": (
        MistralForCausalLM,
        MistralConfig(**SMALL, rms_norm_eps=1e-5, tie_word_embeddings=False, eos_token_id=2, sliding_window=None),
    ),
}
MODELINGS = ((modeling_llama, "Llama"), (modeling_mistral, "Mistral"), (modeling_qwen2, "Qwen2"), (modeling_qwen3, "Qwen3"))
SEQUENCES = [
    dict(promptTokens=[5, 17, 2, 30, 11], responseTokens=[8, 8, 21, 0, 14, 27, 2]),
    dict(promptTokens=[31], responseTokens=[4, 19, 7]),
]
TEMPERATURES = [1.0, 0.7]
# d loss / d log-prob and d loss / d entropy, per sequence and response token.
LOGPROB_COEFFICIENTS = [[-0.31, 0.72, -1.13, 0.05, 0.44, -0.87, 0.29], [0.66, -0.19, -0.53]]
ENTROPY_COEFFICIENTS = [[0.21, -0.42, 0.08, 0.37, -0.11, 0.5, -0.26], [-0.33, 0.15, 0.61]]
ADAMW = dict(learningRate=1e-2, beta1=0.9, beta2=0.95, epsilon=1e-8, weightDecay=0.1, maxGradNorm=1.0)
STEPS = 10


def norm_in_own_type(self, hidden_states):
    variance = hidden_states.pow(2).mean(-1, keepdim=True)
    return self.weight * (hidden_states * torch.rsqrt(variance + self.variance_epsilon))


def llama3_frequencies(frequencies, rope):
    """apply_scaling of Llama 3.1 (llama_models, models/llama3/api/model.py), one frequency at a time."""
    original, low, high = (rope[key] for key in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"))
    scaled = []
    for frequency in frequencies.tolist():
        wavelength = 2 * math.pi / frequency
        if wavelength < original / high:
            scaled.append(frequency)
        elif wavelength > original / low:
            scaled.append(frequency / rope["factor"])
        else:
            smooth = (original / wavelength - low) / (high - low)
            scaled.append((1 - smooth) * frequency / rope["factor"] + smooth * frequency)
    return torch.tensor(scaled, dtype=frequencies.dtype)


def rotary_in_own_type(self, x, position_ids):
    config = self.config
    dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    theta = config.rope_parameters["rope_theta"]
    frequencies = 1.0 / theta ** (torch.arange(0, dim, 2, dtype=x.dtype) / dim)
    if config.rope_parameters["rope_type"] == "llama3":
        frequencies = llama3_frequencies(frequencies, config.rope_parameters)
    angles = position_ids[..., None].to(x.dtype) * frequencies
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def replace_float32_islands():
    for module, prefix in MODELINGS:
        getattr(module, f"{prefix}RMSNorm").forward = norm_in_own_type
        getattr(module, f"{prefix}RotaryEmbedding").forward = rotary_in_own_type


def set_weights(model, seed):
    """Weights far enough from their usual start that attention is not uniform and no norm or bias is neutral."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            value = 1 + 0.2 * noise if name.endswith("norm.weight") else 0.3 * noise
            parameter.copy_(value.to(torch.float32).to(parameter.dtype))


def logits_of(model, sequence):
    """[T, V]: row t predicts token t + 1."""
    tokens = torch.tensor([sequence["promptTokens"] + sequence["responseTokens"]])
    return model(input_ids=tokens, use_cache=False).logits[0]


def response_outputs(model, sequence, temperature):
    """Log-probs and entropies of the response tokens, [R] each."""
    first = len(sequence["promptTokens"])
    response = torch.tensor(sequence["responseTokens"])
    logprobs = torch.log_softmax(logits_of(model, sequence)[first - 1 : -1] / temperature, dim=-1)
    entropies = -(logprobs.exp() * logprobs).sum(-1)
    return logprobs.gather(1, response[:, None])[:, 0], entropies


def loss_of(model, temperature, with_entropies):
    total = torch.zeros((), dtype=torch.float64)
    for i, sequence in enumerate(SEQUENCES):
        logprobs, entropies = response_outputs(model, sequence, temperature)
        total = total + (torch.tensor(LOGPROB_COEFFICIENTS[i], dtype=torch.float64) * logprobs).sum()
        if with_entropies:
            total = total + (torch.tensor(ENTROPY_COEFFICIENTS[i], dtype=torch.float64) * entropies).sum()
    return total


def gradient_case(model, temperature, with_entropies):
    model.zero_grad()
    loss = loss_of(model, temperature, with_entropies)
    loss.backward()
    norm = math.sqrt(sum(float(p.grad.pow(2).sum()) for p in model.parameters()))
    gradients = {name: p.grad.flatten().tolist() for name, p in model.named_parameters()}
    return dict(temperature=temperature, entropies=with_entropies, loss=loss.item(), norm=norm, gradients=gradients)


def train(model):
    """Ten steps on the loss at temperature 1; decay on matrices only."""
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [dict(params=matrices, weight_decay=ADAMW["weightDecay"]), dict(params=vectors, weight_decay=0.0)],
        lr=ADAMW["learningRate"],
        betas=(ADAMW["beta1"], ADAMW["beta2"]),
        eps=ADAMW["epsilon"],
    )
    steps = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(model, 1.0, False)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), ADAMW["maxGradNorm"])
        optimizer.step()
        steps.append(dict(loss=loss.item(), gradNorm=norm.item()))
    weights = {}
    for name, parameter in model.named_parameters():
        flat = parameter.detach().flatten()
        # Seven entries spread over the tensor, with the sum and the norm of the whole.
        indices = sorted({round(i * (flat.numel() - 1) / 6) for i in range(7)})
        weights[name] = dict(
            sum=flat.sum().item(), norm=flat.norm().item(), indices=indices, entries=flat[indices].tolist()
        )
    return dict(update=ADAMW, steps=steps, weights=weights)


def export(family, model_class, config, seed):
    folder = OUT / family
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    single = model_class(config).to(torch.float32).eval()
    set_weights(single, seed)
    single.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    with torch.no_grad():
        single_logits = [logits_of(single, sequence) for sequence in SEQUENCES]

    originals = {}
    for module, _ in MODELINGS:
        for cls in vars(module).values():
            if isinstance(cls, type) and cls.__module__ == module.__name__ and cls.__name__.endswith(("RMSNorm", "RotaryEmbedding")):
                originals[cls] = cls.forward
    replace_float32_islands()
    model = model_class(config).to(torch.float64).eval()
    set_weights(model, seed)

    outputs = []
    with torch.no_grad():
        for i, sequence in enumerate(SEQUENCES):
            logits = logits_of(model, sequence)
            difference = (logits - single_logits[i].double()).abs().max().item()
            assert difference < 2e-5, f"{family}: untouched float32 transformers differs by {difference}"
            scored = []
            for temperature in TEMPERATURES:
                logprobs, entropies = response_outputs(model, sequence, temperature)
                scored.append(dict(temperature=temperature, logprobs=logprobs.tolist(), entropies=entropies.tolist()))
            outputs.append(dict(**sequence, logits=logits.tolist(), scored=scored))
    golden = dict(
        format=FORMAT,
        torch=torch.__version__.split("+")[0],
        transformers=transformers.__version__,
        sequences=outputs,
        logprobCoefficients=LOGPROB_COEFFICIENTS,
        entropyCoefficients=ENTROPY_COEFFICIENTS,
        gradients=[gradient_case(model, 1.0, False), gradient_case(model, 0.7, True)],
        training=train(model),
    )
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    for cls, forward in originals.items():
        cls.forward = forward


def main():
    versions = (torch.__version__.split("+")[0], transformers.__version__)
    assert versions == EXPECTED_VERSIONS, f"expected torch and transformers {EXPECTED_VERSIONS}, got {versions}"
    torch.set_num_threads(1)
    for number, (family, (model_class, config)) in enumerate(FAMILIES.items()):
        export(family, model_class, config, seed=1000 + number)


if __name__ == "__main__":
    main()
