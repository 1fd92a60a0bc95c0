#include "prefixes.hpp"

#include <algorithm>
#include <numeric>

namespace guiderail {

namespace {
/** Rows that a prefix must save: running it apart reads all weights once more, which costs as much as some rows. */
constexpr int LEAST_SAVED = 64;

int commonLength(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return static_cast<int>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

/** Prompts from `from` to before `to` of the sorted ones, all of which continue `parent`. */
struct Family {
  int from, to, parent;
};

/** Sorts by the first prompt of the longest family that each is in, then of the next longest, and so on. */
std::vector<int> familiesTogether(const PrefixPlan& plan) {
  const int count = static_cast<int>(plan.ofPrompt.size());
  std::vector<int> firstOf(plan.prefixes.size(), -1), order(count);
  std::vector<std::vector<int>> places(count);
  for (int prompt = 0; prompt < count; prompt++) {
    places[prompt] = {prompt};
    for (int p = plan.ofPrompt[prompt]; p >= 0; p = plan.prefixes[p].parent) {
      if (firstOf[p] < 0) firstOf[p] = prompt;
      places[prompt].push_back(firstOf[p]);
    }
    std::reverse(places[prompt].begin(), places[prompt].end());
  }
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) { return places[a] < places[b]; });
  return order;
}
}  // namespace

PrefixPlan planPrefixes(const std::vector<const std::vector<int32_t>*>& prompts) {
  const int count = static_cast<int>(prompts.size());
  PrefixPlan plan{{}, std::vector<int>(count, -1), {}};
  // In sorted order, those that share most are neighbours. common[i] is of sorted prompts i − 1 and i.
  std::vector<int> sorted(count), common(count, 0);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](int a, int b) { return *prompts[a] < *prompts[b]; });
  for (int i = 1; i < count; i++) common[i] = commonLength(*prompts[sorted[i - 1]], *prompts[sorted[i]]);

  std::vector<Family> waiting;
  if (count > 0) waiting.push_back({0, count, -1});
  while (!waiting.empty()) {
    auto [from, to, parent] = waiting.back();
    waiting.pop_back();
    if (to - from == 1) {
      plan.ofPrompt[sorted[from]] = parent;
      if (parent >= 0) plan.prefixes[parent].users++;
      continue;
    }
    const int shared = *std::min_element(common.begin() + from + 1, common.begin() + to);
    // The first is the shortest where it is a prefix of the others; its last token is run for its logits.
    const int length = std::min(shared, static_cast<int>(prompts[sorted[from]]->size()) - 1);
    const int before = parent < 0 ? 0 : plan.prefixes[parent].length;
    if (static_cast<int64_t>(to - from - 1) * (length - before) >= LEAST_SAVED) {
      if (parent >= 0) plan.prefixes[parent].users++;
      plan.prefixes.push_back({length, parent, sorted[from], 0});
      parent = static_cast<int>(plan.prefixes.size()) - 1;
    }
    for (int next = from + 1; next <= to; next++) {
      if (next < to && common[next] > shared) continue;
      waiting.push_back({from, next, parent});
      from = next;
    }
  }
  plan.order = familiesTogether(plan);
  return plan;
}

}  // namespace guiderail
