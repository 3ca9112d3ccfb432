// The Lambda Runtime API as far as a runtime client needs it. It hands out one event at a time and returns the result to the
// caller of `invoke`.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { undoLater } from './tools.mjs';

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:predict';
const timeoutMs = 29_000;

/** Headers of an event. Without a content type the native runtime client crashes (SIGSEGV). */
const eventHeaders = (id) => ({
  'content-type': 'application/json',
  'lambda-runtime-aws-request-id': id,
  'lambda-runtime-deadline-ms': String(Date.now() + timeoutMs),
  'lambda-runtime-invoked-function-arn': arn,
  'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0',
});

/**
 * Starts a Runtime API on a free port of the loopback address.
 *
 * @returns `address` (the value of AWS_LAMBDA_RUNTIME_API), `invoke(event)`, which resolves to the function's result and
 * rejects with what the function raised, and `stop()`.
 */
export async function startRuntimeApi() {
  const events = [];
  const waiting = [];
  const invocations = new Map();

  const deliver = () => {
    while (events.length > 0 && waiting.length > 0) {
      const { id, event } = events.shift();
      waiting.shift().writeHead(200, eventHeaders(id)).end(JSON.stringify(event));
    }
  };
  const next = (response) => {
    waiting.push(response);
    response.once('close', () => {
      if (waiting.includes(response)) waiting.splice(waiting.indexOf(response), 1);
    });
    deliver();
  };
  const settle = async (request, id, kind) => {
    const invocation = invocations.get(id);
    invocations.delete(id);
    if (kind === 'response') invocation?.resolve(await json(request));
    else invocation?.reject(new Error(`The function raised ${await text(request)}`));
  };
  const failAll = async (request) => {
    const error = new Error(`The function could not start: ${await text(request)}`);
    for (const { reject } of invocations.values()) reject(error);
    invocations.clear();
    events.length = 0;
  };

  const server = createServer(async (request, response) => {
    const path = request.url.replace('/2018-06-01/runtime', '');
    const [, id, kind] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (path === '/invocation/next') return next(response);
    if (kind) await settle(request, id, kind);
    else if (path === '/init/error') await failAll(request);
    response.writeHead(kind || path === '/init/error' ? 202 : 404, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  const invoke = (event) =>
    new Promise((resolve, reject) => {
      const id = randomUUID();
      invocations.set(id, { resolve, reject });
      events.push({ id, event });
      deliver();
    });
  const stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  undoLater(stop);
  return { address: `127.0.0.1:${server.address().port}`, invoke, stop };
}
