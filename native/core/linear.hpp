// Matrices times rows, forward and backward, split over the pool. Rows are row-major: x[row · xRow + column]. Tasks
// split outputs, never a sum, so the number of threads changes no bit.
#pragma once
#include <vector>

#include "parameters.hpp"

namespace guiderail {

/** One y = linear(x), or residual + linear(x); y and residual have rows of yRow floats and may be the same array. */
struct LinearJob {
  const Linear& linear;
  float* y;
  ptrdiff_t yRow;
  const float* residual = nullptr;
};

/** Every job on the same M rows of x, in one parallel loop, and then what adapters add. */
void linearForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const std::vector<LinearJob>& jobs);

/** gate, up and out = silu(gate)·up; all have rows as long as gate has outputs. */
void swigluForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const Linear& gateLinear, const Linear& upLinear,
                   float* gate, float* up, float* out);

/** One term ∂y/∂x·dy of dx. */
struct LinearInputJob {
  const Linear& linear;
  const float* dy;
  ptrdiff_t dyRow;
};

/** dx = Σ of the jobs' terms, those of the weights first, or more of dx's own chain where `onto` says so. */
void linearBackwardInput(const Runtime& runtime, int M, float* dx, ptrdiff_t dxRow, const std::vector<LinearInputJob>& jobs,
                         Onto onto = Onto::Zero);

/** Adds to the gradients of whatever of the linear layer trains: weight dyᵀ·x, bias Σ dy, adapter. */
struct LinearWeightJob {
  const Linear& linear;
  const float* dy;
  ptrdiff_t dyRow;
  const float* x;
  ptrdiff_t xRow;
};

/** Every job over the same M tokens, in one parallel loop. Tokens are added in ascending order. */
void linearBackwardWeight(const Runtime& runtime, int M, const std::vector<LinearWeightJob>& jobs);

/** run(from, to) for blocks of rows, in parallel: for what is done row by row. */
template <typename F>
void forRowBlocks(const Runtime& runtime, int rows, F run) {
  const int wanted = 4 * runtime.pool.threads();
  const int block = std::max(1, std::min(64, (rows + wanted - 1) / wanted));
  runtime.pool.parallelFor((rows + block - 1) / block, [&](int part, int) { run(part * block, std::min(rows, (part + 1) * block)); });
}

}  // namespace guiderail
