import type { MetricUnit } from '@aws-lambda-powertools/metrics/types';

/** One measured number. */
export interface Measure {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly value: number;
}

/** Records measures; CloudWatch makes metrics of them. */
export interface Meter {
  /** Writes the measures as one line. `dimensions` come in addition to `service`. */
  record(measures: readonly Measure[], dimensions?: Readonly<Record<string, string>>): void;
}

/** A meter that records nothing, for servers without metrics. */
export const silentMeter: Meter = { record: () => undefined };

/**
 * Creates a meter that writes CloudWatch's embedded metric format to standard output. Lambda brings the lines to
 * CloudWatch, so that no request is made and nothing waits. Namespace and service come from
 * `POWERTOOLS_METRICS_NAMESPACE` and `POWERTOOLS_SERVICE_NAME`. Why Powertools:
 * docs/decisions/0030-powertools-for-metrics.md.
 */
export async function openMeter(): Promise<Meter> {
  // Loaded only where it is used, and there while the model is downloaded.
  const { Metrics } = await import('@aws-lambda-powertools/metrics');
  const metrics = new Metrics();
  return {
    record: (measures, dimensions = {}) => {
      if (Object.keys(dimensions).length > 0) metrics.addDimensions({ ...dimensions });
      for (const { name, unit, value } of measures) metrics.addMetric(name, unit, value);
      // Publishing clears the dimensions, so that none of them reaches the next line.
      metrics.publishStoredMetrics();
    },
  };
}
