"""Golden numbers for src/algorithms and src/eval, from PyTorch autograd in float64 and plain Python.

Run from the repository's root (writes oracles/golden/algorithms-losses.json and algorithms-statistics.json):

    python oracles/algorithms/export_golden.py

Pinned: torch 2.15.0, numpy 2.4.6. The formulas are written the long way round (means of means instead of
token weights, autograd instead of slopes, enumeration instead of binomials), so that agreement says something.
"""

import itertools
import json
import pathlib
import random
from fractions import Fraction

import numpy as np
import torch

FORMAT = 1
assert torch.__version__.split("+")[0] == "2.15.0", torch.__version__
assert np.__version__ == "2.4.6", np.__version__
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"


# ---- losses ------------------------------------------------------------------------------------------------

def minibatch(name, seed, groups, clip_low=0.2, clip_high=0.2, on_policy=False):
    """groups: lists of (reward, off_context, length). Log-ratios of on-context rows lie on both sides of the
    clip range and close to it; those of off-context rows reach from e^-7 to e^1.5."""
    rng = random.Random(seed)
    rows = []
    for group, members in enumerate(groups):
        for reward, off_context, length in members:
            behaviour = [round(-rng.uniform(0.01, 3.0), 4) for _ in range(length)]
            if on_policy:
                shift = [0.0] * length
            elif off_context:
                shift = [rng.uniform(-7.0, 1.5) for _ in range(length)]
            else:
                shift = [rng.choice([-0.7, -0.24, -0.2, -0.05, 0.0, 0.04, 0.16, 0.19, 0.25, 0.6]) for _ in range(length)]
            current = [round(b + s, 4) for b, s in zip(behaviour, shift)]
            rows.append(dict(group=group, reward=reward, offContext=off_context,
                             behaviourLogprobs=behaviour, logprobs=current))
    return dict(name=name, clipLow=clip_low, clipHigh=clip_high, rows=rows)


def advantages_of(rows, normalize):
    advantages = torch.empty(len(rows))
    for group in {row["group"] for row in rows}:
        members = [r for r, row in enumerate(rows) if row["group"] == group]
        rewards = torch.tensor([rows[r]["reward"] for r in members])
        if len(members) == 1:
            values = rewards
        elif normalize:
            values = (rewards - rewards.mean()) / (rewards.std(correction=1) + 1e-6)
        else:
            values = rewards - rewards.mean()
        advantages[members] = values
    return advantages


def shape(shaping, ratio, gamma):
    kind = shaping["kind"]
    if kind == "unshaped":
        return ratio
    if kind == "power":
        return ratio ** gamma
    return ratio / (ratio + gamma)


def gammas_of(shaping, off_ratios):
    """One γ per off-context row, outside the autograd graph."""
    kind = shaping["kind"]
    if kind == "unshaped":
        return [1.0] * len(off_ratios)
    if kind in ("constant", "power"):
        return [shaping["gamma"]] * len(off_ratios)
    detached = [ratio.detach() for ratio in off_ratios]
    if shaping["perSequence"]:
        return [max(torch.quantile(ratio, shaping["quantile"]).item(), 1e-4) for ratio in detached]
    if not detached:
        return []
    return [max(torch.quantile(torch.cat(detached), shaping["quantile"]).item(), 1e-4)] * len(detached)


def aggregate(aggregation, token_losses):
    kind = aggregation["kind"]
    if kind == "tokenMean":
        return torch.cat(token_losses).mean()
    if kind == "sequenceMean":
        return torch.stack([losses.mean() for losses in token_losses]).mean()
    return torch.stack([losses.sum() / aggregation["length"] for losses in token_losses]).mean()


def solve(batch, shaping, aggregation, normalize):
    rows = batch["rows"]
    advantages = advantages_of(rows, normalize)
    leaves = [torch.tensor(row["logprobs"], requires_grad=True) for row in rows]
    ratios = [torch.exp(leaf - torch.tensor(row["behaviourLogprobs"])) for leaf, row in zip(leaves, rows)]
    off = [r for r, row in enumerate(rows) if row["offContext"]]
    gammas = gammas_of(shaping, [ratios[r] for r in off])
    token_losses, weights = [], []
    for r, row in enumerate(rows):
        if row["offContext"]:
            weight = shape(shaping, ratios[r], gammas[off.index(r)])
            weights.append(weight.tolist())
            token_losses.append(-advantages[r] * weight)
        else:
            clipped = torch.clamp(ratios[r], 1 - batch["clipLow"], 1 + batch["clipHigh"])
            token_losses.append(torch.maximum(-advantages[r] * ratios[r], -advantages[r] * clipped))
    loss = aggregate(aggregation, token_losses)
    on_part = aggregate(aggregation, [losses * (0 if r in off else 1) for r, losses in enumerate(token_losses)])
    grads = torch.autograd.grad(loss, leaves)
    on = [r for r in range(len(rows)) if r not in off]
    flat = [g == 0 and advantages[r] != 0 for r in on for g in grads[r].tolist()]
    return dict(
        batch=batch["name"], shaping=shaping, aggregation=aggregation, normalizeByStd=normalize,
        advantages=advantages.tolist(), gammas=gammas, weights=weights, loss=loss.item(),
        lossOnContext=on_part.item(), clipFraction=sum(map(bool, flat)) / len(flat) if flat else 0,
        dLogprobs=[grad.tolist() for grad in grads])


def losses():
    yes, no = True, False
    mixed = minibatch("mixed", 1, [
        [(1.0, no, 4), (0.0, no, 6), (0.0, no, 3), (1.0, no, 5)],
        [(0.0, no, 5), (0.0, no, 2), (1.0, yes, 5), (0.0, yes, 3)],
        [(0.0, no, 1), (1.0, yes, 6)],
        [(1.0, no, 2)],
    ])
    guided = minibatch("guided only", 2, [[(1.0, yes, 4), (0.0, yes, 7), (1.0, yes, 1)]])
    plain = minibatch("plain only, clip-higher", 3, [[(1.0, no, 6), (0.0, no, 7), (0.3, no, 5)]], 0.2, 0.28)
    kink = minibatch("at the kink", 4, [[(1.0, no, 2), (0.0, no, 3)]], 0.0, 0.0, on_policy=True)
    shapings = [
        dict(kind="unshaped"), dict(kind="constant", gamma=0.1), dict(kind="percentile", quantile=0.9, perSequence=no),
        dict(kind="percentile", quantile=0.9, perSequence=yes), dict(kind="power", gamma=0.5),
    ]
    floor = dict(kind="percentile", quantile=0.0, perSequence=no)
    aggregations = [dict(kind="tokenMean"), dict(kind="sequenceMean"), dict(kind="fixedLength", length=16)]
    cases = [solve(mixed, *rest) for rest in itertools.product(shapings, aggregations, [yes, no])]
    cases += [solve(guided, shaping, aggregations[0], yes) for shaping in shapings]
    cases += [solve(plain, shapings[0], aggregation, yes) for aggregation in aggregations]
    cases += [solve(kink, shapings[0], aggregations[0], yes)]
    sunk = minibatch("ratios under the floor of γ", 5, [[(1.0, yes, 3), (0.0, yes, 3)]])
    for row in sunk["rows"]:
        row["logprobs"] = [round(b - 10 - t, 4) for t, b in enumerate(row["behaviourLogprobs"])]
    cases += [solve(sunk, floor, aggregations[0], yes)]
    return dict(format=FORMAT, torch="2.15.0", batches=[mixed, guided, plain, kink, sunk], cases=cases)


# ---- statistics --------------------------------------------------------------------------------------------

def philox_uniforms(seed, count):
    """Philox4x32-10 (Salmon et al. 2011) as src/random.ts uses it: counter = position, key = seed, 53 bits."""
    mask = 0xFFFFFFFF
    for position in range(count):
        c, k = [position & mask, position >> 32, 0, 0], [seed & mask, seed >> 32]
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & mask, (p0 >> 32) ^ c[3] ^ k[1], p0 & mask]
            k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
        yield ((c[0] >> 5) * 2 ** 26 + (c[1] >> 6)) / 2 ** 53


def bootstrap(values, seed, resamples, confidence):
    uniforms = philox_uniforms(seed, resamples * len(values))
    picks = np.array([int(u * len(values)) for u in uniforms]).reshape(resamples, len(values))
    means = np.array(values)[picks].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return dict(values=values, seed=str(seed), resamples=resamples, confidence=confidence,
                mean=float(np.mean(values)), low=float(low), high=float(high))


def pass_at_k(samples, correct, k):
    """By drawing every subset of k of the samples, the first `correct` of which are right."""
    subsets = list(itertools.combinations(range(samples), k))
    solved = sum(1 for subset in subsets if subset[0] < correct)
    return dict(samples=samples, correct=correct, k=k, passAtK=float(Fraction(solved, len(subsets))))


def statistics():
    rng = random.Random(7)
    arrays = [[3.5], [2.0, 1.0], [1.0, 1.0, 1.0, 5.0], [round(rng.expovariate(0.5), 4) for _ in range(23)],
              [round(rng.uniform(1e-6, 1e-3), 8) for _ in range(10)]]
    quantiles = [dict(values=a, q=q, quantile=torch.quantile(torch.tensor(a), q).item())
                 for a in arrays for q in [0.0, 0.05, 0.3, 0.5, 0.9, 0.95, 1.0]]
    weights = [dict(weights=a, ess=(sum(a) ** 2) / sum(w * w for w in a)) for a in arrays]
    rewards = [[1.0, 0.0, 0.0, 0.0], [1.0, 1.0], [0.7], [0.1, 0.4, -2.0, 0.35, 0.0]]
    advantages = [dict(rewards=r, normalizeByStd=n,
                       advantages=advantages_of([dict(group=0, reward=x) for x in r], n).tolist())
                  for r in rewards for n in [True, False]]
    passes = [pass_at_k(n, c, k) for n, c, k in
              [(1, 0, 1), (1, 1, 1), (4, 1, 2), (8, 0, 8), (8, 3, 5), (8, 3, 6), (10, 9, 1), (12, 2, 4), (16, 5, 8)]]
    scores = [round(rng.random() ** 2, 3) for _ in range(17)]
    bootstraps = [bootstrap(scores, 0x0123456789ABCDEF, 200, 0.95), bootstrap(scores, 5, 101, 0.8)]
    return dict(format=FORMAT, torch="2.15.0", numpy="2.4.6", quantiles=quantiles, effectiveSampleSizes=weights,
                advantages=advantages, passAtK=passes, bootstraps=bootstraps)


GOLDEN.mkdir(exist_ok=True)
for name, content in [("losses", losses()), ("statistics", statistics())]:
    lines = []
    for key, value in content.items():
        if isinstance(value, list):
            items = ",\n".join("  " + json.dumps(item, ensure_ascii=False) for item in value)
            lines.append(f'"{key}": [\n{items}\n]')
        else:
            lines.append(f'"{key}": {json.dumps(value)}')
    path = GOLDEN / f"algorithms-{name}.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(path, path.stat().st_size, "bytes")
