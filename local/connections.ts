// What is in flight on the connections of a server, and how a connection ends.
import { IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Http2Bindings, HttpBindings } from '@hono/node-server';
import type { App } from '../functions/predict/app.ts';

/** Milliseconds in which the rest of a refused body may arrive. */
const restMs = 2000;

/** A request that is read, and its answer that is not sent yet. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The exchanges of each open connection, the oldest first. */
export type Exchanges = ReadonlyMap<Duplex, readonly Exchange[]>;

/** Keeps the exchanges by connection: an answer behind others on one that breaks is never closed, and would be kept for ever. */
export function trackExchanges(server: Server): Exchanges {
  const open = new Map<Duplex, Exchange[]>();
  server.on('connection', (socket: Duplex) => {
    open.set(socket, []);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', (request, response) => {
    const exchanges = open.get(request.socket);
    const exchange = { request, response };
    exchanges?.push(exchange);
    response.once('close', () => void exchanges?.splice(exchanges.indexOf(exchange), 1));
  });
  return open;
}

/** Returns a function that makes each answer from now on the last one of its connection. */
export function prepareClosing(server: Server, open: Exchanges): () => void {
  let closing = false;
  const markAsLast = (response: ServerResponse) => {
    if (!response.headersSent) response.setHeader('Connection', 'close');
  };
  server.on('request', (_request, response) => {
    if (closing) markAsLast(response);
  });
  return () => {
    closing = true;
    for (const exchanges of open.values()) for (const { response } of exchanges) markAsLast(response);
  };
}

/**
 * Answers a request when its body has arrived, also if the application read none of it: a client that sends all before it reads
 * would lose the answer with the connection. After a body that does not end in time the connection is closed, and the answer says so.
 */
export function readBodiesToEnd(fetch: App['fetch']) {
  return (request: Request, bindings: Http2Bindings | HttpBindings) => {
    const answer = fetch(request, bindings);
    const { incoming } = bindings;
    if (request.method === 'GET' || request.method === 'HEAD' || !(incoming instanceof IncomingMessage)) return answer;
    return answerAtEnd(incoming, answer);
  };
}

async function answerAtEnd(incoming: IncomingMessage, answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer;
  if (incoming.complete || incoming.destroyed) return response;
  await finished(incoming.resume(), { signal: AbortSignal.timeout(restMs), cleanup: true }).catch(() => undefined);
  if (!incoming.complete) response.headers.set('Connection', 'close');
  return response;
}
