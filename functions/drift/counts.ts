// Reads from CloudWatch how many answers fell into each bin.
import { type CloudWatchClient, type MetricDataQuery, paginateGetMetricData } from '@aws-sdk/client-cloudwatch';

/** Where the counts are: each service has metrics of the same names. */
export interface CountSource {
  readonly client: CloudWatchClient;
  readonly namespace: string;
  readonly services: readonly string[];
}

/** A span of time. Both ends are whole hours. */
export interface Period {
  readonly start: Date;
  readonly end: Date;
}

const hourSeconds = 3600;

/** An id may hold letters, digits and underscores, and begins with a small letter. */
const createQuery = (namespace: string, service: string, name: string): MetricDataQuery => ({
  Id: `${service.toLowerCase()}_${name}`,
  MetricStat: {
    Metric: { Namespace: namespace, MetricName: name, Dimensions: [{ Name: 'service', Value: service }] },
    Period: hourSeconds,
    Stat: 'Sum',
  },
});

/**
 * Sums metrics over a period and over all services.
 *
 * @returns the sum by name; 0 for a metric that nothing was recorded in.
 */
export async function readCounts(
  { client, namespace, services }: CountSource,
  names: readonly string[],
  { start, end }: Period,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map(names.map((name) => [name, 0]));
  const queries = services.flatMap((service) => names.map((name) => createQuery(namespace, service, name)));
  const request = { MetricDataQueries: queries, StartTime: start, EndTime: end };
  for await (const { MetricDataResults = [] } of paginateGetMetricData({ client }, request))
    for (const { Id = '', Values = [] } of MetricDataResults) {
      const name = Id.slice(Id.indexOf('_') + 1);
      counts.set(
        name,
        Values.reduce((sum, value) => sum + value, counts.get(name) ?? 0),
      );
    }
  return counts;
}
