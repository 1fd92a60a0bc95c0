import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { verifierFor, verifierKinds } from './registry.ts';

describe('verifierFor', () => {
  it('gives each kind the verifier that says it serves it', () => {
    for (const kind of verifierKinds()) expect(verifierFor(kind).kind).toBe(kind);
    expect(verifierKinds()).toContain('exact');
  });

  it('names the known kinds and the nearest for a misspelt one', () => {
    expect(() => verifierFor('exakt')).toThrow(DataError);
    expect(() => verifierFor('exakt')).toThrow(/one of "exact".* got "exakt".* mean "exact"/);
  });
});
