// Reads the body of a request: its media type, its bytes and its text.
import { ApiError, CallerGoneError } from './errors.ts';

/** Largest body that is read. */
export const maxBodyBytes = 1024 * 1024;

/** Room for the usual body. */
const firstBytes = 16 * 1024;

/** A body as its media type says. */
export interface Body {
  readonly kind: 'json' | 'form';
  readonly text: string;
}

const kinds: Readonly<Record<string, Body['kind']>> = {
  'application/json': 'json',
  'application/x-www-form-urlencoded': 'form',
};

/** ASCII is a part of UTF-8. */
const charsets = ['utf-8', 'utf8', 'us-ascii'];

function readKind(headers: Headers): Body['kind'] {
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';');
  const [, charset = 'utf-8'] = parameters.join(';').match(/\bcharset\s*=\s*"?([^";\s]+)/) ?? [];
  const encoding = headers.get('content-encoding') ?? 'identity';
  const kind = kinds[type.trim()];
  if (!kind || !charsets.includes(charset) || encoding !== 'identity') throw new ApiError('CONTENT_TYPE_UNSUPPORTED');
  return kind;
}

/** Only a connection that breaks keeps a body from being read. */
async function readPart(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (cause) {
    throw new CallerGoneError('The connection broke before the body had arrived.', { cause });
  }
}

/** Stops at the first byte too many: a body without a length may never end. */
async function readBytes(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<Uint8Array> {
  const reader = stream.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  let bytes = Buffer.allocUnsafe(firstBytes);
  let length = 0;
  for (let part = await readPart(reader); !part.done; part = await readPart(reader)) {
    const end = length + part.value.length;
    if (end > maxBodyBytes) {
      cancel();
      throw new ApiError('BODY_TOO_LARGE');
    }
    // Copied, not collected: a million parts of a byte would take 300 bytes each.
    if (end > bytes.length) bytes = Buffer.concat([bytes], Math.max(end, 2 * bytes.length));
    bytes.set(part.value, length);
    length = end;
  }
  signal.removeEventListener('abort', cancel);
  if (signal.aborted) throw new ApiError('REQUEST_TIMEOUT');
  return bytes.subarray(0, length);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ApiError('BODY_MALFORMED', { message: 'The body is not in UTF-8: encode it so.', cause });
  }
}

/**
 * Reads a JSON or a form body.
 *
 * @param timeoutMs - milliseconds in which the whole body must arrive.
 * @throws ApiError `CONTENT_TYPE_UNSUPPORTED`, `BODY_TOO_LARGE`, `REQUEST_TIMEOUT` or, if it is not in UTF-8, `BODY_MALFORMED`.
 * @throws CallerGoneError if the connection breaks before.
 */
export async function readBody(request: Request, timeoutMs: number): Promise<Body> {
  const kind = readKind(request.headers);
  if (Number(request.headers.get('content-length')) > maxBodyBytes) throw new ApiError('BODY_TOO_LARGE');
  if (!request.body) return { kind, text: '' };
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    return { kind, text: decode(await readBytes(request.body, late.signal)) };
  } finally {
    clearTimeout(timer);
  }
}
