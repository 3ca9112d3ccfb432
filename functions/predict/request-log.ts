import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { RunStages } from '../../layers/inference/index.ts';
import type { Log } from '../../layers/telemetry/index.ts';
import { answerError, type ErrorCode } from './errors.ts';

/** What the Lambda adapter hands over with a request; on another server there is none of it. */
interface Bindings {
  readonly lambdaContext?: { readonly awsRequestId: string };
}

/** What is known of a request when it is answered. */
export interface Outcome {
  code?: ErrorCode;
  modelVersion?: string;
  modelCreatedAt?: string;
  tokens?: number;
  truncated?: boolean;
  stages?: RunStages;
  /** Only if the operator wants the texts in the log. */
  text?: string;
}

/** Takes down what a request's outcome was and how many milliseconds it took. */
export type Observe = (outcome: Readonly<Outcome>, milliseconds: number) => void;

/** The context's types. */
export interface RequestEnvironment {
  readonly Bindings: Bindings;
  readonly Variables: { requestId: string; outcome: Outcome };
}

/** One request as a handler sees it. */
export type RequestContext = Context<RequestEnvironment>;

/** Adds to what the request's log line says. */
export function note(c: RequestContext, outcome: Outcome): void {
  Object.assign(c.get('outcome'), outcome);
}

/** The error answer, noted for the log. */
export function fail(c: RequestContext, code: ErrorCode, headers?: Readonly<Record<string, string>>): Response {
  note(c, { code });
  return answerError(c, code, headers);
}

const round = (milliseconds: number) => Math.round(milliseconds * 100) / 100;

/** The route and not the address: the address holds the text. */
function describeRequest(c: RequestContext, milliseconds: number) {
  const { method } = c.req;
  const route = routePath(c, -1);
  const { stages, modelCreatedAt: _, ...outcome } = c.get('outcome');
  const ms = { ms: round(milliseconds), ...(stages && { runMs: round(stages.runMs) }) };
  return { requestId: c.get('requestId'), method, route, status: c.res.status, ...ms, ...outcome };
}

/** Names each request, in the answer's header too, and logs one line when it is answered. */
export function logRequests(log: Log, observe?: Observe): MiddlewareHandler<RequestEnvironment> {
  return async (c, next) => {
    const started = performance.now();
    const requestId = c.env?.lambdaContext?.awsRequestId ?? randomUUID();
    c.set('requestId', requestId);
    c.set('outcome', {});
    c.header('X-Request-Id', requestId);
    await next();
    const milliseconds = performance.now() - started;
    log.info('request', describeRequest(c, milliseconds));
    observe?.(c.get('outcome'), milliseconds);
  };
}
