"""Golden truncated distributions, from the logits processors of transformers in float64.

Run from the repository's root (writes oracles/golden/engine/truncation.json):

    python oracles/engine/export_truncation.py

Pinned: torch 2.15.0, transformers 5.23.0. The processors are taken in the order in which `generate` has them:
temperature, top-k, top-p, min-p. Logits are distinct, because transformers says nothing of the order of equals, and
sixteenths from -6 to 6, which float32 and bf16 hold exactly: every engine can be given a model with these logits.
"""

import json
import pathlib

import torch
import transformers
from transformers import LogitsProcessorList, MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

assert torch.__version__.split("+")[0] == "2.15.0", torch.__version__
assert transformers.__version__ == "5.23.0", transformers.__version__
torch.set_num_threads(1)
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "engine" / "truncation.json"

VOCABULARY = 60
CUTS = [
    {"topK": 1},
    {"topK": 7},
    {"topP": 0.3},
    {"topP": 0.9},
    {"topP": 0.999},
    {"minP": 0.05},
    {"minP": 0.5},
    {"topK": 5, "topP": 0.8},
    {"topK": 12, "minP": 0.1},
    {"topP": 0.95, "minP": 0.02},
    {"topK": 10, "topP": 0.9, "minP": 0.03},
    {"topK": 1000},
]


def truncated(logits, temperature, cut):
    processors = LogitsProcessorList([TemperatureLogitsWarper(temperature)])
    if "topK" in cut:
        processors.append(TopKLogitsWarper(cut["topK"]))
    if "topP" in cut:
        processors.append(TopPLogitsWarper(cut["topP"]))
    if "minP" in cut:
        processors.append(MinPLogitsWarper(cut["minP"]))
    return processors(torch.zeros(1, 1, dtype=torch.long), logits[None])[0].softmax(-1)


generator = torch.Generator().manual_seed(1)
cases = []
for temperature in (1.0, 0.6, 1.7):
    logits = (torch.randperm(193, generator=generator)[:VOCABULARY] - 96).double() / 16
    kept = []
    for cut in CUTS:
        probs = truncated(logits, temperature, cut)
        tokens = probs.nonzero().flatten().tolist()
        kept.append({"cut": cut, "tokens": tokens, "probs": [round(probs[t].item(), 9) for t in tokens]})
    cases.append({"temperature": temperature, "logits": logits.tolist(), "kept": kept})

GOLDEN.write_text(json.dumps({"format": 1, "cases": cases}, separators=(",", ":")) + "\n")
