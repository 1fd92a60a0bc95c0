// What linear layers multiply: floats as they are, or both factors rounded to bf16 and laid out in pairs along the sum
// (docs/decisions/0002). Sums are float32 in both, each one chain in ascending order, so nothing above knows which it
// is but by asking here for factors and for how many terms of 32 bits a sum has.
#pragma once
#include <deque>

#include "buffer.hpp"
#include "kernels/kernels.hpp"
#include "pool.hpp"

namespace guiderail {

enum class Precision { Float32, Bf16 };

/** Terms of 32 bits: those of a sum lie 1 apart in `along` and `row` apart in `down`. */
struct Factors {
  const float* at;
  ptrdiff_t row;
};

/** One call at a time, as of everything that an engine's threads work on. */
class Products {
 public:
  Products(const Kernels& kernels, Pool& pool, Precision precision);

  bool pairs() const { return precision_ == Precision::Bf16; }
  /** How many terms of 32 bits hold that many numbers. */
  int terms(int numbers) const { return pairs() ? (numbers + 1) / 2 : numbers; }
  Gemm gemm() const { return pairs() ? kernels_.gemmPairs : kernels_.gemm; }

  /** Begins an operation: factors made before are gone. */
  void begin();
  /** M rows of n numbers, `row` apart, for sums along each row. Asked for again in one operation, they are made once. */
  Factors along(int M, int n, const float* x, ptrdiff_t row);
  /** The same for sums down the rows: term t of column j is at[t · Factors::row + j]. */
  Factors down(int M, int n, const float* x, ptrdiff_t row);

 private:
  struct Made {
    const float* x;
    bool along;
    Factors factors;
  };
  float* space(size_t terms);

  const Kernels& kernels_;
  Pool& pool_;
  const Precision precision_;
  /** One for each of the factors of an operation. */
  std::deque<Buffer> spaces_;
  std::vector<Made> made_;
};

}  // namespace guiderail
