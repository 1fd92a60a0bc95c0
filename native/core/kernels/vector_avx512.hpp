// Sixteen floats in one 512-bit register.
#pragma once
#include <immintrin.h>

namespace {
struct V {
  __m512 v;
};
inline V load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline __mmask16 firstLanes(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
/** The first n of 16 (0 < n < 16); the other lanes are 0. */
inline V loadFirst(const float* p, int n) { return {_mm512_maskz_loadu_ps(firstLanes(n), p)}; }
inline void store(float* p, V x) { _mm512_storeu_ps(p, x.v); }
inline void storeFirst(float* p, V x, int n) { _mm512_mask_storeu_ps(p, firstLanes(n), x.v); }
inline V all(float x) { return {_mm512_set1_ps(x)}; }
inline V add(V a, V b) { return {_mm512_add_ps(a.v, b.v)}; }
inline V sub(V a, V b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline V mul(V a, V b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline V div(V a, V b) { return {_mm512_div_ps(a.v, b.v)}; }
inline V root(V a) { return {_mm512_sqrt_ps(a.v)}; }
inline V max(V a, V b) { return {_mm512_max_ps(a.v, b.v)}; }
inline V madd(V a, V b, V c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
#if defined(__AVX512BF16__)
/** Of pairs a and b: c + high·high, then + low·low, each rounded, as the instruction does it. */
inline V maddPairs(V a, V b, V c) {
  return {_mm512_dpbf16_ps(c.v, reinterpret_cast<__m512bh>(a.v), reinterpret_cast<__m512bh>(b.v))};
}
/** The pairs (a[i], b[i]) with the bits of roundedToBf16. */
inline V roundedPairs(V a, V b) {
  const __m512i halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(a.v, b.v));  // those of b, then those of a
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i order = _mm512_or_epi32(_mm512_slli_epi32(lane, 16), _mm512_add_epi32(lane, _mm512_set1_epi32(16 << 16)));
  return {_mm512_castsi512_ps(_mm512_permutexvar_epi16(order, halves))};
}
/** The pairs (x[0], x[1]), (x[2], x[3]), … of 32 numbers with the bits of roundedToBf16. */
inline V roundedNeighbours(const float* x) {
  const __m512i halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 16), _mm512_loadu_ps(x)));
  return {_mm512_castsi512_ps(_mm512_rol_epi32(halves, 16))};
}
#else
inline V highHalf(V x) { return {_mm512_and_ps(x.v, _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(0xffff0000u))))}; }
inline V lowHalf(V x) { return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(x.v), 16))}; }
/** Of pairs a and b: c + high·high, then + low·low. */
inline V maddPairs(V a, V b, V c) { return madd(lowHalf(a), lowHalf(b), madd(highHalf(a), highHalf(b), c)); }
#endif
/** x where limit <= x or x is NaN, otherwise 0; tested on `test`. */
inline V zeroBelow(V x, V test, float limit) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(test.v, _mm512_set1_ps(limit), _CMP_LT_OQ), x.v, _mm512_setzero_ps())};
}
inline V valueAbove(V x, V test, float limit, float value) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(test.v, _mm512_set1_ps(limit), _CMP_GT_OQ), x.v, _mm512_set1_ps(value))};
}
/** p · 2^n, where the low bits of `magic` hold n and 2^n is normal. */
inline V scaleByPower(V p, V magic) {
  __m512i n = _mm512_slli_epi32(_mm512_castps_si512(magic.v), 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p.v), n))};
}
inline float sumLanes(V x) {
  __m256 a = _mm256_add_ps(_mm512_castps512_ps256(x.v), _mm512_extractf32x8_ps(x.v, 1));
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}
inline float maxLanes(V x) { return _mm512_reduce_max_ps(x.v); }
constexpr int ROWS = 8;
constexpr int VECTORS = 3;
constexpr int SINGLE = 8;
}  // namespace
