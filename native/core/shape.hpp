// The shape of a decoder.
#pragma once

namespace guiderail {

struct ModelShape {
  int vocabularySize, hiddenSize, intermediateSize, layers, heads, keyValueHeads, headDim, maxSequenceLength;
  double ropeTheta, rmsNormEps;
  bool tiedEmbeddings, qkvBias, qkNorm;

  bool operator==(const ModelShape&) const = default;
  int queryWidth() const { return heads * headDim; }
  int keyWidth() const { return keyValueHeads * headDim; }
};

}  // namespace guiderail
