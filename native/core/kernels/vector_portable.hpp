// Sixteen floats in an array: for every machine, and the plainest statement of what a lane does.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

namespace {
struct V {
  float x[16];
};
template <typename F>
inline V each(F f) {
  V r;
  for (int i = 0; i < 16; i++) r.x[i] = f(i);
  return r;
}
inline V load(const float* p) { return each([&](int i) { return p[i]; }); }
inline V loadFirst(const float* p, int n) { return each([&](int i) { return i < n ? p[i] : 0.0f; }); }
inline void store(float* p, const V& x) {
  for (int i = 0; i < 16; i++) p[i] = x.x[i];
}
inline void storeFirst(float* p, const V& x, int n) {
  for (int i = 0; i < n; i++) p[i] = x.x[i];
}
inline V all(float x) { return each([&](int) { return x; }); }
inline V add(const V& a, const V& b) { return each([&](int i) { return a.x[i] + b.x[i]; }); }
inline V sub(const V& a, const V& b) { return each([&](int i) { return a.x[i] - b.x[i]; }); }
inline V mul(const V& a, const V& b) { return each([&](int i) { return a.x[i] * b.x[i]; }); }
inline V div(const V& a, const V& b) { return each([&](int i) { return a.x[i] / b.x[i]; }); }
inline V root(const V& a) { return each([&](int i) { return std::sqrt(a.x[i]); }); }
inline V max(const V& a, const V& b) { return each([&](int i) { return a.x[i] > b.x[i] ? a.x[i] : b.x[i]; }); }
inline V madd(const V& a, const V& b, const V& c) { return each([&](int i) { return a.x[i] * b.x[i] + c.x[i]; }); }
inline float highHalf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits &= 0xffff0000u;
  std::memcpy(&x, &bits, 4);
  return x;
}
inline float lowHalf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits <<= 16;
  std::memcpy(&x, &bits, 4);
  return x;
}
/** Of pairs a and b: c + high·high, then + low·low. */
inline V maddPairs(const V& a, const V& b, const V& c) {
  return each([&](int i) { return (c.x[i] + highHalf(a.x[i]) * highHalf(b.x[i])) + lowHalf(a.x[i]) * lowHalf(b.x[i]); });
}
inline V zeroBelow(const V& x, const V& test, float limit) {
  return each([&](int i) { return test.x[i] < limit ? 0.0f : x.x[i]; });
}
inline V valueAbove(const V& x, const V& test, float limit, float value) {
  return each([&](int i) { return test.x[i] > limit ? value : x.x[i]; });
}
inline V scaleByPower(const V& p, const V& magic) {
  return each([&](int i) {
    uint32_t bits, n;
    std::memcpy(&bits, &p.x[i], 4);
    std::memcpy(&n, &magic.x[i], 4);
    bits += n << 23;
    float r;
    std::memcpy(&r, &bits, 4);
    return r;
  });
}
inline float sumLanes(V x) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) x.x[i] += x.x[i + half];
  return x.x[0];
}
inline float maxLanes(const V& x) {
  float m = x.x[0];
  for (int i = 1; i < 16; i++) m = x.x[i] > m ? x.x[i] : m;
  return m;
}
// One row: the accumulators of more stay in memory (GCC 12), which makes gemm seven times slower.
constexpr int ROWS = 1;
constexpr int VECTORS = 1;
constexpr int SINGLE = 1;
}  // namespace
