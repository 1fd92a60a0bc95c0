// Multiple choice as a prompt and an answer of the science verifier: the options under letters from A, and the letter of
// the right one. The options are shown in the prompt, for without them there is nothing to choose from.
import { permutation, seedOf } from '../../random.ts';
import type { RowFault } from './entry.ts';

interface Choice {
  readonly prompt: string;
  /** JSON as docs/science-answers.md says. */
  readonly answer: string;
}

/** @param right index into options; @param field the column of the options, for what is wrong with them */
export function choice(
  question: string,
  options: readonly string[],
  right: number,
  field: string,
): Choice | RowFault {
  const texts = options.map((option) => option.trim());
  if (texts.length < 2 || texts.length > 26)
    return { field, reason: `has ${texts.length} options, and 2 to 26 are expected` };
  if (texts.includes('')) return { field, reason: 'has an empty option' };
  const lines = texts.map((option, index) => `${letterOf(index)}. ${option}`);
  return {
    prompt: `${question.trim()}\n\n${lines.join('\n')}`,
    // A list, because an option may be the text "B".
    answer: JSON.stringify({ value: [letterOf(right)], choices: texts }),
  };
}

/**
 * The same with the options in an order that depends on their content alone: for data that names the right one apart
 * from the others, so that it has no order of its own.
 */
export function shuffledChoice(
  question: string,
  right: string,
  others: readonly string[],
  field: string,
): Choice | RowFault {
  const options = [right, ...others];
  const order = [...permutation(options.length, seedOf(0, 'choice-order', question, ...options))];
  const shown = order.map((index) => options[index]!);
  return choice(question, shown, order.indexOf(0), field);
}

export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}
