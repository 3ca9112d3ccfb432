// What a deployment costs a month, by service: docs/cost.md explains each amount.
import { type Prices, priceRun } from './prices.ts';

/** How much a deployment is used, and the settings that its cost depends on. */
export interface Usage {
  readonly requestsPerDay: number;
  /** Rows a day through the queue. */
  readonly streamRows: number;
  /** Rows a day in files. */
  readonly bulkRows: number;
  /** Training runs a month. */
  readonly trainings: number;
  /** Hours of one training run. */
  readonly trainingHours: number;
  /** MB of the functions that answer texts. */
  readonly memoryMb: number;
  readonly architecture: 'x86_64' | 'arm64';
  /** Environments that are always warm. */
  readonly provisioned: number;
  /** The parameters of the deployment that are not off. */
  readonly parts: readonly string[];
  /** Milliseconds of one text. */
  readonly textMs: number;
}

/** US dollars a month, without free tiers. */
export type Charges = Readonly<Record<string, number>>;

const daysOfMonth = 365 / 12;
const secondsOfMonth = daysOfMonth * 24 * 3600;
const hoursOfMonth = secondsOfMonth / 3600;
/** Kilobytes of a GB, in which logs and streams are billed. */
const kilobytes = 1024 * 1024;

/** What no table measures. docs/cost.md has the same list with the reasons. */
export const assumptions = {
  storedGigabytes: 1,
  logKilobytesPerRequest: 1,
  /** Of a function that answers texts, while it has any. */
  metricsPerFunction: 20,
  /** With the parameter `drift`: more of each such function, and four of the check, which are sent in one hour a day. */
  driftMetrics: { perFunction: 12, check: 4 / 24 },
  /** Metrics that alarms look at: always, and by the parameter that adds them. */
  alarmMetrics: { always: 5, stream: 4, drift: 4, bulk: 2, alarmModelAge: 1, canaryShare: 6 },
  streamBatch: { rows: 100, seconds: 1 },
  /** Messages that one request to the queue sends, receives or deletes, and how often Lambda asks an empty queue. */
  queueBatch: 10,
  queuePolls: 5 * (secondsOfMonth / 20),
  /** Seconds after which a delivery stream writes an object, at the latest. */
  deliverySeconds: 60,
  bulkBatch: { rows: 500, transitions: 2, writes: 3 },
  imageGigabytes: 0.4,
  trainingImageGigabytes: 5,
  trainingInstance: 'g6.xlarge',
  trainingDisk: 100,
} as const;

/** Amounts of a month that several services bill. */
function countMonth({ requestsPerDay, streamRows, bulkRows }: Usage) {
  const { streamBatch, bulkBatch } = assumptions;
  const perSecond = (streamRows / (24 * 3600)) * streamBatch.seconds;
  return {
    requests: requestsPerDay * daysOfMonth,
    streamed: streamRows * daysOfMonth,
    streamRuns: (streamRows * daysOfMonth) / Math.min(streamBatch.rows, Math.max(1, perSecond)),
    bulk: bulkRows * daysOfMonth,
    bulkRuns: Math.ceil(bulkRows / bulkBatch.rows) * daysOfMonth,
  };
}

function chargeLambda(prices: Prices, usage: Usage): number {
  const { architecture, memoryMb, provisioned, textMs } = usage;
  const { requests, streamed, streamRuns, bulk, bulkRuns } = countMonth(usage);
  const text = priceRun(prices, { milliseconds: textMs, memoryMb, architecture });
  const warm = provisioned * (memoryMb / 1024) * secondsOfMonth * prices.lambda.provisionedGigabyteSecond[architecture];
  return (requests + streamed + bulk) * text + (requests + streamRuns + bulkRuns) * prices.lambda.request + warm;
}

function chargeStorage({ s3 }: Prices, usage: Usage): number {
  const { streamed, bulkRuns } = countMonth(usage);
  const { storedGigabytes, deliverySeconds, bulkBatch } = assumptions;
  const deliveries = Math.min(streamed, secondsOfMonth / deliverySeconds);
  const writes = deliveries + bulkRuns * bulkBatch.writes;
  return storedGigabytes * s3.gigabyteMonth + writes * s3.write + bulkRuns * bulkBatch.writes * s3.read;
}

function chargeLogs({ cloudWatch }: Prices, usage: Usage): number {
  const { requests, streamRuns, bulkRuns } = countMonth(usage);
  const lines = requests + streamRuns + bulkRuns;
  return (lines * assumptions.logKilobytesPerRequest * cloudWatch.logGigabyte) / kilobytes;
}

function chargeMetrics({ cloudWatch }: Prices, { requestsPerDay, streamRows, bulkRows, parts }: Usage): number {
  const used = [requestsPerDay, streamRows, bulkRows].filter((amount) => amount > 0).length;
  const { metricsPerFunction, driftMetrics, alarmMetrics } = assumptions;
  const drift = parts.includes('drift') ? used * driftMetrics.perFunction + driftMetrics.check : 0;
  const alarms = Object.entries(alarmMetrics).filter(([part]) => part === 'always' || parts.includes(part));
  const looked = alarms.reduce((sum, [, count]) => sum + count, 0);
  return (
    (used * metricsPerFunction + drift) * cloudWatch.metric + looked * cloudWatch.alarmMetric + cloudWatch.dashboard
  );
}

function chargeQueue({ sqs }: Prices, usage: Usage): number {
  if (!usage.parts.includes('stream')) return 0;
  const { queueBatch, queuePolls } = assumptions;
  // Sent, received and deleted; or as often as an idle queue is asked, if that is more.
  const { streamed } = countMonth(usage);
  return (streamed / queueBatch + Math.max(queuePolls, (2 * streamed) / queueBatch)) * sqs.request;
}

function chargeTraining({ ec2 }: Prices, { trainings, trainingHours }: Usage): number {
  const { trainingInstance, trainingDisk } = assumptions;
  const hour = (ec2.hour[trainingInstance] ?? 0) + (trainingDisk * ec2.diskGigabyteMonth) / hoursOfMonth;
  return trainings * trainingHours * hour;
}

/** Returns the charges of a month by service, in the order of docs/cost.md. */
export function estimateMonth(prices: Prices, usage: Usage): Charges {
  const { requests, streamed, bulkRuns } = countMonth(usage);
  const { apiGateway, firehose, stepFunctions, sns, ecr } = prices;
  const { imageGigabytes, trainingImageGigabytes, bulkBatch } = assumptions;
  const images =
    imageGigabytes + (usage.trainings > 0 || usage.parts.includes('trainingImage') ? trainingImageGigabytes : 0);
  return {
    'API Gateway': requests * apiGateway.request,
    Lambda: chargeLambda(prices, usage),
    S3: chargeStorage(prices, usage),
    Logs: chargeLogs(prices, usage),
    CloudWatch: chargeMetrics(prices, usage),
    SQS: chargeQueue(prices, usage),
    Firehose: (streamed * firehose.recordKilobytes * firehose.gigabyte) / kilobytes,
    'Step Functions': bulkRuns * bulkBatch.transitions * stepFunctions.transition,
    SNS: usage.parts.includes('streamTopic') ? streamed * sns.publish : 0,
    'EC2 (training)': chargeTraining(prices, usage),
    ECR: images * ecr.gigabyteMonth,
  };
}
