import type { APIGatewayProxyResult, LambdaContext } from 'hono/aws-lambda';
import type { App } from './app.ts';
import { describeError } from './errors.ts';
import { createRequest, createResult, type HttpEvent } from './http-event.ts';
import { withTimeout } from './timeout.ts';

export type { HttpEvent };

/** What Lambda calls. */
export type Handler = (event: HttpEvent, context: LambdaContext) => Promise<APIGatewayProxyResult>;

function answerMalformed(): APIGatewayProxyResult {
  const { status, headers, body } = describeError('REQUEST_MALFORMED');
  return {
    statusCode: status,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** The request of an event, or undefined if the event has none. The reason is written for the operator. */
function readRequest(event: HttpEvent): Request | undefined {
  try {
    return createRequest(event);
  } catch (error) {
    console.error('Error processing request:', error);
    return undefined;
  }
}

/** Milliseconds before the function's timeout at which the answer is returned, even if other work is not finished. */
const marginMs = 5000;

/**
 * Creates the Lambda handler of the application. Every answer has the application's shape, whatever the event contains.
 *
 * @param settled - resolves when background work is finished; undefined if there is none. The handler waits for it before it
 *   returns the answer, because Lambda freezes the process afterwards, and a download that is frozen for minutes breaks.
 */
export function createHandler(app: App, settled: () => Promise<void> | undefined = () => undefined): Handler {
  return async (event, lambdaContext) => {
    const request = readRequest(event);
    const bindings = { requestContext: event.requestContext, lambdaContext };
    const result = request ? await createResult(await app.fetch(request, bindings)) : answerMalformed();
    const work = settled();
    if (work) await withTimeout(Math.max(0, lambdaContext.getRemainingTimeInMillis() - marginMs), work);
    return result;
  };
}
