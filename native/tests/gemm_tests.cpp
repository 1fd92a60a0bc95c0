// gemm against the chain it promises, element by element and bit by bit, in every layout that the decoder uses; and
// the chain itself against double precision. Whatever tiling a set has, these numbers may not know it.
#include "harness.hpp"

namespace guiderail::tests {
namespace {
struct Sizes {
  int M, N, K;
};
/** Around every edge of tiles: rows of 1 to 12, one vector to four, and beyond. */
std::vector<Sizes> shapes() {
  std::vector<Sizes> all;
  for (int M : {1, 2, 3, 5, 6, 7, 8, 9, 13, 25})
    for (int N : {1, 7, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65, 100, 127, 128, 130, 200}) all.push_back({M, N, 19});
  for (int K : {0, 1, 2, 15, 16, 17, 64, 257}) {
    all.push_back({1, 50, K});
    all.push_back({11, 83, K});
  }
  return all;
}

/** A matrix and where its elements are: row-major, transposed, or in blocks of sixteen columns. */
struct Layout {
  std::vector<float> values;
  ptrdiff_t row, column, block;
  float at(int r, int c) const { return values[r * row + (block ? c / 16 * block + c % 16 : c * column)]; }
};
Layout plain(uint64_t seed, int rows, int columns, int padding) {
  return {numbers(seed, static_cast<size_t>(rows) * (columns + padding)), columns + padding, 1, 0};
}
Layout transposed(uint64_t seed, int rows, int columns) {
  return {numbers(seed, static_cast<size_t>(rows) * columns), 1, rows, 0};
}
/** As keys are stored: for every sixteen columns all rows, sixteen floats each. */
Layout blocked(uint64_t seed, int rows, int columns) {
  const int blocks = (columns + 15) / 16;
  return {numbers(seed, static_cast<size_t>(blocks) * 16 * rows), 16, 1, static_cast<ptrdiff_t>(16) * rows};
}

struct Product {
  const Kernels& kernels;
  Sizes size;
  Layout a, b;
  void into(float* c, ptrdiff_t cRow, Onto onto) const { rows(0, size.M, 0, size.K, c, cRow, onto); }
  /** Rows [from, from + M) of C and the terms [k, k + K) of the sums. */
  void rows(int from, int M, int k, int K, float* c, ptrdiff_t cRow, Onto onto) const {
    kernels.gemm(M, size.N, K, a.values.data() + from * a.row + k * a.column, a.row, a.column, b.values.data() + k * b.row,
                 b.row, b.block ? b.block : 16, c + from * cRow, cRow, onto);
  }
  float chain(int m, int n, float start) const {
    for (int k = 0; k < size.K; k++) start = link(kernels, a.at(m, k), b.at(k, n), start);
    return start;
  }
  std::string where(int m, int n) const {
    std::ostringstream text;
    text << size.M << " × " << size.N << " × " << size.K << ", a " << a.row << "/" << a.column << ", b " << b.row << "/"
         << b.block << ", element " << m << ", " << n;
    return text.str();
  }
};

void forLayouts(const Kernels& kernels, const std::function<void(const Product&)>& run) {
  for (const Sizes& s : shapes()) {
    run({kernels, s, plain(1, s.M, s.K, 3), plain(2, s.K, s.N, 5)});
    run({kernels, s, transposed(3, s.M, s.K), plain(4, s.K, s.N, 0)});
    run({kernels, s, plain(5, s.M, s.K, 0), blocked(6, s.K, s.N)});
  }
}

EachSet chains("every element of a product is one chain over k in ascending order", [](const Kernels& kernels) {
  forLayouts(kernels, [](const Product& product) {
    const auto [M, N, K] = product.size;
    const ptrdiff_t cRow = N + 4;
    const std::vector<float> before = numbers(7, static_cast<size_t>(M) * cRow);
    for (Onto onto : {Onto::Zero, Onto::Sum, Onto::Chain}) {
      Guarded c(before);
      product.into(c.data(), cRow, onto);
      c.requireIntact(product.where(-1, -1));
      for (int m = 0; m < M; m++) {
        for (int n = 0; n < N; n++) {
          const float old = before[m * cRow + n];
          const float expected = onto == Onto::Chain ? product.chain(m, n, old)
                                 : onto == Onto::Sum ? old + product.chain(m, n, 0.0f)
                                                     : product.chain(m, n, 0.0f);
          requireSame(c[m * cRow + n], expected, product.where(m, n));
        }
        for (int n = N; n < cRow; n++) requireSame(c[m * cRow + n], before[m * cRow + n], "beside a row of C, ", product.where(m, n));
      }
    }
  });
});

EachSet uninitialised("a product onto zero does not read what it overwrites", [](const Kernels& kernels) {
  const Product product{kernels, {5, 35, 9}, plain(1, 5, 9, 0), plain(2, 9, 35, 0)};
  std::vector<float> c(5 * 35, std::nanf(""));
  product.into(c.data(), 35, Onto::Zero);
  for (float x : c) require(!std::isnan(x), "a number that stood in C went into the product");
});

EachSet pieces("a product in pieces of rows, and in pieces of its sums, has the bits of the whole", [](const Kernels& kernels) {
  const Sizes size{29, 117, 200};
  const Product product{kernels, size, plain(1, 29, 200, 0), plain(2, 200, 117, 0)};
  std::vector<float> whole(29 * 117), parts(29 * 117);
  product.into(whole.data(), 117, Onto::Zero);
  for (int step : {1, 2, 3, 7, 28}) {
    for (int from = 0; from < 29; from += step) product.rows(from, std::min(step, 29 - from), 0, 200, parts.data(), 117, Onto::Zero);
    require(parts == whole, "rows in steps of ", step);
  }
  for (int step : {1, 16, 70, 199}) {
    for (int k = 0; k < 200; k += step) product.rows(0, 29, k, std::min(step, 200 - k), parts.data(), 117, k == 0 ? Onto::Zero : Onto::Chain);
    require(parts == whole, "terms in steps of ", step);
  }
});

EachSet panels("panels of packed weights have the bits of the plain product", [](const Kernels& kernels) {
  const int M = 9, N = 3 * kernels.panelWidth + 5, K = 40, width = kernels.panelWidth;
  const std::vector<float> x = numbers(1, M * K), w = numbers(2, static_cast<size_t>(K) * N);
  std::vector<float> plainY(M * N), y(M * N);
  kernels.gemm(M, N, K, x.data(), K, 1, w.data(), N, 16, plainY.data(), N, Onto::Zero);
  for (int from = 0; from < N; from += width) {
    const int columns = std::min(width, N - from);
    std::vector<float> panel(static_cast<size_t>(K) * width);
    for (int k = 0; k < K; k++) std::memcpy(&panel[k * width], &w[k * N + from], columns * sizeof(float));
    kernels.gemm(M, columns, K, x.data(), K, 1, panel.data(), width, 16, y.data() + from, N, Onto::Zero);
  }
  require(y == plainY, "panel by panel");
});

EachSet precision("products are within the bound of their roundings of double precision", [](const Kernels& kernels) {
  const Sizes size{6, 70, 1536};
  const Product product{kernels, size, plain(1, 6, 1536, 0), plain(2, 1536, 70, 0)};
  std::vector<float> c(6 * 70);
  product.into(c.data(), 70, Onto::Zero);
  for (int m = 0; m < 6; m++) {
    for (int n = 0; n < 70; n++) {
      double sum = 0, sizes = 0;
      for (int k = 0; k < 1536; k++) {
        const double term = static_cast<double>(product.a.at(m, k)) * product.b.at(k, n);
        sum += term;
        sizes += std::abs(term);
      }
      // Higham 2002, (3.5): γ_K Σ|a b|, with u = 2^−24
      requireNear(c[m * 70 + n], sum, 1537 * 0x1p-24 * sizes, product.where(m, n));
    }
  }
});

// --- products of bf16 ---------------------------------------------------------------------------------------

/** To nearest, ties to even, in double precision: a bf16 number has 8 significant bits; below 2^−126 there is only 0. */
float nearestBf16(float x) {
  if (std::isnan(x) || std::isinf(x) || x == 0.0f) return x;
  if (std::abs(x) < 0x1p-126f) return std::copysign(0.0f, x);
  int exponent;
  std::frexp(x, &exponent);
  const double unit = std::ldexp(1.0, exponent - 8);
  const double rounded = std::nearbyint(x / unit) * unit;
  return std::abs(rounded) >= 0x1p128 ? std::copysign(HUGE_VALF, x) : static_cast<float>(rounded);
}
float floatOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
/** Numbers of all sizes, with ties, borders and what is not finite among them. */
std::vector<float> roundable() {
  std::vector<float> x = {0.0f, -0.0f, 1.0f, 0x1.01p0f, 0x1.03p0f, -0x1.01p0f, 0x1.0100000002p0f, 0x1.00fffep0f, 0x1p-126f, 0x1.fep-127f, -0x1p-149f,
                          0x1.fep127f, 0x1.fefffep127f, 0x1.ffp127f, HUGE_VALF, -HUGE_VALF, std::nanf(""), floatOf(0x7f800001u), floatOf(0xffffffffu)};
  for (int i = 0; i < 3000; i++) x.push_back(floatOf(static_cast<uint32_t>(uniformAt(11, i) * 4294967296.0)));
  return x;
}
void requirePair(float pair, float first, float second, const std::string& where) {
  requireSame(floatOf(bitsOf(pair) & 0xffff0000u), nearestBf16(first), "first, ", where);
  requireSame(floatOf(bitsOf(pair) << 16), nearestBf16(second), "second, ", where);
}

EachSet pairing("numbers are rounded to the nearest bf16, ties to even, and stand in pairs, the earlier in the high half", [](const Kernels& kernels) {
  const std::vector<float> x = roundable();
  const std::vector<float> below(x.rbegin(), x.rend());
  for (int n : {0, 1, 2, 15, 16, 17, 33, static_cast<int>(x.size())}) {
    Guarded along((n + 1) / 2), down(n), alone(n);
    kernels.pairAlong(n, x.data(), along.data());
    kernels.pairDown(n, x.data(), below.data(), down.data());
    kernels.pairDown(n, x.data(), nullptr, alone.data());
    for (const Guarded* out : {&along, &down, &alone}) out->requireIntact("pairs of " + std::to_string(n));
    for (int i = 0; i < (n + 1) / 2; i++) requirePair(along[i], x[2 * i], 2 * i + 1 < n ? x[2 * i + 1] : 0.0f, "along " + std::to_string(i));
    for (int i = 0; i < n; i++) {
      requirePair(down[i], x[i], below[i], "down " + std::to_string(i));
      requirePair(alone[i], x[i], 0.0f, "alone " + std::to_string(i));
    }
  }
});

/** What stands in C after its sum over pairs: each product of two bf16 numbers is exact, so each link rounds once. */
EachSet pairChains("every element of a product of bf16 is one chain over k in ascending order, the same on every set", [](const Kernels& kernels) {
  for (const Sizes& s : shapes()) {
    const int terms = (s.K + 1) / 2;
    const std::vector<float> a = numbers(21, static_cast<size_t>(s.M) * s.K), b = numbers(22, static_cast<size_t>(s.N) * s.K);
    const std::vector<float> before = numbers(23, static_cast<size_t>(s.M) * s.N);
    std::vector<float> aPairs(static_cast<size_t>(s.M) * terms), bPairs(static_cast<size_t>(terms) * s.N);
    for (int m = 0; m < s.M; m++) kernels.pairAlong(s.K, a.data() + m * s.K, aPairs.data() + m * terms);
    for (int t = 0; t < terms; t++) {
      const float* row = b.data() + 2 * t * s.N;
      kernels.pairDown(s.N, row, 2 * t + 1 < s.K ? row + s.N : nullptr, bPairs.data() + t * s.N);
    }
    for (Onto onto : {Onto::Zero, Onto::Sum, Onto::Chain}) {
      Guarded c(before);
      kernels.gemmPairs(s.M, s.N, terms, aPairs.data(), terms, 1, bPairs.data(), s.N, 16, c.data(), s.N, onto);
      c.requireIntact("product of bf16");
      for (int m = 0; m < s.M; m++) {
        for (int n = 0; n < s.N; n++) {
          float chain = onto == Onto::Chain ? before[m * s.N + n] : 0.0f;
          for (int k = 0; k < s.K; k++) {
            const double product = static_cast<double>(nearestBf16(a[m * s.K + k])) * nearestBf16(b[k * s.N + n]);
            chain = static_cast<float>(chain + product);  // a double holds it exactly: 24 and 16 bits not 53 apart
          }
          requireSame(c[m * s.N + n], onto == Onto::Sum ? before[m * s.N + n] + chain : chain, s.M, " × ", s.N, " × ", s.K, " at ", m, ", ", n);
        }
      }
    }
  }
});

EachSet nonFinite("what is not finite goes through to the rows it belongs to and to no others", [](const Kernels& kernels) {
  const int M = 9, N = 20, K = 5;
  std::vector<float> a = numbers(1, M * K), b = numbers(2, K * N), c(M * N);
  a[4 * K + 2] = std::nanf("");
  a[7 * K + 1] = HUGE_VALF;
  kernels.gemm(M, N, K, a.data(), K, 1, b.data(), N, 16, c.data(), N, Onto::Zero);
  for (int m = 0; m < M; m++) {
    for (int n = 0; n < N; n++) {
      const float x = c[m * N + n];
      require(m == 4 ? std::isnan(x) : m == 7 ? std::isinf(x) : std::isfinite(x), "row ", m, " holds ", x);
    }
  }
});
}  // namespace
}  // namespace guiderail::tests
