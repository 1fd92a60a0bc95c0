// Errors are sentences, typed by the boundary that broke: what was expected, what came, where, and what to
// do. The CLI prints the message alone for these and the stack for anything else.

/** Base of every error whose message is meant for the person at the keyboard. */
export class GuiderailError extends Error {
  override name = 'GuiderailError';
}

/** A recipe, an option or an environment variable is not what was expected. */
export class ConfigError extends GuiderailError {
  override name = 'ConfigError';
}

/** A problem file, a data row or a tokenizer cannot be used. */
export class DataError extends GuiderailError {
  override name = 'DataError';
}

/** A model folder or a weight file cannot be used. */
export class ModelError extends GuiderailError {
  override name = 'ModelError';
}

/** An engine refuses a request (wrong shape, used after release, unsupported capability, out of memory). */
export class EngineError extends GuiderailError {
  override name = 'EngineError';
}

/** A run directory or a checkpoint cannot be read, written or resumed. */
export class RunError extends GuiderailError {
  override name = 'RunError';
}

/** The training cannot go on (nothing to train on, non-finite numbers in a row). */
export class TrainingError extends GuiderailError {
  override name = 'TrainingError';
}

/** Text of anything thrown, for messages that quote a lower level. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
