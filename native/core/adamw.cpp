// The optimizer step: global norm, clipping and AdamW as torch.optim.AdamW and clip_grad_norm_ compute them.
#include <algorithm>
#include <cmath>

#include "model.hpp"

namespace guiderail {

namespace {
/** Numbers of one task and of one partial sum of the norm, whatever the number of threads. */
constexpr size_t BLOCK = 1 << 14;

struct Piece {
  Tensor* tensor;
  size_t from, count;
};

/** Of the tensors that train. */
std::vector<Piece> piecesOf(const std::vector<Tensor*>& tensors) {
  std::vector<Piece> pieces;
  for (Tensor* tensor : tensors) {
    if (!tensor->gradient) continue;
    for (size_t from = 0; from < tensor->size(); from += BLOCK) pieces.push_back({tensor, from, std::min(BLOCK, tensor->size() - from)});
  }
  return pieces;
}

double squaredNorm(const float* values, size_t count) {
  double sum = 0.0;
  for (size_t i = 0; i < count; i++) sum += static_cast<double>(values[i]) * values[i];
  return sum;
}
}  // namespace

StepResult Model::step(const AdamWUpdate& update) {
  const std::vector<Piece> pieces = piecesOf(tensors());
  const int tasks = static_cast<int>(pieces.size());
  std::vector<double> sums(pieces.size());
  runtime_.pool.parallelFor(tasks, [&](int i, int) {
    sums[i] = squaredNorm(pieces[i].tensor->gradient + pieces[i].from, pieces[i].count);
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  const double norm = std::sqrt(total);
  passes_.clear();
  if (!std::isfinite(norm)) {
    for (TensorStore* store : stores()) store->clearGradients();
    return {norm, false};
  }
  stepCount_++;
  const double clip = std::isfinite(update.maxGradNorm) ? std::min(1.0, update.maxGradNorm / (norm + 1e-6)) : 1.0;
  AdamWRow row{};
  row.learningRate = static_cast<float>(update.learningRate);
  row.beta1 = static_cast<float>(update.beta1);
  row.beta2 = static_cast<float>(update.beta2);
  row.epsilon = static_cast<float>(update.epsilon);
  row.biasCorrection1 = static_cast<float>(1.0 - std::pow(update.beta1, static_cast<double>(stepCount_)));
  row.biasCorrection2Root = static_cast<float>(std::sqrt(1.0 - std::pow(update.beta2, static_cast<double>(stepCount_))));
  row.gradientScale = static_cast<float>(clip);
  runtime_.pool.parallelFor(tasks, [&](int i, int) {
    const auto& [tensor, from, count] = pieces[i];
    AdamWRow own = row;
    own.weightDecay = tensor->matrix ? static_cast<float>(update.weightDecay) : 0.0f;
    runtime_.kernels.adamw(static_cast<int>(count), own, tensor->gradient + from, tensor->weight + from, tensor->first + from,
                           tensor->second + from);
    std::memset(tensor->gradient + from, 0, count * sizeof(float));
  });
  for (TensorStore* store : stores()) {
    if (store->trains()) store->pack();
  }
  return {norm, true};
}

}  // namespace guiderail
