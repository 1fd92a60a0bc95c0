import { afterAll, describe, expect, it } from 'vitest';
import { Scratch } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

describe('guiderail data sets', () => {
  it('lists every data set on a line', async () => {
    const { code, out } = await scratch.run(['data', 'sets']);
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^name +task +verifier +hub +splits +schema$/);
    expect(lines.find((line) => line.startsWith('gpqa-diamond '))).toMatch(
      /^gpqa-diamond +science +science +Idavidrein\/gpqa\[gpqa_diamond\] +test +seen$/,
    );
    expect(lines.length).toBeGreaterThan(20);
  });

  it('says what is known of one', async () => {
    const { code, out } = await scratch.run(['data', 'sets', 'aime24']);
    expect(code).toBe(0);
    expect(out).toMatch(/^hub {7}HuggingFaceH4\/aime_2024$/m);
    expect(out).toMatch(/^splits {4}test \(train\)$/m);
    expect(out).toMatch(/^schema {4}seen at https:\/\//m);
    expect(out).toMatch(/^licence {3}not seen$/m);
  });

  it('refuses a name that is none, with the nearest', async () => {
    const { code, out, err } = await scratch.run(['data', 'sets', 'aime42']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('got "aime42"; did you mean "aime24"?');
  });
});
