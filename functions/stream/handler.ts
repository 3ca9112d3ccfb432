import {
  BatchProcessor,
  EventType,
  processPartialResponse,
  SqsFifoPartialProcessorAsync,
} from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import {
  countBins,
  countClasses,
  type LoadedModel,
  type ModelProvider,
  type ResultRecord,
  scoreRecord,
} from '../../layers/prediction/index.ts';
import { describeFailure, type Log, type Meter } from '../../layers/telemetry/index.ts';
import type { SendDeadLetter } from './dead-letters.ts';
import type { Deliver } from './delivery.ts';
import { readMessage } from './message.ts';
import type { Publish } from './topic.ts';

interface Dependencies {
  readonly models: ModelProvider;
  readonly deliver: Deliver;
  /** undefined: no topic. */
  readonly publish: Publish | undefined;
  readonly sendDeadLetter: SendDeadLetter;
  /** Whether answers are counted by bin: docs/drift.md. */
  readonly drift?: boolean;
  readonly meter: Meter;
  readonly log: Log;
  readonly now?: () => Date;
}

/** What Lambda calls with a batch of messages. The messages that it returns stay in the queue. */
export type Handler = (event: SQSEvent, context?: { readonly awsRequestId?: string }) => Promise<SQSBatchResponse>;

/** The result of each message by its id, or the error of the model. */
type Outcomes = ReadonlyMap<string, ResultRecord | Error>;

/** Does what is to be done with a message. Rejects if the message has to stay in the queue. */
type Settle = (record: SQSRecord) => Promise<void>;

/**
 * Creates the function. It first scores all messages of a batch and then delivers their results, in as few calls as possible. A
 * message is done when its result was taken, or when the dead letters have it with the reason. In all other cases it stays in the
 * queue and comes again, so that a result may be delivered twice.
 *
 * The handler throws if there is no model, or if every message of a batch failed.
 */
export function createHandler(dependencies: Dependencies): Handler {
  const { models, now = () => new Date() } = dependencies;
  return async (event, { awsRequestId: requestId } = {}) => {
    const started = performance.now();
    const done: ResultRecord[] = [];
    await models.current();
    try {
      const outcomes = await models.use((model) => scoreMessages(model, event.Records, now));
      return await settleEach(event, async (record) => {
        done.push(await settleMessage(record, outcomes.get(record.messageId), dependencies));
      });
    } finally {
      const ms = Math.round(performance.now() - started);
      report(dependencies, done, { requestId, ms, messages: event.Records.length });
      // Lambda freezes the process after the answer, and a download that is frozen breaks.
      await models.settled();
    }
  };
}

/** Scores one message after another, because a session has its processors for one text. */
async function scoreMessages(model: LoadedModel, records: readonly SQSRecord[], now: () => Date): Promise<Outcomes> {
  const outcomes = new Map<string, ResultRecord | Error>();
  for (const { messageId, body } of records) {
    const { record, failed } = readMessage(body, messageId);
    outcomes.set(messageId, failed ?? (await scoreRecord(model, record, now()).catch(toError)));
  }
  return outcomes;
}

const toError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/** Delivers a result, or sends the message to the dead letters. Returns the result. */
async function settleMessage(
  record: SQSRecord,
  result: ResultRecord | Error | undefined,
  { deliver, publish, sendDeadLetter, log }: Dependencies,
): Promise<ResultRecord> {
  try {
    if (result === undefined || result instanceof Error) throw result;
    if (result.error === undefined) {
      await deliver(result);
      await publish?.(result);
    } else await sendDeadLetter({ record, reason: `${result.error.code}: ${result.error.message}` });
    return result;
  } catch (error) {
    log.error('message stays in the queue', { messageId: record.messageId, error: describeFailure(error) });
    throw error;
  }
}

/**
 * Settles the messages of a standard queue together, and those of a FIFO queue one after another: no message overtakes an
 * earlier one of its group that failed.
 */
function settleEach(event: SQSEvent, settle: Settle): Promise<SQSBatchResponse> {
  if (event.Records[0]?.eventSourceARN.endsWith('.fifo'))
    return processPartialResponse(event, settle, new SqsFifoPartialProcessorAsync(), { skipGroupOnError: true });
  return processPartialResponse(event, settle, new BatchProcessor(EventType.SQS));
}

/** Counts what became of the messages and logs it in one line, without any text. */
function report(
  { drift = false, meter, log }: Dependencies,
  done: readonly ResultRecord[],
  batch: { readonly requestId: string | undefined; readonly ms: number; readonly messages: number },
): void {
  const scored = done.filter((result) => result.error === undefined);
  const Scored = scored.length;
  const counts = { Scored, DeadLetters: done.length - Scored, Undelivered: batch.messages - done.length };
  meter.record([
    ...Object.entries(counts).map(([name, value]) => ({ name, unit: 'Count' as const, value })),
    ...(drift ? [...countClasses(scored), ...countBins(scored)] : []),
  ]);
  log.info('messages handled', {
    ...batch,
    scored: Scored,
    deadLetters: counts.DeadLetters,
    undelivered: counts.Undelivered,
  });
}
