/**
 * A counting sink: the only way out of a browser that is started with its flags. Whatever a page,
 * a worker or the browser itself sends anywhere but to this machine arrives here and is counted.
 */
import { createServer } from 'node:net';

export interface Sink {
  /** For the browser: every other host is reached through the sink; this machine stays direct. */
  readonly flags: readonly string[];
  /** First lines of what arrived, such as `CONNECT example.test:443`. */
  readonly arrivals: readonly string[];
  close(): void;
}

export async function openSink(): Promise<Sink> {
  const arrivals: string[] = [];
  const server = createServer((socket) => {
    socket.once('data', (data) => {
      arrivals.push(data.toString('latin1').split('\r\n', 1)[0] ?? '');
      socket.destroy();
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the sink has no port');
  return {
    flags: [`--proxy-server=http://127.0.0.1:${address.port}`],
    arrivals,
    close: () => server.close(),
  };
}
