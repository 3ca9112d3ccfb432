// What API Gateway's HTTP API does between a caller and a function, as far as answers depend on it.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createHttpEvent } from '../image/http-event.mjs';

/** Repeated parameters arrive joined by commas; the raw query has them all. */
const joinQuery = (query) =>
  Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]));

function createEvent({ method, url, headers }, body) {
  const [path, rawQueryString = ''] = url.split('?');
  const { http, ...context } = createHttpEvent(path).requestContext;
  return {
    ...createHttpEvent(path),
    ...{ rawQueryString, queryStringParameters: joinQuery(new URLSearchParams(rawQueryString)), headers },
    ...(body && { body }),
    requestContext: { ...context, http: { ...http, method } },
  };
}

/** Starts an HTTP server before `invoke(event)`: `url` and `stop()`. */
export async function startHttpFront(invoke) {
  const server = createServer(async (request, response) => {
    try {
      const result = await invoke(createEvent(request, await text(request)));
      const { statusCode, headers = {}, body = '', isBase64Encoded } = result;
      response.writeHead(statusCode, headers).end(isBase64Encoded ? Buffer.from(body, 'base64') : body);
    } catch {
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"Internal Server Error"}');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}
