// The kernels compiled for the instruction set "avx2" (binding.gyp has its flags).
#include "vector_avx2.hpp"
// after the vectors it is written over
#include "kernels_impl.hpp"

namespace guiderail {
extern const Kernels kernels_avx2 = table("avx2");
}
