import { readArguments, UsageError } from '../command-line.ts';

/** What `npm run train:data` can be told. */
export interface DataOptions {
  readonly path: string;
  readonly name: string | undefined;
  readonly stage: string;
  readonly help: boolean;
}

export const usage = `Uploads what training reads, or a model, into the bucket of a deployed stage.

Usage: npm run train:data -- put PATH [--stage dev] [--name NAME]

  PATH           a CSV file with the columns review and sentiment (.csv or .csv.gz): goes to training/data/
                 the folder of a pretrained BERT, with config.json: goes to training/base/
                 a model store such as models/sample: its current version goes to versions/, where promote tries it
  --stage NAME   the stage whose bucket it is (default: dev)
  --name NAME    its name in the bucket (default: its own name). The parameters trainingFile, validationFile and
                 trainingBase say which names a run reads
  --help         this text

Credentials and region are the AWS tools' own: AWS_PROFILE, AWS_REGION and so on.
`;

/** Reads the command line. Throws `UsageError` for what there is not. */
export function readDataOptions(args: readonly string[]): DataOptions {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      stage: { type: 'string', default: 'dev' },
      name: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [verb, path = '', ...more] = positionals;
  if (!values.help && (verb !== 'put' || path === '' || more.length > 0))
    throw new UsageError('Say what to upload: npm run train:data -- put PATH. --help lists what there is.');
  if (values.name !== undefined && !/^[A-Za-z0-9._-]+$/.test(values.name))
    throw new UsageError(
      `--name takes letters, digits, dots, dashes and underscores, not ${JSON.stringify(values.name)}.`,
    );
  return { path, name: values.name, stage: values.stage, help: values.help };
}
