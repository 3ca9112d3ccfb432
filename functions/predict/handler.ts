import type { APIGatewayProxyResult, LambdaContext } from 'hono/aws-lambda';
import type { Log } from '../../layers/telemetry/index.ts';
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

/** Milliseconds before the function's timeout at which the answer is returned, even if other work is not finished. */
const marginMs = 5000;

interface Options {
  /** Tells the operator why an event is no request. */
  readonly log: Log;
  /** Resolves when background work is finished; undefined if there is none. */
  readonly settled?: () => Promise<void> | undefined;
}

/**
 * Creates the Lambda handler of the application. Every answer has the application's shape, whatever the event contains. It
 * waits for background work before it returns the answer, because Lambda freezes the process afterwards, and a download that is
 * frozen for minutes breaks.
 */
export function createHandler(app: App, { log, settled }: Options): Handler {
  const readRequest = (event: HttpEvent, { awsRequestId: requestId }: LambdaContext) => {
    try {
      return createRequest(event);
    } catch (error) {
      log.info('request malformed', { requestId, reason: (error as Error).message });
      return undefined;
    }
  };
  return async (event, lambdaContext) => {
    const request = readRequest(event, lambdaContext);
    const bindings = { requestContext: event.requestContext, lambdaContext };
    const result = request ? await createResult(await app.fetch(request, bindings)) : answerMalformed();
    const work = settled?.();
    if (work) await withTimeout(Math.max(0, lambdaContext.getRemainingTimeInMillis() - marginMs), work);
    return result;
  };
}
