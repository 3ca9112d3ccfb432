// API Gateway's events as requests of `fetch`, and its responses as results. Hono's own adapter takes a quarter of all the time
// around a model's run: docs/decisions/0082-time-around-the-run.md.
import type { APIGatewayProxyResult, LambdaEvent } from 'hono/aws-lambda';
import { readText } from './json-answer.ts';

/** A request in the format of API Gateway's HTTP API: payload format 2.0. */
export type HttpEvent = Extract<LambdaEvent, { readonly rawPath: string }>;

/** Lambda does not say when a caller goes away. */
const { signal } = new AbortController();

/** A value may be any text in an event, but only bytes in `fetch`. */
const encodeValue = (value: string) => (/^[\0-\x7f]*$/.test(value) ? value : encodeURIComponent(value));

function readHeaders({ headers, cookies }: HttpEvent): Headers {
  const read = new Headers();
  if (cookies) read.set('Cookie', cookies.join('; '));
  for (const [name, value] of Object.entries(headers ?? {})) if (value) read.set(name, encodeValue(value));
  return read;
}

/**
 * Creates the request of an event. The body of a GET or HEAD request is left out: HTTP gives it no meaning, and `fetch`
 * rejects it.
 *
 * @throws TypeError if the event has no valid address, method or header.
 */
export function createRequest(event: HttpEvent): Request {
  const { rawPath, rawQueryString, requestContext, body, isBase64Encoded } = event;
  const { method } = requestContext.http;
  const query = rawQueryString ? `?${rawQueryString}` : '';
  const url = new URL(`https://${requestContext.domainName}${rawPath}${query}`).href;
  const headers = readHeaders(event);
  // All that the application and Hono read of a request without a body. The class takes five times as long to make.
  if (method === 'GET' || method === 'HEAD') return { url, method, headers, signal, body: null } as Request;
  if (!body) return new Request(url, { method, headers });
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  headers.set('Content-Length', String(bytes.length));
  return new Request(url, { method, headers, body: bytes });
}

/** Whether a body is text as it is. Others travel in Base64. */
function isText(headers: Headers): boolean {
  if (headers.has('Content-Encoding')) return false;
  return /^text\/|[/+](json|xml)\b|^$/.test(headers.get('Content-Type') ?? '');
}

/** Creates the result of a response. */
export async function createResult(response: Response): Promise<APIGatewayProxyResult> {
  const { status, headers } = response;
  const text = isText(headers);
  const body = text ? await readText(response) : Buffer.from(await response.arrayBuffer()).toString('base64');
  return { statusCode: status, headers: Object.fromEntries(headers), body, isBase64Encoded: !text };
}
