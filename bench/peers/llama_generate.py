"""llama.cpp's prefill and decode for bench/sections/llama.mjs, through the low-level API of llama-cpp-python: answers
"BATCH PROMPT NEW" with two numbers, seconds of prefilling BATCH prompts of PROMPT tokens and of NEW steps of decode
after it. Tokens are given, not sampled, and logits are computed of what a sampler would look at, as it needs them.

Arguments: a GGUF file, fp32 or bf16 (of keys and values: float32, or llama.cpp's own choice, float16), threads.
Install, for the machine's own instructions: CMAKE_ARGS=-DGGML_NATIVE=ON pip install --no-binary llama-cpp-python
llama-cpp-python==0.3.36
"""
import sys
import time

import llama_cpp

path, dtype, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
MOST_TOKENS = 2048
silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
llama_cpp.llama_log_set(silent, None)
model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
if not model:
    sys.exit(f"llama.cpp could not load {path}.")
vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))


def open_context(sequences, positions):
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx, settings.n_seq_max = sequences * positions, sequences
    settings.n_batch = settings.n_ubatch = MOST_TOKENS
    settings.n_threads = settings.n_threads_batch = threads
    settings.no_perf = True
    if dtype == "fp32":
        settings.type_k = settings.type_v = llama_cpp.GGML_TYPE_F32
    return llama_cpp.llama_init_from_model(model, settings)


def decode(context, batch, rows):
    """Rows of token, position, sequence and whether its logits are wanted."""
    batch.n_tokens = len(rows)
    for i, (token, position, sequence, wanted) in enumerate(rows):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, position, 1, wanted
        batch.seq_id[i][0] = sequence
    if llama_cpp.llama_decode(context, batch) != 0:
        sys.exit("llama_decode failed.")
    llama_cpp.llama_get_logits_ith(context, len(rows) - 1)


def token_at(sequence, position):
    return 3 + (sequence * 7919 + position * 104729) % (vocabulary - 3)


def measure(context, batch, sequences, prompt, new):
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    started = time.perf_counter()
    decode(context, batch, [(token_at(s, p), p, s, p == prompt - 1) for s in range(sequences) for p in range(prompt)])
    prefilled = time.perf_counter()
    for p in range(prompt, prompt + new):
        decode(context, batch, [(token_at(s, p), p, s, True) for s in range(sequences)])
    return prefilled - started, time.perf_counter() - prefilled


contexts = {}
batch = llama_cpp.llama_batch_init(MOST_TOKENS, 0, 1)
print("ready", flush=True)
for line in sys.stdin:
    sequences, prompt, new = map(int, line.split())
    # Rounded up, because llama.cpp pads the positions of a sequence.
    positions = (prompt + new + 255) // 256 * 256
    key = sequences, positions
    if key not in contexts:
        contexts[key] = open_context(sequences, positions)
    print(*measure(contexts[key], batch, sequences, prompt, new), flush=True)
