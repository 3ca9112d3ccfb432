// HTTP/1.1 by bytes: requests as they are written on a connection, and the answers that are read from it.
import { gunzipSync } from 'node:zlib';
import type { Asked } from './asked.ts';
import type { Answer } from './contract.ts';

/** How a request is written. */
export interface Framing {
  readonly version: '1.1' | '1.0';
  /** Bytes of each chunk of the body; 0 sends its length instead. */
  readonly chunk: number;
  /** The value of the header Expect; empty for none. */
  readonly expect: string;
}

/** What the target of a request line can hold. */
const toTarget = (text: string) =>
  text.toWellFormed().replace(/[^\x21-\x7e]|#/gu, (character) => encodeURIComponent(character));

function writeBody(body: string, { version, chunk }: Framing): { readonly header: string; readonly bytes: string } {
  if (chunk === 0 || version === '1.0') return { header: `Content-Length: ${body.length}\r\n`, bytes: body };
  // A megabyte in chunks of a byte keeps the server busy for seconds.
  const size = body.length > 20_000 ? Math.max(chunk, 1000) : chunk;
  const chunks = body.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
  const bytes = [...chunks, ''].map((one) => `${one.length.toString(16)}\r\n${one}\r\n`).join('');
  return { header: 'Transfer-Encoding: chunked\r\n', bytes };
}

/** Writes a request, each byte as a character of Latin-1. The last one of a connection asks for its end. */
export function writeRequest({ method, path, query, headers, body }: Asked, framing: Framing, isLast: boolean): string {
  const target = toTarget(query === '' ? path : `${path}?${query}`);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { header, bytes } = body === undefined ? { header: '', bytes: '' } : writeBody(body, framing);
  const wait = framing.expect === '' ? '' : `Expect: ${framing.expect}\r\n`;
  const connection = isLast ? 'Connection: close\r\n' : framing.version === '1.0' ? 'Connection: keep-alive\r\n' : '';
  return `${method} ${target} HTTP/${framing.version}\r\nHost: localhost\r\n${lines.join('')}${header}${wait}${connection}\r\n${bytes}`;
}

/** The bytes end before the answer does. */
class CutError extends Error {}

/** An answer, and whether the server ends the connection after it. */
export interface RawAnswer extends Answer {
  readonly isLast: boolean;
}

const head = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*\r\n((?:[\w-]+: [^\r\n]*\r\n)*)\r\n/;

/** Reads a body in chunks. Returns it and what follows. */
function readChunks(text: string): readonly [body: string, rest: string] {
  let [body, rest] = ['', text];
  for (;;) {
    const [line, size = ''] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? [];
    if (line === undefined) {
      if (/^[0-9a-f]{0,8}\r?$/i.test(rest)) throw new CutError();
      throw new Error('The answer has no size of a chunk.');
    }
    const length = Number.parseInt(size, 16);
    body += rest.slice(line.length, line.length + length);
    const end = rest.slice(line.length + length, line.length + length + 2);
    rest = rest.slice(line.length + length + 2);
    if (end.length < 2) throw new CutError();
    if (end !== '\r\n') throw new Error('The answer has a chunk that ends elsewhere.');
    if (length === 0) return [body, rest];
  }
}

/** Reads a body by the headers. Returns it and what follows. */
function readBody(text: string, headers: Answer['headers']): readonly [body: string, rest: string] {
  if (headers['transfer-encoding'] === 'chunked') return readChunks(text);
  const length = headers['content-length'];
  if (length === undefined) return [text, ''];
  if (text.length < Number(length)) throw new CutError();
  return [text.slice(0, Number(length)), text.slice(Number(length))];
}

function unpack(body: string, { 'content-encoding': encoding }: Answer['headers']): string {
  const bytes = Buffer.from(body, 'latin1');
  return (encoding === 'gzip' && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** All answers of a connection. */
export interface Answers {
  readonly answers: readonly RawAnswer[];
  /** The connection ended within an answer. */
  readonly isCut: boolean;
}

/**
 * Reads all answers of a connection.
 *
 * @param text - the bytes, each as a character of Latin-1.
 * @param methods - those of the requests, in their order. An answer to HEAD has no body.
 * @throws Error if the bytes are no answers.
 */
export function readAnswers(text: string, methods: readonly string[]): Answers {
  const answers: RawAnswer[] = [];
  try {
    for (let rest = text; rest !== ''; ) {
      const [answer, following] = readAnswer(rest, methods[answers.length]);
      if (answer.status >= 200) answers.push(answer);
      rest = following;
      // Of a request that is refused before it is read, nobody knows that it is HEAD.
      if (answer.isLast && answer.status === 413 && methods[answers.length - 1] === 'HEAD') rest = '';
    }
    return { answers, isCut: false };
  } catch (error) {
    if (error instanceof CutError) return { answers, isCut: true };
    throw error;
  }
}

function readAnswer(text: string, method: string | undefined): readonly [RawAnswer, rest: string] {
  const [start, code = '', lines = ''] = head.exec(text) ?? [];
  if (start === undefined) {
    if (text.startsWith('HTTP/1.1 ') && !text.includes('\r\n\r\n')) throw new CutError();
    throw new Error(`The answer begins with ${JSON.stringify(text.slice(0, 100))}.`);
  }
  const status = Number(code);
  const pairs = [...lines.matchAll(/^([\w-]+): (.*)\r$/gm)].map(
    ([, name = '', value = '']) => [name.toLowerCase(), value] as const,
  );
  const headers = Object.fromEntries(pairs);
  const isEmpty = method === 'HEAD' || status < 200 || status === 304 || status === 204;
  const rest = text.slice(start.length);
  const [body, following] = isEmpty ? ['', rest] : readBody(rest, headers);
  return [{ status, headers, body: unpack(body, headers), isLast: headers.connection === 'close' }, following];
}
