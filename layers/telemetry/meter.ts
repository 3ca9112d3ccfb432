import type { MetricUnit } from '@aws-lambda-powertools/metrics/types';

/** One number that was measured. */
export interface Measure {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly value: number;
}

/** Takes what was measured; CloudWatch makes metrics of it. */
export interface Meter {
  /** Writes the measures as one line. `dimensions` stand beside `service`. */
  record(measures: readonly Measure[], dimensions?: Readonly<Record<string, string>>): void;
}

/** A meter that takes nothing down, for where nobody reads metrics. */
export const silentMeter: Meter = { record: () => undefined };

/**
 * Creates a meter that writes CloudWatch's embedded metric format to standard output, from where Lambda brings it to
 * CloudWatch: no request is made and nothing waits. Namespace and service come from `POWERTOOLS_METRICS_NAMESPACE` and
 * `POWERTOOLS_SERVICE_NAME`.
 */
export async function openMeter(): Promise<Meter> {
  // Read only where it is used, and there beside the model's download.
  const { Metrics } = await import('@aws-lambda-powertools/metrics');
  const metrics = new Metrics();
  return {
    record: (measures, dimensions = {}) => {
      if (Object.keys(dimensions).length > 0) metrics.addDimensions({ ...dimensions });
      for (const { name, unit, value } of measures) metrics.addMetric(name, unit, value);
      // Publishing empties the store, so that no dimension reaches the next line.
      metrics.publishStoredMetrics();
    },
  };
}
