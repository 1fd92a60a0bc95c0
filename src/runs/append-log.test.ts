import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAppendLog, readLog } from './append-log.ts';
import { recordFromJson, recordToJson } from './record-json.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'guiderail-log-'));
  path = join(dir, 'log.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('record JSON', () => {
  it('keeps non-finite numbers apart from text that reads the same', () => {
    const record = { loss: NaN, max: Infinity, min: -Infinity, answer: 'Infinity', odd: "'NaN", plain: "'tis" };
    const text = recordToJson(record);
    expect(text).toBe(
      `{"loss":"NaN","max":"Infinity","min":"-Infinity","answer":"'Infinity","odd":"''NaN","plain":"'tis"}`,
    );
    expect(recordFromJson(text)).toEqual(record);
  });

  it('writes typed arrays as lists and keeps the order of keys', () => {
    expect(recordToJson({ b: Int32Array.of(1, 2), a: Float64Array.of(NaN, -0.5) })).toBe(
      '{"b":[1,2],"a":["NaN",-0.5]}',
    );
  });

  it('gives every JSON value and every number back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.double(), (value, number) => {
        // JSON.stringify writes -0 as 0, which a log may do too.
        const expected = { value: JSON.parse(JSON.stringify(value)) as unknown, number: number + 0 };
        expect(recordFromJson(recordToJson({ value, number }))).toEqual(expected);
      }),
    );
  });

  it('refuses what is no record', () => {
    expect(() => recordToJson({ seed: 1n })).toThrow(/Expected a record made of JSON values/);
    expect(() => recordToJson(undefined)).toThrow(/got undefined/);
  });
});

describe('AppendLog', () => {
  it('counts bytes, not characters, and goes on where an earlier one ended', async () => {
    const log = openAppendLog(path);
    log.append({ text: 'é' });
    expect(log.byteLength).toBe(Buffer.byteLength('{"text":"é"}\n'));
    await log.flush();
    log.close();
    const again = openAppendLog(path);
    expect(again.byteLength).toBe(log.byteLength);
    again.append({ n: 2 });
    again.close();
    expect(readFileSync(path, 'utf8')).toBe('{"text":"é"}\n{"n":2}\n');
  });

  it('cuts back to an earlier length and writes on from there', () => {
    const log = openAppendLog(path);
    log.append({ n: 1 });
    const { byteLength } = log;
    log.append({ n: 2 });
    log.truncateTo(byteLength);
    log.append({ n: 3 });
    expect(() => log.truncateTo(1000)).toThrow(/at least 1000 bytes, but it has only/);
    log.close();
    expect(readFileSync(path, 'utf8')).toBe('{"n":1}\n{"n":3}\n');
    expect(() => log.append({})).toThrow(/closed/);
  });

  it('cuts off half a record on opening, however long it is, and says what it was', () => {
    const half = `{"text":"${'x'.repeat(70_000)}`;
    writeFileSync(path, `{"n":1}\n${half}`);
    const log = openAppendLog(path);
    expect(log.tornOnOpening).toBe(half);
    log.append({ n: 2 });
    log.close();
    expect(readFileSync(path, 'utf8')).toBe('{"n":1}\n{"n":2}\n');
  });

  it('completes a whole record that only lacks its newline', () => {
    writeFileSync(path, '{"n":1}\n{"n":2}');
    const log = openAppendLog(path);
    expect(log.tornOnOpening).toBeNull();
    log.close();
    expect(readFileSync(path, 'utf8')).toBe('{"n":1}\n{"n":2}\n');
  });
});

describe('readLog', () => {
  it('takes an absent file for an empty log', async () => {
    expect(await readLog(path)).toEqual({ records: [], nextByte: 0, torn: null, damaged: [], restarted: false });
  });

  it('drops a torn last line, reports it, and reads it whole once it is', async () => {
    writeFileSync(path, '{"n":1}\n{"n":');
    const first = await readLog<{ n: number }>(path);
    expect(first.records).toEqual([{ n: 1 }]);
    expect(first.torn).toBe('{"n":');
    appendFileSync(path, '2}\n');
    const second = await readLog<{ n: number }>(path, first.nextByte);
    expect(second).toMatchObject({ records: [{ n: 2 }], torn: null, restarted: false, nextByte: 16 });
  });

  it('reads all again when the file was cut back below what was read', async () => {
    writeFileSync(path, '{"n":1}\n{"n":2}\n{"n":3}\n');
    const { nextByte } = await readLog(path);
    truncateSync(path, 8);
    expect(await readLog(path, nextByte)).toMatchObject({ records: [{ n: 1 }], restarted: true, nextByte: 8 });
  });

  it('reads all again when other lines have grown past the position', async () => {
    writeFileSync(path, '{"n":1}\n{"n":2}\n');
    const { nextByte } = await readLog(path);
    writeFileSync(path, '{"n":1}\n{"n":"two and more"}\n');
    const again = await readLog(path, nextByte);
    expect(again.records).toEqual([{ n: 1 }, { n: 'two and more' }]);
    expect(again.restarted).toBe(true);
  });

  it('passes over a damaged line and says where it is', async () => {
    writeFileSync(path, '{"n":1}\n\0\0\0\n{"n":3}\n');
    const { records, damaged } = await readLog(path);
    expect(records).toEqual([{ n: 1 }, { n: 3 }]);
    expect(damaged).toEqual([{ atByte: 8, text: '\0\0\0' }]);
  });
});
