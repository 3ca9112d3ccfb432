// A small S3 server whose answers have faults. It holds objects itself, or reads those of a real S3 server.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ReadUpstream } from './upstream.ts';
import { type Answer, createError, type Fault, sendFaulty } from './wire-faults.ts';

export type { Fault };

/** One request as it came. */
export interface Asked {
  readonly method: string;
  /** Path-style: `bucket/key`. */
  readonly path: string;
  readonly range: string | undefined;
  readonly ifMatch: string | undefined;
  /** How many times the same method, path and range had been asked for before. */
  readonly before: number;
}

/** A small S3 server with faults that no emulator has. Otherwise it behaves as S3 does. */
export interface FaultyServer {
  readonly endpoint: string;
  /** Objects by path. With a real server behind it, these hide that server's. */
  readonly objects: Map<string, Buffer>;
  /** Paths that are answered with the object of another path. */
  readonly renamed: Map<string, string>;
  readonly asked: Asked[];
  /** Most requests that were being answered at the same time. */
  readonly peak: () => number;
  /** Returns the fault of a request; undefined for none. */
  misbehave(plan: (asked: Asked) => Fault | undefined): void;
  stop(): Promise<void>;
}

const tagOf = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;

const answerError = (response: ServerResponse, status: number, code: string) =>
  sendFaulty(response, createError(status, code), { shortBy: 0 });

/** First and last byte of `bytes=first-last`. */
function readRange(range: string | undefined, { length }: Buffer): readonly [number, number] {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  return first === undefined ? [0, length - 1] : [Number(first), Math.min(Number(last), length - 1)];
}

/** Answers a GET from the objects of this server. */
function readObject(bytes: Buffer | undefined, { range, ifMatch }: Asked): Answer {
  if (!bytes) return createError(404, 'NoSuchKey');
  const etag = tagOf(bytes);
  if (ifMatch && ifMatch !== etag) return createError(412, 'PreconditionFailed');
  const [first, last] = readRange(range, bytes);
  if (first >= bytes.length) return createError(416, 'InvalidRange');
  const body = bytes.subarray(first, last + 1);
  const place = range && { 'content-range': `bytes ${first}-${last}/${bytes.length}` };
  return { status: range ? 206 : 200, headers: { etag, 'content-length': String(body.length), ...place }, body };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly objects: Map<string, Buffer>;
  readonly upstream: ReadUpstream | undefined;
  readonly asked: Asked;
  readonly fault: Fault;
}

async function answerPut({ request, response, objects, asked, fault }: Exchange): Promise<void> {
  const bytes = await readBody(request);
  const stored = objects.get(asked.path);
  const wanted = asked.ifMatch;
  if ((request.headers['if-none-match'] && stored) || (wanted && (!stored || tagOf(stored) !== wanted)))
    return answerError(response, 412, 'PreconditionFailed');
  objects.set(asked.path, bytes);
  if ('dropAfter' in fault) return void response.socket?.destroy();
  response.writeHead(200, { etag: tagOf(bytes), 'content-length': 0 }).end();
}

/** S3 allows 15 minutes between the time of a signature and its own. */
function isSkewed({ headers }: IncomingMessage, now: number): boolean {
  const stamp = String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  return Math.abs(Date.parse(stamp) - now) > 15 * 60_000;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, objects, upstream, asked, fault } = exchange;
  if ('silent' in fault) return;
  if ('status' in fault) {
    for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
    return sendFaulty(response, createError(fault.status, fault.code, fault.text), { shortBy: 0 });
  }
  if ('skewMs' in fault) {
    const now = Date.now() + fault.skewMs;
    response.setHeader('date', new Date(now).toUTCString());
    if (isSkewed(request, now)) return answerError(response, 403, 'RequestTimeTooSkewed');
  }
  if ('replacement' in fault) objects.set(asked.path, fault.replacement);
  if (asked.method === 'PUT') return answerPut(exchange);
  const own = objects.get(asked.path);
  const sound = own || !upstream ? readObject(own, asked) : await upstream(`/${asked.path}`, request.headers);
  return sendFaulty(response, sound, sound.status < 300 ? fault : { shortBy: 0 });
}

function note({ method = '', url = '', headers }: IncomingMessage, earlier: readonly Asked[]): Asked {
  const path = decodeURIComponent(url.slice(1).replace(/\?.*/, ''));
  const same = earlier.filter((one) => one.method === method && one.path === path && one.range === headers.range);
  return { method, path, range: headers.range, ifMatch: headers['if-match'], before: same.length };
}

/**
 * Starts the server on a free port of this machine.
 *
 * @param upstream - a real S3 server, which answers for objects that this one does not have.
 */
export async function startFaultyServer(upstream?: ReadUpstream): Promise<FaultyServer> {
  const objects = new Map<string, Buffer>();
  const renamed = new Map<string, string>();
  const requests: Asked[] = [];
  let plan: (asked: Asked) => Fault | undefined = () => undefined;
  let open = 0;
  let peak = 0;
  const server = createServer((request, response) => {
    const asked = note(request, requests);
    requests.push(asked);
    peak = Math.max(peak, ++open);
    response.once('close', () => open--);
    const fault = plan(asked) ?? { shortBy: 0 };
    const path = renamed.get(asked.path) ?? asked.path;
    void answer({ request, response, objects, upstream, asked: { ...asked, path }, fault });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  const misbehave = (next: typeof plan) => {
    plan = next;
  };
  const endpoint = `http://127.0.0.1:${address.port}`;
  return { endpoint, objects, renamed, asked: requests, peak: () => peak, misbehave, stop };
}
