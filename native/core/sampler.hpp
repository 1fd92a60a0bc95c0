// Sampling: sequences occupy slots, every step decodes one token in each occupied slot, and a slot is refilled as
// its sequence ends. Prompts that are equal are run once, and their keys and values kept once. No padding: a step
// has as many rows as there are sequences under way.
#pragma once
#include <deque>

#include "draw.hpp"
#include "model.hpp"

namespace guiderail {

struct SampleRequest {
  std::vector<int32_t> prompt;
  int maxNewTokens;
  /** 0 is greedy. */
  float temperature;
  std::vector<int32_t> stopTokens;
  uint64_t seed;
  Truncation truncation = {};
  /** Its tokens are told one by one. */
  bool watched = false;
};

/** A token of a watched request. */
struct DrawnToken {
  int index;
  int32_t token;
  float logprob;
};

struct SampledSequence {
  int index;
  std::vector<int32_t> tokens;
  std::vector<float> logprobs;
  /** false: maxNewTokens was reached. */
  bool stopped;
};

struct SamplingProgress {
  /** At most one of each watched request, which is not decoded further before it was told. */
  std::vector<DrawnToken> drawn;
  std::vector<SampledSequence> ended;
  bool none() const { return drawn.empty() && ended.empty(); }
};

class SamplerRun {
 public:
  SamplerRun(Model& model, std::vector<SampleRequest> requests);
  /**
   * Decodes until a sequence has ended or a watched one has a new token; nothing when all have ended. The sequences of
   * `stopping` requests end first, as if their last token were a stop token. No use after it threw.
   */
  SamplingProgress next(const std::atomic<bool>& cancelled, const std::vector<int32_t>& stopping = {});

 private:
  /** Keys and values of some positions of one sequence, all layers. */
  class Memory {
   public:
    Memory(Model& model, size_t positions);
    static size_t floats(const ModelShape& shape, size_t positions);
    KeyValues at(int layer) const;
    size_t bytes() const { return all_.bytes(); }

   private:
    const ModelShape* shape_;
    size_t positions_;
    Lease all_;
  };
  /** A prompt that was run: its memory, and the logits of its first response token. */
  struct Prompt {
    Prompt(Model& model, int length) : memory(model, length), length(length), logits(model.shape().vocabularySize) {}
    Memory memory;
    int length;
    std::vector<float> logits;
  };
  struct Slot {
    int request;
    std::shared_ptr<Prompt> prompt;
    /** Of the response. */
    Memory memory;
    std::vector<int32_t> tokens;
    std::vector<float> logprobs;
    bool done = false, stopped = false, told = false;
  };
  /** What a segment reads and writes: its own memory, and that of its prompt (null while the prompt is run). */
  struct SegmentMemory {
    const Memory* own;
    const Memory* prompt;
  };

  const std::vector<int32_t>& promptOf(int request) const { return requests_[request].prompt; }
  size_t responsePositions(int request) const { return static_cast<size_t>(requests_[request].maxNewTokens) - 1; }
  size_t usedBytes() const;
  SamplingProgress collect();
  bool admit(const std::atomic<bool>& cancelled);
  std::vector<int> takeWaiting();
  void prefill(const std::vector<int>& requests, const std::atomic<bool>& cancelled);
  void decode(const std::atomic<bool>& cancelled);
  void run(const std::atomic<bool>& cancelled);
  void draw(Slot& slot, const float* logits, float* scratch) const;

  Model& model_;
  const std::vector<SampleRequest> requests_;
  /** Those of equal prompts together. */
  std::deque<int> waiting_;
  /** That of the request admitted last, which the next may share. */
  std::shared_ptr<Prompt> lastPrompt_;
  int lastRequest_ = -1;
  std::vector<Slot> slots_;
  /** Sequences under way at once. */
  size_t slotLimit_;
  /** A step was begun and not finished. */
  bool broken_ = false;

  // Of one step; members so that decoding allocates nothing.
  Batch batch_;
  std::vector<SegmentMemory> memories_;
  std::unique_ptr<LayerActivations> activations_;
  int activationRows_ = 0;
  Workspace space_;
  Buffer output_, lastRows_, logits_, scratch_;
};

}  // namespace guiderail
