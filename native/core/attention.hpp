// Causal attention of rows of queries over the keys and values of their own sequences, forward and backward. The
// keys and values of a sequence stand in pieces: those of a prompt are shared by all its responses, and in training those
// of a beginning by all the prompts that have it. Bits do not depend on where the cuts are.
#pragma once
#include <vector>

#include "parameters.hpp"

namespace guiderail {

/**
 * Keys and values of consecutive positions in one layer. Keys are transposed in blocks of 16 positions, so that
 * lanes run over positions and what is filled of a head lies together.
 */
struct KeyValues {
  /** Dimension d of the key of head h at position j: keys[h · keyHead + (j / 16 · headDim + d) · 16 + j % 16]. */
  float* keys;
  ptrdiff_t keyHead;
  /** Value of head h at position j: values[h · valueHead + j · valueRow], headDim floats. */
  float* values;
  ptrdiff_t valueHead, valueRow;

  /** keyHead of memory for so many positions. */
  static ptrdiff_t keyHeadFor(const ModelShape& shape, size_t positions) { return static_cast<ptrdiff_t>((positions + 15) / 16 * 16) * shape.headDim; }
};

/** `count` rows of D floats to positions first, first + 1, … of blocks laid out as the keys of a head. */
void storeTransposed(int D, const float* rows, ptrdiff_t row, int first, int count, float* blocks);

/** Consecutive rows of a batch that are positions start, start + 1, … of one sequence. */
struct Segment {
  int firstRow;
  int rows;
  int start;
  /** Positions from 0 that are not in `memory` but in `shared`, or in the memories of the parent and its parents. */
  int prefix = 0;
  /** In training: the segment of the same batch that this one continues; −1 for none. */
  int parent = -1;
  KeyValues memory{};
  /** Where there is no parent. */
  KeyValues shared{};
};

/** What backward needs of a row and a head: the largest score and 1/Σ exp(score − largest). */
struct SoftmaxTrace {
  float largest, inverseSum;
};

/**
 * Rows of queries that share one gemm over their keys, consecutive in the batch: some of one segment, or the single
 * rows of segments that share their prefix (siblings that are decoded together read their prompt's keys once).
 */
struct QueryBlock {
  int segment, first, count;
  bool siblings;
};

/** Space that grows to what was needed most. */
struct AttentionSpace {
  Buffer scores;
  std::vector<QueryBlock> blocks;
};

/** out[row] of queryWidth floats; trace[row · heads + head] where wanted. */
void attentionForward(const Runtime& runtime, const ModelShape& shape, const std::vector<Segment>& segments,
                      const float* queries, float* out, SoftmaxTrace* trace, AttentionSpace& space);

struct AttentionGradients {
  float *queries, *keys, *values;
};

/**
 * From the cotangent of `out` to those of queries, keys and values (rows as in the batch; overwritten). The batch
 * holds every position: a segment starts at 0, or at its prefix where it has a parent. Between a parent and what continues
 * it, in one step or more, there stands nothing else.
 */
void attentionBackward(const Runtime& runtime, const ModelShape& shape, const std::vector<Segment>& segments,
                       const float* queries, const float* keys, const float* values, const float* out,
                       const SoftmaxTrace* trace, const float* dOut, const AttentionGradients& gradients, AttentionSpace& space);

}  // namespace guiderail
