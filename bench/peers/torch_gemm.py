"""PyTorch's matrix products for bench/sections/gemm.mjs: answers "forward M IN OUT COPIES" (also dx, dW and scores)
with seconds a run, as the program of bench/kernels does: after one run that is not counted, runs of about five
milliseconds together, taking turns with COPIES matrices. Arguments: fp32 or bf16, threads.

Install: pip install torch==2.15.0
"""
import sys
import time

import torch

DTYPE = {"fp32": torch.float32, "bf16": torch.bfloat16}[sys.argv[1]]
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)
matrices = {}


def matrices_of(inputs, outputs, copies):
    if (inputs, outputs, copies) not in matrices:
        matrices[inputs, outputs, copies] = [
            (torch.rand(outputs, inputs).sub_(0.5).to(DTYPE), torch.zeros(outputs, inputs, dtype=DTYPE)) for _ in range(copies)]
    return matrices[inputs, outputs, copies]


def operation(what, x, y):
    """A function of a weight and its gradient; outputs are allocated before."""
    if what == "dx":
        return lambda weight, gradient: torch.mm(y, weight, out=x)
    if what == "dW":
        return lambda weight, gradient: gradient.addmm_(y.t(), x)
    return lambda weight, gradient: torch.mm(x, weight.t(), out=y)


@torch.inference_mode()
def seconds_per_run(what, rows, inputs, outputs, copies):
    pairs = matrices_of(inputs, outputs, copies)
    x, y = torch.rand(rows, inputs).sub_(0.5).to(DTYPE), torch.rand(rows, outputs).sub_(0.5).to(DTYPE)
    run = operation(what, x, y)
    run(*pairs[0])
    runs, started, elapsed = 0, time.perf_counter(), 0.0
    while elapsed < 5e-3:
        runs += 1
        run(*pairs[runs % copies])
        elapsed = time.perf_counter() - started
    return elapsed / runs


print("ready", flush=True)
for line in sys.stdin:
    what, *sizes = line.split()
    print(seconds_per_run(what, *map(int, sizes)), flush=True)
