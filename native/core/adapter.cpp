#include "adapter.hpp"

namespace guiderail {

Adapters::Adapters(const Runtime& runtime, const std::vector<Layer>& base, int rank, float scale, unsigned targets, bool trained)
    : runtime_(runtime), store_(runtime), layers_(base) {
  for (Layer& layer : layers_) {
    for (int i = 0; i < ADAPTABLE; i++) {
      if ((targets >> i & 1u) == 0) continue;
      Linear& linear = layer.*ADAPTABLE_LINEARS[i];
      const Tensor* a = store_.matrix(rank, linear.weight->cols);
      const Tensor* b = store_.matrix(linear.weight->rows, rank);
      adapters_.push_back({a, b, scale});
      linear.adapter = &adapters_.back();
    }
  }
  store_.allocate(trained);
}

void Adapters::merge(const Tensor* tensor, float* weights) const {
  for (const Layer& layer : layers_) {
    for (const auto linear : ADAPTABLE_LINEARS) {
      const auto& [weight, bias, adapter] = layer.*linear;
      if (weight != tensor || !adapter) continue;
      const int rank = adapter->a->rows, columns = adapter->a->cols;
      const Buffer scaled(adapter->b->size());
      runtime_.kernels.scale(static_cast<int>(scaled.size()), adapter->b->weight, adapter->scale, scaled.get());
      runtime_.kernels.gemm(weight->rows, columns, rank, scaled.get(), rank, 1, adapter->a->weight, columns, 16, weights, columns, Onto::Sum);
    }
  }
}

namespace {
/** Those of the jobs whose linear layer has an adapter. */
template <typename Job>
std::vector<const Job*> adapted(const std::vector<Job>& jobs) {
  std::vector<const Job*> some;
  for (const Job& job : jobs) {
    if (job.linear.adapter) some.push_back(&job);
  }
  return some;
}

/** M rows of rank floats for each job. */
template <typename Job>
std::vector<Buffer> ranksOf(int M, const std::vector<const Job*>& jobs) {
  std::vector<Buffer> ranks;
  for (const Job* job : jobs) ranks.emplace_back(static_cast<size_t>(M) * job->linear.adapter->a->rows);
  return ranks;
}

template <typename Job>
void scaleRanks(const Runtime& runtime, int M, const std::vector<const Job*>& jobs, const std::vector<Buffer>& ranks) {
  forRowBlocks(runtime, M, [&](int from, int to) {
    for (size_t i = 0; i < jobs.size(); i++) {
      const Adapter& adapter = *jobs[i]->linear.adapter;
      float* rows = ranks[i].get() + static_cast<size_t>(from) * adapter.a->rows;
      runtime.kernels.scale((to - from) * adapter.a->rows, rows, adapter.scale, rows);
    }
  });
}

/** scale·x·Aᵀ of each job; they have the same x. */
template <typename Job>
std::vector<Buffer> projected(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const std::vector<const Job*>& jobs) {
  std::vector<Buffer> ranks = ranksOf(M, jobs);
  std::vector<Linear> downs;
  for (const Job* job : jobs) downs.push_back({job->linear.adapter->a});
  std::vector<LinearJob> products;
  for (size_t i = 0; i < jobs.size(); i++) products.push_back({downs[i], ranks[i].get(), downs[i].weight->rows});
  linearForward(runtime, M, x, xRow, products);
  scaleRanks(runtime, M, jobs, ranks);
  return ranks;
}

/** The cotangents of x·Aᵀ: scale·dy·B of each job. */
template <typename Job>
std::vector<Buffer> cotangents(const Runtime& runtime, int M, const std::vector<const Job*>& jobs) {
  std::vector<Buffer> ranks = ranksOf(M, jobs);
  for (size_t i = 0; i < jobs.size(); i++) {
    const Linear up{jobs[i]->linear.adapter->b};
    linearBackwardInput(runtime, M, ranks[i].get(), up.weight->cols, {{up, jobs[i]->dy, jobs[i]->dyRow}});
  }
  scaleRanks(runtime, M, jobs, ranks);
  return ranks;
}
}  // namespace

void adaptersForward(const Runtime& runtime, int M, const float* x, ptrdiff_t xRow, const std::vector<LinearJob>& all) {
  const auto jobs = adapted(all);
  if (jobs.empty()) return;
  const std::vector<Buffer> ranks = projected(runtime, M, x, xRow, jobs);
  for (size_t i = 0; i < jobs.size(); i++) {
    const Linear up{jobs[i]->linear.adapter->b};
    linearForward(runtime, M, ranks[i].get(), up.weight->cols, {{up, jobs[i]->y, jobs[i]->yRow, jobs[i]->y}});
  }
}

void adaptersBackwardInput(const Runtime& runtime, int M, float* dx, ptrdiff_t dxRow, const std::vector<LinearInputJob>& all) {
  const auto jobs = adapted(all);
  if (jobs.empty()) return;
  const std::vector<Buffer> ranks = cotangents(runtime, M, jobs);
  std::vector<Linear> downs;
  for (const LinearInputJob* job : jobs) downs.push_back({job->linear.adapter->a});
  std::vector<LinearInputJob> terms;
  for (size_t i = 0; i < jobs.size(); i++) terms.push_back({downs[i], ranks[i].get(), downs[i].weight->rows});
  linearBackwardInput(runtime, M, dx, dxRow, terms, Onto::Chain);
}

void adaptersBackwardWeight(const Runtime& runtime, int M, const std::vector<LinearWeightJob>& all) {
  for (const LinearWeightJob* job : adapted(all)) {
    const Adapter& adapter = *job->linear.adapter;
    if (!adapter.a->gradient) continue;
    const int rank = adapter.a->rows;
    const std::vector<const LinearWeightJob*> one{job};
    const std::vector<Buffer> h = projected(runtime, M, job->x, job->xRow, one), dh = cotangents(runtime, M, one);
    const Linear down{adapter.a}, up{adapter.b};
    linearBackwardWeight(runtime, M, {{up, job->dy, job->dyRow, h[0].get(), rank}, {down, dh[0].get(), rank, job->x, job->xRow}});
  }
}

}  // namespace guiderail
