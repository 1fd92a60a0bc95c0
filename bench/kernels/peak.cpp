#include "peak.hpp"

#include <chrono>
#include <cstdint>

namespace guiderail::bench {

#if defined(__x86_64__)
// Twelve independent accumulators hide a latency of four cycles at two a cycle.
#define ONE(I, R, N) I " %%" R "12, %%" R "13, %%" R N "\n"
#define TWELVE(I, R)                                                                                                      \
  ONE(I, R, "0") ONE(I, R, "1") ONE(I, R, "2") ONE(I, R, "3") ONE(I, R, "4") ONE(I, R, "5") ONE(I, R, "6") ONE(I, R, "7") \
  ONE(I, R, "8") ONE(I, R, "9") ONE(I, R, "10") ONE(I, R, "11")
#define LOOP(I, R)                                                                                                      \
  asm volatile("vbroadcastss %1, %%" R "12\n vbroadcastss %1, %%" R "13\n 1:\n" TWELVE(I, R) TWELVE(I, R) "dec %0\n jnz 1b\n vzeroupper" \
               : "+r"(loops)                                                                                          \
               : "m"(value)                                                                                           \
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
                 "xmm13", "cc")

double registerPeak(const std::string& instructionSet, bool bf16) {
  constexpr uint64_t LOOPS = 200'000;
  const float value = 0.5f;
  uint64_t loops = LOOPS;
  const bool dots = instructionSet == "avx512bf16" && bf16;
  const bool wide = instructionSet == "avx512" || instructionSet == "avx512bf16";
  if (!wide && instructionSet != "avx2") return 0;
  const auto start = std::chrono::steady_clock::now();
  if (dots) {
    LOOP("vdpbf16ps", "zmm");
  } else if (wide) {
    LOOP("vfmadd231ps", "zmm");
  } else {
    LOOP("vfmadd231ps", "ymm");
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return static_cast<double>(LOOPS) * 24 * (wide ? 16 : 8) * (dots ? 4 : 2) / seconds.count() * 1e-9;
}
#else
double registerPeak(const std::string&, bool) { return 0; }
#endif

}  // namespace guiderail::bench
