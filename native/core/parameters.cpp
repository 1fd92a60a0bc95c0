#include "parameters.hpp"

#include <algorithm>

namespace guiderail {

namespace {
/** Floats of the packed copy of a matrix. */
size_t packedSize(const Tensor& tensor, const Runtime& runtime) {
  const int width = runtime.kernels.panelWidth;
  const size_t panels = (static_cast<size_t>(tensor.rows) + width - 1) / width;
  return tensor.multiplied ? panels * width * runtime.products.terms(tensor.cols) : 0;
}
/** Floats of the copy for sums over outputs. */
size_t outputsSize(const Tensor& tensor, const Runtime& runtime) {
  return tensor.multiplied ? static_cast<size_t>(runtime.products.terms(tensor.rows)) * tensor.cols : 0;
}

/** A block for all the tensors, zeroed; each gets its part of it. */
template <typename Size>
Buffer lay(std::deque<Tensor>& tensors, float* Tensor::*part, Size size) {
  size_t total = 0;
  for (const Tensor& tensor : tensors) total += size(tensor);
  Buffer block = Buffer::zeros(total);
  size_t at = 0;
  for (Tensor& tensor : tensors) {
    if (size(tensor) > 0) tensor.*part = block.get() + at;
    at += size(tensor);
  }
  return block;
}
}  // namespace

Tensor* TensorStore::matrix(int rows, int cols, bool multiplied) {
  tensors_.push_back({.rows = rows, .cols = cols, .matrix = true, .multiplied = multiplied});
  return &tensors_.back();
}

Tensor* TensorStore::vector(int size) {
  tensors_.push_back({.rows = 1, .cols = size});
  return &tensors_.back();
}

void TensorStore::allocate(bool trained) {
  const auto size = [](const Tensor& tensor) { return tensor.size(); };
  weights_ = lay(tensors_, &Tensor::weight, size);
  packed_ = lay(tensors_, &Tensor::packed, [&](const Tensor& tensor) { return packedSize(tensor, runtime_); });
  if (!trained) return;
  gradients_ = lay(tensors_, &Tensor::gradient, size);
  firsts_ = lay(tensors_, &Tensor::first, size);
  seconds_ = lay(tensors_, &Tensor::second, size);
  prepareBackward();
}

void TensorStore::prepareBackward() {
  if (!runtime_.products.pairs()) {
    for (Tensor& tensor : tensors_) tensor.outputs = tensor.weight;
  } else if (outputs_.size() == 0) {
    outputs_ = lay(tensors_, &Tensor::outputs, [&](const Tensor& tensor) { return outputsSize(tensor, runtime_); });
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

void TensorStore::pack() {
  const int width = runtime_.kernels.panelWidth;
  struct Panel {
    const Tensor* tensor;
    int from;
  };
  std::vector<Panel> panels;
  for (const Tensor& t : tensors_) {
    if (!t.multiplied) continue;
    for (int from = 0; from < t.rows; from += width) panels.push_back({&t, from});
  }
  runtime_.pool.parallelFor(static_cast<int>(panels.size()), [&](int task, int) {
    const auto [t, from] = panels[task];
    packPanel(runtime_, *t, from);
    // The panel's width is even, so that a pair of outputs never falls into two.
    if (t->outputs && t->outputs != t->weight) packOutputs(runtime_, *t, from / 2, width / 2);
  });
}

void TensorStore::clearGradients() {
  if (trains()) std::memset(gradients_.get(), 0, gradients_.bytes());
}

Parameters::Parameters(const ModelShape& shape, const Runtime& runtime, bool trained) : store_(runtime) {
  const int H = shape.hiddenSize, Q = shape.queryWidth(), K = shape.keyWidth(), F = shape.intermediateSize;
  const auto optional = [&](int size, bool present) { return present ? store_.vector(size) : nullptr; };
  // The order of parameterTable, so one after the other.
  embedding_ = store_.matrix(shape.vocabularySize, H, shape.tiedEmbeddings);
  for (int layer = 0; layer < shape.layers; layer++) {
    Layer t{};
    t.inputNorm = store_.vector(H);
    t.query.weight = store_.matrix(Q, H);
    t.query.bias = optional(Q, shape.qkvBias);
    t.key.weight = store_.matrix(K, H);
    t.key.bias = optional(K, shape.qkvBias);
    t.value.weight = store_.matrix(K, H);
    t.value.bias = optional(K, shape.qkvBias);
    t.queryNorm = optional(shape.headDim, shape.qkNorm);
    t.keyNorm = optional(shape.headDim, shape.qkNorm);
    t.out.weight = store_.matrix(H, Q);
    t.postNorm = store_.vector(H);
    t.gate.weight = store_.matrix(F, H);
    t.up.weight = store_.matrix(F, H);
    t.down.weight = store_.matrix(H, F);
    layers_.push_back(t);
  }
  finalNorm_ = store_.vector(H);
  head_ = shape.tiedEmbeddings ? embedding_ : store_.matrix(shape.vocabularySize, H);
  store_.allocate(trained);
}

}  // namespace guiderail
