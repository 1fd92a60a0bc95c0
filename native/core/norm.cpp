#include "norm.hpp"

#include <algorithm>

#include "linear.hpp"

namespace guiderail {

void normRows(const Runtime& runtime, int M, int H, const float* x, const Tensor& weight, float eps, float* out, float* scale) {
  forRowBlocks(runtime, M, [&](size_t from, size_t to) {
    for (size_t row = from; row < to; row++) scale[row] = runtime.kernels.rmsNorm(H, x + row * H, weight.weight, eps, out + row * H);
  });
}

void renormRows(const Runtime& runtime, int M, int H, const float* x, const Tensor& weight, const float* scale, float* out) {
  forRowBlocks(runtime, M, [&](size_t from, size_t to) {
    for (size_t row = from; row < to; row++) runtime.kernels.scaleByVector(H, x + row * H, scale[row], weight.weight, out + row * H);
  });
}

void normRowsBackward(const Runtime& runtime, int M, int H, const float* x, const Tensor& weight, const float* scale,
                      const float* dy, float* dx, bool fresh) {
  const Kernels& kernels = runtime.kernels;
  // The weight's gradient is split by columns, so that each sum has one writer and takes the rows in order.
  constexpr int ROWS = 64, COLUMNS = 16;
  const int columnParts = weight.gradient ? (H + COLUMNS - 1) / COLUMNS : 0, rowParts = (M + ROWS - 1) / ROWS;
  runtime.pool.parallelFor(columnParts + rowParts, [&](int task, int) {
    if (task < columnParts) {
      const int from = task * COLUMNS;
      kernels.addProducts(M, std::min(COLUMNS, H - from), scale, x + from, dy + from, H, weight.gradient + from);
      return;
    }
    const int part = task - columnParts;
    for (size_t row = static_cast<size_t>(part) * ROWS; row < static_cast<size_t>(std::min(M, (part + 1) * ROWS)); row++) {
      if (fresh) std::fill_n(dx + row * H, H, 0.0f);
      kernels.rmsNormBackward(H, x + row * H, weight.weight, scale[row], dy + row * H, dx + row * H);
    }
  });
}

}  // namespace guiderail
