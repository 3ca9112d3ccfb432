// Rows of a file or lines of a pipe on their way into a queue.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { readFailures } from '../functions/stream/batcher.ts';
import type { Table } from '../layers/reader/index.ts';
import { UsageError } from './command-line.ts';
import { mapInOrder } from './ordered-tasks.ts';

/** A message to send. */
export interface OutgoingMessage {
  /** Its row or line, counted from 1. */
  readonly row: number;
  readonly body: string;
  /** What its order is kept within. */
  readonly group: string;
}

/** What a message of the queue may have in bytes: infra/stream/queue.yml. */
const mostBytes = 258_048;
/** Limits of one SendMessageBatch. */
const mostMessages = 10;
const mostBatchBytes = 256 * 1024;
/** Batches on their way at a time. A FIFO queue gets one after another. */
const batchesAhead = 8;
const attempts = 4;

/**
 * Makes a message of each usable row: the text, the other columns, and an id. Without a column `id` the id is the file's name and
 * the row, so that a result can be brought back to its row.
 *
 * @throws UsageError if a row is larger than the queue takes.
 */
export async function* readRows(path: string, { rows, columns }: Table): AsyncGenerator<OutgoingMessage> {
  for await (const { number, line, cells, fault } of rows) {
    if (fault) continue;
    const fields = Object.fromEntries(columns.names.map((name, place) => [name, cells[place] ?? '']));
    const { [columns.names[columns.text] ?? '']: text, ...others } = fields;
    const id = others.id || `${basename(path)}:${number}`;
    const body = checkSize(JSON.stringify({ ...others, id, text }), `${path}, line ${line}`);
    yield { row: number, body, group: others.group || id };
  }
}

/** Makes a message of each line that is not blank. @throws UsageError if a line is larger than the queue takes. */
export async function* readPipe(lines: AsyncIterable<string>): AsyncGenerator<OutgoingMessage> {
  let row = 0;
  for await (const line of lines) {
    row += 1;
    if (line.trim() === '') continue;
    yield { row, body: checkSize(line, `Line ${row}`), group: findGroup(line) ?? `line-${row}` };
  }
}

function checkSize(body: string, where: string): string {
  if (Buffer.byteLength(body) <= mostBytes) return body;
  throw new UsageError(`${where}: it is larger than the 252 KiB that the queue takes; shorten it or leave it out.`);
}

function findGroup(line: string): string | undefined {
  try {
    const { group, id } = JSON.parse(line);
    return group === undefined && id === undefined ? undefined : String(group ?? id);
  } catch {
    return undefined;
  }
}

/** Divides messages into batches. No batch has two messages of one group if the order is to be kept. */
async function* divide(messages: AsyncIterable<OutgoingMessage>, isFifo: boolean): AsyncGenerator<OutgoingMessage[]> {
  let batch: OutgoingMessage[] = [];
  let bytes = 0;
  for await (const message of messages) {
    const size = Buffer.byteLength(message.body);
    const isMet = isFifo && batch.some(({ group }) => group === message.group);
    if (batch.length === mostMessages || bytes + size > mostBatchBytes || isMet) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

interface Target {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly signal: AbortSignal;
}

/**
 * Sends messages and yields the row after which everything up to it is in the queue. A message that was sent twice, because a
 * sending was interrupted, has the same id; a FIFO queue takes it once within five minutes.
 *
 * @throws the signal's reason, or the error of SQS.
 */
export async function* sendMessages(messages: AsyncIterable<OutgoingMessage>, target: Target): AsyncGenerator<number> {
  const isFifo = target.queueUrl.endsWith('.fifo');
  const batches = divide(messages, isFifo);
  yield* mapInOrder(batches, isFifo ? 1 : batchesAhead, async (batch) => {
    target.signal.throwIfAborted();
    await sendBatch(batch, isFifo, target);
    return batch.at(-1)?.row ?? 0;
  });
}

async function sendBatch(batch: readonly OutgoingMessage[], isFifo: boolean, target: Target): Promise<void> {
  let left = batch;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    const Entries = left.map((message, index) => ({
      Id: String(index),
      MessageBody: message.body,
      ...(isFifo && orderOf(message)),
    }));
    const command = new SendMessageBatchCommand({ QueueUrl: target.queueUrl, Entries });
    const { Failed } = await target.client.send(command, { abortSignal: target.signal });
    const errors = readFailures(left.length, Failed);
    const [error] = errors.filter((one) => one !== undefined);
    if (error && attempt === attempts) throw error;
    left = left.filter((_, index) => errors[index]);
  }
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** SQS takes only some characters in a group, and at most 128. */
const orderOf = ({ row, body, group }: OutgoingMessage) => ({
  MessageGroupId: /^[\w-]{1,128}$/.test(group) ? group : hash(group),
  MessageDeduplicationId: hash(`${row}\n${body}`),
});
