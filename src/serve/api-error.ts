// What a client reads when its request is refused or fails: a status and a sentence, in the JSON that OpenAI's
// clients expect. It knows nothing of requests; whoever finds the fault names the field.
import { DataError, EngineError } from '../errors.ts';

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503;

interface Details {
  /** A name that programs can compare, such as context_length_exceeded. */
  readonly code?: string;
  /** The field of the request that is at fault. */
  readonly param?: string;
}

export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: ErrorStatus;
  readonly details: Details;

  constructor(status: ErrorStatus, message: string, details: Details = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

const TYPES: Readonly<Partial<Record<ErrorStatus, string>>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'server_error',
};

export function errorBody({ status, message, details }: ApiError): object {
  const type = TYPES[status] ?? 'invalid_request_error';
  return { error: { message, type, param: details.param ?? null, code: details.code ?? null } };
}

/** Engine and tokenizer refuse in sentences meant for a person; of anything else the client learns nothing. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof EngineError || error instanceof DataError) return new ApiError(400, error.message);
  return new ApiError(500, 'The server failed on this request; its log says why.');
}
