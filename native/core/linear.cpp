#include "linear.hpp"

#include <algorithm>

#include "adapter.hpp"

namespace guiderail {

namespace {
/** Length of a piece of a sum in backward: what of it is read again and again stays in the first two caches. */
constexpr int PIECE = 128;
/** Outputs of one task of a weight gradient. */
constexpr int OUTPUTS = 64;

/** Rows of one task: enough to read a panel's weights seldom, few enough to give every thread work. */
int rowsPerTask(const Runtime& runtime, int M, int panels) {
  const int block = runtime.kernels.rowBlock;
  const int wanted = 6 * runtime.pool.threads();
  const int parts = std::clamp((wanted + panels - 1) / std::max(panels, 1), 1, std::max(1, M / (4 * block)));
  const int rows = (M + parts - 1) / parts;
  return (rows + block - 1) / block * block;
}

/** The job that an index falls to when each has count(job) of them; the index within it. */
template <typename Jobs, typename F>
auto jobOf(const Jobs& jobs, int index, F count) {
  auto job = &*jobs.begin();
  for (; index >= count(*job); job++) index -= count(*job);
  return std::pair{job, index};
}

/** Columns [from, from + outputs) of y = x·Wᵀ for one panel and for `rows` rows of x from the first. */
void panelForward(const Runtime& runtime, int first, int rows, const Factors& x, const Tensor& weight, int from, float* y, ptrdiff_t yRow,
                  Onto onto) {
  const int width = runtime.kernels.panelWidth, terms = runtime.products.terms(weight.cols);
  runtime.products.gemm()(rows, std::min(width, weight.rows - from), terms, x.at + first * x.row, x.row, 1,
                          weight.packed + static_cast<size_t>(from) * terms, width, 16, y, yRow, onto);
}
}  // namespace

void linearForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const std::vector<LinearJob>& jobs) {
  const int width = runtime.kernels.panelWidth;
  runtime.products.begin();
  const Factors factors = runtime.products.along(M, jobs.front().linear.weight->cols, x, xRow);
  const auto panelsOf = [width](const LinearJob& job) { return (job.linear.weight->rows + width - 1) / width; };
  int panels = 0;
  for (const LinearJob& job : jobs) panels += panelsOf(job);
  const int rows = rowsPerTask(runtime, M, panels);
  const int parts = (M + rows - 1) / rows;
  runtime.pool.parallelFor(panels * parts, [&](int task, int) {
    const auto [job, panel] = jobOf(jobs, task / parts, panelsOf);
    const auto& [weight, bias, adapter] = job->linear;
    const int from = panel * width, outputs = std::min(width, weight->rows - from);
    const int first = task % parts * rows, count = std::min(rows, M - first);
    float* y = job->y + first * job->yRow + from;
    if (job->residual && job->residual != job->y) {
      const float* residual = job->residual + first * job->yRow + from;
      for (int row = 0; row < count; row++) std::memcpy(y + row * job->yRow, residual + row * job->yRow, outputs * sizeof(float));
    }
    panelForward(runtime, first, count, factors, *weight, from, y, job->yRow, job->residual ? Onto::Sum : Onto::Zero);
    if (!bias) return;
    for (int row = 0; row < count; row++) runtime.kernels.add(outputs, bias->weight + from, y + row * job->yRow);
  });
  adaptersForward(runtime, M, x, xRow, jobs);
}

void swigluForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const Linear& gateLinear, const Linear& upLinear,
                   float* gate, float* up, float* out) {
  const Kernels& kernels = runtime.kernels;
  const int F = gateLinear.weight->rows, width = kernels.panelWidth, panels = (F + width - 1) / width;
  // What adapters add comes before the activation, so that it cannot be taken panel by panel.
  if (gateLinear.adapter || upLinear.adapter) {
    linearForward(runtime, M, x, xRow, {{gateLinear, gate, F}, {upLinear, up, F}});
    forRowBlocks(runtime, M, [&](size_t from, size_t to) {
      for (size_t row = from; row < to; row++) kernels.swiglu(F, gate + row * F, up + row * F, out + row * F);
    });
    return;
  }
  const int rows = rowsPerTask(runtime, M, panels);
  const int parts = (M + rows - 1) / rows;
  runtime.products.begin();
  const Factors factors = runtime.products.along(M, gateLinear.weight->cols, x, xRow);
  runtime.pool.parallelFor(panels * parts, [&](int task, int) {
    const int from = task / parts * width, outputs = std::min(width, F - from);
    const int first = task % parts * rows, count = std::min(rows, M - first);
    const size_t at = static_cast<size_t>(first) * F + from;
    panelForward(runtime, first, count, factors, *gateLinear.weight, from, gate + at, F, Onto::Zero);
    panelForward(runtime, first, count, factors, *upLinear.weight, from, up + at, F, Onto::Zero);
    for (int row = 0; row < count; row++) {
      const size_t own = at + static_cast<size_t>(row) * F;
      kernels.swiglu(outputs, gate + own, up + own, out + own);
    }
  });
}

namespace {
/** Rows [first, first + count) and columns [from, to) of dx += dy·W, onto nothing where `fresh`. */
void inputGradientBlock(const Runtime& runtime, const Factors& dy, const Tensor& weight, int first, int count, int from, int to, float* dx,
                        ptrdiff_t dxRow, bool fresh) {
  const int width = runtime.kernels.panelWidth, all = runtime.products.terms(weight.rows);
  for (int k = 0; k < all; k += PIECE) {
    const int terms = std::min(PIECE, all - k);
    for (int column = from; column < to; column += width) {
      const int columns = std::min(width, to - column);
      runtime.products.gemm()(count, columns, terms, dy.at + first * dy.row + k, dy.row, 1,
                              weight.outputs + static_cast<size_t>(k) * weight.cols + column, weight.cols, 16,
                              dx + first * dxRow + column, dxRow, fresh && k == 0 ? Onto::Zero : Onto::Chain);
    }
  }
}

/** A job of weight gradients and its factors, for sums over tokens. */
struct WeightGradient {
  const LinearWeightJob* job;
  Factors dy, x;
};

/** Rows [first, first + count) and columns [from, to) of a weight's gradient. */
void weightGradientBlock(const Runtime& runtime, int M, const WeightGradient& of, int first, int count, int from, int to) {
  const auto& [job, dy, x] = of;
  const Tensor& weight = *job->linear.weight;
  const int width = runtime.kernels.panelWidth, all = runtime.products.terms(M);
  for (int term = 0; term < all; term += PIECE) {
    for (int column = from; column < to; column += width) {
      runtime.products.gemm()(count, std::min(width, to - column), std::min(PIECE, all - term), dy.at + term * dy.row + first, 1, dy.row,
                              x.at + term * x.row + column, x.row, 16,
                              weight.gradient + static_cast<size_t>(first) * weight.cols + column, weight.cols, Onto::Sum);
    }
  }
  const Tensor* bias = job->linear.bias;
  if (bias && from == 0) runtime.kernels.addRows(M, count, job->dy + first, job->dyRow, bias->gradient + first);
}

/** Columns of one task, in whole panels: all, unless there are too few tasks for the threads. */
int columnsPerTask(const Runtime& runtime, int cols, int otherTasks) {
  const int width = runtime.kernels.panelWidth, panels = (cols + width - 1) / width;
  const int parts = std::clamp((6 * runtime.pool.threads() + otherTasks - 1) / otherTasks, 1, panels);
  return (panels + parts - 1) / parts * width;
}
}  // namespace

void linearBackwardInput(const Runtime& runtime, int M, float* dx, ptrdiff_t dxRow, const std::vector<LinearInputJob>& jobs, Onto onto) {
  constexpr int ROWS = 128;
  const int cols = jobs.front().linear.weight->cols;
  const int rowParts = (M + ROWS - 1) / ROWS;
  const int columns = columnsPerTask(runtime, cols, rowParts);
  runtime.products.begin();
  std::vector<Factors> factors;
  for (const LinearInputJob& job : jobs) factors.push_back(runtime.products.along(M, job.linear.weight->rows, job.dy, job.dyRow));
  runtime.pool.parallelFor((cols + columns - 1) / columns * rowParts, [&](int task, int) {
    const int from = task / rowParts * columns, first = task % rowParts * ROWS;
    for (size_t i = 0; i < jobs.size(); i++) {
      inputGradientBlock(runtime, factors[i], *jobs[i].linear.weight, first, std::min(ROWS, M - first), from, std::min(from + columns, cols), dx,
                         dxRow, i == 0 && onto == Onto::Zero);
    }
  });
  adaptersBackwardInput(runtime, M, dx, dxRow, jobs);
}

void linearBackwardWeight(const Runtime& runtime, int M, const std::vector<LinearWeightJob>& jobs) {
  runtime.products.begin();
  std::vector<WeightGradient> gradients;
  for (const LinearWeightJob& job : jobs) {
    const Tensor& weight = *job.linear.weight;
    if (!weight.gradient) continue;
    gradients.push_back({&job, runtime.products.down(M, weight.rows, job.dy, job.dyRow), runtime.products.down(M, weight.cols, job.x, job.xRow)});
  }
  const auto partsOf = [](const WeightGradient& of) { return (of.job->linear.weight->rows + OUTPUTS - 1) / OUTPUTS; };
  int parts = 0;
  for (const WeightGradient& of : gradients) parts += partsOf(of);
  const auto columnsOf = [&](const WeightGradient& of) { return columnsPerTask(runtime, of.job->linear.weight->cols, parts); };
  const auto tasksOf = [&](const WeightGradient& of) {
    return (of.job->linear.weight->cols + columnsOf(of) - 1) / columnsOf(of) * partsOf(of);
  };
  int tasks = 0;
  for (const WeightGradient& of : gradients) tasks += tasksOf(of);
  runtime.pool.parallelFor(tasks, [&](int index, int) {
    const auto [of, task] = jobOf(gradients, index, tasksOf);
    const Tensor& weight = *of->job->linear.weight;
    const int columns = columnsOf(*of);
    const int from = task / partsOf(*of) * columns, first = task % partsOf(*of) * OUTPUTS;
    weightGradientBlock(runtime, M, *of, first, std::min(OUTPUTS, weight.rows - first), from, std::min(from + columns, weight.cols));
  });
  adaptersBackwardWeight(runtime, M, jobs);
}

}  // namespace guiderail
