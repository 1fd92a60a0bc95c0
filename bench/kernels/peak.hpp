// What a core can do at most: multiply-adds on registers alone.
#pragma once
#include <string>

namespace guiderail::bench {

/**
 * GFLOP/s of one thread in a run of about a millisecond, for "avx2", "avx512" or "avx512bf16"; of bf16 without
 * an instruction for it, that of float32 (each product takes one too); 0 for a set without a measurement.
 * In assembly, because compilers spill the accumulators of intrinsics and then measure their own loads.
 */
double registerPeak(const std::string& instructionSet, bool bf16);

}  // namespace guiderail::bench
