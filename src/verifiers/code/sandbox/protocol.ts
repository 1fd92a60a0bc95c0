// What the host and a sandbox child say to each other: one JSON object a line, each request answered under a
// token that is drawn at random for it. The token stays in the child's JavaScript and never enters the
// interpreter, and no expected answer is ever sent to the child that runs a program: there is nothing in
// there that could be forged or read off.

/** A value of the guest language as plain data; tags keep what JSON cannot say (see the two harnesses). */
export type Wire = null | boolean | number | string | readonly Wire[] | { readonly [key: string]: Wire };

/** What a program is asked to do. `run` is a whole program with standard input; `load` defines, `call` uses. */
export type GuestRequest =
  | { readonly op: 'run'; readonly code: string }
  | { readonly op: 'load'; readonly code: string }
  | {
      readonly op: 'call';
      readonly name: string;
      readonly json: readonly string[];
      /** A single argument that is an object has integers as keys where all look so. */
      readonly integerKeys: boolean;
    }
  /** What a checker says to the program it tests; the answer is text for the checker. */
  | { readonly op: 'bridge'; readonly text: string }
  | {
      readonly op: 'check';
      readonly prelude: string;
      readonly setup: string;
      readonly test: string;
      readonly entryPoint: string | null;
    };

export interface ChildRequest {
  readonly token: string;
  readonly request: GuestRequest;
  readonly stdin: string;
  /** Starts from the interpreter's first state; otherwise the state of the request before is kept. */
  readonly fresh: boolean;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  /** For interpreters that can stop themselves; the host's own clock decides. */
  readonly timeMs: number;
}

/** An exception that ended a request, as the guest language names it. */
export interface GuestError {
  readonly type: string;
  readonly message: string;
  /** 'syntax' before anything ran; 'missing' for what this sandbox lacks; 'exit' for an exit status. */
  readonly kind: 'raised' | 'syntax' | 'missing' | 'exit' | 'memory' | 'time';
  /** Line of the program, from 1; null where there is none. */
  readonly line: number | null;
  /** The source of the test that failed, for `check`. */
  readonly source?: string;
}

export interface GuestResult {
  readonly error: GuestError | null;
  /** The value of a call. */
  readonly value?: Wire;
  /** The answer to a bridged call, as text for the checker. */
  readonly text?: string;
}

export interface ChildReply {
  readonly token: string;
  readonly type: 'began' | 'bridge' | 'output' | 'done' | 'fatal';
  /** `done`: a GuestResult as JSON text, as the guest wrote it. `bridge`: the text to carry to the other side. */
  readonly text?: string;
  readonly stdout?: string;
  /** The end of the standard error stream. */
  readonly stderr?: string;
  /** The child has state that a fresh start does not undo, and must be replaced. */
  readonly worn?: boolean;
  /** `fatal`: the exit status where the program ended the interpreter, or null where the interpreter broke. */
  readonly status?: number | null;
}
