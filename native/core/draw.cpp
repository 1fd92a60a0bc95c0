#include "draw.hpp"

#include <algorithm>

namespace guiderail {

namespace {
/** Tokens below this share of the most likely one's probability are seldom needed, and there are many of them. */
constexpr double FIRST_FLOOR = 1.0 / 4096;

using Candidates = std::vector<Candidate>;

double sumOf(Candidates::const_iterator from, Candidates::const_iterator to) {
  double sum = 0.0;
  for (; from != to; ++from) sum += from->weight;
  return sum;
}

/** Tokens with a weight, of at least `floor`; not those whose weight is no number. Returns the sum of their weights. */
double collect(int V, const float* weights, double floor, Candidates& candidates) {
  candidates.clear();
  double sum = 0.0;
  for (int v = 0; v < V; v++) {
    if (!(weights[v] > 0.0f && weights[v] >= floor)) continue;
    candidates.push_back({weights[v], v});
    sum += weights[v];
  }
  return sum;
}

/** Every set that is wanted is a beginning of the order of likelihood, so a floor that leaves enough loses nothing. */
void collectEnough(int V, const float* weights, double total, const Truncation& t, Candidates& candidates) {
  if (t.topK <= 0 && t.topP >= 1.0) {
    collect(V, weights, t.minP, candidates);
    return;
  }
  const double sum = collect(V, weights, FIRST_FLOOR, candidates);
  const bool enough = t.topK > 0 ? candidates.size() >= static_cast<size_t>(t.topK) : sum >= t.topP * total;
  if (!enough) collect(V, weights, 0.0, candidates);
}

/** Leaves the most likely `topK`, in any order. */
void keepTopK(int topK, Candidates& candidates) {
  if (static_cast<size_t>(topK) >= candidates.size()) return;
  std::nth_element(candidates.begin(), candidates.begin() + topK - 1, candidates.end());
  candidates.resize(topK);
}

/** Leaves the fewest most likely whose weights sum to `needed`, in any order: bisection, each half put in its place. */
void keepSum(double needed, Candidates& candidates) {
  const auto begin = candidates.begin();
  size_t from = 0, to = candidates.size();
  double before = 0.0;
  while (to - from > 1) {
    const size_t middle = from + (to - from) / 2;
    std::nth_element(begin + from, begin + middle, begin + to);
    const double half = sumOf(begin + from, begin + middle);
    if (before + half >= needed) {
      to = middle;
    } else {
      before += half;
      from = middle;
    }
  }
  candidates.resize(to);
}
}  // namespace

int drawToken(int V, const float* weights, double total, double uniform) {
  const double target = uniform * total;
  double cumulative = 0.0;
  int lastPositive = 0;
  for (int v = 0; v < V; v++) {
    if (weights[v] > 0.0f) lastPositive = v;
    cumulative += weights[v];
    if (cumulative > target) return v;
  }
  return lastPositive;
}

int drawTruncated(int V, const float* weights, double total, const Truncation& t, double uniform, DrawSpace& space) {
  Candidates& candidates = space.candidates;
  collectEnough(V, weights, total, t, candidates);
  if (candidates.empty()) return 0;
  if (t.topK > 0 || t.topP < 1.0) {
    Candidates& ranked = space.ranked;
    ranked = candidates;
    if (t.topK > 0) {
      keepTopK(t.topK, ranked);
      total = sumOf(ranked.begin(), ranked.end());
    }
    if (t.topP < 1.0) keepSum(t.topP * total, ranked);
    const Candidate last = *std::max_element(ranked.begin(), ranked.end());
    std::erase_if(candidates, [&](const Candidate& candidate) { return last < candidate; });
  }
  if (t.minP > 0.0) std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.weight < t.minP; });
  const double target = uniform * sumOf(candidates.begin(), candidates.end());
  double cumulative = 0.0;
  for (const Candidate& candidate : candidates) {
    cumulative += candidate.weight;
    if (cumulative > target) return candidate.token;
  }
  return candidates.back().token;
}

}  // namespace guiderail
