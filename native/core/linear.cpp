#include "linear.hpp"

#include <algorithm>

namespace guiderail {

namespace {
/** Tokens of one partial sum of a weight gradient; their rows of x and dy stay in the second-level cache. */
constexpr int TOKENS = 256;

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
               weight.packed + static_cast<size_t>(from) * weight.cols, kernels.panelWidth, y, yRow, onto);
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

void linearBackwardInput(const Runtime& runtime, int M, float* dx, ptrdiff_t dxRow, std::initializer_list<LinearInputJob> jobs) {
  const int width = runtime.kernels.panelWidth, cols = jobs.begin()->weight.cols;
  const int panels = (cols + width - 1) / width;
  const int rows = rowsPerTask(runtime, M, panels);
  const int parts = (M + rows - 1) / rows;
  runtime.pool.parallelFor(panels * parts, [&](int task, int) {
    const int from = task / parts * width;
    const int first = task % parts * rows;
    for (const LinearInputJob& job : jobs) {
      runtime.kernels.gemm(std::min(rows, M - first), std::min(width, cols - from), job.weight.rows, job.dy + first * job.dyRow,
                           job.dyRow, 1, job.weight.weight + from, cols, dx + first * dxRow + from, dxRow,
                           &job == jobs.begin() ? Onto::Zero : Onto::Sum);
    }
  });
}

void linearBackwardWeight(const Runtime& runtime, int M, std::initializer_list<LinearWeightJob> jobs) {
  const Kernels& kernels = runtime.kernels;
  const int width = kernels.panelWidth, outputs = kernels.rowBlock * 8;
  const auto partsOf = [&](const LinearWeightJob& job) { return (job.weight.rows + outputs - 1) / outputs; };
  const auto tasksOf = [&](const LinearWeightJob& job) { return (job.weight.cols + width - 1) / width * partsOf(job); };
  int tasks = 0;
  for (const LinearWeightJob& job : jobs) tasks += tasksOf(job);
  runtime.pool.parallelFor(tasks, [&](int index, int) {
    const auto [job, task] = jobOf(jobs, index, tasksOf);
    const Tensor& weight = job->weight;
    const int from = task / partsOf(*job) * width, columns = std::min(width, weight.cols - from);
    const int first = task % partsOf(*job) * outputs, count = std::min(outputs, weight.rows - first);
    float* gradient = weight.gradient + static_cast<size_t>(first) * weight.cols + from;
    for (int token = 0; token < M; token += TOKENS) {
      kernels.gemm(count, columns, std::min(TOKENS, M - token), job->dy + token * job->dyRow + first, 1, job->dyRow,
                   job->x + token * job->xRow + from, job->xRow, gradient, weight.cols, Onto::Sum);
    }
    if (job->bias && from == 0) kernels.addRows(M, count, job->dy + first, job->dyRow, job->bias->gradient + first);
  });
}

}  // namespace guiderail
