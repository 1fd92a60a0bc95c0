"""Golden numbers of a decoder with LoRA adapters, by PEFT: log-probs, gradients of every A and B, and the adapter folder.

Run after export_golden.py (rewrites oracles/golden/engine/lora/):
    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0 peft==0.21.2
    python oracles/engine/export_lora.py

The base is the golden qwen3 model (queries and keys are normed after their adapters). Float64 as in export_golden.py; A
and B are random in both, rounded to float32 before anything is computed.
"""

import json
import shutil

import peft
import torch
import transformers

import export_golden as oracle

OUT = oracle.OUT / "lora"
BASE = "qwen3"
EXPECTED_PEFT = "0.21.2"
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def main():
    versions = (torch.__version__.split("+")[0], transformers.__version__)
    assert versions == oracle.EXPECTED_VERSIONS, f"expected torch and transformers {oracle.EXPECTED_VERSIONS}, got {versions}"
    assert peft.__version__ == EXPECTED_PEFT, f"expected peft {EXPECTED_PEFT}, got {peft.__version__}"
    torch.set_num_threads(1)
    oracle.replace_float32_islands()
    model_class, config = oracle.FAMILIES[BASE]
    base = model_class(config).to(torch.float64).eval()
    oracle.set_weights(base, seed=1000 + list(oracle.FAMILIES).index(BASE))
    lora = peft.LoraConfig(r=3, lora_alpha=7, target_modules=TARGETS, task_type="CAUSAL_LM")
    model = peft.get_peft_model(base, lora, autocast_adapter_dtype=False).eval()
    generator = torch.Generator().manual_seed(7)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for p in trained.values():
            p.copy_((0.3 * torch.randn(p.shape, generator=generator, dtype=torch.float64)).to(torch.float32))
    with torch.no_grad():
        sequences = []
        for sequence in oracle.SEQUENCES:
            logprobs, entropies = oracle.response_outputs(model, sequence, 1.0)
            scored = [dict(temperature=1.0, logprobs=logprobs.tolist(), entropies=entropies.tolist())]
            sequences.append(dict(**sequence, scored=scored))
    oracle.loss_of(model, 0.7, True).backward()
    gradients = {name.replace(".default", ""): p.grad.flatten().tolist() for name, p in trained.items()}
    shutil.rmtree(OUT, ignore_errors=True)
    model.to(torch.float32).save_pretrained(OUT)
    (OUT / "README.md").unlink(missing_ok=True)
    adapter = json.loads((OUT / "adapter_config.json").read_text())
    adapter["base_model_name_or_path"] = f"../{BASE}"
    (OUT / "adapter_config.json").write_text(json.dumps(adapter, indent=2, sort_keys=True) + "\n")
    golden = dict(
        sequences=sequences,
        temperature=0.7,
        logprobCoefficients=oracle.LOGPROB_COEFFICIENTS,
        entropyCoefficients=oracle.ENTROPY_COEFFICIENTS,
        gradients=gradients,
    )
    (OUT / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
