// The tensors of a model: weights, and where it trains gradients and moments; and the packed copies of the
// matrices that gemm reads best. Tensors stand in the order of src/model/shape.ts, parameterTable.
#pragma once
#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "products.hpp"
#include "shape.hpp"

namespace guiderail {

struct Runtime {
  const Kernels& kernels;
  Pool& pool;
  Products& products;
};

struct Tensor {
  /** Out and in of a matrix; a vector has rows 1. */
  int rows = 0, cols = 0;
  /** Matrices take weight decay. */
  bool matrix = false;
  float* weight = nullptr;
  float* gradient = nullptr;
  float* first = nullptr;
  float* second = nullptr;
  /** Factors of forward: panels of panelWidth outputs, each [terms of cols][panelWidth], zero-padded; null for vectors and lookups. */
  float* packed = nullptr;
  /** Factors of backward for sums over outputs: [terms of rows][cols]. The weights themselves where terms are floats. */
  float* outputs = nullptr;

  size_t size() const { return static_cast<size_t>(rows) * cols; }
};

struct LayerTensors {
  Tensor *inputNorm, *query, *queryBias, *key, *keyBias, *value, *valueBias, *queryNorm, *keyNorm, *out, *postNorm,
      *gate, *up, *down;
};

class Parameters {
 public:
  Parameters(const ModelShape& shape, const Runtime& runtime, bool trainable);
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  std::vector<Tensor>& tensors() { return tensors_; }
  const std::vector<LayerTensors>& layers() const { return layers_; }
  Tensor& embedding() { return tensors_.front(); }
  /** The output matrix: the embedding itself where tied. */
  Tensor& head() { return *head_; }
  Tensor& finalNorm() { return *finalNorm_; }
  /** Brings the packed copies up to date; call after weights were written. */
  void pack();
  /** Bytes that forward reads of the matrices. */
  size_t packedBytes() const { return packed_.bytes(); }
  void clearGradients();

 private:
  const Runtime runtime_;
  std::vector<Tensor> tensors_;
  std::vector<LayerTensors> layers_;
  Tensor* head_ = nullptr;
  Tensor* finalNorm_ = nullptr;
  Buffer weights_, gradients_, firsts_, seconds_, packed_, outputs_;
};

}  // namespace guiderail
