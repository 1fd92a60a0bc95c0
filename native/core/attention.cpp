#include "attention.hpp"

#include <algorithm>
#include <cmath>

namespace guiderail {

namespace {
/** Query rows that share one gemm over their keys. */
constexpr int QUERIES = 32;
/** The most sequences whose single rows do: enough to read a prompt's keys seldom, few enough for many threads. */
constexpr int SIBLINGS = 8;

bool areSiblings(const Segment& a, const Segment& b) {
  return a.rows == 1 && b.rows == 1 && a.prefix > 0 && a.prefix == b.prefix && a.parent == b.parent &&
         a.shared.keys == b.shared.keys && b.firstRow == a.firstRow + 1;
}

void cutIntoBlocks(const std::vector<Segment>& segments, std::vector<QueryBlock>& blocks) {
  blocks.clear();
  for (int s = 0; s < static_cast<int>(segments.size()); s++) {
    const Segment& segment = segments[s];
    if (!blocks.empty() && segment.rows == 1 && segments[s - 1].rows == 1 && blocks.back().count < SIBLINGS &&
        areSiblings(segments[s - 1], segment)) {
      blocks.back().count++;
      blocks.back().siblings = true;
      continue;
    }
    for (int first = 0; first < segment.rows; first += QUERIES) {
      blocks.push_back({s, first, std::min(QUERIES, segment.rows - first), false});
    }
  }
}

int longest(const std::vector<Segment>& segments) {
  int most = 0;
  for (const Segment& segment : segments) most = std::max(most, segment.start + segment.rows);
  return oddLines(most);
}

float scoreScale(const ModelShape& shape) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(shape.headDim))); }

/** Calls f(memory, first, count, firstRow) for the pieces before a segment's own, in ascending order of positions. */
template <typename F>
void forPieces(const Segment* segments, const Segment& segment, F f) {
  if (segment.parent >= 0) {
    const Segment& parent = segments[segment.parent];
    forPieces(segments, parent, f);
    f(parent.memory, parent.prefix, segment.prefix - parent.prefix, parent.firstRow);
  } else if (segment.prefix > 0) {
    f(segment.shared, 0, segment.prefix, 0);
  }
}

/** What one head of one block works on. */
struct HeadOfBlock {
  const Kernels& kernels;
  const ModelShape& shape;
  const Segment* segments;
  const QueryBlock& block;
  int head;

  int keyHead() const { return head / (shape.heads / shape.keyValueHeads); }
  const Segment& segment() const { return segments[block.segment]; }
  const Segment& segmentOf(int row) const { return segments[block.siblings ? block.segment + row : block.segment]; }
  size_t firstRow() const { return static_cast<size_t>(segment().firstRow) + block.first; }
  /** Positions that a row sees, its own included. */
  int seen(int row) const { return segmentOf(row).start + (block.siblings ? 0 : block.first + row) + 1; }

  /** Calls f(row, count, segment, end) for runs of rows whose own memory is the same; they see up to `end`. */
  template <typename F>
  void forOwn(F f) const {
    if (!block.siblings) return f(0, block.count, segment(), seen(block.count - 1));
    for (int row = 0; row < block.count; row++) f(row, 1, segmentOf(row), seen(row));
  }

  /** scores[count][stride]: scaled q·k, of each row with at least the positions it sees. */
  void score(const float* queries, float* scores, ptrdiff_t stride) const {
    const int D = shape.headDim, Q = shape.queryWidth();
    const float* query = queries + firstRow() * Q + head * D;
    const int prefix = segment().prefix;
    forPieces(segments, segment(), [&](const KeyValues& memory, int first, int positions, int) {
      kernels.gemm(block.count, positions, D, query, Q, 1, memory.keys + keyHead() * memory.keyHead, 16, D * 16, scores + first, stride, Onto::Zero);
    });
    forOwn([&](int row, int count, const Segment& own, int end) {
      kernels.gemm(count, end - prefix, D, query + static_cast<size_t>(row) * Q, Q, 1, own.memory.keys + keyHead() * own.memory.keyHead,
                   16, D * 16, scores + row * stride + prefix, stride, Onto::Zero);
    });
    for (int row = 0; row < block.count; row++) kernels.scale(seen(row), scores + row * stride, scoreScale(shape), scores + row * stride);
  }

  /** Zeros what a row must not see, as far as any row of its gemm sees. */
  void mask(float* weights, ptrdiff_t stride) const {
    forOwn([&](int first, int count, const Segment&, int end) {
      for (int row = first; row < first + count; row++) std::fill(weights + row * stride + seen(row), weights + row * stride + end, 0.0f);
    });
  }
};

void forwardHead(const HeadOfBlock& at, const float* queries, float* out, SoftmaxTrace* trace, float* scores, ptrdiff_t stride) {
  const Kernels& kernels = at.kernels;
  const int D = at.shape.headDim, Q = at.shape.queryWidth(), count = at.block.count, prefix = at.segment().prefix;
  at.score(queries, scores, stride);
  float inverse[QUERIES];
  for (int row = 0; row < count; row++) {
    float* own = scores + row * stride;
    const int seen = at.seen(row);
    const float largest = kernels.maximum(seen, own);
    inverse[row] = 1.0f / kernels.expSum(seen, own, -largest, own);
    if (trace) trace[(at.firstRow() + row) * at.shape.heads + at.head] = {largest, inverse[row]};
  }
  at.mask(scores, stride);
  float* target = out + at.firstRow() * Q + at.head * D;
  forPieces(at.segments, at.segment(), [&](const KeyValues& memory, int first, int positions, int) {
    kernels.gemm(count, D, positions, scores + first, stride, 1, memory.values + at.keyHead() * memory.valueHead, memory.valueRow, 16, target, Q,
                 first > 0 ? Onto::Chain : Onto::Zero);
  });
  at.forOwn([&](int row, int rows, const Segment& own, int end) {
    kernels.gemm(rows, D, end - prefix, scores + row * stride + prefix, stride, 1, own.memory.values + at.keyHead() * own.memory.valueHead, own.memory.valueRow, 16,
                 target + static_cast<size_t>(row) * Q, Q, prefix > 0 ? Onto::Chain : Onto::Zero);
  });
  for (int row = 0; row < count; row++) kernels.scale(D, target + static_cast<size_t>(row) * Q, inverse[row], target + static_cast<size_t>(row) * Q);
}
}  // namespace

void storeTransposed(int D, const float* rows, ptrdiff_t row, int first, int count, float* blocks) {
  for (int i = 0; i < count;) {
    const int lane = (first + i) % 16, run = std::min(16 - lane, count - i);
    float* to = blocks + static_cast<ptrdiff_t>(first + i) / 16 * 16 * D + lane;
    for (int d = 0; d < D; d++) {
      for (int j = 0; j < run; j++) to[d * 16 + j] = rows[(i + j) * row + d];
    }
    i += run;
  }
}

void attentionForward(const Runtime& runtime, const ModelShape& shape, const std::vector<Segment>& segments,
                      const float* queries, float* out, SoftmaxTrace* trace, AttentionSpace& space) {
  cutIntoBlocks(segments, space.blocks);
  const ptrdiff_t stride = longest(segments);
  const int group = shape.heads / shape.keyValueHeads;
  space.scores.reserve(static_cast<size_t>(runtime.pool.threads()) * QUERIES * stride);
  // The query heads of one key head follow one another on one thread, which has its keys in the cache then.
  runtime.pool.parallelFor(static_cast<int>(space.blocks.size()) * shape.keyValueHeads, [&](int task, int thread) {
    const QueryBlock& block = space.blocks[task / shape.keyValueHeads];
    const int keyHead = task % shape.keyValueHeads;
    float* scores = space.scores.get() + static_cast<size_t>(thread) * QUERIES * stride;
    for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
      forwardHead({runtime.kernels, shape, segments.data(), block, head}, queries, out, trace, scores, stride);
    }
  });
}

namespace {
/** The arrays of a batch that backward reads. */
struct BackwardInputs {
  const float *queries, *keys, *values, *out, *dOut;
  const SoftmaxTrace* trace;
  AttentionGradients gradients;
};

/** Space of one thread: probs and dScores [QUERIES][stride], values of all positions in blocks as keys are. */
struct BackwardSpace {
  float *probs, *dScores, *valuesTransposed;
  ptrdiff_t stride;
};

/** probs: the attention weights; dScores: the cotangents of q·k (scale included), zero where not seen. */
void scoresBackward(const HeadOfBlock& at, const BackwardInputs& in, const BackwardSpace& space) {
  const Kernels& kernels = at.kernels;
  const int D = at.shape.headDim, Q = at.shape.queryWidth(), count = at.block.count;
  const float* dOut = in.dOut + at.firstRow() * Q + at.head * D;
  const float* out = in.out + at.firstRow() * Q + at.head * D;
  at.score(in.queries, space.probs, space.stride);
  kernels.gemm(count, at.seen(count - 1), D, dOut, Q, 1, space.valuesTransposed, 16, D * 16, space.dScores, space.stride, Onto::Zero);
  for (int row = 0; row < count; row++) {
    const int seen = at.seen(row);
    const SoftmaxTrace& trace = in.trace[(at.firstRow() + row) * at.shape.heads + at.head];
    const float inner = kernels.dot(D, dOut + static_cast<size_t>(row) * Q, out + static_cast<size_t>(row) * Q);
    kernels.softmaxBackward(seen, -trace.largest, trace.inverseSum, inner, scoreScale(at.shape), space.probs + row * space.stride,
                            space.dScores + row * space.stride);
  }
  at.mask(space.probs, space.stride);
  at.mask(space.dScores, space.stride);
}

/** One head of a block of rows: writes dQueries; adds to dKeys and dValues of its segment and of those it continues. */
void backwardHead(const HeadOfBlock& at, const BackwardInputs& in, const BackwardSpace& space) {
  const Kernels& kernels = at.kernels;
  const int D = at.shape.headDim, Q = at.shape.queryWidth(), K = at.shape.keyWidth(), count = at.block.count;
  const Segment& segment = at.segment();
  scoresBackward(at, in, space);
  const float* query = in.queries + at.firstRow() * Q + at.head * D;
  const float* dOut = in.dOut + at.firstRow() * Q + at.head * D;
  float* dQuery = in.gradients.queries + at.firstRow() * Q + at.head * D;
  const auto piece = [&](int firstRow, int from, int positions) {
    const Onto onto = from > 0 ? Onto::Chain : Onto::Zero;
    const size_t key = static_cast<size_t>(firstRow) * K + at.keyHead() * D;
    kernels.gemm(count, D, positions, space.dScores + from, space.stride, 1, in.keys + key, K, 16, dQuery, Q, onto);
    kernels.gemm(positions, D, count, space.dScores + from, 1, space.stride, query, Q, 16, in.gradients.keys + key, K, Onto::Sum);
    kernels.gemm(positions, D, count, space.probs + from, 1, space.stride, dOut, Q, 16, in.gradients.values + key, K, Onto::Sum);
  };
  const int prefix = segment.prefix, end = at.seen(count - 1);
  forPieces(at.segments, segment, [&](const KeyValues&, int first, int positions, int firstRow) { piece(firstRow, first, positions); });
  piece(segment.firstRow, prefix, end - prefix);
}

/** Values of a segment's rows to positions start, start + 1, …; its own gradients are zeroed. */
void beginSegment(const ModelShape& shape, const Segment& segment, int keyHead, const BackwardInputs& in, const BackwardSpace& space) {
  const int D = shape.headDim, K = shape.keyWidth();
  for (int row = 0; row < segment.rows; row++) {
    const size_t at = static_cast<size_t>(segment.firstRow + row) * K + keyHead * D;
    std::fill_n(in.gradients.keys + at, D, 0.0f);
    std::fill_n(in.gradients.values + at, D, 0.0f);
  }
  if (segment.rows > 0)
    storeTransposed(D, in.values + static_cast<size_t>(segment.firstRow) * K + keyHead * D, K, segment.start, segment.rows, space.valuesTransposed);
}

/**
 * Segments that share a beginning, parents first: their gradients of its keys have one writer. What is done for a
 * segment may write over what was done for those before it, but for its parents.
 */
std::vector<std::vector<int>> families(const std::vector<Segment>& segments) {
  std::vector<std::vector<int>> families;
  std::vector<int> familyOf(segments.size());
  for (int s = 0; s < static_cast<int>(segments.size()); s++) {
    if (segments[s].parent < 0) {
      familyOf[s] = static_cast<int>(families.size());
      families.push_back({s});
    } else {
      familyOf[s] = familyOf[segments[s].parent];
      families[familyOf[s]].push_back(s);
    }
  }
  return families;
}
}  // namespace

void attentionBackward(const Runtime& runtime, const ModelShape& shape, const std::vector<Segment>& segments,
                       const float* queries, const float* keys, const float* values, const float* out,
                       const SoftmaxTrace* trace, const float* dOut, const AttentionGradients& gradients, AttentionSpace& space) {
  const int group = shape.heads / shape.keyValueHeads;
  const ptrdiff_t stride = longest(segments);
  const size_t each = static_cast<size_t>(2 * QUERIES + shape.headDim) * stride;
  space.scores.reserve(each * runtime.pool.threads());
  const BackwardInputs in{queries, keys, values, out, dOut, trace, gradients};
  const auto all = families(segments);
  runtime.pool.parallelFor(static_cast<int>(all.size()) * shape.keyValueHeads, [&](int task, int thread) {
    const int keyHead = task % shape.keyValueHeads;
    float* own = space.scores.get() + each * thread;
    const BackwardSpace arrays{own, own + QUERIES * stride, own + 2 * QUERIES * stride, stride};
    for (const int s : all[task / shape.keyValueHeads]) {
      beginSegment(shape, segments[s], keyHead, in, arrays);
      for (int first = 0; first < segments[s].rows; first += QUERIES) {
        const QueryBlock block{s, first, std::min(QUERIES, segments[s].rows - first), false};
        for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
          backwardHead({runtime.kernels, shape, segments.data(), block, head}, in, arrays);
        }
      }
    }
  });
}

}  // namespace guiderail
