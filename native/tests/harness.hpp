// A harness in a page: tests register themselves and fail by throwing. Numbers to compute on come from the project's
// own counter-based generator, so that a failure is the same everywhere.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../core/cpu.hpp"
#include "../core/random.hpp"

namespace guiderail::tests {

struct Test {
  std::string name;
  std::function<void()> run;
};
inline std::vector<Test>& allTests() {
  static std::vector<Test> tests;
  return tests;
}

/** A test that no instruction set changes. */
struct Once {
  Once(const char* name, void (*run)()) { allTests().push_back({name, run}); }
};
/** A test for each instruction set of this machine. */
struct EachSet {
  EachSet(const char* name, void (*run)(const Kernels&)) {
    for (const Kernels* kernels : availableKernels()) {
      allTests().push_back({std::string(kernels->name) + ": " + name, [run, kernels] { run(*kernels); }});
    }
  }
};

template <typename... Parts>
void require(bool holds, const Parts&... parts) {
  if (holds) return;
  std::ostringstream text;
  text.precision(9);
  (text << ... << parts);
  throw std::runtime_error(text.str());
}

inline uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}

/** The same bits, or both NaN. */
template <typename... Parts>
void requireSame(float got, float expected, const Parts&... where) {
  require(bitsOf(got) == bitsOf(expected) || (std::isnan(got) && std::isnan(expected)), "expected ", expected, ", got ", got, " (", where..., ")");
}

template <typename... Parts>
void requireNear(double got, double expected, double bound, const Parts&... where) {
  require(std::abs(got - expected) <= bound, "expected ", expected, " within ", bound, ", got ", got, " (", where..., ")");
}

/** Uniform numbers in (−size, size). */
inline std::vector<float> numbers(uint64_t seed, size_t count, float size = 1.0f) {
  std::vector<float> x(count);
  for (size_t i = 0; i < count; i++) x[i] = static_cast<float>((2.0 * uniformAt(seed, i) - 1.0) * size);
  return x;
}

/** An array between guards: a kernel that writes beside its output, or reads a guard into it, is found out. */
class Guarded {
 public:
  explicit Guarded(std::vector<float> x) : n_(x.size()), all_(2 * EDGE + n_, guard()) {
    std::copy(x.begin(), x.end(), data());
  }
  explicit Guarded(size_t n) : Guarded(std::vector<float>(n, 0.0f)) {}
  float* data() { return all_.data() + EDGE; }
  float operator[](size_t i) const { return all_[EDGE + i]; }
  size_t size() const { return n_; }
  std::vector<float> values() const { return {all_.begin() + EDGE, all_.end() - EDGE}; }
  void requireIntact(const std::string& where) const {
    for (size_t i = 0; i < EDGE; i++) {
      require(bitsOf(all_[i]) == bitsOf(guard()) && bitsOf(all_[EDGE + n_ + i]) == bitsOf(guard()),
              "wrote outside its output (", where, ")");
    }
  }

 private:
  static constexpr size_t EDGE = 64;
  static float guard() { return std::nanf("0x51"); }
  size_t n_;
  std::vector<float> all_;
};

/** The chain's link: one rounding where the instruction set fuses, two where it does not. */
inline float link(const Kernels& kernels, float a, float b, float c) {
  return std::string(kernels.name) == "portable" ? a * b + c : std::fmaf(a, b, c);
}

/** Sums by the rule of sixteen lanes: add(lane, i) is lane l after element i ≡ l (mod 16). */
template <typename Add>
float sumBySixteen(int n, Add add) {
  float lanes[16] = {};
  for (int i = 0; i < n; i++) lanes[i % 16] = add(lanes[i % 16], i);
  for (int half = 8; half > 0; half /= 2)
    for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
  return lanes[0];
}

}  // namespace guiderail::tests
