import { Hono } from 'hono';
import { createResult } from '../../../functions/predict/http-event.ts';
import { answerJson } from '../../../functions/predict/json-answer.ts';
import { createLightResponse } from '../../../functions/predict/light-response.ts';

const Light = createLightResponse(Response);
const headers = { 'Content-Type': 'application/json', 'X-More': '1' };
const create = (Class: typeof Response) => new Class('{"name":"Zoë"}', { status: 203, headers: new Headers(headers) });

it('is like a response of fetch in all that can be read', async () => {
  const [light, whole] = [create(Light), create(Response)];
  const read = async (one: Response) => ({
    ...{ status: one.status, ok: one.ok, headers: [...one.headers], statusText: one.statusText, type: one.type },
    ...{ redirected: one.redirected, url: one.url, used: one.bodyUsed, copied: await one.clone().text() },
    ...{ json: await one.json(), usedThen: one.bodyUsed },
  });
  expect(light).toBeInstanceOf(Response);
  expect(await read(light)).toEqual(await read(whole));
  expect(Buffer.from(await create(Light).arrayBuffer()).toString()).toBe('{"name":"Zoë"}');
});

it.each([
  ['without a body', null, {}],
  ['of bytes', new Uint8Array([1]), { headers: new Headers(headers) }],
  ['without a type', 'text', { headers: new Headers() }],
  ['without headers', 'text', undefined],
])('leaves a response %s to fetch', async (_, body, init) => {
  const [light, whole] = [new Light(body, init), new Response(body, init)];
  expect([...light.headers]).toEqual([...whole.headers]);
  expect(await light.text()).toBe(await whole.text());
  expect((await Light.json({ a: 1 })).status).toBe(200);
});

it('carries an answer through an application, also where a middleware changes it', async () => {
  const { Response: before } = globalThis;
  globalThis.Response = Light;
  try {
    const app = new Hono();
    app.use('/changed', async (c, next) => {
      await next();
      c.header('X-Late', '1');
      c.res = new Response(c.res.body, { status: 418, headers: c.res.headers });
    });
    for (const path of ['/', '/changed']) app.get(path, (c) => answerJson(c, { name: 'Zoë' }, 200, { 'X-More': '1' }));
    const body = '{"name":"Zoë"}';
    expect(await createResult(await app.request('/'))).toMatchObject({
      statusCode: 200,
      body,
      headers: { 'x-more': '1' },
    });
    const changed = await createResult(await app.request('/changed'));
    expect(changed).toMatchObject({ statusCode: 418, body, headers: { 'x-more': '1', 'x-late': '1' } });
  } finally {
    globalThis.Response = before;
  }
});
