// A hub for tests: the endpoints that fetching a model or a data set asks for, on this machine. Large files are sent on to a second
// server, as the hub does, which must never see the token. What goes wrong is written down by the test.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubFile {
  readonly content: Buffer;
  /** Kept beside the repository: listed with a sha256, served by the second server. */
  readonly large?: boolean;
}

export interface HubRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  readonly server: 'hub' | 'store';
}

export class ScriptedHub {
  readonly requests: HubRequest[] = [];
  /** Content that is served in place of what is listed. */
  readonly served = new Map<string, Buffer>();
  /**
   * Once for each number, the connection stays silent after so many bytes of a large file, until `cut`; 0 breaks at
   * once. (Bytes that a client has not read when its connection breaks are lost, so a test cuts when it has seen them.)
   */
  readonly cuts: number[] = [];
  /** Every answer has this status. */
  status = 200;
  /** Statuses of the files alone. */
  fileStatus = 200;
  /** The second server sends all, whatever range is asked for. */
  ignoresRange = false;
  /** Called before a large file is sent. */
  onLarge: () => void = () => {};
  readonly #kind: 'model' | 'dataset';
  readonly #repo: string;
  /** Files by commit; the last is what `main` is. */
  readonly #commits = new Map<string, ReadonlyMap<string, HubFile>>();
  readonly #servers: Server[] = [];
  #silent: ServerResponse | null = null;
  #hub = '';
  #store = '';

  constructor(
    files: Readonly<Record<string, HubFile>>,
    kind: 'model' | 'dataset' = 'model',
    repo = 'org/tiny',
  ) {
    this.#kind = kind;
    this.#repo = repo;
    this.push('1'.repeat(40), files);
  }

  /** A new commit on `main`. */
  push(commit: string, files: Readonly<Record<string, HubFile>>): void {
    this.#commits.set(commit, new Map(Object.entries(files)));
  }

  get #main(): string {
    return [...this.#commits.keys()].at(-1)!;
  }

  #filesAt(revision: string): ReadonlyMap<string, HubFile> | undefined {
    return this.#commits.get(revision === 'main' ? this.#main : revision);
  }

  get url(): string {
    return this.#hub;
  }

  /** Breaks the silent connection. */
  cut(): void {
    this.#silent?.destroy();
    this.#silent = null;
  }

  async start(): Promise<void> {
    this.#hub = await this.#listen('hub');
    this.#store = await this.#listen('store');
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Ranges asked of the second server beyond the first byte, which asks for the size. */
  fetches(): (string | undefined)[] {
    const asked = this.requests.filter(({ server, range }) => server === 'store' && range !== 'bytes=0-0');
    return asked.map(({ range }) => range);
  }

  async #listen(name: 'hub' | 'store'): Promise<string> {
    const server = createServer((request, response) => {
      const path = new URL(request.url!, 'http://localhost').pathname;
      const { range, authorization } = request.headers;
      this.requests.push({ path, range, authorization, server: name });
      if (name === 'hub') this.#answer(path, request, response);
      else {
        const [at, stored] = path.slice(1).split('/');
        this.#send(at, decodeURIComponent(stored), request, response);
      }
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  #answer(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (this.status !== 200) {
      response.writeHead(this.status, { 'content-type': 'application/json' });
      response.end('{"error":"scripted"}');
      return;
    }
    const json = (value: unknown) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const api = `/api/${this.#kind}s/${this.#repo}`;
    const tree = path.startsWith(`${api}/tree/`)
      ? this.#filesAt(path.slice(`${api}/tree/`.length))
      : undefined;
    if (tree !== undefined) {
      json([...tree].map(([name, file]) => entryOf(name, file)));
      return;
    }
    const revision = path.startsWith(`${api}/revision/`) ? path.slice(`${api}/revision/`.length) : undefined;
    if (revision !== undefined && this.#filesAt(revision) !== undefined) {
      json({ _id: '1', id: this.#repo, sha: revision === 'main' ? this.#main : revision });
      return;
    }
    const place = `${this.#kind === 'model' ? '' : '/datasets'}/${this.#repo}/resolve/`;
    const [at = '', ...rest] = path.startsWith(place) ? path.slice(place.length).split('/') : [];
    const name = rest.join('/');
    const file = this.#filesAt(at)?.get(name);
    if (file === undefined || this.fileStatus !== 200) {
      response.writeHead(file === undefined ? 404 : this.fileStatus).end();
    } else if (file.large === true) {
      response.writeHead(302, { location: `${this.#store}/${at}/${encodeURIComponent(name)}` }).end();
    } else {
      this.#send(at, name, request, response);
    }
  }

  #send(at: string, name: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#filesAt(at)!.get(name)!;
    const content = this.served.get(name) ?? file.content;
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const probes = to === '0';
    const honoured = from !== undefined && (probes || !this.ignoresRange);
    const start = honoured ? Number(from) : 0;
    const part = content.subarray(start, honoured && to !== '' ? Number(to) + 1 : undefined);
    response.writeHead(honoured ? 206 : 200, {
      etag: `"${name}"`,
      'content-length': part.length,
      ...(honoured && { 'content-range': `bytes ${start}-${start + part.length - 1}/${content.length}` }),
    });
    const cut = file.large === true && !probes ? this.cuts.shift() : undefined;
    if (file.large === true && !probes) this.onLarge();
    if (cut === undefined) {
      response.end(part);
    } else if (cut === 0) {
      response.destroy();
    } else {
      this.#silent = response;
      response.write(part.subarray(0, cut));
    }
  }
}

function entryOf(path: string, { content, large }: HubFile): object {
  const blob = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
  const lfs = {
    oid: createHash('sha256').update(content).digest('hex'),
    size: content.length,
    pointerSize: 130,
  };
  return { type: 'file', path, size: content.length, oid: blob, ...(large === true && { lfs }) };
}
