// The shape of the labelled corpus of science answers: gold answers, each with responses that are right and responses that
// are not. The labels were written from how models answer SciQ, GPQA, MMLU-Pro, ScienceQA, SciBench and ChemBench,
// before the verifier was run on them; a label says what a teacher would, within the tolerances of docs/science-answers.md.

export interface LabelledAnswers {
  /** As in a row: text, or an object that stands for its JSON. */
  readonly gold: string | Readonly<Record<string, unknown>>;
  readonly correct: readonly string[];
  /** Not correct: wrong, or without an answer that can be found. */
  readonly not: readonly string[];
}
