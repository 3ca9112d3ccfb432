// Routes for what runs the server: an orchestrator asks GET /ready, and Prometheus GET /metrics. Lambda needs neither.

import type { App } from '../functions/predict/app.ts';
import { fail } from '../functions/predict/observability.ts';
import type { ModelProvider } from '../layers/prediction/index.ts';
import type { ServerMetrics } from './metrics.ts';

interface Dependencies {
  readonly models: ModelProvider;
  readonly metrics: ServerMetrics;
}

const noStore = { 'Cache-Control': 'no-store' };

/** Adds both routes to the application. */
export function addOperationRoutes(app: App, { models, metrics }: Dependencies): void {
  app.get('/ready', (c) => {
    const model = models.loaded();
    if (model) return c.json({ status: 'ready', model: model.manifest.version }, 200, noStore);
    // A server that is not ready gets no other requests, and a model is looked for with requests only.
    models.current().catch(() => undefined);
    return fail(c, 'MODEL_UNAVAILABLE');
  });
  app.get('/metrics', async (c) =>
    c.body(await metrics.write(), 200, { 'Content-Type': metrics.contentType, ...noStore }),
  );
}
