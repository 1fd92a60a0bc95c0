import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import type { Problem } from '../types.ts';
import { promptOptionsSchema, renderDemonstration, renderMessages, renderPrompt } from './prompts.ts';
import type { ChatTokenizer } from './tokenizer.ts';

const problem: Problem = {
  id: '0123456789abcdef',
  messages: [
    { role: 'user', content: 'Is $& a {hint}?' },
    { role: 'assistant', content: 'Which?' },
    { role: 'user', content: 'The $1.' },
  ],
  answer: 'no',
  verifier: 'exact',
  hints: ['see $&', 'see {content}'],
  source: 'test',
};

/** One token per character, a conversation as its contents after "role:"; 0 ends a response. */
const characters: ChatTokenizer = {
  vocabularySize: 128,
  stopTokens: [0, 1],
  encode: (text) => Int32Array.from(text, (character) => character.charCodeAt(0)),
  decode: (tokens) => String.fromCharCode(...Array.from(tokens)),
  renderChat: (messages) => characters.encode(messages.map((m) => `${m.role}:${m.content}|`).join('')),
};

describe('renderMessages', () => {
  it('leaves a problem as it is in the plain context', () => {
    expect(renderMessages(problem, 'plain')).toEqual(problem.messages);
  });

  it('puts the hint of the level into the last user message alone, and takes $ and braces literally', () => {
    expect(renderMessages(problem, 'hint1')).toEqual([
      ...problem.messages.slice(0, 2),
      { role: 'user', content: 'The $1.\n\nHint: see $&' },
    ]);
    expect(renderMessages(problem, 'hint2').at(-1)!.content).toBe('The $1.\n\nHint: see {content}');
  });

  it('follows the template of the options', () => {
    const options = promptOptionsSchema.parse({ hintTemplate: '[{hint}] {content}' });
    expect(renderMessages(problem, 'hint1', options).at(-1)!.content).toBe('[see $&] The $1.');
  });

  it('puts the system prompt first, before a system message of the problem’s own', () => {
    const options = promptOptionsSchema.parse({ systemPrompt: 'Be brief.' });
    expect(renderMessages(problem, 'plain', options)).toEqual([
      { role: 'system', content: 'Be brief.' },
      ...problem.messages,
    ]);
    const own: Problem = {
      ...problem,
      messages: [{ role: 'system', content: 'Be kind.' }, ...problem.messages],
    };
    expect(renderMessages(own, 'plain', options)).toEqual([
      { role: 'system', content: 'Be brief.\n\nBe kind.' },
      ...problem.messages,
    ]);
  });

  it('refuses a level without a hint, naming the problem', () => {
    expect(() => renderMessages(problem, 'hint3')).toThrow(DataError);
    expect(() => renderMessages(problem, 'hint3')).toThrow(/0123456789abcdef .*level 3, but it has 2 hint/);
  });
});

describe('promptOptionsSchema', () => {
  it.each(['{content}', '{hint}', ''])('refuses the hint template %j', (hintTemplate) => {
    expect(promptOptionsSchema.safeParse({ hintTemplate }).success).toBe(false);
  });

  it('refuses options it does not know', () => {
    expect(promptOptionsSchema.safeParse({ hinttemplate: '{content}{hint}' }).success).toBe(false);
  });
});

describe('tokens', () => {
  it('of a prompt are the tokenizer’s of its messages', () => {
    expect(characters.decode(renderPrompt(characters, problem, 'hint1'))).toBe(
      'user:Is $& a {hint}?|assistant:Which?|user:The $1.\n\nHint: see $&|',
    );
  });

  it('of a demonstration are those of its context, and the response with the first stop token', () => {
    const tokens = renderDemonstration(characters, { problem, context: 'hint1', response: 'no' });
    expect(tokens.promptTokens).toEqual(renderPrompt(characters, problem, 'hint1'));
    expect([...tokens.responseTokens]).toEqual([110, 111, 0]);
  });
});
