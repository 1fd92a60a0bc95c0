import fc from 'fast-check';
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

describe('hinted prompts that the data set brings', () => {
  const whole: Problem = {
    ...problem,
    hintedPrompts: [null, [{ role: 'user', content: 'The whole of it.' }]],
  };

  it('are shown whole, after the system prompt of the recipe; the template makes the others', () => {
    const options = promptOptionsSchema.parse({
      systemPrompt: 'Be brief.',
      hintTemplate: '[{hint}] {content}',
    });
    expect(renderMessages(whole, 'hint2', options)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'The whole of it.' },
    ]);
    expect(renderMessages(whole, 'hint1', options).at(-1)!.content).toBe('[see $&] The $1.');
  });
});

describe('a prompt whose hint is taken away', () => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
  const message = (...roles: ('system' | 'user' | 'assistant')[]) =>
    fc.record({ role: fc.constantFrom(...roles), content: text });
  const conversations = fc
    .tuple(
      fc.option(message('system')),
      fc.array(message('user', 'assistant'), { maxLength: 3 }),
      message('user'),
    )
    .map(([system, turns, last]) => [...(system === null ? [] : [system]), ...turns, last]);
  const cases = fc.record({
    messages: conversations,
    hints: fc.array(text, { minLength: 1, maxLength: 3 }),
    hintedPrompts: fc.option(fc.array(fc.option(conversations), { maxLength: 3 })),
    systemPrompt: fc.option(text),
    // Any wording around the two places, in either order.
    template: fc
      .tuple(fc.tuple(text, text, text), fc.boolean())
      .map(([[a, b, c], first]) => (first ? `${a}{content}${b}{hint}${c}` : `${a}{hint}${b}{content}${c}`)),
  });

  it('has exactly the tokens of the plain prompt, whatever the hint, its template and the conversation', () => {
    fc.assert(
      fc.property(cases, ({ messages, hints, hintedPrompts, systemPrompt, template }) => {
        const options = { hintTemplate: template, ...(systemPrompt !== null && { systemPrompt }) };
        const hinted: Problem = {
          ...{ ...problem, messages, hints },
          ...(hintedPrompts !== null && { hintedPrompts: hintedPrompts.slice(0, hints.length) }),
        };
        const bare: Problem = { ...problem, messages, hints: [] };
        const plain = renderPrompt(characters, bare, 'plain', options);
        expect(renderPrompt(characters, hinted, 'plain', options)).toEqual(plain);
        for (const [index, hint] of hints.entries()) {
          if (hinted.hintedPrompts?.[index]) continue;
          const shown = renderMessages(hinted, `hint${index + 1}`, options);
          const content = messages.at(-1)!.content;
          // Exactly the last message is another, and it is the template with both in place.
          expect(shown.slice(0, -1)).toEqual(renderMessages(bare, 'plain', options).slice(0, -1));
          const [before, between, after] = template.split(/\{content\}|\{hint\}/);
          const [one, two] =
            template.indexOf('{hint}') < template.indexOf('{content}') ? [hint, content] : [content, hint];
          if (template.split(/\{content\}|\{hint\}/).length === 3)
            expect(shown.at(-1)!.content).toBe(`${before}${one}${between}${two}${after}`);
        }
      }),
    );
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
