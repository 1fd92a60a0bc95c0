// Drawing tokens: by the inverse CDF, and from what a truncation keeps, by hand and against sorting the whole
// vocabulary.
#include <algorithm>
#include <numeric>

#include "../core/draw.hpp"
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
      for (const Truncation& cut : cuts) {
        const std::vector<int> kept = keptOf(weights, total, cut);
        double sum = 0.0, below = 0.0;
        for (int v : kept) sum += weights[v];
        for (int v : kept) {
          // In the middle of its share.
          const double uniform = (below + weights[v] / 2) / sum;
          below += weights[v];
          const int token = drawTruncated(V, weights.data(), total, cut, uniform);
          require(token == v || weights[v] / sum < 1e-12, "drew ", token, " for ", v, " of ", kept.size(), " (", V, " tokens, spread ", spread, ", topK ", cut.topK, ", topP ", cut.topP, ", minP ", cut.minP, ")");
        }
      }
    }
  }
});

Once notFinite("weights that are no numbers are never drawn where another is, and end no process", [] {
  const float nan = std::nanf("");
  const float some[] = {nan, 0.5f, nan, 1.0f}, none[] = {nan, nan, nan, nan};
  for (const Truncation& cut : {Truncation{2}, Truncation{0, 0.9}, Truncation{0, 1.0, 0.1}}) {
    require(drawTruncated(4, some, 1.5, cut, 0.1) != 0 && drawTruncated(4, some, 1.5, cut, 0.9) == 3, "some");
    require(drawTruncated(4, none, nan, cut, 0.5) == 0, "none");
  }
});

}  // namespace
}  // namespace guiderail::tests
