// GFLOP/s of the matrices of a decoder by shape and instruction set, beside what registers alone allow, as a table of
// Markdown. Of each the best of many short runs, all shapes in turn: machines are shared, and only ratios of one run
// count. An argument names the instruction sets to measure; without one, all that this machine has.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../../native/core/cpu.hpp"
#include "../../native/core/linear.hpp"
#include "../../native/core/random.hpp"
#include "peak.hpp"

using namespace guiderail;

namespace {
constexpr int ROUNDS = 15;

struct Case {
  std::string name;
  double flops;
  std::function<void()> run;
  double best = 0;
};

/** A matrix of [out × in], packed as the model packs it, with rows of input and output to go with it. */
struct Matrix {
  Matrix(const Runtime& runtime, int M, int in, int out)
      : runtime(runtime), M(M), in(in), out(out), parameters(shape(in, out), runtime, true), linear(parameters.layers()[0].gate),
        x(Buffer::zeros(static_cast<size_t>(M) * in)), y(Buffer::zeros(static_cast<size_t>(M) * out)) {
    const Tensor& weight = *linear.weight;
    for (size_t i = 0; i < weight.size(); i++) weight.weight[i] = static_cast<float>(uniformAt(1, i) - 0.5);
    for (size_t i = 0; i < x.size(); i++) x.get()[i] = static_cast<float>(uniformAt(2, i) - 0.5);
    parameters.store().pack();
  }
  static ModelShape shape(int in, int out) {
    return {.vocabularySize = 1, .hiddenSize = in, .intermediateSize = out, .layers = 1, .heads = 1, .keyValueHeads = 1, .headDim = 2,
            .maxSequenceLength = 1, .rmsNormEps = 1, .ropeFrequencies = {1}, .tiedEmbeddings = true, .qkvBias = false, .qkNorm = false};
  }
  void forward() { linearForward(runtime, M, x.get(), in, {{linear, y.get(), out}}); }
  void backwardInput() { linearBackwardInput(runtime, M, x.get(), in, {{linear, y.get(), out}}); }
  void backwardWeight() { linearBackwardWeight(runtime, M, {{linear, y.get(), out, x.get(), in}}); }

  const Runtime runtime;
  const int M, in, out;
  Parameters parameters;
  const Linear linear;
  Buffer x, y;
};

void addCases(std::vector<Case>& cases, std::vector<std::unique_ptr<Matrix>>& matrices, const Runtime& runtime, int M, int in, int out) {
  matrices.push_back(std::make_unique<Matrix>(runtime, M, in, out));
  Matrix& matrix = *matrices.back();
  const std::string size = std::to_string(M) + " × " + std::to_string(in) + " × " + std::to_string(out);
  const double flops = 2.0 * M * in * out;
  cases.push_back({"forward " + size, flops, [&matrix] { matrix.forward(); }});
  if (M < 64) return;
  cases.push_back({"dx " + size, flops, [&matrix] { matrix.backwardInput(); }});
  cases.push_back({"dW " + size, flops, [&matrix] { matrix.backwardWeight(); }});
}

/** Scores of 64 queries with the keys of one head, stored as the decoder stores them: in blocks of sixteen. */
void addScores(std::vector<Case>& cases, const Kernels& kernels, std::vector<Buffer>& buffers, int keys, int D) {
  for (size_t floats : {static_cast<size_t>(64 * D), static_cast<size_t>(D * keys), static_cast<size_t>(64 * keys)})
    buffers.push_back(Buffer::zeros(floats));
  const size_t at = buffers.size() - 3;
  const float *query = buffers[at].get(), *key = buffers[at + 1].get();
  float* scores = buffers[at + 2].get();
  cases.push_back({"scores 64 × " + std::to_string(D) + " × " + std::to_string(keys), 2.0 * 64 * D * keys, [=, &kernels] {
                     kernels.gemm(64, keys, D, query, D, 1, key, 16, 16 * D, scores, keys, Onto::Zero);
                   }});
}

/** GFLOP/s of runs that take about five milliseconds together. */
double measure(const Case& one) {
  using Clock = std::chrono::steady_clock;
  int runs = 0;
  const auto start = Clock::now();
  std::chrono::duration<double> elapsed{};
  do {
    one.run();
    runs++;
    elapsed = Clock::now() - start;
  } while (elapsed.count() < 5e-3);
  return one.flops * runs / elapsed.count() * 1e-9;
}

void report(const Kernels& kernels, Precision precision, int threads) {
  const bool bf16 = precision == Precision::Bf16;
  Pool pool(threads);
  Products products(kernels, pool, precision);
  const Runtime runtime{kernels, pool, products};
  std::vector<Case> cases;
  std::vector<std::unique_ptr<Matrix>> matrices;
  std::vector<Buffer> buffers;
  for (int M : {2048, 128, 8, 1}) addCases(cases, matrices, runtime, M, 576, 1536);
  for (int M : {2048, 128, 8, 1}) addCases(cases, matrices, runtime, M, 192, 512);
  if (threads == 1 && !bf16) {
    addScores(cases, kernels, buffers, 256, 64);
    addScores(cases, kernels, buffers, 112, 32);
  }
  double peak = 0;
  for (int round = 0; round < ROUNDS; round++) {
    peak = std::max(peak, bench::registerPeak(kernels.name, bf16));
    for (Case& one : cases) one.best = std::max(one.best, measure(one));
  }
  // More threads than one are measured against that many times the peak of one.
  const double most = peak * threads;
  for (const Case& one : cases) {
    std::printf("| %s | %s | %s | %d | %.0f | %s |\n", one.name.c_str(), kernels.name, bf16 ? "bf16" : "fp32", threads, one.best,
                most > 0 ? (std::to_string(static_cast<int>(std::lround(100 * one.best / most))) + " %").c_str() : "");
  }
  if (most > 0) std::printf("| registers alone | %s | %s | %d | %.0f | 100 %% |\n", kernels.name, bf16 ? "bf16" : "fp32", threads, most);
  std::fflush(stdout);
}
}  // namespace

int main(int count, char** arguments) {
  try {
    std::vector<const Kernels*> sets;
    for (int i = 1; i < count; i++) sets.push_back(&chooseKernels(arguments[i]));
    if (sets.empty()) sets = availableKernels();
    const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    std::printf("| M × in × out | set | factors | threads | GFLOP/s | of the peak |\n| --- | --- | --- | --- | --- | --- |\n");
    for (const Kernels* kernels : sets) {
      for (const Precision precision : {Precision::Float32, Precision::Bf16}) {
        report(*kernels, precision, 1);
        if (cores > 1) report(*kernels, precision, cores);
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
