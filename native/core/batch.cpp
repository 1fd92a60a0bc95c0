// What a batch and its activations look like in memory.
#include "decoder.hpp"

namespace guiderail {

void Batch::clear() {
  tokens.clear();
  positions.clear();
  segmentOf.clear();
  segments.clear();
}

void Batch::append(const int32_t* first, int count, int start, int parent) {
  const int firstRow = rows();
  const int segment = static_cast<int>(segments.size());
  segments.push_back({.firstRow = firstRow, .rows = count, .start = start, .prefix = parent < 0 ? 0 : start, .parent = parent});
  tokens.insert(tokens.end(), first, first + count);
  for (int i = 0; i < count; i++) positions.push_back(start + i);
  segmentOf.insert(segmentOf.end(), count, segment);
}

namespace {
constexpr int ARRAYS = 15;

/** Offsets of the arrays of LayerActivations, each a multiple of 16 floats. */
struct Layout {
  Layout(const ModelShape& shape, size_t rows) {
    const size_t H = shape.hiddenSize, Q = shape.queryWidth(), K = shape.keyWidth(), F = shape.intermediateSize;
    const size_t N = shape.heads, normed = shape.qkNorm ? 1 : 0;
    const size_t widths[ARRAYS] = {H, 1, normed * Q, normed * K, normed * N, normed * shape.keyValueHeads, Q, K, K, Q, H, 1, F, F, 2 * N};
    for (int i = 0; i < ARRAYS; i++) {
      at[i] = total;
      total += (widths[i] * rows + 15) / 16 * 16;
    }
  }
  size_t at[ARRAYS];
  size_t total = 0;
};
}  // namespace

size_t LayerActivations::floats(const ModelShape& shape, int rows) { return Layout(shape, rows).total; }

LayerActivations::LayerActivations(const ModelShape& shape, int rows, Recycler& recycler) : all_(recycler.take(floats(shape, rows))) {
  const Layout layout(shape, rows);
  float** const arrays[ARRAYS - 1] = {&input, &inputScale, &rawQuery, &rawKey, &queryScale, &keyScale, &query, &key, &value, &attended,
                                      &middle, &middleScale, &gate, &up};
  for (int i = 0; i < ARRAYS - 1; i++) *arrays[i] = all_.get() + layout.at[i];
  softmax = reinterpret_cast<SoftmaxTrace*>(all_.get() + layout.at[ARRAYS - 1]);
}

}  // namespace guiderail
