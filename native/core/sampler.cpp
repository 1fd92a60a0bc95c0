#include "sampler.hpp"

#include <algorithm>
#include <map>

#include "random.hpp"

namespace guiderail {

namespace {
/** Sequences under way at once, and bytes their keys and values may take. */
constexpr size_t MOST_SLOTS = 256;
constexpr size_t MEMORY_BYTES = size_t{1} << 30;
/** Prompt tokens of one prefill. */
constexpr size_t PREFILL_TOKENS = 2048;
/** What is hoped to stay in the processor's last cache from step to step. */
constexpr size_t CACHE_BYTES = size_t{16} << 20;
/** Rows a thread needs for its matrices to be worth their reading. */
constexpr size_t ROWS_PER_THREAD = 8;

/**
 * A step reads all weights, and all keys and values. Where the weights fit into the cache, few enough slots for the
 * rest to fit too are up to 1.3 times faster than many; where they do not, each is read for as many rows as can be.
 */
size_t slotLimit(size_t weightBytes, size_t slotBytes, int threads) {
  if (weightBytes >= CACHE_BYTES) return MOST_SLOTS;
  return std::clamp((CACHE_BYTES - weightBytes) / std::max<size_t>(slotBytes, 1), std::min(MOST_SLOTS, ROWS_PER_THREAD * threads), MOST_SLOTS);
}
}  // namespace

size_t SamplerRun::Memory::floats(const ModelShape& shape, size_t positions) {
  return static_cast<size_t>(shape.layers) * shape.keyValueHeads * (KeyValues::keyHeadFor(shape, positions) + positions * shape.headDim);
}

SamplerRun::Memory::Memory(Model& model, size_t positions)
    : shape_(&model.shape()), positions_(positions), all_(model.recycler().take(floats(model.shape(), positions))) {}

KeyValues SamplerRun::Memory::at(int layer) const {
  const ptrdiff_t keyHead = KeyValues::keyHeadFor(*shape_, positions_), valueHead = static_cast<ptrdiff_t>(positions_) * shape_->headDim;
  float* keys = all_.get() + (keyHead + valueHead) * shape_->keyValueHeads * layer;
  return {keys, keyHead, keys + keyHead * shape_->keyValueHeads, valueHead, shape_->headDim};
}

SamplerRun::SamplerRun(Model& model, std::vector<SampleRequest> requests) : model_(model), requests_(std::move(requests)) {
  // In the order in which the prompts first occur.
  std::map<std::vector<int32_t>, int> groupOf;
  std::vector<std::vector<int>> groups;
  for (int i = 0; i < static_cast<int>(requests_.size()); i++) {
    const auto [found, isNew] = groupOf.try_emplace(promptOf(i), static_cast<int>(groups.size()));
    if (isNew) groups.emplace_back();
    groups[found->second].push_back(i);
  }
  for (const std::vector<int>& group : groups) waiting_.insert(waiting_.end(), group.begin(), group.end());
  size_t longest = 0;
  for (int i = 0; i < static_cast<int>(requests_.size()); i++) longest = std::max(longest, responsePositions(i));
  slotLimit_ = slotLimit(model_.parameters().packedBytes(), sizeof(float) * Memory::floats(model_.shape(), longest),
                         model_.runtime().pool.threads());
  slots_.reserve(std::min(slotLimit_, requests_.size()));
}

SamplingProgress SamplerRun::next(const std::atomic<bool>& cancelled, const std::vector<int32_t>& stopping) {
  if (broken_) throw std::runtime_error("This sampling was cancelled or failed; sample again.");
  broken_ = true;
  for (Slot& slot : slots_) {
    if (std::find(stopping.begin(), stopping.end(), slot.request) != stopping.end()) slot.done = slot.stopped = true;
  }
  SamplingProgress progress = collect();
  while (progress.none()) {
    if (!admit(cancelled)) {
      if (slots_.empty()) break;
      decode(cancelled);
    }
    progress = collect();
  }
  broken_ = false;
  return progress;
}

/** What there is to tell; slots of ended sequences are free then. */
SamplingProgress SamplerRun::collect() {
  SamplingProgress progress;
  for (Slot& slot : slots_) {
    if (requests_[slot.request].watched && !slot.told) progress.drawn.push_back({slot.request, slot.tokens.back(), slot.logprobs.back()});
    slot.told = true;
    if (slot.done) progress.ended.push_back({slot.request, std::move(slot.tokens), std::move(slot.logprobs), slot.stopped});
  }
  std::erase_if(slots_, [](const Slot& slot) { return slot.done; });
  return progress;
}

size_t SamplerRun::usedBytes() const {
  size_t used = lastPrompt_ ? lastPrompt_->memory.bytes() : 0;
  const Prompt* counted = lastPrompt_.get();
  for (const Slot& slot : slots_) {
    used += slot.memory.bytes();
    if (slot.prompt.get() != counted) used += slot.prompt->memory.bytes();
    counted = slot.prompt.get();
  }
  return used;
}

/** Fills free slots in the order of waiting; at least one sequence is under way after it, if any waits. Whether it did. */
bool SamplerRun::admit(const std::atomic<bool>& cancelled) {
  bool any = false;
  for (std::vector<int> admitted = takeWaiting(); !admitted.empty(); admitted = takeWaiting()) {
    prefill(admitted, cancelled);
    any = true;
  }
  return any;
}

/** As many as fit into one prefill and into memory. */
std::vector<int> SamplerRun::takeWaiting() {
  std::vector<int> admitted;
  size_t used = waiting_.empty() ? 0 : usedBytes();
  size_t tokens = 0;
  int last = lastRequest_;
  while (!waiting_.empty() && slots_.size() + admitted.size() < slotLimit_) {
    const int request = waiting_.front();
    const bool shared = last >= 0 && promptOf(last) == promptOf(request);
    const size_t promptTokens = shared ? 0 : promptOf(request).size();
    const size_t positions = responsePositions(request);
    const size_t bytes = sizeof(float) * (Memory::floats(model_.shape(), positions) +
                                          (shared ? 0 : Memory::floats(model_.shape(), promptTokens)));
    const bool first = slots_.empty() && admitted.empty();
    if (!first && (used + bytes > MEMORY_BYTES || (!admitted.empty() && tokens + promptTokens > PREFILL_TOKENS))) break;
    used += bytes;
    tokens += promptTokens;
    last = request;
    admitted.push_back(request);
    waiting_.pop_front();
  }
  return admitted;
}

void SamplerRun::prefill(const std::vector<int>& admitted, const std::atomic<bool>& cancelled) {
  const size_t firstSlot = slots_.size();
  const size_t V = model_.shape().vocabularySize;
  std::vector<Prompt*> prompts;
  batch_.clear();
  memories_.clear();
  for (const int request : admitted) {
    const std::vector<int32_t>& prompt = promptOf(request);
    if (lastRequest_ < 0 || promptOf(lastRequest_) != prompt) {
      lastPrompt_ = std::make_shared<Prompt>(model_, static_cast<int>(prompt.size()));
      prompts.push_back(lastPrompt_.get());
      batch_.append(prompt.data(), lastPrompt_->length, 0);
      memories_.push_back({&lastPrompt_->memory, nullptr});
    }
    lastRequest_ = request;
    slots_.push_back({request, lastPrompt_, Memory(model_, responsePositions(request)), {}, {}});
  }
  if (!prompts.empty()) run(cancelled);
  for (size_t i = 0; i < prompts.size(); i++) std::copy_n(logits_.get() + i * V, V, prompts[i]->logits.begin());
  model_.runtime().pool.parallelFor(static_cast<int>(admitted.size()), [&](int i, int thread) {
    Slot& slot = slots_[firstSlot + i];
    draw(slot, slot.prompt->logits.data(), scratch_.get() + 2 * V * thread);
  });
}

void SamplerRun::decode(const std::atomic<bool>& cancelled) {
  batch_.clear();
  memories_.clear();
  for (const Slot& slot : slots_) {
    const int position = slot.prompt->length + static_cast<int>(slot.tokens.size()) - 1;
    batch_.append(&slot.tokens.back(), 1, position);
    batch_.segments.back().prefix = slot.prompt->length;
    memories_.push_back({&slot.memory, &slot.prompt->memory});
  }
  run(cancelled);
  const size_t V = model_.shape().vocabularySize;
  model_.runtime().pool.parallelFor(static_cast<int>(slots_.size()), [&](int i, int thread) {
    draw(slots_[i], logits_.get() + i * V, scratch_.get() + 2 * V * thread);
  });
}

/** Runs batch_ over memories_ -> logits_: one row a segment, that of its last position. */
void SamplerRun::run(const std::atomic<bool>& cancelled) {
  const ModelShape& shape = model_.shape();
  const size_t H = shape.hiddenSize, V = shape.vocabularySize, rows = batch_.rows(), segments = batch_.segments.size();
  if (batch_.rows() > activationRows_) {
    activations_.reset();
    activations_ = std::make_unique<LayerActivations>(shape, batch_.rows(), model_.recycler());
    activationRows_ = batch_.rows();
  }
  output_.reserve(rows * H);
  lastRows_.reserve(segments * H);
  logits_.reserve(segments * V);
  scratch_.reserve(static_cast<size_t>(model_.runtime().pool.threads()) * 2 * V);
  model_.decoder().embed(batch_, activations_->input);
  for (int layer = 0; layer < shape.layers; layer++) {
    if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
    for (size_t s = 0; s < segments; s++) {
      batch_.segments[s].memory = memories_[s].own->at(layer);
      if (memories_[s].prompt) batch_.segments[s].shared = memories_[s].prompt->at(layer);
    }
    model_.decoder().layerForward(layer, batch_, *activations_, layer + 1 < shape.layers ? activations_->input : output_.get(), space_);
  }
  for (size_t s = 0; s < segments; s++) {
    const size_t last = batch_.segments[s].firstRow + batch_.segments[s].rows - 1;
    std::memcpy(lastRows_.get() + s * H, output_.get() + last * H, H * sizeof(float));
  }
  model_.head().logits(static_cast<int>(segments), lastRows_.get(), logits_.get());
}

/** `scratch` has 2·V floats: the tempered logits and their weights. `logits` may be shared and is only read. */
void SamplerRun::draw(Slot& slot, const float* logits, float* scratch) const {
  const Kernels& kernels = model_.runtime().kernels;
  const int V = model_.shape().vocabularySize;
  const SampleRequest& request = requests_[slot.request];
  float* z = scratch;
  float* weights = scratch + V;
  std::memcpy(z, logits, V * sizeof(float));
  if (request.temperature > 0.0f) temper(kernels, V, request.temperature, z);
  const Softmax s = softmax(kernels, V, z, weights);
  int token;
  if (request.temperature == 0.0f) {
    token = static_cast<int>(std::max_element(z, z + V) - z);
  } else {
    const double uniform = uniformAt(request.seed, slot.tokens.size());
    token = request.truncation.keepsAll() ? drawToken(V, weights, s.sum, uniform)
                                          : drawTruncated(V, weights, s.sum, request.truncation, uniform);
  }
  slot.told = false;
  slot.tokens.push_back(token);
  slot.logprobs.push_back(logprobOf(s, z[token]));
  slot.stopped = std::find(request.stopTokens.begin(), request.stopTokens.end(), token) != request.stopTokens.end();
  slot.done = slot.stopped || static_cast<int>(slot.tokens.size()) >= request.maxNewTokens;
}

}  // namespace guiderail
