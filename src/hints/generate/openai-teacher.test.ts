import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onlyModelOf, OpenAITeacher, type OpenAITeacherSettings } from './openai-teacher.ts';
import { FakeClock, ScriptedTeacher, type ScriptedAnswer } from './scripted-teacher.case.ts';
import { RequestError, TeacherError } from './teacher.ts';

let server: ScriptedTeacher;
let clock: FakeClock;
beforeEach(async () => {
  server = new ScriptedTeacher();
  clock = new FakeClock();
  server.onSilence = () => clock.expire();
  await server.start();
});
afterEach(() => server.stop());

const running = new AbortController().signal;
const ask = (content: string) => ({
  key: content,
  messages: [{ role: 'user' as const, content }],
  levels: 1,
});
const KEY = 'sk-very-secret';

function teacherOf(more: Partial<OpenAITeacherSettings> = {}) {
  return new OpenAITeacher({
    ...{ url: server.url, key: KEY, model: 'm', temperature: 0.7, maxNewTokens: 64, timeoutMs: 5000 },
    ...{ clock, seed: 1, retries: 3, failuresInARow: 100 },
    ...more,
  });
}

/** Answers in order, the last for ever. */
function script(...answers: ScriptedAnswer[]): void {
  let count = 0;
  server.answer = () => answers[Math.min(count++, answers.length - 1)];
}

const GOOD: ScriptedAnswer = { hints: ['count the packs'] };
const GOOD_REPLY = {
  text: '{"hints":["count the packs"]}',
  finish: 'stop',
  usage: { promptTokens: 100, completionTokens: 10 },
};

describe('OpenAITeacher', () => {
  it('sends model, messages, temperature, limit and the schema of the reply, with the key', async () => {
    await teacherOf().ask(ask('q'), running);
    expect(server.requests[0]).toMatchObject({
      authorization: `Bearer ${KEY}`,
      body: {
        model: 'm',
        messages: [{ role: 'user', content: 'q' }],
        temperature: 0.7,
        max_tokens: 64,
        response_format: {
          type: 'json_schema',
          json_schema: { schema: { properties: { hints: { minItems: 1, maxItems: 1 } } } },
        },
      },
    });
  });

  it('sends no key where there is none', async () => {
    await teacherOf({ key: null }).ask(ask('q'), running);
    expect(server.requests[0].authorization).toBeUndefined();
  });

  it.each<[string, ScriptedAnswer, object]>([
    ['whole', GOOD, GOOD_REPLY],
    ['cut off', { text: '{"hi', finish: 'length' }, { text: '{"hi', finish: 'length' }],
    ['refused', { text: null, refusal: 'I will not.' }, { text: 'I will not.', finish: 'refused' }],
    ['filtered', { text: '', finish: 'content_filter' }, { text: '', finish: 'refused' }],
    ['all thought', { text: null, finish: 'length' }, { text: '', finish: 'length' }],
    ['of unknown cost', { text: 'x', silentUsage: true }, { text: 'x', usage: null }],
  ])('gives a reply that is %s as it is, and asks for no other', async (_, answer, reply) => {
    script(answer);
    expect(await teacherOf().ask(ask('q'), running)).toMatchObject(reply);
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, ScriptedAnswer]>([
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['503', { status: 503 }],
    ['no answer in time', 'silence'],
    ['a connection that breaks off', 'cut'],
    ['a body that is no JSON', { body: '{"choices": [' }],
    ['a body that is no completion', { body: '{"choices": []}' }],
  ])('tries again after %s', async (_, fault) => {
    script(fault, fault, GOOD);
    expect(await teacherOf().ask(ask('q'), running)).toEqual(GOOD_REPLY);
    expect(server.contents).toEqual(['q', 'q', 'q']);
    expect(clock.waits).toHaveLength(2);
  });

  it.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '9', 'retry-after-ms': '1500' }, 1500],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:01:30 GMT' }, 90_000],
  ])('waits as long as %j says', async (headers, ms) => {
    script({ status: 429, headers: headers }, GOOD);
    await teacherOf().ask(ask('q'), running);
    expect(clock.now()).toBeGreaterThanOrEqual(ms);
    expect(clock.now()).toBeLessThanOrEqual(ms + 1000);
  });

  it('says of a silent server how long it waited', async () => {
    script('silence');
    const asked = teacherOf({ retries: 0 }).ask(ask('q'), running);
    await expect(asked).rejects.toThrow('did not answer within 5 s.');
  });

  it.each([
    [401, 'does not accept the key (401); set GUIDERAIL_TEACHER_KEY'],
    [403, 'does not accept the key (403)'],
    [404, 'check --model and --teacher'],
    [402, 'cannot be used (402)'],
  ])('ends with a sentence after %d, at once', async (status, sentence) => {
    script({ status, message: `bad key ${KEY}` });
    const asked = teacherOf().ask(ask('q'), running);
    await expect(asked).rejects.toBeInstanceOf(TeacherError);
    await expect(asked).rejects.toThrow(sentence);
    await expect(asked).rejects.toThrow('bad key [key]');
    expect(server.requests).toHaveLength(1);
  });

  it('ends where the quota is used up, though that comes as 429', async () => {
    script({ status: 429, code: 'insufficient_quota' });
    await expect(teacherOf().ask(ask('q'), running)).rejects.toThrow('no quota left');
    expect(server.requests).toHaveLength(1);
  });

  it('fails one request that the server refuses whatever its form', async () => {
    script({ status: 400, message: 'prompt too long' });
    const asked = teacherOf().ask(ask('q'), running);
    await expect(asked).rejects.toBeInstanceOf(RequestError);
    await expect(asked).rejects.toThrow('refused the request with 400: prompt too long');
    // With the schema and without.
    expect(server.requests).toHaveLength(2);
  });

  it('finds out once that a server takes no schema, while the others wait', async () => {
    server.answer = ({ body }) =>
      'response_format' in body ? { status: 400, message: 'unknown field' } : GOOD;
    const told: string[] = [];
    const teacher = teacherOf({ onFallback: (sentence) => told.push(sentence) });
    await Promise.all(['a', 'b', 'c'].map((content) => teacher.ask(ask(content), running)));
    await teacher.ask(ask('d'), running);
    expect(server.contents.toSorted()).toEqual(['a', 'a', 'b', 'c', 'd']);
    expect(told).toEqual([expect.stringContaining('takes no JSON schema')]);
  });

  it('does not take a refusal of something else for one of the schema', async () => {
    server.answer = ({ content }) => (content === 'too long' ? { status: 400 } : GOOD);
    const teacher = teacherOf();
    await expect(teacher.ask(ask('too long'), running)).rejects.toBeInstanceOf(RequestError);
    await teacher.ask(ask('short'), running);
    expect(server.requests.at(-1)!.body).toHaveProperty('response_format');
    await expect(teacher.ask(ask('too long'), running)).rejects.toBeInstanceOf(RequestError);
    // Now it is known that the schema is taken: no second form is tried.
    expect(server.requests).toHaveLength(4);
  });

  it('calls the limit of tokens by the name that the server wants', async () => {
    server.answer = ({ body }) =>
      'max_tokens' in body ? { status: 400, message: "Use 'max_completion_tokens' instead." } : GOOD;
    const teacher = teacherOf();
    await teacher.ask(ask('a'), running);
    await teacher.ask(ask('b'), running);
    expect(server.contents).toEqual(['a', 'a', 'b']);
    expect(server.requests.at(-1)!.body).toMatchObject({ max_completion_tokens: 64, response_format: {} });
  });

  it('lets the next request find out where the first one fails', async () => {
    let count = 0;
    server.answer = () => (count++ === 0 ? { status: 500 } : GOOD);
    const teacher = teacherOf({ retries: 0 });
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((content) => teacher.ask(ask(content), running)),
    );
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });

  it('says that nobody is there', async () => {
    await server.stop();
    const asked = teacherOf({ retries: 1 }).ask(ask('q'), running);
    await expect(asked).rejects.toThrow(/cannot be reached.*ECONNREFUSED.*tried 2 times/);
    await server.start();
  });

  it.each([
    ['ftp://x/v1', /Expected --teacher to be self, or the URL/],
    ['127.0.0.1:8000', /Expected --teacher to be self, or the URL/],
    ['http://me:secret@127.0.0.1/v1', /without a name or a password/],
  ])('refuses %s', (url, message) => {
    expect(() => teacherOf({ url })).toThrow(message);
    expect(() => teacherOf({ url })).not.toThrow(/secret/);
  });

  it('adds /v1 to a URL without a path', async () => {
    await teacherOf({ url: server.url.replace('/v1', '') }).ask(ask('q'), running);
    expect(server.requests).toHaveLength(1);
  });
});

describe('onlyModelOf', () => {
  it('names the only model, and lists several', async () => {
    expect(await onlyModelOf(server.url, null)).toBe('scripted');
    server.models = ['a', 'b'];
    await expect(onlyModelOf(server.url, null)).rejects.toThrow('2 models; name one with --model: a, b.');
    server.models = [];
    await expect(onlyModelOf(server.url, null)).rejects.toThrow('has no model');
  });
});
