// Puts the endpoint on a port and takes it off again. Its one idea: closing ends what runs (the signal of the app is
// aborted by its owner) and then waits until the last connection is gone, so nothing computes after it.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { ConfigError, messageOf } from '../errors.ts';
import { createApp, type ServeSettings } from './app.ts';

export interface RunningServer {
  /** Such as http://127.0.0.1:8080/v1, which clients take as their base URL. */
  readonly url: string;
  /** Call it after aborting the signal of the settings. */
  close(): Promise<void>;
}

/** @param port 0 takes a free one. @throws ConfigError where the port cannot be had. */
export async function startServer(
  settings: ServeSettings,
  host: string,
  port: number,
): Promise<RunningServer> {
  const app = createApp(settings);
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new ConfigError(
          `Cannot listen on ${host}, port ${port}: ${messageOf(error)}. Choose another --port.`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  let closing = false;
  let answering = 0;
  // Connections that are kept alive would hold the server open for seconds after their last response.
  const cutWhenDone = () => {
    if (closing && answering === 0) server.closeAllConnections();
  };
  server.on('request', (_, response) => {
    answering++;
    response.once('close', () => {
      answering--;
      setImmediate(cutWhenDone);
    });
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}/v1`,
    close: () =>
      new Promise((resolve) => {
        closing = true;
        server.close(() => resolve());
        cutWhenDone();
      }),
  };
}
