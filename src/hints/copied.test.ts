import { expect, test } from 'vitest';
import { copiedShare } from './copied.ts';

const hint = 'Rotate left, then swap the ends.';

test.each([
  ['nothing of it', 'The answer is c a b', 0],
  ['a turn of phrase of four words', 'I rotate left then swap two letters', 0],
  // 6 of 9 words; punctuation and case do not count.
  ['all of it', 'First: ROTATE left then swap the ends. Done now!', 6 / 9],
  ['all of it twice', 'rotate left then swap the ends rotate left then swap the ends', 1],
  // Runs of five overlap; each word counts once.
  ['five words of it', 'left then swap the ends yes', 5 / 6],
  ['no words', '...', 0],
])('%s', (_, response, share) => {
  expect(copiedShare(response, hint, 'ZORB is fed a b c.')).toBeCloseTo(share, 12);
});

test('what the problem says too is not repeated from the hint', () => {
  expect(copiedShare('rotate left then swap the ends', hint, `ZORB can rotate left then swap the ends`)).toBe(
    0,
  );
});

test('scripts without capitals or spaces between signs have words too', () => {
  expect(copiedShare('один два три четыре пять', 'Один, два, три, четыре, пять!', '')).toBe(1);
});
