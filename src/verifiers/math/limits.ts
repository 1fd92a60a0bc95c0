// The bounds that make grading end: what a model wrote is measured before it is parsed, and every algorithm
// of this folder counts what it does against one of these. Beyond a bound an answer is unreadable or a
// comparison undecided (`Unreadable`, `TooLarge`); neither ever leaves this folder.

/** Longest answer that is parsed; a longer one is compared as text only. */
export const MAX_ANSWER_CHARS = 4000;
export const MAX_TOKENS = 1500;
/** Nesting of brackets, exponents and signs. */
export const MAX_DEPTH = 60;
/** Size of an exact integer; a power or factorial beyond it stays unevaluated. */
export const MAX_BITS = 8192;
/** Terms of a polynomial, and products of terms formed in one comparison. */
export const MAX_TERMS = 400;
export const MAX_TERM_PRODUCTS = 40_000;
/** Length of the name of one atom of the normal form (a function with its arguments, a root with its base). */
export const MAX_ATOM_CHARS = 4000;
/** Items of one list, set or tuple. */
export const MAX_ITEMS = 200;

/** Nodes that the sums and products of one answer are written out to. */
export const MAX_WRITTEN_NODES = 10_000;

/** The text is no answer this folder can read. */
export class Unreadable extends Error {}

/** An exact computation would pass a bound. */
export class TooLarge extends Error {}
