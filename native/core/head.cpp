#include "head.hpp"

#include <algorithm>

#include "linear.hpp"
#include "norm.hpp"

namespace guiderail {

namespace {
/** Floats of logits that a chunk may hold. */
constexpr size_t CHUNK = size_t{1} << 23;
constexpr int MOST_ROWS = 4096;
}  // namespace

void temper(const Kernels& kernels, int V, float temperature, float* z) {
  if (temperature != 1.0f) kernels.scale(V, z, 1.0f / temperature, z);
}

Softmax softmax(const Kernels& kernels, int V, const float* z, float* weights) {
  Softmax s;
  s.largest = kernels.maximum(V, z);
  s.sum = kernels.expSum(V, z, -s.largest, weights);
  s.logSum = naturalLog(s.sum);
  return s;
}

/** H = log Σ − Σ w (z − max) / Σ, w = exp(z − max); a weight that underflows adds 0. */
static float entropyOf(const Kernels& kernels, int V, const Softmax& s, const float* z, const float* weights) {
  return s.logSum - (kernels.dot(V, weights, z) - s.largest * s.sum) / s.sum;
}

Head::Head(const ModelShape& shape, const Runtime& runtime, const Parameters& parameters)
    : shape_(shape), runtime_(runtime), finalNorm_(parameters.finalNorm()), output_{&parameters.head()} {}

int Head::chunkRows() const {
  return static_cast<int>(std::clamp<size_t>(CHUNK / shape_.vocabularySize, 32, MOST_ROWS));
}

void Head::logits(int count, const float* hidden, float* logits) {
  const int H = shape_.hiddenSize, V = shape_.vocabularySize;
  normed_.reserve(static_cast<size_t>(count) * H);
  scale_.reserve(count);
  normRows(runtime_, count, H, hidden, finalNorm_, static_cast<float>(shape_.rmsNormEps), normed_.get(), scale_.get());
  linearForward(runtime_, count, normed_.get(), H, {{output_, logits, V}});
}

void Head::normChunk(const ScoredRow* rows, int count, const float* hidden) {
  const size_t H = shape_.hiddenSize;
  const float eps = static_cast<float>(shape_.rmsNormEps);
  gathered_.reserve(count * H);
  normed_.reserve(count * H);
  scale_.reserve(count);
  forRowBlocks(runtime_, count, [&](int from, int to) {
    for (int i = from; i < to; i++) {
      float* gathered = gathered_.get() + i * H;
      std::memcpy(gathered, hidden + rows[i].row * H, H * sizeof(float));
      scale_.get()[i] = runtime_.kernels.rmsNorm(shape_.hiddenSize, gathered, finalNorm_.weight, eps, normed_.get() + i * H);
    }
  });
}

/** run(i, scratch of V floats) for each row, in parallel. */
template <typename F>
void Head::forRowsWithScratch(int count, F run) {
  const int block = std::clamp(4096 / shape_.vocabularySize, 1, 16);
  runtime_.pool.parallelFor((count + block - 1) / block, [&](int part, int thread) {
    float* scratch = scratch_.get() + static_cast<size_t>(thread) * shape_.vocabularySize;
    for (int i = part * block; i < std::min(count, (part + 1) * block); i++) run(i, scratch);
  });
}

/** run(from, count) for chunks of the rows, with their logits in `logits_`. */
template <typename F>
void Head::forChunks(const std::vector<ScoredRow>& rows, const float* hidden, F run) {
  const int V = shape_.vocabularySize, total = static_cast<int>(rows.size());
  scratch_.reserve(static_cast<size_t>(runtime_.pool.threads()) * V);
  for (int from = 0; from < total; from += chunkRows()) {
    const int count = std::min(chunkRows(), total - from);
    normChunk(rows.data() + from, count, hidden);
    logits_.reserve(static_cast<size_t>(count) * V);
    linearForward(runtime_, count, normed_.get(), shape_.hiddenSize, {{output_, logits_.get(), V}});
    run(from, count);
  }
}

void Head::forward(const std::vector<ScoredRow>& rows, const float* hidden, float temperature, const HeadOutputs& outputs) {
  const int V = shape_.vocabularySize;
  const Kernels& kernels = runtime_.kernels;
  forChunks(rows, hidden, [&](int from, int count) {
    forRowsWithScratch(count, [&](int i, float* weights) {
      float* z = logits_.get() + static_cast<size_t>(i) * V;
      // Before tempering, which may round different logits to equal ones: so it is the token that greedy sampling draws.
      if (outputs.topTokens) outputs.topTokens[from + i] = static_cast<int32_t>(std::max_element(z, z + V) - z);
      temper(kernels, V, temperature, z);
      const Softmax s = softmax(kernels, V, z, weights);
      outputs.logprobs[from + i] = logprobOf(s, z[rows[from + i].token]);
      if (outputs.entropies) outputs.entropies[from + i] = entropyOf(kernels, V, s, z, weights);
      if (outputs.topLogprobs) outputs.topLogprobs[from + i] = logprobOf(s, s.largest);
    });
  });
}

/** In place from tempered logits to ∂loss/∂logits, for one row. */
void Head::distributionBackward(float* z, float* weights, int token, float temperature, float dLogprob, float dEntropy) const {
  const Kernels& kernels = runtime_.kernels;
  const int V = shape_.vocabularySize;
  const Softmax s = softmax(kernels, V, z, weights);
  const float inverse = 1.0f / s.sum;
  if (dEntropy == 0.0f) {
    kernels.scale(V, weights, -dLogprob * inverse / temperature, z);
  } else {
    // ∂H/∂z_v = −p_v (log p_v + H)
    const float entropy = entropyOf(kernels, V, s, z, weights);
    for (int v = 0; v < V; v++) {
      const float p = weights[v] * inverse;
      const float slope = p == 0.0f ? 0.0f : -p * (logprobOf(s, z[v]) + entropy);
      z[v] = (slope * dEntropy - p * dLogprob) / temperature;
    }
  }
  z[token] += dLogprob / temperature;
}

void Head::backward(const std::vector<ScoredRow>& rows, const float* hidden, float temperature, const float* dLogprobs,
                    const float* dEntropies, float* dHidden) {
  const int V = shape_.vocabularySize, H = shape_.hiddenSize;
  const Kernels& kernels = runtime_.kernels;
  forChunks(rows, hidden, [&](int from, int count) {
    forRowsWithScratch(count, [&](int i, float* weights) {
      float* z = logits_.get() + static_cast<size_t>(i) * V;
      temper(kernels, V, temperature, z);
      distributionBackward(z, weights, rows[from + i].token, temperature, dLogprobs ? dLogprobs[from + i] : 0.0f,
                           dEntropies ? dEntropies[from + i] : 0.0f);
    });
    dNormed_.reserve(static_cast<size_t>(count) * H);
    dGathered_.reserve(static_cast<size_t>(count) * H);
    linearBackwardInput(runtime_, count, dNormed_.get(), H, {{output_, logits_.get(), V}});
    linearBackwardWeight(runtime_, count, {{output_, logits_.get(), V, normed_.get(), H}});
    normRowsBackward(runtime_, count, H, gathered_.get(), finalNorm_, scale_.get(), dNormed_.get(), dGathered_.get(), true);
    // Responses to one prompt share the row of its last token, so rows are added; by columns, in order.
    constexpr int COLUMNS = 64;
    runtime_.pool.parallelFor((H + COLUMNS - 1) / COLUMNS, [&](int part, int) {
      const int column = part * COLUMNS, columns = std::min(COLUMNS, H - column);
      for (int i = 0; i < count; i++) {
        kernels.add(columns, dGathered_.get() + static_cast<size_t>(i) * H + column,
                    dHidden + static_cast<size_t>(rows[from + i].row) * H + column);
      }
    });
  });
}

}  // namespace guiderail
