// Measures the native engine's matrix kernels and the machine's limits, one answer of one number a line of input, so
// that whoever asks can measure other things in turns with it. Arguments: instruction set ("" for the fastest), fp32 or
// bf16, threads. The first line names the instruction set and all that this machine has. Questions:
//
//   peak                      GFLOP/s on registers alone, all threads
//   read BYTES THREADS        GB/s of reading that many bytes over and over
//   forward M IN OUT COPIES   seconds of y = x·Wᵀ for M rows; also dx (of dy·W) and dW (+= dyᵀ·x). Runs take turns with
//                             COPIES matrices of that size: with many, they come from memory, as those of a model do
//   scores M IN OUT 1         seconds of M queries of IN numbers with OUT keys of one head, in the decoder's layout
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>

#include "../../native/core/cpu.hpp"
#include "../../native/core/linear.hpp"
#include "../../native/core/random.hpp"
#include "limits.hpp"

using namespace guiderail;

namespace {
/** Seconds a run, over runs that take about five milliseconds together, after one that is not counted. */
double secondsPerRun(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  run();
  int runs = 0;
  const auto start = Clock::now();
  std::chrono::duration<double> elapsed{};
  do {
    run();
    runs++;
    elapsed = Clock::now() - start;
  } while (elapsed.count() < 5e-3);
  return elapsed.count() / runs;
}

/** Matrices of [out × in], packed as a model packs them. */
class Matrices {
 public:
  Matrices(const Runtime& runtime, int in, int out, int copies) {
    for (int i = 0; i < copies; i++) {
      all_.push_back(std::make_unique<Parameters>(shape(in, out), runtime, true));
      const Tensor& weight = all_.back()->head();
      for (size_t at = 0; at < weight.size(); at++) weight.weight[at] = static_cast<float>(uniformAt(1, at) - 0.5);
      all_.back()->store().pack();
    }
  }
  Linear next() { return {&all_[++turn_ % all_.size()]->head()}; }

 private:
  /** A decoder without layers: its output matrix alone. */
  static ModelShape shape(int in, int out) {
    return {.vocabularySize = out, .hiddenSize = in, .intermediateSize = 1, .layers = 0, .heads = 1, .keyValueHeads = 1, .headDim = 2,
            .maxSequenceLength = 1, .rmsNormEps = 1, .ropeFrequencies = {1}, .tiedEmbeddings = true, .qkvBias = false, .qkNorm = false};
  }
  std::vector<std::unique_ptr<Parameters>> all_;
  size_t turn_ = 0;
};

/** At least that many floats that are not zero. */
float* filled(Buffer& buffer, size_t floats) {
  if (buffer.size() < floats) {
    buffer.reserve(floats);
    for (size_t i = 0; i < buffer.size(); i++) buffer.get()[i] = static_cast<float>(uniformAt(2, i) - 0.5);
  }
  return buffer.get();
}

class Bench {
 public:
  Bench(const Kernels& kernels, Precision precision, int threads)
      : kernels_(kernels), precision_(precision), pool_(threads), products_(kernels, pool_, precision) {}

  double answer(const std::string& question) {
    std::istringstream words(question);
    std::string what;
    words >> what;
    if (what == "peak") return bench::registerPeak(kernels_.name, precision_ == Precision::Bf16, pool_.threads());
    if (what == "read") {
      size_t bytes = 0;
      int threads = 0;
      words >> bytes >> threads;
      return bench::readRate(kernels_.name, bytes, threads);
    }
    int M = 0, in = 0, out = 0, copies = 0;
    words >> M >> in >> out >> copies;
    if (M < 1 || in < 1 || out < 1 || copies < 1) throw std::runtime_error("Expected M IN OUT COPIES after " + what + ".");
    float *x = filled(x_, static_cast<size_t>(M) * in), *y = filled(y_, static_cast<size_t>(M) * out);
    if (what == "scores") return scores(M, in, out, x, y);
    Matrices& matrices = matricesOf(in, out, copies);
    const Runtime runtime{kernels_, pool_, products_};
    if (what == "forward") {
      return secondsPerRun([&] {
        const Linear linear = matrices.next();
        linearForward(runtime, M, x, in, {{linear, y, out}});
      });
    }
    if (what == "dx") {
      return secondsPerRun([&] {
        const Linear linear = matrices.next();
        linearBackwardInput(runtime, M, x, in, {{linear, y, out}});
      });
    }
    if (what == "dW") {
      return secondsPerRun([&] {
        const Linear linear = matrices.next();
        linearBackwardWeight(runtime, M, {{linear, y, out, x, in}});
      });
    }
    throw std::runtime_error("Expected peak, read, forward, dx, dW or scores, got " + what + ".");
  }

 private:
  Matrices& matricesOf(int in, int out, int copies) {
    auto& found = matrices_[{in, out, copies}];
    if (!found) found = std::make_unique<Matrices>(Runtime{kernels_, pool_, products_}, in, out, copies);
    return *found;
  }
  /** Keys stand in blocks of sixteen. */
  double scores(int M, int D, int keys, const float* query, float* out) {
    const float* key = filled(keys_, static_cast<size_t>(D) * keys);
    return secondsPerRun([&] { kernels_.gemm(M, keys, D, query, D, 1, key, 16, 16 * D, out, keys, Onto::Zero); });
  }

  const Kernels& kernels_;
  const Precision precision_;
  Pool pool_;
  Products products_;
  std::map<std::tuple<int, int, int>, std::unique_ptr<Matrices>> matrices_;
  Buffer x_, y_, keys_;
};
}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 4) throw std::runtime_error("Expected three arguments: instruction set, fp32 or bf16, threads.");
    const Kernels& kernels = chooseKernels(arguments[1]);
    std::cout << kernels.name;
    for (const Kernels* one : availableKernels()) std::cout << ' ' << one->name;
    std::cout << std::endl;
    Bench bench(kernels, std::string(arguments[2]) == "bf16" ? Precision::Bf16 : Precision::Float32, std::stoi(arguments[3]));
    for (std::string question; std::getline(std::cin, question);) std::cout << bench.answer(question) << std::endl;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
