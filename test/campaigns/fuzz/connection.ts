// One connection to a server: what is written on it, and all that comes back until it ends.
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How the bytes go out. */
export interface Sending {
  /** Where the bytes are cut into writes of their own, as shares of their length. */
  readonly cuts: readonly number[];
  /** What the client does after its last byte. */
  readonly ending: 'wait' | 'half-close' | 'reset';
}

/** Milliseconds in which a server must have answered and ended a connection. */
const patienceMs = 30_000;

/** Bytes of a connection, each as a character of Latin-1. */
export interface Received {
  readonly text: string;
  /** The connection did not end in time. */
  readonly isHanging: boolean;
}

/** Sends bytes on a connection of their own and returns what comes back. A reset connection gives what came before. */
export function exchange(port: number, bytes: string, { cuts, ending }: Sending): Promise<Received> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const finish = (isHanging: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: Buffer.concat(chunks).toString('latin1'), isHanging });
    };
    const timer = setTimeout(() => finish(true), patienceMs);
    socket.on('data', (data: Buffer) => void chunks.push(data));
    socket.on('error', () => undefined);
    socket.on('end', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('connect', async () => {
      for (const piece of cut(bytes, cuts)) {
        if (socket.destroyed) return;
        socket.write(piece, 'latin1');
        await nextTurn();
      }
      if (ending === 'half-close') socket.end();
      if (ending === 'reset') socket.resetAndDestroy();
    });
  });
}

/** Cuts a text at shares of its length. */
function cut(text: string, cuts: readonly number[]): readonly string[] {
  const places = [
    0,
    ...cuts.map((share) => Math.floor(share * text.length)).sort((one, other) => one - other),
    text.length,
  ];
  return places
    .slice(1)
    .map((end, index) => text.slice(places[index], end))
    .filter((piece) => piece !== '');
}
