// Sixteen floats in two 256-bit registers.
#pragma once
#include <immintrin.h>

namespace {
struct V {
  __m256 lo, hi;
};
inline V load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline __m256i firstLanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline V loadFirst(const float* p, int n) {
  return {_mm256_maskload_ps(p, firstLanes(n)), n > 8 ? _mm256_maskload_ps(p + 8, firstLanes(n - 8)) : _mm256_setzero_ps()};
}
inline void store(float* p, V x) {
  _mm256_storeu_ps(p, x.lo);
  _mm256_storeu_ps(p + 8, x.hi);
}
inline void storeFirst(float* p, V x, int n) {
  _mm256_maskstore_ps(p, firstLanes(n), x.lo);
  if (n > 8) _mm256_maskstore_ps(p + 8, firstLanes(n - 8), x.hi);
}
inline V all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline V add(V a, V b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
inline V sub(V a, V b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
inline V mul(V a, V b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
inline V div(V a, V b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
inline V root(V a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
inline V max(V a, V b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
inline V madd(V a, V b, V c) { return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)}; }
inline __m256 highHalf8(__m256 x) { return _mm256_and_ps(x, _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(0xffff0000u)))); }
inline __m256 lowHalf8(__m256 x) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(x), 16)); }
inline V highHalf(V x) { return {highHalf8(x.lo), highHalf8(x.hi)}; }
inline V lowHalf(V x) { return {lowHalf8(x.lo), lowHalf8(x.hi)}; }
/** Of pairs a and b: c + high·high, then + low·low. */
inline V maddPairs(V a, V b, V c) { return madd(lowHalf(a), lowHalf(b), madd(highHalf(a), highHalf(b), c)); }
inline __m256 zeroBelow8(__m256 x, __m256 test, float limit) {
  return _mm256_blendv_ps(x, _mm256_setzero_ps(), _mm256_cmp_ps(test, _mm256_set1_ps(limit), _CMP_LT_OQ));
}
inline V zeroBelow(V x, V test, float limit) { return {zeroBelow8(x.lo, test.lo, limit), zeroBelow8(x.hi, test.hi, limit)}; }
inline __m256 valueAbove8(__m256 x, __m256 test, float limit, float value) {
  return _mm256_blendv_ps(x, _mm256_set1_ps(value), _mm256_cmp_ps(test, _mm256_set1_ps(limit), _CMP_GT_OQ));
}
inline V valueAbove(V x, V test, float limit, float value) {
  return {valueAbove8(x.lo, test.lo, limit, value), valueAbove8(x.hi, test.hi, limit, value)};
}
inline __m256 scaleByPower8(__m256 p, __m256 magic) {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32(_mm256_castps_si256(magic), 23)));
}
inline V scaleByPower(V p, V magic) { return {scaleByPower8(p.lo, magic.lo), scaleByPower8(p.hi, magic.hi)}; }
inline float sumLanes(V x) {
  __m256 a = _mm256_add_ps(x.lo, x.hi);
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}
inline float maxLanes(V x) {
  __m256 a = _mm256_max_ps(x.lo, x.hi);
  __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_max_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_max_ss(b, _mm_shuffle_ps(b, b, 1)));
}
constexpr int ROWS = 6;
constexpr int VECTORS = 1;
constexpr int SINGLE = 4;
}  // namespace
