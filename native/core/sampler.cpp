#include "sampler.hpp"

#include <algorithm>
#include <map>

#include "random.hpp"

namespace guiderail {

namespace {
/** Sequences under way at once, and bytes their keys and values may take. */
constexpr size_t MOST_SLOTS = 256;
constexpr size_t MEMORY_BYTES = size_t{1} << 30;
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

void SamplerRun::Memory::copy(const Memory& from, size_t positions, Pool& pool) {
  const size_t D = shape_->headDim, keys = (positions + 15) / 16 * 16 * D;
  pool.parallelFor(shape_->layers, [&](int layer, int) {
    const KeyValues to = at(layer), source = from.at(layer);
    for (int head = 0; head < shape_->keyValueHeads; head++) {
      std::memcpy(to.keys + head * to.keyHead, source.keys + head * source.keyHead, keys * sizeof(float));
      std::memcpy(to.values + head * to.valueHead, source.values + head * source.valueHead, positions * D * sizeof(float));
    }
  });
}

size_t SamplerRun::slotsFor(Model& model, size_t count, size_t promptTokens, size_t newTokens) {
  const size_t each = sizeof(float) * Memory::floats(model.shape(), newTokens - 1);
  const size_t prompt = sizeof(float) * Memory::floats(model.shape(), promptTokens);
  const size_t limit = slotLimit(model.parameters().packedBytes(), each, model.runtime().pool.threads());
  return std::max<size_t>(1, std::min({limit, count, (MEMORY_BYTES - std::min(prompt, MEMORY_BYTES)) / std::max<size_t>(each, 1)}));
}

SamplerRun::SamplerRun(Model& model, std::vector<SampleRequest> requests) : model_(model), requests_(std::move(requests)) {
  planPrompts();
  size_t longest = 0;
  for (int i = 0; i < static_cast<int>(requests_.size()); i++) longest = std::max(longest, responsePositions(i));
  slotLimit_ = slotLimit(model_.parameters().packedBytes(), sizeof(float) * Memory::floats(model_.shape(), longest),
                         model_.runtime().pool.threads());
  slots_.reserve(std::min(slotLimit_, requests_.size()));
  drawSpaces_.resize(model_.runtime().pool.threads());
}

/** Requests of equal prompts together, and those of prompts that begin alike. */
void SamplerRun::planPrompts() {
  std::map<std::vector<int32_t>, int> groupOf;
  std::vector<std::vector<int>> groups;
  for (int i = 0; i < static_cast<int>(requests_.size()); i++) {
    const auto [found, isNew] = groupOf.try_emplace(promptOf(i), static_cast<int>(groups.size()));
    if (isNew) groups.emplace_back();
    groups[found->second].push_back(i);
  }
  std::vector<const std::vector<int32_t>*> prompts;
  for (const std::vector<int>& group : groups) prompts.push_back(&promptOf(group.front()));
  const PrefixPlan plan = planPrefixes(prompts);
  for (const int g : plan.order) waiting_.insert(waiting_.end(), groups[g].begin(), groups[g].end());
  for (CommonPrefix prefix : plan.prefixes) {
    prefix.prompt = groups[prefix.prompt].front();
    prefixes_.push_back({prefix, prefix.users, nullptr});
  }
  prefixOf_.resize(requests_.size());
  for (size_t g = 0; g < groups.size(); g++) {
    for (const int request : groups[g]) prefixOf_[request] = plan.ofPrompt[g];
  }
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
  for (const Prefix& prefix : prefixes_) used += prefix.memory ? prefix.memory->bytes() : 0;
  return used;
}

size_t SamplerRun::prefixBytes(int request, std::vector<bool>& counted) const {
  size_t bytes = 0;
  for (int p = prefixOf_[request]; mustRun(p) && !counted[p]; p = prefixes_[p].plan.parent) {
    bytes += sizeof(float) * Memory::floats(model_.shape(), prefixes_[p].plan.length);
    counted[p] = true;
  }
  return bytes;
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
  std::vector<bool> counted(prefixes_.size());
  while (!waiting_.empty() && slots_.size() + admitted.size() < slotLimit_) {
    const int request = waiting_.front();
    const bool shared = last >= 0 && promptOf(last) == promptOf(request);
    const size_t promptTokens = shared ? 0 : promptOf(request).size() - prefixLength(prefixOf_[request]);
    size_t bytes = sizeof(float) * Memory::floats(model_.shape(), responsePositions(request));
    if (!shared) bytes += sizeof(float) * Memory::floats(model_.shape(), promptOf(request).size()) + prefixBytes(request, counted);
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

/** Adds to the batch the tokens of `prompt` between its prefix, which was run, and `length`; `memory` gets all positions. */
void SamplerRun::continuePrefix(int prefix, const std::vector<int32_t>& prompt, int length, Memory& memory) {
  const int start = prefixLength(prefix);
  if (prefix >= 0) {
    memory.copy(*prefixes_[prefix].memory, start, model_.runtime().pool);
    if (--prefixes_[prefix].usersLeft == 0) prefixes_[prefix].memory.reset();
  }
  batch_.append(prompt.data() + start, length - start, start);
  memories_.push_back({&memory, nullptr});
}

/** Runs the prefixes that the prompts of these requests continue and that were not run yet: each after its parent. */
void SamplerRun::runPrefixes(const std::vector<int>& requests, const std::atomic<bool>& cancelled) {
  std::vector<bool> wanted(prefixes_.size());
  for (const int request : requests) {
    for (int p = prefixOf_[request]; mustRun(p); p = prefixes_[p].plan.parent) wanted[p] = true;
  }
  std::vector<int> ready;
  for (;;) {
    ready.clear();
    size_t tokens = 0;
    for (int p = 0; p < static_cast<int>(prefixes_.size()) && tokens < PREFILL_TOKENS; p++) {
      const int parent = prefixes_[p].plan.parent;
      if (!wanted[p] || (parent >= 0 && wanted[parent])) continue;
      ready.push_back(p);
      tokens += prefixes_[p].plan.length - prefixLength(parent);
    }
    if (ready.empty()) return;
    batch_.clear();
    memories_.clear();
    for (const int p : ready) {
      const CommonPrefix& plan = prefixes_[p].plan;
      prefixes_[p].memory = std::make_unique<Memory>(model_, plan.length);
      continuePrefix(plan.parent, promptOf(plan.prompt), plan.length, *prefixes_[p].memory);
      wanted[p] = false;
    }
    runLayers(cancelled);
  }
}

void SamplerRun::prefill(const std::vector<int>& admitted, const std::atomic<bool>& cancelled) {
  runPrefixes(admitted, cancelled);
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
      continuePrefix(prefixOf_[request], prompt, lastPrompt_->length, lastPrompt_->memory);
    }
    lastRequest_ = request;
    slots_.push_back({request, lastPrompt_, Memory(model_, responsePositions(request)), {}, {}});
  }
  if (!prompts.empty()) run(cancelled);
  for (size_t i = 0; i < prompts.size(); i++) std::copy_n(logits_.get() + i * V, V, prompts[i]->logits.begin());
  model_.runtime().pool.parallelFor(static_cast<int>(admitted.size()), [&](int i, int thread) {
    Slot& slot = slots_[firstSlot + i];
    draw(slot, slot.prompt->logits.data(), thread);
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
    draw(slots_[i], logits_.get() + i * V, thread);
  });
}

/** Runs batch_ over memories_ -> output_, and their keys and values. */
void SamplerRun::runLayers(const std::atomic<bool>& cancelled) {
  const ModelShape& shape = model_.shape();
  const size_t rows = batch_.rows(), segments = batch_.segments.size();
  if (batch_.rows() > activationRows_) {
    activations_.reset();
    activations_ = std::make_unique<LayerActivations>(shape, batch_.rows(), model_.recycler());
    activationRows_ = batch_.rows();
  }
  output_.reserve(rows * shape.hiddenSize);
  model_.decoder().embed(batch_, activations_->input);
  for (int layer = 0; layer < shape.layers; layer++) {
    if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
    for (size_t s = 0; s < segments; s++) {
      batch_.segments[s].memory = memories_[s].own->at(layer);
      if (memories_[s].prompt) batch_.segments[s].shared = memories_[s].prompt->at(layer);
    }
    model_.decoder().layerForward(layer, batch_, *activations_, layer + 1 < shape.layers ? activations_->input : output_.get(), space_);
  }
  rowsRun_ += rows;
}

/** Runs batch_ over memories_ -> logits_: one row a segment, that of its last position. */
void SamplerRun::run(const std::atomic<bool>& cancelled) {
  const ModelShape& shape = model_.shape();
  const size_t H = shape.hiddenSize, V = shape.vocabularySize, segments = batch_.segments.size();
  runLayers(cancelled);
  lastRows_.reserve(segments * H);
  logits_.reserve(segments * V);
  scratch_.reserve(static_cast<size_t>(model_.runtime().pool.threads()) * 2 * V);
  for (size_t s = 0; s < segments; s++) {
    const size_t last = batch_.segments[s].firstRow + batch_.segments[s].rows - 1;
    std::memcpy(lastRows_.get() + s * H, output_.get() + last * H, H * sizeof(float));
  }
  model_.head().logits(static_cast<int>(segments), lastRows_.get(), logits_.get());
}

/** `logits` may be shared and is only read. */
void SamplerRun::draw(Slot& slot, const float* logits, int thread) {
  const Kernels& kernels = model_.runtime().kernels;
  const int V = model_.shape().vocabularySize;
  const SampleRequest& request = requests_[slot.request];
  float* z = scratch_.get() + static_cast<size_t>(2) * V * thread;
  float* weights = z + V;
  std::memcpy(z, logits, V * sizeof(float));
  if (request.temperature > 0.0f) temper(kernels, V, request.temperature, z);
  const Softmax s = softmax(kernels, V, z, weights);
  int token;
  if (request.temperature == 0.0f) {
    token = static_cast<int>(std::max_element(z, z + V) - z);
  } else {
    const double uniform = uniformAt(request.seed, slot.tokens.size());
    token = request.truncation.keepsAll() ? drawToken(V, weights, s.sum, uniform)
                                          : drawTruncated(V, weights, s.sum, request.truncation, uniform, drawSpaces_[thread]);
  }
  slot.told = false;
  slot.tokens.push_back(token);
  slot.logprobs.push_back(logprobOf(s, z[token]));
  slot.stopped = std::find(request.stopTokens.begin(), request.stopTokens.end(), token) != request.stopTokens.end();
  slot.done = slot.stopped || static_cast<int>(slot.tokens.size()) >= request.maxNewTokens;
}

}  // namespace guiderail
