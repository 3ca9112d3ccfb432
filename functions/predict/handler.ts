import { type APIGatewayProxyResult, handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import type { App } from './app.ts';
import { describeError } from './errors.ts';
import { withTimeout } from './timeout.ts';

/** A request as API Gateway's HTTP API hands it over: payload format 2.0. */
export type HttpEvent = Extract<LambdaEvent, { readonly rawPath: string }>;

/** What Lambda calls. */
export type Handler = (event: HttpEvent, context: LambdaContext) => Promise<APIGatewayProxyResult>;

/** `fetch` refuses a GET with a body, which HTTP allows and gives no meaning. */
function withoutBody(event: HttpEvent): HttpEvent {
  const method = event.requestContext?.http?.method;
  return event.body && (method === 'GET' || method === 'HEAD') ? { ...event, body: null } : event;
}

/** The adapter answers in plain text when it cannot make a request of the event; the application never does. */
const isRefusal = ({ headers }: APIGatewayProxyResult) => String(headers?.['content-type']).startsWith('text/plain');

function refuse(): APIGatewayProxyResult {
  const { status, headers, body } = describeError('REQUEST_MALFORMED');
  return {
    statusCode: status,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** Milliseconds before the function's end by which an answer must be on its way, whatever else is not finished. */
const marginMs = 5000;

/**
 * Puts the application behind API Gateway. Every answer is in the application's shape, whatever the event holds.
 *
 * @param settled - what else the process must do while it is awake: after the answer Lambda freezes it, and a download
 *   that is frozen for minutes breaks.
 */
export function createHandler(app: App, settled: () => Promise<void> = async () => undefined): Handler {
  const answer = handle(app);
  return async (event, context) => {
    const result = await answer(withoutBody(event), context);
    await withTimeout(Math.max(0, context.getRemainingTimeInMillis() - marginMs), settled());
    return isRefusal(result) ? refuse() : result;
  };
}
