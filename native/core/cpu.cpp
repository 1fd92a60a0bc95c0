#include "cpu.hpp"

#include <stdexcept>

namespace guiderail {

extern const Kernels kernels_portable;
#if defined(__x86_64__)
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
extern const Kernels kernels_avx512bf16;
#endif

std::vector<const Kernels*> availableKernels() {
  std::vector<const Kernels*> tables{&kernels_portable};
#if defined(__x86_64__)
  // The compiler's own check asks the operating system (xgetbv) as well as the processor.
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) tables.push_back(&kernels_avx2);
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
  if (avx512) tables.push_back(&kernels_avx512);
  if (avx512 && __builtin_cpu_supports("avx512bf16")) tables.push_back(&kernels_avx512bf16);
#endif
  return tables;
}

const Kernels& chooseKernels(const std::string& name) {
  const auto tables = availableKernels();
  if (name.empty()) return *tables.back();
  std::string names;
  for (const Kernels* table : tables) {
    if (name == table->name) return *table;
    names += (names.empty() ? "" : ", ") + std::string(table->name);
  }
  throw std::runtime_error("Expected an instruction set that this machine has (" + names + "), got \"" + name +
                           "\"; change or unset GUIDERAIL_ISA.");
}

}  // namespace guiderail
