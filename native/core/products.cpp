#include "products.hpp"

#include <algorithm>

namespace guiderail {

namespace {
/** Rows of one task. */
constexpr int ROWS = 32;

const Factors* find(const auto& made, const float* x, bool along) {
  for (const auto& one : made) {
    if (one.x == x && one.along == along) return &one.factors;
  }
  return nullptr;
}
}  // namespace

Products::Products(const Kernels& kernels, Pool& pool, Precision precision) : kernels_(kernels), pool_(pool), precision_(precision) {}

void Products::begin() { made_.clear(); }

float* Products::space(size_t terms) {
  if (spaces_.size() == made_.size()) spaces_.emplace_back();
  Buffer& buffer = spaces_[made_.size()];
  buffer.reserve(terms);
  return buffer.get();
}

Factors Products::along(int M, int n, const float* x, ptrdiff_t row) {
  if (!pairs()) return {x, row};
  if (const Factors* factors = find(made_, x, true)) return *factors;
  const ptrdiff_t width = oddLines(terms(n));
  float* out = space(static_cast<size_t>(M) * width);
  pool_.parallelFor((M + ROWS - 1) / ROWS, [&](int task, int) {
    for (int m = task * ROWS; m < std::min(M, (task + 1) * ROWS); m++) kernels_.pairAlong(n, x + m * row, out + m * width);
  });
  made_.push_back({x, true, {out, width}});
  return made_.back().factors;
}

Factors Products::down(int M, int n, const float* x, ptrdiff_t row) {
  if (!pairs()) return {x, row};
  if (const Factors* factors = find(made_, x, false)) return *factors;
  const int count = terms(M);
  const ptrdiff_t width = oddLines(n);
  float* out = space(static_cast<size_t>(count) * width);
  pool_.parallelFor((count + ROWS - 1) / ROWS, [&](int task, int) {
    for (int t = task * ROWS; t < std::min(count, (task + 1) * ROWS); t++) {
      const float* first = x + 2 * t * row;
      kernels_.pairDown(n, first, 2 * t + 1 < M ? first + row : nullptr, out + t * width);
    }
  });
  made_.push_back({x, false, {out, width}});
  return made_.back().factors;
}

}  // namespace guiderail
