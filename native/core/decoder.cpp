#include "decoder.hpp"

#include <algorithm>
#include <cmath>

#include "linear.hpp"
#include "norm.hpp"

namespace guiderail {

RopeTable::RopeTable(const ModelShape& shape) : half(shape.headDim / 2) {
  cos.resize(static_cast<size_t>(shape.maxSequenceLength) * half);
  sin.resize(cos.size());
  for (int pair = 0; pair < half; pair++) {
    const double frequency = shape.ropeFrequencies[pair];
    for (int position = 0; position < shape.maxSequenceLength; position++) {
      cos[static_cast<size_t>(position) * half + pair] = static_cast<float>(std::cos(position * frequency));
      sin[static_cast<size_t>(position) * half + pair] = static_cast<float>(std::sin(position * frequency));
    }
  }
}

Decoder::Decoder(const ModelShape& shape, const Runtime& runtime, const Tensor& embedding, const std::vector<Layer>& layers)
    : shape_(shape), runtime_(runtime), embedding_(embedding), layers_(layers), rope_(shape) {}

void Decoder::embed(const Batch& batch, float* hidden) const {
  const size_t H = shape_.hiddenSize;
  const float* table = embedding_.weight;
  forRowBlocks(runtime_, batch.rows(), [&](int from, int to) {
    for (int row = from; row < to; row++) std::memcpy(hidden + row * H, table + batch.tokens[row] * H, H * sizeof(float));
  });
}

/** Split by columns, so that each number has one writer and takes the rows in order. */
void Decoder::embedBackward(const Batch& batch, const float* dHidden) const {
  const int H = shape_.hiddenSize;
  constexpr int COLUMNS = 32;
  float* gradient = embedding_.gradient;
  if (!gradient) return;
  runtime_.pool.parallelFor((H + COLUMNS - 1) / COLUMNS, [&](int part, int) {
    const int from = part * COLUMNS, count = std::min(COLUMNS, H - from);
    for (int row = 0; row < batch.rows(); row++) {
      runtime_.kernels.add(count, dHidden + static_cast<size_t>(row) * H + from,
                           gradient + static_cast<size_t>(batch.tokens[row]) * H + from);
    }
  });
}

void Decoder::layOutKeys(Batch& batch, const LayerActivations& activations, Workspace& space) const {
  const ptrdiff_t K = shape_.keyWidth(), D = shape_.headDim;
  size_t total = 0;
  for (const Segment& segment : batch.segments) total += KeyValues::keyHeadFor(shape_, segment.rows) * shape_.keyValueHeads;
  space.keys.reserve(total);
  float* keys = space.keys.get();
  for (Segment& segment : batch.segments) {
    const ptrdiff_t keyHead = KeyValues::keyHeadFor(shape_, segment.rows);
    segment.memory = {keys, keyHead, activations.value + segment.firstRow * K, D, K};
    keys += keyHead * shape_.keyValueHeads;
  }
}

/** RoPE on the heads of one row, in place: forwards (1) or back (−1). */
void Decoder::rotate(const Batch& batch, int row, float* heads, int count, float direction) const {
  const size_t at = static_cast<size_t>(batch.positions[row]) * rope_.half;
  for (int head = 0; head < count; head++) {
    runtime_.kernels.rope(rope_.half, rope_.cos.data() + at, rope_.sin.data() + at, direction, heads + static_cast<size_t>(head) * shape_.headDim);
  }
}

/** Keys of some rows into the memory of their segments. */
void Decoder::storeKeys(const Batch& batch, int fromRow, int toRow, const float* keys) const {
  const size_t K = shape_.keyWidth(), D = shape_.headDim;
  for (int row = fromRow; row < toRow;) {
    const Segment& segment = batch.segments[batch.segmentOf[row]];
    const int count = std::min(toRow, segment.firstRow + segment.rows) - row;
    const int position = segment.start - segment.prefix + row - segment.firstRow;
    for (int head = 0; head < shape_.keyValueHeads; head++)
      storeTransposed(shape_.headDim, keys + row * K + head * D, K, position, count, segment.memory.keys + head * segment.memory.keyHead);
    row += count;
  }
}

/** Decoding keeps values in a memory of its own, head by head; in training the rows themselves are the memory. */
void Decoder::storeValue(const Segment& segment, int row, const float* value) const {
  const KeyValues& memory = segment.memory;
  float* to = memory.values + (segment.start - segment.prefix + row - segment.firstRow) * memory.valueRow;
  if (to == value) return;
  for (int head = 0; head < shape_.keyValueHeads; head++)
    std::memcpy(to + head * memory.valueHead, value + head * shape_.headDim, shape_.headDim * sizeof(float));
}

/** From the projections: head norms, RoPE, and keys and values into memory. */
void Decoder::queriesAndKeys(const Layer& t, const Batch& batch, LayerActivations& a) const {
  const int D = shape_.headDim, N = shape_.heads, G = shape_.keyValueHeads;
  const size_t Q = shape_.queryWidth(), K = shape_.keyWidth();
  const float eps = static_cast<float>(shape_.rmsNormEps);
  // A head of a row is a row of its own to the norm.
  const auto norm = [&](size_t first, int heads, const Tensor& weight, const float* raw, float* scale, float* out) {
    for (size_t head = first; head < first + heads; head++) scale[head] = runtime_.kernels.rmsNorm(D, raw + head * D, weight.weight, eps, out + head * D);
  };
  forRowBlocks(runtime_, batch.rows(), [&](int from, int to) {
    for (int row = from; row < to; row++) {
      if (shape_.qkNorm) {
        norm(static_cast<size_t>(row) * N, N, *t.queryNorm, a.rawQuery, a.queryScale, a.query);
        norm(static_cast<size_t>(row) * G, G, *t.keyNorm, a.rawKey, a.keyScale, a.key);
      }
      rotate(batch, row, a.query + row * Q, N, 1.0f);
      rotate(batch, row, a.key + row * K, G, 1.0f);
      storeValue(batch.segments[batch.segmentOf[row]], row, a.value + row * K);
    }
    storeKeys(batch, from, to, a.key);
  });
}

void Decoder::layerForward(int layer, const Batch& batch, LayerActivations& a, float* output, Workspace& space) const {
  const Layer& t = layers_[layer];
  const int M = batch.rows(), H = shape_.hiddenSize, Q = shape_.queryWidth(), K = shape_.keyWidth(), F = shape_.intermediateSize;
  const float eps = static_cast<float>(shape_.rmsNormEps);
  space.normed.reserve(static_cast<size_t>(M) * H);
  space.wide.reserve(static_cast<size_t>(M) * F);
  float* normed = space.normed.get();

  normRows(runtime_, M, H, a.input, *t.inputNorm, eps, normed, a.inputScale);
  linearForward(runtime_, M, normed, H,
                {{t.query, shape_.qkNorm ? a.rawQuery : a.query, Q},
                 {t.key, shape_.qkNorm ? a.rawKey : a.key, K},
                 {t.value, a.value, K}});
  queriesAndKeys(t, batch, a);
  attentionForward(runtime_, shape_, batch.segments, a.query, a.attended, a.softmax, space.attention);
  linearForward(runtime_, M, a.attended, Q, {{t.out, a.middle, H, a.input}});

  normRows(runtime_, M, H, a.middle, *t.postNorm, eps, normed, a.middleScale);
  swigluForward(runtime_, M, normed, H, t.gate, t.up, a.gate, a.up, space.wide.get());
  linearForward(runtime_, M, space.wide.get(), F, {{t.down, output, H, a.middle}});
}

/** dHidden: from the cotangent of the output to that of `middle`. */
void Decoder::mlpBackward(const Layer& t, int M, const LayerActivations& a, float* dHidden, Workspace& space) const {
  const int H = shape_.hiddenSize, F = shape_.intermediateSize;
  const size_t rows = M;
  space.wide.reserve(rows * F);
  space.wideGradient.reserve(rows * F);
  space.upGradient.reserve(rows * F);
  float* activated = space.wide.get();
  float* dGate = space.wideGradient.get();  // at first the cotangent of `activated`
  float* dUp = space.upGradient.get();
  float* normed = space.normed.get();
  linearBackwardInput(runtime_, M, dGate, F, {{t.down, dHidden, H}});
  forRowBlocks(runtime_, M, [&](size_t from, size_t to) {
    for (size_t row = from; row < to; row++) {
      const float *gate = a.gate + row * F, *up = a.up + row * F;
      runtime_.kernels.swiglu(F, gate, up, activated + row * F);
      runtime_.kernels.swigluBackward(F, gate, up, dGate + row * F, dGate + row * F, dUp + row * F);
      runtime_.kernels.scaleByVector(H, a.middle + row * H, a.middleScale[row], t.postNorm->weight, normed + row * H);
    }
  });
  linearBackwardWeight(runtime_, M,
                       {{t.down, dHidden, H, activated, F}, {t.gate, dGate, F, normed, H}, {t.up, dUp, F, normed, H}});
  linearBackwardInput(runtime_, M, space.inner.get(), H, {{t.gate, dGate, F}, {t.up, dUp, F}});
  normRowsBackward(runtime_, M, H, a.middle, *t.postNorm, a.middleScale, space.inner.get(), dHidden);
}

/** From the cotangent of `middle` to those of queries and keys after their norm but before RoPE, and of values. */
void Decoder::attentionAndRopeBackward(const Layer& t, const Batch& batch, const LayerActivations& a, const float* dHidden,
                                       Workspace& space) const {
  const int M = batch.rows(), Q = shape_.queryWidth(), K = shape_.keyWidth(), H = shape_.hiddenSize;
  const size_t rows = M;
  space.attendedGradient.reserve(rows * Q);
  space.queryGradient.reserve(rows * Q);
  space.keyGradient.reserve(rows * K);
  space.valueGradient.reserve(rows * K);
  linearBackwardInput(runtime_, M, space.attendedGradient.get(), Q, {{t.out, dHidden, H}});
  forRowBlocks(runtime_, M, [&](int from, int to) { storeKeys(batch, from, to, a.key); });
  attentionBackward(runtime_, shape_, batch.segments, a.query, a.key, a.value, a.attended, a.softmax, space.attendedGradient.get(),
                    {space.queryGradient.get(), space.keyGradient.get(), space.valueGradient.get()}, space.attention);
  forRowBlocks(runtime_, M, [&](int from, int to) {
    for (int row = from; row < to; row++) {
      rotate(batch, row, space.queryGradient.get() + static_cast<size_t>(row) * Q, shape_.heads, -1.0f);
      rotate(batch, row, space.keyGradient.get() + static_cast<size_t>(row) * K, shape_.keyValueHeads, -1.0f);
    }
  });
}

/** From the cotangents of queries, keys and values to that of the layer's input, added to dHidden. */
void Decoder::projectionsBackward(const Layer& t, int M, const LayerActivations& a, float* dHidden, Workspace& space) const {
  const int H = shape_.hiddenSize, Q = shape_.queryWidth(), K = shape_.keyWidth(), D = shape_.headDim;
  const size_t rows = M;
  const float* dQuery = space.queryGradient.get();
  const float* dKey = space.keyGradient.get();
  const float* dValue = space.valueGradient.get();
  if (shape_.qkNorm) {
    space.rawQueryGradient.reserve(rows * Q);
    space.rawKeyGradient.reserve(rows * K);
    normRowsBackward(runtime_, M * shape_.heads, D, a.rawQuery, *t.queryNorm, a.queryScale, dQuery, space.rawQueryGradient.get(), true);
    normRowsBackward(runtime_, M * shape_.keyValueHeads, D, a.rawKey, *t.keyNorm, a.keyScale, dKey, space.rawKeyGradient.get(), true);
    dQuery = space.rawQueryGradient.get();
    dKey = space.rawKeyGradient.get();
  }
  float* normed = space.normed.get();
  renormRows(runtime_, M, H, a.input, *t.inputNorm, a.inputScale, normed);
  linearBackwardWeight(runtime_, M,
                       {{t.out, dHidden, H, a.attended, Q},
                        {t.query, dQuery, Q, normed, H},
                        {t.key, dKey, K, normed, H},
                        {t.value, dValue, K, normed, H}});
  linearBackwardInput(runtime_, M, space.inner.get(), H, {{t.query, dQuery, Q}, {t.key, dKey, K}, {t.value, dValue, K}});
  normRowsBackward(runtime_, M, H, a.input, *t.inputNorm, a.inputScale, space.inner.get(), dHidden);
}

void Decoder::layerBackward(int layer, const Batch& batch, const LayerActivations& a, float* dHidden, Workspace& space) const {
  const Layer& t = layers_[layer];
  space.normed.reserve(static_cast<size_t>(batch.rows()) * shape_.hiddenSize);
  space.inner.reserve(static_cast<size_t>(batch.rows()) * shape_.hiddenSize);
  mlpBackward(t, batch.rows(), a, dHidden, space);
  attentionAndRopeBackward(t, batch, a, dHidden, space);
  projectionsBackward(t, batch.rows(), a, dHidden, space);
}

}  // namespace guiderail
