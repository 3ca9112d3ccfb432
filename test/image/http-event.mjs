// What API Gateway's HTTP API sends to a function: payload format 2.0.

/** The event of `GET path?query`. */
export function createHttpEvent(path, query = {}) {
  const rawQueryString = new URLSearchParams(query).toString();
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString,
    headers: {
      accept: 'application/json',
      host: 'example.execute-api.eu-west-1.amazonaws.com',
      'x-forwarded-proto': 'https',
    },
    ...(rawQueryString && { queryStringParameters: query }),
    requestContext: {
      accountId: '123456789012',
      apiId: 'example',
      domainName: 'example.execute-api.eu-west-1.amazonaws.com',
      domainPrefix: 'example',
      http: { method: 'GET', path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'image-test' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: '$default',
      stage: '$default',
      time: '24/Nov/2026:08:15:00 +0000',
      timeEpoch: Date.now(),
    },
    isBase64Encoded: false,
  };
}
