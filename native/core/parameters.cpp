#include "parameters.hpp"

namespace guiderail {

namespace {
size_t packedSize(const Tensor& tensor, int panelWidth) {
  const size_t panels = (static_cast<size_t>(tensor.rows) + panelWidth - 1) / panelWidth;
  return panels * panelWidth * tensor.cols;
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

  size_t total = 0, packedTotal = 0;
  auto isPacked = [&](const Tensor& t) { return t.matrix && (&t != &tensors_.front() || shape.tiedEmbeddings); };
  for (const Tensor& t : tensors_) {
    total += t.size();
    if (isPacked(t)) packedTotal += packedSize(t, runtime.kernels.panelWidth);
  }
  weights_ = Buffer::zeros(total);
  packed_ = Buffer::zeros(packedTotal);
  if (trainable) {
    gradients_ = Buffer::zeros(total);
    firsts_ = Buffer::zeros(total);
    seconds_ = Buffer::zeros(total);
  }
  size_t at = 0, packedAt = 0;
  for (Tensor& t : tensors_) {
    t.weight = weights_.get() + at;
    if (trainable) {
      t.gradient = gradients_.get() + at;
      t.first = firsts_.get() + at;
      t.second = seconds_.get() + at;
    }
    if (isPacked(t)) {
      t.packed = packed_.get() + packedAt;
      packedAt += packedSize(t, runtime.kernels.panelWidth);
    }
    at += t.size();
  }
}

void Parameters::pack() {
  const int width = runtime_.kernels.panelWidth;
  struct Panel {
    const Tensor* tensor;
    int panel;
  };
  std::vector<Panel> panels;
  for (const Tensor& t : tensors_) {
    if (!t.packed) continue;
    for (int panel = 0; panel * width < t.rows; panel++) panels.push_back({&t, panel});
  }
  runtime_.pool.parallelFor(static_cast<int>(panels.size()), [&](int task, int) {
    const auto [t, panel] = panels[task];
    const int from = panel * width;
    const int outputs = std::min(width, t->rows - from);
    float* target = t->packed + static_cast<size_t>(from) * t->cols;
    for (int output = 0; output < outputs; output++) {
      const float* row = t->weight + static_cast<size_t>(from + output) * t->cols;
      for (int k = 0; k < t->cols; k++) target[static_cast<size_t>(k) * width + output] = row[k];
    }
  });
}

void Parameters::clearGradients() {
  for (Tensor& t : tensors_) std::memset(t.gradient, 0, t.size() * sizeof(float));
}

}  // namespace guiderail
