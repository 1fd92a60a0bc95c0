#include "plan.hpp"

#include <algorithm>

#include "sampler.hpp"

namespace guiderail {

namespace {
struct Widths {
  explicit Widths(const ModelShape& s)
      : H(s.hiddenSize), Q(s.queryWidth()), K(s.keyWidth()), F(s.intermediateSize), V(s.vocabularySize), normed(s.qkNorm ? 1 : 0) {}
  size_t H, Q, K, F, V, normed;
};

size_t lines(size_t floats) { return static_cast<size_t>(oddLines(static_cast<ptrdiff_t>(floats))); }

/** Rows of the micro-batches of a pass: prompts once for their responses, cut where Model::microBatches cuts. */
std::vector<size_t> microBatchRows(const Workload& work) {
  std::vector<size_t> rows;
  if (work.trained == 0) return rows;
  const size_t each = work.newTokens - 1, prompts = std::max<size_t>(work.trainedPrompts, 1);
  const size_t limit = work.promptTokens + Model::MICRO_BATCH_TOKENS;
  for (size_t prompt = 0; prompt < prompts; prompt++) {
    const size_t responses = work.trained * (prompt + 1) / prompts - work.trained * prompt / prompts;
    if (rows.empty() || rows.back() + work.promptTokens + responses * each > limit) rows.push_back(0);
    rows.back() += work.promptTokens;
    for (size_t i = 0; i < responses; i++) {
      if (rows.back() + each > limit) rows.push_back(work.promptTokens);
      rows.back() += each;
    }
  }
  return rows;
}

/** Floats on loan at most between forward and backward: kept micro-batches, or one that is computed again. */
size_t activations(const Model& model, const std::vector<size_t>& microBatches) {
  const ModelShape& shape = model.shape();
  size_t kept = 0, most = 0;
  for (const size_t rows : microBatches) {
    const size_t layer = Recycler::rounded(LayerActivations::floats(shape, static_cast<int>(rows)));
    const size_t hidden = Recycler::rounded(rows * shape.hiddenSize);
    const size_t whole = layer * shape.layers + hidden;
    if (sizeof(float) * kept + model.activationBytes(static_cast<int>(rows)) <= model.activationBudget()) {
      kept += whole;
      most = std::max(most, kept + hidden);
    } else {
      most = std::max({most, kept + layer + hidden, whole + hidden});
    }
  }
  return most;
}

/** Floats of the keys and values of what is sampled at once. */
size_t keysAndValues(const Model& model, const Workload& work, size_t slots) {
  const ModelShape& shape = model.shape();
  const auto memory = [&](size_t positions) { return Recycler::rounded(SamplerRun::memoryFloats(shape, positions)); };
  const size_t each = std::max<size_t>(1, work.sampled / std::max<size_t>(work.sampledPrompts, 1));
  const size_t prompts = std::min(work.sampledPrompts, slots / each + 1);
  return slots * memory(work.newTokens - 1) + prompts * memory(work.promptTokens);
}

/** What Workspace grows to for a batch of so many rows. */
size_t workspace(const Model& model, size_t rows, size_t longest, bool backward) {
  const ModelShape& shape = model.shape();
  const Widths w(shape);
  const size_t threads = model.runtime().pool.threads();
  const size_t scores = threads * (backward ? 64 + shape.headDim : 32) * lines(longest);
  const size_t forward = rows * (w.H + w.F);
  if (!backward) return forward + scores;
  return forward + scores + rows * (w.H + 2 * w.F + 2 * w.Q + 3 * w.K + w.normed * (w.Q + w.K));
}

size_t headBuffers(const Model& model, size_t rows, bool backward) {
  const Widths w(model.shape());
  const size_t chunk = std::min<size_t>(rows, model.head().chunkRows());
  return chunk * (w.V + (backward ? 4 : 2) * w.H) + model.runtime().pool.threads() * w.V;
}

/** The factors of bf16, in the order in which linear layers ask for them. */
size_t factors(const Model& model, size_t rows, size_t headRows, bool backward) {
  const Products& products = model.runtime().products;
  if (!products.pairs()) return 0;
  const Widths w(model.shape());
  const auto along = [&](size_t m, size_t n) { return m * lines(products.terms(static_cast<int>(n))); };
  const auto down = [&](size_t m, size_t n) { return products.terms(static_cast<int>(m)) * lines(n); };
  const size_t chunk = std::min<size_t>(headRows, model.head().chunkRows());
  const size_t forward = std::max({along(rows, w.H), along(rows, w.Q), along(rows, w.F), along(chunk, w.H)});
  if (!backward) return forward;
  const size_t first = std::max({forward, along(rows, w.F), along(chunk, w.V), down(rows, w.H), down(chunk, w.V)});
  const size_t second = std::max({along(rows, w.F), down(rows, w.F), down(rows, w.Q), down(chunk, w.H)});
  return first + second + down(rows, std::max(w.F, w.Q)) + down(rows, w.H) + down(rows, std::max(w.F, w.K)) + down(rows, w.K);
}
}  // namespace

std::vector<std::pair<std::string, size_t>> planMemory(Model& model, const Workload& work) {
  const ModelShape& shape = model.shape();
  const size_t V = shape.vocabularySize, H = shape.hiddenSize, threads = model.runtime().pool.threads();
  size_t weights = 0, packed = 0, gradients = 0, moments = 0;
  for (const TensorStore* store : model.stores()) {
    weights += store->weightBytes();
    packed += store->factorBytes();
    gradients += store->gradientBytes();
    moments += store->momentBytes();
  }
  const size_t longest = work.promptTokens + work.newTokens;
  const std::vector<size_t> microBatches = microBatchRows(work);
  const size_t trainRows = microBatches.empty() ? 0 : *std::max_element(microBatches.begin(), microBatches.end());
  const size_t slots = work.sampled == 0 ? 0 : SamplerRun::slotsFor(model, work.sampled, work.promptTokens, work.newTokens);
  const size_t together = std::max<size_t>(1, SamplerRun::PREFILL_TOKENS / work.promptTokens);
  const size_t prefill = std::min(together, work.sampledPrompts) * work.promptTokens;
  const size_t sampleRows = std::max(slots, prefill);

  // One pool lends to both; what fits neither is freed only when the pool is full.
  const size_t training = sizeof(float) * activations(model, microBatches);
  const size_t keys = slots == 0 ? 0 : sizeof(float) * keysAndValues(model, work, slots);
  const size_t prefillLayer = slots == 0 ? 0 : sizeof(float) * Recycler::rounded(LayerActivations::floats(shape, static_cast<int>(sampleRows)));
  const size_t sampling = keys + prefillLayer;
  const size_t pool = std::max({training, sampling, std::min(training + sampling, model.recycler().limit())});

  size_t space = 0;
  if (trainRows > 0) {
    space += workspace(model, trainRows, longest, true) + headBuffers(model, trainRows, true) + factors(model, trainRows, trainRows, true);
    space += trainRows * shape.keyWidth();
  }
  if (slots > 0) {
    space += workspace(model, sampleRows, longest, false) + sampleRows * H + slots * (H + V) + 2 * threads * V;
    if (trainRows == 0) space += headBuffers(model, slots, false) - slots * V + factors(model, sampleRows, slots, false);
  }
  return {{"weights", weights},       {"packed copies", packed},       {"gradients", gradients}, {"moments", moments},
          {"keys and values", keys}, {"activations", pool - std::min(pool, keys)}, {"work space", sizeof(float) * space}};
}

}  // namespace guiderail
