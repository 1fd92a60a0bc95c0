// A whole model: log-probs and their gradients by finite differences, what must change no bit (threads, memory for
// activations, companions), adapters, and updates. Random weights, and shapes of which no width is a multiple of a vector.
#include <algorithm>
#include <numeric>

#include "../core/sampler.hpp"
#include "harness.hpp"

namespace guiderail::tests {
namespace {

using Arrays = std::vector<std::vector<float>>;

const ModelShape NORMED{50, 20, 18, 2, 4, 2, 6, 400, 1e-5, {1.0, 0.05, 0.002}, true, true, true};
const ModelShape PLAIN{37, 22, 28, 2, 3, 1, 10, 400, 1e-5, {1.0, 0.3, 0.05, 0.01, 0.002}, false, false, false};
constexpr size_t EVERYTHING = size_t{1} << 30;

struct Setup {
  ModelShape shape;
  bool lora = false;
  Precision precision = Precision::Float32;
  int threads = 2;
  size_t activationBudget = EVERYTHING;
};

struct RandomModel {
  RandomModel(const Kernels& kernels, const Setup& setup)
      : pool(setup.threads), products(kernels, pool, setup.precision), runtime{kernels, pool, products},
        base(std::make_shared<Parameters>(setup.shape, runtime, !setup.lora)),
        model(setup.shape, runtime, base,
              setup.lora ? std::make_unique<Adapters>(runtime, base->layers(), 3, 1.5f, 0x7fu, true) : nullptr, setup.activationBudget) {
    uint64_t seed = 10;
    for (const Tensor* tensor : model.tensors()) {
      const auto values = numbers(seed++, tensor->size(), tensor->matrix ? 0.4f : 1.0f);
      std::copy(values.begin(), values.end(), tensor->weight);
    }
    model.weightsChanged();
  }
  Pool pool;
  Products products;
  Runtime runtime;
  std::shared_ptr<Parameters> base;
  Model model;
};

std::vector<int32_t> tokensOf(uint64_t seed, int length) {
  std::vector<int32_t> tokens(length);
  for (int i = 0; i < length; i++) tokens[i] = static_cast<int32_t>(uniformAt(seed, i) * 37);
  return tokens;
}

/** Responses of 1, 17, 33, 3 and 20 tokens; the first, the second and the fourth to the same prompt. */
std::vector<ScoredSequence> fewSequences() {
  const auto shared = tokensOf(1, 18);
  return {{shared, tokensOf(2, 1)}, {shared, tokensOf(3, 17)}, {tokensOf(4, 1), tokensOf(5, 33)}, {shared, tokensOf(6, 3)}, {tokensOf(7, 33), tokensOf(8, 20)}};
}

/** Two micro-batches, and a prompt whose responses do not fit into one. */
std::vector<ScoredSequence> manySequences() {
  std::vector<ScoredSequence> sequences;
  for (int i = 0; i < 15; i++) sequences.push_back({tokensOf(100 + i % 5 / 2, 90), tokensOf(200 + i, 1 + i * 37 % 150)});
  return sequences;
}

/** Numbers in (−1, 1), one for each response token. */
Arrays cotangentsFor(const std::vector<ScoredSequence>& sequences, uint64_t seed) {
  Arrays cotangents;
  for (const ScoredSequence& sequence : sequences) cotangents.push_back(numbers(seed++, sequence.response.size()));
  return cotangents;
}

ForwardResult score(Model& model, const std::vector<ScoredSequence>& sequences, bool gradient = false) {
  return model.forward(sequences, {gradient, true, false, 0.8f}, std::atomic<bool>{false});
}

/** Gradients of what `value` is, tensor by tensor; empty where one does not train. */
Arrays gradientsOf(Model& model, const std::vector<ScoredSequence>& sequences, const Arrays& dLogprobs, const Arrays& dEntropies) {
  for (TensorStore* store : model.stores()) store->clearGradients();
  model.backward(score(model, sequences, true).pass, &dLogprobs, &dEntropies);
  Arrays gradients;
  for (const Tensor* t : model.tensors()) gradients.push_back(t->gradient ? std::vector<float>(t->gradient, t->gradient + t->size()) : std::vector<float>());
  return gradients;
}

double inner(const Arrays& a, const Arrays& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); i++) sum += std::inner_product(a[i].begin(), a[i].end(), b[i].begin(), 0.0);
  return sum;
}

double norm(const Arrays& a) { return std::sqrt(inner(a, a)); }

Arrays sumOf(Arrays a, const Arrays& b, float factor) {
  for (size_t i = 0; i < a.size(); i++) {
    for (size_t j = 0; j < a[i].size(); j++) a[i][j] += factor * b[i][j];
  }
  return a;
}

void requireSameArrays(const Arrays& got, const Arrays& expected, const char* what) {
  require(got.size() == expected.size(), what, ": ", got.size(), " arrays");
  for (size_t i = 0; i < got.size(); i++) {
    require(got[i].size() == expected[i].size(), what, " ", i, ": ", got[i].size(), " numbers");
    for (size_t j = 0; j < got[i].size(); j++) requireSame(got[i][j], expected[i][j], what, " ", i, ", ", j);
  }
}

/** The derivative by one weight, by central differences over about ±step. */
double derivative(Model& model, const std::vector<ScoredSequence>& sequences, const Arrays& dLogprobs, const Arrays& dEntropies, float& weight, float step) {
  const float before = weight;
  const auto at = [&](float moved) {
    weight = moved;
    model.weightsChanged();
    const ForwardResult result = score(model, sequences);
    return inner(result.logprobs, dLogprobs) + inner(result.entropies, dEntropies);
  };
  // Kept in floats, so that the distance is the one which was gone.
  const float above = before + step, below = before - step;
  const double difference = at(above) - at(below);
  at(before);
  return difference / (static_cast<double>(above) - below);
}

/**
 * Truncation: that of a central difference over h is h²·f‴/6 and more of h⁴, so twice the step has four times as much,
 * and the difference between the two is three times the error of the smaller. Rounding: log-probs and entropies below
 * 8 come with about a unit of 2^−21 after two layers, two of them allowed here; over a sum with uneven signs they add up
 * as the root of the squares, and two such sums are subtracted and divided by 2h.
 */
void requireDerivatives(const Kernels& kernels, const Setup& setup) {
  constexpr float STEP = 1.0f / 64;
  RandomModel random(kernels, setup);
  Model& model = random.model;
  const auto sequences = fewSequences();
  const Arrays dLogprobs = cotangentsFor(sequences, 30), dEntropies = cotangentsFor(sequences, 60);
  const Arrays gradients = gradientsOf(model, sequences, dLogprobs, dEntropies);
  const double rounding = 2 * std::ldexp(1.0, -21) * std::sqrt(inner(dLogprobs, dLogprobs) + inner(dEntropies, dEntropies)) / STEP;
  for (size_t i = 0; i < gradients.size(); i++) {
    const std::vector<float>& gradient = gradients[i];
    const auto larger = [](float a, float b) { return std::abs(a) < std::abs(b); };
    if (gradient.empty()) continue;
    const size_t largest = std::max_element(gradient.begin(), gradient.end(), larger) - gradient.begin();
    for (const size_t j : {largest, size_t{0}, gradient.size() - 1}) {
      float& weight = model.tensors()[i]->weight[j];
      const double once = derivative(model, sequences, dLogprobs, dEntropies, weight, STEP);
      const double twice = derivative(model, sequences, dLogprobs, dEntropies, weight, 2 * STEP);
      const double bound = rounding + std::abs(twice - once);
      require(j != largest || std::abs(once) > 4 * bound, "a derivative of ", once, " says nothing within ", bound, " (tensor ", i, ", weight ", j, ")");
      requireNear(gradient[j], once, bound, "tensor ", i, ", weight ", j);
    }
  }
}

EachSet derivatives("gradients are the derivatives of log-probs and entropies", [](const Kernels& kernels) {
  for (const ModelShape& shape : {NORMED, PLAIN}) {
    for (const bool lora : {false, true}) requireDerivatives(kernels, {shape, lora});
  }
});

/** Of shapes, adapters and precisions each two come together. */
std::vector<Setup> setups() {
  return {{NORMED, false, Precision::Float32}, {NORMED, true, Precision::Bf16}, {PLAIN, false, Precision::Bf16}, {PLAIN, true, Precision::Float32}};
}

struct Trained {
  ForwardResult pass;
  Arrays weights;
  double gradNorm;
  size_t rowsRun;
};

/** A step: what its forward gives, and the weights after it. */
Trained train(const Kernels& kernels, const Setup& setup, const std::vector<ScoredSequence>& sequences) {
  RandomModel random(kernels, setup);
  const Arrays dLogprobs = cotangentsFor(sequences, 30), dEntropies = cotangentsFor(sequences, 60);
  Trained trained{};
  trained.pass = score(random.model, sequences, true);
  random.model.backward(trained.pass.pass, &dLogprobs, &dEntropies);
  const StepResult result = random.model.step({0.01, 0.9, 0.99, 1e-8, 0.1, 1.0});
  require(result.applied, "a step was refused");
  trained.gradNorm = result.gradNorm;
  for (const Tensor* t : random.model.tensors()) trained.weights.emplace_back(t->weight, t->weight + t->size());
  trained.rowsRun = random.model.rowsRun();
  return trained;
}

EachSet sameBits("threads and the memory for activations change no bit of training", [](const Kernels& kernels) {
  const auto sequences = manySequences();
  for (Setup setup : setups()) {
    setup.threads = 1;
    const Trained expected = train(kernels, setup, sequences);
    setup.threads = 3;
    // One of the two micro-batches is kept, the other one computed again.
    setup.activationBudget = size_t{2} << 20;
    const Trained got = train(kernels, setup, sequences);
    requireSameArrays(got.pass.logprobs, expected.pass.logprobs, "log-probs of sequence");
    requireSameArrays(got.pass.entropies, expected.pass.entropies, "entropies of sequence");
    requireSameArrays(got.weights, expected.weights, "weights of tensor");
    require(got.gradNorm == expected.gradNorm, "norms of gradients");
    require(got.rowsRun > expected.rowsRun && got.rowsRun < 2 * expected.rowsRun, "not one micro-batch of two was computed again");
  }
});

/**
 * Together, sequences run so many rows, have the bits of each alone, and gradients that are the sum of theirs: the same
 * hundreds of terms in another order, with some hundreds of roundings, which do not go one way.
 */
void requireCompanions(const Kernels& kernels, const std::vector<ScoredSequence>& sequences, size_t rows) {
  const Arrays dLogprobs = cotangentsFor(sequences, 30), dEntropies = cotangentsFor(sequences, 60);
  for (const Setup& setup : setups()) {
    RandomModel random(kernels, setup);
    const ForwardResult together = score(random.model, sequences);
    require(random.model.rowsRun() == rows, "ran ", random.model.rowsRun(), " rows, expected ", rows);
    const Arrays gradients = gradientsOf(random.model, sequences, dLogprobs, dEntropies);
    Arrays sum = sumOf(gradients, gradients, -1.0f);
    for (size_t s = 0; s < sequences.size(); s++) {
      const ForwardResult alone = score(random.model, {sequences[s]});
      requireSameArrays(alone.logprobs, {together.logprobs[s]}, "log-probs");
      requireSameArrays(alone.entropies, {together.entropies[s]}, "entropies");
      sum = sumOf(sum, gradientsOf(random.model, {sequences[s]}, {dLogprobs[s]}, {dEntropies[s]}), 1.0f);
    }
    const double distance = norm(sumOf(sum, gradients, -1.0f)) / norm(gradients);
    // Of bf16, cotangents of a shared prompt's rows are rounded after they were added, not before.
    requireNear(distance, 0.0, setup.precision == Precision::Bf16 ? 1.0 / 256 : 2e-6, "share of the gradient's norm");
  }
}

EachSet equalPrompts("sequences beside one another have the bits of each alone, equal prompts are run once in a micro-batch", [](const Kernels& kernels) {
  // 1185 rows of responses and three prompts of 90 tokens, in two micro-batches: no group is cut that fits whole.
  requireCompanions(kernels, manySequences(), 1185 + 90 * 3);
});

EachSet beginnings("beginnings of prompts are run once, one within another, with the bits of each alone", [](const Kernels& kernels) {
  const auto with = [](std::vector<int32_t> a, const std::vector<int32_t>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  const auto root = tokensOf(1, 37), branch = with(root, tokensOf(2, 70));
  const auto first = with(root, tokensOf(3, 5)), second = with(branch, tokensOf(4, 40));
  const std::vector<ScoredSequence> few{{first, tokensOf(20, 1)},  {branch, tokensOf(21, 2)},
                                        {second, tokensOf(22, 2)}, {tokensOf(5, 30), tokensOf(23, 8)},
                                        {first, tokensOf(24, 40)}, {second, tokensOf(25, 2)},
                                        {with(root, {7, 7}), tokensOf(26, 17)}, {with(branch, {9}), tokensOf(27, 1)},
                                        {second, tokensOf(28, 20)}};
  // The root; 5 more and 0 + 39; 2 + 16; the branch but for its last token, which is a prompt; that token and 1; 40 more
  // and that token, and 1 + 1 + 19; that token and one more, and 0; the one apart.
  requireCompanions(kernels, few, 37 + (5 + 39) + (2 + 16) + 69 + (1 + 1) + (41 + 21) + 2 + (30 + 7));
  // Two micro-batches: each has the root and the branch.
  std::vector<ScoredSequence> many;
  for (int i = 0; i < 12; i++) many.push_back({with(branch, tokensOf(40 + i, 20)), tokensOf(60 + i, 101)});
  requireCompanions(kernels, many, 12 * 120 + 2 * 107);
});

/** Factors are rounded by at most 2^−9 of themselves, in some sixteen products one after the other, not all one way. */
EachSet bf16("gradients of bf16 are near those of floats", [](const Kernels& kernels) {
  const auto sequences = fewSequences();
  const Arrays dLogprobs = cotangentsFor(sequences, 30), dEntropies = cotangentsFor(sequences, 60);
  for (const bool lora : {false, true}) {
    RandomModel floats(kernels, {PLAIN, lora}), pairs(kernels, {PLAIN, lora, Precision::Bf16});
    const Arrays expected = gradientsOf(floats.model, sequences, dLogprobs, dEntropies);
    const double distance = norm(sumOf(gradientsOf(pairs.model, sequences, dLogprobs, dEntropies), expected, -1.0f)) / norm(expected);
    require(distance > 0.0 && distance < 16.0 / 512, "they differ by ", distance, " of the norm");
  }
});

/** Merging rounds each weight once more, by 2^−25 at most here; log-probs below 8 have units of 2^−21. */
EachSet merging("merged adapters give the log-probs of adapters, within rounding", [](const Kernels& kernels) {
  const auto sequences = fewSequences();
  for (const ModelShape& shape : {NORMED, PLAIN}) {
    RandomModel adapted(kernels, {shape, true}), base(kernels, {shape}), merged(kernels, {shape});
    const auto tensors = merged.model.tensors();
    for (size_t i = 0; i < tensors.size(); i++) adapted.model.mergeAdapter(i, tensors[i]->weight);
    merged.model.weightsChanged();
    const Arrays expected = score(adapted.model, sequences).logprobs, got = score(merged.model, sequences).logprobs;
    const Arrays without = score(base.model, sequences).logprobs;
    for (size_t s = 0; s < got.size(); s++) {
      for (size_t t = 0; t < got[s].size(); t++) requireNear(got[s][t], expected[s][t], 32 * std::ldexp(1.0, -21), "sequence ", s, ", token ", t);
    }
    require(norm(sumOf(without, expected, -1.0f)) > 1.0, "the adapter says nothing");
  }
});

EachSet sampling("forward gives the log-probs that sampling reported", [](const Kernels& kernels) {
  for (const Setup& setup : setups()) {
    RandomModel random(kernels, setup);
    std::vector<SampleRequest> requests;
    for (const int length : {1, 16, 33}) {
      for (int i = 0; i < 3; i++) requests.push_back({tokensOf(length, length), 3 + 17 * i, 1.0f, {5}, requests.size(), {}, i == 1});
    }
    SamplerRun run(random.model, requests);
    const std::atomic<bool> cancelled{false};
    std::vector<ScoredSequence> sequences;
    Arrays reported;
    for (SamplingProgress progress = run.next(cancelled); !progress.none(); progress = run.next(cancelled)) {
      for (const SampledSequence& ended : progress.ended) {
        sequences.push_back({requests[ended.index].prompt, ended.tokens});
        reported.push_back(ended.logprobs);
      }
    }
    require(sequences.size() == requests.size(), sequences.size(), " ended");
    requireSameArrays(random.model.forward(sequences, {false, false, false, 1.0f}, cancelled).logprobs, reported, "log-probs of sequence");
  }
});

/** The first update of AdamW (Loshchilov & Hutter 2019) on the clipped gradient g: w(1 − ηλ) − η·g/(|g| + ε). */
EachSet updates("a step clips by the norm of all gradients, moves weights as AdamW, and voids passes", [](const Kernels& kernels) {
  const auto sequences = fewSequences();
  const Arrays dLogprobs = cotangentsFor(sequences, 30), dEntropies = cotangentsFor(sequences, 60);
  for (const bool lora : {false, true}) {
    RandomModel random(kernels, {NORMED, lora});
    const Arrays gradients = gradientsOf(random.model, sequences, dLogprobs, dEntropies);
    const uint64_t open = score(random.model, sequences, true).pass;
    Arrays before;
    for (const Tensor* t : random.model.tensors()) before.emplace_back(t->weight, t->weight + t->size());
    constexpr double RATE = 0.01, DECAY = 0.1, EPSILON = 1e-3, LIMIT = 0.5;
    const StepResult result = random.model.step({RATE, 0.9, 0.99, EPSILON, DECAY, LIMIT});
    require(result.applied && random.model.stepCount() == 1, "a step was refused");
    require(norm(gradients) > LIMIT, "the gradient is too small to be clipped");
    requireNear(result.gradNorm, norm(gradients), 1e-6 * norm(gradients), "norm");
    for (size_t i = 0; i < before.size(); i++) {
      const Tensor& t = *random.model.tensors()[i];
      for (size_t j = 0; j < before[i].size(); j++) {
        const double g = gradients[i].empty() ? 0.0 : gradients[i][j] * LIMIT / norm(gradients), w = before[i][j];
        const double decay = !gradients[i].empty() && t.matrix ? RATE * DECAY : 0.0;
        // Some units of the last place of a weight below 1 and of an update below RATE.
        requireNear(t.weight[j], w * (1.0 - decay) - RATE * g / (std::abs(g) + EPSILON), 2e-7, "tensor ", i, ", weight ", j);
      }
    }
    bool refused = false;
    try {
      random.model.backward(open, &dLogprobs, &dEntropies);
    } catch (const std::runtime_error&) {
      refused = true;
    }
    require(refused, "a pass from before the step was taken");
  }
});

EachSet notFinite("a gradient that is not finite is refused: no weight moves, and the next one counts", [](const Kernels& kernels) {
  const auto sequences = fewSequences();
  RandomModel random(kernels, {PLAIN});
  Arrays dLogprobs = cotangentsFor(sequences, 30);
  const Arrays expected = score(random.model, sequences).logprobs;
  dLogprobs[1][3] = std::nanf("");
  random.model.backward(score(random.model, sequences, true).pass, &dLogprobs, nullptr);
  require(!random.model.step({0.01, 0.9, 0.99, 1e-8, 0.1, 1.0}).applied && random.model.stepCount() == 0, "the step was applied");
  requireSameArrays(score(random.model, sequences).logprobs, expected, "log-probs of sequence");
  dLogprobs[1][3] = 0.5f;
  random.model.backward(score(random.model, sequences, true).pass, &dLogprobs, nullptr);
  require(random.model.step({0.01, 0.9, 0.99, 1e-8, 0.1, 1.0}).applied, "the gradient was not cleared");
});

}  // namespace
}  // namespace guiderail::tests
