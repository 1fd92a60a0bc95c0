// The kernels compiled for the instruction set "avx512bf16" (binding.gyp has its flags).
#include "vector_avx512.hpp"
// after the vectors it is written over
#include "kernels_impl.hpp"

namespace guiderail {
extern const Kernels kernels_avx512bf16 = table("avx512bf16");
}
