// The shape of a decoder.
#pragma once

#include <vector>

namespace guiderail {

struct ModelShape {
  int vocabularySize, hiddenSize, intermediateSize, layers, heads, keyValueHeads, headDim, maxSequenceLength;
  double rmsNormEps;
  /** Radians a position by which RoPE turns each pair of a head: headDim / 2. */
  std::vector<double> ropeFrequencies;
  bool tiedEmbeddings, qkvBias, qkNorm;

  bool operator==(const ModelShape&) const = default;
  int queryWidth() const { return heads * headDim; }
  int keyWidth() const { return keyValueHeads * headDim; }
};

}  // namespace guiderail
