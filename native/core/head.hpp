// The output layer: final norm, logits, and the distribution over the next token. Rows are worked in chunks, so
// there is never an array of all tokens by the whole vocabulary.
#pragma once
#include <cstdint>
#include <vector>

#include "decoder.hpp"

namespace guiderail {

/** A row of the last layer's output whose next token is scored. */
struct ScoredRow {
  int row;
  int32_t token;
};

/** Arrays of one number a scored row; null for what is not wanted. */
struct HeadOutputs {
  float* logprobs;
  float* entropies;
  /** The token of the largest logit, the lowest of equals, and its log-prob. */
  int32_t* topTokens;
  float* topLogprobs;
};

class Head {
 public:
  Head(const ModelShape& shape, const Runtime& runtime, const Parameters& parameters);

  /** logits[row][V] of `count` rows of hidden floats; for sampling. */
  void logits(int count, const float* hidden, float* logits);
  /** Log-prob of each scored row's token in softmax(logits / temperature), and what else is wanted of that distribution. */
  void forward(const std::vector<ScoredRow>& rows, const float* hidden, float temperature, const HeadOutputs& outputs);
  /** Adds to the gradients of norm and output matrix, and to dHidden (H floats for every row of the batch). */
  void backward(const std::vector<ScoredRow>& rows, const float* hidden, float temperature, const float* dLogprobs,
                const float* dEntropies, float* dHidden);
  /** Rows whose logits are there at once. */
  int chunkRows() const;

 private:
  /** Gathers and norms the rows of a chunk. */
  void normChunk(const ScoredRow* rows, int count, const float* hidden);
  template <typename F>
  void forChunks(const std::vector<ScoredRow>& rows, const float* hidden, F run);
  template <typename F>
  void forRowsWithScratch(int count, F run);
  void distributionBackward(float* z, float* weights, int token, float temperature, float dLogprob, float dEntropy) const;

  const ModelShape& shape_;
  const Runtime runtime_;
  const Tensor& finalNorm_;
  const Linear output_;
  Buffer gathered_, normed_, scale_, logits_, scratch_, dNormed_, dGathered_;
};

/**
 * In place from logits to exp(z − max z), z = logits / temperature. Every log-prob comes from here, so sampling and
 * scoring agree: log p = (z_t − largest) − log(sum).
 */
struct Softmax {
  float largest, sum, logSum;
};
/** `z` becomes logits / temperature. */
void temper(const Kernels& kernels, int V, float temperature, float* z);
/** weights[v] = exp(z[v] − max z); z and weights may be the same array. */
Softmax softmax(const Kernels& kernels, int V, const float* z, float* weights);
inline float logprobOf(const Softmax& s, float z) { return (z - s.largest) - s.logSum; }

}  // namespace guiderail
