// Faults of an S3 server's answers, as they look on the wire.
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A fault of an answer. */
export type Fault =
  /** Never answers. */
  | { readonly silent: true }
  /** Sends so many bytes of the body and then nothing, with the connection open. */
  | { readonly stallAfter: number }
  /** Sends so many bytes of the body and resets the connection. */
  | { readonly dropAfter: number }
  /** Claims and sends so many bytes less than were asked for. */
  | { readonly shortBy: number }
  /** Claims and sends so many bytes more than were asked for. */
  | { readonly longBy: number }
  /** Claims so many bytes more than it sends, of the range and of the whole object, and ends the connection. */
  | { readonly claimBy: number }
  /** Does not say how long the body is. */
  | { readonly chunked: true }
  /** Sends the body in so many pieces, with a pause before each. */
  | { readonly pauseMs: number; readonly pieces: number }
  /** Changes a byte in the middle of the body. */
  | { readonly damaged: true }
  /** Answers with an error, as S3 does in XML. */
  | {
      readonly status: number;
      readonly code: string;
      readonly text?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Has a clock that is so many milliseconds ahead, and refuses a request that is signed for another time. */
  | { readonly skewMs: number }
  /** Replaces the object before answering. */
  | { readonly replacement: Buffer };

/** An answer to a GET, before a fault changes it. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An error as S3 answers it. */
export function createError(status: number, code: string, text?: string): Answer {
  const body = Buffer.from(
    text ?? `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as planned</Message></Error>`,
  );
  return { status, headers: { 'content-type': 'application/xml', 'content-length': String(body.length) }, body };
}

function damage(body: Buffer): Buffer {
  const damaged = Buffer.from(body);
  const middle = body.length >> 1;
  if (body.length > 0) damaged[middle] = (body[middle] ?? 0) ^ 1;
  return damaged;
}

function changeBody(body: Buffer, fault: Fault): Buffer {
  if ('shortBy' in fault) return body.subarray(0, Math.max(0, body.length - fault.shortBy));
  if ('longBy' in fault) return Buffer.concat([body, Buffer.alloc(fault.longBy, 'x')]);
  return 'damaged' in fault ? damage(body) : body;
}

/** `bytes 0-9/100` for a body of another length. */
function changeRange(range: string, length: number, claimBy: number): string {
  const [, first = '0', total = '0'] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range) ?? [];
  return `bytes ${first}-${Number(first) + length - 1}/${Number(total) + claimBy}`;
}

/** The answer with the fault in it. */
function spoil({ status, headers, body: sound }: Answer, fault: Fault): Answer {
  const body = changeBody(sound, fault);
  const claimBy = 'claimBy' in fault ? fault.claimBy : 0;
  const { 'content-length': _, 'content-range': range, ...others } = headers;
  const length = 'chunked' in fault ? {} : { 'content-length': String(body.length + claimBy) };
  const changed = range === undefined ? {} : { 'content-range': changeRange(range, body.length, claimBy) };
  return { status, headers: { ...others, ...length, ...changed }, body };
}

async function sendSlowly(
  response: ServerResponse,
  body: Buffer,
  { pauseMs, pieces }: Extract<Fault, { pieces: number }>,
) {
  const piece = Math.max(1, Math.ceil(body.length / pieces));
  for (let at = 0; at < body.length && !response.destroyed; at += piece) {
    await sleep(pauseMs);
    response.write(body.subarray(at, at + piece));
  }
  response.end();
}

/** Sends an answer with a fault. */
export async function sendFaulty(response: ServerResponse, sound: Answer, fault: Fault): Promise<void> {
  const { status, headers, body } = spoil(sound, fault);
  response.writeHead(status, headers);
  response.flushHeaders();
  if ('stallAfter' in fault) return void response.write(body.subarray(0, fault.stallAfter));
  if ('dropAfter' in fault)
    return void response.write(body.subarray(0, fault.dropAfter), () => response.socket?.resetAndDestroy());
  if ('claimBy' in fault) return void response.write(body, () => response.socket?.end());
  if ('pauseMs' in fault) return sendSlowly(response, body, fault);
  response.end(body);
}
