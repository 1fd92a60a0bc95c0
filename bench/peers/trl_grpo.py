"""TRL's GRPOTrainer on CPU, doing the work of bench/grpo-step.mjs; prints one JSON line.

Install: pip install torch==2.15.0 transformers==5.23.0 trl==1.16.0 accelerate datasets
Prompts of one-letter tokens, k = 8, every completion forced to its full length, random rewards, no KL, one optimizer
step a generation. Medians over the steps after the first; "train" is the step without its generation.
"""
import argparse
import json
import os
import random
import statistics
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: E402
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

GROUP = 8
COMMON = dict(tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=2)
CONFIGS = {
    "tiny": LlamaConfig(vocab_size=128, hidden_size=192, intermediate_size=512, num_hidden_layers=6, num_attention_heads=6,
                        num_key_value_heads=6, max_position_embeddings=1024, **COMMON),
    "135m": LlamaConfig(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
                        num_key_value_heads=3, max_position_embeddings=2048, **COMMON),
}


def letter_tokenizer():
    letters = {chr(code): code - 29 for code in range(32, 127)}
    tokenizer = Tokenizer(models.WordLevel({"<pad>": 0, "<bos>": 1, "<eos>": 2, **letters}, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>",
                                   padding_side="left")


class Clock(TrainerCallback):
    def __init__(self):
        self.generate, self.step = [], []

    def on_step_begin(self, *_args, **_kwargs):
        self.started = time.perf_counter()

    def on_step_end(self, *_args, **_kwargs):
        self.step.append(time.perf_counter() - self.started)

    def wrap(self, generate):
        def timed(*args, **kwargs):
            started = time.perf_counter()
            result = generate(*args, **kwargs)
            self.generate.append(time.perf_counter() - started)
            # What was really done, so that both systems count the same tokens.
            prompts = kwargs["input_ids"] if "input_ids" in kwargs else args[0]
            self.prompt_tokens, self.new_tokens = prompts.shape[1], result.shape[1] - prompts.shape[1]
            return result

        return timed


def peak_memory_mib():
    with open("/proc/self/status") as status:
        return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", choices=CONFIGS, default="tiny")
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--prompt-tokens", type=int, default=44)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    completions = options.prompts * GROUP
    config = GRPOConfig(
        output_dir="trl_out", per_device_train_batch_size=completions, num_generations=GROUP, beta=0.0, learning_rate=1e-5,
        max_completion_length=options.new_tokens, generation_kwargs={"min_new_tokens": options.new_tokens},
        max_steps=options.steps, bf16=options.dtype == "bf16", use_cpu=True, gradient_checkpointing=False,
        report_to=[], logging_steps=1000, save_strategy="no", disable_tqdm=True)
    problems = [{"prompt": f"compute {i} + {i * 7 % 97} step by step ".ljust(options.prompt_tokens, ".")[:options.prompt_tokens]}
                for i in range(1000)]
    trainer = GRPOTrainer(
        model=LlamaForCausalLM(CONFIGS[options.shape]), args=config, processing_class=letter_tokenizer(),
        train_dataset=Dataset.from_list(problems),
        reward_funcs=lambda completions, **_: [float(random.random() > 0.5) for _ in completions])
    clock = Clock()
    trainer.model.generate = clock.wrap(trainer.model.generate)
    trainer.add_callback(clock)
    trainer.train()
    generate, step = statistics.median(clock.generate[1:]), statistics.median(clock.step[1:])
    tokens = completions * options.new_tokens
    print(json.dumps(dict(
        system="trl", shape=options.shape, dtype=options.dtype, completions=completions, promptTokens=clock.prompt_tokens,
        newTokens=clock.new_tokens, steps=len(clock.step), generateTokensPerSecond=round(tokens / generate),
        trainTokensPerSecond=round(tokens / (step - generate)), endToEndTokensPerSecond=round(tokens / step),
        peakMemoryMiB=peak_memory_mib())))


main()
