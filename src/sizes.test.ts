import { expect, test } from 'vitest';
import { byteSize } from './sizes.ts';

test.each([
  [0, '0.0 MiB'],
  [2.25 * 2 ** 20, '2.3 MiB'],
  [95.6 * 2 ** 20, '96 MiB'],
  [2 ** 30, '1.0 GiB'],
  [23.46 * 2 ** 30, '23.5 GiB'],
])('%d bytes are %s', (bytes, text) => expect(byteSize(bytes)).toBe(text));
