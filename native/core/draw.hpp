// Which token a uniform number draws from a distribution. The reference engine does the same in double
// (src/engine/reference/distribution.ts), and src/engine/engine.ts says what truncation means.
#pragma once
#include <vector>

namespace guiderail {

/** Which tokens of the tempered distribution may be drawn: topK first, then topP, then minP. */
struct Truncation {
  /** The most likely so many; 0 for all. */
  int topK = 0;
  /** The fewest most likely that have this share; 1 for all. */
  double topP = 1.0;
  /** Those at least this share of the most likely one's probability; 0 for all. */
  double minP = 0.0;

  bool keepsAll() const { return topK <= 0 && topP >= 1.0 && minP <= 0.0; }
};

/**
 * Inverse CDF: the first token, in ascending order of ids, at which the running sum of weights, in double, exceeds
 * uniform · total. `weights` are exp(z − max z), so the largest is 1, and `total` is their sum as scoring has it; where
 * rounding leaves the running sum at or below the target, the last token with a weight.
 */
int drawToken(int V, const float* weights, double total, double uniform);

struct Candidate {
  float weight;
  int token;
  /** Before: more likely, or as likely and of a lower id. */
  bool operator<(const Candidate& other) const { return weight != other.weight ? weight > other.weight : token < other.token; }
};

/** Space of one thread that grows to what was needed most. */
struct DrawSpace {
  std::vector<Candidate> candidates, ranked;
};

/** The same over the tokens that the truncation keeps, with their own sum in double for the total. */
int drawTruncated(int V, const float* weights, double total, const Truncation& truncation, double uniform, DrawSpace& space);

}  // namespace guiderail
