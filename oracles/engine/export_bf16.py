"""Golden numbers of the decoder whose linear layers multiply bf16 numbers: the same cases as export_golden.py.

Run after it (writes golden-bf16.json beside each golden.json):
    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0
    python oracles/engine/export_bf16.py

Both factors of every product of a linear layer, in forward and in backward, are rounded to bf16 by PyTorch; the sums
and everything else are float64. The script prints how far the same with everything else in float32 lies from it:
what src/engine/tolerances.ts is taken from. An activation that lies by chance on the border between two bf16 numbers
is rounded one way in float32 and the other way in float64; that, not the sums, makes the largest differences.
"""

import json

import torch
import transformers

import export_golden as oracle


def rounded(x):
    return x.to(torch.bfloat16).to(x.dtype)


class RoundedProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        x, weight = rounded(x), rounded(weight)
        ctx.save_for_backward(x, weight)
        return x @ weight.T

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        factor = rounded(gradient)
        return factor @ weight, factor.flatten(0, -2).T @ x.flatten(0, -2)


def rounded_linear(self, x):
    y = RoundedProduct.apply(x, self.weight)
    return y if self.bias is None else y + self.bias


def cases(model):
    outputs = []
    with torch.no_grad():
        for sequence in oracle.SEQUENCES:
            scored = []
            for temperature in oracle.TEMPERATURES:
                logprobs, entropies = oracle.response_outputs(model, sequence, temperature)
                scored.append(dict(temperature=temperature, logprobs=logprobs.tolist(), entropies=entropies.tolist()))
            outputs.append(dict(**sequence, logits=[], scored=scored))
    gradients = [oracle.gradient_case(model, 1.0, False), oracle.gradient_case(model, 0.7, True)]
    return dict(
        format=oracle.FORMAT,
        torch=torch.__version__.split("+")[0],
        transformers=transformers.__version__,
        sequences=outputs,
        logprobCoefficients=oracle.LOGPROB_COEFFICIENTS,
        entropyCoefficients=oracle.ENTROPY_COEFFICIENTS,
        gradients=gradients,
        training=oracle.train(model),
    )


def numbers_of(golden):
    """Each kind of number in a flat list."""
    scored = [s for sequence in golden["sequences"] for s in sequence["scored"]]
    return dict(
        logprobs=[x for s in scored for x in s["logprobs"]],
        entropies=[x for s in scored for x in s["entropies"]],
        gradients=[x for case in golden["gradients"] for g in case["gradients"].values() for x in g],
        gradientNorms=[step["gradNorm"] for step in golden["training"]["steps"]],
        trainedWeights=[x for w in golden["training"]["weights"].values() for x in [w["sum"], w["norm"], *w["entries"]]],
    )


def differences(family, expected, actual):
    expected, actual = numbers_of(expected), numbers_of(actual)
    for kind in expected:
        e, a = torch.tensor(expected[kind], dtype=torch.float64), torch.tensor(actual[kind], dtype=torch.float64)
        d = (e - a).abs()
        print(f"{family:8} {kind:15} largest {d.max():.1e}, relative {(d / e.abs()).max():.1e}; median {d.median():.1e}")


def main():
    versions = (torch.__version__.split("+")[0], transformers.__version__)
    assert versions == oracle.EXPECTED_VERSIONS, f"expected torch and transformers {oracle.EXPECTED_VERSIONS}, got {versions}"
    torch.set_num_threads(1)
    oracle.replace_float32_islands()
    torch.nn.Linear.forward = rounded_linear
    for number, (family, (model_class, config)) in enumerate(oracle.FAMILIES.items()):
        made = {}
        for dtype in (torch.float64, torch.float32):
            model = model_class(config).to(dtype).eval()
            oracle.set_weights(model, seed=1000 + number)
            made[dtype] = cases(model)
        differences(family, made[torch.float64], made[torch.float32])
        exact = json.loads((oracle.OUT / family / "golden.json").read_text())
        differences(f"{family} of exact factors", exact, made[torch.float64])
        (oracle.OUT / family / "golden-bf16.json").write_text(json.dumps(made[torch.float64]) + "\n")


if __name__ == "__main__":
    main()
