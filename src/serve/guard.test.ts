import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import type { ApiError } from './api-error.ts';
import { admit, guardFor, isLoopback } from './guard.ts';

const LOCAL = { host: 'localhost:8080', origin: undefined, authorization: undefined };
const statusOf = (guard: Parameters<typeof admit>[0], headers: Parameters<typeof admit>[1]) => {
  try {
    admit(guard, headers);
    return 200;
  } catch (error) {
    return (error as ApiError).status;
  }
};

describe('who may ask', () => {
  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.2', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.evil.example', false],
  ])('%s reaches this machine alone: %s', (host, expected) => expect(isLoopback(host)).toBe(expected));

  it('asks for a token beyond loopback, naming the variable', () => {
    expect(() => guardFor('0.0.0.0', undefined, 'MY_TOKEN')).toThrow(ConfigError);
    expect(() => guardFor('0.0.0.0', undefined, 'MY_TOKEN')).toThrow(/MY_TOKEN/);
    expect(guardFor('0.0.0.0', 'secret', 'MY_TOKEN')).toEqual({ loopback: false, token: 'secret' });
    expect(guardFor('127.0.0.1', undefined, 'MY_TOKEN')).toEqual({ loopback: true });
  });

  it.each([
    ['localhost:8080', undefined, 200],
    ['127.0.0.1:8080', undefined, 200],
    ['[::1]:8080', undefined, 200],
    ['localhost', undefined, 200],
    // A name that someone made to point at this machine.
    ['rebound.example:8080', undefined, 403],
    [undefined, undefined, 403],
    // Pages: the server's own, and others.
    ['localhost:8080', 'http://localhost:8080', 200],
    ['localhost:8080', 'http://localhost:3000', 403],
    ['localhost:8080', 'https://site.example', 403],
    ['localhost:8080', 'null', 403],
  ])('host %s with origin %s on loopback: %s', (host, origin, status) => {
    expect(statusOf({ loopback: true }, { host, origin, authorization: undefined })).toBe(status);
  });

  it.each([
    [undefined, 401],
    ['secret', 401],
    ['Bearer ', 401],
    ['Bearer secre', 401],
    ['Bearer secret2', 401],
    ['Basic secret', 401],
    ['Bearer secret', 200],
    ['bearer secret', 200],
  ])('authorization %s: %s', (authorization, status) => {
    expect(statusOf({ loopback: true, token: 'secret' }, { ...LOCAL, authorization })).toBe(status);
  });

  it('does not ask others for a name of this machine where a token is asked for', () => {
    const guard = { loopback: false, token: 'secret' };
    expect(statusOf(guard, { host: 'gpu.lan:80', origin: undefined, authorization: 'Bearer secret' })).toBe(
      200,
    );
  });
});
