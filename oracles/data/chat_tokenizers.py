"""Golden numbers for src/data/tokenizer.ts: what Hugging Face's own tokenizer makes of texts and chats.

Pinned: tokenizers 0.23.3, transformers 5.23.0 (any Python they run on).
Run from the repository root, after `npm run build` has made the fixture test/fixtures/data/machines-micro current:

    python oracles/data/chat_tokenizers.py

Writes test/fixtures/data/byte-level/ (a byte-level BPE of 400 tokens in the manner of Llama 3, trained on the
text below), test/fixtures/data/digits/ (bytes, one merge, and the pre-tokenizer Digits in the manner of SmolLM2) and
oracles/golden/tokenizers.json: ids and decoded text for each tokenizer.
"""

import json
from pathlib import Path

import tokenizers
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
assert transformers.__version__ == "5.23.0", transformers.__version__

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "fixtures" / "data"
CORPUS = [
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.",
    "How many clips did Natalia sell altogether in April and May? She sold 48 + 24 = 72 clips altogether.",
    "The answer is \\boxed{72}. Let us think step by step, and check that the answer isn't wrong.",
    "Hint: half of 48 is 24. Add the two numbers. C'est déjà l'été à Zürich.",
]
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
TEMPLATE = (
    "{{- bos_token }}\n"
    "{%- if not date_string is defined %}\n"
    "    {%- if strftime_now is defined %}\n"
    "        {%- set date_string = strftime_now('%d %b %Y') %}\n"
    "    {%- endif %}\n"
    "{%- endif %}\n"
    "{%- for message in messages %}\n"
    "    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}\n"
    "    {%- if message['role'] == 'system' %}{{- 'Today: ' + date_string + '\\n' }}{%- endif %}\n"
    "    {{- message['content'] | trim + '<|eot_id|>' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n"
    "    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n"
    "{%- endif %}\n"
)
TEXTS = [
    "She sold 48 clips.",
    "  two spaces , and a comma !\n\n\ttab",
    "été 日本 🤖 isn't 1234567",
    "<|eot_id|>after a special token",
    "\\boxed{72}",
]
CHATS = [
    [{"role": "user", "content": "How many clips?"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": " How many clips? \n\nHint: half of 48"},
    ],
    [
        {"role": "user", "content": "1 + 1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "and 3?"},
    ],
]
# Digits is every number of Unicode: the space before \u00b3 (bytes C2 B3) is no part of the digit, so the merge of a space
# and byte C2 must not be made there, and must be before \u00b5 (C2 B5).
DIGITS_TEXTS = ["x \u00b2\u00b3 \u00b5", "12 \u00bd 3", "\u0661\u0662 \u2167"]
MACHINES_TEXTS = ["reverse : c b a ; rotate-left : b a c #### b a c", "b a c <eos>", "Hint: ZORB does reverse ."]
MACHINES_CHATS = [
    [{"role": "user", "content": "ZORB is fed b a c . What comes out ? Show each step .\n\nHint: ZORB does reverse ."}],
    [
        {"role": "user", "content": "FLIM is fed b a c"},
        {"role": "assistant", "content": "#### c"},
        {"role": "user", "content": "step ?"},
    ],
]


def write_byte_level(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=395, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    begin = tokenizer.token_to_id(SPECIAL[0])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{SPECIAL[0]} $A", pair=f"{SPECIAL[0]} $A {SPECIAL[0]}:1 $B:1", special_tokens=[(SPECIAL[0], begin)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": {"__type": "AddedToken", "content": SPECIAL[0]},
        "eos_token": SPECIAL[4],
        "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }
    generation = {"eos_token_id": [tokenizer.token_to_id(SPECIAL[1]), tokenizer.token_to_id(SPECIAL[4])]}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "generation_config.json").write_text(json.dumps(generation) + "\n")


def write_digits(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merge = ("\u0120", "\u00c2")
    vocabulary = {token: id for id, token in enumerate([*alphabet, "".join(merge), "<|im_end|>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[merge]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|im_end|>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "clean_up_tokenization_spaces": False,
        "chat_template": "{% for message in messages %}{{ message['content'] + eos_token }}{% endfor %}",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")


def golden(folder: Path, texts: list[str], chats: list[list[dict[str, str]]]) -> dict:
    files = json.loads((folder / "tokenizer_config.json").read_text())
    special = {
        name: files[name]["content"] if isinstance(files[name], dict) else files[name]
        for name in ("bos_token", "eos_token", "pad_token")
        if name in files
    }
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), chat_template=files["chat_template"], **special
    )
    encoded = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False)
        decode = lambda skip: tokenizer.decode(
            ids, skip_special_tokens=skip, clean_up_tokenization_spaces=False
        )
        encoded.append({"text": text, "ids": ids, "decoded": decode(False), "withoutSpecial": decode(True)})
    rendered = []
    for messages in chats:
        text = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=False, date_string="26 Jul 2024"
        )
        rendered.append({"messages": messages, "ids": tokenizer.encode(text, add_special_tokens=False)})
    return {
        "vocabularySize": len(tokenizer),
        "texts": encoded,
        "chats": rendered,
        "framed": {"text": texts[0], "ids": tokenizer.encode(texts[0] + "\n\n")},
    }


if __name__ == "__main__":
    write_byte_level(FIXTURES / "byte-level")
    write_digits(FIXTURES / "digits")
    machines = FIXTURES / "machines-micro"
    result = {
        "format": 1,
        "byte-level": golden(FIXTURES / "byte-level", TEXTS, CHATS),
        "digits": golden(FIXTURES / "digits", DIGITS_TEXTS, [[{"role": "user", "content": DIGITS_TEXTS[0]}]]),
        "machines-micro": golden(machines, MACHINES_TEXTS, MACHINES_CHATS),
    }
    path = ROOT / "oracles" / "golden" / "tokenizers.json"
    path.write_text(json.dumps(result, ensure_ascii=False) + "\n")
