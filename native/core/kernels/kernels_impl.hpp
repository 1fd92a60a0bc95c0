// The kernels, written once over the sixteen floats V of whichever vector_*.hpp was included before. Included by
// exactly one .cpp per instruction set; everything is in an anonymous namespace, so that no function compiled for
// one set can be linked into another. Tails go through loadFirst/storeFirst and so through the same operations.
#include "kernels.hpp"

namespace {
using guiderail::AdamWRow;
using guiderail::Onto;

// --- gemm ---------------------------------------------------------------------------------------------------

/** What a term of 32 bits is: a float, or a pair of bf16 whose high half comes first. */
struct Floats {
  static V link(V a, V b, V acc) { return madd(a, b, acc); }
};
struct Pairs {
  static V link(V a, V b, V acc) { return maddPairs(a, b, acc); }
};

/** R rows by N vectors of C, the last vector with `tail` columns (0: all 16). */
template <typename Terms, int R, int N>
inline void gemmTile(int K, const float* a, ptrdiff_t aRow, ptrdiff_t aCol, const float* b, ptrdiff_t bRow, ptrdiff_t bVector, float* c,
                     ptrdiff_t cRow, int tail, Onto onto) {
  V acc[R][N];
  if (onto == Onto::Sum) {
    // C of the tile below is asked for now, so that it is there when its chains end.
    for (int r = 0; r < R; r++) {
      for (int n = 0; n < N; n++) __builtin_prefetch(c + (r + R) * cRow + 16 * n, 1);
    }
  }
  for (int r = 0; r < R; r++) {
    for (int n = 0; n < N; n++) {
      const float* start = c + r * cRow + 16 * n;
      acc[r][n] = onto != Onto::Chain ? all(0.0f) : tail != 0 && n == N - 1 ? loadFirst(start, tail) : load(start);
    }
  }
  if (tail == 0) {
    for (int k = 0; k < K; k++) {
      V bv[N];
      for (int n = 0; n < N; n++) bv[n] = load(b + k * bRow + n * bVector);
      for (int r = 0; r < R; r++) {
        V av = all(a[r * aRow + k * aCol]);
        for (int n = 0; n < N; n++) acc[r][n] = Terms::link(av, bv[n], acc[r][n]);
      }
    }
  } else {
    for (int k = 0; k < K; k++) {
      V bv[N];
      for (int n = 0; n < N - 1; n++) bv[n] = load(b + k * bRow + n * bVector);
      bv[N - 1] = loadFirst(b + k * bRow + (N - 1) * bVector, tail);
      for (int r = 0; r < R; r++) {
        V av = all(a[r * aRow + k * aCol]);
        for (int n = 0; n < N; n++) acc[r][n] = Terms::link(av, bv[n], acc[r][n]);
      }
    }
  }
  for (int r = 0; r < R; r++) {
    for (int n = 0; n < N; n++) {
      float* out = c + r * cRow + 16 * n;
      const bool partial = tail != 0 && n == N - 1;
      if (partial) {
        storeFirst(out, onto == Onto::Sum ? add(loadFirst(out, tail), acc[r][n]) : acc[r][n], tail);
      } else {
        store(out, onto == Onto::Sum ? add(load(out), acc[r][n]) : acc[r][n]);
      }
    }
  }
}

template <typename Terms, int N>
inline void gemmColumns(int M, int K, const float* a, ptrdiff_t aRow, ptrdiff_t aCol, const float* b, ptrdiff_t bRow, ptrdiff_t bVector,
                        float* c, ptrdiff_t cRow, int tail, Onto onto) {
  int m = 0;
  for (; m + ROWS <= M; m += ROWS) gemmTile<Terms, ROWS, N>(K, a + m * aRow, aRow, aCol, b, bRow, bVector, c + m * cRow, cRow, tail, onto);
  for (; m + 4 <= M; m += 4) gemmTile<Terms, 4, N>(K, a + m * aRow, aRow, aCol, b, bRow, bVector, c + m * cRow, cRow, tail, onto);
  for (; m + 2 <= M; m += 2) gemmTile<Terms, 2, N>(K, a + m * aRow, aRow, aCol, b, bRow, bVector, c + m * cRow, cRow, tail, onto);
  for (; m < M; m++) gemmTile<Terms, 1, N>(K, a + m * aRow, aRow, aCol, b, bRow, bVector, c + m * cRow, cRow, tail, onto);
}

/** A single row: tiles of N vectors of columns, then of fewer. */
template <typename Terms, int N>
inline void gemmSingle(int columns, int K, const float* a, ptrdiff_t aCol, const float* b, ptrdiff_t bRow, ptrdiff_t bVector, float* c, Onto onto) {
  int n = 0;
  for (; n + 16 * N <= columns; n += 16 * N) gemmTile<Terms, 1, N>(K, a, 0, aCol, b + n / 16 * bVector, bRow, bVector, c + n, 0, 0, onto);
  const int rest = columns - n;
  if (rest == 0) return;
  if (rest > 16 * (N - 1)) return gemmTile<Terms, 1, N>(K, a, 0, aCol, b + n / 16 * bVector, bRow, bVector, c + n, 0, rest % 16, onto);
  if constexpr (N > 1) gemmSingle<Terms, N - 1>(rest, K, a, aCol, b + n / 16 * bVector, bRow, bVector, c + n, onto);
}

/** Tiles of N vectors of columns, then of fewer. */
template <typename Terms, int N>
inline void gemmWidth(int M, int columns, int K, const float* a, ptrdiff_t aRow, ptrdiff_t aCol, const float* b, ptrdiff_t bRow, ptrdiff_t bVector,
                      float* c, ptrdiff_t cRow, Onto onto) {
  int n = 0;
  for (; n + 16 * N <= columns; n += 16 * N) gemmColumns<Terms, N>(M, K, a, aRow, aCol, b + n / 16 * bVector, bRow, bVector, c + n, cRow, 0, onto);
  const int rest = columns - n;
  if (rest == 0) return;
  if (rest > 16 * (N - 1)) return gemmColumns<Terms, N>(M, K, a, aRow, aCol, b + n / 16 * bVector, bRow, bVector, c + n, cRow, rest % 16, onto);
  if constexpr (N > 1) gemmWidth<Terms, N - 1>(M, rest, K, a, aRow, aCol, b + n / 16 * bVector, bRow, bVector, c + n, cRow, onto);
}

template <typename Terms>
void gemm(int M, int N, int K, const float* a, ptrdiff_t aRow, ptrdiff_t aCol, const float* b, ptrdiff_t bRow, ptrdiff_t bVector, float* c,
          ptrdiff_t cRow, Onto onto) {
  // One row alone needs more columns at a time, to have enough chains under way.
  if (M == 1) return gemmSingle<Terms, SINGLE>(N, K, a, aCol, b, bRow, bVector, c, onto);
  gemmWidth<Terms, VECTORS>(M, N, K, a, aRow, aCol, b, bRow, bVector, c, cRow, onto);
}

// --- runs of sixteen ----------------------------------------------------------------------------------------

/** Calls f(offset, lanes) for each run of 16, the last with fewer lanes where n is no multiple. */
template <typename F>
inline void forRuns(int n, F f) {
  int i = 0;
  for (; i + 16 <= n; i += 16) f(i, 16);
  if (i < n) f(i, n - i);
}
inline V get(const float* p, int lanes) { return lanes == 16 ? load(p) : loadFirst(p, lanes); }
inline void put(float* p, V x, int lanes) {
  if (lanes == 16) {
    store(p, x);
  } else {
    storeFirst(p, x, lanes);
  }
}

// --- pairs of bf16 ------------------------------------------------------------------------------------------

/** Nearest bf16, ties to even, in the high half; what is below 2^−126 becomes 0, as hardware takes it. NaN stays NaN. */
inline uint32_t roundedToBf16(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  const uint32_t size = bits & 0x7fffffffu;
  const uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1u);
  const uint32_t finite = size < 0x00800000u ? bits & 0x80000000u : rounded;
  return (size > 0x7f800000u ? bits | 0x00400000u : finite) & 0xffff0000u;
}
inline void storePair(float first, float second, float* out) {
  const uint32_t pair = roundedToBf16(first) | roundedToBf16(second) >> 16;
  __builtin_memcpy(out, &pair, 4);
}

void pairAlong(int n, const float* x, float* out) {
  int i = 0;
#if defined(__AVX512BF16__)
  for (; 2 * i + 32 <= n; i += 16) store(out + i, roundedNeighbours(x + 2 * i));
#endif
  for (; 2 * i + 2 <= n; i++) storePair(x[2 * i], x[2 * i + 1], out + i);
  if (n % 2 != 0) storePair(x[n - 1], 0.0f, out + i);
}

void pairDown(int n, const float* x, const float* below, float* out) {
#if defined(__AVX512BF16__)
  forRuns(n, [&](int i, int lanes) {
    put(out + i, roundedPairs(get(x + i, lanes), below == nullptr ? all(0.0f) : get(below + i, lanes)), lanes);
  });
#else
  if (below == nullptr) {
    for (int i = 0; i < n; i++) storePair(x[i], 0.0f, out + i);
  } else {
    for (int i = 0; i < n; i++) storePair(x[i], below[i], out + i);
  }
#endif
}

// --- functions of numbers and rows --------------------------------------------------------------------------

/**
 * exp by 2^n · p(r), r = x − n ln 2 in two parts, p of degree 6 (about 1 ulp). Below ln of the smallest normal it
 * is 0, above ln 2^127.5 (where n would be 128) it is infinite, NaN stays NaN.
 */
inline V exponential(V x) {
  const V magic = all(12582912.0f);  // 1.5 · 2^23: adding it rounds to an integer in the low bits
  const V shifted = madd(x, all(1.44269504088896341f), magic);
  const V n = sub(shifted, magic);
  V r = madd(n, all(-0.693359375f), x);
  r = madd(n, all(2.12194440e-4f), r);
  V p = all(1.9875691500e-4f);
  p = madd(p, r, all(1.3981999507e-3f));
  p = madd(p, r, all(8.3334519073e-3f));
  p = madd(p, r, all(4.1665795894e-2f));
  p = madd(p, r, all(1.6666665459e-1f));
  p = madd(p, r, all(5.0000001201e-1f));
  p = add(madd(mul(r, r), p, r), all(1.0f));
  V y = scaleByPower(p, shifted);
  y = zeroBelow(y, x, -87.3365447505f);
  y = valueAbove(y, x, 88.3762626647f, __builtin_inff());
  return y;
}

float expSum(int n, const float* x, float shift, float* out) {
  V sum = all(0.0f);
  forRuns(n, [&](int i, int lanes) {
    V y = exponential(add(get(x + i, lanes), all(shift)));
    put(out + i, y, lanes);
    if (lanes < 16) y = loadFirst(out + i, lanes);
    sum = add(sum, y);
  });
  return sumLanes(sum);
}

float maximum(int n, const float* x) {
  V best = all(x[0]);
  forRuns(n, [&](int i, int lanes) {
    if (lanes == 16) {
      best = max(best, load(x + i));
    } else {
      for (int j = i; j < i + lanes; j++) best = max(best, all(x[j]));
    }
  });
  return maxLanes(best);
}

void softmaxBackward(int n, float shift, float inverse, float inner, float by, float* p, float* dp) {
  forRuns(n, [&](int i, int lanes) {
    const V weight = mul(exponential(add(get(p + i, lanes), all(shift))), all(inverse));
    put(p + i, weight, lanes);
    put(dp + i, mul(mul(weight, sub(get(dp + i, lanes), all(inner))), all(by)), lanes);
  });
}

float dot(int n, const float* a, const float* b) {
  V sum = all(0.0f);
  forRuns(n, [&](int i, int lanes) { sum = madd(get(a + i, lanes), get(b + i, lanes), sum); });
  return sumLanes(sum);
}

void scale(int n, const float* x, float by, float* y) {
  forRuns(n, [&](int i, int lanes) { put(y + i, mul(get(x + i, lanes), all(by)), lanes); });
}

void addInto(int n, const float* x, float* y) {
  forRuns(n, [&](int i, int lanes) { put(y + i, add(get(y + i, lanes), get(x + i, lanes)), lanes); });
}

void scaleByVector(int n, const float* x, float by, const float* w, float* out) {
  forRuns(n, [&](int i, int lanes) { put(out + i, mul(mul(get(x + i, lanes), all(by)), get(w + i, lanes)), lanes); });
}

void addProducts(int M, int n, const float* by, const float* x, const float* y, ptrdiff_t row, float* out) {
  forRuns(n, [&](int i, int lanes) {
    V sum = get(out + i, lanes);
    for (int m = 0; m < M; m++) sum = madd(mul(get(x + m * row + i, lanes), all(by[m])), get(y + m * row + i, lanes), sum);
    put(out + i, sum, lanes);
  });
}

void addRows(int M, int n, const float* x, ptrdiff_t row, float* out) {
  forRuns(n, [&](int i, int lanes) {
    V sum = get(out + i, lanes);
    for (int m = 0; m < M; m++) sum = add(sum, get(x + m * row + i, lanes));
    put(out + i, sum, lanes);
  });
}

float rmsNorm(int n, const float* x, const float* w, float eps, float* out) {
  const float meanSquare = dot(n, x, x) / static_cast<float>(n);
  const float r = 1.0f / __builtin_sqrtf(meanSquare + eps);
  scaleByVector(n, x, r, w, out);
  return r;
}

/** With g = dy · w: dx += r · (g − x · r² · mean(g · x)). */
void rmsNormBackward(int n, const float* x, const float* w, float r, const float* dy, float* dx) {
  V sum = all(0.0f);
  forRuns(n, [&](int i, int lanes) { sum = madd(mul(get(dy + i, lanes), get(w + i, lanes)), get(x + i, lanes), sum); });
  const float pull = -r * r * sumLanes(sum) / static_cast<float>(n);
  forRuns(n, [&](int i, int lanes) {
    const V g = mul(get(dy + i, lanes), get(w + i, lanes));
    const V inner = madd(get(x + i, lanes), all(pull), g);
    put(dx + i, madd(all(r), inner, get(dx + i, lanes)), lanes);
  });
}

inline V sigmoid(V x) { return div(all(1.0f), add(all(1.0f), exponential(sub(all(0.0f), x)))); }

void swiglu(int n, const float* gate, const float* up, float* out) {
  forRuns(n, [&](int i, int lanes) {
    const V g = get(gate + i, lanes);
    put(out + i, mul(mul(g, sigmoid(g)), get(up + i, lanes)), lanes);
  });
}

/** silu'(g) = σ (1 + g (1 − σ)) */
void swigluBackward(int n, const float* gate, const float* up, const float* dOut, float* dGate, float* dUp) {
  forRuns(n, [&](int i, int lanes) {
    const V g = get(gate + i, lanes);
    const V u = get(up + i, lanes);
    const V d = get(dOut + i, lanes);
    const V s = sigmoid(g);
    const V slope = mul(s, madd(g, sub(all(1.0f), s), all(1.0f)));
    put(dGate + i, mul(mul(d, u), slope), lanes);
    put(dUp + i, mul(d, mul(g, s)), lanes);
  });
}

void rope(int half, const float* cos, const float* sin, float direction, float* x) {
  forRuns(half, [&](int i, int lanes) {
    const V c = get(cos + i, lanes);
    const V s = mul(get(sin + i, lanes), all(direction));
    const V a = get(x + i, lanes);
    const V b = get(x + half + i, lanes);
    put(x + i, sub(mul(a, c), mul(b, s)), lanes);
    put(x + half + i, madd(b, c, mul(a, s)), lanes);
  });
}

void adamw(int n, const AdamWRow& u, const float* g, float* w, float* m, float* v) {
  const V decay = all(1.0f - u.learningRate * u.weightDecay);
  const V stepSize = all(u.learningRate / u.biasCorrection1);
  forRuns(n, [&](int i, int lanes) {
    const V grad = mul(get(g + i, lanes), all(u.gradientScale));
    const V first = madd(all(u.beta1), get(m + i, lanes), mul(all(1.0f - u.beta1), grad));
    const V second = madd(all(u.beta2), get(v + i, lanes), mul(all(1.0f - u.beta2), mul(grad, grad)));
    const V denominator = add(div(root(second), all(u.biasCorrection2Root)), all(u.epsilon));
    const V decayed = mul(get(w + i, lanes), decay);
    put(m + i, first, lanes);
    put(v + i, second, lanes);
    put(w + i, sub(decayed, mul(stepSize, div(first, denominator))), lanes);
  });
}

constexpr guiderail::Kernels table(const char* name) {
  return {name, 16 * VECTORS, ROWS, gemm<Floats>, gemm<Pairs>, pairAlong, pairDown, expSum, maximum, softmaxBackward, dot, scale, addInto, rmsNorm, scaleByVector, addProducts, addRows,
          rmsNormBackward, swiglu, swigluBackward, rope, adamw};
}
}  // namespace
