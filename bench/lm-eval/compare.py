"""lm-evaluation-harness on one model folder twice: through guiderail serve, and by its own transformers backend.

Prints the metrics of both, and how far apart the log-likelihoods of the single answers are.

    python -m venv venv && venv/bin/pip install -r bench/lm-eval/requirements.txt
    venv/bin/python bench/lm-eval/compare.py MODEL_FOLDER
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

os.environ["HF_DATASETS_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"

import lm_eval
from lm_eval.tasks import TaskManager

HERE = Path(__file__).resolve().parent
TASKS = ["facts_choice", "facts_generate"]


@contextlib.contextmanager
def served(folder: Path):
    """The base URL of a server for the folder, and its log."""
    command = ["node", HERE.parents[1] / "dist/cli/main.js", "serve", "--model", folder, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield re.search(r"http:\S+", process.stdout.readline()).group()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0, "the server did not end well"


def evaluate(model: str, model_args: dict) -> tuple[dict, float]:
    started = time.perf_counter()
    results = lm_eval.simple_evaluate(
        model=model,
        model_args=model_args,
        tasks=TASKS,
        task_manager=TaskManager(include_path=str(HERE / "tasks"), include_defaults=False),
        log_samples=True,
        bootstrap_iters=0,
        random_seed=0,
    )
    return results, time.perf_counter() - started


def by_document(results: dict, task: str) -> list:
    return sorted(results["samples"][task], key=lambda sample: sample["doc_id"])


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    os.chdir(HERE / "tasks")
    with served(folder) as url:
        args = {"model": folder.name, "base_url": f"{url}/completions", "tokenizer": str(folder)}
        ours, our_seconds = evaluate("local-completions", {**args, "tokenizer_backend": "huggingface"})
    theirs, their_seconds = evaluate("hf", {"pretrained": str(folder), "dtype": "float32", "device": "cpu"})

    print(f"\n{'':32}{'serve':>10}{'hf':>10}")
    for task in TASKS:
        for metric, value in ours["results"][task].items():
            if isinstance(value, float) and "stderr" not in metric:
                print(f"{task + ' ' + metric.split(',')[0]:32}{value:10.4f}{theirs['results'][task][metric]:10.4f}")
    print(f"{'seconds':32}{our_seconds:10.1f}{their_seconds:10.1f}")

    answers = [
        (ours_, theirs_)
        for a, b in zip(by_document(ours, TASKS[0]), by_document(theirs, TASKS[0]), strict=True)
        for ours_, theirs_ in zip(a["filtered_resps"], b["filtered_resps"], strict=True)
    ]
    apart = [abs(a[0] - b[0]) for a, b in answers]
    greedy = sum(a[1] == b[1] for a, b in answers)
    print(f"log-likelihoods: {len(apart)}, largest difference {max(apart):.2e}, mean {sum(apart) / len(apart):.2e}")
    print(f"is_greedy: the same for {greedy} of {len(answers)}, true for {sum(a[1] for a, _ in answers)}")
    texts = list(zip(by_document(ours, TASKS[1]), by_document(theirs, TASKS[1]), strict=True))
    same = sum(a["resps"] == b["resps"] for a, b in texts)
    print(f"generated texts: the same for {same} of {len(texts)}")


if __name__ == "__main__":
    main()
