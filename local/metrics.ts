// The metrics of `npm start` in Prometheus' format, at GET /metrics. docs/operations.md lists them.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Observe } from '../functions/predict/observability.ts';
import type { ModelProvider } from '../layers/prediction/index.ts';
import type { Admission } from './admission.ts';

/** What the metrics are read from at the time of a request for them. */
export interface MetricSources {
  readonly models: Pick<ModelProvider, 'loaded'>;
  readonly admission: Pick<Admission, 'counts'>;
}

/** The metrics of a server. */
export interface ServerMetrics {
  /** Counts a request of the application. */
  readonly observe: Observe;
  readonly contentType: string;
  /** Writes all metrics as text. */
  write(): Promise<string>;
}

/** Upper bounds in seconds: from a short text that waits for nobody to a long one at the end of a full queue. */
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Creates the metrics. */
export function createMetrics({ models, admission }: MetricSources): ServerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests that the application has answered, by route and status. Refused requests are not among them.',
    labelNames: ['method', 'route', 'status'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time in the application, the wait for a worker included.',
    labelNames: ['route'] as const,
    buckets: seconds,
    registers,
  });
  const runs = new Histogram({
    name: 'model_run_seconds',
    help: 'Run of the model for one text.',
    buckets: seconds,
    registers,
  });
  const tokens = new Counter({ name: 'model_tokens_total', help: 'Tokens that the model has read.', registers });
  addGauges(registers, { models, admission });
  return {
    observe: ({ stages, tokens: read = 0 }, milliseconds, { method, route, status }) => {
      requests.inc({ method, route, status });
      durations.observe({ route }, milliseconds / 1000);
      if (stages) runs.observe(stages.runMs / 1000);
      tokens.inc(read);
    },
    contentType: registry.contentType,
    write: () => registry.metrics(),
  };
}

/** Metrics that are read when somebody asks for them. */
function addGauges(registers: Registry[], { models, admission }: MetricSources): void {
  const add = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  add('requests_admitted', 'Requests that are being answered or wait for a worker.', () => admission.counts().admitted);
  add('requests_waiting', 'Requests that wait to be admitted.', () => admission.counts().waiting);
  add('queue_texts', 'Texts that wait for a worker.', () => models.loaded()?.classifier.countWaiting?.() ?? 0);
  new Counter({
    name: 'requests_refused_total',
    help: 'Requests refused with 503 because too many were waiting.',
    registers,
    collect() {
      this.reset();
      this.inc(admission.counts().refused);
    },
  });
  new Gauge({
    name: 'model_info',
    help: 'The model that answers, and a candidate. The value is always 1.',
    labelNames: ['version'] as const,
    registers,
    collect() {
      this.reset();
      const served = models.loaded();
      for (const model of [served, served?.candidate?.model])
        if (model) this.set({ version: model.manifest.version }, 1);
    },
  });
}
