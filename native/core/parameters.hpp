// The tensors of a model: weights, and where it trains gradients and moments; and the packed copies of the
// matrices that gemm reads best. Tensors stand in the order of src/model/shape.ts, parameterTable.
#pragma once
#include <cstdint>
#include <deque>
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
  /** Multiplied with, not only looked up. */
  bool multiplied = false;
  float* weight = nullptr;
  /** Null where it does not train, as are the moments. */
  float* gradient = nullptr;
  float* first = nullptr;
  float* second = nullptr;
  /** Factors of forward: panels of panelWidth outputs, each [terms of cols][panelWidth], zero-padded. */
  float* packed = nullptr;
  /** Factors of backward for sums over outputs: [terms of rows][cols]. The weights themselves where terms are floats. */
  float* outputs = nullptr;

  size_t size() const { return static_cast<size_t>(rows) * cols; }
};

/** Tensors that are declared one by one and then share blocks of memory, one block for each kind of array. */
class TensorStore {
 public:
  explicit TensorStore(const Runtime& runtime) : runtime_(runtime) {}
  TensorStore(const TensorStore&) = delete;
  TensorStore& operator=(const TensorStore&) = delete;

  Tensor* matrix(int rows, int cols, bool multiplied = true);
  Tensor* vector(int size);
  /** Once, after the last declaration; all zero. */
  void allocate(bool trained);
  /** Gives gradients a way through the matrices, whether or not these train. */
  void prepareBackward();

  std::deque<Tensor>& all() { return tensors_; }
  bool trains() const { return gradients_.size() > 0; }
  /** Brings the packed copies up to date; call after weights were written. */
  void pack();
  void clearGradients();
  /** Bytes that forward reads of the matrices. */
  size_t packedBytes() const { return packed_.bytes(); }

 private:
  const Runtime runtime_;
  std::deque<Tensor> tensors_;
  Buffer weights_, gradients_, firsts_, seconds_, packed_, outputs_;
};

/** What adds scale·(x·Aᵀ)·Bᵀ to the output of a linear layer (LoRA, Hu et al. 2021): A is [rank, in], B [out, rank]. */
struct Adapter {
  const Tensor *a, *b;
  float scale;
};

/** y = x·Wᵀ + bias, and what its adapter adds. */
struct Linear {
  const Tensor* weight = nullptr;
  const Tensor* bias = nullptr;
  const Adapter* adapter = nullptr;
};

struct Layer {
  const Tensor *inputNorm, *queryNorm, *keyNorm, *postNorm;
  Linear query, key, value, out, gate, up, down;
};

/** The base of a model, which several models may share where it does not train. */
class Parameters {
 public:
  Parameters(const ModelShape& shape, const Runtime& runtime, bool trained);

  TensorStore& store() { return store_; }
  size_t packedBytes() const { return store_.packedBytes(); }
  /** Without adapters. */
  const std::vector<Layer>& layers() const { return layers_; }
  const Tensor& embedding() const { return *embedding_; }
  /** The output matrix: the embedding itself where tied. */
  const Tensor& head() const { return *head_; }
  const Tensor& finalNorm() const { return *finalNorm_; }

 private:
  TensorStore store_;
  std::vector<Layer> layers_;
  const Tensor* embedding_ = nullptr;
  const Tensor* head_ = nullptr;
  const Tensor* finalNorm_ = nullptr;
};

}  // namespace guiderail
