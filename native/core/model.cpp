#include "model.hpp"

#include <algorithm>

#include "prefixes.hpp"

namespace guiderail {

namespace {
void checkCancelled(const std::atomic<bool>* cancelled) {
  if (cancelled && cancelled->load(std::memory_order_relaxed)) throw Cancelled();
}

/** The arrays of some sequences in a row; none for a null pointer. */
std::vector<float> flatten(const std::vector<std::vector<float>>* arrays, const std::vector<size_t>& sequences) {
  std::vector<float> flat;
  if (!arrays) return flat;
  for (const size_t s : sequences) flat.insert(flat.end(), (*arrays)[s].begin(), (*arrays)[s].end());
  return flat;
}

/** NaN is not zero. */
bool anyNonZero(const std::vector<float>& numbers) {
  return std::any_of(numbers.begin(), numbers.end(), [](float x) { return x != 0.0f; });
}

/** Whether there is one number for each scored row of a micro-batch. */
bool fits(const std::vector<std::vector<float>>* arrays, const std::vector<size_t>& sequences, size_t rows) {
  if (!arrays) return true;
  size_t size = 0;
  for (const size_t s : sequences) {
    if (s >= arrays->size()) return false;
    size += (*arrays)[s].size();
  }
  return size == rows;
}

/** Sequences of equal prompts together, in the order in which the prompts first occur. */
std::vector<std::vector<size_t>> groupsByPrompt(const std::vector<ScoredSequence>& sequences) {
  std::vector<std::vector<size_t>> groups;
  std::map<std::vector<int32_t>, size_t> groupOf;
  for (size_t s = 0; s < sequences.size(); s++) {
    const auto [found, isNew] = groupOf.try_emplace(sequences[s].prompt, groups.size());
    if (isNew) groups.emplace_back();
    groups[found->second].push_back(s);
  }
  return groups;
}

/**
 * Beginnings of prompts that are run once for all that continue them: those in common, and the prompts of several
 * responses themselves, whose numbers follow.
 */
PrefixPlan planBeginnings(const std::vector<ScoredSequence>& sequences, const std::vector<std::vector<size_t>>& groups) {
  std::vector<const std::vector<int32_t>*> prompts;
  for (const auto& group : groups) prompts.push_back(&sequences[group.front()].prompt);
  PrefixPlan plan = planPrefixes(prompts);
  for (int g = 0; g < static_cast<int>(groups.size()); g++) {
    if (groups[g].size() == 1) continue;
    plan.prefixes.push_back({static_cast<int>(prompts[g]->size()), plan.ofPrompt[g], g, static_cast<int>(groups[g].size())});
    plan.ofPrompt[g] = static_cast<int>(plan.prefixes.size()) - 1;
  }
  return plan;
}

/** The beginnings that a batch holds: a segment for each, −1 where it has none. */
struct Beginnings {
  const std::vector<CommonPrefix>& all;
  std::vector<int> segments = std::vector<int>(all.size(), -1);

  void forget() { std::fill(segments.begin(), segments.end(), -1); }
  int length(int beginning) const { return beginning < 0 ? 0 : all[beginning].length; }
  int missingRows(int beginning) const {
    if (beginning < 0 || segments[beginning] >= 0) return 0;
    const int parent = all[beginning].parent;
    return length(beginning) - length(parent) + missingRows(parent);
  }
  /** Its segment, which is appended where it is missing. */
  int segmentFor(Batch& batch, int beginning, const std::vector<int32_t>& prompt) {
    if (beginning < 0) return -1;
    if (segments[beginning] < 0) {
      const int parent = all[beginning].parent, start = length(parent);
      const int before = segmentFor(batch, parent, prompt);
      segments[beginning] = static_cast<int>(batch.segments.size());
      batch.append(prompt.data() + start, length(beginning) - start, start, before);
    }
    return segments[beginning];
  }
};

/**
 * Adds what a sequence has after segment `parent`, or all of it for −1. The last response token predicts nothing that is
 * asked for, so it is not run.
 */
void addSequence(Batch& batch, std::vector<ScoredRow>& rows, const ScoredSequence& sequence, int parent) {
  const Segment before = parent < 0 ? Segment{} : batch.segments[parent];
  const int start = before.start + before.rows, own = batch.rows();
  std::vector<int32_t> tokens(sequence.prompt.begin() + start, sequence.prompt.end());
  const int rest = static_cast<int>(tokens.size());
  tokens.insert(tokens.end(), sequence.response.begin(), sequence.response.end() - 1);
  if (!tokens.empty()) batch.append(tokens.data(), static_cast<int>(tokens.size()), start, parent);
  rows.push_back({rest > 0 ? own + rest - 1 : before.firstRow + before.rows - 1, sequence.response[0]});
  for (size_t t = 1; t < sequence.response.size(); t++) rows.push_back({own + rest + static_cast<int>(t) - 1, sequence.response[t]});
}
}  // namespace

Model::Model(const ModelShape& shape, const Runtime& runtime, std::shared_ptr<Parameters> base, std::unique_ptr<Adapters> adapters,
             size_t activationBudget)
    : shape_(shape),
      runtime_(runtime),
      activationBudget_(activationBudget),
      recycler_(activationBudget + activationBytes(MICRO_BATCH_TOKENS)),
      base_(std::move(base)),
      adapters_(std::move(adapters)),
      decoder_(shape_, runtime, base_->embedding(), adapters_ ? adapters_->layers() : base_->layers()),
      head_(shape_, runtime, *base_) {
  if (adapters_ && adapters_->store().trains()) base_->store().prepareBackward();
}

std::vector<TensorStore*> Model::stores() {
  std::vector<TensorStore*> stores{&base_->store()};
  if (adapters_) stores.push_back(&adapters_->store());
  return stores;
}

std::vector<Tensor*> Model::tensors() {
  std::vector<Tensor*> tensors;
  for (TensorStore* store : stores()) {
    for (Tensor& tensor : store->all()) tensors.push_back(&tensor);
  }
  return tensors;
}

void Model::mergeAdapter(size_t tensor, float* weights) {
  if (adapters_) adapters_->merge(tensors()[tensor], weights);
}

void Model::weightsChanged() {
  passes_.clear();
  for (TensorStore* store : stores()) {
    store->clearGradients();
    store->pack();
  }
}

/**
 * Cuts the sequences into micro-batches; each has what its sequences begin with. A group begins a new one where it does
 * not fit whole, and is cut where it fits none. The limit is of tokens beyond the longest prompt, so that a long prompt
 * is not run again for every few of its responses.
 */
std::vector<Model::MicroBatch> Model::microBatches(const std::vector<ScoredSequence>& sequences) const {
  std::vector<MicroBatch> parts;
  const auto groups = groupsByPrompt(sequences);
  const PrefixPlan plan = planBeginnings(sequences, groups);
  Beginnings beginnings{plan.prefixes};
  size_t longest = 0;  // prompt of the last part
  for (const int group : plan.order) {
    const int beginning = plan.ofPrompt[group];
    const auto ownRows = [&](size_t s) {
      return sequences[s].prompt.size() - beginnings.length(beginning) + sequences[s].response.size() - 1;
    };
    size_t whole = 0;
    for (const size_t s : groups[group]) whole += ownRows(s);
    for (const size_t s : groups[group]) {
      const std::vector<int32_t>& prompt = sequences[s].prompt;
      const size_t rows = beginnings.missingRows(beginning) + (s == groups[group].front() ? whole : ownRows(s));
      if (parts.empty() || parts.back().batch.rows() + rows > std::max(longest, prompt.size()) + MICRO_BATCH_TOKENS) {
        parts.emplace_back();
        beginnings.forget();
        longest = 0;
      }
      longest = std::max(longest, prompt.size());
      MicroBatch& part = parts.back();
      addSequence(part.batch, part.rows, sequences[s], beginnings.segmentFor(part.batch, beginning, prompt));
      part.sequences.push_back(s);
    }
  }
  return parts;
}

size_t Model::activationBytes(int rows) const {
  return sizeof(float) * (LayerActivations::floats(shape_, rows) * shape_.layers + static_cast<size_t>(rows) * shape_.hiddenSize);
}

void Model::runLayers(MicroBatch& part, bool keep, const std::atomic<bool>* cancelled) {
  const int rows = part.batch.rows();
  rowsRun_ += static_cast<size_t>(rows);
  part.output = recycler_.take(static_cast<size_t>(rows) * shape_.hiddenSize);
  part.layers.clear();
  // Reserved, because a layer writes its output into the next one's input.
  part.layers.reserve(shape_.layers);
  part.layers.emplace_back(shape_, rows, recycler_);
  decoder_.embed(part.batch, part.layers.back().input);
  for (int layer = 0; layer < shape_.layers; layer++) {
    checkCancelled(cancelled);
    LayerActivations& activations = part.layers.back();
    const bool last = layer + 1 == shape_.layers;
    if (keep && !last) part.layers.emplace_back(shape_, rows, recycler_);
    decoder_.layOutKeys(part.batch, activations, space_);
    decoder_.layerForward(layer, part.batch, activations, last ? part.output.get() : part.layers.back().input, space_);
  }
  if (!keep) part.layers.clear();
}

ForwardResult Model::forward(const std::vector<ScoredSequence>& sequences, const ForwardOptions& options,
                             const std::atomic<bool>& cancelled) {
  ForwardResult result{};
  result.logprobs.resize(sequences.size());
  if (options.wantEntropies) result.entropies.resize(sequences.size());
  if (options.wantTopTokens) {
    result.topTokens.resize(sequences.size());
    result.topLogprobs.resize(sequences.size());
  }
  size_t kept = 0;
  for (const auto& [name, pass] : passes_) kept += pass.kept;
  Pass pass{microBatches(sequences), options.temperature};
  for (MicroBatch& part : pass.parts) {
    const size_t bytes = activationBytes(part.batch.rows());
    const bool keep = options.gradient && kept + bytes <= activationBudget_;
    runLayers(part, keep, &cancelled);
    const size_t entropyRows = options.wantEntropies ? part.rows.size() : 0, topRows = options.wantTopTokens ? part.rows.size() : 0;
    std::vector<float> logprobs(part.rows.size()), entropies(entropyRows), topLogprobs(topRows);
    std::vector<int32_t> topTokens(topRows);
    head_.forward(part.rows, part.output.get(), options.temperature,
                  {logprobs.data(), entropyRows ? entropies.data() : nullptr, topRows ? topTokens.data() : nullptr,
                   topRows ? topLogprobs.data() : nullptr});
    size_t at = 0;
    for (const size_t s : part.sequences) {
      const size_t length = sequences[s].response.size();
      result.logprobs[s].assign(logprobs.begin() + at, logprobs.begin() + at + length);
      if (options.wantEntropies) result.entropies[s].assign(entropies.begin() + at, entropies.begin() + at + length);
      if (options.wantTopTokens) {
        result.topTokens[s].assign(topTokens.begin() + at, topTokens.begin() + at + length);
        result.topLogprobs[s].assign(topLogprobs.begin() + at, topLogprobs.begin() + at + length);
      }
      at += length;
    }
    if (keep) {
      kept += bytes;
      pass.kept += bytes;
    } else {
      part.output = Lease();
    }
  }
  if (options.gradient) {
    result.pass = nextPass_++;
    passes_.emplace(result.pass, std::move(pass));
  }
  return result;
}

void Model::backward(uint64_t name, const std::vector<std::vector<float>>* dLogprobs, const std::vector<std::vector<float>>* dEntropies) {
  const auto found = passes_.find(name);
  if (found == passes_.end()) throw std::runtime_error("This pass was already used, released, or made before the weights changed.");
  for (const MicroBatch& part : found->second.parts) {
    for (const auto* arrays : {dLogprobs, dEntropies}) {
      if (!fits(arrays, part.sequences, part.rows.size())) {
        throw std::runtime_error("Expected one cotangent for each response token of the pass.");
      }
    }
  }
  Pass pass = std::move(found->second);
  passes_.erase(found);
  for (MicroBatch& part : pass.parts) {
    const std::vector<float> ofLogprobs = flatten(dLogprobs, part.sequences), ofEntropies = flatten(dEntropies, part.sequences);
    if (anyNonZero(ofLogprobs) || anyNonZero(ofEntropies)) {
      if (part.layers.empty()) runLayers(part, true, nullptr);
      backwardPart(part, pass.temperature, ofLogprobs, ofEntropies);
    }
    part = MicroBatch();
  }
}

void Model::backwardPart(MicroBatch& part, float temperature, const std::vector<float>& dLogprobs, const std::vector<float>& dEntropies) {
  Lease dHidden = recycler_.take(static_cast<size_t>(part.batch.rows()) * shape_.hiddenSize);
  std::memset(dHidden.get(), 0, dHidden.bytes());
  head_.backward(part.rows, part.output.get(), temperature, dLogprobs.empty() ? nullptr : dLogprobs.data(),
                 dEntropies.empty() ? nullptr : dEntropies.data(), dHidden.get());
  for (int layer = shape_.layers - 1; layer >= 0; layer--) {
    decoder_.layOutKeys(part.batch, part.layers[layer], space_);
    decoder_.layerBackward(layer, part.batch, part.layers[layer], dHidden.get(), space_);
  }
  decoder_.embedBackward(part.batch, dHidden.get());
}

}  // namespace guiderail
