// One open model: what the binding calls. Not thread-safe: one call at a time. Results are the same whatever the
// number of threads, the activation budget and the order of calls allow (see native/README.md for the contract).
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>

#include "adapter.hpp"
#include "head.hpp"

namespace guiderail {

/** Thrown from inside a call whose `cancelled` flag was set. */
struct Cancelled : std::runtime_error {
  Cancelled() : std::runtime_error("cancelled") {}
};

struct ScoredSequence {
  std::vector<int32_t> prompt, response;
};

struct ForwardOptions {
  bool gradient, wantEntropies, wantTopTokens;
  float temperature;
};

struct ForwardResult {
  /** One array a sequence, one number a response token. */
  std::vector<std::vector<float>> logprobs, entropies;
  /** The likeliest token before each response token, and its log-prob. */
  std::vector<std::vector<int32_t>> topTokens;
  std::vector<std::vector<float>> topLogprobs;
  /** Names the pass for backward; 0 without gradient. */
  uint64_t pass;
};

struct AdamWUpdate {
  double learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm;
};

struct StepResult {
  double gradNorm;
  bool applied;
};

class Model {
 public:
  /** Tokens of a micro-batch beyond its longest prompt: large enough for full-speed matrices, small enough for the caches and the budget. */
  static constexpr size_t MICRO_BATCH_TOKENS = 1024;

  /**
   * The base trains where its store does, or else adapters do where theirs does. `adapters` may be null.
   * `activationBudget` in bytes: activations of a pass beyond it are computed again in backward, with the same bits.
   */
  Model(const ModelShape& shape, const Runtime& runtime, std::shared_ptr<Parameters> base, std::unique_ptr<Adapters> adapters,
        size_t activationBudget);

  const ModelShape& shape() const { return shape_; }
  const Head& head() const { return head_; }
  const Runtime& runtime() const { return runtime_; }
  Parameters& parameters() { return *base_; }
  const std::shared_ptr<Parameters>& base() const { return base_; }
  std::vector<TensorStore*> stores();
  size_t activationBudget() const { return activationBudget_; }
  /** What the layers keep of so many rows for backward. */
  size_t activationBytes(int rows) const;
  /** Those of the base and then those of the adapters, each in its order. */
  std::vector<Tensor*> tensors();
  /** Adds to a copy of a tensor's weights what its adapter stands for, scale·B·A; nothing where it has none. */
  void mergeAdapter(size_t tensor, float* weights);
  Decoder& decoder() { return decoder_; }
  Head& head() { return head_; }
  /** Memory for activations and for keys and values. */
  Recycler& recycler() { return recycler_; }
  /** Rows that forward and recomputation took through the layers so far. */
  size_t rowsRun() const { return rowsRun_; }
  /** Updates of AdamW applied so far. */
  int64_t& stepCount() { return stepCount_; }

  ForwardResult forward(const std::vector<ScoredSequence>& sequences, const ForwardOptions& options, const std::atomic<bool>& cancelled);
  /** Consumes the pass. Null pointers for cotangents that are all zero. */
  void backward(uint64_t pass, const std::vector<std::vector<float>>* dLogprobs, const std::vector<std::vector<float>>* dEntropies);
  /** Releasing a pass that is gone is fine. */
  void release(uint64_t pass) { passes_.erase(pass); }
  StepResult step(const AdamWUpdate& update);
  /** Weights were written from outside: passes are void, gradients cleared, packed copies made anew. */
  void weightsChanged();

 private:
  /** Whole sequences that are run together; what their prompts have in common is run once. */
  struct MicroBatch {
    Batch batch;
    /** Those of each sequence in turn. */
    std::vector<ScoredRow> rows;
    /** Positions of the sequences in the call. */
    std::vector<size_t> sequences;
    /** One a layer, and the output of the last; empty when they are to be computed again. */
    std::vector<LayerActivations> layers;
    Lease output;
  };
  struct Pass {
    std::vector<MicroBatch> parts;
    float temperature;
    /** Bytes of activations that it holds. */
    size_t kept = 0;
  };

  std::vector<MicroBatch> microBatches(const std::vector<ScoredSequence>& sequences) const;
  /** Runs the layers; fills `output`, and keeps the activations where `keep`. */
  void runLayers(MicroBatch& part, bool keep, const std::atomic<bool>* cancelled);
  void backwardPart(MicroBatch& part, float temperature, const std::vector<float>& dLogprobs, const std::vector<float>& dEntropies);

  const ModelShape shape_;
  const Runtime runtime_;
  const size_t activationBudget_;
  Recycler recycler_;
  const std::shared_ptr<Parameters> base_;
  const std::unique_ptr<Adapters> adapters_;
  Decoder decoder_;
  Head head_;
  Workspace space_;
  std::map<uint64_t, Pass> passes_;
  uint64_t nextPass_ = 1;
  int64_t stepCount_ = 0;
  size_t rowsRun_ = 0;
};

}  // namespace guiderail
