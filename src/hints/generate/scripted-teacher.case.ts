// A teacher for tests: a server on this machine that answers chat completions as the test has written down, and a clock
// that passes only when it is waited on.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from './clock.ts';

export type ScriptedAnswer =
  /** A reply of the right form. */
  | { readonly hints: readonly unknown[] }
  /** A reply with this text. */
  | {
      readonly text: string | null;
      readonly finish?: string;
      readonly refusal?: string;
      readonly silentUsage?: true;
    }
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly message?: string;
      readonly code?: string;
    }
  /** This body, with status 200. */
  | { readonly body: string }
  /** Never answers. */
  | 'silence'
  /** Breaks off in the middle of the body. */
  | 'cut';

export interface ScriptedRequest {
  readonly body: Readonly<Record<string, unknown>>;
  /** The last message. */
  readonly content: string;
  readonly authorization: string | undefined;
}

export const USAGE = { prompt_tokens: 100, completion_tokens: 10 };

export class ScriptedTeacher {
  readonly requests: ScriptedRequest[] = [];
  /** `earlier`: requests with the same content before this one. */
  answer: (request: ScriptedRequest, earlier: number) => ScriptedAnswer | Promise<ScriptedAnswer> = () => ({
    hints: ['a'],
  });
  models: readonly string[] = ['scripted'];
  onSilence: () => void = () => {};
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));
  #url = '';

  get url(): string {
    return this.#url;
  }

  get contents(): string[] {
    return this.requests.map(({ content }) => content);
  }

  async start(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/v1/models') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ object: 'list', data: this.models.map((id) => ({ id })) }));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as ScriptedRequest['body'];
    const content = (body.messages as { content: string }[]).at(-1)!.content;
    const asked = { body, content, authorization: request.headers.authorization };
    const earlier = this.contents.filter((other) => other === content).length;
    this.requests.push(asked);
    this.#send(await this.answer(asked, earlier), response);
  }

  #send(answer: ScriptedAnswer, response: ServerResponse): void {
    if (answer === 'silence') return this.onSilence();
    response.setHeader('content-type', 'application/json');
    if (answer === 'cut') {
      response.setHeader('content-length', '1000');
      response.write('{"choices": [{"message": {"content": "{', () => response.destroy());
      return;
    }
    if ('body' in answer) return void response.end(answer.body);
    if ('status' in answer) {
      response.writeHead(answer.status, answer.headers);
      response.end(JSON.stringify({ error: { message: answer.message ?? 'no', code: answer.code } }));
      return;
    }
    const {
      text,
      finish = 'stop',
      refusal = null,
      silentUsage = false,
    } = 'hints' in answer ? { text: JSON.stringify({ hints: answer.hints }) } : answer;
    const choices = [
      { index: 0, message: { role: 'assistant', content: text, refusal }, finish_reason: finish },
    ];
    response.end(JSON.stringify({ choices, ...(silentUsage ? {} : { usage: USAGE }) }));
  }
}

/** A clock that passes only when it is waited on. */
export class FakeClock implements Clock {
  readonly waits: number[] = [];
  #now = 0;
  readonly #deadlines = new Set<AbortController>();

  now(): number {
    return this.#now;
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.waits.push(ms);
    this.#now += ms;
  }

  deadline() {
    const controller = new AbortController();
    this.#deadlines.add(controller);
    return { signal: controller.signal, clear: () => void this.#deadlines.delete(controller) };
  }

  /** The time of every request under way is up. */
  expire(): void {
    for (const controller of this.#deadlines) controller.abort();
  }
}
