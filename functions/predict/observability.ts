// What an operator sees: one log line per request, and metrics of starts, loads and requests. docs/operations.md lists them.
import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { LoadStages, RunStages, UnreliableReason } from '../../layers/inference/index.ts';
import type { PullStages } from '../../layers/model-store/index.ts';
import { type CountedPrediction, countBins, nameClassMetric } from '../../layers/prediction/index.ts';
import {
  type Log,
  type Measure,
  type Meter,
  pricePerGigabyteSecond,
  pricePerInvocation,
} from '../../layers/telemetry/index.ts';
import { answerError, type ErrorCode, type ErrorDetails, isServerError } from './errors.ts';
import type { Part } from './parts.ts';

/** What the Lambda adapter passes with a request. Other servers pass nothing. */
interface Bindings {
  readonly lambdaContext?: { readonly awsRequestId: string; readonly getRemainingTimeInMillis: () => number };
  readonly requestContext?: { readonly timeEpoch?: number };
}

/** What is known of a request when it is answered. */
export interface Outcome {
  code?: ErrorCode;
  /** Name of the key that the request came with. */
  key?: string;
  modelVersion?: string;
  modelCreatedAt?: string;
  /** The likeliest class. */
  label?: string;
  /** Of a list: texts that differ, those of them without a prediction, and predictions by class. */
  texts?: number;
  failed?: number;
  labels?: Readonly<Record<string, number>>;
  tokens?: number;
  /** Tokens that the model does not know. */
  unknown?: number;
  truncated?: boolean;
  /** Whether the answer can be relied on; if not, why. */
  reliable?: boolean;
  reason?: UnreliableReason;
  /** Of a list: predictions that cannot be relied on, by reason. */
  unreliable?: Readonly<Record<string, number>>;
  /** What was answered, for the counts by bin. Not in the log, which has the sums. */
  predictions?: readonly CountedPrediction[];
  stages?: RunStages;
  /** During a canary: what each version answers. */
  parts?: readonly Part[];
  /** Only if the operator wants the texts in the log. */
  text?: string;
}

/** A request and its answer, in the words of the metrics: the route, not the URL, which holds the text. */
export interface AnsweredRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

/** Records a request's outcome and its duration. */
export type Observe = (outcome: Readonly<Outcome>, milliseconds: number, request: AnsweredRequest) => void;

/** The types of the Hono context. */
export interface RequestEnvironment {
  readonly Bindings: Bindings;
  readonly Variables: { requestId: string; outcome: Outcome };
}

/** One request as a route handler sees it. */
export type RequestContext = Context<RequestEnvironment>;

/** Adds fields to the outcome of a request. */
export function addOutcome(c: RequestContext, outcome: Outcome): void {
  Object.assign(c.get('outcome'), outcome);
}

/** The error answer. Its code becomes part of the outcome. */
export function fail(c: RequestContext, code: ErrorCode, details?: ErrorDetails): Response {
  addOutcome(c, { code });
  return answerError(c, code, details);
}

const round = (milliseconds: number) => Math.round(milliseconds * 100) / 100;

function describeRequest(c: RequestContext, request: AnsweredRequest, milliseconds: number) {
  const { stages, modelCreatedAt: _, predictions: __, ...outcome } = c.get('outcome');
  const ms = { ms: round(milliseconds), ...(stages && { runMs: round(stages.runMs) }) };
  return { requestId: c.get('requestId'), ...request, ...ms, ...outcome };
}

/**
 * Gives each request an id, which the answer's header carries too, and logs one line when it is answered, if there is a log.
 * Refusals under overload have no line: the server counts them in one line a second.
 */
export function logRequests(log: Log | undefined, observe?: Observe): MiddlewareHandler<RequestEnvironment> {
  return async (c, next) => {
    const started = performance.now();
    const requestId = c.env?.lambdaContext?.awsRequestId ?? randomUUID();
    c.set('requestId', requestId);
    c.set('outcome', {});
    c.header('X-Request-Id', requestId);
    await next();
    const milliseconds = performance.now() - started;
    const request = { method: c.req.method, route: routePath(c, -1), status: c.res.status };
    const outcome = c.get('outcome');
    if (outcome.code !== 'OVERLOADED') log?.info('request', describeRequest(c, request, milliseconds));
    observe?.(outcome, milliseconds, request);
  };
}

/** The execution environment of the function, for estimates of its cost. */
export interface ExecutionEnvironment {
  /** AWS_LAMBDA_FUNCTION_MEMORY_SIZE. */
  readonly memoryMb: number;
  readonly architecture: string;
  /** AWS_LAMBDA_INITIALIZATION_TYPE. */
  readonly initType: string;
}

const count = (name: string, value = 1): Measure => ({ name, unit: 'Count', value });
const milliseconds = (name: string, value: number): Measure => ({ name, unit: 'Milliseconds', value });

/** What Lambda bills for a duration, which it rounds up to whole milliseconds. The price of API Gateway is not included. */
function estimateCost(ms: number, { memoryMb, architecture }: ExecutionEnvironment): readonly Measure[] {
  const gigabyteSeconds = (Math.ceil(ms) / 1000) * (memoryMb / 1024);
  const price = gigabyteSeconds * pricePerGigabyteSecond(architecture) + pricePerInvocation;
  return [
    { name: 'GigabyteSeconds', unit: 'None', value: gigabyteSeconds },
    { name: 'CostPerThousand', unit: 'None', value: 1000 * price },
  ];
}

const secondsSince = (time: string, now: number) => Math.max(0, (now - Date.parse(time)) / 1000);

interface ObserverOptions {
  /** Whether answers are counted by bin: docs/drift.md. */
  readonly drift?: boolean;
  readonly now?: () => number;
}

/** Creates the function that turns a request's outcome into metrics. */
export function createObserver(
  meter: Meter,
  environment: ExecutionEnvironment,
  { drift = false, now = Date.now }: ObserverOptions = {},
) {
  return (outcome: Readonly<Outcome>, ms: number): void => {
    const { code, stages, label, labels = label ? { [label]: 1 } : {}, tokens, unknown = 0 } = outcome;
    const { truncated, predictions = [], modelCreatedAt } = outcome;
    const measures = [...estimateCost(ms, environment)];
    if (stages) measures.push(milliseconds('TokenizeTime', stages.tokenizeMs), milliseconds('RunTime', stages.runMs));
    if (tokens !== undefined)
      measures.push(count('Tokens', tokens), count('Unknown', unknown), count('Truncated', truncated ? 1 : 0));
    for (const [name, answers] of Object.entries(labels)) measures.push(count(nameClassMetric(name), answers));
    if (modelCreatedAt)
      measures.push({ name: 'ModelAge', unit: 'Seconds', value: secondsSince(modelCreatedAt, now()) });
    if (drift) measures.push(...countBins(predictions));
    if (code) measures.push(count('Errors'));
    meter.record(measures);
    if (code) meter.record([count('Errors')], { code });
    for (const part of outcome.parts ?? []) recordPart(meter, part, code);
  };
}

/** Records what a version did for a request, by its place in the canary, for alarms, and by its name, for people. */
function recordPart(meter: Meter, { variant, modelVersion, answers, runMs }: Part, code: ErrorCode | undefined): void {
  const measures = [count('Answers', answers), count('Errors', code && isServerError(code) ? 1 : 0)];
  if (answers > 0) measures.push(milliseconds('RunTime', runMs / answers));
  meter.record(measures, { variant });
  meter.record(measures, { modelVersion });
}

/** Counts a candidate that could not be loaded. */
export const recordCandidateFailure = (meter: Meter): void => meter.record([count('CandidateFailed')]);

/** Counts the start of an execution environment. */
export function recordColdStart(meter: Meter, { initType }: ExecutionEnvironment): void {
  meter.record([count('ColdStart')]);
  meter.record([count('ColdStart')], { initType });
}

/** Records the stages of the first load. */
export function recordLoad(meter: Meter, pull: PullStages, load: LoadStages): void {
  meter.record([
    milliseconds('FetchTime', pull.pointerMs + pull.transferMs - pull.verifyMs),
    milliseconds('VerifyTime', pull.verifyMs),
    milliseconds('SessionTime', load.sessionMs),
    milliseconds('FirstRunTime', load.firstRunMs),
  ]);
}
