import type { LambdaContext } from 'hono/aws-lambda';
import type { HttpEvent } from '../../../functions/predict/handler.ts';

/** An event of API Gateway's HTTP API for `GET /?sentence=good` (payload 2.0). The caller's personal data is replaced. */
const baseEvent: HttpEvent = {
  version: '2.0',
  routeKey: '$default',
  rawPath: '/',
  rawQueryString: 'sentence=good',
  headers: {
    accept: '*/*',
    'accept-encoding': 'br, gzip, deflate',
    'content-length': '0',
    host: 'abcdefghij.execute-api.eu-central-1.amazonaws.com',
    'user-agent': 'curl/8.7.1',
    'x-amzn-trace-id': 'Root=1-65a4f1c2-0123456789abcdef01234567',
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
  },
  queryStringParameters: { sentence: 'good' },
  requestContext: {
    accountId: '123456789012',
    apiId: 'abcdefghij',
    authentication: null,
    authorizer: {},
    domainName: 'abcdefghij.execute-api.eu-central-1.amazonaws.com',
    domainPrefix: 'abcdefghij',
    http: { method: 'GET', path: '/', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'curl/8.7.1' },
    requestId: 'R1aBcDeFgHiJkLm=',
    routeKey: '$default',
    stage: '$default',
    time: '15/Jan/2026:08:15:00 +0000',
    timeEpoch: 1_768_464_900_000,
  },
  body: null,
  isBase64Encoded: false,
};

interface Request {
  readonly path?: string;
  readonly query?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Creates an event of API Gateway: the raw query, and beside it the parsed one with repeated values joined by commas. */
export function createEvent({ path = '/predict', query = '', method = 'GET', headers, body }: Request = {}): HttpEvent {
  const joined: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    joined[name] = name in joined ? `${joined[name]},${value}` : value;
  }
  const { http, ...context } = baseEvent.requestContext;
  return {
    ...baseEvent,
    rawPath: path,
    rawQueryString: query,
    queryStringParameters: joined,
    headers: { ...baseEvent.headers, ...headers },
    requestContext: { ...context, http: { ...http, method, path } },
    body: body ?? null,
  };
}

/** The context that Lambda passes beside the event. */
export const lambdaContext: LambdaContext = {
  callbackWaitsForEmptyEventLoop: true,
  functionName: 'predict',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:predict',
  memoryLimitInMB: '1769',
  awsRequestId: '0f7f4f0e-7f5b-4d52-8f5e-0d7f4b0c1a2b',
  logGroupName: '/aws/lambda/predict',
  logStreamName: '2026/01/15/[$LATEST]0123456789abcdef',
  getRemainingTimeInMillis: () => 29_000,
};
