// RMSNorm over rows, forward beside backward, split over the pool.
#pragma once
#include "parameters.hpp"

namespace guiderail {

/** out[row] = rmsNorm(x[row]) with the scales r kept. */
void normRows(const Runtime& runtime, int M, int H, const float* x, const Tensor& weight, float eps, float* out, float* scale);
/** out[row] from the scale that normRows found, with the same bits. */
void renormRows(const Runtime& runtime, int M, int H, const float* x, const Tensor& weight, const float* scale, float* out);
/** dx += backward, or dx = backward where `fresh`; weight.gradient += Σ over rows, in ascending order. dx is not dy. */
void normRowsBackward(const Runtime& runtime, int M, int H, const float* x, const Tensor& weight, const float* scale,
                      const float* dy, float* dx, bool fresh = false);

}  // namespace guiderail
