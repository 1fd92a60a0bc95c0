// What a model will hold of memory for given work, before that work begins. Whoever changes what is kept (buffers of
// decoder, head, products, sampler) changes the formula here; a test compares it with what buffers hold at most.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "model.hpp"

namespace guiderail {

/** Sequences by the numbers that decide memory: those sampled in one call, and those of one pass with gradient. */
struct Workload {
  size_t sampled, sampledPrompts, trained, trainedPrompts, promptTokens, newTokens;
};

/** Names and bytes; together the most that is held at once. */
std::vector<std::pair<std::string, size_t>> planMemory(Model& model, const Workload& work);

}  // namespace guiderail
