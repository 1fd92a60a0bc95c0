#include "limits.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "../../native/core/buffer.hpp"

namespace guiderail::bench {

namespace {
/** Seconds from when all threads are ready until the last has run run(thread). */
template <typename F>
double secondsOf(int threads, F run) {
  std::atomic<int> waiting{threads};
  const auto together = [&](int thread) {
    waiting--;
    while (waiting > 0) {
    }
    run(thread);
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; thread++) others.emplace_back(together, thread);
  waiting--;
  while (waiting > 0) std::this_thread::yield();
  const auto start = std::chrono::steady_clock::now();
  run(0);
  for (std::thread& other : others) other.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool hasWideRegisters(const std::string& set) { return set == "avx512" || set == "avx512bf16"; }
}  // namespace

#if defined(__x86_64__)
// Twelve independent accumulators hide a latency of four cycles at two a cycle.
#define ONE(I, R, N) I " %%" R "12, %%" R "13, %%" R N "\n"
#define TWELVE(I, R)                                                                                                      \
  ONE(I, R, "0") ONE(I, R, "1") ONE(I, R, "2") ONE(I, R, "3") ONE(I, R, "4") ONE(I, R, "5") ONE(I, R, "6") ONE(I, R, "7") \
  ONE(I, R, "8") ONE(I, R, "9") ONE(I, R, "10") ONE(I, R, "11")
#define REGISTERS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13"
#define LOOP(I, R)                                                                                                      \
  asm volatile("vbroadcastss %1, %%" R "12\n vbroadcastss %1, %%" R "13\n 1:\n" TWELVE(I, R) TWELVE(I, R) "dec %0\n jnz 1b\n vzeroupper" \
               : "+r"(loops)                                                                                          \
               : "m"(value)                                                                                           \
               : REGISTERS, "cc")
#define LOAD(R, AT, N) "vmovups " AT "(%0), %%" R N "\n"

double registerPeak(const std::string& instructionSet, bool bf16, int threads) {
  constexpr uint64_t LOOPS = 200'000;
  const bool dots = instructionSet == "avx512bf16" && bf16;
  const bool wide = hasWideRegisters(instructionSet);
  if (!wide && instructionSet != "avx2") return 0;
  const double seconds = secondsOf(threads, [&](int) {
    const float value = 0.5f;
    uint64_t loops = LOOPS;
    if (dots) {
      LOOP("vdpbf16ps", "zmm");
    } else if (wide) {
      LOOP("vfmadd231ps", "zmm");
    } else {
      LOOP("vfmadd231ps", "ymm");
    }
  });
  return static_cast<double>(LOOPS) * 24 * (wide ? 16 : 8) * (dots ? 4 : 2) * threads / seconds * 1e-9;
}

namespace {
/** Loads whole steps of 512 bytes. */
void read(const std::string& instructionSet, const char* from, const char* to) {
  if (hasWideRegisters(instructionSet)) {
    asm volatile("1:\n" LOAD("zmm", "", "0") LOAD("zmm", "64", "1") LOAD("zmm", "128", "2") LOAD("zmm", "192", "3")
                     LOAD("zmm", "256", "4") LOAD("zmm", "320", "5") LOAD("zmm", "384", "6") LOAD("zmm", "448", "7")
                 "add $512, %0\n cmp %1, %0\n jb 1b\n vzeroupper"
                 : "+r"(from) : "r"(to) : REGISTERS, "cc", "memory");
  } else {
    asm volatile("1:\n" LOAD("xmm", "", "0") LOAD("xmm", "16", "1") LOAD("xmm", "32", "2") LOAD("xmm", "48", "3")
                 "add $64, %0\n cmp %1, %0\n jb 1b"
                 : "+r"(from) : "r"(to) : REGISTERS, "cc", "memory");
  }
}
}  // namespace
#else
double registerPeak(const std::string&, bool, int) { return 0; }

namespace {
void read(const std::string&, const char* from, const char* to) {
  static volatile uint64_t seen;
  uint64_t sum[4] = {0, 0, 0, 0};
  for (auto at = reinterpret_cast<const uint64_t*>(from); at < reinterpret_cast<const uint64_t*>(to); at += 4) {
    for (int lane = 0; lane < 4; lane++) sum[lane] += at[lane];
  }
  seen = sum[0] + sum[1] + sum[2] + sum[3];
}
}  // namespace
#endif

double readRate(const std::string& instructionSet, size_t bytes, int threads) {
  constexpr size_t STEP = 512;
  /** Read in one measurement, so that it takes some milliseconds. */
  constexpr size_t LEAST = size_t{256} << 20;
  static Buffer buffer;
  const size_t part = std::max(STEP, bytes / threads / STEP * STEP), all = part * threads;
  // Written once: pages that were never written are all the same page.
  if (buffer.bytes() < all) buffer = Buffer::zeros(all / sizeof(float));
  const char* from = reinterpret_cast<const char*>(buffer.get());
  const int passes = static_cast<int>(std::max<size_t>(1, LEAST / all));
  // Not counted: memory that was only written so far is read slowly once.
  read(instructionSet, from, from + all);
  const double seconds = secondsOf(threads, [&](int thread) {
    for (int pass = 0; pass < passes; pass++) read(instructionSet, from + part * thread, from + part * (thread + 1));
  });
  return static_cast<double>(all) * passes / seconds * 1e-9;
}

}  // namespace guiderail::bench
