import { type APIGatewayProxyResult, handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import type { App } from './app.ts';
import { describeError } from './errors.ts';
import { withTimeout } from './timeout.ts';

/** A request in the format of API Gateway's HTTP API: payload format 2.0. */
export type HttpEvent = Extract<LambdaEvent, { readonly rawPath: string }>;

/** What Lambda calls. */
export type Handler = (event: HttpEvent, context: LambdaContext) => Promise<APIGatewayProxyResult>;

/** HTTP allows a body in a GET request and gives it no meaning, but `fetch` rejects it. */
function withoutBody(event: HttpEvent): HttpEvent {
  const method = event.requestContext?.http?.method;
  return event.body && (method === 'GET' || method === 'HEAD') ? { ...event, body: null } : event;
}

/** The adapter answers in plain text if it cannot create a request from the event. The application never does. */
const isAdapterError = ({ headers }: APIGatewayProxyResult) =>
  String(headers?.['content-type']).startsWith('text/plain');

function answerMalformed(): APIGatewayProxyResult {
  const { status, headers, body } = describeError('REQUEST_MALFORMED');
  return {
    statusCode: status,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** Milliseconds before the function's timeout at which the answer is returned, even if other work is not finished. */
const marginMs = 5000;

/**
 * Creates the Lambda handler of the application. Every answer has the application's shape, whatever the event contains.
 *
 * @param settled - resolves when background work is finished. The handler waits for it before it returns the answer, because
 *   Lambda freezes the process afterwards, and a download that is frozen for minutes breaks.
 */
export function createHandler(app: App, settled: () => Promise<void> = async () => undefined): Handler {
  const answer = handle(app);
  return async (event, context) => {
    const result = await answer(withoutBody(event), context);
    await withTimeout(Math.max(0, context.getRemainingTimeInMillis() - marginMs), settled());
    return isAdapterError(result) ? answerMalformed() : result;
  };
}
