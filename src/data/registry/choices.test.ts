import { describe, expect, it } from 'vitest';
import { choice, shuffledChoice } from './choices.ts';

function answerOf(made: ReturnType<typeof choice>): { value: string[]; choices: string[] } {
  if ('reason' in made) throw new Error(made.reason);
  return JSON.parse(made.answer) as { value: string[]; choices: string[] };
}

describe('shuffledChoice', () => {
  const others = ['north', 'east', 'south'];

  it('is the same at every call, and keeps the right option right', () => {
    for (let index = 0; index < 50; index++) {
      const made = shuffledChoice(`Question ${index}?`, 'west', others, 'options');
      expect(made).toEqual(shuffledChoice(`Question ${index}?`, 'west', others, 'options'));
      const { value, choices } = answerOf(made);
      expect(choices[value[0].charCodeAt(0) - 65]).toBe('west');
      expect([...choices].sort()).toEqual(['east', 'north', 'south', 'west']);
    }
  });

  it('puts the right option at every letter about as often', () => {
    const counts = [0, 0, 0, 0];
    for (let index = 0; index < 1000; index++) {
      const { value } = answerOf(shuffledChoice(`Question ${index}?`, 'west', others, 'options'));
      counts[value[0].charCodeAt(0) - 65]++;
    }
    // 250 each; the standard deviation is 13.7.
    for (const count of counts) expect(Math.abs(count - 250)).toBeLessThan(60);
  });
});

describe('choice', () => {
  it('names the letter as a list, so that an option whose text is a letter is not taken for it', () => {
    expect(answerOf(choice('Which?', ['B', 'A'], 0, 'options'))).toEqual({
      value: ['A'],
      choices: ['B', 'A'],
    });
  });
});
