// What stands between the HTTP server and the application on this machine; API Gateway does the same for the function.
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { cors } from 'hono/cors';
import type { App } from '../functions/predict/app.ts';
import type { RequestEnvironment } from '../functions/predict/observability.ts';

interface Options {
  /** Origins whose pages may call, `*` for all; none by default. */
  readonly origins?: readonly string[];
}

/** Headers of the answers that pages of other origins may read. */
const exposed = ['ETag', 'Retry-After', 'X-Request-Id', 'X-Model-Version'];

/** Below this many bytes an answer is not smaller by as much as it takes longer. */
const threshold = 1024;

/** Headers that let a page read an answer which does not come from the application. */
export function allowOrigin(origins: readonly string[], origin = ''): Readonly<Record<string, string>> {
  const allowed = origins.includes('*') ? '*' : origins.find((one) => one === origin);
  if (allowed === undefined) return {};
  return { 'Access-Control-Allow-Origin': allowed, 'Access-Control-Expose-Headers': exposed.join(','), Vary: 'Origin' };
}

/** Says how long an answer is, so that short ones are not compressed. */
async function measure(response: Response): Promise<Response> {
  const body = await response.arrayBuffer();
  const headers = new Headers(response.headers);
  headers.set('Content-Length', String(body.byteLength));
  return new Response(body, { status: response.status, headers });
}

/** Lets pages of other origins call, and compresses the answers to lists for clients that accept gzip. */
export function addMiddleware(app: App, { origins = [] }: Options): Pick<App, 'fetch'> {
  const outer = new Hono<{ Bindings: RequestEnvironment['Bindings'] }>();
  const origin = origins.includes('*') ? '*' : [...origins];
  if (origins.length > 0) outer.use(cors({ origin, allowMethods: ['GET', 'HEAD', 'POST'], exposeHeaders: exposed }));
  outer.post('/predict', compress({ encoding: 'gzip', threshold }), async (c) =>
    measure(await app.fetch(c.req.raw, c.env)),
  );
  outer.all('*', (c) => app.fetch(c.req.raw, c.env));
  const isPlain = ({ method }: Request) => origins.length === 0 && method !== 'POST';
  return { fetch: (request, ...rest) => (isPlain(request) ? app : outer).fetch(request, ...rest) };
}
