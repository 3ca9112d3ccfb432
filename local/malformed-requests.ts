// Requests that Node answers by itself, or not at all: here they get an answer in the shape of all errors, after the answers to the
// requests before them on the same connection.
import { type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { describeError, type ErrorCode } from '../functions/predict/errors.ts';
import type { Exchanges } from './connections.ts';

/** An error answer as it is sent where the application does not answer. */
export function encodeError(code: ErrorCode) {
  const { status, headers, body } = describeError(code);
  const content = JSON.stringify(body);
  const described = { 'Content-Type': 'application/json', 'Content-Length': String(content.length) };
  return { status, headers: { ...headers, ...described }, content };
}

/** An error of Node's parser, the bytes that it had last, and how many of them it took. */
interface ParseError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** A request line of HTTP, whose method may be any token. */
const requestLine = /^[\w!#$%&'*+.^`|~-]+ [^ ]+ HTTP\/1\.[01]\r\n/;

/** The bytes from the line in which the fault is. Other requests may be before it. */
function readFaultyLine({ rawPacket = Buffer.of(), bytesParsed = 0 }: ParseError): string {
  const text = rawPacket.toString('latin1');
  return text.slice(text.lastIndexOf('\n', bytesParsed - 1) + 1);
}

function toErrorCode(error: ParseError): ErrorCode {
  const { code } = error;
  if (code === 'HPE_HEADER_OVERFLOW') return 'REQUEST_TOO_LARGE';
  // What is no HTTP has an invalid method too.
  if (code === 'HPE_INVALID_METHOD' && requestLine.test(readFaultyLine(error))) return 'METHOD_UNKNOWN';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'REQUEST_TIMEOUT' : 'REQUEST_MALFORMED';
}

/** Writes an answer on a connection, and ends it. */
function writeRefusal(socket: Duplex, code: ErrorCode): void {
  if (!socket.writable) return void socket.destroy();
  const { status, headers, content } = encodeError(code);
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${content}`);
}

/** Refuses, on all connections of a server, what Node cannot parse, and CONNECT. */
export function refuseMalformed(server: Server, open: Exchanges): void {
  const refused = new WeakSet<Duplex>();

  const refuse = (socket: Duplex, code: ErrorCode) => {
    // The parser fails again with each further byte.
    if (refused.has(socket)) return;
    refused.add(socket);
    const exchanges = [...(open.get(socket) ?? [])];
    // The fault is in the body of a request that the application has already.
    const faulty = exchanges.at(-1)?.request.complete === false ? exchanges.pop() : undefined;
    const write = () => (faulty?.response.headersSent ? void socket.destroy() : writeRefusal(socket, code));
    const before = exchanges.at(-1);
    if (before) before.response.once('close', write);
    else write();
  };

  server.on('clientError', (error: ParseError, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else refuse(socket, toErrorCode(error));
  });
  server.on('connect', (_request, socket) => {
    // Node no longer listens, nor reads: a socket with unread bytes would stay open when the client has gone.
    socket.on('error', () => socket.destroy());
    socket.resume();
    refuse(socket, 'METHOD_UNKNOWN');
  });
}

/**
 * Answers requests that expect something of the server. Node writes `100 Continue` into the middle of an answer if another one is
 * before it on the connection; a client need not wait for it.
 */
export function meetExpectations(server: Server): void {
  server.on('checkContinue', (request, response) => {
    if (response.socket) response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request, response) => void server.emit('request', request, response));
}

/** Refuses a request of HTTP/1.1 without a host, which Node would answer without a body. */
export function requireHost(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (request.headers.host !== undefined || request.httpVersion === '1.0') return listener(request, response);
    const { status, headers, content } = encodeError('REQUEST_MALFORMED');
    response.writeHead(status, { ...headers, Connection: 'close' }).end(content);
  };
}
