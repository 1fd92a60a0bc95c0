// log in double from IEEE operations alone, so that no math library's version changes a bit. Compiled without
// fused multiply-add.
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels.hpp"

namespace guiderail {

/** x = m · 2^e with m in [√½, √2): log x = e ln 2 + 2 artanh s, s = (m − 1)/(m + 1), |s| < 0.1716. */
float naturalLog(float x) {
  if (!(x > 0.0f)) return x == 0.0f ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  if (std::isinf(x)) return x;
  const double d = x;  // every positive float is a normal double
  uint64_t bits;
  std::memcpy(&bits, &d, 8);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  double m;
  std::memcpy(&m, &bits, 8);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double series = 0.0;
  for (int k = 21; k >= 1; k -= 2) series = series * z + 1.0 / k;
  return static_cast<float>(exponent * 0.6931471805599453 + 2.0 * s * series);
}

}  // namespace guiderail
