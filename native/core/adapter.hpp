// Low-rank adapters of linear layers (LoRA, Hu et al. 2021): y += scale·(x·Aᵀ)·Bᵀ. They are never merged into the
// weights, neither for sampling nor for scoring, so both give the same bits; h = scale·(x·Aᵀ) is computed again in
// backward. Linear layers call these; nothing else does.
#pragma once
#include <cstdint>
#include <vector>

#include "linear.hpp"

namespace guiderail {

/** Linear layers of a decoder's layer that may have an adapter, in the order of their tensors; a bit each. */
constexpr int ADAPTABLE = 7;
inline constexpr Linear Layer::*ADAPTABLE_LINEARS[ADAPTABLE] = {&Layer::query, &Layer::key, &Layer::value, &Layer::out,
                                                                &Layer::gate,  &Layer::up,  &Layer::down};

/** The A and B of every layer, in the order of Layer's query, key, value, out, gate, up, down. */
class Adapters {
 public:
  /** Bit i of `targets` is the i-th linear layer of a Layer. */
  Adapters(const Runtime& runtime, const std::vector<Layer>& base, int rank, float scale, unsigned targets, bool trained);
  Adapters(const Adapters&) = delete;
  Adapters& operator=(const Adapters&) = delete;

  TensorStore& store() { return store_; }
  /** The base's layers with these adapters. */
  const std::vector<Layer>& layers() const { return layers_; }
  /** weights += scale·B·A for the adapter of a base's tensor, where it has one. */
  void merge(const Tensor* tensor, float* weights) const;

 private:
  const Runtime runtime_;
  TensorStore store_;
  std::deque<Adapter> adapters_;
  std::vector<Layer> layers_;
};

void adaptersForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const std::vector<LinearJob>& jobs);
void adaptersBackwardInput(const Runtime& runtime, int M, float* dx, ptrdiff_t dxRow, const std::vector<LinearInputJob>& jobs);
void adaptersBackwardWeight(const Runtime& runtime, int M, const std::vector<LinearWeightJob>& jobs);

}  // namespace guiderail
