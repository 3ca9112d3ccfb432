import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

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

/** A fault of an answer. */
export type Fault =
  /** Never answers. */
  | { readonly silent: true }
  /** Sends so many bytes of the body and then nothing, with the connection open. */
  | { readonly stallAfter: number }
  /** Sends so many bytes of the body and breaks the connection. */
  | { readonly dropAfter: number }
  /** Claims and sends so many bytes less than were asked for. */
  | { readonly shortBy: number }
  /** Sends the body in so many pieces, with a pause before each. */
  | { readonly pauseMs: number; readonly pieces: number }
  /** Changes the body's first byte. */
  | { readonly damaged: true }
  /** Answers with an error, as S3 does in XML. */
  | { readonly status: number; readonly code: string; readonly text?: string }
  /** Replaces the object before answering. */
  | { readonly replacement: Buffer };

/** A small S3 server with faults that no emulator has. Otherwise it behaves as S3 does. */
export interface FaultyServer {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  readonly asked: Asked[];
  /** Most requests that were being answered at the same time. */
  readonly peak: () => number;
  /** Returns the fault of a request; undefined for none. */
  misbehave(plan: (asked: Asked) => Fault | undefined): void;
  stop(): Promise<void>;
}

const tagOf = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;

function answerError(
  response: ServerResponse,
  status: number,
  [code, text]: readonly [string, (string | undefined)?],
): void {
  const xml = text ?? `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as planned</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) }).end(xml);
}

/** First and last byte of `bytes=first-last`. */
function readRange(range: string | undefined, { length }: Buffer): readonly [number, number] {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  return first === undefined ? [0, length - 1] : [Number(first), Math.min(Number(last), length - 1)];
}

const asBody = (bytes: Buffer, fault: Fault) => {
  if ('shortBy' in fault) return bytes.subarray(0, bytes.length - fault.shortBy);
  if ('damaged' in fault) return Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)]);
  return bytes;
};

async function sendSlowly(
  response: ServerResponse,
  body: Buffer,
  { pauseMs, pieces }: Extract<Fault, { pieces: number }>,
) {
  const piece = Math.ceil(body.length / pieces);
  for (let at = 0; at < body.length; at += piece) {
    await sleep(pauseMs);
    response.write(body.subarray(at, at + piece));
  }
  response.end();
}

async function sendBody(response: ServerResponse, body: Buffer, fault: Fault): Promise<void> {
  if ('stallAfter' in fault) return void response.write(body.subarray(0, fault.stallAfter));
  if ('dropAfter' in fault)
    return void response.write(body.subarray(0, fault.dropAfter), () => response.socket?.destroy());
  if ('pauseMs' in fault) return sendSlowly(response, body, fault);
  response.end(body);
}

async function answerGet(response: ServerResponse, bytes: Buffer, [asked, fault]: readonly [Asked, Fault]) {
  const [first, last] = readRange(asked.range, bytes);
  if (first >= bytes.length) return answerError(response, 416, ['InvalidRange']);
  const body = asBody(bytes.subarray(first, last + 1), fault);
  const range = asked.range && { 'content-range': `bytes ${first}-${first + body.length - 1}/${bytes.length}` };
  response.writeHead(range ? 206 : 200, { etag: tagOf(bytes), 'content-length': body.length, ...range });
  response.flushHeaders();
  return sendBody(response, body, fault);
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
  readonly asked: Asked;
  readonly fault: Fault;
}

async function answerPut({ request, response, objects, asked, fault }: Exchange): Promise<void> {
  const bytes = await readBody(request);
  const stored = objects.get(asked.path);
  const wanted = asked.ifMatch;
  if ((request.headers['if-none-match'] && stored) || (wanted && (!stored || tagOf(stored) !== wanted)))
    return answerError(response, 412, ['PreconditionFailed']);
  objects.set(asked.path, bytes);
  if ('dropAfter' in fault) return void response.socket?.destroy();
  response.writeHead(200, { etag: tagOf(bytes), 'content-length': 0 }).end();
}

async function answer(exchange: Exchange): Promise<void> {
  const { response, objects, asked, fault } = exchange;
  if ('silent' in fault) return;
  if ('status' in fault) return answerError(response, fault.status, [fault.code, fault.text]);
  if ('replacement' in fault) objects.set(asked.path, fault.replacement);
  if (asked.method === 'PUT') return answerPut(exchange);
  const bytes = objects.get(asked.path);
  if (!bytes) return answerError(response, 404, ['NoSuchKey']);
  if (asked.ifMatch && asked.ifMatch !== tagOf(bytes)) return answerError(response, 412, ['PreconditionFailed']);
  return answerGet(response, bytes, [asked, fault]);
}

const note = ({ method = '', url = '', headers }: IncomingMessage, earlier: readonly Asked[]): Asked => {
  const path = decodeURIComponent(url.slice(1).replace(/\?.*/, ''));
  const same = earlier.filter((one) => one.method === method && one.path === path && one.range === headers.range);
  return { method, path, range: headers.range, ifMatch: headers['if-match'], before: same.length };
};

/** Starts the server on a free port of this machine. */
export async function startFaultyServer(): Promise<FaultyServer> {
  const objects = new Map<string, Buffer>();
  const requests: Asked[] = [];
  let plan: (asked: Asked) => Fault | undefined = () => undefined;
  let open = 0;
  let peak = 0;
  const server = createServer((request, response) => {
    const asked = note(request, requests);
    requests.push(asked);
    peak = Math.max(peak, ++open);
    response.once('close', () => open--);
    void answer({ request, response, objects, asked, fault: plan(asked) ?? { shortBy: 0 } });
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
  return { endpoint, objects, asked: requests, peak: () => peak, misbehave, stop };
}
