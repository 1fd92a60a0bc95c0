#include "draw.hpp"

#include <algorithm>
#include <vector>

namespace guiderail {

namespace {
/** Tokens below this share of the most likely one's probability are seldom needed, and there are many of them. */
constexpr double FIRST_FLOOR = 1.0 / 4096;

struct Candidate {
  float weight;
  int token;
  /** Before: more likely, or as likely and of a lower id. */
  bool operator<(const Candidate& other) const { return weight != other.weight ? weight > other.weight : token < other.token; }
};

/** Tokens with a weight, of at least `floor`; not those whose weight is no number. Returns the sum of their weights. */
double collect(int V, const float* weights, double floor, std::vector<Candidate>& candidates) {
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
void collectEnough(int V, const float* weights, double total, const Truncation& t, std::vector<Candidate>& candidates) {
  if (t.topK <= 0 && t.topP >= 1.0) {
    collect(V, weights, t.minP, candidates);
    return;
  }
  const double sum = collect(V, weights, FIRST_FLOOR, candidates);
  const bool enough = t.topK > 0 ? candidates.size() >= static_cast<size_t>(t.topK) : sum >= t.topP * total;
  if (!enough) collect(V, weights, 0.0, candidates);
}

void keepTopK(int topK, std::vector<Candidate>& candidates) {
  if (static_cast<size_t>(topK) >= candidates.size()) return;
  std::nth_element(candidates.begin(), candidates.begin() + topK - 1, candidates.end());
  candidates.resize(topK);
}

void keepTopP(double share, double total, std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end());
  double sum = 0.0;
  size_t kept = 0;
  while (kept < candidates.size() && sum < share * total) sum += candidates[kept++].weight;
  candidates.resize(kept);
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

int drawTruncated(int V, const float* weights, double total, const Truncation& t, double uniform) {
  std::vector<Candidate> kept;
  collectEnough(V, weights, total, t, kept);
  if (t.topK > 0) {
    keepTopK(t.topK, kept);
    std::sort(kept.begin(), kept.end());
    total = 0.0;
    for (const Candidate& candidate : kept) total += candidate.weight;
  }
  if (t.topP < 1.0) keepTopP(t.topP, total, kept);
  std::erase_if(kept, [&](const Candidate& candidate) { return candidate.weight < t.minP; });
  std::sort(kept.begin(), kept.end(), [](const Candidate& a, const Candidate& b) { return a.token < b.token; });
  double sum = 0.0;
  for (const Candidate& candidate : kept) sum += candidate.weight;
  double cumulative = 0.0;
  for (const Candidate& candidate : kept) {
    cumulative += candidate.weight;
    if (cumulative > uniform * sum) return candidate.token;
  }
  return kept.empty() ? 0 : kept.back().token;
}

}  // namespace guiderail
