#include "peak.hpp"

#include <chrono>
#include <cstdint>

namespace guiderail::bench {

#if defined(__x86_64__)
// Twelve independent accumulators hide a latency of four cycles at two a cycle.
#define TWELVE(R)                                                                                                  \
  "vfmadd231ps %%" R "12, %%" R "13, %%" R "0\n vfmadd231ps %%" R "12, %%" R "13, %%" R "1\n"                       \
  "vfmadd231ps %%" R "12, %%" R "13, %%" R "2\n vfmadd231ps %%" R "12, %%" R "13, %%" R "3\n"                       \
  "vfmadd231ps %%" R "12, %%" R "13, %%" R "4\n vfmadd231ps %%" R "12, %%" R "13, %%" R "5\n"                       \
  "vfmadd231ps %%" R "12, %%" R "13, %%" R "6\n vfmadd231ps %%" R "12, %%" R "13, %%" R "7\n"                       \
  "vfmadd231ps %%" R "12, %%" R "13, %%" R "8\n vfmadd231ps %%" R "12, %%" R "13, %%" R "9\n"                       \
  "vfmadd231ps %%" R "12, %%" R "13, %%" R "10\n vfmadd231ps %%" R "12, %%" R "13, %%" R "11\n"
#define LOOP(R)                                                                                                       \
  asm volatile("vbroadcastss %1, %%" R "12\n vbroadcastss %1, %%" R "13\n 1:\n" TWELVE(R) TWELVE(R) "dec %0\n jnz 1b\n vzeroupper" \
               : "+r"(loops)                                                                                          \
               : "m"(value)                                                                                           \
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
                 "xmm13", "cc")

double registerPeak(const std::string& instructionSet) {
  constexpr uint64_t LOOPS = 200'000;
  const float value = 0.5f;
  uint64_t loops = LOOPS;
  const bool wide = instructionSet == "avx512";
  if (!wide && instructionSet != "avx2") return 0;
  const auto start = std::chrono::steady_clock::now();
  if (wide) {
    LOOP("zmm");
  } else {
    LOOP("ymm");
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return static_cast<double>(LOOPS) * 24 * (wide ? 16 : 8) * 2 / seconds.count() * 1e-9;
}
#else
double registerPeak(const std::string&) { return 0; }
#endif

}  // namespace guiderail::bench
