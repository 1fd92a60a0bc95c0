// Sampling: sequences occupy slots, every step decodes one token in each occupied slot, and a slot is refilled as
// its sequence ends. Prompts that are equal are run once, and their keys and values kept once; a long beginning that
// several prompts have in common is run once as well, and its keys and values are copied to each of them. No padding:
// a step has as many rows as there are sequences under way.
#pragma once
#include <deque>

#include "draw.hpp"
#include "model.hpp"
#include "prefixes.hpp"

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
  /** Prompt tokens of one prefill, but for a longer prompt. */
  static constexpr size_t PREFILL_TOKENS = 2048;
  /** Sequences under way at once of `count` alike. */
  static size_t slotsFor(Model& model, size_t count, size_t promptTokens, size_t newTokens);
  /** Floats of the keys and values of so many positions. */
  static size_t memoryFloats(const ModelShape& shape, size_t positions) { return Memory::floats(shape, positions); }
  /** Rows that went through the layers so far. */
  size_t rowsRun() const { return rowsRun_; }

 private:
  /** Keys and values of some positions of one sequence, all layers. */
  class Memory {
   public:
    Memory(Model& model, size_t positions);
    static size_t floats(const ModelShape& shape, size_t positions);
    KeyValues at(int layer) const;
    /** The first positions from another memory; what follows them in its block of keys comes along. */
    void copy(const Memory& from, size_t positions, Pool& pool);
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
  /** A beginning of several prompts; it has memory from when it was run until the last of them was. */
  struct Prefix {
    CommonPrefix plan;
    int usersLeft;
    std::unique_ptr<Memory> memory;
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
  /** Bytes of the prefixes that a request would have run; those in `counted` are passed over, and enter it. */
  size_t prefixBytes(int request, std::vector<bool>& counted) const;
  /** Of a prefix, or −1: whether its memory is needed and not there. */
  bool mustRun(int prefix) const { return prefix >= 0 && !prefixes_[prefix].memory && prefixes_[prefix].usersLeft > 0; }
  int prefixLength(int prefix) const { return prefix < 0 ? 0 : prefixes_[prefix].plan.length; }
  void planPrompts();
  void runPrefixes(const std::vector<int>& requests, const std::atomic<bool>& cancelled);
  void continuePrefix(int prefix, const std::vector<int32_t>& prompt, int length, Memory& memory);
  void prefill(const std::vector<int>& requests, const std::atomic<bool>& cancelled);
  void decode(const std::atomic<bool>& cancelled);
  void runLayers(const std::atomic<bool>& cancelled);
  void run(const std::atomic<bool>& cancelled);
  void draw(Slot& slot, const float* logits, int thread);

  Model& model_;
  const std::vector<SampleRequest> requests_;
  /** Those of equal prompts together. */
  std::deque<int> waiting_;
  std::vector<Prefix> prefixes_;
  /** The longest prefix of each request's prompt; −1 for none. */
  std::vector<int> prefixOf_;
  /** That of the request admitted last, which the next may share. */
  std::shared_ptr<Prompt> lastPrompt_;
  int lastRequest_ = -1;
  std::vector<Slot> slots_;
  /** Sequences under way at once. */
  size_t slotLimit_;
  /** A step was begun and not finished. */
  bool broken_ = false;
  size_t rowsRun_ = 0;

  // Of one step; members so that decoding allocates nothing.
  Batch batch_;
  std::vector<SegmentMemory> memories_;
  std::unique_ptr<LayerActivations> activations_;
  int activationRows_ = 0;
  Workspace space_;
  Buffer output_, lastRows_, logits_, scratch_;
  std::vector<DrawSpace> drawSpaces_;
};

}  // namespace guiderail
