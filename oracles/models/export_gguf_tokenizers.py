"""What Hugging Face's tokenizers make of texts under each pre-tokenizer that a GGUF file may name.

Run (rewrites oracles/golden/gguf-tokenizers.json):
    pip install tokenizers==0.23.3
    python oracles/models/export_gguf_tokenizers.py

One vocabulary serves all: bytes, and merges chosen so that each way of splitting gives other tokens. The patterns are
those of the tokenizer.json of SmolLM2, Llama 3 and Qwen2; of "default" those of llama.cpp (src/llama-vocab.cpp).
"""

import json
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence, Split

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "gguf-tokenizers.json"

SPECIAL = ["<|begin|>", "<|end|>"]
MERGES = [
    "1 2", "12 3", "123 4", "3 4", "\u0120 1", "\u0120 w", "' t", "' T", "n 't", "n 'T", "! \u010a", "\u010a \u010a",
    "\u010a\u010a \u010a", "\u0120 \u0120", "\u0120\u0120 \u0120", "\u0120 (", "( w", "w o", "\u0120w o", "e \u00cc",
    "e\u00cc \u0123", "\u00c3 \u00a9", "+ +", "++ +", "x +", "\u0120 \u010a", "! !", "a b", "b c", "\u0109 \u0109",
]
# "abc" is a token that no merge makes whole: merges take "ab" first, and nothing joins "ab" and "c".
WHOLE = ["abc"]
TEXTS = [
    "12345 w1 1234, 12 34",
    "don't DON'T 'tis",
    "wow!\n\n\nwo (wo)\r\n\tx",
    "a   b  \n  c ",
    "caf\u00e9 cafe\u0301 \u65e5\u672c\u8a9e \U0001f600",
    "x+++y =<> $5 ^~| !!! ...",
    "abc abcd \u0661\u0662\u0663\u0664",
    "one<|end|> two<|begin|>",
]
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"


def splits(*patterns):
    parts = [Split(Regex(pattern), behavior="isolated") for pattern in patterns]
    return Sequence([*parts, ByteLevel(add_prefix_space=False, use_regex=False)])


PRE_TOKENIZERS = {
    "smollm": Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]),
    "llama-bpe": splits(CONTRACTIONS + r"\p{N}{1,3}" + REST),
    "qwen2": splits(CONTRACTIONS + r"\p{N}" + REST),
    "gpt-2": ByteLevel(add_prefix_space=False),
    "default": splits(r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"),
}


def main():
    tokens = SPECIAL + sorted(pre_tokenizers.ByteLevel.alphabet()) + [merge.replace(" ", "") for merge in MERGES] + WHOLE
    assert len(set(tokens)) == len(tokens)
    ids = {}
    for name, pre_tokenizer in PRE_TOKENIZERS.items():
        model = models.BPE(
            vocab={token: at for at, token in enumerate(tokens)},
            merges=[tuple(merge.split(" ")) for merge in MERGES],
            ignore_merges=name == "llama-bpe",
        )
        tokenizer = Tokenizer(model)
        if name == "qwen2":
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
        ids[name] = [tokenizer.encode(text).ids for text in TEXTS]
    for one in ids:
        others = [other for other in ids if other != one and ids[other] == ids[one]]
        assert not others, f"the texts do not tell {one} from {others}"
    golden = {"tokens": tokens, "types": [3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)), "merges": MERGES}
    GOLDEN.write_text(json.dumps(golden | {"texts": TEXTS, "ids": ids}) + "\n")


if __name__ == "__main__":
    main()
