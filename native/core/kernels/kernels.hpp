// The table of arithmetic that a decoder is made of. There is one table per instruction set; everything above
// calls through it and knows no instruction set. All arrays are float32, but for products of bfloat16 (bf16): there
// each 32 bits are a pair, the earlier term of the sum in the high half.
//
// Order of every sum (what makes results independent of batch, cache state and threads; native/README.md):
// - gemm: each element of C is one chain over k in ascending order, acc = a·b + acc, fused where the set has it.
//   Lanes lie along n, so tiling, the number of rows and threads change no bit. Products of two bf16 numbers are
//   exact in float32, so there a link rounds once on every set, and all sets give the same bits (but for numbers
//   below 2^−126, which hardware for bf16 takes and gives as 0).
// - sums along a row: 16 lanes, lane l takes elements i ≡ l (mod 16) in ascending order; then lanes l and l + 8
//   are added, then l + 4, l + 2, l + 1.
#pragma once
#include <cstddef>
#include <cstdint>

namespace guiderail {

struct AdamWRow {
  float learningRate, beta1, beta2, epsilon, weightDecay;
  float biasCorrection1, biasCorrection2Root;  // 1 − β1^t and √(1 − β2^t)
  float gradientScale;
};

/** What a product finds in C: nothing; a sum that the finished chain is added to; or its own chain's beginning. */
enum class Onto { Zero, Sum, Chain };

/**
 * C[m,n] = Σ_k A[m,k] B[k,n] onto C. A[m,k] is a[m·aRow + k·aCol]; B[k,n] is b[k·bRow + (n / 16)·bVector + n % 16], so
 * bVector is 16 where rows of B are plain; C[m,n] is c[m·cRow + n]. Two calls, the second with Onto::Chain, give the
 * bits of one call over the K of both. Of pairs, k counts pairs.
 */
using Gemm = void (*)(int M, int N, int K, const float* a, ptrdiff_t aRow, ptrdiff_t aCol, const float* b, ptrdiff_t bRow,
                      ptrdiff_t bVector, float* c, ptrdiff_t cRow, Onto onto);

struct Kernels {
  const char* name;
  /** Columns of a packed panel: what packPanels makes and gemm reads best. */
  int panelWidth;
  /** Rows that gemm works on at once; row blocks for threads are best a multiple of it. */
  int rowBlock;

  /** Terms are floats. */
  Gemm gemm;
  /** Terms are pairs of bf16, as pairAlong and pairDown make them. */
  Gemm gemmPairs;
  /** out[i] = the pair (x[2i], x[2i + 1]) for i < (n + 1) / 2, rounded to nearest, ties to even; an odd end is paired with 0. */
  void (*pairAlong)(int n, const float* x, float* out);
  /** out[i] = the pair (x[i], below[i]); null for zeros. */
  void (*pairDown)(int n, const float* x, const float* below, float* out);
  /** out[i] = exp(x[i] + shift); returns Σ out by the rule of 16 lanes. x and out may be the same. */
  float (*expSum)(int n, const float* x, float shift, float* out);
  float (*maximum)(int n, const float* x);
  /**
   * Backward of softmax(scale · x) where s = scale · x stands in p: p = exp(s + shift) · inverse, as expSum and scale
   * give it, and from dp = ∂/∂p to ∂/∂x = p · (dp − inner) · scale.
   */
  void (*softmaxBackward)(int n, float shift, float inverse, float inner, float scale, float* p, float* dp);
  float (*dot)(int n, const float* a, const float* b);
  /** y = x · scale */
  void (*scale)(int n, const float* x, float scale, float* y);
  /** y += x */
  void (*add)(int n, const float* x, float* y);
  /** out = x · r · w with r = 1/√(mean(x²) + eps). Returns r. */
  float (*rmsNorm)(int n, const float* x, const float* w, float eps, float* out);
  /** out = x · scale · w, with the bits of rmsNorm for the same scale. */
  void (*scaleByVector)(int n, const float* x, float scale, const float* w, float* out);
  /** out += Σ_m scale[m] · x[m] · y[m] over M rows of x and y, `row` floats apart, m ascending; n columns. */
  void (*addProducts)(int M, int n, const float* scale, const float* x, const float* y, ptrdiff_t row, float* out);
  /** out += Σ_m x[m] over M rows, `row` floats apart, m ascending; n columns. */
  void (*addRows)(int M, int n, const float* x, ptrdiff_t row, float* out);
  /** dx += backward of rmsNorm for the cotangent dy; r is what rmsNorm returned. */
  void (*rmsNormBackward)(int n, const float* x, const float* w, float r, const float* dy, float* dx);
  /** out = silu(gate) · up */
  void (*swiglu)(int n, const float* gate, const float* up, float* out);
  /** From the cotangent of out to those of gate and up (overwritten; may be the same arrays as gate and up). */
  void (*swigluBackward)(int n, const float* gate, const float* up, const float* dOut, float* dGate, float* dUp);
  /** Turns pairs (x[i], x[i + half]) by the angles of cos and sin (direction 1), or back (−1). */
  void (*rope)(int half, const float* cos, const float* sin, float direction, float* x);
  /** w, m, v after one AdamW update of a row (Loshchilov & Hutter 2019, as torch.optim.AdamW). */
  void (*adamw)(int n, const AdamWRow& update, const float* g, float* w, float* m, float* v);
};

/** The natural logarithm, correctly rounded from double; the same on every instruction set. */
float naturalLog(float x);

}  // namespace guiderail
