// Drawing tokens: by the inverse CDF, and from what a truncation keeps, by hand and against sorting the whole
// vocabulary. Sampling: how many rows it runs where prompts have beginnings in common, and that this changes no bit.
#include <algorithm>
#include <numeric>

#include "../core/draw.hpp"
#include "../core/sampler.hpp"
#include "harness.hpp"

namespace guiderail::tests {
namespace {

Once drawsByHand("a uniform draws the first token whose running sum of weights exceeds it", [] {
  const float weights[] = {1.0f, 0.5f, 0.0f, 0.5f, 0.0f};
  const auto draw = [&](double uniform) { return drawToken(5, weights, 2.0, uniform); };
  require(draw(0.0) == 0 && draw(0.499) == 0 && draw(0.5) == 1 && draw(0.749) == 1 && draw(0.75) == 3 && draw(0.999) == 3, "by hand");
  // A total that rounding made larger than the running sum: the last token with a weight.
  require(drawToken(5, weights, 2.1, 0.99) == 3, "beyond the sum");
});

/** The tokens that a truncation keeps, found the long way round, in ascending order. */
std::vector<int> keptOf(const std::vector<float>& weights, double total, const Truncation& t) {
  std::vector<int> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return weights[a] > weights[b]; });
  std::erase_if(order, [&](int v) { return weights[v] == 0.0f; });
  if (t.topK > 0 && order.size() > static_cast<size_t>(t.topK)) order.resize(t.topK);
  if (t.topK > 0) {
    total = 0.0;
    for (int v : order) total += weights[v];
  }
  if (t.topP < 1.0) {
    double sum = 0.0;
    size_t count = 0;
    while (count < order.size() && sum < t.topP * total) sum += weights[order[count++]];
    order.resize(count);
  }
  std::erase_if(order, [&](int v) { return weights[v] < t.minP; });
  std::sort(order.begin(), order.end());
  return order;
}

/** Weights exp(−s·x) for x ≥ 0, the largest 1, with equals and zeros among them. */
std::vector<float> weightsOf(uint64_t seed, int V, double spread) {
  std::vector<float> weights(V);
  for (int v = 0; v < V; v++) weights[v] = static_cast<float>(std::exp(-spread * std::floor(64 * uniformAt(seed, v)) / 64));
  for (int v = 0; v < V; v += 7) weights[v] = 0.0f;
  weights[V / 2] = 1.0f;
  return weights;
}

Once truncations("a truncation keeps what sorting the whole vocabulary keeps, whatever the spread", [] {
  const Truncation cuts[] = {{1}, {3}, {40}, {5000}, {0, 0.3}, {0, 0.99}, {0, 0.99999}, {0, 1.0, 0.3}, {0, 1.0, 1e-5}, {20, 0.5}, {500, 0.9, 0.4}, {0, 0.9, 0.05}};
  for (const double spread : {0.0, 1.0, 12.0, 60.0, 300.0}) {
    for (const int V : {11, 1000}) {
      const std::vector<float> weights = weightsOf(3, V, spread);
      const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
      DrawSpace space;
      for (const Truncation& cut : cuts) {
        const std::vector<int> kept = keptOf(weights, total, cut);
        double sum = 0.0, below = 0.0;
        for (int v : kept) sum += weights[v];
        for (int v : kept) {
          // In the middle of its share.
          const double uniform = (below + weights[v] / 2) / sum;
          below += weights[v];
          const int token = drawTruncated(V, weights.data(), total, cut, uniform, space);
          require(token == v || weights[v] / sum < 1e-12, "drew ", token, " for ", v, " of ", kept.size(), " (", V, " tokens, spread ", spread, ", topK ", cut.topK, ", topP ", cut.topP, ", minP ", cut.minP, ")");
        }
      }
    }
  }
});

Once notFinite("weights that are no numbers are never drawn where another is, and end no process", [] {
  const float nan = std::nanf("");
  const float some[] = {nan, 0.5f, nan, 1.0f}, none[] = {nan, nan, nan, nan};
  DrawSpace space;
  for (const Truncation& cut : {Truncation{2}, Truncation{0, 0.9}, Truncation{0, 1.0, 0.1}}) {
    require(drawTruncated(4, some, 1.5, cut, 0.1, space) != 0 && drawTruncated(4, some, 1.5, cut, 0.9, space) == 3, "some");
    require(drawTruncated(4, none, nan, cut, 0.5, space) == 0, "none");
  }
});

/** `length` tokens without a pattern. */
std::vector<int32_t> tokensOf(uint64_t seed, int length) {
  std::vector<int32_t> tokens(length);
  for (int i = 0; i < length; i++) tokens[i] = static_cast<int32_t>(uniformAt(seed, i) * 50);
  return tokens;
}

std::vector<int32_t> operator+(std::vector<int32_t> a, const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

PrefixPlan planOf(const std::vector<std::vector<int32_t>>& prompts) {
  std::vector<const std::vector<int32_t>*> pointers;
  for (const auto& prompt : prompts) pointers.push_back(&prompt);
  return planPrefixes(pointers);
}

void requirePrefix(const PrefixPlan& plan, int prompt, int length, int users, int parentLength) {
  const int at = plan.ofPrompt[prompt];
  if (length == 0) return require(at < 0, "prompt ", prompt, " has a prefix");
  require(at >= 0, "prompt ", prompt, " has no prefix");
  const CommonPrefix& prefix = plan.prefixes[at];
  const int parent = prefix.parent < 0 ? 0 : plan.prefixes[prefix.parent].length;
  require(prefix.length == length && prefix.users == users && parent == parentLength && prefix.parent < at, "prompt ", prompt, ": ", prefix.length,
          " tokens, ", prefix.users, " users, after ", parent);
}

Once prefixPlans("common prefixes are found where they save rows, one within another", [] {
  const auto root = tokensOf(1, 40), branch = root + tokensOf(2, 70);
  const PrefixPlan plan = planOf({root + std::vector<int32_t>{1, 9}, branch + std::vector<int32_t>{60}, tokensOf(3, 90), branch + std::vector<int32_t>{61, 7},
                                  root + std::vector<int32_t>{2}, branch});
  // The branch itself is a prompt: its last token is its own.
  requirePrefix(plan, 0, 40, 3, 0);
  requirePrefix(plan, 4, 40, 3, 0);
  requirePrefix(plan, 1, 109, 3, 40);
  requirePrefix(plan, 3, 109, 3, 40);
  requirePrefix(plan, 5, 109, 3, 40);
  requirePrefix(plan, 2, 0, 0, 0);
  require(plan.order == std::vector<int>{0, 1, 3, 5, 4, 2}, "families stand together, the rest where they were given");
  require(planOf({}).prefixes.empty() && planOf({{1}}).ofPrompt[0] == -1, "few prompts");
  // Two prompts save 63 rows, or 64.
  require(planOf({tokensOf(4, 63) + std::vector<int32_t>{1}, tokensOf(4, 63) + std::vector<int32_t>{2}}).prefixes.empty(), "63 rows");
  require(planOf({tokensOf(4, 64) + std::vector<int32_t>{1}, tokensOf(4, 64) + std::vector<int32_t>{2}}).prefixes.size() == 1, "64 rows");
});

/** A small model of random weights, on two threads. */
struct SmallModel {
  explicit SmallModel(const Kernels& kernels)
      : pool(2), products(kernels, pool, Precision::Float32),
        model(SHAPE, {kernels, pool, products}, std::make_shared<Parameters>(SHAPE, Runtime{kernels, pool, products}, false), nullptr, 0) {
    uint64_t seed = 10;
    for (const Tensor* tensor : model.tensors()) {
      const auto values = numbers(seed++, tensor->size(), tensor->matrix ? 0.6f : 1.0f);
      std::copy(values.begin(), values.end(), tensor->weight);
    }
    model.weightsChanged();
  }
  inline static const ModelShape SHAPE{50, 24, 20, 2, 2, 1, 6, 4000, 1e-5, {1.0, 0.05, 0.002}, true, true, false};
  Pool pool;
  Products products;
  Model model;
};

std::vector<SampledSequence> sampleAll(SamplerRun& run) {
  const std::atomic<bool> cancelled{false};
  std::vector<SampledSequence> all;
  for (SamplingProgress progress = run.next(cancelled); !progress.none(); progress = run.next(cancelled)) {
    for (SampledSequence& sequence : progress.ended) all.push_back(std::move(sequence));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return all;
}

/** Two requests of `tokens` new tokens for each prompt. */
std::vector<SampleRequest> requestsFor(const std::vector<std::vector<int32_t>>& prompts, int tokens) {
  std::vector<SampleRequest> requests;
  for (const auto& prompt : prompts) {
    for (int i = 0; i < 2; i++) requests.push_back({prompt, tokens, 1.0f, {}, requests.size()});
  }
  return requests;
}

/** Samples together with the companions and alone: the same, and together so many rows of prompts are run. */
void requireShared(const Kernels& kernels, const std::vector<std::vector<int32_t>>& prompts, size_t promptRows) {
  constexpr int TOKENS = 4;
  SmallModel small(kernels);
  const std::vector<SampleRequest> requests = requestsFor(prompts, TOKENS);
  SamplerRun together(small.model, requests);
  const std::vector<SampledSequence> samples = sampleAll(together);
  const size_t rows = together.rowsRun() - requests.size() * (TOKENS - 1);
  require(samples.size() == requests.size() && rows == promptRows, "ran ", rows, " rows of prompts, expected ", promptRows);
  for (size_t i = 0; i < requests.size(); i++) {
    SamplerRun alone(small.model, {requests[i]});
    const std::vector<SampledSequence> own = sampleAll(alone);
    require(own[0].tokens == samples[i].tokens, "tokens of request ", i);
    for (int t = 0; t < TOKENS; t++) requireSame(samples[i].logprobs[t], own[0].logprobs[t], "request ", i, ", token ", t);
  }
}

EachSet prefixesOnce("a beginning that prompts have in common is run once, with the bits of each alone", [](const Kernels& kernels) {
  const auto root = tokensOf(1, 37), branch = root + tokensOf(2, 70);
  // One prefix of 37, 5 rests of 1 to 5 and 8 tokens; one of 107 whose prompts have 1 more, 2 more and none.
  std::vector<std::vector<int32_t>> prompts;
  for (int i = 1; i <= 5; i++) prompts.push_back(root + tokensOf(20 + i, i));
  requireShared(kernels, prompts, 37 + 1 + 2 + 3 + 4 + 5);
  prompts = {root + std::vector<int32_t>{1}, branch + std::vector<int32_t>{3}, tokensOf(5, 9), branch + std::vector<int32_t>{4, 4}, branch};
  requireShared(kernels, prompts, 37 + (106 - 37) + 1 + 2 + 9 + 3 + 1);
});

EachSet prefixesKept("a prefix is kept from one prefill to the next, and prefixes of many rows are run in parts", [](const Kernels& kernels) {
  const auto root = tokensOf(1, 100);
  std::vector<std::vector<int32_t>> prompts;
  size_t rows = 100;
  // Five families of 500 tokens more, of prompts of 300 to 302 more: several prefills of 2048 tokens.
  for (int f = 0; f < 5; f++) {
    rows += 500;
    for (int i = 0; i < 3; i++) {
      prompts.push_back(root + tokensOf(30 + f, 500) + std::vector<int32_t>{i} + tokensOf(40 + 3 * f + i, 299 + i));
      rows += 300 + i;
    }
  }
  requireShared(kernels, prompts, rows);
});

}  // namespace
}  // namespace guiderail::tests
