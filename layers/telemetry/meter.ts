import type { WriteLine } from './line-writer.ts';

/** One measured number. The names of a record differ. */
export interface Measure {
  readonly name: string;
  readonly unit: 'Count' | 'Milliseconds' | 'Seconds' | 'None';
  readonly value: number;
}

/** Records measures; CloudWatch makes metrics of them. */
export interface Meter {
  /** Writes the measures as one line, at most 100. `dimensions` come in addition to `service`. */
  record(measures: readonly Measure[], dimensions?: Readonly<Record<string, string>>): void;
}

/**
 * Creates a meter that writes CloudWatch's embedded metric format to standard output:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html. Lambda
 * brings the lines to CloudWatch, so that no request is made and nothing waits. Namespace and service come from
 * `POWERTOOLS_METRICS_NAMESPACE` and `POWERTOOLS_SERVICE_NAME`, the usual names. Why not Powertools:
 * docs/decisions/0082-time-around-the-run.md.
 */
export function openMeter(
  environment: NodeJS.ProcessEnv = process.env,
  write: WriteLine = (line) => process.stdout.write(line),
): Meter {
  const { POWERTOOLS_METRICS_NAMESPACE: namespace = '', POWERTOOLS_SERVICE_NAME: service = '' } = environment;
  return {
    record: (measures, dimensions = {}) => {
      const directive = {
        Namespace: namespace,
        Dimensions: [['service', ...Object.keys(dimensions)]],
        Metrics: measures.map(({ name, unit }) => ({ Name: name, Unit: unit })),
      };
      const metadata = { Timestamp: Date.now(), CloudWatchMetrics: [directive] };
      const values = Object.fromEntries(measures.map(({ name, value }) => [name, value]));
      write(`${JSON.stringify({ _aws: metadata, service, ...dimensions, ...values })}\n`);
    },
  };
}
