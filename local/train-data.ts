// `npm run train:data`: `put PATH` uploads what training reads, or a first model, into a stage's bucket; `feedback` reads what
// callers have said of answers.
import { S3Client } from '@aws-sdk/client-s3';
import type { Command } from 'commander';
import { createCommand, createStopSignal, runCommand, UsageError } from './command-line.ts';
import { findDeployment } from './deployment.ts';
import { type FeedbackOptions, writeReview } from './feedback.ts';
import { createUploadProgress } from './progress.ts';
import { addReaderFlags, parseReaderFlags, type ReaderFlags } from './reader-flags.ts';
import { type PlannedFile, planUpload, uploadFile } from './upload.ts';

/** The options of `npm run train:data`. */
export interface DataOptions extends ReaderFlags {
  readonly path: string;
  readonly name?: string;
  readonly stage: string;
}

const pathHelp = `
<path> is one of:
  a file of labelled texts (CSV, TSV or .jsonl, also .gz): goes to training/data/, after a check of every row
  the folder of a pretrained BERT, with config.json: goes to training/base/
  a model store such as models/sample: its current version goes to versions/, where promote tries it

The flags about columns, labels and format are for this check. Training needs the same ones: in the parameter
trainingArguments, or after npm run train:submit -- --. docs/data.md lists the rules.

The parameters trainingFile, validationFile and trainingBase say which names a run reads.
Credentials and region are the AWS tools' own: AWS_PROFILE, AWS_REGION and so on.
`;

/** What the subcommands do. */
interface DataActions {
  readonly put: (options: DataOptions) => Promise<void>;
  readonly feedback: (options: FeedbackOptions) => Promise<void>;
}

/** Creates the command. An action is called with the options of its subcommand. */
export function createDataCommand({ put, feedback }: DataActions): Command {
  const data = addReaderFlags(
    createCommand(
      'npm run train:data --',
      'Uploads what training reads, or a model, into the bucket of a deployed stage; reads feedback.',
    ),
  )
    .option('--stage <name>', 'the stage whose bucket it is', 'dev')
    .option('--name <name>', 'its name in the bucket (default: its own name)', checkName)
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('afterAll', pathHelp);
  data
    .command('put <path>')
    .description('uploads a file of labelled texts, a base model or a model version')
    .action((path: string) => put({ path, ...data.opts<Omit<DataOptions, 'path'>>() }));
  data
    .command('feedback')
    .description("writes callers' feedback as a table (CSV) for a person to review: docs/drift.md#feedback")
    .option('--from <file>', "the file of npm start -- --feedback (default: the stage's bucket)")
    .option('--out <file>', 'file to write (default: standard output)')
    .action((options: Omit<FeedbackOptions, 'stage'>) =>
      feedback({ stage: data.opts<DataOptions>().stage, ...options }),
    );
  return data;
}

function checkName(name: string): string {
  if (/^[A-Za-z0-9._-]+$/.test(name)) return name;
  throw new UsageError(`--name takes letters, digits, dots, dashes and underscores, not ${JSON.stringify(name)}.`);
}

/** Faults of the files are reported before anything is uploaded. */
async function put({ path, name, stage, ...flags }: DataOptions): Promise<void> {
  const signal = createStopSignal();
  const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
  const plan = await planUpload(path, { name, reading: parseReaderFlags(flags), say });
  const uri = (await findDeployment(stage)).output('ModelUri');
  const progress = createUploadProgress(plan);
  const destination = { client: new S3Client(), ...splitUri(uri), onProgress: progress.update, signal };
  const kept: PlannedFile[] = [];
  try {
    for (const file of plan) if (!(await uploadFile(file, destination))) kept.push(file);
  } finally {
    progress.stop();
  }
  const known = kept.length > 0 ? `; ${kept.length} were there already, and versions never change` : '';
  process.stdout.write(`Uploaded ${plan.length - kept.length} of ${plan.length} files to ${uri}${known}.\n`);
}

function splitUri(uri: string) {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  return { bucket, prefix };
}

await runCommand(import.meta.url, async (args) => {
  await createDataCommand({ put, feedback: writeReview }).parseAsync(args, { from: 'user' });
  return 0;
});
