// The program's side of a conversation with a checker: what the checker says goes to the program, what the program says
// comes back, one message at a time. A message is the answer to the one before or a question of its own (a test
// that hands over a function is asked for its value), which only the two ends can tell apart.
import type { Budget } from './budget.ts';
import type { Ending, SandboxChild } from './sandbox/child.ts';

/** What a checker hears when its program has ended: an exception, in either language. */
const ENDED = JSON.stringify({ raised: ['RuntimeError', 'the program has ended'] });

type Spoken = { readonly text: string } | { readonly ending: Ending };

export class Conversation {
  readonly #child: SandboxChild;
  readonly #budget: Budget;
  #spentMs = 0;
  /** Answers the question that the program waits with. */
  #answer: ((text: string) => void) | null = null;
  #heard: (spoken: Spoken) => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #ended: Ending | null = null;
  #closed = false;

  constructor(child: SandboxChild, budget: Budget) {
    this.#child = child;
    this.#budget = budget;
  }

  /** Says `text` to the program; resolves to what it says next. */
  async tell(text: string): Promise<string> {
    if (this.#ended !== null) return ENDED;
    const spoken = new Promise<Spoken>((heard) => (this.#heard = heard));
    const answer = this.#answer;
    this.#answer = null;
    if (answer === null) this.#running = this.#ask(text);
    else answer(text);
    const said = await spoken;
    if ('text' in said) return said.text;
    if (said.ending.kind === 'result' && said.ending.result.text !== undefined)
      return said.ending.result.text;
    this.#ended = said.ending;
    return ENDED;
  }

  /** Ends it; the ending of the program where that came before an answer. A program that still waits is ended too. */
  async close(): Promise<Ending | null> {
    this.#closed = true;
    if (this.#answer !== null) this.#child.kill();
    await this.#running;
    return this.#ended;
  }

  async #ask(text: string): Promise<void> {
    const onBridge = (question: string) =>
      new Promise<string>((answer) => {
        if (this.#closed) this.#child.kill();
        this.#answer = answer;
        this.#heard({ text: question });
      });
    const options = { fresh: false, spentMs: this.#spentMs, onBridge };
    const ending = await this.#budget.exchange(this.#child, { op: 'bridge', text }, options);
    this.#spentMs += this.#child.lastMs;
    if (this.#answer === null) return this.#heard({ ending });
    // It ended while its question waited, so nobody listens now: whoever answers is told.
    this.#answer = null;
    if (!this.#closed) this.#ended = ending;
  }
}
