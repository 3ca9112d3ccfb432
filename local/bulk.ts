// `npm run bulk`: whole files, scored in a deployed stage.
import { basename } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { Command } from 'commander';
import { inFolder, nameOf, resultKeys } from '../functions/bulk/layout.ts';
import { createObjects } from '../functions/bulk/objects.ts';
import { describeTaken, readRun } from '../functions/bulk/run.ts';
import { inspectFile, openFile, type ReaderOptions } from '../layers/reader/index.ts';
import { describeEstimate, estimateRun, measureFile } from './bulk-estimate.ts';
import { type BulkAccess, followRun, listRuns, readState, redriveRun, saveResult } from './bulk-runs.ts';
import { createCommand, createStopSignal, runCommand, UsageError } from './command-line.ts';
import { type Deployment, findDeployment } from './deployment.ts';
import { createUploadProgress } from './progress.ts';
import { addReaderFlags, parseReaderFlags, type ReaderFlags } from './reader-flags.ts';
import { describeFile, uploadFile } from './upload.ts';

/** The options of every subcommand. */
interface StageOptions {
  readonly stage: string;
}

/** The options of `put`. */
export interface PutOptions extends StageOptions, ReaderFlags {
  readonly file: string;
  /** Its name in the bucket. */
  readonly name?: string;
  /** Only check the file and estimate. */
  readonly estimate?: boolean;
  /** Upload the file and leave. */
  readonly detach?: boolean;
}

/** What the command can do. */
export interface BulkActions {
  put(options: PutOptions): Promise<void>;
  status(options: StageOptions & { readonly name?: string | undefined }): Promise<void>;
  get(options: StageOptions & { readonly name: string; readonly out?: string }): Promise<void>;
  redrive(options: StageOptions & { readonly name: string }): Promise<void>;
}

const notes = `
The result has the rows of the file in their order, and columns for label, probabilities, unknown tokens, reliability and error.
docs/bulk.md explains it. NAME is the file's name without its ending. Credentials and region are the AWS tools' own.
`;

/** Creates the command. Each action is called with the options of its subcommand. */
export function createBulkCommand(actions: BulkActions): Command {
  const bulk = createCommand('npm run bulk --', 'Scores whole files in a deployed stage.')
    .option('--stage <name>', 'the stage', 'dev')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('afterAll', notes);
  const all = <T>(command: Command) => command.optsWithGlobals<T & StageOptions>();
  addReaderFlags(bulk.command('put <file>'))
    .description('checks a file, estimates time and cost, uploads it and follows its run')
    .option('--name <name>', 'its name in the bucket, with its ending (default: its own)')
    .option('--estimate', 'check and estimate only')
    .option('--detach', 'upload the file and leave')
    .action((file: string, _, command: Command) => actions.put({ ...all<ReaderFlags>(command), file }));
  bulk
    .command('status [name]')
    .description('shows the state of a run, or of all runs')
    .action((name: string | undefined, _, command: Command) => actions.status({ ...all(command), name }));
  bulk
    .command('get <name>')
    .description('downloads a result')
    .option('--out <file>', 'where to; unpacked unless it ends in .gz (default: NAME.csv.gz)')
    .action((name: string, _, command: Command) => actions.get({ ...all<{ out?: string }>(command), name }));
  bulk
    .command('redrive <name>')
    .description('goes on with a run that failed, where it stopped')
    .action((name: string, _, command: Command) => actions.redrive({ ...all(command), name }));
  return bulk;
}

const say = (sentence: string) => void process.stderr.write(`${sentence}\n`);
const print = (sentence: string) => void process.stdout.write(`${sentence}\n`);

/** The bucket and the state machine of a stage. */
function openStage(deployment: Deployment): BulkAccess {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(deployment.output('ModelUri')) ?? [];
  return { objects: createObjects(new S3Client(), bucket), prefix, sfn: new SFNClient(), stage: deployment.stage };
}

const openStageNamed = async (stage: string) => openStage(await findDeployment(stage));

/** Everything that is wrong with the file is said before anything is uploaded. */
async function put({ file, stage, name: given, estimate, detach, ...flags }: PutOptions): Promise<void> {
  const signal = createStopSignal();
  const target = given ?? basename(file);
  if (target.includes('/')) throw new UsageError('--name takes a name without slashes.');
  const name = nameOf(target);
  const reading = parseReaderFlags({ ...flags, labels: false });
  const source = await openFile(file);
  const { notes: found } = await inspectFile(source, reading, false);
  for (const note of found) say(note);
  const deployment = await findDeployment(stage);
  const access = openStage(deployment);
  const earlier = await readRun(access.objects, resultKeys(access.prefix, name).run);
  if (earlier && earlier.refused === undefined) throw new UsageError(describeTaken(target, earlier));
  say(describeEstimate(estimateRun(await measureFile(source, reading), JSON.parse(deployment.output('BulkScale')))));
  if (estimate) return;
  await upload(file, `bulk/in/${target}`, { access, reading, isFree: earlier === undefined, signal });
  const again = `npm run bulk -- status ${name} --stage ${stage}`;
  print(`Uploaded to s3://${access.objects.bucket}/${inFolder(access.prefix)}${target}. To see how it goes: ${again}`);
  if (!detach) print(await followRun(access, name, { signal, say, formerly: earlier?.execution }));
}

interface UploadTarget {
  readonly access: BulkAccess;
  readonly reading: ReaderOptions;
  /** Nothing of that name was put before. */
  readonly isFree: boolean;
  readonly signal: AbortSignal;
}

/** What the first step of the run reads the file with. S3 keeps it in ASCII. */
const writeMetadata = ({ textColumn, delimiter, encoding }: ReaderOptions) =>
  Object.fromEntries(
    Object.entries({ 'text-column': textColumn, delimiter, encoding })
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [key, encodeURIComponent(value)]),
  );

async function upload(path: string, key: string, { access, reading, isFree, signal }: UploadTarget): Promise<void> {
  const planned = { ...(await describeFile(path, key, isFree)), metadata: writeMetadata(reading) };
  const progress = createUploadProgress([planned]);
  const { bucket } = access.objects;
  try {
    const destination = { client: new S3Client(), bucket, prefix: access.prefix, onProgress: progress.update, signal };
    if (await uploadFile(planned, destination)) return;
  } finally {
    progress.stop();
  }
  throw new UsageError(
    `${key}: a file of this name was put already and waits for its run; use another name by --name.`,
  );
}

async function status({ name, stage }: Parameters<BulkActions['status']>[0]): Promise<void> {
  const access = await openStageNamed(stage);
  const names = name === undefined ? await listRuns(access) : [name];
  if (names.length === 0) print(`Stage ${stage} has no runs yet: npm run bulk -- put FILE --stage ${stage}`);
  for (const one of names) print((await readState(access, one)).sentence);
}

async function get({ name, stage, out = `${name}.csv.gz` }: Parameters<BulkActions['get']>[0]): Promise<void> {
  await saveResult(await openStageNamed(stage), name, out);
  print(`Wrote ${out}.`);
}

async function redrive({ name, stage }: Parameters<BulkActions['redrive']>[0]): Promise<void> {
  const signal = createStopSignal();
  const access = await openStageNamed(stage);
  await redriveRun(access, name);
  print(await followRun(access, name, { signal, say }));
}

await runCommand(import.meta.url, async (args) => {
  await createBulkCommand({ put, status, get, redrive }).parseAsync(args, { from: 'user' });
  return 0;
});
