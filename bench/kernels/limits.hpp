// What the machine allows at most: multiply-adds on registers alone, and reading memory.
#pragma once
#include <cstddef>
#include <string>

namespace guiderail::bench {

/**
 * GFLOP/s of that many threads at once in a run of about a millisecond, for "avx2", "avx512" or "avx512bf16"; of bf16
 * without an instruction for it, that of float32 (each product takes one too); 0 for a set without a measurement.
 * In assembly, because compilers spill the accumulators of intrinsics and then measure their own loads.
 */
double registerPeak(const std::string& instructionSet, bool bf16, int threads);

/** GB/s of reading `bytes` over and over, each thread its own part, with the widest loads of the instruction set. */
double readRate(const std::string& instructionSet, size_t bytes, int threads);

}  // namespace guiderail::bench
