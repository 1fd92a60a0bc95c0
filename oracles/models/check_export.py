"""Whether transformers computes from an exported model folder what guiderail computes from it.

    pip install torch==2.15.0 transformers==5.23.0
    npx guiderail score --model FOLDER --in ROWS.jsonl --out SCORES.jsonl
    python oracles/models/check_export.py FOLDER ROWS.jsonl SCORES.jsonl

Rows are those of `guiderail score`: tokens; prompt and response as text; messages and response. FOLDER is loaded in
float32 and nothing but its own files is used. Of rows given as text the tokens are compared too, so the tokenizer and
the chat template of the folder are checked with the weights. Prints the largest difference between two log-probs;
exits 1 if it is above 1e-4, if tokens differ, or if a row has no score.

transformers gives every folder of model type qwen2 the pre-tokenizer of Qwen2, whatever its tokenizer.json says: a
qwen2 model with another tokenizer is checked with rows of tokens, and opened with PreTrainedTokenizerFast.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

MOST = 1e-4


def read_rows(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").split("\n") if line.strip()]


def tokens_of(row, tokenizer):
    """Tokens of prompt and response; a tokenizer is needed for text alone."""
    if "promptTokens" in row:
        return row["promptTokens"], row["responseTokens"]
    encode = lambda text: tokenizer().encode(text, add_special_tokens=False)
    if "messages" in row:
        rendered = tokenizer().apply_chat_template(row["messages"], add_generation_prompt=True, tokenize=False)
        return encode(rendered), encode(row["response"])
    return encode(row["prompt"]), encode(row["response"])


def logprobs_of(model, prompt, response):
    with torch.no_grad():
        logits = model(torch.tensor([prompt + response])).logits[0, len(prompt) - 1 : -1].double()
    return logits.log_softmax(-1).gather(-1, torch.tensor(response)[:, None])[:, 0].tolist()


def check(folder, rows, scores):
    """Sentences about what is wrong, and the difference of each log-prob."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    loaded = []

    def tokenizer():
        if not loaded:
            loaded.append(AutoTokenizer.from_pretrained(folder))
        return loaded[0]

    if [row["id"] for row in rows] != [score["id"] for score in scores]:
        return ["The scores are not those of the rows, one for each in their order."], []
    faults, differences = [], []
    for row, score in zip(rows, scores):
        prompt, response = tokens_of(row, tokenizer)
        if score.get("responseTokens", response) != response or len(score["logprobs"]) != len(response):
            faults.append(f"Row {row['id']!r}: transformers has response tokens {response}, guiderail has others.")
            continue
        theirs = logprobs_of(model, prompt, response)
        differences += [abs(one - other) for one, other in zip(score["logprobs"], theirs)]
    # Not any(d > MOST), which a number that is none would pass.
    if not all(difference <= MOST for difference in differences):
        faults.append(f"Expected log-probs to differ by at most {MOST}.")
    if not differences:
        faults.append("Expected rows to compare, got none.")
    return faults, differences


def main():
    if len(sys.argv) != 4:
        sys.exit("Usage: python oracles/models/check_export.py FOLDER ROWS.jsonl SCORES.jsonl")
    folder, rows, scores = sys.argv[1:]
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    assert transformers.__version__ == "5.23.0", transformers.__version__
    faults, differences = check(folder, read_rows(rows), read_rows(scores))
    print(f"{folder}: {len(differences)} log-probs differ by at most {max(differences, default=0.0):.2e}")
    if faults:
        sys.exit("\n".join(faults))


main()
