import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import type { App } from '../functions/predict/app.ts';
import { describeError, type ErrorCode } from '../functions/predict/errors.ts';
import { type Admission, type Arrival, maxWaiting } from './admission.ts';
import { UsageError } from './command-line.ts';
import { prepareClosing, readBodiesToEnd, trackExchanges } from './connections.ts';
import { encodeError, meetExpectations, refuseMalformed, requireHost } from './malformed-requests.ts';
import { allowOrigin } from './middleware.ts';

/** Longest request line and headers. Node's own 16 KiB would refuse a long review in an address. */
const maxHeaderBytes = 64 * 1024;

/** Milliseconds in which a closing server still accepts requests that are already on their way. */
const closingDelayMs = 250;

/** A server that is listening. */
export interface RunningServer {
  readonly port: number;
  /** Graceful shutdown: accepts no new connections, answers the requests in flight, then resolves. */
  close(): Promise<void>;
}

interface Options {
  /** 0 for any free port. */
  readonly port: number;
  /** `localhost` and `0.0.0.0` stand for their addresses of IPv4 and IPv6. */
  readonly host: string;
  /** Decides about requests that need a worker; without it all are taken on. */
  readonly admission?: Admission;
  /** Origins whose pages may read a refusal. */
  readonly origins?: readonly string[];
}

/** Both addresses of a host that has one of IPv4 and one of IPv6. */
const twins: Readonly<Record<string, readonly [string, string]>> = {
  localhost: ['127.0.0.1', '::1'],
  '0.0.0.0': ['0.0.0.0', '::'],
};

/**
 * Serves the application.
 *
 * @throws UsageError if the port or the host cannot be listened on.
 */
export async function startServer(
  { fetch }: Pick<App, 'fetch'>,
  { port, host, admission, origins = [] }: Options,
): Promise<RunningServer> {
  const errorHandler = () => createErrorResponse('REQUEST_MALFORMED');
  // A request of HTTP/1.0 may have no Host header.
  const answer = getRequestListener(readBodiesToEnd(fetch), { errorHandler, hostname: 'localhost' });
  const listener = admission ? askFirst(answer, admission, origins) : answer;
  const [address = host, twin] = twins[host] ?? [host];
  const first = await listen(listener, { port, host: address, admission });
  const second = twin ? await listenIfPossible(listener, { port: first.port, host: twin, admission }) : undefined;
  const close = () => Promise.all([first.close(), second?.close()]).then(() => undefined);
  return { port: first.port, close };
}

/** Listens on an address of IPv6, unless this machine has none. */
async function listenIfPossible(listener: RequestListener, options: ListenOptions): Promise<RunningServer | undefined> {
  try {
    return await listen(listener, options);
  } catch (error) {
    const { code } = (error as Error).cause as NodeJS.ErrnoException;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined;
    throw error;
  }
}

interface ListenOptions {
  readonly port: number;
  readonly host: string;
  readonly admission: Admission | undefined;
}

async function listen(listener: RequestListener, { port, host, admission }: ListenOptions): Promise<RunningServer> {
  const server = createServer({ maxHeaderSize: maxHeaderBytes, requireHostHeader: false }, requireHost(listener));
  const open = trackExchanges(server);
  refuseMalformed(server, open);
  meetExpectations(server);
  if (admission) holdConnections(server, admission);
  const closeConnections = prepareClosing(server, open);
  // With Node's 511 places, clients that connect together would be lost and try again a second later.
  server.listen({ port, host, ipv6Only: true, backlog: maxWaiting });
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(explain(error, port, host), { cause: error });
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server, closeConnections) };
}

function explain({ code, message }: NodeJS.ErrnoException, port: number, host: string): string {
  if (code === 'EADDRINUSE') return `Port ${port} is in use: choose another with --port, or stop what listens there.`;
  if (code === 'EACCES') return `Port ${port} is for privileged users: choose one above 1023 with --port.`;
  return `Cannot listen on ${host}, port ${port} (${message}): name an address of this machine with --host.`;
}

/** Answers a request from which no URL can be made, so that the application never sees it. */
function createErrorResponse(code: ErrorCode): Response {
  const { status, headers, body } = describeError(code);
  return Response.json(body, { status, headers });
}

/** Requests that need a worker. All others are answered even if every worker is busy. */
const needsWorker = (url = '') => /^\/predict(?:[/?]|$)/.test(url);

/** The application as a listener. Its promise resolves when it has done all that it does for a request. */
type Answer = (...exchange: Parameters<RequestListener>) => Promise<void>;

/**
 * Passes requests that need a worker to the application when they are admitted. A client that goes away makes no room: its
 * text is in the queue of a worker.
 */
function askFirst(answer: Answer, admission: Admission, origins: readonly string[]): RequestListener {
  return (request, response) => {
    if (!needsWorker(request.url)) return void answer(request, response);
    const abandon = () => admission.abandon(arrival);
    const arrival: Arrival = {
      start: () => {
        response.off('close', abandon);
        answer(request, response).finally(() => admission.leave());
      },
      refuse: () => {
        response.off('close', abandon);
        refuseOverloaded(response, allowOrigin(origins, request.headers.origin));
      },
    };
    response.once('close', abandon);
    admission.enter(arrival);
  };
}

function refuseOverloaded(response: ServerResponse, more: Readonly<Record<string, string>>): void {
  const { status, headers, content } = encodeError('OVERLOADED');
  response.writeHead(status, { ...headers, ...more }).end(content);
}

const roomCheckMs = 50;

/** Reads nothing of new connections while as many requests wait as may. */
function holdConnections(server: Server, admission: Admission): void {
  const unread: Socket[] = [];
  const countPlaces = () => maxWaiting - admission.counts().waiting;
  let timer: NodeJS.Timeout | undefined;
  const read = () => {
    for (const socket of unread.splice(0, countPlaces())) socket.resume();
    if (unread.length > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  server.on('connection', (socket) => {
    if (countPlaces() > 0 && unread.length === 0) return;
    socket.pause();
    unread.push(socket);
    timer ??= setInterval(read, roomCheckMs);
  });
}

/**
 * A kept-alive connection would hold the server open after its last answer, so connections are closed first. Node counts a new
 * connection as idle until its request is read, and `server.close` would reset it. So the server listens for a moment more.
 */
async function close(server: Server, closeConnections: () => void): Promise<void> {
  closeConnections();
  await sleep(closingDelayMs);
  server.close();
  await once(server, 'close');
}
