// A position in a sequence of tokens: look ahead, expect, count the depth. Knows no grammar.
import { MAX_DEPTH, Unreadable } from './limits.ts';
import { END, type Token } from './tokenise-numbers.ts';

export abstract class TokenReader {
  private readonly tokens: readonly Token[];
  protected at = 0;
  private depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  protected peek(ahead = 0): Token {
    return this.tokens[this.at + ahead] ?? END;
  }

  protected next(): Token {
    return this.tokens[this.at++] ?? END;
  }

  protected isMark(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.type === 'mark' && token.text === text;
  }

  protected isCommand(start: string): boolean {
    return this.peek().type === 'command' && this.peek().text.startsWith(start);
  }

  protected take(text: string): void {
    if (!this.isMark(text)) throw new Unreadable(`expected ${text}`);
    this.at++;
  }

  protected deeper<T>(read: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new Unreadable('nested too deeply');
    const result = read();
    this.depth--;
    return result;
  }
}
