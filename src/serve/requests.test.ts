import { describe, expect, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { readChatRequest, readCompletionRequest } from './requests.ts';

const MESSAGES = [{ role: 'user', content: 'hello' }];
const chat = (more: object = {}) => readChatRequest({ messages: MESSAGES, ...more });
const completion = (more: object = {}) => readCompletionRequest({ prompt: 'hello', ...more });
const refusal = (read: () => unknown) => {
  try {
    read();
  } catch (error) {
    if (error instanceof ApiError) return error;
  }
  throw new Error('the request was not refused');
};

describe('requests', () => {
  it('has the defaults of the API', () => {
    expect(chat().settings).toEqual({
      maxTokens: undefined,
      temperature: 1,
      truncation: { topK: 0, topP: 1, minP: 0 },
      seed: undefined,
      stop: [],
      n: 1,
      stream: false,
      includeUsage: false,
      logprobs: false,
      top: false,
      echo: false,
    });
    expect(completion().settings.maxTokens).toBe(16);
  });

  it('reads messages in all their forms', () => {
    const messages = [
      { role: 'developer', content: 'short' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        name: 'me',
      },
      { role: 'assistant', content: 'c', refusal: null },
    ];
    expect(chat({ messages }).messages).toEqual([
      { role: 'system', content: 'short' },
      { role: 'user', content: 'ab' },
      { role: 'assistant', content: 'c' },
    ]);
  });

  it.each([
    ['hello', ['hello']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[1, 2], [[1, 2]]],
    [
      [[1], [2, 3]],
      [[1], [2, 3]],
    ],
  ])('reads the prompt %j', (prompt, expected) => expect(completion({ prompt }).prompts).toEqual(expected));

  it('reads settings', () => {
    const read = chat({
      max_tokens: 3,
      max_completion_tokens: 5,
      stop: 'x',
      seed: -7,
      n: 2,
      stream: true,
      stream_options: { include_usage: true },
      logprobs: true,
    });
    expect(read.settings).toMatchObject({ maxTokens: 5, stop: ['x'], seed: -7, n: 2, includeUsage: true });
    expect(chat({ top_p: 0.9, top_k: 40, min_p: 0.1 }).settings.truncation).toEqual({
      ...{ topP: 0.9, topK: 40, minP: 0.1 },
    });
    expect(completion({ logprobs: 0 }).settings).toMatchObject({ logprobs: true, top: false });
    expect(completion({ logprobs: 1, echo: true, max_tokens: 0 }).settings).toMatchObject({
      ...{ logprobs: true, top: true, echo: true, maxTokens: 0 },
    });
  });

  it('passes over what changes nothing', () => {
    const neutral = {
      ...{
        user: 'me',
        metadata: { a: 'b' },
        store: false,
        top_p: 1,
        top_k: -1,
        min_p: 0,
        stop: null,
        seed: null,
      },
      ...{ presence_penalty: 0, frequency_penalty: 0, logit_bias: {}, tools: [], tool_choice: 'auto' },
      ...{ top_logprobs: 0, response_format: { type: 'text' } },
    };
    expect(chat(neutral)).toEqual(chat());
  });

  it.each([
    ['tools', [{ type: 'function' }]],
    ['tool_choice', 'required'],
    ['response_format', { type: 'json_object' }],
    ['top_p', 0],
    ['top_p', 1.1],
    ['top_k', -2],
    ['top_k', 1.5],
    ['min_p', -0.1],
    ['min_p', 1.1],
    ['presence_penalty', 1],
    ['logit_bias', { 5: -100 }],
    ['top_logprobs', 2],
    ['n', 129],
    ['n', 0],
    ['temperature', -1],
    ['temperature', 'hot'],
    ['max_tokens', 1.5],
    ['max_tokens', 0],
    ['max_completion_tokens', 0],
    ['stop', Array<string>(17).fill('x')],
    ['stop', ''],
    ['seed', 0.5],
    ['messages', []],
    ['messages', [{ role: 'tool', content: 'x' }]],
    ['messages', [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }]],
  ])('refuses %s = %j in a sentence that names it', (field, value) => {
    const error = refusal(() => chat({ [field]: value }));
    expect(error.status).toBe(400);
    expect(error.message).toContain(field);
  });

  it.each([
    ['logprobs', 2],
    ['best_of', 3],
    ['suffix', 'end'],
    ['prompt', []],
    ['prompt', [-1]],
    ['messages', MESSAGES],
  ])('refuses %s = %j of a completion', (field, value) => {
    const error = refusal(() => completion({ [field]: value }));
    expect([error.status, error.details.param]).toEqual([400, field]);
  });

  it('names the field that was meant', () => {
    expect(refusal(() => chat({ temprature: 0 })).message).toContain('did you mean "temperature"?');
  });

  it('counts the responses of all prompts', () => {
    expect(completion({ prompt: Array<string>(64).fill('a'), n: 2 }).prompts).toHaveLength(64);
    expect(refusal(() => completion({ prompt: Array<string>(65).fill('a'), n: 2 })).message).toContain('128');
  });

  it.each([null, [], 'text', 3])('refuses the body %j', (body) => {
    expect(refusal(() => readChatRequest(body)).status).toBe(400);
  });
});
