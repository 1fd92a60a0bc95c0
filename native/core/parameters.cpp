#include "parameters.hpp"

namespace guiderail {

namespace {
/** Floats of the packed copy of a matrix. */
size_t packedSize(const Tensor& tensor, const Runtime& runtime) {
  const int width = runtime.kernels.panelWidth;
  const size_t panels = (static_cast<size_t>(tensor.rows) + width - 1) / width;
  return panels * width * runtime.products.terms(tensor.cols);
}
/** Floats of the copy for sums over outputs; 0 where the weights themselves serve. */
size_t outputsSize(const Tensor& tensor, const Runtime& runtime) {
  return runtime.products.pairs() ? static_cast<size_t>(runtime.products.terms(tensor.rows)) * tensor.cols : 0;
}
}  // namespace

Parameters::Parameters(const ModelShape& shape, const Runtime& runtime, bool trainable) : runtime_(runtime) {
  const int H = shape.hiddenSize, Q = shape.queryWidth(), K = shape.keyWidth(), F = shape.intermediateSize;
  // Reserved, so that pointers to tensors stay valid.
  tensors_.reserve(static_cast<size_t>(shape.layers) * 14 + 3);
  auto matrix = [&](int rows, int cols) {
    tensors_.push_back({.rows = rows, .cols = cols, .matrix = true});
    return &tensors_.back();
  };
  auto vector = [&](int size, bool present = true) -> Tensor* {
    if (!present) return nullptr;
    tensors_.push_back({.rows = 1, .cols = size, .matrix = false});
    return &tensors_.back();
  };
  matrix(shape.vocabularySize, H);
  for (int layer = 0; layer < shape.layers; layer++) {
    LayerTensors t{};
    t.inputNorm = vector(H);
    t.query = matrix(Q, H);
    t.queryBias = vector(Q, shape.qkvBias);
    t.key = matrix(K, H);
    t.keyBias = vector(K, shape.qkvBias);
    t.value = matrix(K, H);
    t.valueBias = vector(K, shape.qkvBias);
    t.queryNorm = vector(shape.headDim, shape.qkNorm);
    t.keyNorm = vector(shape.headDim, shape.qkNorm);
    t.out = matrix(H, Q);
    t.postNorm = vector(H);
    t.gate = matrix(F, H);
    t.up = matrix(F, H);
    t.down = matrix(H, F);
    layers_.push_back(t);
  }
  finalNorm_ = vector(H);
  head_ = shape.tiedEmbeddings ? &tensors_.front() : matrix(shape.vocabularySize, H);

  size_t total = 0, packedTotal = 0, outputsTotal = 0;
  auto isPacked = [&](const Tensor& t) { return t.matrix && (&t != &tensors_.front() || shape.tiedEmbeddings); };
  for (const Tensor& t : tensors_) {
    total += t.size();
    if (!isPacked(t)) continue;
    packedTotal += packedSize(t, runtime);
    if (trainable) outputsTotal += outputsSize(t, runtime);
  }
  weights_ = Buffer::zeros(total);
  packed_ = Buffer::zeros(packedTotal);
  if (trainable) {
    gradients_ = Buffer::zeros(total);
    firsts_ = Buffer::zeros(total);
    seconds_ = Buffer::zeros(total);
    outputs_ = Buffer(outputsTotal);
  }
  size_t at = 0, packedAt = 0, outputsAt = 0;
  for (Tensor& t : tensors_) {
    t.weight = weights_.get() + at;
    if (trainable) {
      t.gradient = gradients_.get() + at;
      t.first = firsts_.get() + at;
      t.second = seconds_.get() + at;
    }
    if (isPacked(t)) {
      t.packed = packed_.get() + packedAt;
      packedAt += packedSize(t, runtime);
      t.outputs = !runtime.products.pairs() ? t.weight : trainable ? outputs_.get() + outputsAt : nullptr;
      if (trainable) outputsAt += outputsSize(t, runtime);
    }
    at += t.size();
  }
}

namespace {
/** One panel of a matrix, from output `from` on: columns of `packed` are outputs, so its rows are transposed in tiles. */
void packPanel(const Runtime& runtime, const Tensor& t, int from) {
  const int width = runtime.kernels.panelWidth, terms = runtime.products.terms(t.cols);
  const int outputs = std::min(width, t.rows - from);
  float* target = t.packed + static_cast<size_t>(from) * terms;
  constexpr int TILE = 256;
  float pairs[TILE / 2];
  for (int first = 0; first < t.cols; first += TILE) {
    const int count = std::min(TILE, t.cols - first);
    for (int output = 0; output < outputs; output++) {
      const float* row = t.weight + static_cast<size_t>(from + output) * t.cols + first;
      if (runtime.products.pairs()) {
        runtime.kernels.pairAlong(count, row, pairs);
        row = pairs;
      }
      float* column = target + static_cast<size_t>(runtime.products.terms(first)) * width + output;
      for (int k = 0; k < runtime.products.terms(count); k++) column[static_cast<size_t>(k) * width] = row[k];
    }
  }
}

/** Terms [from, from + count) of the copy for sums over outputs. */
void packOutputs(const Runtime& runtime, const Tensor& t, int from, int count) {
  for (int term = from; term < std::min(from + count, runtime.products.terms(t.rows)); term++) {
    const float* row = t.weight + static_cast<size_t>(2 * term) * t.cols;
    runtime.kernels.pairDown(t.cols, row, 2 * term + 1 < t.rows ? row + t.cols : nullptr, t.outputs + static_cast<size_t>(term) * t.cols);
  }
}
}  // namespace

void Parameters::pack() {
  const int width = runtime_.kernels.panelWidth;
  struct Panel {
    const Tensor* tensor;
    int from;
  };
  std::vector<Panel> panels;
  for (const Tensor& t : tensors_) {
    if (!t.packed) continue;
    for (int from = 0; from < t.rows; from += width) panels.push_back({&t, from});
  }
  runtime_.pool.parallelFor(static_cast<int>(panels.size()), [&](int task, int) {
    const auto [t, from] = panels[task];
    packPanel(runtime_, *t, from);
    // The panel's width is even, so that a pair of outputs never falls into two.
    if (t->outputs && t->outputs != t->weight) packOutputs(runtime_, *t, from / 2, width / 2);
  });
}

void Parameters::clearGradients() {
  for (Tensor& t : tensors_) std::memset(t.gradient, 0, t.size() * sizeof(float));
}

}  // namespace guiderail
