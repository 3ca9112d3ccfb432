import { expect, it } from '@jest/globals';
import { Hono } from 'hono';
import { createRequest, createResult } from '../../../functions/predict/http-event.ts';
import { answerJson, readText } from '../../../functions/predict/json-answer.ts';
import { createEvent } from './http-event.ts';

it.each(['GET', 'HEAD', 'POST'])('creates a %s request with address, headers and cookies', (method) => {
  const event = createEvent({ method, path: '/a/../predict', query: 'sentence=a%20b', headers: { 'x-name': 'Zoë' } });
  const request = createRequest({ ...event, cookies: ['a=1', 'b=2'] });
  const { url, headers } = request;
  expect(url).toBe('https://abcdefghij.execute-api.eu-central-1.amazonaws.com/predict?sentence=a%20b');
  expect(headers.get('X-Name')).toBe('Zo%C3%AB');
  expect(headers.get('Cookie')).toBe('a=1; b=2');
  expect(request).toMatchObject({ method, body: null, signal: { aborted: false } });
});

it('creates a request with the bytes of a body, also of one in Base64', async () => {
  const event = createEvent({ method: 'POST', body: '{"inputs": "schön"}' });
  const encoded = { ...event, body: Buffer.from(String(event.body)).toString('base64'), isBase64Encoded: true };
  for (const one of [event, encoded]) {
    const request = createRequest(one);
    expect(request.headers.get('Content-Length')).toBe('20');
    expect(await request.text()).toBe('{"inputs": "schön"}');
  }
});

it.each([
  ['JSON', { 'Content-Type': 'application/json' }, false],
  ['a style sheet', { 'Content-Type': 'text/css; charset=utf-8' }, false],
  ['a drawing', { 'Content-Type': 'image/svg+xml; charset=utf-8' }, false],
  ['a compressed document', { 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' }, true],
  ['a picture', { 'Content-Type': 'image/png' }, true],
])('writes %s as API Gateway takes it', async (_, headers, isBase64Encoded) => {
  const body = isBase64Encoded ? 'Ym9keQ==' : 'body';
  expect(await createResult(new Response('body', { status: 203, headers }))).toMatchObject({
    statusCode: 203,
    body,
    isBase64Encoded,
  });
});

it('writes a response without a body as an empty text', async () => {
  expect(await createResult(new Response(null, { status: 304 }))).toMatchObject({ body: '', isBase64Encoded: false });
});

it('gives the text of an answer in JSON, and leaves its stream to others', async () => {
  const app = new Hono().get('/', (c) => answerJson(c, { name: 'Zoë' }, 201, { 'X-More': '1' }));
  const response = await app.request('/');
  expect(await readText(response)).toBe('{"name":"Zoë"}');
  expect(response).toMatchObject({ status: 201, bodyUsed: false });
  expect(Object.fromEntries(response.headers)).toEqual({ 'content-type': 'application/json', 'x-more': '1' });
  expect(await response.json()).toEqual({ name: 'Zoë' });
  expect(await readText(new Response('of another kind'))).toBe('of another kind');
});
