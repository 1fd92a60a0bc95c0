// The kernels compiled for the instruction set "portable" (binding.gyp has its flags).
#include "vector_portable.hpp"
// after the vectors it is written over
#include "kernels_impl.hpp"

namespace guiderail {
extern const Kernels kernels_portable = table("portable");
}
