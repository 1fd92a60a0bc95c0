// How per-token losses become one number. An aggregation gives each row the weight of one of its tokens; the
// loss is the plain sum of weight times token loss. The weights are those of the whole minibatch, so cutting
// it into micro-batches cannot change the objective. Dimensions: R rows of a minibatch.

/**
 * From the response lengths of all rows of the minibatch (rows that are skipped for speed included) to the
 * weight of one token of each row. A row without tokens has weight 0.
 */
export type Aggregation = (lengths_R: readonly number[]) => Float64Array;

/**
 * Every token counts the same: 1 / Σ lengths. DAPO (arXiv 2503.14476, eq. 8), `token-mean` in verl,
 * `loss_type="dapo"` in TRL. Long responses carry more of the gradient.
 */
export const tokenMean: Aggregation = (lengths_R) => {
  let tokens = 0;
  for (const length of lengths_R) tokens += length;
  return Float64Array.from(lengths_R, (length) => (length === 0 ? 0 : 1 / tokens));
};

/**
 * Every row counts the same: 1 / (rows · length). GRPO as published (arXiv 2402.03300, eq. 3),
 * `seq-mean-token-mean` in verl, `loss_type="grpo"` in TRL; and, in effect, the official Guide code, which
 * takes token means over micro-batches of one row and averages those.
 */
export const sequenceMean: Aggregation = (lengths_R) =>
  Float64Array.from(lengths_R, (length) => (length === 0 ? 0 : 1 / (lengths_R.length * length)));

/**
 * Divides by a length chosen beforehand (usually the response limit): 1 / (rows · length). Dr. GRPO (arXiv
 * 2503.20783), `loss_type="dr_grpo"` in TRL. Neither the lengths of a row nor those of its minibatch matter.
 */
export function fixedLength(length: number): Aggregation {
  return (lengths_R) =>
    Float64Array.from(lengths_R, (own) => (own === 0 ? 0 : 1 / (lengths_R.length * length)));
}
