import type { LambdaContext } from 'hono/aws-lambda';
import type { HttpEvent } from '../../functions/predict/handler.ts';

/** What API Gateway's HTTP API sends for a browser's `GET /predict?sentence=…`, payload 2.0. */
export function createHttpEvent(sentence: string): HttpEvent {
  const host = 'abcdefghij.execute-api.us-east-1.amazonaws.com';
  const userAgent =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/predict',
    rawQueryString: new URLSearchParams({ sentence }).toString(),
    headers: {
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'accept-encoding': 'gzip, deflate, br, zstd',
      'accept-language': 'en-US,en;q=0.9',
      'content-length': '0',
      host,
      'user-agent': userAgent,
      'x-amzn-trace-id': 'Root=1-65a4f1c2-0123456789abcdef01234567',
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    queryStringParameters: { sentence },
    requestContext: {
      accountId: '123456789012',
      apiId: 'abcdefghij',
      authentication: null,
      authorizer: {},
      domainName: host,
      domainPrefix: 'abcdefghij',
      http: { method: 'GET', path: '/predict', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent },
      requestId: 'R1aBcDeFgHiJkLm=',
      routeKey: '$default',
      stage: '$default',
      time: '24/Nov/2026:08:15:00 +0000',
      timeEpoch: 1_795_508_100_000,
    },
    body: null,
    isBase64Encoded: false,
  };
}

/** What Lambda passes beside the event. */
export const lambdaContext: LambdaContext = {
  callbackWaitsForEmptyEventLoop: true,
  functionName: 'predict',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:predict',
  memoryLimitInMB: '3538',
  awsRequestId: '0f7f4f0e-7f5b-4d52-8f5e-0d7f4b0c1a2b',
  logGroupName: '/aws/lambda/predict',
  logStreamName: '2026/11/24/[$LATEST]0123456789abcdef',
  getRemainingTimeInMillis: () => 29_000,
};
