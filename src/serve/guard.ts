// Who may ask. Loopback is open to every program of this machine and, through a browser, to every page its user
// opens, so two headers are checked that a page cannot forge: Host (a name that was made to point here, DNS
// rebinding) and Origin (a page of another site). Beyond loopback a token is needed. Pure functions over headers.
import { createHash, timingSafeEqual } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { ApiError } from './api-error.ts';

export interface Guard {
  /** Absent: none is asked for. */
  readonly token?: string;
  /** The server listens where only this machine reaches it. */
  readonly loopback: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host.toLowerCase());
}

/** @param tokenEnv the environment variable to name in the sentence. @throws ConfigError */
export function guardFor(host: string, token: string | undefined, tokenEnv: string): Guard {
  const loopback = isLoopback(host);
  if (token === undefined && !loopback) {
    throw new ConfigError(
      `Expected a token for a server that others can reach at ${host}: set the environment variable ${tokenEnv}, or leave --host out to serve this machine alone.`,
    );
  }
  return { loopback, ...(token !== undefined && { token }) };
}

type Headers = Readonly<Record<'host' | 'origin' | 'authorization', string | undefined>>;

/** @throws ApiError of status 403 or 401 */
export function admit({ token, loopback }: Guard, { host, origin, authorization }: Headers): void {
  const name = host?.replace(/:\d+$/, '') ?? '';
  if (loopback && !isLoopback(name)) {
    throw new ApiError(
      403,
      `Expected a request for this machine, such as to localhost, got one for "${name}".`,
    );
  }
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) {
    throw new ApiError(
      403,
      `Requests from pages of other sites are refused; this one came from "${origin}".`,
    );
  }
  if (token === undefined) return;
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  // Hashes have one length, so neither time nor an exception tells anything of the token.
  if (!timingSafeEqual(digest(given), digest(token))) {
    throw new ApiError(401, 'Expected the token of this server as "Authorization: Bearer …".', {
      code: 'invalid_api_key',
    });
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
