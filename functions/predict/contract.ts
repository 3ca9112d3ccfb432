// The OpenAPI document: every route, its input and all of its answers, from the schemas that validate requests and give the
// answers their types. It is loaded when a request asks for it, so that a cold start does not pay for it.
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { accepted, answer, failure, health, listAnswer, model, readiness } from './answer-schema.ts';
import { describeError, type ErrorCode } from './errors.ts';
import { feedbackByRequest, feedbackWithText } from './feedback-schema.ts';
import { listRequest, sentenceForm, sentenceParameters } from './request-schema.ts';

const header = (description: string, example: string) => ({
  description,
  schema: { type: 'string' as const, example },
});

const requestId = {
  'X-Request-Id': header('The id of the request in the log', '0f7f4f0e-7f5b-4d52-8f5e-0d7f4b0c1a2b'),
};
const retryAfter = { 'Retry-After': header('Seconds after which to ask again', '5') };
const versionHeader = {
  'X-Model-Version': header('The version of the model; absent while there is none', '20261123T081500Z-3f9a1c2'),
};
const usual = { ...requestId, ...versionHeader };
const cached = {
  ...usual,
  ETag: header('Send it as If-None-Match to be told only whether the answer has changed', 'W/"LNr2B0wsZdvIgH63KayAHA"'),
  'Cache-Control': header('How long the answer may be kept', 'private, max-age=60'),
};
const ifNoneMatch = z.object({
  'If-None-Match': z.string().optional().openapi({ description: 'The ETag of an answer that the caller has' }),
});

type Registry = OpenAPIHono['openAPIRegistry'];
type RouteConfig = Parameters<Registry['registerPath']>[0];
type Responses = RouteConfig['responses'];

/** The error answers with these codes, by status, with an example of each. */
function failures(...codes: readonly ErrorCode[]): Responses {
  const statuses = new Set(codes.map((code) => describeError(code).status));
  const responses = [...statuses].map((status) => {
    const same = codes.filter((code) => describeError(code).status === status);
    const examples = Object.fromEntries(same.map((code) => [code, { value: describeError(code).body }]));
    const again = same.some((code) => 'Retry-After' in describeError(code).headers) ? retryAfter : {};
    const content = { 'application/json': { schema: failure, examples } };
    return [status, { description: same.join(', '), headers: { ...usual, ...again }, content }] as const;
  });
  return Object.fromEntries(responses);
}

/** The same question with the ETag of its answer. */
const askAgain = (operationId: string, parameters: Readonly<Record<string, string>> = {}) => ({
  askAgain: {
    operationId,
    description: 'Whether the answer has changed',
    parameters: { ...parameters, 'header.If-None-Match': '$response.header.ETag' },
  },
});

const sentenceFailures = [
  'SENTENCE_MISSING',
  'SENTENCE_BLANK',
  'SENTENCE_REPEATED',
  'SENTENCE_TOO_LONG',
  'PARAMETER_INVALID',
  'WINDOWS_TOO_MANY',
] as const;
const bodyFailures = [
  'BODY_MALFORMED',
  'BODY_INVALID',
  'BODY_TOO_LARGE',
  'INPUTS_TOO_MANY',
  'CONTENT_TYPE_UNSUPPORTED',
  'REQUEST_TIMEOUT',
] as const;
const serviceFailures = ['REQUEST_MALFORMED', 'MODEL_UNAVAILABLE', 'OVERLOADED', 'INTERNAL'] as const;

const unchanged = { description: 'The answer that If-None-Match names still holds', headers: cached };

const predictSentence: RouteConfig = {
  method: 'get',
  path: '/predict',
  operationId: 'predictSentence',
  summary: 'Whether a sentence is positive, negative or neutral',
  description: 'Parameters that are not listed here are ignored.',
  tags: ['Predictions'],
  request: { query: sentenceParameters, headers: ifNoneMatch },
  responses: {
    200: {
      description: 'The probabilities',
      headers: cached,
      content: { 'application/json': { schema: answer } },
      links: askAgain('predictSentence', { 'query.sentence': '$request.query.sentence' }),
    },
    304: unchanged,
    ...failures(...sentenceFailures, ...serviceFailures, 'MODEL_CRASHED', 'REQUEST_TOO_LARGE'),
  },
};

const predict: RouteConfig = {
  method: 'post',
  path: '/predict',
  operationId: 'predict',
  summary: 'Whether each of several texts is positive, negative or neutral',
  description:
    'Takes up to 256 texts in JSON, in at most 1 MiB. Each is answered by itself; equal texts are run once. ' +
    'A form with one sentence is answered like `GET /predict`.',
  tags: ['Predictions'],
  request: {
    body: {
      required: true,
      content: {
        'application/json': { schema: listRequest },
        'application/x-www-form-urlencoded': { schema: sentenceForm },
      },
    },
  },
  responses: {
    200: {
      description: 'Predictions for JSON, in the order of the inputs, or the answer to the sentence of a form',
      headers: {
        ...usual,
        'Retry-After': header('Only if texts have the error TIME_BUDGET: seconds after which to send them again', '1'),
      },
      content: { 'application/json': { schema: z.union([listAnswer, answer]) } },
    },
    ...failures(...bodyFailures, ...sentenceFailures, ...serviceFailures, 'MODEL_CRASHED'),
  },
};

/** Where feedback may hold a text, it may also name none. */
const sendFeedback = (kind: 'ids' | 'texts'): RouteConfig => ({
  method: 'post',
  path: '/feedback',
  operationId: 'sendFeedback',
  summary: 'Which class would have been right',
  description: 'A person reviews feedback before a model learns from it.',
  tags: ['Predictions'],
  request: {
    body: {
      required: true,
      content: { 'application/json': { schema: kind === 'texts' ? feedbackWithText : feedbackByRequest } },
    },
  },
  responses: {
    202: { description: 'Kept', headers: usual, content: { 'application/json': { schema: accepted } } },
    ...failures(
      ...(['BODY_MALFORMED', 'BODY_INVALID', 'BODY_TOO_LARGE', 'CONTENT_TYPE_UNSUPPORTED', 'REQUEST_TIMEOUT'] as const),
      ...(kind === 'texts' ? (['SENTENCE_BLANK', 'SENTENCE_TOO_LONG'] as const) : []),
      ...(['REQUEST_MALFORMED', 'FEEDBACK_UNAVAILABLE', 'OVERLOADED', 'INTERNAL'] as const),
    ),
  },
});

const getModel: RouteConfig = {
  method: 'get',
  path: '/model',
  operationId: 'getModel',
  summary: 'The model that answers',
  tags: ['Service'],
  request: { headers: ifNoneMatch },
  responses: {
    200: {
      description: 'The model',
      headers: cached,
      content: { 'application/json': { schema: model } },
      links: askAgain('getModel'),
    },
    304: unchanged,
    ...failures('REQUEST_MALFORMED', 'MODEL_UNAVAILABLE', 'INTERNAL'),
  },
};

const getHealth: RouteConfig = {
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  summary: 'Whether the service is alive, with or without a model',
  tags: ['Service'],
  responses: {
    200: { description: 'Alive', headers: usual, content: { 'application/json': { schema: health } } },
    ...failures('REQUEST_MALFORMED'),
  },
};

const getDocument: RouteConfig = {
  method: 'get',
  path: '/openapi.json',
  operationId: 'getDocument',
  summary: 'This document',
  tags: ['Service'],
  responses: {
    200: {
      description: 'The API in OpenAPI 3.1',
      headers: usual,
      content: { 'application/json': { schema: { type: 'object' } } },
    },
    ...failures('REQUEST_MALFORMED'),
  },
};

const getReadiness: RouteConfig = {
  method: 'get',
  path: '/ready',
  operationId: 'getReadiness',
  summary: 'Whether the service has a model',
  tags: ['Service'],
  responses: {
    200: { description: 'It has one', headers: usual, content: { 'application/json': { schema: readiness } } },
    ...failures('REQUEST_MALFORMED', 'MODEL_UNAVAILABLE'),
  },
};

const getMetrics: RouteConfig = {
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'Metrics of the service',
  tags: ['Service'],
  responses: {
    200: {
      description: "The metrics in Prometheus' format",
      headers: usual,
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
    ...failures('REQUEST_MALFORMED'),
  },
};

const html = (description: string) => ({
  description,
  headers: usual,
  content: { 'text/html': { schema: { type: 'string' as const } } },
});

const pages: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/',
    operationId: 'getPage',
    summary: 'A page to try the service, for browsers',
    tags: ['Pages'],
    responses: { 200: html('The page, if the caller accepts HTML'), ...failures('REQUEST_MALFORMED', 'ROUTE_UNKNOWN') },
  },
  {
    method: 'get',
    path: '/docs',
    operationId: 'getReference',
    summary: 'This document for readers',
    tags: ['Pages'],
    responses: { 200: html('The reference'), ...failures('REQUEST_MALFORMED') },
  },
];

const keySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A key of the service' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'A key of the service' },
} as const;

/** A status has one entry in the document, so that a route's own errors of it are named again. */
const unavailable = ({ path }: RouteConfig) => (path === '/feedback' ? (['FEEDBACK_UNAVAILABLE'] as const) : []);

/** The route of a service that asks for keys. */
const withKey = (route: RouteConfig): RouteConfig => ({
  ...route,
  security: Object.keys(keySchemes).map((name) => ({ [name]: [] })),
  responses: {
    ...route.responses,
    ...failures('KEY_MISSING', 'KEY_UNKNOWN'),
    ...failures('KEYS_UNAVAILABLE', 'MODEL_UNAVAILABLE', 'OVERLOADED', ...unavailable(route)),
  },
});

/** What differs between services. */
export interface ServiceParts {
  /** Whether it has pages for browsers. */
  readonly page: boolean;
  /** Whether it asks for keys. */
  readonly keys: boolean;
  /** Whether it has the routes for what runs the server. */
  readonly operation?: boolean;
  /** Whether it takes feedback, and whether that may hold texts. */
  readonly feedback?: 'ids' | 'texts';
}

/** Creates the OpenAPI document. */
export function createDocument({ page, keys, operation = false, feedback }: ServiceParts) {
  const documented = new OpenAPIHono();
  const { openAPIRegistry: registry } = documented;
  const judged = [predictSentence, predict, ...(feedback ? [sendFeedback(feedback)] : [])];
  const closed = [...judged, getModel, ...(operation ? [getMetrics] : [])];
  const open = [getHealth, getDocument, ...(operation ? [getReadiness] : []), ...(page ? pages : [])];
  const routes = [...(keys ? closed.map(withKey) : closed), ...open];
  for (const route of routes) registry.registerPath(route);
  if (keys)
    for (const [name, scheme] of Object.entries(keySchemes))
      registry.registerComponent('securitySchemes', name, scheme);
  return documented.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Sentiment',
      version: '1',
      description:
        'Whether a text is positive, negative or neutral, by a BERT model. HEAD is answered like GET, without a body. ' +
        'Every error has the shape of `Error`.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    security: [],
    tags: [
      { name: 'Predictions', description: 'What texts say' },
      { name: 'Service', description: 'The service and its model' },
      ...(page ? [{ name: 'Pages', description: 'For browsers' }] : []),
    ],
  });
}
