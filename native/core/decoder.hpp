// The layers of a decoder over a batch of rows, forward and backward. A batch is any set of segments (consecutive
// positions of sequences): whole sequences in training, prompts in prefill, single rows in decoding. There is one
// forward for all of them, which is why sampling and scoring give the same bits.
#pragma once
#include <cstdint>
#include <vector>

#include "attention.hpp"

namespace guiderail {

/** cos and sin by position and pair, from double. */
struct RopeTable {
  explicit RopeTable(const ModelShape& shape);
  int half;
  std::vector<float> cos, sin;
};

struct Batch {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  /** The segment of each row. */
  std::vector<int32_t> segmentOf;
  std::vector<Segment> segments;

  int rows() const { return static_cast<int>(tokens.size()); }
  /** Keeps the memory. */
  void clear();
  /** A segment of `count` tokens at positions start, …; `parent` as in Segment (its prefix then ends at start). */
  void append(const int32_t* first, int count, int start, int parent = -1);
};

/**
 * What one layer computed for a batch and backward needs: per row 2H + 2Q + 2K + 2F + 2·heads + 2 floats, where
 * queries and keys are normed Q + K + heads + key heads more. Normed rows and silu(gate)·up are computed again.
 */
struct LayerActivations {
  LayerActivations(const ModelShape& shape, int rows, Recycler& recycler);
  static size_t floats(const ModelShape& shape, int rows);

  float *input, *inputScale, *rawQuery, *rawKey, *queryScale, *keyScale, *query, *key, *value, *attended, *middle,
      *middleScale, *gate, *up;
  SoftmaxTrace* softmax;

 private:
  Lease all_;
};

/** Space that layers share; grows to what the largest batch needs. */
struct Workspace {
  AttentionSpace attention;
  Buffer normed, wide, wideGradient, upGradient, queryGradient, keyGradient, valueGradient, attendedGradient,
      rawQueryGradient, rawKeyGradient, inner, keys;
};

class Decoder {
 public:
  Decoder(const ModelShape& shape, const Runtime& runtime, const Tensor& embedding, const std::vector<Layer>& layers);

  /** hidden[row] = embedding of the row's token. */
  void embed(const Batch& batch, float* hidden) const;
  void embedBackward(const Batch& batch, const float* dHidden) const;
  /** Reads activations.input, writes the rest of the activations and `output` (H floats a row; may be `input`). */
  void layerForward(int layer, const Batch& batch, LayerActivations& activations, float* output, Workspace& space) const;
  /** From the cotangent of the output to that of the input, in place; adds to the gradients of the layer. */
  void layerBackward(int layer, const Batch& batch, const LayerActivations& activations, float* dHidden, Workspace& space) const;
  /** For a batch that holds every position of its sequences: memory for keys in `space`; values are the batch's rows. */
  void layOutKeys(Batch& batch, const LayerActivations& activations, Workspace& space) const;

 private:
  void queriesAndKeys(const Layer& t, const Batch& batch, LayerActivations& a) const;
  void rotate(const Batch& batch, int row, float* heads, int count, float direction) const;
  void storeKeys(const Batch& batch, int fromRow, int toRow, const float* keys) const;
  void storeValue(const Segment& segment, int row, const float* value) const;
  void mlpBackward(const Layer& t, int M, const LayerActivations& a, float* dHidden, Workspace& space) const;
  void attentionAndRopeBackward(const Layer& t, const Batch& batch, const LayerActivations& a, const float* dHidden,
                                Workspace& space) const;
  void projectionsBackward(const Layer& t, int M, const LayerActivations& a, float* dHidden, Workspace& space) const;

  const ModelShape& shape_;
  const Runtime runtime_;
  const Tensor& embedding_;
  const std::vector<Layer>& layers_;
  RopeTable rope_;
};

}  // namespace guiderail
