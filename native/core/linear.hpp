// Matrices times rows, forward and backward, split over the pool. Rows are row-major: x[row · xRow + column]. Tasks
// split outputs, never a sum, so the number of threads changes no bit.
#pragma once
#include <initializer_list>
#include <vector>

#include "parameters.hpp"

namespace guiderail {

/** One y = x·Wᵀ + b, or residual + x·Wᵀ; y and residual have rows of yRow floats and may be the same array. */
struct LinearJob {
  const Tensor& weight;
  const Tensor* bias;
  float* y;
  ptrdiff_t yRow;
  const float* residual = nullptr;
};

/** Every job on the same M rows of x, in one parallel loop. */
void linearForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, std::initializer_list<LinearJob> jobs);

/** gate = x·Gᵀ, up = x·Uᵀ and out = silu(gate)·up; all have rows of G.rows floats. */
void swigluForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const Tensor& gateWeight,
                   const Tensor& upWeight, float* gate, float* up, float* out);

/** One term dy·W of dx. */
struct LinearInputJob {
  const Tensor& weight;
  const float* dy;
  ptrdiff_t dyRow;
};

/** dx = Σ of the jobs' dy·W, added in their order. */
void linearBackwardInput(const Runtime& runtime, int M, float* dx, ptrdiff_t dxRow, std::initializer_list<LinearInputJob> jobs);

/** W.gradient += dyᵀ·x and, where given, b.gradient += Σ dy. */
struct LinearWeightJob {
  const Tensor& weight;
  const Tensor* bias;
  const float* dy;
  ptrdiff_t dyRow;
  const float* x;
  ptrdiff_t xRow;
};

/** Every job over the same M tokens, in one parallel loop. Tokens are added in ascending order. */
void linearBackwardWeight(const Runtime& runtime, int M, std::initializer_list<LinearWeightJob> jobs);

/** run(from, to) for blocks of rows, in parallel: for what is done row by row. */
template <typename F>
void forRowBlocks(const Runtime& runtime, int rows, F run) {
  const int wanted = 4 * runtime.pool.threads();
  const int block = std::max(1, std::min(64, (rows + wanted - 1) / wanted));
  runtime.pool.parallelFor((rows + block - 1) / block, [&](int part, int) { run(part * block, std::min(rows, (part + 1) * block)); });
}

}  // namespace guiderail
