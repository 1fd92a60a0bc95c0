// Which instruction sets this machine has and which is used.
#pragma once
#include <string>
#include <vector>

#include "kernels/kernels.hpp"

namespace guiderail {

/** Tables this machine can run, slowest first; "portable" is always there. */
std::vector<const Kernels*> availableKernels();
/**
 * The table of that name, or the fastest for an empty one. Throws std::runtime_error, with a sentence, for a name
 * that is unknown or that this machine cannot run.
 */
const Kernels& chooseKernels(const std::string& name);

}  // namespace guiderail
