#include "linear.hpp"

#include <algorithm>

namespace guiderail {

namespace {
/** Length of a piece of a sum in backward: what of it is read again and again stays in the first two caches. */
constexpr int PIECE = 256;
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
template <typename Job, typename F>
std::pair<const Job*, int> jobOf(std::initializer_list<Job> jobs, int index, F count) {
  const Job* job = jobs.begin();
  for (; index >= count(*job); job++) index -= count(*job);
  return {job, index};
}

/** Columns [from, from + outputs) of y = x·Wᵀ for one panel. */
void panelForward(const Kernels& kernels, int rows, const float* x, ptrdiff_t xRow, const Tensor& weight, int from, float* y,
                  ptrdiff_t yRow, Onto onto) {
  kernels.gemm(rows, std::min(kernels.panelWidth, weight.rows - from), weight.cols, x, xRow, 1,
               weight.packed + static_cast<size_t>(from) * weight.cols, kernels.panelWidth, 16, y, yRow, onto);
}
}  // namespace

void linearForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, std::initializer_list<LinearJob> jobs) {
  const int width = runtime.kernels.panelWidth;
  const auto panelsOf = [width](const LinearJob& job) { return (job.weight.rows + width - 1) / width; };
  int panels = 0;
  for (const LinearJob& job : jobs) panels += panelsOf(job);
  const int rows = rowsPerTask(runtime, M, panels);
  const int parts = (M + rows - 1) / rows;
  runtime.pool.parallelFor(panels * parts, [&](int task, int) {
    const auto [job, panel] = jobOf(jobs, task / parts, panelsOf);
    const int from = panel * width, outputs = std::min(width, job->weight.rows - from);
    const int first = task % parts * rows, count = std::min(rows, M - first);
    float* y = job->y + first * job->yRow + from;
    if (job->residual && job->residual != job->y) {
      const float* residual = job->residual + first * job->yRow + from;
      for (int row = 0; row < count; row++) std::memcpy(y + row * job->yRow, residual + row * job->yRow, outputs * sizeof(float));
    }
    panelForward(runtime.kernels, count, x + first * xRow, xRow, job->weight, from, y, job->yRow, job->residual ? Onto::Sum : Onto::Zero);
    if (!job->bias) return;
    for (int row = 0; row < count; row++) runtime.kernels.add(outputs, job->bias->weight + from, y + row * job->yRow);
  });
}

void swigluForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const Tensor& gateWeight,
                   const Tensor& upWeight, float* gate, float* up, float* out) {
  const Kernels& kernels = runtime.kernels;
  const int F = gateWeight.rows, width = kernels.panelWidth, panels = (F + width - 1) / width;
  const int rows = rowsPerTask(runtime, M, panels);
  const int parts = (M + rows - 1) / rows;
  runtime.pool.parallelFor(panels * parts, [&](int task, int) {
    const int from = task / parts * width, outputs = std::min(width, F - from);
    const int first = task % parts * rows, count = std::min(rows, M - first);
    const size_t at = static_cast<size_t>(first) * F + from;
    panelForward(kernels, count, x + first * xRow, xRow, gateWeight, from, gate + at, F, Onto::Zero);
    panelForward(kernels, count, x + first * xRow, xRow, upWeight, from, up + at, F, Onto::Zero);
    for (int row = 0; row < count; row++) {
      const size_t own = at + static_cast<size_t>(row) * F;
      kernels.swiglu(outputs, gate + own, up + own, out + own);
    }
  });
}

namespace {
/** Rows [first, first + count) and columns [from, to) of dx. */
void inputGradientBlock(const Kernels& kernels, const LinearInputJob& job, int first, int count, int from, int to, float* dx,
                        ptrdiff_t dxRow, bool fresh) {
  const int width = kernels.panelWidth;
  for (int k = 0; k < job.weight.rows; k += PIECE) {
    const int terms = std::min(PIECE, job.weight.rows - k);
    for (int column = from; column < to; column += width) {
      const int columns = std::min(width, to - column);
      kernels.gemm(count, columns, terms, job.dy + first * job.dyRow + k, job.dyRow, 1,
                   job.weight.weight + static_cast<size_t>(k) * job.weight.cols + column, job.weight.cols, 16, dx + first * dxRow + column, dxRow, fresh && k == 0 ? Onto::Zero : Onto::Chain);
    }
  }
}

/** Rows [first, first + count) and columns [from, to) of a weight's gradient. */
void weightGradientBlock(const Kernels& kernels, int M, const LinearWeightJob& job, int first, int count, int from, int to) {
  const int width = kernels.panelWidth;
  for (int token = 0; token < M; token += PIECE) {
    for (int column = from; column < to; column += width) {
      kernels.gemm(count, std::min(width, to - column), std::min(PIECE, M - token), job.dy + token * job.dyRow + first, 1, job.dyRow,
                   job.x + token * job.xRow + column, job.xRow, 16,
                   job.weight.gradient + static_cast<size_t>(first) * job.weight.cols + column, job.weight.cols, Onto::Sum);
    }
  }
  if (job.bias && from == 0) kernels.addRows(M, count, job.dy + first, job.dyRow, job.bias->gradient + first);
}

/** Columns of one task, in whole panels: all, unless there are too few tasks for the threads. */
int columnsPerTask(const Runtime& runtime, int cols, int otherTasks) {
  const int width = runtime.kernels.panelWidth, panels = (cols + width - 1) / width;
  const int parts = std::clamp((6 * runtime.pool.threads() + otherTasks - 1) / otherTasks, 1, panels);
  return (panels + parts - 1) / parts * width;
}
}  // namespace

void linearBackwardInput(const Runtime& runtime, int M, float* dx, ptrdiff_t dxRow, std::initializer_list<LinearInputJob> jobs) {
  constexpr int ROWS = 128;
  const int cols = jobs.begin()->weight.cols;
  const int rowParts = (M + ROWS - 1) / ROWS;
  const int columns = columnsPerTask(runtime, cols, rowParts);
  runtime.pool.parallelFor((cols + columns - 1) / columns * rowParts, [&](int task, int) {
    const int from = task / rowParts * columns, first = task % rowParts * ROWS;
    for (const LinearInputJob& job : jobs) {
      inputGradientBlock(runtime.kernels, job, first, std::min(ROWS, M - first), from, std::min(from + columns, cols), dx, dxRow,
                         &job == jobs.begin());
    }
  });
}

void linearBackwardWeight(const Runtime& runtime, int M, std::initializer_list<LinearWeightJob> jobs) {
  const auto partsOf = [&](const LinearWeightJob& job) { return (job.weight.rows + OUTPUTS - 1) / OUTPUTS; };
  int parts = 0;
  for (const LinearWeightJob& job : jobs) parts += partsOf(job);
  const auto columnsOf = [&](const LinearWeightJob& job) { return columnsPerTask(runtime, job.weight.cols, parts); };
  const auto tasksOf = [&](const LinearWeightJob& job) { return (job.weight.cols + columnsOf(job) - 1) / columnsOf(job) * partsOf(job); };
  int tasks = 0;
  for (const LinearWeightJob& job : jobs) tasks += tasksOf(job);
  runtime.pool.parallelFor(tasks, [&](int index, int) {
    const auto [job, task] = jobOf(jobs, index, tasksOf);
    const int columns = columnsOf(*job);
    const int from = task / partsOf(*job) * columns, first = task % partsOf(*job) * OUTPUTS;
    weightGradientBlock(runtime.kernels, M, *job, first, std::min(OUTPUTS, job->weight.rows - first), from,
                        std::min(from + columns, job->weight.cols));
  });
}

}  // namespace guiderail
