import fc from 'fast-check';
import { errorCodes } from '../../../functions/predict/errors.ts';
import { createHandler, type Handler, type HttpEvent } from '../../../functions/predict/handler.ts';
import { rawPieces } from '../../campaigns/fuzz/requests.ts';
import { createEvent, lambdaContext } from './http-event.ts';
import { createTinyService, type TinyService } from './tiny-service.ts';
import { firstVersion, writeTinyStore } from './tiny-store.ts';

let service: TinyService;
let handler: Handler;
beforeAll(async () => {
  service = createTinyService(await writeTinyStore());
  handler = createHandler(service.app, service);
});
afterAll(() => service.release());

const invoke = async (event: HttpEvent) => {
  const { body, ...rest } = await handler(event, lambdaContext);
  return { ...rest, body: body === '' ? '' : JSON.parse(body) };
};

it('answers an event of API Gateway', async () => {
  expect(await invoke(createEvent({ query: 'sentence=this%20is+the%20best%20book' }))).toMatchObject({
    statusCode: 200,
    isBase64Encoded: false,
    headers: {
      'content-type': 'application/json',
      'x-model-version': firstVersion,
      'x-request-id': lambdaContext.awsRequestId,
    },
    body: { response: { sentence: 'this is the best book' }, model: firstVersion },
  });
});

it('logs the request id of Lambda', async () => {
  await invoke(createEvent({ query: 'sentence=good' }));
  expect(service.lines.at(-1)).toMatchObject({ message: 'request', requestId: lambdaContext.awsRequestId });
});

it('distinguishes a repeated parameter from a comma, with which API Gateway joins repeated values', async () => {
  const twice = await invoke(createEvent({ query: 'sentence=good&sentence=bad' }));
  expect(twice).toMatchObject({ statusCode: 400, body: { error: { code: 'SENTENCE_REPEATED' } } });
  const once = await invoke(createEvent({ query: 'sentence=good,bad' }));
  expect(once).toMatchObject({ statusCode: 200, body: { response: { sentence: 'good,bad' } } });
});

it('answers unknown paths and methods of the catch-all route in the common error shape', async () => {
  const unknown = await invoke(createEvent({ path: '/nowhere' }));
  expect(unknown).toMatchObject({ statusCode: 404, body: { error: { code: 'ROUTE_UNKNOWN' } } });
  const put = await invoke(createEvent({ method: 'PUT', body: '{"sentence": "good"}' }));
  expect(put).toMatchObject({
    statusCode: 405,
    headers: { allow: 'GET, HEAD, POST' },
    body: { error: { code: 'METHOD_NOT_ALLOWED' } },
  });
});

it('answers HEAD and a matching If-None-Match without a body', async () => {
  const head = await invoke(createEvent({ method: 'HEAD', query: 'sentence=good' }));
  expect(head).toMatchObject({ statusCode: 200, body: '' });
  const known = createEvent({ query: 'sentence=good', headers: { 'if-none-match': String(head.headers?.etag) } });
  expect(await invoke(known)).toMatchObject({ statusCode: 304, body: '' });
});

it('answers a list in JSON, also if API Gateway encoded it', async () => {
  const headers = { 'content-type': 'application/json' };
  const event = createEvent({ method: 'POST', headers, body: '{"inputs": ["good", "bad"]}' });
  const results = [{ label: 'positive' }, { label: 'negative' }];
  expect(await invoke(event)).toMatchObject({ statusCode: 200, body: { model: firstVersion, results } });
  const encoded = { ...event, body: Buffer.from(String(event.body)).toString('base64'), isBase64Encoded: true };
  expect(await invoke(encoded)).toMatchObject({ statusCode: 200, body: { results } });
});

it('gives the texts for which there is no time an error in their place', async () => {
  const headers = { 'content-type': 'application/json' };
  const event = createEvent({ method: 'POST', headers, body: '{"inputs": ["good", " "]}' });
  // Nothing is left of the 30 seconds of API Gateway, although the function itself has time.
  const requestContext = { ...event.requestContext, timeEpoch: Date.now() - 29_500 };
  const late = { ...event, requestContext } as HttpEvent;
  expect(await invoke(late)).toMatchObject({
    statusCode: 200,
    headers: { 'retry-after': '1' },
    body: { results: [{ error: { code: 'TIME_BUDGET' } }, { error: { code: 'SENTENCE_BLANK' } }] },
  });
});

it('ignores a body in a GET request, which fetch would reject', async () => {
  expect(await invoke(createEvent({ query: 'sentence=good', body: 'text' }))).toMatchObject({ statusCode: 200 });
});

it('answers an event that is no valid request in the common error shape', async () => {
  const refused = await invoke(createEvent({ headers: { accept: 'a\nb' } }));
  expect(refused).toMatchObject({ statusCode: 400, body: { error: { code: 'REQUEST_MALFORMED' } } });
  expect(service.lines.at(-1)).toMatchObject({
    level: 'info',
    requestId: lambdaContext.awsRequestId,
    reason: expect.stringContaining('header'),
  });
});

const queries = fc.array(rawPieces, { maxLength: 12 }).map((parts) => parts.join(''));

/** A valid response is an answer or an error of the caller, never an internal error. */
function expectSound({ statusCode, body }: Awaited<ReturnType<typeof invoke>>): void {
  expect([200, 400, 404, 413]).toContain(statusCode);
  if (statusCode === 200) expect(body.response.sentence).toEqual(expect.any(String));
  else expect(errorCodes).toContain(body.error.code);
}

it('answers no query with an internal error', async () => {
  const check = async (query: string) => expectSound(await invoke(createEvent({ query })));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        queries,
        queries.map((query) => `sentence=${query}`),
      ),
      check,
    ),
    {
      numRuns: 500,
    },
  );
}, 60_000);

it('answers no path with an internal error', async () => {
  const check = async (path: string) => expectSound(await invoke(createEvent({ path: `/${path}` })));
  await fc.assert(fc.asyncProperty(queries, check), { numRuns: 300 });
}, 60_000);

it('echoes every text that a caller can encode', async () => {
  const check = async (text: string) => {
    const { statusCode, body } = await invoke(createEvent({ query: `sentence=${encodeURIComponent(text)}` }));
    if (statusCode === 200) expect(body.response.sentence).toBe(text);
    else expect(body.error.code).toBe('SENTENCE_BLANK');
  };
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'grapheme' }), check), { numRuns: 300 });
});
