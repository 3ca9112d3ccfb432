import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../../functions/predict/app.ts';
import { createMetrics } from '../../local/metrics.ts';
import { addOperationRoutes } from '../../local/operation-routes.ts';
import { createRecord, createTinyService, type TinyService } from '../functions/predict/tiny-service.ts';
import { firstVersion, writeTinyStore } from '../functions/predict/tiny-store.ts';

let service: TinyService;
afterEach(() => service.release());

function create(folder: string) {
  service = createTinyService(folder);
  const { models } = service;
  const admission = { counts: () => ({ admitted: 2, waiting: 3, refused: 4 }) };
  const metrics = createMetrics({ models, admission });
  const { lines, log } = createRecord();
  const app = createApp({ models, log, accessLog: false, observe: metrics.observe });
  addOperationRoutes(app, { models, metrics });
  return { app, models, lines };
}

it('is ready only with a model, and looks for one when it is asked', async () => {
  const folder = await writeTinyStore();
  renameSync(join(folder, 'current.json'), join(folder, 'away.json'));
  const { app, models } = create(folder);
  const response = await app.request('/ready');
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error: { code: 'MODEL_UNAVAILABLE' } });
  await models.current().catch(() => undefined);
  renameSync(join(folder, 'away.json'), join(folder, 'current.json'));
  expect((await app.request('/ready')).status).toBe(503);
  await models.current();
  const ready = await app.request('/ready');
  expect(ready.status).toBe(200);
  expect(ready.headers.get('Cache-Control')).toBe('no-store');
  expect(await ready.json()).toEqual({ status: 'ready', model: firstVersion });
});

it('writes its metrics for Prometheus', async () => {
  const { app, lines } = create(await writeTinyStore());
  await app.request('/predict?sentence=a+good+book');
  await app.request('/predict?sentence=');
  const response = await app.request('/metrics');
  expect(response.headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of [
    'http_requests_total{method="GET",route="/predict",status="200"} 1',
    'http_requests_total{method="GET",route="/predict",status="400"} 1',
    'http_request_duration_seconds_count{route="/predict"} 2',
    'model_run_seconds_count 1',
    'model_tokens_total 5',
    'requests_admitted 2',
    'requests_waiting 3',
    'requests_refused_total 4',
    'queue_texts 0',
    `model_info{version="${firstVersion}"} 1`,
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toContain('process_resident_memory_bytes');
  expect(lines).toEqual([]);
});
