// `npm run stream`: sends texts to the queue of a deployed stage, shows results, and looks after dead letters.
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Command } from 'commander';
import { inspectFile, openFile, openTable } from '../layers/reader/index.ts';
import { createCommand, createStopSignal, runCommand, wholeNumber } from './command-line.ts';
import { findDeployment } from './deployment.ts';
import { createSendProgress } from './progress.ts';
import { addReaderFlags, parseReaderFlags, type ReaderFlags } from './reader-flags.ts';
import { type OutgoingMessage, readPipe, readRows, sendMessages } from './stream-put.ts';
import { describeQueues, redriveDeadLetters, type StreamQueues } from './stream-queue.ts';
import { followResults } from './stream-results.ts';
import { readLines } from './text-lines.ts';

/** The options of `npm run stream -- put`. */
export interface PutOptions extends ReaderFlags {
  readonly path: string;
  readonly stage: string;
  /** First row that is sent. */
  readonly from: number;
}

/** What the subcommands do. */
export interface StreamActions {
  put(options: PutOptions): Promise<void>;
  tail(stage: string, minutes: number): Promise<void>;
  status(stage: string): Promise<void>;
  redrive(stage: string): Promise<void>;
}

const notes = `
A message is a text, or JSON such as {"id": "17", "text": "a good day"}; docs/stream.md says what becomes of it.
Credentials and region are the AWS tools' own: AWS_PROFILE, AWS_REGION and so on.
`;

/** Creates the command. */
export function createStreamCommand(actions: StreamActions): Command {
  const command = createCommand('npm run stream --', 'Sends texts to the queue of a deployed stage, and shows results.')
    .option('--stage <name>', 'the stage whose queue it is', 'dev')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('afterAll', notes);
  const readStage = () => command.opts<{ stage: string }>().stage;
  const put = command
    .command('put <file>')
    .description('sends the rows of a CSV, TSV or .jsonl, also .gz, or the lines of standard input (-)')
    .option('--from <row>', 'first row, or line, to send', wholeNumber('from', [1, 1e9]), 1);
  addReaderFlags(put).action((path: string) => actions.put({ ...put.opts(), path, stage: readStage() }));
  const tail = command
    .command('tail')
    .description('prints results as they arrive in the bucket, until Ctrl-C')
    .option('--since <minutes>', 'also those of so many minutes before', wholeNumber('since', [0, 100_000]), 0);
  tail.action(() => actions.tail(readStage(), tail.opts<{ since: number }>().since));
  command
    .command('status')
    .description('how many messages wait, and why dead letters could not be scored')
    .action(() => actions.status(readStage()));
  command
    .command('redrive')
    .description('moves all dead letters back to the queue')
    .action(() => actions.redrive(readStage()));
  return command;
}

const say = (sentence: string) => process.stderr.write(`${sentence}\n`);

/** The messages and how many rows they come from; a pipe's number is not known. */
interface Outgoing {
  readonly messages: AsyncIterable<OutgoingMessage>;
  readonly rows: number | undefined;
}

async function openMessages({ path, ...flags }: PutOptions): Promise<Outgoing> {
  if (path === '-') return { messages: readPipe(readLines(process.stdin.setEncoding('utf8'))), rows: undefined };
  const reading = { ...parseReaderFlags(flags), labelColumn: undefined };
  const file = await openFile(path);
  const { rows, notes: found } = await inspectFile(file, reading, false);
  for (const note of found) say(note);
  // Rows that are too large are found before the first one is sent.
  for await (const _ of readRows(path, await openTable(file, reading, false)));
  return { messages: readRows(path, await openTable(file, reading, false)), rows };
}

async function* skipTo(from: number, messages: AsyncIterable<OutgoingMessage>): AsyncGenerator<OutgoingMessage> {
  for await (const message of messages) if (message.row >= from) yield message;
}

async function findQueues(stage: string): Promise<StreamQueues> {
  const deployment = await findDeployment(stage);
  const [queueUrl, deadLettersUrl] = [deployment.output('StreamQueueUrl'), deployment.output('StreamDeadLettersUrl')];
  // Otherwise AWS_ENDPOINT_URL would not count, because the SDK takes the host of the queue's address.
  return { client: new SQSClient({ useQueueUrlAsEndpoint: false }), queueUrl, deadLettersUrl };
}

/** Faults of the file are reported before anything is sent. A sending that ends early says where it goes on. */
async function put(options: PutOptions): Promise<void> {
  const signal = createStopSignal();
  const { messages, rows } = await openMessages(options);
  const target = { ...(await findQueues(options.stage)), signal };
  const progress = createSendProgress(rows);
  let sent = options.from - 1;
  try {
    for await (const row of sendMessages(skipTo(options.from, messages), target)) {
      sent = row;
      progress.update(row);
    }
  } catch (error) {
    if (sent < options.from) throw error;
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`${reason}\nAll rows up to ${sent} are in the queue. To go on: --from ${sent + 1}.`);
  } finally {
    progress.stop();
  }
  process.stdout.write(`Sent all rows up to ${sent} to ${target.queueUrl}.\n`);
}

async function tail(stage: string, minutes: number): Promise<void> {
  const signal = createStopSignal();
  const [, bucket = '', prefix = ''] =
    /^s3:\/\/([^/]+)\/(.+)$/.exec((await findDeployment(stage)).output('StreamResultsUri')) ?? [];
  const since = new Date(Date.now() - minutes * 60_000);
  const folder = { client: new S3Client(), bucket, prefix };
  process.stdout.once('error', () => process.exit(0));
  try {
    for await (const line of followResults(folder, since, () => sleep(5000, undefined, { signal })))
      process.stdout.write(`${line}\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const actions: StreamActions = {
  put,
  tail,
  status: async (stage) => void process.stdout.write(await describeQueues(await findQueues(stage))),
  redrive: async (stage) =>
    void process.stdout.write(await redriveDeadLetters(await findQueues(stage), () => sleep(2000))),
};

await runCommand(import.meta.url, async (args) => {
  await createStreamCommand(actions).parseAsync(args, { from: 'user' });
  return 0;
});
