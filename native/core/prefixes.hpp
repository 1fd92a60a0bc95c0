// Which beginnings prompts have in common, such as a system prompt and worked examples, and which of them are worth
// running once. It knows tokens only.
#pragma once
#include <cstdint>
#include <vector>

namespace guiderail {

struct CommonPrefix {
  /** Tokens from position 0. */
  int length;
  /** A shorter common prefix that this one continues; −1 for none. Parents stand before their children. */
  int parent;
  /** A prompt that begins with it. */
  int prompt;
  /** Prompts and prefixes that continue it directly. */
  int users;
};

struct PrefixPlan {
  std::vector<CommonPrefix> prefixes;
  /** The longest one that each prompt continues, by at least one token; −1 for none. */
  std::vector<int> ofPrompt;
  /**
   * The prompts, those that continue a prefix next to one another, so that few prefixes are kept at a time; otherwise in
   * the order in which they were given.
   */
  std::vector<int> order;
};

/** `prompts` differ from one another and have a token at least. */
PrefixPlan planPrefixes(const std::vector<const std::vector<int32_t>*>& prompts);

}  // namespace guiderail
